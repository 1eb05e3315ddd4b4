//! The arguments of every subcommand. The help texts are here, beside what they explain.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::keys::arguments::KeysCommand;
use crate::cli::models;
use crate::cli::policy::arguments::PolicyCommand;
use crate::cli::report::Layout;
use crate::engine::{BackendChoice, EngineSettings, Precision};
use crate::inspect::Level;
use crate::record::evidence::{Anchor, Fingerprint, Known};
use crate::record::report::Dimension;
use crate::telemetry::logs;

/// A hybrid routing proxy between open and closed models.
///
/// Point any OpenAI client at it by changing `base_url`. A YAML policy on data sensitivity, budget
/// and task type sends each request to the local engine in this process or to a commercial API.
#[derive(Debug, Parser)]
#[command(
    name = "ambidex",
    version,
    after_help = "Start with `ambidex demo`: it needs no key, no network and no configuration."
)]
pub struct Arguments {
    /// The configuration; without it `ambidex.yaml` here, else built-in defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway until it is told to stop (SIGTERM or Ctrl-C drains it).
    Serve(ServeOptions),
    /// Show the main job on built-in defaults, with a sandbox in place of a commercial API.
    Demo(DemoOptions),
    /// Write, check, test, explain, roll out and look back on policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Check the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look up prices, cost usage, make a price book.
    #[command(subcommand)]
    Prices(PricesCommand),
    /// Look for what keeps a gateway from working here, and say what to do about it.
    Doctor {
        /// Leave the targets' servers alone.
        #[arg(long)]
        offline: bool,
    },
    /// Make, list, change and revoke API keys, also while a gateway runs.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Prove that nobody changed the ledger; hand it over, forget callers, remove old rows.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Add up the ledger: what was spent, by whom, and what it would have cost otherwise.
    #[command(subcommand)]
    Report(ReportCommand),
    /// List, pull, probe and time local models.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Find sensitive values in a text, and say why each is one.
    Inspect(InspectArguments),
    /// Recognise the kind of task.
    #[command(subcommand)]
    Task(TaskCommand),
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Listen for clients here instead of where the configuration says.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Listen for operators here instead of where the configuration says.
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// Print the addresses on standard output once they are open (useful with port 0).
    #[arg(long)]
    pub print_addresses: bool,
    /// How much to log: error, warn, info, debug, trace, or tracing directives.
    #[arg(long, value_name = "LEVEL", env = "AMBIDEX_LOG", default_value = "info")]
    pub log: String,
    /// How log lines look.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: logs::Format,
}

/// How to demonstrate.
#[derive(Clone, Debug, Args)]
pub struct DemoOptions {
    /// End after the table instead of serving on.
    #[arg(long)]
    pub once: bool,
    /// Where clients can connect.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where operators can connect.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,
}

/// `ambidex config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// List every mistake of the configuration and its policy.
    Check,
}

/// `ambidex prices …`
#[derive(Debug, Subcommand)]
pub enum PricesCommand {
    /// Show a model's prices: `gpt-4o-mini` or `openai/gpt-4o-mini`.
    Show {
        /// The model.
        model: String,
    },
    /// Turn data of the genai-prices project into a price book, on standard output.
    Import {
        /// The file, `data_slim.json` or version 2.
        source: PathBuf,
        /// The book's version, such as the commit and date of the data.
        #[arg(long)]
        version: String,
    },
    /// Say where the price of every configured target comes from, and what looks wrong.
    Check {
        /// Another book than the one in the binary.
        #[arg(long, value_name = "FILE")]
        book: Option<PathBuf>,
    },
    /// Say what another book changes.
    Diff {
        /// The book to compare with the one in the binary, or with `--old`.
        new: PathBuf,
        /// The book to compare it with.
        #[arg(long, value_name = "FILE")]
        old: Option<PathBuf>,
    },
    /// Cost usage: {"provider", "surface", "model", "usage": {…}, "at"?} per line.
    Cost {
        /// One JSON object per line on standard input.
        #[arg(long, required = true)]
        jsonl: bool,
    },
}

