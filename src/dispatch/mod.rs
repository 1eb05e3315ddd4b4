//! A plan → an answer: one attempt per clearance, in the policy's order.
//!
//! Retries and fallbacks stay inside the decision: the only destinations tried are those that the
//! policy cleared for this request, each with money set aside for it. After the first delivered byte
//! nothing is tried again, because the caller would get (and pay for) two answers.

mod comparison;
mod ending;
mod hedge;
mod local;
mod masking;
mod remote;
mod settlement;
mod translation;
mod unsent;
mod waiting;

use std::fmt;
use std::sync::Arc;

use hyper::header::HeaderMap;

use crate::app::App;
use crate::budget::Hold;
use crate::chat::Request;
use crate::clock;
use crate::destination::{Destination, Kind};
use crate::dialect;
use crate::failure::{Code, Failure, Retry};
use crate::inspect::Task;
use crate::mask::Restoration;
use crate::money::NanoUsd;
use crate::policy::{self, Clearance, Estimate, TargetId, Verify};
use crate::route::retry::Others;
use crate::server::body::Pieces;
use crate::telemetry::Outcome;
use crate::upstream::Remote;

pub use comparison::Comparisons;
pub(crate) use local::prompts as local_prompts;
pub use masking::Masking;
pub use settlement::{Bill, Carried, Case, Raised, ReadIn, Servers, Settlement, Verified};
use translation::Leaving;
pub use unsent::Unsent;
pub(crate) use unsent::close_cached;
use waiting::Pauses;

/// What the earlier stages settled: where the request may go, in order, with money for the first.
#[derive(Debug)]
pub struct Plan {
    /// One per destination, in the order of preference.
    pub clearances: Vec<Clearance>,
    /// The money for the first of them.
    pub unsent: Unsent,
    /// The kind of task, for the local engine's prompt.
    pub task: Task,
    /// What each target may cost at most, by target id.
    pub estimates: Vec<Estimate>,
    /// What is masked on the way to a remote target.
    pub masking: Masking,
    /// When a local answer is good enough.
    pub verify: Option<Verify>,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct Answer {
    /// Who gave it; `None` while that is not decided and a stream must begin.
    pub target: Option<TargetId>,
    /// What it says.
    pub content: Content,
}

/// The shapes of an answer.
pub enum Content {
    /// All of it, at its cost.
    Whole {
        /// The body in the caller's dialect.
        body: bytes::Bytes,
        /// What it cost.
        cost: NanoUsd,
    },
    /// Events in the caller's dialect. The cost, known at the end, is at most what is held.
    Events {
        /// The events.
        pieces: Pieces,
        /// The most that it can cost.
        cost_max: NanoUsd,
    },
    /// An upstream's refusal of this very request, passed on as it came.
    Refusal {
        /// The HTTP status.
        status: hyper::StatusCode,
        /// The upstream's words.
        body: bytes::Bytes,
        /// Its headers, for `retry-after`.
        headers: HeaderMap,
    },
}

impl Content {
    /// The same, at the cost of another attempt besides.
    fn with_cost_of(self, other: NanoUsd) -> Self {
        match self {
            Self::Whole { body, cost } => Self::Whole { body, cost: cost + other },
            Self::Events { pieces, cost_max } => {
                Self::Events { pieces, cost_max: cost_max + other }
            }
            Self::Refusal { .. } => self,
        }
    }
}

/// Sizes only: an answer is content.
impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { body, cost } => write!(out, "Whole({} bytes, {cost:?})", body.len()),
            Self::Events { cost_max, .. } => write!(out, "Events(at most {cost_max:?})"),
            Self::Refusal { status, .. } => write!(out, "Refusal({status})"),
        }
    }
}

/// How an attempt ended without an answer.
struct Miss {
    failure: Failure,
    settlement: Settlement,
    /// Whether the target may bill for it.
    bill: Bill,
    /// Whether another target may do better.
    another: Another,
    /// A local answer that was not accepted.
    spare: Option<local::Heard>,
}

/// Whether a missed attempt is followed by the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Another {
    /// The fault was the target's.
    MayHelp,
    /// The request itself is at fault.
    CannotHelp,
}

/// Tries the cleared destinations in order. A client that waits for a stream to begin is kept waiting
/// with comments, not in silence.
pub async fn run(
    app: &Arc<App>,
    case: &Arc<Case>,
    plan: Plan,
    request: &Arc<Request>,
) -> Result<Answer, Failure> {
    if !request.delivery.is_stream() {
        return tried(Arc::clone(app), Arc::clone(case), plan, Arc::clone(request)).await;
    }
    let known = plan.estimates.iter().filter_map(|estimate| match estimate {
        Estimate::Known(cost) => Some(*cost),
        Estimate::Unpriced => None,
    });
    let cost_max = known.max().unwrap_or(NanoUsd::ZERO);
    let pauses = if plan.verify.is_some() { Pauses::JUDGED } else { Pauses::DEFAULT };
    let work = tried(Arc::clone(app), Arc::clone(case), plan, Arc::clone(request));
    let dialect = dialect::of(request.surface);
    waiting::answer(Box::pin(work), pauses, (dialect, &case.id), cost_max).await
}

