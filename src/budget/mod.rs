//! Money is promised before it is spent: limits, holds and their settlement.
//!
//! [`Budgets`] is what the rest of the program sees: it hands out a [`Hold`] when every budget that a
//! request touches has room, and it never waits for anything but a short lock. The sums live in
//! `ledger`, the calendar in `window`; both are pure, time comes in as an argument. What happens on
//! disk is the business of `record`.

use std::sync::{Arc, PoisonError};
#[cfg(not(shuttle))]
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
// `tests/interleavings/` builds this folder with a lock that tries orders of threads.
#[cfg(shuttle)]
use shuttle::sync::{Mutex, MutexGuard};

mod account;
pub mod hold;
pub mod ledger;
pub mod own;
mod pot;
pub mod share;
pub mod spec;
pub mod whom;
pub mod window;

pub use hold::Hold;
pub use ledger::{Charge, OverBudget, PotView, Recovered, Standing, SubjectKeys, Totals};
pub use share::{Grant, Keep, PotKey, Report, Sharing, Want};
pub use spec::{BudgetSpec, Firmness, Imputed, Subject, Window};
pub use whom::{Selector, Whom};
pub use window::Span;

use crate::money::NanoUsd;
use ledger::Ledger;

type Shared = Mutex<Ledger>;

/// Every step leaves the sums whole before anything could panic, so a poisoned lock is still sound.
fn locked(ledger: &Shared) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All budgets of the running policy. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Budgets {
    ledger: Arc<Shared>,
}

/// All sums at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The pots of the current windows, by budget in policy order, then by subject.
    pub pots: Vec<PotView>,
    /// The holds since the start.
    pub totals: Totals,
}

impl Budgets {
    /// Budgets that begin with what the ledger on disk says was spent in the current windows.
    pub fn new(specs: Vec<BudgetSpec>, recovered: Vec<Recovered>) -> Self {
        Self::with(Ledger::new(specs, recovered, Sharing::Alone))
    }

    /// Budgets that other processes share. This one may use what it is given with [`Budgets::grant`].
    pub fn shared(specs: Vec<BudgetSpec>) -> Self {
        Self::with(Ledger::new(specs, Vec::new(), Sharing::Shared))
    }

    fn with(ledger: Ledger) -> Self {
        Self { ledger: Arc::new(Mutex::new(ledger)) }
    }

    /// What this process must be given so that a reservation fits; nothing if it fits already, or if it
    /// has just asked in vain.
    pub fn wants(
        &self,
        keys: &SubjectKeys<'_>,
        amount: impl Into<Charge>,
        now: Timestamp,
    ) -> Vec<Want> {
        locked(&self.ledger).wants(keys, amount.into(), now)
    }

    /// Takes what it was given.
    pub fn grant(&self, grants: &[Grant]) {
        locked(&self.ledger).grant(grants);
    }

    /// How this process stands with its pots, after giving up what it does not need: from here on that is
    /// not its own any more, whether or not the others hear of it.
    pub fn round(&self, keep: Keep, now: Timestamp) -> Vec<Report> {
        locked(&self.ledger).round(keep, now)
    }

    /// Hears what the others use.
    pub fn learn(&self, others: &[(PotKey, NanoUsd)]) {
        locked(&self.ledger).learn(others);
    }

    /// Takes over the budgets of a reloaded policy. A budget of the same name, subject, window, zone
    /// and scope keeps its sums under the new limit; any other starts from `recovered`, which counts
    /// holds that are still open at their reserved amount.
    pub fn reconfigure(&self, specs: Vec<BudgetSpec>, recovered: Vec<Recovered>) {
        locked(&self.ledger).reconfigure(specs, recovered);
    }

    /// Takes over the budgets that keys have of their own, in the same way.
    pub fn reconfigure_own(&self, specs: Vec<BudgetSpec>, recovered: &[Recovered]) {
        locked(&self.ledger).reconfigure_own(specs, recovered);
    }

    /// Of these budgets, those that are not counted yet and need their sums from the ledger.
    pub fn uncounted(&self, specs: &[BudgetSpec]) -> Vec<BudgetSpec> {
        locked(&self.ledger).uncounted(specs)
    }

    /// All budgets that count, or whose windows have not ended.
    pub fn specs(&self) -> Vec<BudgetSpec> {
        locked(&self.ledger).specs()
    }

    /// The budgets that keys have of their own.
    pub fn specs_of_keys(&self) -> Vec<BudgetSpec> {
        locked(&self.ledger).specs_of_keys()
    }

    /// Whether this key has a hard budget of its own.
    pub fn bounds(&self, key: &str) -> bool {
        locked(&self.ledger).bounds(key)
    }

    /// How the budgets of a policy stand for a request, in that policy's order, which need not be
    /// the latest. `None`: the budget counts by target, route or model and none is chosen yet, or a
    /// later policy does without it.
    pub fn facts(
        &self,
        specs: &[BudgetSpec],
        keys: &SubjectKeys<'_>,
        now: Timestamp,
    ) -> Vec<Option<Standing>> {
        locked(&self.ledger).standings(specs, keys, now)
    }

    /// Sets money aside in every budget that the keys touch, or in none. An amount of zero is always
    /// granted, so that free answers go on when the money is gone.
    pub fn reserve(
        &self,
        keys: &SubjectKeys<'_>,
        amount: impl Into<Charge>,
        now: Timestamp,
    ) -> Result<Hold, OverBudget> {
        let ticket = locked(&self.ledger).reserve(keys, amount.into(), now)?;
        Ok(Hold::new(ticket, Arc::clone(&self.ledger)))
    }

    /// The sums of the windows that contain `now`, for metrics and reports.
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        let ledger = locked(&self.ledger);
        Snapshot { pots: ledger.views(now), totals: ledger.totals() }
    }
}

#[cfg(test)]
mod tests;
