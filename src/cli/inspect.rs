//! `ambidex inspect` and `ambidex task classify`: one JSON object per line in, one per line out, so
//! that anyone can measure us.

use std::io::{BufRead, Write};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::CliError;
use crate::config::PolicySource;
use crate::config::Settings;
use crate::gateway;
use crate::inspect::{self, Findings, Leaf, Level, Options, PackSet, Scan};

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

#[derive(Serialize)]
struct Classified {
    task: &'static str,
    confidence: f32,
    runner_up: &'static str,
}

/// Sensitivity by the embedded policy's levels; offsets count Unicode scalar values.
pub fn inspect_jsonl(input: impl BufRead, out: &mut impl Write) -> Result<(), CliError> {
    let settings = Settings { policy: PolicySource::Embedded, ..Settings::default() };
    let policy = gateway::policy(&settings)?;
    each(input, out, |text| {
        let findings = look(text);
        let levels = findings.labels.iter().map(|label| policy.level_of(label));
        let level = levels.max().unwrap_or(Level::Public).max(policy.default_level());
        let level = if findings.scan == Scan::Complete { level } else { Level::Restricted };
        let scalars = |end: u32| {
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            text.get(..end).map_or(0, |before| before.chars().count())
        };
        let found = findings.items.iter().map(|finding| Found {
            label: finding.label.name(),
            start: scalars(finding.span.start),
            end: scalars(finding.span.end),
        });
        Inspected {
            sensitivity: level.name(),
            scan: findings.scan.name(),
            findings: found.collect(),
        }
    })
}

/// The kind of task.
pub fn classify_jsonl(input: impl BufRead, out: &mut impl Write) -> Result<(), CliError> {
    each(input, out, |text| {
        let guess = inspect::task::guess(text, look(text).lang);
        Classified {
            task: guess.task.name(),
            confidence: guess.confidence,
            runner_up: guess.runner_up.name(),
        }
    })
}

fn look(text: &str) -> Findings {
    let leaf = Leaf { path: "messages[0].content", text, is_prose: true };
    inspect::read(&[leaf], &Options { packs: PackSet::ALL, ..Options::default() })
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
            .with_context(|| format!("line {number} is not like {{\"text\": \"…\"}}"))?;
        serde_json::to_writer(&mut *out, &work(&text))
            .context("the result could not be written")?;
        writeln!(out)?;
    }
    Ok(())
}
