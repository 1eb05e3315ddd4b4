//! `ambidex policy backtest`: what another policy would have made of the requests on record.
//!
//! The recorded facts go through the same evaluator. What a request would have cost elsewhere is
//! what it used, at the other target's prices; how long it would have taken is the mean of what that
//! target took in the same period. Both are estimates and are called so.

mod report;

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context as _;
use jiff::Timestamp;

use super::Read;
use super::arguments::{BacktestArguments, TargetsArgument};
use crate::chat::Usage;
use crate::cli::CliError;
use crate::cli::arguments::Format;
use crate::cli::report::instant;
use crate::clock;
use crate::config::{Settings, StoreSettings, TargetKind};
use crate::gateway;
use crate::money::{NanoUsd, Tokens};
use crate::policy::{Decision, Estimate, Policy, TargetId};
use crate::record::read::PastRow;
use crate::record::{Reader, RecordedFacts, Replay, Replayed};
use crate::rollout::{Place, place};
use crate::route::price::Listing;
use report::Report;

/// Decides the recorded requests again and compares.
pub fn backtest(
    arguments: &BacktestArguments,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let read = Read::new(Some(&arguments.file), settings, &TargetsArgument::default())?;
    let policy = read.compile()?;
    let ledger = arguments.ledger.as_ref().map_or(settings.store.clone(), StoreSettings::from);
    let reader = Reader::open(ledger).map_err(anyhow::Error::from)?;
    let since = instant(&arguments.since, clock::now())
        .map_err(|error| CliError::Settings(format!("error: --since: {error:#}")))?;
    let past = Past { policy: &policy, prices: prices(settings), examples_max: arguments.examples };
    let report = past.replay(&reader, since)?;
    match arguments.format {
        Format::Text => report.text(out)?,
        Format::Json => writeln!(out, "{:#}", report.json())?,
    }
    Ok(())
}

/// The prices of the configured targets; `None` for what is not priced, zero for the local engine.
fn prices(settings: &Settings) -> Vec<Priced> {
    let price = |target: &crate::config::TargetSettings| match &target.kind {
        TargetKind::Engine(..) => Priced::Free,
        TargetKind::Remote(_) => {
            let output_max = target.serves.output_tokens_max;
            let listing = gateway::listing(target);
            listing.map_or(Priced::Unknown, |listing| Priced::At(listing, output_max))
        }
    };
    settings.targets.iter().map(price).collect()
}

/// What a target costs.
enum Priced {
    /// The local engine: nobody bills.
    Free,
    /// These prices, and the longest answer that is asked for when the caller does not say.
    At(std::sync::Arc<Listing>, Tokens),
    /// Not known.
    Unknown,
}

/// The past as another policy sees it.
struct Past<'p> {
    policy: &'p Policy,
    prices: Vec<Priced>,
    examples_max: usize,
}

/// A decision that came out differently.
struct Changed {
    id: String,
    team: String,
    before: Place,
    after: Place,
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

impl Past<'_> {
    fn replay(&self, reader: &Reader, since: Timestamp) -> Result<Report, CliError> {
        let replay = Replay::new(self.policy);
        let mut report = Report::new(self.policy, since, self.examples_max);
        let mut seen = Seen::default();
        reader
            .past(since, |row| {
                seen.note(&row);
                self.row(&replay, &row, &mut report);
            })
            .map_err(anyhow::Error::from)
            .context("the ledger could not be read to its end")?;
        report.take(seen);
        Ok(report)
    }

    fn row(&self, replay: &Replay<'_>, row: &PastRow<'_>, report: &mut Report) {
        report.rows += 1;
        if row.facts_json.is_empty() {
            report.cannot("it was recorded by a version that kept no facts");
            return;
        }
        let Some(facts) = RecordedFacts::read(row.facts_json) else {
            report.cannot("its facts cannot be read");
            return;
        };
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
#[derive(Default)]
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
