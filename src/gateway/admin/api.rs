//! The admin API: decisions, sums, keys, budgets and targets, as JSON for programs.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use super::{Admin, Operator};
use crate::app::App;
use crate::clock;
use crate::console::Form;
use crate::gateway::keys::{self, KeyWishError, NewKey};
use crate::receive;
use crate::record::keys::KeyError;
use crate::record::{LedgerError, LedgerRow, Wanted};
use crate::server::{Body, respond};

/// Most decisions in one answer.
const ROWS_MAX: u32 = 1_000;
/// How long an old secret stays good where nobody says.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// Answers a request below `/admin/api`, but for the policy's.
pub(super) async fn handle(
    admin: &Arc<Admin>,
    operator: &Operator,
    request: Request<Incoming>,
) -> Response<Body> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let Some(path) = path.strip_prefix("/admin/api/") else { return nothing() };
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        (Method::GET, ["decisions"]) => {
            let query = Form::read(request.uri().query().unwrap_or_default());
            blocking(admin, move |admin| decisions(&admin.app, &query)).await
        }
        (Method::GET, ["decisions", id]) => {
            let id = (*id).to_owned();
            blocking(admin, move |admin| decision(&admin.app, &id)).await
        }
        (Method::GET, ["ledger", "sums"]) => blocking(admin, |admin| sums(&admin.app)).await,
        (Method::GET, ["budgets"]) => budgets(&admin.app),
        (Method::GET, ["targets"]) => targets(&admin.app),
        (method, ["keys", rest @ ..]) => of_keys(admin, operator, (method, rest), request).await,
        _ => nothing(),
    }
}

/// Answers a request below `/admin/api/keys`.
async fn of_keys(
    admin: &Arc<Admin>,
    operator: &Operator,
    asked: (Method, &[&str]),
    request: Request<Incoming>,
) -> Response<Body> {
    match asked {
        (Method::GET, []) => blocking(admin, list).await,
        (Method::POST, []) => match read::<NewKey>(&admin.app, request).await {
            Ok(wish) => {
                let name = wish.name.clone();
                told(operator, "created", &name);
                let make = move |admin: &Admin| {
                    let made = admin.keys.create(&admin.app, wish, clock::now());
                    secret(&name, made)
                };
                blocking(admin, make).await
            }
            Err(problem) => problem,
        },
        (Method::POST, [name, "rotate"]) => {
            let name = (*name).to_owned();
            match read::<Rotation>(&admin.app, request).await {
                Ok(Rotation { overlap }) => {
                    let overlap = overlap.map_or(Ok(OVERLAP), |text| text.parse());
                    let Ok(overlap) = overlap else {
                        return problem(
                            StatusCode::BAD_REQUEST,
                            "`overlap` is a time such as `24h`",
                        );
                    };
                    told(operator, "rotated", &name);
                    let turn = move |admin: &Admin| {
                        let (app, now) = (&admin.app, clock::now());
                        secret(&name, admin.keys.rotate(app, (&name, overlap), now))
                    };
                    blocking(admin, turn).await
                }
                Err(problem) => problem,
            }
        }
        (Method::PUT, [name, "budgets"]) => {
            let name = (*name).to_owned();
            match read::<KeyBudgets>(&admin.app, request).await {
                Ok(KeyBudgets { budgets }) => {
                    told(operator, "given other budgets", &name);
                    blocking(admin, move |admin| budgeted(admin, &name, &budgets)).await
                }
                Err(problem) => problem,
            }
        }
        (Method::DELETE, [name]) => {
            let name = (*name).to_owned();
            told(operator, "revoked", &name);
            let end = move |admin: &Admin| match admin.keys.revoke(&admin.app, &name, clock::now())
            {
                Ok(()) => ok(&json!({ "name": name, "revoked": true })),
                Err(error) => unwanted(&error),
            };
            blocking(admin, end).await
        }
        _ => nothing(),
    }
}

/// Who did what to a key, in the log. Names only.
fn told(operator: &Operator, what: &'static str, name: &str) {
    let name = if crate::yaml::is_name(name) { name } else { "?" };
    info!(operator = operator.name, what, key = name, "a change of an API key is asked for");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// How long the old secret stays good, such as `24h`.
    #[serde(default)]
    overlap: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBudgets {
    /// One line each; none for no budget of its own.
    budgets: Vec<String>,
}

fn budgeted(admin: &Admin, name: &str, lines: &[String]) -> Response<Body> {
    match admin.keys.budget(&admin.app, (name, lines), clock::now()) {
        Ok(kept) => ok(&json!({ "name": name, "budgets": kept })),
        Err(error) => unwanted(&error),
    }
}

/// The files are read off the threads that serve.
async fn blocking(
    admin: &Arc<Admin>,
    work: impl FnOnce(&Admin) -> Response<Body> + Send + 'static,
) -> Response<Body> {
    let admin = Arc::clone(admin);
    let done = tokio::task::spawn_blocking(move || work(&admin)).await;
    done.unwrap_or_else(|_| problem(StatusCode::SERVICE_UNAVAILABLE, "the gateway is stopping"))
}

async fn read<T: for<'de> Deserialize<'de>>(
    app: &App,
    request: Request<Incoming>,
) -> Result<T, Response<Body>> {
    let wrong = |message: &str| problem(StatusCode::BAD_REQUEST, message);
    let body = receive::body(request, &app.limits).await.map_err(|it| wrong(&it.message))?;
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    serde_json::from_slice(body).map_err(|error| wrong(&error.to_string()))
}

fn ok(body: &Value) -> Response<Body> {
    respond::json(StatusCode::OK, body.to_string())
}

fn problem(status: StatusCode, message: &str) -> Response<Body> {
    respond::json(status, json!({ "error": message }).to_string())
}

fn nothing() -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "nothing is at this path, or not for this method; see /docs")
}

