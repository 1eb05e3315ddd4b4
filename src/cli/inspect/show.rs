//! `ambidex inspect`: a text with its sensitive values marked, and why each is one.

use std::io::Write;

use crate::inspect::{Evidence, Explained, Finding, Findings, Level, Scan};
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
    (text, findings, whys): (&str, &Findings, &[Explained]),
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
        let of_it = |why: &&Explained| {
            why.label == finding.label && span(finding) == Some((why.span.start, why.span.end))
        };
        explain(text, (finding, whys.iter().find(of_it)), policy, out)?;
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
    (finding, why): (&Finding, Option<&Explained>),
    policy: &Policy,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let Some((start, end)) = span(finding) else { return Ok(()) };
    let (line, column) = place(text, start);
    let size = text.get(start..end).map_or(0, |value| value.chars().count());
    let level = policy.level_of(finding.label);
    write!(
        out,
        "{line}:{column} {size} characters  {}  {level}  {}: ",
        finding.label,
        finding.confidence.name()
    )?;
    let named = named_by(text, why);
    match (finding.evidence, named) {
        (Evidence::Checksum, Some(named)) => {
            writeln!(out, "its {} is right, and {named}", finding.label.checked_by())
        }
        (Evidence::Checksum, None) => {
            writeln!(out, "its {} is right", finding.label.checked_by())
        }
        (Evidence::Structure, Some(named)) => writeln!(out, "its shape says so, and {named}"),
        (Evidence::Structure, None) => writeln!(out, "its shape says so"),
        (Evidence::Model, _) => writeln!(out, "the language model says so"),
        (Evidence::Context, Some(named)) => writeln!(out, "{named}"),
        (Evidence::Context, None) => writeln!(out, "a word beside it names it"),
    }
}

/// The word that names a value: the reader's own text, shown to nobody else.
fn named_by(text: &str, why: Option<&Explained>) -> Option<String> {
    let why = why?;
    if why.is_by_path {
        return Some("the key above it names it".to_owned());
    }
    let word = why.word.clone()?;
    let (line, column) = place(text, word.start);
    Some(format!("{:?} at {line}:{column} names it", text.get(word)?))
}

/// Line and column of a byte, both from one.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
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

#[cfg(test)]
mod tests {
    use super::{Paint, show};
    use crate::cli::inspect::{look, sought};

    fn shown(text: &str) -> String {
        let (inspection, policy) = sought(None).unwrap();
        let mut out = Vec::new();
        let whys = inspection.explain("messages[0].content", text);
        let found = (text, &look(text, &inspection), &*whys);
        show(found, &policy, Paint::Plain, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_decided_is_said() {
        let cases = [
            ("Hello, my SSN is 536-22-8145.", "certain: \"SSN is\" at 1:11 names it"),
            ("4539 1488 0343 6467", "certain: its Luhn digit is right\n"),
            (
                "the card 4539148803436467",
                "certain: its Luhn digit is right, and \"card\" at 1:5 names it",
            ),
            ("name;ssn;dept\nH. O.;536228145;Ops\n", "certain: \"ssn\" at 1:6 names it"),
            ("{\"idType\":\"SSN\",\"idValue\":\"536228145\"}", "\"SSN\" at 1:12 names it"),
            ("密码：Abc@20398x", "likely: \"密码\" at 1:1 names it"),
            ("-- １1010519491231002X", "its ISO 7064 mod 11-2 digit is right"),
            ("see 203.12.88.41", "its shape says so"),
        ];
        for (text, why) in cases {
            let shown = shown(text);
            assert!(shown.contains(why), "{shown}");
        }
    }
}
