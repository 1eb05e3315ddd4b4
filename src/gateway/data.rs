//! The data listener's paths.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::chat::Surface;
use crate::clock;
use crate::destination::Destination;
use crate::dialect;
use crate::pipeline;
use crate::receive::{self, Endpoint};
use crate::reply::{self, Stopped};
use crate::server::{Body, respond};

/// The model name that leaves the choice to the policy.
const AUTO: &str = "auto";

pub(super) async fn handle(app: &Arc<App>, request: Request<Incoming>) -> Response<Body> {
    let endpoint = receive::endpoint(request.method(), request.uri().path());
    // Probes of a load balancer may be as plain as they like: they say nothing and are told little.
    let framed = match endpoint {
        Ok(Endpoint::Health | Endpoint::Ready) => Ok(()),
        Ok(Endpoint::Chat(_) | Endpoint::CountTokens(_) | Endpoint::Models) | Err(_) => {
            receive::check_framing(&request)
        }
    };
    match framed.and(endpoint) {
        Ok(Endpoint::Chat(surface)) => pipeline::handle(app, surface, request).await,
        Ok(Endpoint::CountTokens(surface)) => pipeline::count_tokens(app, surface, request).await,
        Ok(Endpoint::Models) => models(app, &request),
        Ok(Endpoint::Health) => health(app),
        Ok(Endpoint::Ready) => ready(app),
        Err(failure) => {
            let spoken = receive::spoken(request.uri().path(), request.headers());
            reply::stopped(app, &Stopped::from(failure), dialect::of(spoken))
        }
    }
}

/// It lives, and decides by this policy.
fn health(app: &App) -> Response<Body> {
    let policy = app.policy();
    let body = json!({ "status": "ok", "policy": policy.name(), "policy_rev": policy.rev() });
    respond::json(StatusCode::OK, body.to_string())
}

/// Can it serve? Not while it drains, and not without a ledger. With a bad policy file it can, by
/// the policy before: that is worth a line, not an outage.
fn ready(app: &App) -> Response<Body> {
    let policy = app.policy();
    let answer = |status, word: &str, detail: Option<String>| {
        // A target that is left alone is worth a word, not an outage: others may answer.
        let standing = |it: &Destination| (it.name.clone(), Value::from(it.standing()));
        let targets: Map<String, Value> = app.destinations.iter().map(standing).collect();
        let body = json!({
            "status": word, "policy_rev": policy.rev(), "detail": detail, "targets": targets,
        });
        respond::json(status, body.to_string())
    };
    if app.shutdown.drain.is_cancelled() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "draining", None);
    }
    match app.store.healthy() {
        Ok(()) => answer(StatusCode::OK, "ready", app.rollout.trouble()),
        Err(error) => {
            let detail = format!("the ledger cannot be written: {error}");
            answer(StatusCode::SERVICE_UNAVAILABLE, "unready", Some(detail))
        }
    }
}

fn models(app: &App, request: &Request<Incoming>) -> Response<Body> {
    let key = receive::credentials(request.headers());
    let spoken = receive::spoken(request.uri().path(), request.headers());
    if let Err(failure) = app.callers.identify(key.as_ref(), clock::now()) {
        return reply::stopped(app, &failure.into(), dialect::of(spoken));
    }
    let mut models = vec![(AUTO, "ambidex")];
    models.extend(app.destinations.iter().map(|it| (it.model(), it.zone.as_str())));
    models.dedup_by(|a, b| a.0 == b.0);
    let list = match spoken {
        Surface::OpenAiChat
        | Surface::OpenAiCompletions
        | Surface::OpenAiResponses
        | Surface::OpenAiEmbeddings => {
            let entry = |(id, owner): &(&str, &str)| json!({ "id": id, "object": "model", "created": 0, "owned_by": owner });
            json!({ "object": "list", "data": models.iter().map(entry).collect::<Vec<_>>() })
        }
        Surface::AnthropicMessages => {
            let entry = |(id, _): &(&str, &str)| json!({ "type": "model", "id": id, "display_name": id, "created_at": "1970-01-01T00:00:00Z" });
            json!({
                "data": models.iter().map(entry).collect::<Vec<_>>(),
                "has_more": false,
                "first_id": models.first().map(|it| it.0),
                "last_id": models.last().map(|it| it.0),
            })
        }
    };
    respond::json(StatusCode::OK, list.to_string())
}
