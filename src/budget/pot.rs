//! One pot: what was spent and promised in a window, for one subject of one budget.
//!
//! A calendar window is one span of time. A rolling window is cut into many; the one that runs and those
//! that its length still reaches count together, so that a limit holds over any stretch of that length.

use jiff::Timestamp;

use super::ledger::Standing;
use super::share::{Keep, Slice};
use super::window::Span;
use crate::money::NanoUsd;

/// The sums of a window.
#[derive(Clone, Debug)]
pub(super) struct Pot {
    /// The part of the window that runs; all of it, for a calendar window.
    pub now: Part,
    /// Earlier parts of a rolling window, oldest first.
    pub past: Vec<Part>,
}

/// The sums of a stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub span: Span,
    pub spent: NanoUsd,
    pub reserved: NanoUsd,
    pub overrun: NanoUsd,
    pub slice: Slice,
}

impl Part {
    pub(super) fn fresh(span: Span) -> Self {
        let (spent, reserved, overrun) = (NanoUsd::ZERO, NanoUsd::ZERO, NanoUsd::ZERO);
        Self { span, spent, reserved, overrun, slice: Slice::default() }
    }

    /// What this process has spent or promised.
    pub(super) fn used(&self) -> NanoUsd {
        self.spent + self.reserved
    }

    /// Ends a reservation of this stretch.
    pub(super) fn close(&mut self, amount: NanoUsd, charged: NanoUsd) {
        self.reserved -= amount;
        self.spent += charged;
        self.overrun += charged.less(amount);
    }
}

impl Pot {
    pub(super) fn fresh(span: Span) -> Self {
        Self { now: Part::fresh(span), past: Vec::new() }
    }

    /// The parts of the window that began after `since`, or still reached into it.
    fn parts(&self, since: Option<Timestamp>) -> impl Iterator<Item = &Part> {
        let counts = move |part: &&Part| since.is_none_or(|since| since < part.span.end);
        self.past.iter().chain(std::iter::once(&self.now)).filter(counts)
    }

    /// How it stands; what other nodes use counts as spent. `since` is where a rolling window begins.
    pub(super) fn standing(&self, limit: NanoUsd, since: Option<Timestamp>) -> Standing {
        let mut standing = Standing { spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO, limit };
        for part in self.parts(since) {
            standing.spent += part.spent + part.slice.others;
            standing.reserved += part.reserved;
        }
        standing
    }

    pub(super) fn overrun(&self, since: Option<Timestamp>) -> NanoUsd {
        self.parts(since).map(|part| part.overrun).sum()
    }

    /// The oldest part with something in it.
    pub(super) fn oldest(&self, since: Option<Timestamp>) -> Span {
        let used = |part: &&Part| (part.used() + part.slice.others).is_positive();
        self.parts(since).find(used).unwrap_or(&self.now).span
    }

    /// The part that began then.
    pub(super) fn part(&mut self, start: Timestamp) -> Option<&mut Part> {
        self.past
            .iter_mut()
            .chain(std::iter::once(&mut self.now))
            .find(|part| part.span.start == start)
    }

    /// Begins the next part. What lies before `since` is forgotten; without it, everything.
    pub(super) fn roll(&mut self, next: Span, since: Option<Timestamp>) {
        let before = std::mem::replace(&mut self.now, Part::fresh(next));
        match since {
            Some(since) => {
                self.past.push(before);
                self.past.retain(|part| since < part.span.end || part.reserved.is_positive());
            }
            None => self.past.clear(),
        }
    }

    /// How every part stands that others should hear of: what is kept, and what is used.
    pub(super) fn round(&mut self, keep: Keep, now: Timestamp) -> Vec<(Span, NanoUsd, NanoUsd)> {
        let mut told = Vec::new();
        for part in self.past.iter_mut().chain(std::iter::once(&mut self.now)) {
            // Nothing new begins in what is over.
            let keep = if now < part.span.end { keep } else { Keep::Nothing };
            let used = part.used();
            let stands = part.slice.round(used, keep);
            told.extend(stands.map(|(granted, used)| (part.span, granted, used)));
        }
        told
    }
}
