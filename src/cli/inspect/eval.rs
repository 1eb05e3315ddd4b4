//! `ambidex inspect eval`: scores a labelled file, per label and per level.
//!
//! Each line is `{"text": …}` or `{"messages": […]}` with `"level"` and `"findings": [{"label"}]`;
//! `"group"` and `"split"` are optional. From `confidential` on, a request must not leave.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::super::CliError;
use crate::chat::Surface;
use crate::dialect;
use crate::inspect::{Findings, Inspection, Label, LabelSet, Leaf, Level, Scan};
use crate::policy::Policy;

/// What is judged, and what is good enough.
#[derive(Clone, Debug, Default)]
pub struct EvalOptions {
    /// Only the cases of this split.
    pub split: Option<String>,
    /// Most percent of what must not leave that may be let out.
    pub out_max: Option<f64>,
    /// Most percent of what is harmless that may be blocked.
    pub blocked_max: Option<f64>,
}

#[derive(Deserialize)]
struct Case {
    text: Option<String>,
    messages: Option<Value>,
    level: String,
    #[serde(default)]
    findings: Vec<Expected>,
    #[serde(default)]
    group: String,
    #[serde(default)]
    split: String,
}

#[derive(Deserialize)]
struct Expected {
    label: String,
}

/// Cases of one group.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    sensitive: u32,
    let_out: u32,
    too_low: u32,
    harmless: u32,
    blocked: u32,
}

/// How one label or level fared.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    expected: u32,
    found: u32,
    /// Found where it was expected.
    right: u32,
}

/// Everything counted.
#[derive(Debug, Default)]
struct Scores {
    groups: BTreeMap<String, Group>,
    labels: BTreeMap<Label, Score>,
    levels: BTreeMap<Level, Score>,
    all: Group,
}

