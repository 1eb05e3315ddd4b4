//! What the command line does, a file per subcommand. Functions here take their input and output as
//! arguments; only `main` knows about standard streams and exit codes.

pub mod arguments;
pub mod doctor;
pub mod inspect;
pub mod keys;
pub mod ledger;
pub mod models;
pub mod policy;
pub mod prices;
pub mod report;
pub(crate) mod serve;
pub mod task;

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

pub use arguments::Arguments;

use self::models::pull::{self, ENDPOINT, Patience, PullError, PullOptions};
use crate::clock;
use crate::config::{self, Settings};
use crate::demo;
use crate::gateway::StartError;
use crate::inspect::Level;
use crate::record::report::Period;
use crate::route::price::PriceBook;
use crate::secret::Secret;
use crate::yaml::Problems;
use arguments::{
    Color, Command, ConfigCommand, InspectArguments, InspectCommand, LedgerCommand, ModelsCommand,
    PricesCommand, ReportCommand,
};
use inspect::show::Paint;
use keys::arguments::KeysCommand;

/// Why a command ended without success.
#[derive(Debug)]
pub enum CliError {
    /// The arguments, the configuration or the policy are wrong: exit code 2.
    Settings(String),
    /// Something failed on the way: exit code 1.
    Failed(anyhow::Error),
    /// A new policy lets more leave than the old one, which was not wanted: exit code 3.
    Widens(String),
}

impl CliError {
    /// What the person at the terminal reads.
    pub fn text(&self) -> String {
        match self {
            Self::Settings(text) | Self::Widens(text) => text.trim_end().to_owned(),
            Self::Failed(error) => format!("error: {error:#}"),
        }
    }
}

impl From<Problems> for CliError {
    fn from(problems: Problems) -> Self {
        Self::Settings(problems.to_string())
    }
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Policy(problems) => problems.into(),
            StartError::PolicyUnreadable { .. }
            | StartError::Engine { .. }
            | StartError::Terms(_)
            | StartError::Tagger(_)
            | StartError::Remote { .. } => Self::Settings(format!("error: {error}")),
            StartError::AdminOpen(_) => Self::Settings(error.to_string()),
            StartError::Ledger(_)
            | StartError::NoRandom
            | StartError::Client(_)
            | StartError::Metrics(_)
            | StartError::Listen { .. } => Self::Failed(error.into()),
        }
    }
}

impl From<PullError> for CliError {
    fn from(error: PullError) -> Self {
        match error {
            PullError::Name(_)
            | PullError::Endpoint(_)
            | PullError::Licence { .. }
            | PullError::Occupied(_) => Self::Settings(format!("error: {error}")),
            PullError::NotFound { .. }
            | PullError::Refused { .. }
            | PullError::Busy { .. }
            | PullError::Connection { .. }
            | PullError::Answer { .. }
            | PullError::Unusable { .. }
            | PullError::Digest { .. }
            | PullError::Locked(_)
            | PullError::Disk { .. }
            | PullError::Model(_)
            | PullError::Client(_) => Self::Failed(error.into()),
        }
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Does what the arguments say.
pub fn run(arguments: Arguments) -> Result<(), CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Serve(options) => {
            drop(out);
            return serve::run(&settings(config)?, &options);
        }
        Command::Demo(options) => {
            drop(out);
            return demo::run(&options);
        }
        Command::Policy(command) => policy::run(command, config, &mut out)?,
        Command::Config(ConfigCommand::Check) => {
            let settings = settings(config)?;
            crate::gateway::policy(&settings)?;
            writeln!(out, "ok: {} target(s), {}", settings.targets.len(), settings.policy.name())?;
        }
        Command::Prices(command) => prices_command(&command, config, &mut out)?,
        Command::Models(command) => models_command(command, config, &mut out)?,
        Command::Doctor { offline } => {
            let settings = settings(config)?;
            let reach = if offline { doctor::Reach::HereOnly } else { doctor::Reach::Servers };
            serve::runtime(Some(1))?.block_on(doctor::doctor(&settings, reach, &mut out))?;
        }
        Command::Keys(command) => keys_command(command, &settings(config)?, &mut out)?,
        Command::Ledger(command) => ledger_command(command, &settings(config)?, &mut out)?,
        Command::Report(command) => report_command(command, &settings(config)?, &mut out)?,
        Command::Inspect(arguments) => inspect_command(arguments, config, &mut out)?,
        Command::Task(command) => task::run(command, config, io::stdin().lock(), &mut out)?,
    }
    out.flush()?;
    Ok(())
}

