//! `ambidex policy`: what a policy says, before it decides anything, and what becomes of it later.

pub mod arguments;
pub mod backtest;
pub mod diff;
pub mod explain;
pub mod fmt;
pub mod live;
pub mod new;
pub mod test;

use std::io::Write;
use std::path::Path;

use super::CliError;
use crate::config::{self, PolicySource, Settings};
use crate::gateway;
use crate::policy::{Policy, TargetWords, VOCABULARY, World};
use arguments::{PolicyCommand, TargetsArgument};
use live::{Ends, Reload};

/// Does what the arguments say.
pub fn run(
    command: PolicyCommand,
    config: Option<&Path>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let settings = || config::load(config);
    match command {
        PolicyCommand::Check { file, targets } => {
            check(&Read::new(file.as_deref(), &settings()?, &targets)?, out)
        }
        PolicyCommand::Test(arguments) => test::test(&arguments, &settings()?, out),
        PolicyCommand::Explain(arguments) => explain::explain(&arguments, &settings()?, out),
        PolicyCommand::Diff(arguments) => diff::diff(&arguments, &settings()?, out),
        PolicyCommand::Facts => facts(out),
        PolicyCommand::Fmt(arguments) => fmt::fmt(&arguments, &settings()?, out),
        PolicyCommand::Schema { tests } => {
            let schema = if tests { Policy::suite_schema() } else { Policy::schema() };
            Ok(writeln!(out, "{schema:#}")?)
        }
        PolicyCommand::New(arguments) => new::new(&arguments, out),
        PolicyCommand::Backtest(arguments) => backtest::backtest(&arguments, &settings()?, out),
        PolicyCommand::Reload { dry_run, admin } => {
            let how = if dry_run { Reload::DryRun } else { Reload::Apply };
            live::reload(how, &admin, &settings()?, out)
        }
        PolicyCommand::Shadow { file, stop, format, admin } => {
            let ends = if stop { Ends::Now } else { Ends::Later };
            live::shadow((file.as_deref(), ends), format, (&admin, &settings()?), out)
        }
        PolicyCommand::Promote { rev, admin } => {
            live::promote(rev.as_deref(), &admin, &settings()?, out)
        }
    }
}

/// A policy's text, and the places that it may name.
#[derive(Clone, Debug)]
pub struct Read {
    /// The file's name, for messages.
    pub name: String,
    /// What it says.
    pub source: String,
    /// What it may name.
    pub world: World,
}

impl Read {
    /// Reads this file, else the configuration's policy.
    pub fn new(
        file: Option<&Path>,
        settings: &Settings,
        targets: &TargetsArgument,
    ) -> Result<Self, CliError> {
        let policy = file
            .map_or_else(|| settings.policy.clone(), |file| PolicySource::File(file.to_path_buf()));
        let source = gateway::policy_text(&policy)?;
        Ok(Self { name: policy.name(), source, world: world(settings, targets)? })
    }

    /// What it says, checked.
    pub fn compile(&self) -> Result<Policy, CliError> {
        Ok(Policy::compile(&self.name, &self.source, &self.world)?)
    }

    /// What it says, though it may break what it asserts: to explain and compare.
    pub fn compile_unproved(&self) -> Result<Policy, CliError> {
        Ok(Policy::compile_unproved(&self.name, &self.source, &self.world)?)
    }

    /// Its name and text.
    pub fn file(&self) -> (&str, &str) {
        (&self.name, &self.source)
    }
}

/// The places that a policy may name: the configuration's, unless others are assumed.
fn world(settings: &Settings, targets: &TargetsArgument) -> Result<World, CliError> {
    let mut world = gateway::world(settings);
    if targets.assumed.is_empty() {
        return Ok(world);
    }
    world.targets.clear();
    for target in &targets.assumed {
        let Some((name, zone)) = target.split_once('=') else {
            let text = format!("error: `{target}` is not like `name=zone`, such as `cloud=eu`");
            return Err(CliError::Settings(text));
        };
        world.targets.push(TargetWords::new(name, zone));
    }
    Ok(world)
}

/// Lists every mistake of a policy, or says that there is none.
pub fn check(read: &Read, out: &mut impl Write) -> Result<(), CliError> {
    let policy = read.compile()?;
    write!(out, "{}{}", policy.warnings(), policy.notes())?;
    writeln!(
        out,
        "ok: policy {} (rev {}), owner {}: {} limit(s), {} route(s), {} budget(s), {} test(s), {} assertion(s) proved",
        policy.name(),
        policy.rev(),
        policy.owner(),
        policy.limit_ids().count(),
        policy.route_ids().count(),
        policy.budgets().len(),
        policy.cases().len(),
        policy.assertion_count(),
    )?;
    Ok(())
}

/// Lists the facts.
pub fn facts(out: &mut impl Write) -> Result<(), CliError> {
    for fact in VOCABULARY {
        writeln!(out, "{:<24} {} (from {})", fact.name, fact.meaning, fact.source)?;
    }
    Ok(())
}
