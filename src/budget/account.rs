//! One budget and its pots, by subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ledger::{Charge, OverBudget, Recovered, Standing, SubjectKeys};
use super::pot::{Part, Pot};
use super::share::{PotKey, Sharing, Want};
use super::spec::{BudgetSpec, Firmness, Subject};
use super::whom::Whom;
use super::window::Span;
use crate::money::NanoUsd;

/// A budget with its pots.
#[derive(Debug)]
pub(super) struct Account {
    pub id: u64,
    pub spec: BudgetSpec,
    /// What its pots are called among nodes.
    pub identity: String,
    sharing: Sharing,
    pub pots: BTreeMap<Arc<str>, Pot>,
    /// How many pots there may be before those of past windows are thrown out.
    pots_max: usize,
}

pub(super) const POTS_BEFORE_PRUNING: usize = 1024;

/// What is set aside in one pot.
#[derive(Debug)]
pub(super) struct Share {
    pub account: u64,
    pub subject: Arc<str>,
    pub start: Timestamp,
    pub amount: NanoUsd,
}

/// Whether a key has budgets of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    None,
    Some,
}

impl Own {
    pub(super) const fn of(accounts: &[Account]) -> Self {
        if accounts.is_empty() { Self::None } else { Self::Some }
    }
}

/// Whether a budget's old pots mean the same under its new description.
pub(super) fn counts_alike(old: &BudgetSpec, new: &BudgetSpec) -> bool {
    old.name == new.name
        && old.per == new.per
        && old.window == new.window
        && old.tz == new.tz
        && old.imputed == new.imputed
        && old.whom == new.whom
}

impl Account {
    pub(super) fn new(
        id: u64,
        spec: BudgetSpec,
        recovered: &[Recovered],
        sharing: Sharing,
    ) -> Self {
        let (identity, pots) = (spec.identity(), BTreeMap::new());
        let mut new = Self { id, spec, identity, sharing, pots, pots_max: POTS_BEFORE_PRUNING };
        new.catch_up(recovered);
        new
    }

    /// Counts what was spent while nobody counted: what is recovered beyond what is known. Of one subject the parts of a
    /// rolling window come oldest first.
    pub(super) fn catch_up(&mut self, recovered: &[Recovered]) {
        for sum in recovered.iter().filter(|sum| sum.budget == self.spec.name) {
            let subject = Arc::from(sum.subject.as_str());
            let pot = self.pots.entry(subject).or_insert_with(|| Pot::fresh(sum.span));
            if pot.now.span.end <= sum.span.start {
                let since = self.spec.window.rolling().map(|_| Timestamp::MIN);
                pot.roll(sum.span, since);
            }
            // A stretch that nobody began counts with the one after it.
            let mut parts = pot.past.iter_mut().chain(std::iter::once(&mut pot.now));
            if let Some(part) = parts.find(|part| sum.span.start <= part.span.start) {
                let known = if part.span == sum.span { part.used() } else { NanoUsd::ZERO };
                part.spent += sum.spent.less(known);
            }
        }
    }

    /// Whether it counts a request of this caller. The rest of all keys is who has no budget of its own.
    pub(super) fn counts(&self, keys: &SubjectKeys<'_>, own: Own) -> bool {
        let is_for_others = own == Own::Some
            && self.spec.per == Subject::Key
            && matches!(self.spec.whom, Whom::Rest(_));
        !is_for_others && self.spec.whom.concerns(keys)
    }