/// Prints columns under their heads, without lines around them.
fn table<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    out: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn settings(config: Option<&Path>) -> Result<Settings, CliError> {
    Ok(config::load(config)?)
}

fn prices_command(
    command: &PricesCommand,
    config: Option<&Path>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let book = PriceBook::embedded();
    match command {
        PricesCommand::Show { model } => prices::show(book, model, clock::now(), out)?,
        PricesCommand::Import { source, version } => {
            let text = std::fs::read_to_string(source)?;
            prices::import(&text, version, out)?;
        }
        PricesCommand::Check { book: other } => {
            let other = other.as_deref().map(prices::compare::read).transpose()?;
            let book = other.as_ref().unwrap_or(book);
            prices::compare::check(&settings(config)?, book, clock::now(), out)?;
        }
        PricesCommand::Diff { new, old } => {
            let old = old.as_deref().map(prices::compare::read).transpose()?;
            let new = prices::compare::read(new)?;
            let books = (old.as_ref().unwrap_or(book), &new);
            let _changes = prices::compare::diff(books, clock::now(), out)?;
        }
        PricesCommand::Cost { jsonl: _ } => {
            let bad = prices::cost_jsonl(book, clock::now(), io::stdin().lock(), out)?;
            if bad > 0 {
                return Err(anyhow::anyhow!("{bad} line(s) could not be costed").into());
            }
        }
    }
    Ok(())
}

fn report_command(
    command: ReportCommand,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let (ReportCommand::Cost { report, .. }
    | ReportCommand::Breakeven { report }
    | ReportCommand::Cascade { report, .. }
    | ReportCommand::Egress { report, .. }) = &command;
    let period = period(&report.since, report.until.as_deref())?;
    let ledger = report::ledger(settings)?;
    match command {
        ReportCommand::Cost { by, report } => {
            report::cost::cost(&ledger, &by, period, report.format, out)?;
        }
        ReportCommand::Egress { sensitivity, known, report } => {
            let of = (period, sensitivity.map(Level::name));
            report::egress::egress(&ledger, of, &known.into(), report.format, out)?;
        }
        ReportCommand::Cascade { accept_rate, report } => {
            let looked = ledger.looked_at(period).map_err(anyhow::Error::from)?;
            let cascades = report::cascade::cascades(&looked, accept_rate);
            report::cascade::print(&cascades, accept_rate, report.format, out)?;
        }
        ReportCommand::Breakeven { report } => {
            let machine_hour = settings.machine_hour;
            report::breakeven::breakeven(&ledger, period, machine_hour, report.format, out)?;
        }
    }
    Ok(())
}

fn period(since: &str, until: Option<&str>) -> Result<Period, CliError> {
    let period = report::period(since, until, clock::now());
    period.map_err(|error| CliError::Settings(format!("error: {error:#}")))
}

fn keys_command(
    command: KeysCommand,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let (now, ledger) = (clock::now(), &settings.store);
    match command {
        KeysCommand::Create(arguments) => keys::create(ledger, arguments.wanted(), now, out)?,
        KeysCommand::List { format } => keys::list(ledger, format.into(), now, out)?,
        KeysCommand::Rotate { name, overlap } => keys::rotate(ledger, &name, overlap, now, out)?,
        KeysCommand::Budget { name, budgets, none: _ } => {
            keys::budget(ledger, (&name, &budgets), now, out)?;
        }
        KeysCommand::Revoke { name } => keys::revoke(ledger, &name, now, out)?,
    }
    Ok(())
}

