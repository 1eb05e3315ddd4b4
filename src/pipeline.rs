//! The life of one request, top to bottom. Nothing else in the crate knows all the stages.
//!
//! receive → identify → inspect → decide → reserve → dispatch → stream back → settle & record.
//! Each stage takes the value that the one before it made; a stage cannot be skipped, because the
//! value it would have made is missing: [`upstream::send`](crate::upstream::send) wants the
//! [`Clearance`](crate::policy::Clearance) that only the policy makes and the
//! [`Hold`](crate::budget::Hold) that only the budgets make.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Request as HttpRequest, Response};
use jiff::Timestamp;

use crate::app::App;
use crate::cache::{self, Asked, Freshness, Kept, Place};
use crate::caller::{Admitted, Caller};
use crate::chat::{self, Surface};
use crate::clock;
use crate::decide::{self, Decided, Known, Said};
use crate::dialect;
use crate::dispatch::{self, Case, Masking, Plan, Raised, ReadIn, Servers, Unsent};
use crate::failure::{Code, Failure};
use crate::idempotency::{self, Seen};
use crate::inspect::{Scan, Task};
use crate::money::Tokens;
use crate::policy::Policy;
use crate::receive;
use crate::record::{DecidedRow, LedgerDown};
use crate::reply::{self, Stopped};
use crate::rollout::Shadow;
use crate::server::Body;
use crate::telemetry::traces::{End, Parts, Reach};
use crate::trail;

/// Answers one request to a model. Never fails: a failure is an answer, too.
pub async fn handle(
    app: &Arc<App>,
    surface: Surface,
    incoming: HttpRequest<Incoming>,
) -> Response<Body> {
    match Box::pin(answer(app, surface, incoming)).await {
        Ok(reply) => reply,
        Err(stopped) => reply::stopped(app, &stopped, dialect::of(surface)),
    }
}

/// Tells how long a request is, in tokens of our estimate. Nothing is sent and nothing decided.
pub async fn count_tokens(
    app: &Arc<App>,
    surface: Surface,
    incoming: HttpRequest<Incoming>,
) -> Response<Body> {
    match counted(app, surface, incoming).await {
        Ok(count) => reply::counted(count),
        Err(failure) => reply::stopped(app, &failure.into(), dialect::of(surface)),
    }
}

async fn counted(
    app: &Arc<App>,
    surface: Surface,
    incoming: HttpRequest<Incoming>,
) -> Result<Tokens, Failure> {
    let key = receive::credentials(incoming.headers());
    let _admitted = app.callers.identify(key.as_ref(), clock::now())?;
    let body = receive::body(incoming, &app.limits).await?;
    let request = read(surface, body)?;
    let inspection = app.inspector.inspection(&app.policy());
    let findings = app.inspector.read(&request, &inspection).await;
    if findings.scan == Scan::Uninspected {
        return Err(Failure::ours(Code::Internal, "the text could not be counted in time"));
    }
    Ok(findings.tokens_input)
}

async fn answer(
    app: &Arc<App>,
    surface: Surface,
    incoming: HttpRequest<Incoming>,
) -> Result<Response<Body>, Stopped> {
    let (started, now) = (clock::instant(), clock::now());

    // receive, in two steps: whoever may not ask does not get a body read. (How it is framed was checked.)
    // identify
    let key = receive::credentials(incoming.headers());
    let admitted = app.callers.identify(key.as_ref(), now)?;
    // One request sees one policy, whatever is loaded meanwhile.
    let (policy, shadow) = (app.policy(), app.rollout.shadow());
    let said = Said::headers(&policy, shadow.as_deref(), incoming.headers());
    let idempotency_key = incoming.headers().get(idempotency::HEADER).cloned();
    let asks = Asks { idempotency_key, freshness: Freshness::of(incoming.headers()) };
    let body = receive::body(incoming, &app.limits).await?;
    let arrived = Arrived { admitted, policy, shadow, said, asks, body, started, now };
    Box::pin(decided(app, surface, arrived)).await
}

/// Answers a request that an operator sends as one of the callers: the same way, from identify on.
pub async fn handle_as(
    app: &Arc<App>,
    surface: Surface,
    admitted: Admitted,
    body: Bytes,
) -> Response<Body> {
    let (policy, shadow) = (app.policy(), app.rollout.shadow());
    let (said, started, now) = (Said::default(), clock::instant(), clock::now());
    // An operator who tries something wants to see it happen.
    let asks = Asks { idempotency_key: None, freshness: Freshness::Apart };
    let arrived = Arrived { admitted, policy, shadow, said, asks, body, started, now };
    match Box::pin(decided(app, surface, arrived)).await {
        Ok(reply) => reply,
        Err(stopped) => reply::stopped(app, &stopped, dialect::of(surface)),
    }
}

