//! `ambidex inspect`: a text with its sensitive values marked, and why each is one.

use std::io::Write;

use crate::inspect::{Confidence, Evidence, Finding, Findings, Level, Scan};
use crate::policy::Policy;

/// Whether to paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// In the colours of a terminal.
    Colour,
    /// In brackets.
    Plain,
}

/// Prints the text with its findings marked, and a line for each.
pub fn show(
    (text, findings): (&str, &Findings),
    policy: &Policy,
    paint: Paint,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let mut from = 0;
    for finding in &findings.items {
        let Some((start, end)) = span(finding) else { continue };
        let (Some(before), Some(value)) = (text.get(from..start), text.get(start..end)) else {
            continue;
        };
        write!(out, "{before}")?;
        mark(value, (policy.level_of(finding.label), finding), paint, out)?;
        from = end;
    }
    let rest = text.get(from..).unwrap_or_default();
    write!(out, "{rest}")?;
    if !rest.ends_with('\n') {
        writeln!(out)?;
    }
    writeln!(out)?;
    for finding in &findings.items {
        explain(text, finding, policy, out)?;
    }
    summary(findings, policy, out)
}

fn span(finding: &Finding) -> Option<(usize, usize)> {
    Some((usize::try_from(finding.span.start).ok()?, usize::try_from(finding.span.end).ok()?))
}

fn mark(
    value: &str,
    (level, finding): (Level, &Finding),
    paint: Paint,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let colour = match level {
        Level::Public => 32,
        Level::Internal => 36,
        Level::Confidential => 33,
        Level::Restricted => 31,
    };
    match paint {
        Paint::Colour => {
            write!(out, "\x1b[1;{colour}m{value}\x1b[0m\x1b[2m[{}]\x1b[0m", finding.label)
        }
        Paint::Plain => write!(out, "«{value}»[{}]", finding.label),
    }
}

fn explain(
    text: &str,
    finding: &Finding,
    policy: &Policy,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let Some((start, end)) = span(finding) else { return Ok(()) };
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let size = text.get(start..end).map_or(0, |value| value.chars().count());
    let sure = match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
    };
    let why = match finding.evidence {
        Evidence::Checksum => "its check digits or structure are right",
        Evidence::Structure => "its shape says so",
        Evidence::Context => "a word beside it names it",
    };
    let level = policy.level_of(finding.label);
    writeln!(out, "{line}:{column} {size} characters  {}  {level}  {sure}: {why}", finding.label)
}

fn summary(findings: &Findings, policy: &Policy, out: &mut impl Write) -> std::io::Result<()> {
    let level = super::level(findings, policy);
    match findings.scan {
        Scan::Complete => writeln!(out, "{} finding(s); {level}", findings.items.len()),
        Scan::Partial | Scan::Uninspected => writeln!(
            out,
            "{} finding(s); {level}, because a part could not be read (scan: {})",
            findings.items.len(),
            findings.scan.name()
        ),
    }
}