    /// Whether a window has not ended yet, or something in it has not.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        let from = self.spec.window.since(now).unwrap_or(now);
        let is_used = |pot: &Pot| from < pot.now.span.end || pot.now.reserved.is_positive();
        self.pots.values().any(is_used)
    }

    /// The pot that counts at `now`. A clock that jumps back does not reopen a closed window: the latest
    /// one goes on.
    pub(super) fn current(&self, subject: &str, now: Timestamp) -> Option<&Pot> {
        let from = self.spec.window.since(now).unwrap_or(now);
        self.pots.get(subject).filter(|pot| from < pot.now.span.end)
    }

    /// The part of it that a reservation at `now` would use.
    pub(super) fn running(&self, subject: &str, now: Timestamp) -> Option<&Part> {
        self.pots.get(subject).map(|pot| &pot.now).filter(|part| now < part.span.end)
    }

    pub(super) fn standing(&self, subject: &str, now: Timestamp) -> Standing {
        let limit = self.spec.limit;
        let empty = Standing { spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO, limit };
        let since = self.spec.window.since(now);
        self.current(subject, now).map_or(empty, |pot| pot.standing(limit, since))
    }

    pub(super) fn admit(
        &self,
        subject: &str,
        charge: Charge,
        now: Timestamp,
    ) -> Result<(), OverBudget> {
        let asked = charge.counted(self.spec.imputed);
        let standing = self.standing(subject, now);
        // What costs nothing is never refused: over budget means "only what is free".
        if !asked.is_positive()
            || self.spec.firmness == Firmness::Soft
            || !self.lacks(subject, asked, now).is_positive()
        {
            return Ok(());
        }
        let span = self.span(subject, now);
        Err(OverBudget {
            budget: self.spec.name.as_str().into(),
            subject: subject.into(),
            spent: standing.spent,
            reserved: standing.reserved,
            limit: standing.limit,
            asked,
            resets_at: span.end,
        })
    }

    /// How much is missing for this amount to fit.
    fn lacks(&self, subject: &str, asked: NanoUsd, now: Timestamp) -> NanoUsd {
        let (used, may_use) = match self.sharing {
            Sharing::Alone => (self.standing(subject, now).used(), self.spec.limit),
            Sharing::Shared => self
                .running(subject, now)
                .map_or((NanoUsd::ZERO, NanoUsd::ZERO), |part| (part.used(), part.slice.granted)),
        };
        (used + asked).less(may_use)
    }

    pub(super) fn want(&self, subject: &str, charge: Charge, now: Timestamp) -> Option<Want> {
        let asked = charge.counted(self.spec.imputed);
        let need = self.lacks(subject, asked, now);
        let is_hard = self.spec.firmness == Firmness::Hard && asked.is_positive();
        (is_hard && need.is_positive()).then(|| {
            let span = self.running(subject, now).map(|part| part.span);
            let Span { start, end } =
                span.unwrap_or_else(|| self.spec.window.span(&self.spec.tz, now));
            let (budget, subject) = (self.identity.clone(), subject.to_owned());
            let since = self.spec.window.since(now);
            let pot = PotKey { budget, subject, start };
            Want { pot, end, since, limit: self.spec.limit, need }
        })
    }

    /// The window that counts at `now`; of a rolling one, until when its oldest part does.
    pub(super) fn span(&self, subject: &str, now: Timestamp) -> Span {
        let window = self.spec.window;
        let pot = self.current(subject, now);
        match (window.rolling(), window.since(now)) {
            (Some(rolling), Some(since)) => {
                let oldest = pot.map(|pot| pot.oldest(Some(since)));
                let oldest = oldest.unwrap_or_else(|| window.span(&self.spec.tz, now));
                let end = oldest.end.saturating_add(rolling.length).unwrap_or(Timestamp::MAX);
                Span { start: since, end }
            }
            _ => pot.map_or_else(|| window.span(&self.spec.tz, now), |pot| pot.now.span),
        }
    }

    pub(super) fn set_aside(&mut self, subject: &str, charge: Charge, now: Timestamp) -> Share {
        // A negative price does not exist; if one came, it must not create money.
        let amount = charge.counted(self.spec.imputed).max(NanoUsd::ZERO);
        let window = self.spec.window;
        let known = self.pots.get_key_value(subject);
        let is_running = known.is_some_and(|(_, pot)| now < pot.now.span.end);
        let subject = known.map_or_else(|| Arc::from(subject), |(subject, _)| Arc::clone(subject));
        if !is_running {
            let span = window.span(&self.spec.tz, now);
            self.prune(now);
            let pot = self.pots.entry(Arc::clone(&subject)).or_insert_with(|| Pot::fresh(span));
            if pot.now.span != span {
                pot.roll(span, window.since(now));
            }
        }
        let mut start = now;
        if let Some(Pot { now: part, .. }) = self.pots.get_mut(&subject) {
            part.reserved += amount;
            part.slice.recent += amount;
            start = part.span.start;
        }
        Share { account: self.id, subject, start, amount }
    }

    pub(super) fn close(&mut self, share: &Share, charged: Charge) {
        let charged = charged.counted(self.spec.imputed).max(NanoUsd::ZERO);
        // A pot of a later window has nothing to do with this reservation: its window is over.
        let pot = self.pots.get_mut(&share.subject);
        if let Some(part) = pot.and_then(|pot| pot.part(share.start)) {
            part.close(share.amount, charged);
        }
    }

    /// Keeps the number of pots near the number of subjects that are active in a window.
    fn prune(&mut self, now: Timestamp) {
        if self.pots.len() >= self.pots_max {
            let from = self.spec.window.since(now).unwrap_or(now);
            self.pots.retain(|_, pot| from < pot.now.span.end);
            self.pots_max = self.pots.len().saturating_mul(2).max(POTS_BEFORE_PRUNING);
        }
    }
}
