//! `ambidex inspect`: what we find in a text, for people, and line by
//! line in JSON, so that anyone can measure us.

pub mod eval;
pub mod show;

use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};

use super::CliError;
use crate::config;
use crate::gateway;
use crate::inspect::{Findings, Inspection, Leaf, Level, Scan};
use crate::policy::{DataFacts, Policy};
use show::Paint;

/// Where a text is looked at as if it stood there.
const PATH: &str = "messages[0].content";

#[derive(Deserialize)]
struct Line {
    text: String,
}

#[derive(Serialize)]
struct Inspected {
    sensitivity: &'static str,
    scan: &'static str,
    findings: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    label: &'static str,
    start: usize,
    end: usize,
}

/// What is looked for, and the policy that says how sensitive it is: the configuration's (without
/// one, of `ambidex.yaml` here), else the embedded one.
pub fn sought(config: Option<&Path>) -> Result<(Inspection, Policy), CliError> {
    let settings = config::load(config)?;
    let policy = gateway::policy(&settings)?;
    Ok((gateway::inspector(&settings)?.inspection(&policy), policy))
}

/// How careful a policy is with these findings.
fn level(findings: &Findings, policy: &Policy) -> Level {
    if findings.scan != Scan::Complete {
        return Level::Restricted;
    }
    let found = DataFacts {
        labels: findings.labels,
        certain: findings.certain,
        bulk: findings.bulk,
        ..DataFacts::default()
    };
    policy.level_of_found(&found).unwrap_or(Level::Public).max(policy.default_level())
}

/// Sensitivity by a policy's levels; offsets count Unicode scalar values.
pub fn inspect_jsonl(
    input: impl BufRead,
    (inspection, policy): (&Inspection, &Policy),
    out: &mut impl Write,
) -> Result<(), CliError> {
    each(input, out, |text| {
        let findings = look(text, inspection);
        let mut scalars = Scalars { text, at: 0, count: 0 };
        let found = findings.items.iter().map(|finding| Found {
            label: finding.label.name(),
            start: scalars.before(finding.span.start),
            end: scalars.before(finding.span.end),
        });
        let found = found.collect();
        Inspected {
            sensitivity: level(&findings, policy).name(),
            scan: findings.scan.name(),
            findings: found,
        }
    })
}

/// Counts Unicode scalar values up to places that only grow.
struct Scalars<'a> {
    text: &'a str,
    at: usize,
    count: usize,
}

impl Scalars<'_> {
    fn before(&mut self, place: u32) -> usize {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let Some(part) = self.text.get(self.at..place) {
            self.count += part.chars().count();
            self.at = place;
        }
        self.count
    }
}

/// Prints a text with its findings.
pub fn inspect_text(
    text: &str,
    (inspection, policy): (&Inspection, &Policy),
    paint: Paint,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let findings = look(text, inspection);
    let whys = inspection.explain(PATH, text);
    show::show((text, &findings, &whys), policy, paint, out)?;
    Ok(())
}

fn look(text: &str, inspection: &Inspection) -> Findings {
    inspection.read(&[Leaf { path: PATH, text, is_prose: true }])
}

fn each<T: Serialize>(
    input: impl BufRead,
    out: &mut impl Write,
    work: impl Fn(&str) -> T,
) -> Result<(), CliError> {
    for (number, line) in (1..).zip(input.lines()) {
        let line = line.context("standard input could not be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let Line { text } = serde_json::from_str(&line)
            // The parser's own words would repeat the text.
            .map_err(|_| anyhow!("line {number} is not like {{\"text\": \"…\"}}"))?;
        serde_json::to_writer(&mut *out, &work(&text))
            .context("the result could not be written")?;
        writeln!(out)?;
    }
    Ok(())
}
