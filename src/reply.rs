//! stream back: an answer or a refusal as an HTTP reply, with the headers that explain it.

use std::fmt::Write as _;
use std::sync::Arc;

use hyper::header::{AGE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use tracing::{info, warn};

use crate::app::App;
use crate::budget::OverBudget;
use crate::cache::{Kept as Cached, Told};
use crate::caller::{Left, Standing};
use crate::chat::UsageSource;
use crate::clock;
use crate::dialect::Dialect;
use crate::dispatch::{Answer, Case, Content};
use crate::failure::{Code, Failure, Fault};
use crate::idempotency::{self, Kept, Ticket};
use crate::money::{NanoUsd, Tokens};
use crate::policy::{Refusal, RefusalCode, TargetId};
use crate::server::{Body, respond};
use crate::telemetry::Outcome;
use crate::trail;

/// The decision's id, on every reply.
pub const DECISION: HeaderName = HeaderName::from_static("x-ambidex-decision");
/// The route that won.
pub const ROUTE: HeaderName = HeaderName::from_static("x-ambidex-route");
/// The target that answered.
pub const TARGET: HeaderName = HeaderName::from_static("x-ambidex-target");
/// The zone of that target.
pub const ZONE: HeaderName = HeaderName::from_static("x-ambidex-zone");
/// What the answer cost, in dollars.
pub const COST: HeaderName = HeaderName::from_static("x-ambidex-cost-usd");
/// The most that a stream can cost: its real cost is known only at its end.
pub const COST_MAX: HeaderName = HeaderName::from_static("x-ambidex-cost-max-usd");
/// On an answer that was given before, under the same idempotency key.
pub const REPLAYED: HeaderName = HeaderName::from_static("x-ambidex-replayed");
/// Into how many parts the local model had to cut the text.
pub const PARTS: HeaderName = HeaderName::from_static("x-ambidex-parts");
/// Whether the answer was given before: `hit`, or `miss` where it was looked for.
pub const CACHE: HeaderName = HeaderName::from_static("x-ambidex-cache");
/// The decision by which an answer from the cache was first given.
pub const CACHED_FROM: HeaderName = HeaderName::from_static("x-ambidex-cached-from");
/// On an answer that is in no record, because none could be written: why.
pub const UNRECORDED: HeaderName = HeaderName::from_static("x-ambidex-unrecorded");
/// Why a request was refused.
pub const REASON: HeaderName = HeaderName::from_static("x-ambidex-reason");

const REQUESTS: [&str; 3] =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const TOKENS: [&str; 3] =
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];

/// Where a count comes from, on replies that count tokens.
pub const COUNTED_BY: HeaderName = HeaderName::from_static("x-ambidex-usage-source");

/// The reply to a question for a request's length.
pub fn counted(count: Tokens) -> Response<Body> {
    let body = serde_json::json!({ "input_tokens": count.0 }).to_string();
    let mut reply = respond::json(StatusCode::OK, body);
    insert(reply.headers_mut(), COUNTED_BY, UsageSource::Estimated.name());
    reply
}

/// A request that ended without an answer.
#[derive(Debug)]
pub struct Stopped {
    failure: Failure,
    case: Option<Arc<Case>>,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self { failure, case: None }
    }
}

impl Stopped {
    /// No target gave an answer.
    pub fn failed(case: &Arc<Case>, failure: Failure) -> Self {
        Self { failure, case: Some(Arc::clone(case)) }
    }

    /// The policy said no.
    pub fn refused(
        app: &App,
        case: &Arc<Case>,
        refusal: Refusal,
        over_budget: Option<OverBudget>,
    ) -> Self {
        let code = match refusal.code {
            RefusalCode::PolicyRefused | RefusalCode::NoCapableTarget => Code::PolicyRefused,
            RefusalCode::BudgetExceeded => Code::BudgetExceeded,
            RefusalCode::RequestTooLong => Code::RequestTooLong,
            RefusalCode::TargetsDown => Code::TargetsUnavailable,
        };
        let mut message = refusal.say;
        if let (Code::BudgetExceeded, Some(over)) = (code, over_budget) {
            message = format!("{message} ({over})");
        }
        let failure = if code == Code::TargetsUnavailable {
            Failure::ours(code, message)
        } else {
            Failure::client(code, message)
        };
        trail::told(app, case, "none", code.name(), NanoUsd::ZERO);
        Self { failure, case: Some(Arc::clone(case)) }
    }
}

/// The reply for a request that ended without an answer.
pub fn stopped(app: &App, stopped: &Stopped, dialect: &dyn Dialect) -> Response<Body> {
    let Stopped { failure, case } = stopped;
    app.metrics.refusals.with_label_values(&[failure.code.name()]).inc();
    if failure.at_fault != Fault::Client {
        let decision = case.as_ref().map_or("none", |case| case.id.as_str());
        warn!(decision, code = failure.code.name(), reason = failure.message, "no answer");
    }
    if case.is_none() {
        let names = ["none", "none", dialect.surface().name(), Outcome::Refused.name()];
        app.metrics.requests.with_label_values(&names).inc();
        let code = failure.code.name();
        info!(target: "ambidex::request", decision = "none", outcome = code, "request");
    }
    let decision = case.as_ref().map(|case| case.id.as_str());
    let mut reply = respond::failure(failure, dialect, decision);
    let headers = reply.headers_mut();
    insert(headers, REASON, &failure.message);
    insert(headers, COST, "0.00");
    if let Some(case) = case {
        rates(headers, case.standing);
        insert(headers, DECISION, &case.id);
        insert(headers, ROUTE, &case.route);
    }
    reply
}

