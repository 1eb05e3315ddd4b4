//! `ambidex policy test`: the tests inside policies and those in `*_test.yaml` files beside them.
//!
//! Coverage goes two ways: a rule is reached when a test's decision names it, and it matters when
//! some test fails once the rule is taken out.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::Read;
use super::arguments::{TestArguments, TestFormat};
use crate::cli::CliError;
use crate::config::Settings;
use crate::policy::{self, Case, Coverage, Explanation, Policy, Scenario, World};

/// How a file of tests ends, before `.yaml`.
const SUFFIX: &str = "_test";

/// One file of tests, with the policy that it is about.
struct Suite {
    name: String,
    read: Read,
    policy: Policy,
    cases: Vec<Case>,
}

/// What became of one case.
struct Outcomes<'a> {
    suite: &'a Suite,
    case: &'a Case,
    /// Expected and got; `None` when it is as expected.
    mismatch: Option<String>,
    trace: String,
}

/// Runs all tests and reports.
pub fn test(
    arguments: &TestArguments,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let suites = suites(arguments, settings)?;
    let outcomes: Vec<Outcomes<'_>> = suites.iter().flat_map(run).collect();
    let failed = outcomes.iter().filter(|outcome| outcome.mismatch.is_some()).count();
    let coverage = if arguments.coverage { coverage(&suites) } else { Vec::new() };
    match arguments.format {
        TestFormat::Text => text(&outcomes, arguments.coverage.then_some(&coverage), out)?,
        TestFormat::Json => json_report(&outcomes, &coverage, out)?,
        TestFormat::Junit => junit(&outcomes, out)?,
    }
    if failed > 0 {
        out.flush()?;
        return Err(anyhow!("{failed} of {} test(s) failed", outcomes.len()).into());
    }
    Ok(())
}

/// The suites of the files and folders that were named, else of the configuration's policy.
fn suites(arguments: &TestArguments, settings: &Settings) -> Result<Vec<Suite>, CliError> {
    let mut suites = Vec::new();
    if arguments.files.is_empty() {
        suites.push(Suite::of_policy(Read::new(None, settings, &arguments.targets)?)?);
        return Ok(suites);
    }
    for file in files(&arguments.files)? {
        if is_test_file(&file) {
            suites.push(Suite::of_tests(&file, settings, arguments)?);
            continue;
        }
        let beside = beside(&file);
        // A policy of the library is for another installation than this one: its tests say which.
        let world = if beside.exists() { Some(world_of(&beside, settings)?) } else { None };
        let mut read = Read::new(Some(&file), settings, &arguments.targets)?;
        if let (Some(world), true) = (world, arguments.targets.assumed.is_empty()) {
            read.world = world;
        }
        suites.push(Suite::of_policy(read)?);
        if beside.exists() {
            suites.push(Suite::of_tests(&beside, settings, arguments)?);
        }
    }
    Ok(suites)
}

fn is_test_file(file: &Path) -> bool {
    file.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| stem.ends_with(SUFFIX))
}

fn beside(policy: &Path) -> PathBuf {
    let stem = policy.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    policy.with_file_name(format!("{stem}{SUFFIX}.yaml"))
}

/// The files named, and those in the folders named. A file of tests beside its policy runs once.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    for path in named {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path)
            .with_context(|| format!("`{}` could not be read", path.display()))?;
        for entry in entries {
            let file = entry?.path();
            if file.extension().is_some_and(|it| it == "yaml" || it == "yml") {
                found.push(file);
            }
        }
    }
    found.sort();
    found.dedup();
    let policies: BTreeSet<PathBuf> =
        found.iter().filter(|file| !is_test_file(file)).map(|file| beside(file)).collect();
    found.retain(|file| !policies.contains(file));
    Ok(found)
}

fn read_text(file: &Path) -> Result<String, CliError> {
    let text = std::fs::read_to_string(file);
    Ok(text.with_context(|| format!("`{}` could not be read", file.display()))?)
}

fn world_of(tests: &Path, settings: &Settings) -> Result<World, CliError> {
    let head = Policy::suite_head(&tests.display().to_string(), &read_text(tests)?)?;
    let mut world = crate::gateway::world(settings);
    if let Some(targets) = head.targets {
        // Another installation has other callers, too.
        (world.targets, world.teams) = (targets, Vec::new());
    }
    Ok(world)
}

impl Suite {
    fn of_policy(read: Read) -> Result<Self, CliError> {
        let policy = read.compile()?;
        Ok(Self { name: read.name.clone(), cases: policy.cases().to_vec(), policy, read })
    }

    fn of_tests(
        file: &Path,
        settings: &Settings,
        arguments: &TestArguments,
    ) -> Result<Self, CliError> {
        let (name, text) = (file.display().to_string(), read_text(file)?);
        let head = Policy::suite_head(&name, &text)?;
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let policy = match &head.policy {
            Some(policy) => file.with_file_name(policy),
            None => file.with_file_name(format!("{}.yaml", stem.trim_end_matches(SUFFIX))),
        };
        let mut read = Read::new(Some(&policy), settings, &arguments.targets)?;
        if head.targets.is_some() && arguments.targets.assumed.is_empty() {
            read.world = world_of(file, settings)?;
        }
        let policy = read.compile()?;
        let cases = Policy::suite(read.file(), &read.world, (&name, &text))?;
        Ok(Self { name, read, policy, cases })
    }
}

