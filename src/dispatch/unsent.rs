//! Requests that end without an attempt: decided and never sent, given up, or answered from the cache.

use std::sync::Arc;

use super::ending::count_end;
use super::settlement::{Carried, Case, Verified};
use crate::app::App;
use crate::budget::Hold;
use crate::cache::Kept;
use crate::record::{Ending, SettledRow};
use crate::telemetry::{Outcome, Sums};

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
    let Carried { cost, imputed, verified } = carried;
    count_end(app, case, ("none", outcome), Sums { cost, imputed, ..Sums::default() });
    let row = SettledRow {
        ending: if carried.is_nothing() { Ending::Released } else { Ending::Settled },
        outcome: outcome.name().to_owned(),
        sent_to: case.sent_to.list(),
        raised: case.raised.get(),
        cost,
        imputed,
        latency: case.started.elapsed(),
        verified: verified.map(Verified::recorded),
        read_in: case.read_in.get(),
        ..SettledRow::not_sent(&case.id)
    };
    close(app, case, row);
}

/// Closes the row of a request that got an answer from the cache: nothing was sent and nothing is owed.
pub(crate) fn close_cached(app: &Arc<App>, case: &Case, kept: &Kept) {
    let destination = app.destination(kept.target);
    let target = destination.map_or("other", |it| it.name.as_str());
    let (latency, avoided) = (case.started.elapsed(), kept.worth);
    app.metrics.took(case.labels(target), Outcome::Cached, (latency, None));
    count_end(app, case, (target, Outcome::Cached), Sums { avoided, ..Sums::default() });
    let row = SettledRow {
        outcome: Outcome::Cached.name().to_owned(),
        answered_by: destination.map(|it| it.chosen(&case.route)),
        avoided,
        latency,
        cached_from: Some(kept.decision.clone()),
        ..SettledRow::not_sent(&case.id)
    };
    close(app, case, row);
}

/// What is not written down to have begun has no end either.
fn close(app: &App, case: &Case, row: SettledRow) {
    if case.is_recorded {
        app.record_ending(row);
    }
}