#[expect(clippy::too_many_lines, reason = "all that can become of an attempt, in its order")]
async fn tried(
    app: Arc<App>,
    case: Arc<Case>,
    plan: Plan,
    request: Arc<Request>,
) -> Result<Answer, Failure> {
    let Plan { clearances, unsent, task, estimates, masking, verify } = plan;
    let wanted = Wanted { request: &request, task, masking: &masking };
    let (mut unsent, mut carried, mut given_up) = (Some(unsent), Carried::NOTHING, None);
    let mut spare: Option<(TargetId, local::Heard)> = None;
    let mut last: Option<(TargetId, Miss)> = None;
    let mut clearances = clearances.into_iter();
    // An answer that is looked at is waited for: another beside it would take its place unseen.
    let is_open = verify.is_none();
    while let Some(clearance) = clearances.next() {
        let target = clearance.target();
        let Some(destination) = app.destination(target) else { continue };
        if let Some((missed, miss)) = last.take() {
            spare = miss.spare.map(|heard| (missed, heard)).or(spare);
            carried = miss.settlement.give_up(miss.bill);
            given_up = Some(miss.failure);
        }
        // Who waits in line holds nothing but what closes by itself, should the client leave.
        let tokens = case.tokens;
        let seat = match &unsent {
            Some(_) => destination.seat_in_line(tokens).await,
            None => destination.seat(tokens),
        };
        let first_hold = unsent.take().and_then(Unsent::into_hold);
        let seat = seat.map_err(|too_fast| given_up = too_fast.or(given_up.take())).ok();
        let Some(seat) = seat.filter(|_| destination.health.admits()) else {
            let tried = (case.surface, destination.name.as_str());
            app.metrics.attempted(tried, "busy", None);
            if let Some(hold) = first_hold {
                hold.release();
            }
            continue;
        };
        let money = (first_hold, carried.cost);
        let hold = match funded(&app, &case, (target, &estimates), money).await {
            Ok(hold) => hold,
            Err(None) => continue,
            Err(Some(failure)) => {
                given_up = Some(failure);
                break;
            }
        };
        let mut settlement =
            Settlement::open(Arc::clone(&app), Arc::clone(&case), target, hold, seat);
        settlement.carry(carried);
        let others = if clearances.len() > 0 { Others::Some } else { Others::None };
        let verify = verify.filter(|verify| verify.of == target);
        let look =
            verify.map(|verify| Look { verify, rest: &mut clearances, estimates: &estimates });
        let hedge = destination.hedge.filter(|_| is_open && others == Others::Some);
        let (target, done) = if let Some(after) = hedge {
            let (clearances, carried) = (&mut clearances, carried.cost);
            let rest = hedge::Rest { clearances, estimates: &estimates, carried };
            let first = (destination, clearance);
            Box::pin(hedge::answer(first, settlement, after, rest, wanted)).await
        } else {
            let work = attempt((destination, others), clearance, settlement, (wanted, look));
            (target, work.await)
        };
        match done {
            Ok(content) => return Ok(Answer { target: Some(target), content }),
            Err(miss) if miss.another == Another::MayHelp => last = Some((target, *miss)),
            Err(miss) => {
                last = Some((target, *miss));
                break;
            }
        }
    }
    if let Some(hold) = unsent.and_then(Unsent::into_hold) {
        hold.release();
    }
    if let Some((target, mut miss)) = last {
        if let Some(heard) = miss.spare.take() {
            return kept(heard, target, miss.settlement, wanted).await;
        }
        if spare.is_none() {
            miss.settlement.finish(Outcome::TargetFailed, miss.bill);
            return Err(miss.failure);
        }
        carried = miss.settlement.give_up(miss.bill);
        given_up = Some(miss.failure);
    }
    if let Some((target, heard)) = spare
        && let Some(settlement) = reopened(&app, &case, (target, &estimates), carried).await
    {
        return kept(heard, target, settlement, wanted).await;
    }
    unsent::close_unanswered(&app, &case, Outcome::TargetFailed, carried);
    Err(given_up.unwrap_or_else(busy))
}

/// INVARIANT: what all attempts of a request may cost together is on disk before the next one begins.
async fn put_down(app: &App, case: &Case, promised: NanoUsd) -> Result<(), Failure> {
    let raised = promised.less(case.reserved);
    if raised <= case.raised.get() {
        return Ok(());
    }
    app.store.raised(&case.id, raised).await.map_err(|error| {
        let message =
            format!("a further attempt could not be recorded, so it was not made: {error}");
        Failure::ours(Code::LedgerUnavailable, message)
    })?;
    case.raised.set(raised);
    Ok(())
}