fn unreadable(error: &LedgerError) -> Response<Body> {
    problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
}

fn unwanted(error: &KeyWishError) -> Response<Body> {
    let status = match error {
        KeyWishError::Wrong(_) | KeyWishError::Keys(KeyError::Operates(_)) => {
            StatusCode::BAD_REQUEST
        }
        KeyWishError::Keys(KeyError::Unknown(_)) => StatusCode::NOT_FOUND,
        KeyWishError::Keys(KeyError::Exists(_) | KeyError::Revoked(_)) => StatusCode::CONFLICT,
        KeyWishError::Keys(KeyError::Ledger(_)) | KeyWishError::NoRandom(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    problem(status, &error.to_string())
}

/// A new secret, this once.
fn secret(name: &str, made: Result<crate::secret::Secret, KeyWishError>) -> Response<Body> {
    match made {
        Ok(key) => ok(&json!({ "name": name, "key": key.expose() })),
        Err(error) => unwanted(&error),
    }
}

fn list(admin: &Admin) -> Response<Body> {
    let now = clock::now();
    match admin.keys.list() {
        Ok(rows) => {
            ok(&json!({ "keys": rows.iter().map(|row| keys::view(row, now)).collect::<Vec<_>>() }))
        }
        Err(error) => unreadable(&error),
    }
}

fn decisions(app: &App, query: &Form) -> Response<Body> {
    let wanted = Wanted {
        target: query.text("target").to_owned(),
        sensitivity: query.text("sensitivity").to_owned(),
        team: query.text("team").to_owned(),
        outcome: query.text("outcome").to_owned(),
        id: query.text("id").to_owned(),
        before: query.text("before").parse().ok(),
    };
    let limit = query.text("limit").parse().unwrap_or(100).min(ROWS_MAX);
    match app.store.reader().and_then(|reader| reader.find(&wanted, limit)) {
        Ok(rows) => ok(&json!({ "decisions": rows.iter().map(view).collect::<Vec<_>>() })),
        Err(error) => unreadable(&error),
    }
}

fn decision(app: &App, id: &str) -> Response<Body> {
    match app.store.reader().and_then(|reader| reader.row(id)) {
        Ok(Some(row)) => ok(&view(&row)),
        Ok(None) => problem(StatusCode::NOT_FOUND, "no such decision"),
        Err(error) => unreadable(&error),
    }
}

fn budgets(app: &App) -> Response<Body> {
    let pots = app.budgets.snapshot(clock::now()).pots;
    let pots = pots.iter().map(|pot| {
        json!({
            "budget": pot.budget, "subject": pot.subject,
            "from": pot.span.start.to_string(), "until": pot.span.end.to_string(),
            "limit_usd": pot.standing.limit.to_string(), "spent_usd": pot.standing.spent.to_string(),
            "reserved_usd": pot.standing.reserved.to_string(), "overrun_usd": pot.overrun.to_string(),
        })
    });
    ok(&json!({ "budgets": pots.collect::<Vec<_>>() }))
}

fn targets(app: &App) -> Response<Body> {
    let targets = app.destinations.iter().map(|it| {
        json!({
            "name": it.name, "zone": it.zone, "provider": it.provider(), "model": it.model(),
            "is_on": it.power == crate::config::settings::Power::On,
            "is_priced": it.engine().is_some() || it.listing.is_some(),
            "standing": it.standing(), "free_seats": it.seats.available_permits(),
        })
    });
    ok(&json!({ "targets": targets.collect::<Vec<_>>() }))
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
            "verified": it.verified.as_ref().map(|it| json!({
                "verdict": it.verdict,
                "score": it.score,
            })),
            "read_in": (it.read_in > 0).then_some(it.read_in),
            "compared": it.compared.as_ref().map(|it| json!({
                "with": it.with,
                "agreement": it.agreement,
                "cost_usd": it.cost.to_string(),
            })),
            "first_token_ms": it.ttft.and_then(|it| u64::try_from(it.as_millis()).ok()),
        })),
    })
}

fn sums(app: &App) -> Response<Body> {
    match app.store.reader().and_then(|reader| reader.sums()) {
        Ok(sums) => ok(&json!({
            "rows": sums.rows, "held": sums.held, "settled": sums.settled,
            "released": sums.released, "refused": sums.refused, "expired": sums.expired,
            "cost_usd": sums.cost.to_string(), "avoided_usd": sums.avoided.to_string(),
            "imputed_usd": sums.imputed.to_string(), "reserved_usd": sums.reserved.to_string(),
        })),
        Err(error) => unreadable(&error),
    }
}
