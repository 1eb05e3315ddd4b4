//! The admin listener's paths: metrics, the record of a decision, and the policy in force.

mod policy;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::app::App;
use crate::clock;
use crate::record::LedgerRow;
use crate::server::{Body, respond};
use crate::telemetry::Drops;

const PAGE: &str = "Ambidex admin: /metrics, /admin/api/decisions/{id}, /admin/api/ledger/sums, /admin/api/policy\n";

pub(super) async fn handle(app: &Arc<App>, request: Request<Incoming>) -> Response<Body> {
    if request.uri().path().starts_with("/admin/api/policy") {
        return policy::handle(app, request).await;
    }
    if request.method() != Method::GET {
        return respond::json(StatusCode::METHOD_NOT_ALLOWED, r#"{"error":"GET only"}"#);
    }
    match request.uri().path() {
        "/" => respond::typed(StatusCode::OK, "text/plain", PAGE),
        "/metrics" => metrics(app),
        "/admin/api/ledger/sums" => sums(app),
        path => match path.strip_prefix("/admin/api/decisions/") {
            Some(id) => decision(app, id),
            None => respond::json(StatusCode::NOT_FOUND, r#"{"error":"nothing is at this path"}"#),
        },
    }
}

/// Gauges are set when they are read: budgets and queues change by themselves.
fn metrics(app: &App) -> Response<Body> {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    for engine in app.destinations.iter().filter_map(|it| it.engine()) {
        let (load, model) = (engine.load_now(), engine.card().name.as_str());
        app.metrics.local_queue.with_label_values(&[model]).set(count(load.queued));
        for (part, bytes) in [("weights", load.weights_bytes), ("arena", load.arena_bytes)] {
            app.metrics.local_memory.with_label_values(&[model, part]).set(count(bytes));
        }
    }
    for card in app.destinations.iter().filter_map(|it| Some(it.engine()?.card())) {
        // Nothing waits here: a digest that is not there yet is there the next time.
        let Some(digest) = card.digest_known() else { continue };
        let names = [card.name.as_str(), &card.backend, &card.licence, digest];
        app.metrics.local_info.with_label_values(&names).set(1.0);
    }
    let counts = app.store.counts();
    let drops =
        Drops { lost: counts.lost, rejected: counts.rejected, repeated: counts.settled_twice };
    let page = app.metrics.page(&app.budgets.snapshot(clock::now()).pots, drops);
    respond::typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page)
}

fn decision(app: &App, id: &str) -> Response<Body> {
    let found = app.store.reader().and_then(|reader| reader.row(id));
    match found {
        Ok(Some(row)) => respond::json(StatusCode::OK, view(&row).to_string()),
        Ok(None) => respond::json(StatusCode::NOT_FOUND, r#"{"error":"no such decision"}"#),
        Err(error) => {
            let body = json!({ "error": error.to_string() }).to_string();
            respond::json(StatusCode::SERVICE_UNAVAILABLE, body)
        }
    }
}

fn view(row: &LedgerRow) -> Value {
    let decided = &row.decided;
    let trace: Value = serde_json::from_str(&decided.trace_json).unwrap_or(Value::Null);
    let chosen = row.settled.as_ref().and_then(|it| it.answered_by.as_ref());
    let chosen = chosen.or(decided.chosen.as_ref());
    json!({
        "id": decided.id,
        "at": decided.at.to_string(),
        "caller": decided.caller,
        "team": decided.team,
        "surface": decided.surface,
        "model_asked": decided.model_asked,
        "route": chosen.map(|it| &it.route),
        "target": chosen.map(|it| &it.target),
        "zone": chosen.map(|it| &it.zone),
        "sensitivity": decided.sensitivity,
        "task": decided.task,
        "policy_rev": decided.policy_rev,
        "price_digest": decided.price_digest,
        "refused": decided.refused,
        "state": row.state.name(),
        "reserved_usd": decided.reserved.to_string(),
        "trace": trace,
        "facts": serde_json::from_str(&decided.facts_json).unwrap_or(Value::Null),
        "settled": row.settled.as_ref().map(|it| json!({
            "outcome": it.outcome,
            "licence": it.weights.as_ref().map(|it| &it.licence),
            "sha256": it.weights.as_ref().and_then(|it| it.sha256.as_ref()),
            "cost_usd": it.cost.to_string(),
            "avoided_usd": it.avoided.to_string(),
            "imputed_usd": it.imputed.to_string(),
            "input_tokens": it.usage.map(|usage| usage.input_total().0),
            "output_tokens": it.usage.map(|usage| usage.output_total().0),
            "usage_source": it.usage.map(|usage| usage.source.name()),
            "latency_ms": u64::try_from(it.latency.as_millis()).unwrap_or(u64::MAX),
            "first_token_ms": it.ttft.and_then(|it| u64::try_from(it.as_millis()).ok()),
        })),
    })
}

fn sums(app: &App) -> Response<Body> {
    match app.store.reader().and_then(|reader| reader.sums()) {
        Ok(sums) => respond::json(
            StatusCode::OK,
            json!({
                "rows": sums.rows, "held": sums.held, "settled": sums.settled,
                "released": sums.released, "refused": sums.refused, "expired": sums.expired,
                "cost_usd": sums.cost.to_string(), "avoided_usd": sums.avoided.to_string(),
                "imputed_usd": sums.imputed.to_string(), "reserved_usd": sums.reserved.to_string(),
            })
            .to_string(),
        ),
        Err(error) => {
            let body = json!({ "error": error.to_string() }).to_string();
            respond::json(StatusCode::SERVICE_UNAVAILABLE, body)
        }
    }
}