/// What every reply with an answer says of its request: how it stands with its rates, what was decided,
/// where the answer comes from, and whether there is a record.
fn tell_case(headers: &mut HeaderMap, app: &App, case: &Case, target: Option<TargetId>) {
    rates(headers, case.standing);
    insert(headers, DECISION, &case.id);
    insert(headers, ROUTE, &case.route);
    if let Some(destination) = target.and_then(|target| app.destination(target)) {
        insert(headers, TARGET, &destination.name);
        insert(headers, ZONE, &destination.zone);
    }
    if !case.is_recorded {
        insert(headers, UNRECORDED, Code::LedgerUnavailable.name());
    }
}

/// The reply for an answer.
pub fn answered(app: &App, case: &Case, answer: Answer) -> Response<Body> {
    let (mut reply, cost, cost_max) = match answer.content {
        Content::Whole { body, cost } => (respond::json(StatusCode::OK, body), Some(cost), None),
        Content::Events { pieces, cost_max } => (respond::events(pieces), None, Some(cost_max)),
        Content::Refusal { status, body, headers } => {
            let mut reply = respond::json(status, body);
            if let Some(pause) = headers.get(RETRY_AFTER) {
                reply.headers_mut().insert(RETRY_AFTER, pause.clone());
            }
            (reply, None, None)
        }
    };
    let headers = reply.headers_mut();
    tell_case(headers, app, case, answer.target);
    let parts = case.read_in.get();
    if parts > 0 {
        headers.insert(PARTS, HeaderValue::from(parts));
    }
    if let Some(cost) = cost {
        insert(headers, COST, &cost.to_string());
    }
    if let Some(cost_max) = cost_max {
        insert(headers, COST_MAX, &cost_max.to_string());
    }
    if case.place.is_some() {
        headers.insert(CACHE, HeaderValue::from_static("miss"));
    }
    if let Some(ticket) = &case.ticket {
        remember(&reply, ticket, &case.id);
    }
    reply
}

/// The reply for an answer that was given before.
pub fn cached(app: &App, case: &Case, kept: &Cached) -> Response<Body> {
    let mut reply = match &kept.told {
        Told::Events(events) => respond::all_events(events.clone()),
        Told::Whole(body) => respond::json(StatusCode::OK, body.clone()),
    };
    let headers = reply.headers_mut();
    tell_case(headers, app, case, Some(kept.target));
    insert(headers, COST, "0.00");
    headers.insert(CACHE, HeaderValue::from_static("hit"));
    insert(headers, CACHED_FROM, &kept.decision);
    let age = clock::instant().saturating_duration_since(kept.at);
    headers.insert(AGE, HeaderValue::from(age.as_secs()));
    if let Some(ticket) = &case.ticket {
        remember(&reply, ticket, &case.id);
    }
    reply
}

/// The reply that a request under the same idempotency key was given.
pub fn again(kept: Kept) -> Response<Body> {
    let mut reply = Response::new(Body::whole(kept.body));
    *reply.status_mut() = kept.status;
    *reply.headers_mut() = kept.headers;
    reply.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    reply
}

/// Keeps an answer for a client that asks again under the same key. An error is not kept.
fn remember(reply: &Response<Body>, ticket: &Ticket, decision: &str) {
    if reply.status() != StatusCode::OK {
        return;
    }
    ticket.answered(match reply.body() {
        Body::Whole(Some(body)) => {
            let (status, headers) = (reply.status(), reply.headers().clone());
            idempotency::Outcome::Whole(Kept { status, headers, body: body.clone() })
        }
        Body::Whole(None) | Body::Stream(_) => idempotency::Outcome::Gone(decision.to_owned()),
    });
}

/// What is left of the caller's rates, in the headers that clients of OpenAI's API know.
fn rates(headers: &mut HeaderMap, standing: Standing) {
    for (names, left) in [(REQUESTS, standing.requests), (TOKENS, standing.tokens)] {
        let Some(Left { limit, remaining, reset }) = left else { continue };
        let [of_limit, of_remaining, of_reset] = names;
        headers.insert(HeaderName::from_static(of_limit), HeaderValue::from(limit));
        headers.insert(HeaderName::from_static(of_remaining), HeaderValue::from(remaining));
        let reset = format!("{}ms", reset.as_millis());
        insert(headers, HeaderName::from_static(of_reset), &reset);
    }
}

/// Adds a header; what a header cannot carry (a `why` in Chinese) is percent-encoded.
fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text)
        && text.is_ascii()
    {
        headers.insert(name, value);
        return;
    }
    let mut encoded = String::with_capacity(text.len().saturating_mul(3));
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    if let Ok(value) = HeaderValue::try_from(encoded) {
        headers.insert(name, value);
    }
}