/// The money for an attempt: what was set aside first, or, for a fallback, from the budgets of the
/// target that serves it. It is put down before anything is sent; nothing is told where a budget has no
/// room.
async fn funded(
    app: &Arc<App>,
    case: &Arc<Case>,
    (target, estimates): (TargetId, &[Estimate]),
    (first, carried): (Option<Hold>, NanoUsd),
) -> Result<Hold, Option<Failure>> {
    let hold = if let Some(hold) = first {
        hold
    } else {
        let (estimate, place) = (estimates.get(target.0).copied(), (target, &*case.route));
        let reserving = app.reserve(&case.caller, place, estimate, clock::now());
        reserving.await.map_err(|_| None)?
    };
    match put_down(app, case, carried + hold.charge().billed).await {
        Ok(()) => Ok(hold),
        Err(failure) => {
            hold.release();
            Err(Some(failure))
        }
    }
}

/// A local answer that was not accepted is still the answer when nothing else may or could give one.
async fn kept(
    heard: local::Heard,
    target: TargetId,
    mut settlement: Settlement,
    wanted: Wanted<'_>,
) -> Result<Answer, Failure> {
    settlement.keep();
    let app = Arc::clone(settlement.app());
    let model = match app.destination(target).map(|destination| &destination.kind) {
        Some(Kind::Local(engine)) => engine.card().name.clone(),
        Some(Kind::Remote(_)) | None => String::new(),
    };
    match local::told(heard, settlement, model, wanted).await {
        Ok(content) => Ok(Answer { target: Some(target), content }),
        Err(miss) => {
            miss.settlement.finish(Outcome::TargetFailed, miss.bill);
            Err(miss.failure)
        }
    }
}

/// An account for a local answer that was given up. Its work is booked when it is told.
async fn reopened(
    app: &Arc<App>,
    case: &Arc<Case>,
    (target, estimates): (TargetId, &[Estimate]),
    carried: Carried,
) -> Option<Settlement> {
    let destination = app.destination(target)?;
    let (estimate, place) = (estimates.get(target.0).copied(), (target, &*case.route));
    let seat = destination.seat(0).ok()?;
    let hold = app.reserve(&case.caller, place, estimate, clock::now()).await.ok()?;
    let mut settlement = Settlement::open(Arc::clone(app), Arc::clone(case), target, hold, seat);
    settlement.carry(Carried { imputed: NanoUsd::ZERO, ..carried });
    Some(settlement)
}

/// What is asked, and how it must be treated.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    request: &'a Arc<Request>,
    task: Task,
    masking: &'a Masking,
}

/// How a local answer is looked at before anybody sees it.
struct Look<'a> {
    verify: Verify,
    /// Where else the request may go; the next of them may be asked to compare.
    rest: &'a mut std::vec::IntoIter<Clearance>,
    estimates: &'a [Estimate],
}

async fn attempt(
    (destination, others): (&Destination, Others),
    clearance: Clearance,
    mut settlement: Settlement,
    (wanted, look): (Wanted<'_>, Option<Look<'_>>),
) -> Result<Content, Box<Miss>> {
    let request = wanted.request;
    match &destination.kind {
        Kind::Local(engine) => local::answer(engine, settlement, wanted, look).await,
        // A server on this machine does not say how sure it was: its answer cannot be judged.
        Kind::Remote(_) if look.is_some() => {
            let message = "this target does not say how sure it is of its answers";
            Err(unsent(Failure::ours(Code::TargetsUnavailable, message), settlement))
        }
        Kind::Remote(remote) => {
            let (leaves, restoration) =
                match leaving(destination, remote, &settlement, wanted).await {
                    Ok(leaving) => leaving,
                    Err(failure) => return Err(unsent(failure, settlement)),
                };
            if let Some(listener) = settlement.listener() {
                listener.comes_back(&leaves, restoration.as_ref());
            }
            let sent = remote::Sent { asked: request, leaves, restoration };
            remote::answer((destination, remote, others), clearance, settlement, sent).await
        }
    }
}

/// The request as it leaves for a server: masked, if it leaves our hands, and in the provider's
/// interface; with the way back.
async fn leaving(
    destination: &Destination,
    remote: &Remote,
    settlement: &Settlement,
    Wanted { request, masking, .. }: Wanted<'_>,
) -> Result<(Leaving, Option<Restoration>), Failure> {
    let output_max = destination.output_max(request);
    if masking.is_idle() || !policy::is_remote(&destination.zone) {
        return Ok((translation::written(masking, request, remote, output_max).await?, None));
    }
    let (key, caller) = (settlement.app().mask_key.as_ref(), &settlement.case().caller.name);
    // INVARIANT: what could not be masked is not sent.
    let (masked, restoration) =
        masking::masked(masking, key, caller, request).await.map_err(|error| {
            settlement.app().metrics.fail_closed.with_label_values(&["masking"]).inc();
            Failure::from(error)
        })?;
    let leaving = translation::written(masking, &masked, remote, output_max).await?;
    Ok((leaving, Some(restoration)))
}

/// The request cannot go to this target; another may take it.
fn unsent(failure: Failure, settlement: Settlement) -> Box<Miss> {
    let (bill, another) = (Bill::Nothing, Another::MayHelp);
    Box::new(Miss { failure, settlement, bill, another, spare: None })
}

fn busy() -> Failure {
    Failure {
        retry: Retry::After(std::time::Duration::from_secs(1)),
        ..Failure::ours(
            Code::TargetsUnavailable,
            "every permitted model is busy or has no budget left; try again shortly",
        )
    }
}