fn ledger_command(
    command: LedgerCommand,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let now = clock::now();
    match command {
        LedgerCommand::Verify { known, format } => {
            ledger::check(settings, &known.into(), format.into(), out)?;
        }
        LedgerCommand::Head { format } => ledger::head(settings, format.into(), out)?,
        LedgerCommand::Export { since, until } => {
            ledger::export(settings, period(&since, until.as_deref())?, out)?;
        }
        LedgerCommand::Reprice { book, since, until, format } => {
            let other = book.as_deref().map(prices::compare::read).transpose()?;
            let book = other.as_ref().unwrap_or_else(|| PriceBook::embedded());
            let of = (book, period(&since, until.as_deref())?);
            let ledger = report::ledger(settings)?;
            ledger::reprice::reprice(&ledger, settings, of, format.into(), out)?;
        }
        LedgerCommand::Erase { caller } => ledger::erase(settings, &caller, now, out)?,
        LedgerCommand::Prune { before } => {
            let before = crate::clock::moment(&before, now)
                .map_err(|error| CliError::Settings(format!("error: --before: {error:#}")))?;
            ledger::prune(settings, before, now, out)?;
        }
    }
    Ok(())
}

fn inspect_command(
    arguments: InspectArguments,
    config: Option<&Path>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let (inspection, policy) = inspect::sought(config)?;
    let sought = (&inspection, &policy);
    if let Some(InspectCommand::Eval { file, split, out_max, blocked_max }) = arguments.command {
        let input = io::BufReader::new(std::fs::File::open(file)?);
        let options = inspect::eval::EvalOptions { split, out_max, blocked_max };
        return inspect::eval::eval(input, sought, &options, out);
    }
    if arguments.jsonl {
        return inspect::inspect_jsonl(io::stdin().lock(), sought, out);
    }
    let text = match (arguments.text, arguments.file) {
        (Some(text), _) => text,
        (None, Some(file)) if file != Path::new("-") => std::fs::read_to_string(file)?,
        (None, _) => io::read_to_string(io::stdin().lock())?,
    };
    let paint = match arguments.color {
        Color::Always => Paint::Colour,
        Color::Auto if io::stdout().is_terminal() => Paint::Colour,
        Color::Auto | Color::Never => Paint::Plain,
    };
    inspect::inspect_text(&text, sought, paint, out)
}

fn models_command(
    command: ModelsCommand,
    config: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    match command {
        ModelsCommand::List { format } => {
            let listed = models::Listed::all(&settings(config)?).map_err(anyhow::Error::from)?;
            models::list(&listed, format.into(), out)?;
        }
        ModelsCommand::Pull(arguments) => {
            let licences_allowed = settings(config)?.licences_allowed;
            let environment = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
            let options = PullOptions {
                name: arguments.name,
                revision: arguments.revision,
                to: arguments.to,
                file: arguments.file,
                offline: arguments.offline,
                endpoint: environment("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()),
                token: environment("HF_TOKEN").map(Secret::new),
                licences_allowed,
                patience: Patience::default(),
            };
            serve::runtime(Some(1))?.block_on(pull::pull(&options, out))?;
        }
        ModelsCommand::Probe { folder, jsonl: _, backend, weights } => {
            let settings = crate::engine::EngineSettings { backend, weights, ..Default::default() };
            models::probe(source(&folder), settings, &mut io::stdin().lock(), out)?;
        }
        ModelsCommand::Bench(bench) => {
            let options = models::BenchOptions {
                batch: bench.batch,
                prompt: bench.prompt,
                new: bench.new,
                repeats: bench.repeats,
                engine: crate::engine::EngineSettings {
                    backend: bench.backend,
                    weights: bench.weights,
                    threads: bench.threads,
                    ..crate::engine::EngineSettings::default()
                },
            };
            models::bench(source(&bench.folder), &options, bench.format.into(), out)?;
        }
    }
    Ok(())
}

/// `starter` is the model in the binary; anything else is a folder.
fn source(folder: &Path) -> crate::engine::ModelSource {
    if folder == Path::new("starter") {
        crate::engine::starter()
    } else {
        crate::engine::ModelSource::Folder(folder.to_path_buf())
    }
}
