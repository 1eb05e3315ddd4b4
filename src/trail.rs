//! settle & record, first half: what the record says about a decision, before anything is sent.

use std::sync::Arc;

use tracing::{info, warn};

use crate::app::App;
use crate::decide::{Decided, Known};
use crate::dispatch::Case;
use crate::inspect::{Findings, Scan, Task};
use crate::money::NanoUsd;
use crate::policy::{Outcome, Policy};
use crate::record::facts::is_printable;
use crate::record::{DecidedRow, trace};
use crate::telemetry::traces::{Attribute, End, Reach, Span, Trace};

/// Stands where a name would be when there is none.
const NONE: &str = "none";

/// The winning route's id.
pub fn route<'a>(policy: &'a Policy, decided: &Decided<'_>) -> &'a str {
    decided.decision.permit().map_or(NONE, |permit| policy.route_id(permit.route))
}

/// Counts the decision and what was found.
pub fn count(app: &App, policy: &Policy, decided: &Decided<'_>, findings: &Findings) {
    let task = findings.task.map_or(Task::Unknown, |guess| guess.task);
    let zone = decided.decision.target().map_or(NONE, |target| policy.target_zone(target));
    let level = decided.decision.sensitivity.name();
    let names = [route(policy, decided), level, task.name(), zone];
    app.metrics.decisions.with_label_values(&names).inc();
    let outcome = if decided.decision.permit().is_some() { "permitted" } else { "refused" };
    for limit in &decided.decision.trace.limits {
        let names = [policy.limit_id(limit.limit), outcome];
        app.metrics.limits_applied.with_label_values(&names).inc();
    }
    if findings.scan != Scan::Complete {
        app.metrics.fail_closed.with_label_values(&["scan"]).inc();
    }
    for finding in &findings.items {
        app.metrics.findings.with_label_values(&[finding.label.name()]).inc();
    }
    let unpriced = decided
        .decision
        .target()
        .and_then(|target| app.destination(target))
        .filter(|destination| destination.engine().is_none() && destination.listing.is_none());
    if let Some(destination) = unpriced {
        app.metrics.unpriced.with_label_values(&[&destination.name]).inc();
    }
}

/// The ledger's row of a decision.
pub fn row(
    app: &App,
    policy: &Policy,
    case: &Case,
    known: Known<'_>,
    decided: &Decided<'_>,
) -> DecidedRow {
    let Known { caller, request, findings, now, .. } = known;
    let refused = match &decided.decision.outcome {
        Outcome::Permit(_) => None,
        Outcome::Refuse(refusal) => Some(refusal.code.name().to_owned()),
    };
    let destination = decided.decision.target().and_then(|target| app.destination(target));
    DecidedRow {
        id: case.id.clone(),
        at: now,
        caller: caller.name.clone(),
        team: caller.team.clone(),
        key: caller.name.clone(),
        surface: case.surface.to_owned(),
        model_asked: printable_model(&request.model),
        chosen: destination.map(|it| it.chosen(&case.route)),
        sensitivity: decided.decision.sensitivity.name().to_owned(),
        task: findings.task.map(|guess| guess.task.name().to_owned()),
        policy_rev: policy.rev().to_owned(),
        price_digest: app.price_digest.clone(),
        refused,
        reserved: decided.reserved(),
        reserved_imputed: NanoUsd::ZERO,
        trace_json: trace::json(policy, &decided.decision, findings),
        facts_json: decided.facts.json(),
    }
}

/// A model's name as it may stand in a record.
fn printable_model(model: &str) -> String {
    if is_printable(model) { model.to_owned() } else { "other".to_owned() }
}

/// The one line that every request has in the log, at its end. `AMBIDEX_LOG=info,ambidex::request=off`
/// leaves it out.
pub fn told(app: &App, case: &Case, target: &str, outcome: &str, cost: NanoUsd) {
    traced(app, case, target, outcome, cost);
    let caller = &case.caller;
    info!(
        target: "ambidex::request",
        decision = case.id,
        caller = caller.name,
        team = caller.team,
        surface = case.surface,
        route = case.route,
        target,
        outcome,
        cost_usd = %cost,
        ms = u64::try_from(case.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
}

/// Hands over the request's trace, where traces are wanted. Nobody waits for the collector.
fn traced(app: &App, case: &Case, target: &str, outcome: &str, cost: NanoUsd) {
    let Some(queue) = &app.traces else { return };
    let name = |text: &str| Attribute::Name(text.to_owned());
    let attributes = vec![
        ("ambidex.decision", name(&case.id)),
        ("ambidex.caller", name(&case.caller.name)),
        ("ambidex.team", name(&case.caller.team)),
        ("ambidex.surface", name(case.surface)),
        ("ambidex.route", name(&case.route)),
        ("ambidex.target", name(target)),
        ("ambidex.outcome", name(outcome)),
        ("ambidex.cost_usd", Attribute::Number(cost.as_usd_f64())),
    ];
    let is_failure = matches!(outcome, "target_failed" | "truncated");
    let whole = Span {
        name: "request",
        start: case.at,
        took: case.started.elapsed(),
        reach: Reach::In,
        end: if is_failure { End::Failed } else { End::Good },
        attributes,
    };
    let trace = Trace { decision: case.id.clone(), whole, parts: case.parts.take() };
    if queue.try_send(trace).is_err() {
        app.metrics.dropped_traces.with_label_values::<&str>(&[]).inc();
    }
}

/// Keeps a refusal's row, which nobody has to wait for.
pub fn keep(app: &Arc<App>, row: DecidedRow) {
    let store = app.store.clone();
    app.tasks.spawn(async move {
        if let Err(error) = store.decided(row).await {
            warn!(%error, "a refusal could not be recorded");
        }
    });
}