/// A request whose caller is known and whose body is there.
struct Arrived {
    admitted: Admitted,
    policy: Arc<Policy>,
    shadow: Option<Arc<Shadow>>,
    said: Said,
    asks: Asks,
    body: Bytes,
    started: clock::Instant,
    now: Timestamp,
}

/// What a client says about answers that it, or somebody, has been given.
struct Asks {
    idempotency_key: Option<HeaderValue>,
    freshness: Freshness,
}

async fn decided(
    app: &Arc<App>,
    surface: Surface,
    arrived: Arrived,
) -> Result<Response<Body>, Stopped> {
    let Arrived { admitted, policy, shadow, said, asks, body, started, now } = arrived;
    let Admitted { caller, seats, standing } = admitted;
    let received = clock::instant();
    let ticket = match seen(app, &caller, asks.idempotency_key, &body)? {
        Some(Seen::Before(kept)) => return Ok(reply::again(kept)),
        Some(Seen::First(ticket)) => Some(ticket),
        None => None,
    };
    let request = read(surface, body)?;
    caller.may_ask_for(&request.model)?;

    // inspect
    let inspection = app.inspector.inspection(&policy);
    let mut findings = app.inspector.read(&request, &inspection).await;
    let inspected = clock::instant();
    app.metrics.stage("inspect", inspected - received);

    let tokens = wanted_tokens(&request, findings.tokens_input);
    let standing = standing.and(caller.count_tokens(tokens)?);

    // decide and reserve: the policy's word, and money for it.
    let said = said.and_metadata(&policy, shadow.as_deref(), &request);
    findings.task = said.task(findings.task, &caller);
    let reach = reach(app);
    let known = Known { caller: &caller, request: &request, said: &said, findings: &findings, now };
    let decided = Box::pin(decide::decide(app, &policy, known, reach)).await;
    app.metrics.stage("decide", clock::instant() - inspected);

    let (place, kept) = looked_for(app, &policy, known, (&decided, asks.freshness));
    let case = Arc::new(Case {
        id: app.ids.next(),
        route: trail::route(&policy, &decided).to_owned(),
        caller: Arc::clone(&caller),
        surface: surface.name(),
        at: now,
        started,
        input: findings.tokens_input,
        tokens,
        sent_to: Servers::default(),
        standing,
        seats,
        reserved: decided.reserved(),
        is_recorded: reach == decide::Reach::Anywhere,
        raised: Raised::default(),
        read_in: ReadIn::default(),
        ticket,
        place,
        parts: if app.traces.is_some() { Parts::kept() } else { Parts::default() },
    });
    case.part_until("inspect", received, inspected);
    case.part("decide", inspected, (Reach::Here, End::Good), Vec::new());
    count(app, (&policy, shadow.as_deref()), &case.id, (&decided, known));
    let row = trail::row(app, &policy, &case, known, &decided);
    let (over_budget, estimates) = (decided.over_budget.clone(), decided.estimates.clone());
    let (permit, hold) = match decided.into_verdict() {
        Ok(verdict) => verdict,
        Err(refusal) => {
            trail::keep(app, row);
            return Err(Stopped::refused(app, &case, refusal, over_budget));
        }
    };

    // INVARIANT: the decision is on disk before the first byte leaves.
    let unsent = recorded(app, &case, row, Unsent::new(app, &case, hold)).await?;

    // dispatch, stream back; settling and recording happen when the answer ends, however it ends.
    let plan = Plan {
        masking: Masking { plan: permit.mask, inspection, answers: policy.detect().answers },
        clearances: permit.clearances,
        unsent,
        task: findings.task.map_or(Task::Unknown, |guess| guess.task),
        estimates,
        verify: permit.verify,
    };
    match kept {
        Some(kept) => Ok(given_again(app, &case, &kept, plan.unsent)),
        None => delivered(app, &case, plan, &request).await,
    }
}