/// `ambidex report …`
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Money and tokens of a period, by team, route, model …
    Cost {
        /// What to group by, in this order.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "team,route,target")]
        by: Vec<Dimension>,
        /// Of when, and how to print it.
        #[command(flatten)]
        report: ReportArguments,
    },
    /// What left our hosts, where to, under which limits, and what stayed; from a verified ledger.
    Egress {
        /// Requests of this level only.
        #[arg(long, value_parser = level)]
        sensitivity: Option<Level>,
        /// What you know about the ledger from elsewhere.
        #[command(flatten)]
        known: KnownArguments,
        /// Of when, and how to print it.
        #[command(flatten)]
        report: ReportArguments,
    },
    /// What local answers that `verify` looked at saved, and what other thresholds would have.
    Cascade {
        /// Find the threshold that would have accepted this share of them, 0 to 1.
        #[arg(long, value_name = "SHARE")]
        accept_rate: Option<f64>,
        /// Of when, and how to print it.
        #[command(flatten)]
        report: ReportArguments,
    },
    /// What the recorded work would have cost all local or all remote, and when local pays off.
    Breakeven {
        /// Of when, and how to print it.
        #[command(flatten)]
        report: ReportArguments,
    },
}

/// `ambidex ledger …`
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Find any change, gap or reorder, and say where; also while a gateway runs.
    Verify {
        /// What you know from elsewhere.
        #[command(flatten)]
        known: KnownArguments,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Print the signed end of the chain, to keep it elsewhere.
    Head {
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Write the rows of a period as JSON Lines.
    Export {
        /// From when: `30d`, `12h` back, or a day, `2026-03-01`.
        #[arg(long, visible_alias = "from", default_value = "30d")]
        since: String,
        /// Until when, as in `--since`; without it, now.
        #[arg(long, visible_alias = "to")]
        until: Option<String>,
    },
    /// Say what recorded usage would have cost by another price book. Nothing is changed.
    Reprice {
        /// The book; without it, the one in the binary.
        #[arg(long, value_name = "FILE")]
        book: Option<PathBuf>,
        /// From when: `30d`, `12h` back, or a day, `2026-03-01`.
        #[arg(long, visible_alias = "from", default_value = "30d")]
        since: String,
        /// Until when, as in `--since`; without it, now.
        #[arg(long, visible_alias = "to")]
        until: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Take a caller's name, and the traces that may hold it, out of all rows. The gateway must not run.
    Erase {
        /// The caller, as the configuration named it.
        #[arg(long, value_name = "NAME")]
        caller: String,
    },
    /// Remove rows from before a day, at least 33 days back. The gateway must not run.
    Prune {
        /// The first day that is kept, `2026-03-01`, or `400d` back.
        #[arg(long, value_name = "WHEN")]
        before: String,
    },
}

/// What somebody knows about a ledger from elsewhere.
#[derive(Clone, Debug, Args)]
pub struct KnownArguments {
    /// The only key that may have signed, as `ambidex ledger head` prints it. Each gateway on a server has
    /// its own: give it once for each.
    #[arg(long = "key", value_name = "KEY")]
    pub keys: Vec<Fingerprint>,
    /// A head that you have kept: the chain must contain it. May be given many times.
    #[arg(long = "head", value_name = "LINK:HASH")]
    pub heads: Vec<Anchor>,
}

impl From<KnownArguments> for Known {
    fn from(arguments: KnownArguments) -> Self {
        Self { keys: arguments.keys, heads: arguments.heads }
    }
}

/// What all reports ask.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// From when: `30d`, `12h` back, or a day, `2026-03-01`.
    #[arg(long, visible_alias = "from", default_value = "30d")]
    pub since: String,
    /// Until when, as in `--since`; without it, now.
    #[arg(long, visible_alias = "to")]
    pub until: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Layout,
}

/// A level by its name.
pub(super) fn level(text: &str) -> Result<Level, String> {
    Level::from_name(text)
        .ok_or_else(|| "one of public, internal, confidential, restricted".to_owned())
}

/// `ambidex models …`
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Show size, licence, digest and what it serves for every local model of the configuration.
    List {
        /// How to print.
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Fetch a model from the hub (`HF_ENDPOINT`, `HF_TOKEN`), or import a folder.
    Pull(PullArguments),
    /// Forced decoding, for comparison with other implementations.
    Probe {
        /// A Hugging Face folder, or `starter`.
        folder: PathBuf,
        /// `{"input_ids", "decoder_input_ids"}` per line on standard input.
        #[arg(long, required = true)]
        jsonl: bool,
        /// What computes.
        #[arg(long, value_enum, default_value_t = EngineSettings::default().backend)]
        backend: BackendChoice,
        /// The numbers that the cpu backend keeps its weights in; f32 rounds nothing.
        #[arg(long, value_enum, default_value_t = Precision::F32)]
        weights: Precision,
    },
    /// Time a model on this machine, for capacity planning.
    Bench(BenchArguments),
}

/// `ambidex models pull …`
#[derive(Debug, Args)]
pub struct PullArguments {
    /// Its name on the hub: `google/flan-t5-small`.
    pub name: String,
    /// A branch, tag or commit.
    #[arg(long, default_value = "main")]
    pub revision: String,
    /// The folder to make; without it `models/` and the last part of the name.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// The weights to take, where there are several GGUF files.
    #[arg(long, value_name = "NAME")]
    pub file: Option<String>,
    /// Import this folder instead of asking the hub: it is copied, checked and recorded.
    #[arg(long, value_name = "DIR")]
    pub offline: Option<PathBuf>,
}

/// `ambidex models bench …`
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// A Hugging Face folder, or `starter`.
    pub folder: PathBuf,
    /// Sequences per step, one measurement each.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    pub batch: Vec<usize>,
    /// Tokens of the prompt.
    #[arg(long, default_value_t = 128)]
    pub prompt: usize,
    /// Tokens to generate.
    #[arg(long, default_value_t = 64)]
    pub new: usize,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// The best of this many runs counts.
    #[arg(long, default_value_t = 5)]
    pub repeats: usize,
    /// What computes.
    #[arg(long, value_enum, default_value_t = EngineSettings::default().backend)]
    pub backend: BackendChoice,
    /// The numbers that the cpu backend keeps its weights in.
    #[arg(long, value_enum, default_value_t = EngineSettings::default().weights)]
    pub weights: Precision,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
}

