//! A policy that decides on every request beside the one in force, and sends nothing: it has no way
//! to, because its clearances end here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::decide::{Decided, Said};
use crate::policy::{Decision, Estimate, Policy, TargetId};
use crate::record::{RecordedFacts, Replay, Replayed};

/// Ids kept for each kind of disagreement.
const EXAMPLES_MAX: usize = 10;
/// Stands where a target would be in a refusal.
pub const REFUSED: &str = "refused";
/// Stands for a decision that the shadow could not make.
const UNSURE: &str = "unsure";

/// The second policy and what it has said so far.
#[derive(Debug)]
pub struct Shadow {
    policy: Policy,
    source: String,
    since: Timestamp,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    decided: u64,
    unsure: BTreeMap<String, u64>,
    pairs: BTreeMap<(Place, Place), Pair>,
}

/// Where a policy sends a request first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The route; empty for a refusal.
    pub route: String,
    /// The target, or `refused`.
    pub target: String,
    /// Its zone; empty for a refusal.
    pub zone: String,
}

impl Place {
    /// Nowhere.
    pub fn refused() -> Self {
        Self { target: REFUSED.to_owned(), ..Self::default() }
    }

    /// Whether it is a refusal.
    pub const fn is_refused(&self) -> bool {
        self.zone.is_empty()
    }
}

/// `cloud (eu) by everything-else`, or `refused`.
impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { route, target, zone } = self;
        if self.is_refused() {
            out.write_str(target)
        } else {
            write!(out, "{target} ({zone}) by {route}")
        }
    }
}

/// How often two policies sent requests to these two places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// How often.
    pub count: u64,
    /// How often the shadow would have let data out to a zone that the live policy did not permit.
    pub widened: u64,
    /// The latest decisions, by id.
    pub examples: Vec<String>,
}

/// What a shadow has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowReport {
    /// The policy's name.
    pub name: String,
    /// Its revision.
    pub rev: String,
    /// When it began.
    pub since: Timestamp,
    /// Requests that both decided.
    pub decided: u64,
    /// Those that both would send to the same target, or refuse.
    pub agreed: u64,
    /// Requests that the shadow could not decide on the same facts, by reason.
    pub unsure: Vec<(String, u64)>,
    /// Every pair of places that differ: those that widen first, then the most frequent.
    pub differences: Vec<(Place, Place, Pair)>,
}

impl Shadow {
    /// Begins now.
    pub fn new(policy: Policy, source: String, since: Timestamp) -> Self {
        Self { policy, source, since, seen: Mutex::default() }
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Decides on a request that the live policy has decided, and notes the difference.
    pub fn decide(
        &self,
        app: &App,
        live: &Policy,
        id: &str,
        (decided, said): (&Decided<'_>, &Said),
    ) {
        let replay = Replay::new(&self.policy);
        // The targets are those of the configuration for both, so none is new.
        let unpriced = |_: TargetId, _: &RecordedFacts<'_>| Estimate::Unpriced;
        let decision = replay.decide(&decided.facts, Some(said.words()), &unpriced);
        let live_place = place(live, &decided.decision);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &app.metrics.shadow_decisions;
        match decision {
            Replayed::Missing(reason) => {
                count.with_label_values(&[&*live_place.target, UNSURE]).inc();
                *seen.unsure.entry(reason).or_default() += 1;
            }
            Replayed::Decided(decision) => {
                let shadow_place = place(&self.policy, &decision);
                count.with_label_values(&[&*live_place.target, &*shadow_place.target]).inc();
                seen.decided += 1;
                let widens = widens((live, &decided.decision), (&self.policy, &decision));
                let pair = seen.pairs.entry((live_place, shadow_place)).or_default();
                pair.count += 1;
                pair.widened += u64::from(widens);
                if pair.examples.len() == EXAMPLES_MAX {
                    pair.examples.remove(0);
                }
                pair.examples.push(id.to_owned());
            }
        }
    }

    /// What it has seen so far.
    pub fn report(&self) -> ShadowReport {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |live: &Place, shadow: &Place| live.target == shadow.target;
        let agreed = seen.pairs.iter().filter(|((live, shadow), _)| is_same(live, shadow));
        let agreed = agreed.map(|(_, pair)| pair.count).sum();
        let mut differences: Vec<(Place, Place, Pair)> = seen
            .pairs
            .iter()
            .filter(|((live, shadow), _)| !is_same(live, shadow))
            .map(|((live, shadow), pair)| (live.clone(), shadow.clone(), pair.clone()))
            .collect();
        differences.sort_by_key(|(_, _, pair)| std::cmp::Reverse((pair.widened > 0, pair.count)));
        ShadowReport {
            name: self.policy.name().to_owned(),
            rev: self.policy.rev().to_owned(),
            since: self.since,
            decided: seen.decided,
            agreed,
            unsure: seen.unsure.iter().map(|(reason, count)| (reason.clone(), *count)).collect(),
            differences,
        }
    }
}

/// Where a decision sends its request first.
pub fn place(policy: &Policy, decision: &Decision) -> Place {
    let Some((permit, target)) = decision.permit().zip(decision.target()) else {
        return Place::refused();
    };
    Place {
        route: policy.route_id(permit.route).to_owned(),
        target: policy.target_name(target).to_owned(),
        zone: policy.target_zone(target).to_owned(),
    }
}

/// Whether the second decision lets data out to a zone where the first did not, as first choice or
/// as a fallback.
fn widens(first: (&Policy, &Decision), second: (&Policy, &Decision)) -> bool {
    let before = remote_zones(first.0, first.1);
    remote_zones(second.0, second.1).iter().any(|zone| !before.contains(zone))
}

/// The zones outside to which a decision lets data out.
pub(super) fn remote_zones<'p>(policy: &'p Policy, decision: &Decision) -> Vec<&'p str> {
    let Some(permit) = decision.permit() else { return Vec::new() };
    let targets = permit.clearances.iter().map(crate::policy::Clearance::target);
    targets
        .filter(|target| policy.is_remote_target(*target))
        .map(|target| policy.target_zone(target))
        .collect()
}