/// Scores a labelled file.
pub fn eval(
    input: impl BufRead,
    (inspection, policy): (&Inspection, &Policy),
    options: &EvalOptions,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let mut scores = Scores::default();
    for (number, line) in (1..).zip(input.lines()) {
        let line = line.context("the file could not be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let place = || format!("line {number} is not a labelled request");
        let case: Case = serde_json::from_str(&line).map_err(|_| anyhow!(place()))?;
        if options.split.as_ref().is_some_and(|split| *split != case.split) {
            continue;
        }
        let level = Level::from_name(&case.level).with_context(place)?;
        let labels: Option<LabelSet> =
            case.findings.iter().map(|expected| Label::from_name(&expected.label)).collect();
        let findings = look(&case, inspection).with_context(place)?;
        let got = super::level(&findings, policy);
        let heeded = policy.heeded(findings.labels, findings.certain);
        scores.add(&case.group, (level, got), (labels.with_context(place)?, heeded));
    }
    scores.print(out)?;
    scores.judge(options)
}

fn look(case: &Case, inspection: &Inspection) -> Option<Findings> {
    if let Some(text) = &case.text {
        let leaf = Leaf { path: "messages[0].content", text, is_prose: true };
        return Some(inspection.read(&[leaf]));
    }
    let body = serde_json::json!({"model": "auto", "messages": case.messages.as_ref()?});
    let request = dialect::of(Surface::OpenAiChat).read(Bytes::from(body.to_string())).ok()?;
    let mut findings = inspection.read(&request.leaves());
    if request.has_unreadable {
        findings.scan = findings.scan.max(Scan::Partial);
    }
    Some(findings)
}

impl Scores {
    fn add(
        &mut self,
        group: &str,
        (expected, got): (Level, Level),
        (labels, found): (LabelSet, LabelSet),
    ) {
        let group = self.groups.entry(group.to_owned()).or_default();
        for count in [group, &mut self.all] {
            if expected >= Level::Confidential {
                count.sensitive += 1;
                count.let_out += u32::from(got < Level::Confidential);
                count.too_low += u32::from(got < expected);
            } else {
                count.harmless += 1;
                count.blocked += u32::from(got >= Level::Confidential);
            }
        }
        for label in labels.union(found).iter() {
            let score = self.labels.entry(label).or_default();
            score.expected += u32::from(labels.contains(label));
            score.found += u32::from(found.contains(label));
            score.right += u32::from(labels.contains(label) && found.contains(label));
        }
        self.levels.entry(expected).or_default().expected += 1;
        self.levels.entry(got).or_default().found += 1;
        self.levels.entry(expected).or_default().right += u32::from(expected == got);
    }

    fn print(&self, out: &mut impl Write) -> Result<(), CliError> {
        writeln!(
            out,
            "group               sensitive  let out          too low  harmless  blocked wrongly"
        )?;
        let rows = self.groups.iter().map(|(name, group)| (name.as_str(), group));
        for (name, group) in rows.chain([("all", &self.all)]) {
            writeln!(
                out,
                "{name:<18}  {:>9}  {:>7} {:>7}  {:>7}  {:>8}  {:>7} {:>7}",
                group.sensitive,
                group.let_out,
                percent(group.let_out, group.sensitive),
                group.too_low,
                group.harmless,
                group.blocked,
                percent(group.blocked, group.harmless),
            )?;
        }
        writeln!(out, "\nlevel                     expected  recall   precision")?;
        for (level, score) in &self.levels {
            score.print(level.name(), out)?;
        }
        writeln!(out, "\nlabel                     expected  recall   precision")?;
        for (label, score) in &self.labels {
            score.print(label.name(), out)?;
        }
        let low = self.labels.iter().filter(|(_, score)| score.right * 100 < score.expected * 95);
        let low: Vec<&str> = low.map(|(label, _)| label.name()).collect();
        let low = if low.is_empty() { "none".to_owned() } else { low.join(", ") };
        writeln!(out, "\nbelow 95 % recall: {low}")?;
        Ok(())
    }

    fn judge(&self, options: &EvalOptions) -> Result<(), CliError> {
        let let_out = share(self.all.let_out, self.all.sensitive);
        let blocked = share(self.all.blocked, self.all.harmless);
        if options.out_max.is_some_and(|most| let_out > most) {
            return Err(anyhow!("{let_out:.1} % let out is more than allowed").into());
        }
        if options.blocked_max.is_some_and(|most| blocked > most) {
            return Err(anyhow!("{blocked:.1} % blocked wrongly is more than allowed").into());
        }
        Ok(())
    }
}

impl Score {
    fn print(self, name: &str, out: &mut impl Write) -> Result<(), CliError> {
        writeln!(
            out,
            "{name:<26}  {:>6}  {:>8}  {:>8}",
            self.expected,
            percent(self.right, self.expected),
            percent(self.right, self.found),
        )?;
        Ok(())
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * f64::from(part) / f64::from(whole) }
}

fn percent(part: u32, whole: u32) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", share(part, whole)) }
}

#[cfg(test)]
mod tests {
    use super::{EvalOptions, eval};
    use crate::cli::inspect::sought;

    fn run(lines: &str, options: &EvalOptions) -> (String, bool) {
        let (inspection, policy) = sought(None).unwrap();
        let mut out = Vec::new();
        let passed = eval(lines.as_bytes(), (&inspection, &policy), options, &mut out).is_ok();
        (String::from_utf8(out).unwrap(), passed)
    }

    #[test]
    fn cases_are_counted() {
        let lines = r#"{"text": "my SSN is 536-22-8145", "level": "restricted", "findings": [{"label": "identity.us_ssn"}], "group": "a"}
{"text": "hello", "level": "internal", "findings": []}
{"messages": [{"role": "user", "content": "hello"}], "level": "confidential", "findings": [{"label": "contact.address"}], "group": "a"}"#;
        let (shown, passed) = run(lines, &EvalOptions::default());
        assert!(passed);
        let all = shown.lines().find(|line| line.starts_with("all ")).unwrap();
        let words: Vec<&str> = all.split_whitespace().collect();
        assert_eq!(words, ["all", "2", "1", "50.0", "%", "1", "1", "0", "0.0", "%"]);
        assert!(shown.contains("below 95 % recall: contact.address"), "{shown}");
        let strict = EvalOptions { out_max: Some(5.0), ..EvalOptions::default() };
        assert!(!run(lines, &strict).1);
        assert!(!run("{\"text\": \"x\"}", &EvalOptions::default()).1);
    }
}