/// `ambidex task …`
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// A prompt on standard input; its task, confidence and runner-up out.
    Classify {
        /// One JSON object per line, in ({"text": …}) and out.
        #[arg(long)]
        jsonl: bool,
    },
    /// Score labelled prompts: {"text": …, "task": …, "source": …} per line.
    Eval {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Only the lines of this split.
        #[arg(long)]
        split: Option<String>,
        /// Train without a part in turn and guess that one (takes minutes).
        #[arg(
            long,
            value_enum,
            value_name = "WHAT",
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "sources",
            conflicts_with = "weights"
        )]
        holding_out: Option<HoldingOut>,
        /// Parts in which rows, or the groups of a source, are held out.
        #[arg(long, default_value_t = 5, value_name = "PARTS")]
        folds: usize,
        /// Weights to judge instead of those that the gateway uses.
        #[arg(long, value_name = "FILE")]
        weights: Option<PathBuf>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Train weights on labelled prompts: {"text": …, "task": …, "source": …} per line.
    Train {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Where the weights go.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Only the lines of this split.
        #[arg(long)]
        split: Option<String>,
        /// Where the dice begin.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

/// `ambidex inspect …`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InspectArguments {
    /// Score a labelled file.
    #[command(subcommand)]
    pub command: Option<InspectCommand>,
    /// The file to read; without it, standard input.
    #[arg(conflicts_with = "text")]
    pub file: Option<PathBuf>,
    /// The text itself.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// {"text": …} per line on standard input, findings per line out.
    #[arg(long, conflicts_with_all = ["file", "text"])]
    pub jsonl: bool,
    /// When to paint.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// `ambidex inspect eval …`
#[derive(Debug, Subcommand)]
pub enum InspectCommand {
    /// Score a file of labelled requests, per label and per level.
    Eval {
        /// One labelled request per line.
        file: PathBuf,
        /// Only the cases of this split.
        #[arg(long)]
        split: Option<String>,
        /// Fail if more percent than this of what must not leave is let out.
        #[arg(long, value_name = "PERCENT")]
        out_max: Option<f64>,
        /// Fail if more percent than this of what is harmless is blocked.
        #[arg(long, value_name = "PERCENT")]
        blocked_max: Option<f64>,
    },
}

/// What is kept from training to be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HoldingOut {
    /// Whole sources: how prompts of a kind never seen fare.
    Sources,
    /// Single prompts: how further prompts of the same sources fare.
    Rows,
}

/// When output is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl From<Format> for models::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}
