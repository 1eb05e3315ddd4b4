//! The policy in force, by HTTP: state, reload, shadow and promotion, for operators.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::app::App;
use crate::receive;
use crate::rollout::{self, Change, Rollout, RolloutError, ShadowReport};
use crate::server::{Body, respond};

/// Answers a request below `/admin/api/policy`.
pub(super) async fn handle(app: &Arc<App>, request: Request<Incoming>) -> Response<Body> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let is_dry = query.split('&').any(|it| it == "dry_run=true");
    match (method, path.as_str()) {
        (Method::GET, "/admin/api/policy") => state(app),
        (Method::POST, "/admin/api/policy/reload") if is_dry => dry_run(app, request).await,
        (Method::POST, "/admin/api/policy/reload") => answer(rollout::reload(app).await),
        (Method::GET, "/admin/api/policy/shadow") => shadow(app),
        (Method::POST, "/admin/api/policy/shadow") => match source(app, request).await {
            Ok(source) => answer(Rollout::cast(app, source).await),
            Err(problem) => problem,
        },
        (Method::DELETE, "/admin/api/policy/shadow") => {
            let report = Rollout::lift(app).await.map(|shadow| report(&shadow.report()));
            respond::json(StatusCode::OK, json!({ "ended": report }).to_string())
        }
        (Method::POST, "/admin/api/policy/promote") => {
            let rev = query.split('&').find_map(|it| it.strip_prefix("rev="));
            answer(rollout::promote(app, rev).await)
        }
        _ => {
            let problem = json!({ "error": "nothing is at this path, or not for this method" });
            respond::json(StatusCode::NOT_FOUND, problem.to_string())
        }
    }
}

async fn source(app: &App, request: Request<Incoming>) -> Result<String, Response<Body>> {
    let wrong = |problem: String| {
        respond::json(StatusCode::BAD_REQUEST, json!({ "error": problem }).to_string())
    };
    let body = receive::body(request, &app.limits).await.map_err(|it| wrong(it.message))?;
    String::from_utf8(body.into()).map_err(|_| wrong("a policy is UTF-8 text".to_owned()))
}

/// Checks the policy in the body, else the policy file, and changes nothing.
async fn dry_run(app: &Arc<App>, request: Request<Incoming>) -> Response<Body> {
    let source = match source(app, request).await {
        Ok(source) => source,
        Err(problem) => return problem,
    };
    let source = Some(source).filter(|it| !it.trim().is_empty());
    answer(rollout::rehearse(app, source).await)
}

fn answer(outcome: Result<Change, RolloutError>) -> Response<Body> {
    match outcome {
        Ok(change) => {
            let body = json!({
                "changed": change.is_new(),
                "before": change.before,
                "rev": change.after,
                "warnings": change.warnings.to_string(),
            });
            respond::json(StatusCode::OK, body.to_string())
        }
        Err(error) => {
            let status = match &error {
                RolloutError::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
                RolloutError::Embedded
                | RolloutError::NoShadow
                | RolloutError::OtherShadow { .. } => StatusCode::CONFLICT,
                RolloutError::Unreadable { .. } | RolloutError::Unwritable { .. } => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
                RolloutError::Ledger(_) | RolloutError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            };
            respond::json(status, json!({ "error": error.to_string() }).to_string())
        }
    }
}

fn state(app: &App) -> Response<Body> {
    let policy = app.policy();
    let body = json!({
        "name": policy.name(),
        "owner": policy.owner(),
        "rev": policy.rev(),
        "source": app.rollout.source_name(),
        "trouble": app.rollout.trouble(),
        "shadow": app.rollout.shadow().map(|shadow| shadow.policy().rev().to_owned()),
    });
    respond::json(StatusCode::OK, body.to_string())
}

fn shadow(app: &App) -> Response<Body> {
    match app.rollout.shadow() {
        Some(shadow) => respond::json(StatusCode::OK, report(&shadow.report()).to_string()),
        None => answer(Err(RolloutError::NoShadow)),
    }
}

fn report(report: &ShadowReport) -> Value {
    let differences = report.differences.iter().map(|(live, shadow, pair)| {
        json!({
            "live": live, "shadow": shadow, "count": pair.count,
            "widened": pair.widened, "examples": pair.examples,
        })
    });
    let unsure = report.unsure.iter();
    let unsure = unsure.map(|(reason, count)| json!({ "reason": reason, "count": count }));
    json!({
        "name": report.name,
        "rev": report.rev,
        "since": report.since.to_string(),
        "decided": report.decided,
        "agreed": report.agreed,
        "unsure": unsure.collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<_>>(),
    })
}
