//! The admin listener's paths: metrics, the admin API, its description, and the console.

mod api;
mod openapi;
mod operators;
mod policy;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use super::keys::ManagedKeys;
use crate::app::App;
use crate::clock;
use crate::config::settings::Power;
use crate::console;
use crate::receive;
use crate::server::{Body, respond};
use crate::telemetry::Drops;
use crate::upstream::RemoteSettings;
pub(crate) use operators::{Denied, Operator, Operators};

/// What operators work with.
#[derive(Debug)]
pub(crate) struct Admin {
    /// The gateway.
    pub(crate) app: Arc<App>,
    /// Who may.
    pub(crate) operators: Operators,
    /// The keys that operators make.
    pub(crate) keys: Arc<ManagedKeys>,
    /// How remote targets are reached, by name, for trying their connection.
    pub(crate) remotes: Vec<(String, RemoteSettings)>,
}

const PAGE: &str = "Ambidex admin: /console, /metrics, /admin/api (described at /docs)\n";

pub(super) async fn handle(admin: &Arc<Admin>, request: Request<Incoming>) -> Response<Body> {
    if let Err(failure) = receive::check_framing(&request) {
        let problem = json!({ "error": failure.message }).to_string();
        return respond::json(StatusCode::BAD_REQUEST, problem);
    }
    let path = request.uri().path();
    if path == "/console" || path.starts_with("/console/") {
        return console::handle(admin, request).await;
    }
    match path {
        "/" => respond::typed(StatusCode::OK, "text/plain", PAGE),
        "/docs" => openapi::page(),
        "/docs/openapi.json" => openapi::document(),
        "/metrics" if admin.operators.may_scrape(request.headers(), clock::now()) => {
            metrics(&admin.app)
        }
        "/metrics" => denied(Denied::NoKey),
        _ => match admin.operators.by_key(request.method(), request.headers(), clock::now()) {
            Ok(_) if path.starts_with("/admin/api/policy") => {
                policy::handle(&admin.app, request).await
            }
            Ok(operator) => api::handle(admin, &operator, request).await,
            Err(why) => denied(why),
        },
    }
}

/// Says why somebody may not.
fn denied(why: Denied) -> Response<Body> {
    let status = match why {
        Denied::NoKey => StatusCode::UNAUTHORIZED,
        Denied::Foreign => StatusCode::FORBIDDEN,
        Denied::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Denied::NoRandom => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut reply = respond::json(status, json!({ "error": why.to_string() }).to_string());
    if why == Denied::NoKey {
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    reply
}

/// Gauges are set when they are read: budgets and queues change by themselves.
fn metrics(app: &App) -> Response<Body> {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    for it in app.destinations.iter().filter(|it| it.power == Power::On) {
        let up = if it.health.admits() { 1.0 } else { 0.0 };
        app.metrics.target_up.with_label_values(&[&it.name]).set(up);
    }
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
    if let Some(cache) = &app.cache {
        let it = cache.standing();
        app.metrics.cache((count(it.answers), count(it.bytes)), it.aged, it.displaced);
    }
    let counts = app.store.counts();
    let drops =
        Drops { lost: counts.lost, rejected: counts.rejected, repeated: counts.settled_twice };
    let page = app.metrics.page(&app.budgets.snapshot(clock::now()).pots, drops);
    respond::typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page)
}
