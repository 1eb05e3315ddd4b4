//! The arguments of `ambidex policy …`, with their help texts.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::arguments::Format;

/// `ambidex policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List every mistake of a policy, with its place and a way out.
    Check {
        /// The policy; without it the configuration's.
        file: Option<PathBuf>,
        /// The places that requests can go to.
        #[command(flatten)]
        targets: TargetsArgument,
    },
    /// Run the `tests` of policies and of `*_test.yaml` files.
    Test(TestArguments),
    /// Say where a request goes and why, step by step.
    Explain(ExplainArguments),
    /// Say for which requests two policies decide differently, new egress first.
    Diff(DiffArguments),
    /// List the facts that a policy can ask about.
    Facts,
    /// Lay policies out in the one way that all have, with comments and order kept.
    Fmt(FmtArguments),
    /// Print the language as a JSON Schema, for editors.
    Schema {
        /// That of `*_test.yaml` files.
        #[arg(long)]
        tests: bool,
    },
    /// Write a policy of the library, with its tests, to begin from.
    New(NewArguments),
    /// Decide recorded requests again with another policy, and compare.
    Backtest(BacktestArguments),
    /// Have the running gateway read its policy file now.
    Reload {
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
        /// Where it listens for operators.
        #[command(flatten)]
        admin: AdminArgument,
    },
    /// Have the running gateway decide with a second policy, too, without ever sending by it.
    Shadow {
        /// The second policy; without it, report where the two disagree.
        file: Option<PathBuf>,
        /// End it.
        #[arg(long, conflicts_with = "file")]
        stop: bool,
        /// How to print the report.
        #[arg(long, default_value = "text")]
        format: Format,
        /// Where the gateway listens for operators.
        #[command(flatten)]
        admin: AdminArgument,
    },
    /// Put the shadow policy of the running gateway in force, and into the policy file.
    Promote {
        /// Only if the shadow has this revision.
        #[arg(long, value_name = "REV")]
        rev: Option<String>,
        /// Where the gateway listens for operators.
        #[command(flatten)]
        admin: AdminArgument,
    },
}

/// The targets of an installation that is not configured here.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetsArgument {
    /// Targets and zones to assume instead of the configuration's: `local=on-host,cloud=eu`.
    #[arg(long = "targets", value_name = "NAME=ZONE", value_delimiter = ',')]
    pub assumed: Vec<String>,
}

/// Where a running gateway listens for operators.
#[derive(Clone, Debug, Args)]
pub struct AdminArgument {
    /// The admin address of the gateway; without it the configuration's `admin_listen`.
    #[arg(long = "admin", value_name = "ADDRESS", env = "AMBIDEX_ADMIN")]
    pub address: Option<String>,
    /// The environment variable that holds an admin key, where the gateway wants one.
    #[arg(long, value_name = "NAME", default_value = ADMIN_KEY)]
    pub admin_key_env: String,
}

/// Where commands look for an admin key.
pub const ADMIN_KEY: &str = "AMBIDEX_ADMIN_KEY";

/// `ambidex policy test …`
#[derive(Clone, Debug, Args)]
pub struct TestArguments {
    /// Policies, `*_test.yaml` files or folders of them; without any the configuration's policy.
    pub files: Vec<PathBuf>,
    /// List the rules that no test reaches, and those whose removal no test would notice.
    #[arg(long)]
    pub coverage: bool,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: TestFormat,
    /// The places that requests can go to.
    #[command(flatten)]
    pub targets: TargetsArgument,
}

/// How test results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For build servers.
    Junit,
}

/// `ambidex policy fmt …`
#[derive(Clone, Debug, Args)]
pub struct FmtArguments {
    /// Policies, `*_test.yaml` files or folders of them; `-` is standard input. Without any the
    /// configuration's policy.
    pub files: Vec<PathBuf>,
    /// Change nothing; show what would be, and exit with 1 if anything.
    #[arg(long)]
    pub check: bool,
}

/// `ambidex policy explain …`
#[derive(Clone, Debug, Args)]
pub struct ExplainArguments {
    /// The policy; without it the configuration's.
    pub file: Option<PathBuf>,
    /// A prompt to inspect; without any other source it is read from standard input.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["request", "decision"])]
    pub prompt: Option<String>,
    /// A chat request as JSON (`-` is standard input).
    #[arg(long, value_name = "FILE", conflicts_with = "decision")]
    pub request: Option<PathBuf>,
    /// A fact, such as `data.sensitivity=restricted`; may be repeated, and overrides what was found.
    #[arg(long, value_name = "FACT=VALUE", conflicts_with = "decision")]
    pub given: Vec<String>,
    /// A recorded decision, by its id.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub decision: Option<String>,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// The places that requests can go to.
    #[command(flatten)]
    pub targets: TargetsArgument,
}

/// `ambidex policy diff …`
#[derive(Clone, Debug, Args)]
pub struct DiffArguments {
    /// The policy as it is.
    pub old: PathBuf,
    /// The policy as it would be.
    pub new: PathBuf,
    /// Exit with 3 if it is so: more may leave than before, or anything changes.
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
    /// The places that requests can go to.
    #[command(flatten)]
    pub targets: TargetsArgument,
}

/// What makes `policy diff` fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// More may leave than before, or that could not be ruled out.
    Widening,
    /// Anything changes, or that could not be ruled out.
    Change,
}

/// `ambidex policy new …`
#[derive(Clone, Debug, Args)]
pub struct NewArguments {
    /// Which policy of the library; `--list` describes them.
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    pub template: Option<String>,
    /// The file to make; without it the template's name. Nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// List the templates.
    #[arg(long)]
    pub list: bool,
}

/// `ambidex policy backtest …`
#[derive(Clone, Debug, Args)]
pub struct BacktestArguments {
    /// The policy to try.
    pub file: PathBuf,
    /// How far to look back: `7d`, `12h`, `30m`, or a time such as `2026-11-01T00:00:00Z`.
    #[arg(long, default_value = "7d")]
    pub since: String,
    /// The ledger; without it the configuration's.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// How many changed decisions to list.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub examples: usize,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
}

impl ExplainArguments {
    /// How to print.
    pub const fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}
