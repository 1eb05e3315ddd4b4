//! `ambidex policy`: what a policy says, before it decides anything.

use std::io::Write;
use std::path::Path;

use anyhow::anyhow;

use super::CliError;
use crate::config::{PolicySource, Settings};
use crate::gateway;
use crate::policy::{Policy, Scenario, VOCABULARY};

fn compile(file: Option<&Path>, settings: &Settings) -> Result<Policy, CliError> {
    let mut settings = settings.clone();
    if let Some(file) = file {
        settings.policy = PolicySource::File(file.to_path_buf());
    }
    Ok(gateway::policy(&settings)?)
}

/// Lists every mistake of a policy, or says that there is none.
pub fn check(
    file: Option<&Path>,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let policy = compile(file, settings)?;
    write!(out, "{}", policy.warnings())?;
    writeln!(
        out,
        "ok: policy {} (rev {}), owner {}: {} limit(s), {} route(s), {} budget(s), {} test(s)",
        policy.name(),
        policy.rev(),
        policy.owner(),
        policy.limit_ids().count(),
        policy.route_ids().count(),
        policy.budgets().len(),
        policy.cases().len(),
    )?;
    Ok(())
}

/// Runs the policy's own tests and counts them.
pub fn test(
    file: Option<&Path>,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let policy = compile(file, settings)?;
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for case in policy.cases() {
        let scenario = Scenario::of(&policy, case);
        let decision = crate::policy::evaluate(&policy, &scenario.facts());
        match case.mismatch(&policy, &decision) {
            None => {
                passed += 1;
                writeln!(out, "ok    {}", case.name)?;
            }
            Some(mismatch) => {
                failed += 1;
                writeln!(out, "FAIL  {}: {mismatch}", case.name)?;
                writeln!(out, "{}", crate::policy::explain(&policy, &decision))?;
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    if failed > 0 {
        out.flush()?;
        return Err(anyhow!("{failed} of the policy's tests failed").into());
    }
    Ok(())
}

/// Lists the facts.
pub fn facts(out: &mut impl Write) -> Result<(), CliError> {
    for fact in VOCABULARY {
        writeln!(out, "{:<24} {} (from {})", fact.name, fact.meaning, fact.source)?;
    }
    Ok(())
}
