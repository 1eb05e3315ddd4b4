//! A backtest: what another policy would have made of the requests on record.
//!
//! The recorded facts go through the same evaluator. What a request would have cost elsewhere is
//! what it used, at the other target's prices; how long it would have taken is the mean of what that
//! target took in the same period. Both are estimates and are called so.

mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Place, place};
use crate::chat::Usage;
use crate::destination::Destination;
use crate::money::{NanoUsd, Tokens};
use crate::policy::{self, Decision, Estimate, Policy, TargetId};
use crate::record::read::PastRow;
use crate::record::{LedgerError, Reader, RecordedFacts, Replay, Replayed};
use crate::route::price::Listing;
pub use report::{Group, Move, Report};

/// What a target costs.
#[derive(Clone, Debug)]
pub enum Priced {
    /// The local engine: nobody bills.
    Free,
    /// These prices, and the longest answer that is asked for when the caller does not say.
    At(Arc<Listing>, Tokens),
    /// Not known.
    Unknown,
}

impl Priced {
    /// What the targets of a running gateway cost.
    pub fn of(destinations: &[Destination]) -> Vec<Self> {
        let of = |it: &Destination| match (it.engine(), &it.listing) {
            (Some(_), _) => Self::Free,
            (None, Some(listing)) => Self::At(Arc::clone(listing), it.serves.output_tokens_max),
            (None, None) => Self::Unknown,
        };
        destinations.iter().map(of).collect()
    }
}

/// The past as another policy sees it.
#[derive(Debug)]
pub struct Past<'p> {
    /// The policy.
    pub policy: &'p Policy,
    /// What the targets cost, in the order of the policy's world.
    pub prices: Vec<Priced>,
    /// How many changed decisions are kept.
    pub examples_max: usize,
}

/// A decision that came out differently.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The decision.
    pub id: String,
    /// Who paid.
    pub team: String,
    /// Where it went.
    pub before: Place,
    /// Where it would have gone.
    pub after: Place,
    egress: Egress,
    /// What was billed.
    cost_before: NanoUsd,
    /// What would have been; `None` when it cannot be told.
    cost_after: Option<NanoUsd>,
    latency_before: Option<f64>,
}

/// What a change does to data leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Egress {
    Same,
    Added,
    Removed,
}