fn run(suite: &Suite) -> impl Iterator<Item = Outcomes<'_>> {
    suite.cases.iter().map(move |case| {
        let scenario = Scenario::of(&suite.policy, case);
        let decision = policy::evaluate(&suite.policy, &scenario.facts());
        let mismatch = case.mismatch(&suite.policy, &decision);
        let trace = match &mismatch {
            Some(_) => Explanation::of(&suite.policy, &decision).to_string(),
            None => String::new(),
        };
        Outcomes { suite, case, mismatch, trace }
    })
}

/// Coverage by all suites of each policy, by the policy's file.
fn coverage(suites: &[Suite]) -> Vec<(String, Coverage)> {
    let mut names: Vec<&str> = Vec::new();
    for suite in suites {
        if !names.contains(&suite.read.name.as_str()) {
            names.push(&suite.read.name);
        }
    }
    let of = |name: &str| {
        let suites = suites.iter().filter(|suite| suite.read.name == name);
        let suites: Vec<_> = suites.map(|suite| (&suite.policy, &*suite.cases)).collect();
        (name.to_owned(), policy::coverage(&suites))
    };
    names.into_iter().map(of).collect()
}

fn text(
    outcomes: &[Outcomes<'_>],
    coverage: Option<&Vec<(String, Coverage)>>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let mut file = None;
    for outcome in outcomes {
        if file != Some(&outcome.suite.name) {
            writeln!(out, "{}", outcome.suite.name)?;
            file = Some(&outcome.suite.name);
        }
        let name = &outcome.case.name;
        match &outcome.mismatch {
            None => writeln!(out, "  ok    {name}")?,
            Some(mismatch) => {
                writeln!(out, "  FAIL  {name}: {mismatch}")?;
                for line in outcome.trace.lines() {
                    writeln!(out, "        {line}")?;
                }
            }
        }
    }
    let failed = outcomes.iter().filter(|outcome| outcome.mismatch.is_some()).count();
    writeln!(out, "{} passed, {failed} failed", outcomes.len().saturating_sub(failed))?;
    for (policy, coverage) in coverage.into_iter().flatten() {
        writeln!(out, "{policy}: tests hold {} of {} rules", coverage.held(), coverage.rules)?;
        for rule in &coverage.unreached {
            writeln!(out, "  no test reaches {rule}")?;
        }
        for rule in &coverage.unnoticed {
            writeln!(out, "  no test would notice if {rule} were taken out")?;
        }
    }
    Ok(())
}

fn json_report(
    outcomes: &[Outcomes<'_>],
    coverage: &[(String, Coverage)],
    out: &mut impl Write,
) -> Result<(), CliError> {
    let cases = outcomes.iter().map(|outcome| {
        json!({
            "file": outcome.suite.name,
            "name": outcome.case.name,
            "passed": outcome.mismatch.is_none(),
            "mismatch": outcome.mismatch,
            "trace": outcome.mismatch.as_ref().map(|_| &outcome.trace),
        })
    });
    let coverage = coverage.iter().map(|(policy, coverage)| {
        json!({
            "policy": policy,
            "rules": coverage.rules,
            "unreached": coverage.unreached,
            "unnoticed": coverage.unnoticed,
        })
    });
    let failed = outcomes.iter().filter(|outcome| outcome.mismatch.is_some()).count();
    let report = json!({
        "passed": outcomes.len().saturating_sub(failed),
        "failed": failed,
        "cases": cases.collect::<Vec<_>>(),
        "coverage": coverage.collect::<Vec<_>>(),
    });
    writeln!(out, "{report:#}")?;
    Ok(())
}

/// One `testsuite` per file, in the dialect that build servers read.
fn junit(outcomes: &[Outcomes<'_>], out: &mut impl Write) -> Result<(), CliError> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites>")?;
    for suite in outcomes.chunk_by(|a, b| a.suite.name == b.suite.name) {
        let name = suite.first().map_or("", |outcome| outcome.suite.name.as_str());
        let failed = suite.iter().filter(|outcome| outcome.mismatch.is_some()).count();
        let (name, tests) = (xml(name), suite.len());
        writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\">")?;
        for outcome in suite {
            let case = xml(&outcome.case.name);
            let Some(mismatch) = &outcome.mismatch else {
                writeln!(out, "    <testcase classname=\"{name}\" name=\"{case}\"/>")?;
                continue;
            };
            let (mismatch, trace) = (xml(mismatch), xml(&outcome.trace));
            writeln!(out, "    <testcase classname=\"{name}\" name=\"{case}\">")?;
            writeln!(out, "      <failure message=\"{mismatch}\">{trace}</failure>")?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")?;
    Ok(())
}

/// Text as it may stand in XML; characters that XML 1.0 does not have are left out.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(character),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => safe.push(other),
        }
    }
    safe
}
