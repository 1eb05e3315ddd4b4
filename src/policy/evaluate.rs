//! The decision itself: pure, total, and the only maker of a [`Clearance`].

use smallvec::SmallVec;

use super::condition::{Context, Truth, Verdict};
use super::decision::{
    Certainty, Decision, LimitMatch, Outcome, Permit, RouteResult, RouteTried, Settled, Struck,
    StruckBy, Trace,
};
use super::refuse::refuse;
use super::{
    CheckId, Estimate, Facts, LimitId, Masking, Policy, RouteId, TargetId, TargetSet, Unable,
};
use crate::budget::Firmness;
use crate::inspect::{LabelSet, Level, Scan};
use crate::mask::MaskPlan;

/// Permission to send one request to exactly one target.
///
/// Only [`evaluate`] makes it, it cannot be copied, and sending consumes it: whoever holds one has
/// the policy's word.
///
/// It cannot be forged:
/// ```compile_fail,E0451
/// use ambidex::policy::{Clearance, TargetId};
/// let forged = Clearance { target: TargetId(0) };
/// ```
///
/// It cannot be used twice:
/// ```compile_fail,E0382
/// use ambidex::policy::{Clearance, TargetId};
/// fn send(clearance: Clearance) -> TargetId {
///     clearance.target()
/// }
/// fn send_twice(clearance: Clearance) {
///     send(clearance);
///     send(clearance);
/// }
/// ```
///
/// Nor can a second one be made from it:
/// ```compile_fail,E0599
/// use ambidex::policy::Clearance;
/// fn keep(clearance: &Clearance) -> Clearance {
///     Clearance::clone(clearance)
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a clearance is spent by sending"]
pub struct Clearance {
    target: TargetId,
}

impl Clearance {
    /// The target that the request may be sent to.
    pub const fn target(&self) -> TargetId {
        self.target
    }
}

/// What the policy says about a request. Never fails: with nothing allowed, the answer is a refusal.
pub fn evaluate(policy: &Policy, facts: &Facts<'_>) -> Decision {
    let sensitivity = sensitivity(policy, facts);
    let context = Context { facts, sensitivity };
    let bounds = narrow(policy, context);
    let mut trace = Trace { limits: bounds.matched, struck: bounds.struck, ..Trace::default() };
    let usable = bounds.remaining;
    let mut wanted = TargetSet::NONE;
    for (index, route) in policy.routes.iter().enumerate() {
        let id = RouteId(index);
        let verdict = route.when.verdict(&policy.checks, context);
        if verdict.truth != Truth::True {
            let settled = settled(policy, context, verdict);
            trace.routes.push(RouteTried { route: id, result: failed(settled) });
            continue;
        }
        wanted = wanted.or(route.targets.iter().copied().collect());
        let clearances: Vec<Clearance> = route
            .order(route.preferred(facts.request.draw))
            .filter(|target| usable.contains(*target))
            .map(|target| Clearance { target })
            .collect();
        if clearances.is_empty() {
            trace.routes.push(RouteTried { route: id, result: RouteResult::AllStruckOut });
            continue;
        }
        trace.routes.push(RouteTried { route: id, result: RouteResult::Won });
        trace.drawn = route.drawn(facts.request.draw);
        let permit = Permit { route: id, clearances, mask: bounds.mask, verify: route.verify };
        return Decision { sensitivity, outcome: Outcome::Permit(permit), trace };
    }
    let outcome = Outcome::Refuse(refuse(policy, wanted, &trace));
    Decision { sensitivity, outcome, trace }
}

/// How careful to be: the highest of what was found, the policy's default, the caller's floor and
/// the client's declaration. Whatever was not read could be anything, so anything but a complete
/// scan counts as restricted.
fn sensitivity(policy: &Policy, facts: &Facts<'_>) -> Level {
    if facts.data.scan != Scan::Complete {
        return Level::Restricted;
    }
    let found = policy.level_of_found(&facts.data);
    let stated = facts.data.declared.max(facts.caller.data_floor);
    policy.default_level.max(found.unwrap_or(Level::Public)).max(stated.unwrap_or(Level::Public))
}

/// What the limits and the targets' own abilities leave.
struct Bounds {
    matched: SmallVec<[LimitMatch; 4]>,
    struck: SmallVec<[Struck; 4]>,
    remaining: TargetSet,
    mask: MaskPlan,
}