/// Digits that nobody chose, from a decision's id.
fn digest_of(id: &str) -> u64 {
    Sha256::digest(id).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

impl Past<'_> {
    /// Decides the requests since a moment again and compares. Blocks on the ledger.
    ///
    /// # Errors
    /// The ledger cannot be read to its end.
    pub fn replay(&self, reader: &Reader, since: Timestamp) -> Result<Report, LedgerError> {
        let replay = Replay::new(self.policy);
        let mut report = Report::new(self.policy, since, self.examples_max);
        let mut seen = Seen::default();
        reader.past(since, |row| {
            seen.note(&row);
            self.row(&replay, &row, &mut report);
        })?;
        report.take(seen);
        Ok(report)
    }

    fn row(&self, replay: &Replay<'_>, row: &PastRow<'_>, report: &mut Report) {
        report.rows += 1;
        if row.facts_json.is_empty() {
            report.cannot("it was recorded by a version that kept no facts");
            return;
        }
        let Some(mut facts) = RecordedFacts::read(row.facts_json) else {
            report.cannot("its facts cannot be read");
            return;
        };
        // What was not drawn then is drawn now, so that shares come out as they would have.
        facts.request.draw.get_or_insert_with(|| policy::draw(digest_of(row.id)));
        let estimate =
            |target: TargetId, facts: &RecordedFacts<'_>| self.estimate(target, facts, row.at);
        match replay.decide(&facts, None, &estimate) {
            Replayed::Missing(reason) => report.cannot(&reason),
            Replayed::Decided(decision) => self.compare(row, &facts, &decision, report),
        }
    }

    fn compare(
        &self,
        row: &PastRow<'_>,
        facts: &RecordedFacts<'_>,
        decision: &Decision,
        report: &mut Report,
    ) {
        report.replayed += 1;
        let after = place(self.policy, decision);
        let before = match row.target {
            Some(target) => Place {
                route: row.route.unwrap_or_default().to_owned(),
                target: target.to_owned(),
                zone: row.zone.unwrap_or_default().to_owned(),
            },
            None => Place::refused(),
        };
        if before.target == after.target && before.zone == after.zone {
            report.kept(&before, row);
            return;
        }
        let first = decision.target();
        let is_engine = first.is_some_and(|it| matches!(self.prices.get(it.0), Some(Priced::Free)));
        report.unmeasured += u64::from(is_engine && facts.fits.is_none());
        let egress = egress(&before, &after);
        let cost_after = match first {
            Some(target) => self.cost(target, row.usage, facts, row.at),
            None => Some(NanoUsd::ZERO),
        };
        report.changed(Changed {
            id: row.id.to_owned(),
            team: row.team.to_owned(),
            before,
            after,
            egress,
            cost_before: row.cost,
            cost_after,
            latency_before: row.latency_ms,
        });
    }

    /// What the same tokens cost at a target: those that were used, else at most those allowed.
    fn cost(
        &self,
        target: TargetId,
        usage: Option<Usage>,
        facts: &RecordedFacts<'_>,
        at: Timestamp,
    ) -> Option<NanoUsd> {
        match (self.prices.get(target.0)?, usage) {
            (Priced::Free, _) => Some(NanoUsd::ZERO),
            (Priced::At(listing, _), Some(usage)) => Some(listing.at(at).cost(&usage)),
            (Priced::At(..), None) => match self.estimate(target, facts, at) {
                Estimate::Known(cost) => Some(cost),
                Estimate::Unpriced => None,
            },
            (Priced::Unknown, _) => None,
        }
    }

    /// The most that a recorded request can cost at a target of today.
    fn estimate(&self, target: TargetId, facts: &RecordedFacts<'_>, at: Timestamp) -> Estimate {
        match self.prices.get(target.0) {
            Some(Priced::Free) => Estimate::Known(NanoUsd::ZERO),
            Some(Priced::At(listing, output_max)) => {
                let output = facts.output_max.map_or(*output_max, Tokens);
                Estimate::Known(listing.at(at).upper_bound(Tokens(facts.input), output))
            }
            Some(Priced::Unknown) | None => Estimate::Unpriced,
        }
    }
}

/// Whether a first choice moved out of our hands or into them, or to another zone outside.
fn egress(before: &Place, after: &Place) -> Egress {
    let leaves = |place: &Place| !place.is_refused() && crate::policy::is_remote(&place.zone);
    match (leaves(before), leaves(after)) {
        (_, true) if before.zone != after.zone => Egress::Added,
        (true, false) => Egress::Removed,
        _ => Egress::Same,
    }
}

/// How long each target took in the period.
#[derive(Clone, Debug, Default)]
struct Seen {
    latency: BTreeMap<String, (u64, f64)>,
}

impl Seen {
    fn note(&mut self, row: &PastRow<'_>) {
        let (Some(target), Some(latency)) = (row.answered_by, row.latency_ms) else { return };
        // A look-up allocates nothing once a target is known.
        if let Some((count, sum)) = self.latency.get_mut(target) {
            *count += 1;
            *sum += latency;
        } else {
            self.latency.insert(target.to_owned(), (1, latency));
        }
    }

    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a mean for people")]
    fn mean(&self, target: &str) -> Option<f64> {
        self.latency.get(target).map(|(count, sum)| sum / *count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(zone: &str) -> Place {
        Place { target: "somewhere".to_owned(), zone: zone.to_owned(), ..Place::default() }
    }

    #[test]
    fn egress_is_what_leaves_for_a_zone_that_it_did_not_leave_for() {
        let refused = Place::refused();
        for (before, after, expected) in [
            (zone("on-host"), zone("eu"), Egress::Added),
            (refused.clone(), zone("eu"), Egress::Added),
            (zone("eu"), zone("us"), Egress::Added),
            (zone("eu"), zone("eu"), Egress::Same),
            (zone("eu"), zone("on-prem"), Egress::Removed),
            (zone("eu"), refused.clone(), Egress::Removed),
            (zone("on-host"), zone("on-prem"), Egress::Same),
        ] {
            assert_eq!(egress(&before, &after), expected, "{before} -> {after}");
        }
    }
}
