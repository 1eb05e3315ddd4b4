//! The outside shape of a decision's trace: ids, words and values, never text of the prompt.

use serde::Serialize;

use crate::inspect::{Findings, Label};
use crate::policy::{Decision, Explanation, Policy};

#[derive(Serialize)]
struct Trace<'a> {
    #[serde(flatten)]
    explanation: Explanation<'a>,
    scan: &'static str,
    labels: Vec<&'static str>,
    task: Option<Task>,
    input_tokens: u32,
}

#[derive(Serialize)]
struct Task {
    task: &'static str,
    confidence: f32,
}

/// A decision's trace as one line of JSON; [`read`] brings its explanation back.
pub fn json(policy: &Policy, decision: &Decision, findings: &Findings) -> String {
    let trace = Trace {
        explanation: Explanation::of(policy, decision),
        scan: findings.scan.name(),
        labels: findings.labels.iter().map(Label::name).collect(),
        task: findings
            .task
            .map(|guess| Task { task: guess.task.name(), confidence: guess.confidence }),
        input_tokens: findings.tokens_input.0,
    };
    // Serialising plain strings and numbers cannot fail.
    serde_json::to_string(&trace).unwrap_or_default()
}

/// The explanation that a row keeps; `None` for rows of versions that kept less.
pub fn read(trace_json: &str) -> Option<Explanation<'static>> {
    serde_json::from_str(trace_json).ok()
}