/// Applies every limit; a condition that is not known holds. The order of the limits has no effect
/// on what remains, only on which of several reasons is named.
fn narrow(policy: &Policy, context: Context<'_>) -> Bounds {
    let mut bounds = Bounds {
        matched: SmallVec::new(),
        struck: SmallVec::new(),
        remaining: (0..policy.targets.len()).map(TargetId).collect(),
        mask: MaskPlan::default(),
    };
    for (index, limit) in policy.limits.iter().enumerate() {
        let verdict = limit.when.verdict(&policy.checks, context);
        if verdict.truth == Truth::False {
            continue;
        }
        let unknown = verdict.truth == Truth::Unknown;
        bounds.matched.push(LimitMatch {
            limit: LimitId(index),
            because: settled(policy, context, verdict),
            certainty: if unknown { Certainty::Careful } else { Certainty::Known },
        });
        bounds.mask = bounds.mask.and(limit.mask);
    }
    // What is known makes a better reason than what is only feared, so it strikes first.
    for certainty in [Certainty::Known, Certainty::Careful] {
        for index in 0..bounds.matched.len() {
            let Some(matched) = bounds.matched.get(index) else { continue };
            if matched.certainty == certainty {
                let limit = matched.limit;
                for target in (0..policy.targets.len()).map(TargetId) {
                    bounds.strike(target, obstacle(policy, limit, target, context.facts));
                }
            }
        }
    }
    let has_hard_budget = policy.budgets.iter().any(|spec| spec.firmness == Firmness::Hard);
    for target in (0..policy.targets.len()).map(TargetId) {
        let known = context.facts.targets.get(target.0);
        let unable = known.map_or(Some(Unable::Down), |known| known.unable);
        // INVARIANT: what nobody can price is not bought with money that has a hard limit.
        let is_unpriced = known.is_some_and(|known| known.cost_estimate == Estimate::Unpriced);
        let unpriced = (has_hard_budget && is_unpriced).then_some(Unable::Unpriced);
        bounds.strike(target, unable.or(unpriced).map(StruckBy::Unable));
    }
    bounds
}

impl Bounds {
    /// Takes a target out. One reason is kept for each: the heaviest, of those the first.
    fn strike(&mut self, target: TargetId, by: Option<StruckBy>) {
        let Some(by) = by else { return };
        if self.remaining.contains(target) {
            self.remaining.remove(target);
            self.struck.push(Struck { target, by });
            return;
        }
        for struck in self.struck.iter_mut().filter(|struck| struck.target == target) {
            if by.weight() > struck.by.weight() {
                struck.by = by;
            }
        }
    }
}

impl StruckBy {
    /// The heavier reason is the one to name: no money makes up for a forbidden zone or a missing
    /// ability, and being back up makes up for nothing else. So money is named only when it is the
    /// only lasting obstacle, and being down only when it is the only one at all.
    const fn weight(self) -> u8 {
        match self {
            Self::Place(_) | Self::NeedsMasking(_) => 3,
            Self::Unable(unable) if unable.is_passing() => 0,
            Self::Unable(_) => 2,
            Self::Money(_) | Self::Unpriced(_) => 1,
        }
    }
}

/// What this limit, which applies, has against this target.
fn obstacle(policy: &Policy, id: LimitId, target: TargetId, facts: &Facts<'_>) -> Option<StruckBy> {
    let limit = policy.limits.get(id.0)?;
    if !limit.allowed.contains(target) {
        return Some(StruckBy::Place(id));
    }
    let is_remote = policy.remote.contains(target);
    if is_remote && !can_mask(policy, facts, limit.mask.labels()) {
        return Some(StruckBy::NeedsMasking(id));
    }
    let cost_max = limit.cost_max?;
    match facts.targets.get(target.0).map(|target| target.cost_estimate) {
        Some(Estimate::Known(cost)) => (cost > cost_max).then_some(StruckBy::Money(id)),
        Some(Estimate::Unpriced) | None => Some(StruckBy::Unpriced(id)),
    }
}

/// Whether everything can be masked that has to be: what nobody has read cannot.
fn can_mask(policy: &Policy, facts: &Facts<'_>, mask: LabelSet) -> bool {
    let is_read = facts.data.scan == Scan::Complete;
    match policy.masking {
        Masking::Available => is_read || mask.is_empty(),
        Masking::Unavailable => (is_read || mask.is_empty()) && !mask.intersects(facts.data.labels),
    }
}

fn settled(policy: &Policy, context: Context<'_>, verdict: Verdict) -> Option<Settled> {
    let id: CheckId = verdict.by?;
    let seen = policy.checks.get(id.0)?.seen(context);
    Some(Settled { check: id, seen })
}

/// A route without conditions cannot fail, so there is always a condition to name.
fn failed(settled: Option<Settled>) -> RouteResult {
    settled.map_or(RouteResult::AllStruckOut, RouteResult::Failed)
}
