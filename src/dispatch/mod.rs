//! A plan → an answer: one attempt per clearance, in the policy's order.
//!
//! Retries and fallbacks stay inside the decision: the only destinations tried are those that the
//! policy cleared for this request, each with money set aside for it. After the first delivered byte
//! nothing is tried again, because the caller would get (and pay for) two answers.

mod local;
mod masking;
mod remote;
mod settlement;
mod translation;

use std::fmt;
use std::sync::Arc;

use hyper::header::HeaderMap;

use crate::app::App;
use crate::chat::Request;
use crate::clock;
use crate::destination::{Destination, Kind};
use crate::dialect;
use crate::failure::{Code, Failure, Retry};
use crate::inspect::Task;
use crate::mask::Restoration;
use crate::money::NanoUsd;
use crate::policy::{self, Clearance, Estimate, TargetId};
use crate::server::body::Pieces;
use crate::telemetry::Outcome;
use crate::upstream::Remote;

pub(crate) use local::render as local_prompt;
pub use masking::Masking;
pub use settlement::{Bill, Case, Servers, Settlement, Unsent};

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
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct Answer {
    /// Who gave it.
    pub target: TargetId,
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
}

/// Whether a missed attempt is followed by the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Another {
    /// The fault was the target's.
    MayHelp,
    /// The request itself is at fault.
    CannotHelp,
}

/// Tries the cleared destinations in order.
pub async fn run(
    app: &Arc<App>,
    case: &Arc<Case>,
    plan: Plan,
    request: &Arc<Request>,
) -> Result<Answer, Failure> {
    let Plan { clearances, unsent, task, estimates, masking } = plan;
    let mut first_hold = unsent.into_hold();
    let mut carried = NanoUsd::ZERO;
    let mut given_up = None;
    let mut last: Option<Miss> = None;
    for clearance in clearances {
        let target = clearance.target();
        let Some(destination) = app.destination(target) else { continue };
        if let Some(miss) = last.take() {
            carried += miss.settlement.give_up(miss.bill);
            given_up = Some(miss.failure);
        }
        let hold = if let Some(hold) = first_hold.take() {
            hold
        } else {
            // A fallback is charged to the budgets of the target that serves it.
            let (estimate, place) = (estimates.get(target.0).copied(), (target, &*case.route));
            match app.reserve(&case.caller, place, estimate, clock::now()) {
                Ok(hold) => hold,
                Err(_) => continue,
            }
        };
        let Some(seat) = destination.seat() else {
            app.metrics.attempts.with_label_values(&[&destination.name, "busy"]).inc();
            hold.release();
            continue;
        };
        let mut settlement =
            Settlement::open(Arc::clone(app), Arc::clone(case), target, hold, seat);
        settlement.carry(carried);
        let wanted = Wanted { request, task, masking: &masking };
        match attempt(destination, clearance, settlement, wanted).await {
            Ok(content) => return Ok(Answer { target, content }),
            Err(miss) if miss.another == Another::MayHelp => last = Some(*miss),
            Err(miss) => {
                last = Some(*miss);
                break;
            }
        }
    }
    let Some(miss) = last else {
        if let Some(hold) = first_hold {
            hold.release();
        }
        settlement::close_unanswered(app, case, Outcome::TargetFailed, carried);
        return Err(given_up.unwrap_or_else(busy));
    };
    miss.settlement.finish(Outcome::TargetFailed, miss.bill);
    Err(miss.failure)
}

/// What is asked, and how it must be treated.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    request: &'a Arc<Request>,
    task: Task,
    masking: &'a Masking,
}

async fn attempt(
    destination: &Destination,
    clearance: Clearance,
    settlement: Settlement,
    wanted: Wanted<'_>,
) -> Result<Content, Box<Miss>> {
    let Wanted { request, task, masking } = wanted;
    let dialect = dialect::of(request.surface);
    match &destination.kind {
        Kind::Local(engine) => {
            local::answer(engine, settlement, (request, task, masking), dialect).await
        }
        Kind::Remote(remote) => {
            let (leaves, restoration) =
                match leaving(destination, remote, &settlement, wanted).await {
                    Ok(leaving) => leaving,
                    Err(failure) => return Err(unsent(failure, settlement)),
                };
            let output_max = destination.output_max(request);
            let sent = remote::Sent { asked: request, leaves: &leaves, output_max, restoration };
            remote::answer(remote, clearance, settlement, sent).await
        }
    }
}

/// The request as it leaves for a server: masked, if it leaves our hands, and in the provider's
/// dialect; with the way back.
async fn leaving(
    destination: &Destination,
    remote: &Remote,
    settlement: &Settlement,
    Wanted { request, masking, .. }: Wanted<'_>,
) -> Result<(Arc<Request>, Option<Restoration>), Failure> {
    let spoken = remote.provider.surface();
    if masking.is_idle() || !policy::is_remote(&destination.zone) {
        return Ok((translation::translated(masking, request, spoken).await?, None));
    }
    let (key, caller) = (settlement.app().mask_key.as_ref(), &settlement.case().caller.name);
    // INVARIANT: what could not be masked is not sent.
    let (masked, restoration) =
        masking::masked(masking, key, caller, request).await.map_err(|error| {
            let message = format!("the request was not sent: {error}");
            Failure::ours(Code::TargetsUnavailable, message)
        })?;
    Ok((translation::translated(masking, &masked, spoken).await?, Some(restoration)))
}

/// The request cannot go to this target; another may take it.
fn unsent(failure: Failure, settlement: Settlement) -> Box<Miss> {
    Box::new(Miss { failure, settlement, bill: Bill::Nothing, another: Another::MayHelp })
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
