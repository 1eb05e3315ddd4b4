//! What a policy decides about one request, and how it got there.

use smallvec::SmallVec;

use super::condition::Seen;
use super::{CheckId, Clearance, Drawn, LimitId, RouteId, TargetId, Unable, Verify};
use crate::inspect::Level;
use crate::mask::MaskPlan;

/// The policy's word on one request, with the way to it.
#[derive(Debug, PartialEq)]
pub struct Decision {
    /// How careful the request was handled: the highest of what was found, the policy's default,
    /// the caller's floor and the client's declaration; `Restricted` unless everything was read.
    pub sensitivity: Level,
    /// Where it may go, or why nowhere.
    pub outcome: Outcome,
    /// How this came about; `explain` renders it.
    pub trace: Trace,
}

impl Decision {
    /// The permit; `None` for a refusal.
    pub const fn permit(&self) -> Option<&Permit> {
        match &self.outcome {
            Outcome::Permit(permit) => Some(permit),
            Outcome::Refuse(_) => None,
        }
    }

    /// The target that is preferred; `None` for a refusal.
    pub fn target(&self) -> Option<TargetId> {
        self.permit()?.target()
    }
}

impl Permit {
    /// The target that is preferred.
    pub fn target(&self) -> Option<TargetId> {
        self.clearances.first().map(Clearance::target)
    }
}

/// Where a request may go, or why nowhere.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// It may be sent.
    Permit(Permit),
    /// It may not.
    Refuse(Refusal),
}

/// Permission to send a request to some targets.
#[derive(Debug, PartialEq)]
pub struct Permit {
    /// The route that matched.
    pub route: RouteId,
    /// At least one, in order of preference: the first choice, then the fallbacks.
    pub clearances: Vec<Clearance>,
    /// The kinds of values that must be replaced before the request leaves for a remote target.
    pub mask: MaskPlan,
    /// When the answer of one of the targets is good enough; without it, every answer is.
    pub verify: Option<Verify>,
}

/// Why a request may go nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status: 402, 413, 503, or what `otherwise.refuse.status` says (403).
    pub status: u16,
    /// The same for programs.
    pub code: RefusalCode,
    /// What stood in the way, in the order of the policy.
    pub reasons: Vec<String>,
    /// The sentence for the caller: `otherwise.refuse.say` with the reasons filled in.
    pub say: String,
}

/// Why a request was refused, for programs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// The policy allows no target.
    PolicyRefused,
    /// Money is the only thing in the way.
    BudgetExceeded,
    /// The prompt is too long for every allowed target.
    RequestTooLong,
    /// The allowed targets are down or overloaded; later may work.
    TargetsDown,
    /// The allowed targets cannot do what the request needs.
    NoCapableTarget,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [Self; 5] = [
        Self::PolicyRefused,
        Self::BudgetExceeded,
        Self::RequestTooLong,
        Self::TargetsDown,
        Self::NoCapableTarget,
    ];

    /// The word in error bodies and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PolicyRefused => "policy_refused",
            Self::BudgetExceeded => "budget_exceeded",
            Self::RequestTooLong => "request_too_long",
            Self::TargetsDown => "targets_down",
            Self::NoCapableTarget => "no_capable_target",
        }
    }
}

/// Each step of a decision, in the order of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The limits that applied.
    pub limits: SmallVec<[LimitMatch; 4]>,
    /// The routes that were tried, up to the one that won.
    pub routes: SmallVec<[RouteTried; 4]>,
    /// The targets that were struck out, each with the first thing in its way.
    pub struck: SmallVec<[Struck; 4]>,
    /// What was drawn, where the route that won shares its requests out.
    pub drawn: Option<Drawn>,
}

/// A limit that applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitMatch {
    /// Which.
    pub limit: LimitId,
    /// The condition that settled it; `None` for a limit without conditions.
    pub because: Option<Settled>,
    /// Whether it applied only because something is not known.
    pub certainty: Certainty,
}

/// Whether a limit matched for sure or to be careful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Its condition holds.
    Known,
    /// Its condition may hold: a fact is missing.
    Careful,
}

/// A condition and the value that it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which condition of the policy.
    pub check: CheckId,
    /// The value of its fact.
    pub seen: Seen,
}

/// A route that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTried {
    /// Which.
    pub route: RouteId,
    /// What came of it.
    pub result: RouteResult,
}

/// What came of trying a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteResult {
    /// Its conditions do not hold; the first that failed.
    Failed(Settled),
    /// Its conditions hold, but none of its targets is left.
    AllStruckOut,
    /// It won.
    Won,
}

/// A target that was struck out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Which.
    pub target: TargetId,
    /// Why.
    pub by: StruckBy,
}

/// What strikes a target out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StruckBy {
    /// A limit does not allow its zone, or denies it by name.
    Place(LimitId),
    /// A limit wants values masked that cannot be.
    NeedsMasking(LimitId),
    /// It would cost more than a limit allows.
    Money(LimitId),
    /// A limit caps the cost, and its price is not known.
    Unpriced(LimitId),
    /// It cannot take the request.
    Unable(Unable),
}
