//! Says when a budget reaches one of the levels that its author wants to hear about.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::app::App;
use crate::budget::{BudgetSpec, PotView};
use crate::clock;

/// How often budgets are looked at.
const PAUSE: Duration = Duration::from_secs(2);

/// What has been said, by budget and subject: of which window, and the highest level.
#[derive(Debug, Default)]
struct Said(BTreeMap<(String, String), (Timestamp, u8)>);

impl Said {
    /// The level that is reached and was not before, in percent. A fresh window begins anew.
    fn news(&mut self, spec: &BudgetSpec, pot: &PotView) -> Option<u8> {
        let (used, limit) = (pot.standing.used().nanos(), pot.standing.limit.nanos());
        let reached =
            |level: &u8| used.saturating_mul(100) >= limit.saturating_mul((*level).into());
        let level = spec.warn_at.iter().copied().filter(reached).max().unwrap_or(0);
        // A rolling window begins anew all the time.
        let start = match spec.window.rolling() {
            Some(_) => Timestamp::UNIX_EPOCH,
            None => pot.span.start,
        };
        let said = self.0.insert((pot.budget.clone(), pot.subject.clone()), (start, level));
        let before = said.filter(|(of, _)| *of == start).map_or(0, |(_, level)| level);
        (level > before).then_some(level)
    }
}

/// Looks at the budgets until the gateway stops.
pub async fn look_after(app: Arc<App>, stop: CancellationToken) {
    let mut said = Said::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        let specs = app.budgets.specs();
        let pots = app.budgets.snapshot(clock::now()).pots;
        // What is not there any more need not be remembered.
        said.0.retain(|(budget, subject), _| {
            pots.iter().any(|pot| pot.budget == *budget && pot.subject == *subject)
        });
        for pot in &pots {
            let is_its = |spec: &&BudgetSpec| {
                spec.name == pot.budget && spec.whom.one_key().is_none_or(|it| it == pot.subject)
            };
            let Some(spec) = specs.iter().find(is_its) else { continue };
            if let Some(level) = said.news(spec, pot) {
                let (budget, subject) = (&pot.budget, &pot.subject);
                let (used, limit, ends) = (pot.standing.used(), pot.standing.limit, pot.span.end);
                warn!(budget, subject, level, %used, %limit, %ends, "a budget reached a level");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budgets, Firmness, Imputed, Subject, SubjectKeys, Window};
    use crate::money::NanoUsd;
    use jiff::SignedDuration;

    #[test]
    fn every_level_is_told_once_in_a_window() {
        let spec = BudgetSpec {
            whom: crate::budget::Whom::All,
            name: "pot".to_owned(),
            per: Subject::Everyone,
            window: Window::Hour,
            tz: jiff::tz::TimeZone::UTC,
            limit: NanoUsd::new(100),
            firmness: Firmness::Soft,
            warn_at: vec![50, 80],
            imputed: Imputed::Excluded,
        };
        let budgets = Budgets::new(vec![spec.clone()], Vec::new());
        let (mut said, mut now) = (Said::default(), Timestamp::UNIX_EPOCH);
        let mut told = Vec::new();
        for (wait, spend) in [(0, 40), (0, 20), (0, 5), (0, 50), (0, 50), (61, 55), (0, 1)] {
            now += SignedDuration::from_mins(wait);
            let hold = budgets.reserve(&SubjectKeys::default(), NanoUsd::new(spend), now).unwrap();
            hold.settle(NanoUsd::new(spend));
            let pots = budgets.snapshot(now).pots;
            told.push(said.news(&spec, &pots[0]));
        }
        assert_eq!(told, [None, Some(50), None, Some(80), None, Some(50), None]);
    }
}
