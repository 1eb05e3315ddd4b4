//! The outside shape of a decision's trace: ids, words and values, never text of the prompt.

use serde::Serialize;

use crate::inspect::{Findings, Label};
use crate::policy::{self, Decision, Policy, RouteResult};

#[derive(Serialize)]
struct Trace<'a> {
    why: String,
    sensitivity: &'static str,
    scan: &'static str,
    labels: Vec<&'static str>,
    task: Option<Task>,
    input_tokens: u32,
    limits: Vec<&'a str>,
    routes: Vec<Route<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    struck: Vec<Struck<'a>>,
}

#[derive(Serialize)]
struct Task {
    task: &'static str,
    confidence: f32,
}

#[derive(Serialize)]
struct Route<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    condition: &'a str,
    saw: String,
}

#[derive(Serialize)]
struct Struck<'a> {
    target: &'a str,
    because: String,
}

/// A decision's trace as one line of JSON.
pub fn json(policy: &Policy, decision: &Decision, findings: &Findings) -> String {
    let routes = decision.trace.routes.iter().map(|tried| Route {
        id: policy.route_id(tried.route),
        failed: match &tried.result {
            RouteResult::Failed(settled) => Some(Failed {
                condition: policy.check_said(settled.check),
                saw: policy::seen(settled),
            }),
            RouteResult::AllStruckOut => {
                Some(Failed { condition: "a target is left", saw: "none".to_owned() })
            }
            RouteResult::Won => None,
        },
    });
    let struck = decision.trace.struck.iter().map(|struck| Struck {
        target: policy.target_name(struck.target),
        because: policy::struck_by(policy, *struck),
    });
    let limits = decision.trace.limits.iter().map(|matched| policy.limit_id(matched.limit));
    let trace = Trace {
        why: policy::why(policy, decision),
        sensitivity: decision.sensitivity.name(),
        scan: findings.scan.name(),
        labels: findings.labels.iter().map(Label::name).collect(),
        task: findings
            .task
            .map(|guess| Task { task: guess.task.name(), confidence: guess.confidence }),
        input_tokens: findings.tokens_input.0,
        limits: limits.collect(),
        routes: routes.collect(),
        struck: struck.collect(),
    };
    // Serialising plain strings and numbers cannot fail.
    serde_json::to_string(&trace).unwrap_or_default()
}