async fn delivered(
    app: &Arc<App>,
    case: &Arc<Case>,
    plan: Plan,
    request: &Arc<chat::Request>,
) -> Result<Response<Body>, Stopped> {
    let answer = dispatch::run(app, case, plan, request).await;
    let answer = answer.map_err(|failure| Stopped::failed(case, failure))?;
    let answer = match &case.place {
        Some(place) => cache::kept(place, &case.id, answer),
        None => answer,
    };
    Ok(reply::answered(app, case, answer))
}

/// Where the answer to this request is kept, and the answer that is there.
fn looked_for(
    app: &App,
    policy: &Policy,
    Known { caller, request, findings, .. }: Known<'_>,
    (decided, freshness): (&Decided<'_>, Freshness),
) -> (Option<Arc<Place>>, Option<Kept>) {
    let Some(cache) = &app.cache else { return (None, None) };
    let decision = &decided.decision;
    let asked = Asked { caller, request, findings, policy, decision, freshness };
    let place = cache.place(&asked).map(Arc::new);
    let kept = place.as_ref().and_then(|place| place.find(clock::instant()));
    if place.is_some() {
        let result = if kept.is_some() { "hit" } else { "miss" };
        app.metrics.cache_lookups.with_label_values(&[result]).inc();
    }
    (place, kept)
}

/// The policy would let this request go where its answer came from, and the decision is on disk: the
/// answer is given again, nothing is sent, and the money goes back.
fn given_again(app: &Arc<App>, case: &Case, kept: &Kept, unsent: Unsent) -> Response<Body> {
    if let Some(hold) = unsent.into_hold() {
        hold.release();
    }
    dispatch::close_cached(app, case, kept);
    reply::cached(app, case, kept)
}

fn read(surface: Surface, body: Bytes) -> Result<Arc<chat::Request>, Failure> {
    let read = dialect::of(surface).read(body).map(Arc::new);
    read.map_err(|error| Failure::client(Code::InvalidRequest, error.to_string()))
}

/// What the client's idempotency key means, if it sent one.
fn seen(
    app: &App,
    caller: &Caller,
    key: Option<HeaderValue>,
    body: &[u8],
) -> Result<Option<Seen>, Failure> {
    let Some(key) = key else { return Ok(None) };
    app.idempotency.begin((&caller.name, key.as_bytes()), body, clock::instant()).map(Some)
}

/// Counts a decision, and lets the shadow policy make it, too.
fn count(
    app: &Arc<App>,
    (policy, shadow): (&Policy, Option<&Shadow>),
    id: &str,
    (decided, known): (&decide::Decided<'_>, Known<'_>),
) {
    trail::count(app, policy, decided, known.findings);
    if let Some(shadow) = shadow {
        shadow.decide(app, policy, id, (decided, known.said));
    }
}

/// How far a request may go: without a ledger nowhere, or no further than this process.
fn reach(app: &App) -> decide::Reach {
    match app.ledger_down {
        LedgerDown::Local if app.store.healthy().is_err() => decide::Reach::Here,
        LedgerDown::Local | LedgerDown::Refuse => decide::Reach::Anywhere,
    }
}

/// Gives the request back once its decision is on disk, and its money if it cannot be written. What
/// stays in this process while there is no ledger goes on without a record.
async fn recorded(
    app: &App,
    case: &Case,
    row: DecidedRow,
    unsent: Unsent,
) -> Result<Unsent, Failure> {
    let recording = clock::instant();
    if !case.is_recorded {
        app.metrics.fail_closed.with_label_values(&["ledger"]).inc();
        app.metrics.unrecorded();
        return Ok(unsent);
    }
    if let Err(error) = app.store.decided(row).await {
        if let Some(hold) = unsent.into_hold() {
            hold.release();
        }
        app.metrics.fail_closed.with_label_values(&["ledger"]).inc();
        let message = format!("the decision could not be recorded, so nothing was sent: {error}");
        return Err(Failure::ours(Code::LedgerUnavailable, message));
    }
    app.metrics.stage("record", clock::instant() - recording);
    case.part("record", recording, (Reach::Here, End::Good), Vec::new());
    Ok(unsent)
}

/// Answer tokens that count against a rate where the caller sets no limit.
const ANSWER_TOKENS: u32 = 1024;

/// The tokens that a request may use: its prompt, and its answers at their longest.
fn wanted_tokens(request: &chat::Request, input: Tokens) -> u32 {
    let answer = request.output_max.map_or(ANSWER_TOKENS, |tokens| tokens.0);
    input.0.saturating_add(answer.saturating_mul(request.choices.max(1)))
}
