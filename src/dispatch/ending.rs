//! How a request ended: its counts and its row. Where attempts ran side by side, what all of them came to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::settlement::{Carried, Case, Verified};
use crate::app::App;
use crate::chat::Usage;
use crate::destination::Destination;
use crate::money::NanoUsd;
use crate::policy::{TargetId, Verdict};
use crate::record::{Ending, SettledRow};
use crate::telemetry::{Outcome, Sums};
use crate::trail;

/// The end of a request, by the attempt that ended it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) target: TargetId,
    pub(super) outcome: Outcome,
    pub(super) ending: Ending,
    pub(super) usage: Option<Usage>,
    pub(super) sums: Sums,
    pub(super) first_piece: Option<Duration>,
    pub(super) verified: Option<Verified>,
}

impl Ended {
    /// The same with what other attempts came to.
    pub(super) fn with(self, others: Carried) -> Self {
        let sums = Sums {
            cost: self.sums.cost + others.cost,
            imputed: self.sums.imputed + others.imputed,
            ..self.sums
        };
        let ending = if others.is_nothing() { self.ending } else { Ending::Settled };
        Self { sums, ending, verified: self.verified.or(others.verified), ..self }
    }

    /// Whether an answer was given for want of a better one.
    pub(super) fn is_makeshift(&self) -> bool {
        self.verified.is_some_and(|it| it.verdict == Verdict::Kept)
    }

    /// Counts it, tells the log, and makes its row.
    pub(super) fn row(&self, app: &App, case: &Case) -> SettledRow {
        let (sums, outcome) = (self.sums, self.outcome);
        let destination = app.destination(self.target);
        let target = destination.map_or("other", |it| it.name.as_str());
        count_end(app, case, (target, outcome), sums);
        self.count(app, case, target);
        SettledRow {
            id: case.id.clone(),
            ending: self.ending,
            outcome: outcome.name().to_owned(),
            answered_by: destination.map(|it| it.chosen(&case.route)),
            weights: destination.and_then(Destination::weights),
            sent_to: case.sent_to.list(),
            raised: case.raised.get(),
            cost: sums.cost,
            avoided: sums.avoided,
            imputed: sums.imputed,
            usage: self.usage,
            latency: case.started.elapsed(),
            ttft: self.first_piece,
            verified: self.verified.map(Verified::recorded),
            compared: None,
            read_in: case.read_in.get(),
            cached_from: None,
        }
    }

    fn count(&self, app: &App, case: &Case, target: &str) {
        let metrics = &app.metrics;
        let labels = case.labels(target);
        let took = case.started.elapsed();
        metrics.took(labels, self.outcome, (took, self.first_piece));
        if let Some(usage) = self.usage {
            let price = app.destination(self.target).and_then(|it| it.price(case.at));
            if price.is_some_and(|price| price.cost(&usage).is_none()) {
                metrics.unpriced.with_label_values(&[target]).inc();
            }
            metrics.used(labels, &usage);
            if let Some(first) = self.first_piece {
                metrics.streamed(labels, took.saturating_sub(first), usage.output_total());
            }
        }
    }
}

/// Counts the end of a request and what it came to, and tells the log.
pub(super) fn count_end(app: &App, case: &Case, (target, outcome): (&str, Outcome), sums: Sums) {
    let labels = case.labels(target);
    let names = [labels.route, target, case.surface, outcome.name()];
    app.metrics.requests.with_label_values(&names).inc();
    app.metrics.spent(labels, sums);
    trail::told(app, case, target, outcome.name(), sums.cost);
}

/// Attempts of one request that run side by side. Each leaves what it came to here, and the last one
/// closes the row: by the end that one of them announced, if one did.
#[derive(Debug, Default)]
pub(super) struct Race(Mutex<Runners>);

#[derive(Debug, Default)]
struct Runners {
    running: usize,
    /// What those came to that left without ending the request.
    carried: Carried,
    ended: Option<Ended>,
}

/// What leaving means.
pub(super) enum Left {
    /// Others run on.
    Behind,
    /// Nobody runs any more, and nobody ended the request; what all came to.
    Last(Carried),
    /// Nobody runs any more, and the request ended so.
    Ends(Box<Ended>),
}

impl Race {
    fn lock(&self) -> MutexGuard<'_, Runners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more attempt.
    pub(super) fn enter(self: &Arc<Self>) -> Arc<Self> {
        self.lock().running += 1;
        Arc::clone(self)
    }

    /// Whether the request goes on, or has ended, without an attempt that leaves now.
    pub(super) fn goes_on(&self) -> bool {
        let runners = self.lock();
        runners.running > 1 || runners.ended.is_some()
    }

    /// An attempt leaves without an answer.
    pub(super) fn leave(&self, carried: Carried) -> Left {
        let mut runners = self.lock();
        runners.running = runners.running.saturating_sub(1);
        runners.carried = runners.carried.and(carried);
        let all = runners.carried;
        match runners.running {
            0 => match runners.ended.take() {
                Some(ended) => Left::Ends(Box::new(ended.with(all))),
                None => Left::Last(all),
            },
            _ => Left::Behind,
        }
    }

    /// An attempt ends the request. Nothing comes back while others run: the last of them closes it.
    pub(super) fn end(&self, ended: Ended) -> Option<Ended> {
        let mut runners = self.lock();
        runners.running = runners.running.saturating_sub(1);
        // Who said no before somebody answered is one of those who came to nothing.
        if let Some(before) = runners.ended.take() {
            let Sums { cost, imputed, .. } = before.sums;
            runners.carried = runners.carried.and(Carried { cost, imputed, verified: None });
        }
        if runners.running == 0 {
            return Some(ended.with(runners.carried));
        }
        runners.ended = Some(ended);
        None
    }

    /// What those may be billed that left without ending the request.
    pub(super) fn cost(&self) -> NanoUsd {
        self.lock().carried.cost
    }
}
