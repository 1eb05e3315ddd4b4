//! Requests that end without an attempt: decided and never sent, given up, or answered from the cache.

use std::sync::Arc;

use super::settlement::{Carried, Case, Verified};
use crate::app::App;
use crate::budget::Hold;
use crate::cache::Kept;
use crate::money::NanoUsd;
use crate::record::{Ending, SettledRow};
use crate::telemetry::{Outcome, RequestLabels, Sums};
use crate::trail;

/// A decided request of which nothing has been sent, with the money for it. When its client leaves
/// now (the decision is being written to disk), the money goes back and the row is closed.
#[derive(Debug)]
#[must_use = "a request that nobody sends counts as one whose client left"]
pub struct Unsent {
    app: Arc<App>,
    case: Arc<Case>,
    hold: Option<Hold>,
}

impl Unsent {
    /// A request that is decided and has money set aside.
    pub fn new(app: &Arc<App>, case: &Arc<Case>, hold: Hold) -> Self {
        Self { app: Arc::clone(app), case: Arc::clone(case), hold: Some(hold) }
    }

    /// The money, for whoever sends the request or gives it up.
    pub fn into_hold(mut self) -> Option<Hold> {
        self.hold.take()
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            hold.release();
            close_unanswered(&self.app, &self.case, Outcome::ClientGone, Carried::NOTHING);
        }
    }
}

/// Closes the row of a request that nobody answers. `carried` is what earlier attempts came to; their
/// holds are settled.
pub(super) fn close_unanswered(app: &Arc<App>, case: &Case, outcome: Outcome, carried: Carried) {
    let labels = RequestLabels { route: &case.route, target: "none", team: &case.caller.team };
    let names = [labels.route, labels.target, case.surface, outcome.name()];
    app.metrics.requests.with_label_values(&names).inc();
    let Carried { cost, imputed, verified } = carried;
    app.metrics.spent(labels, Sums { cost, imputed, ..Sums::default() });
    trail::told(app, case, labels.target, outcome.name(), cost);
    app.record_ending(SettledRow {
        id: case.id.clone(),
        ending: if carried.is_nothing() { Ending::Released } else { Ending::Settled },
        outcome: outcome.name().to_owned(),
        answered_by: None,
        weights: None,
        sent_to: case.sent_to.list(),
        raised: case.raised.get(),
        cost,
        avoided: NanoUsd::ZERO,
        imputed,
        usage: None,
        latency: case.started.elapsed(),
        ttft: None,
        verified: verified.map(Verified::recorded),
        compared: None,
        cached_from: None,
    });
}

/// Closes the row of a request that got an answer from the cache: nothing was sent and nothing is owed.
pub(crate) fn close_cached(app: &Arc<App>, case: &Case, kept: &Kept) {
    let destination = app.destination(kept.target);
    let target = destination.map_or("other", |it| it.name.as_str());
    let labels = RequestLabels { route: &case.route, target, team: &case.caller.team };
    let outcome = Outcome::Cached.name();
    let (took, avoided) = (case.started.elapsed(), kept.worth);
    app.metrics.requests.with_label_values(&[labels.route, target, case.surface, outcome]).inc();
    app.metrics.took(labels, took, None);
    app.metrics.spent(labels, Sums { avoided, ..Sums::default() });
    trail::told(app, case, target, outcome, NanoUsd::ZERO);
    app.record_ending(SettledRow {
        id: case.id.clone(),
        ending: Ending::Released,
        outcome: outcome.to_owned(),
        answered_by: destination.map(|it| it.chosen(&case.route)),
        weights: None,
        sent_to: Vec::new(),
        raised: NanoUsd::ZERO,
        cost: NanoUsd::ZERO,
        avoided,
        imputed: NanoUsd::ZERO,
        usage: None,
        latency: took,
        ttft: None,
        verified: None,
        compared: None,
        cached_from: Some(kept.decision.clone()),
    });
}
