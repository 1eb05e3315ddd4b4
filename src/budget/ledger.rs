//! The sums behind every budget, as a state machine without clock, lock or file.
//!
//! A reservation touches one pot per budget, all of them or none. A pot belongs to one window; what was
//! reserved in a window is settled in it, however late. For a hard budget whose limit did not change,
//! `spent + reserved <= limit + overrun` holds after every step, where overrun is what upstreams billed
//! beyond their holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use smallvec::SmallVec;

use super::account::{Account, Own, Share, counts_alike};
use super::pot::{Part, Pot};
use super::share::{Grant, Keep, PotKey, Report, Sharing, Want};
use super::spec::{BudgetSpec, Firmness, Imputed, Subject};
use super::window::Span;
use crate::money::NanoUsd;

/// An amount with its two origins apart: what someone bills us and what our own machines cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// What an upstream bills.
    pub billed: NanoUsd,
    /// What our own machines cost for it, which nobody bills.
    pub imputed: NanoUsd,
}

impl Charge {
    /// The part that a budget counts.
    pub fn counted(self, imputed: Imputed) -> NanoUsd {
        match imputed {
            Imputed::Excluded => self.billed,
            Imputed::Included => self.billed + self.imputed,
        }
    }
}

impl From<NanoUsd> for Charge {
    fn from(billed: NanoUsd) -> Self {
        Self { billed, imputed: NanoUsd::ZERO }
    }
}

/// Who a request belongs to, for every subject a budget can have.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubjectKeys<'a> {
    /// The caller's team; empty for a caller without one, and such callers share a pot.
    pub team: &'a str,
    /// The id of the API key, never the key.
    pub key: &'a str,
    /// The caller's id.
    pub caller: &'a str,
    /// The target, once chosen.
    pub target: Option<&'a str>,
    /// The route, once chosen.
    pub route: Option<&'a str>,
    /// The model that answers, once chosen.
    pub model: Option<&'a str>,
}

impl<'a> SubjectKeys<'a> {
    /// The value of one subject; `None` while it is not chosen.
    pub fn of(&self, subject: Subject) -> Option<&'a str> {
        match subject {
            Subject::Everyone => Some(""),
            Subject::Team => Some(self.team),
            Subject::Key => Some(self.key),
            Subject::Caller => Some(self.caller),
            Subject::Target => self.target,
            Subject::Route => self.route,
            Subject::Model => self.model,
        }
    }
}

/// How one pot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Settled in this window.
    pub spent: NanoUsd,
    /// Promised and not settled yet.
    pub reserved: NanoUsd,
    /// The budget's limit.
    pub limit: NanoUsd,
}

impl Standing {
    /// What counts against the limit.
    pub fn used(&self) -> NanoUsd {
        self.spent + self.reserved
    }

    /// What a reservation could still get.
    pub fn left(&self) -> NanoUsd {
        self.limit.less(self.used())
    }
}

/// A reservation that a hard budget refused, with the numbers that an error message needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "budget `{budget}` has ${spent} spent and ${reserved} reserved of ${limit}, \
     so ${asked} more does not fit before {resets_at}"
)]
pub struct OverBudget {
    /// The budget that refused.
    pub budget: Box<str>,
    /// Whose pot it was; empty where everyone shares one.
    pub subject: Box<str>,
    /// Settled in this window.
    pub spent: NanoUsd,
    /// Promised and not settled yet.
    pub reserved: NanoUsd,
    /// The budget's limit.
    pub limit: NanoUsd,
    /// What the refused request wanted.
    pub asked: NanoUsd,
    /// When the next window begins.
    pub resets_at: Timestamp,
}

/// What a pot had spent before this process started, rebuilt from the ledger on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The budget's name.
    pub budget: String,
    /// Whose pot it is.
    pub subject: String,
    /// The window that the sum belongs to.
    pub span: Span,
    /// What was spent in it.
    pub spent: NanoUsd,
}

/// One pot, for metrics and reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PotView {
    /// The budget's name.
    pub budget: String,
    /// Whose pot it is; empty where everyone shares one.
    pub subject: String,
    /// What happens at the limit.
    pub firmness: Firmness,
    /// The window that the sums belong to.
    pub span: Span,
    /// The sums.
    pub standing: Standing,
    /// What upstreams billed beyond their holds, contained in the sum spent.
    pub overrun: NanoUsd,
}

/// Every hold since the start, by how it ended. `opened` is the sum of the others plus those alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Holds made.
    pub opened: u64,
    /// Holds settled at the real cost.
    pub settled: u64,
    /// Holds given back unspent.
    pub released: u64,
    /// Holds that nobody ended, settled at the reserved amount.
    pub abandoned: u64,
    /// What the holds promised.
    pub promised: Charge,
    /// What the ended ones charged.
    pub charged: Charge,
    /// What upstreams billed beyond their holds.
    pub overrun: NanoUsd,
}

/// Money set aside in one or more pots. It exists once and is given back to [`Ledger::close`].
#[derive(Debug)]
#[must_use = "money set aside and forgotten stays reserved"]
pub(super) struct Ticket {
    parts: SmallVec<[Share; 4]>,
    charge: Charge,
}

impl Ticket {
    /// What was set aside.
    pub(super) fn charge(&self) -> Charge {
        self.charge
    }
}

/// How a reservation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It cost this much.
    Settled(Charge),
    /// Nothing was bought.
    Released,
    /// Nobody said: the reserved amount counts as spent.
    Abandoned,
}

/// All pots of all budgets.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The policy's budgets, in its order.
    accounts: Vec<Account>,
    /// The budgets that keys have of their own.
    own: BTreeMap<String, Vec<Account>>,
    /// Budgets that are no more, until their windows end: what this node has of a shared one must not be
    /// forgotten, should the budget come back.
    retired: Vec<Account>,
    totals: Totals,
    next_account: u64,
    sharing: Sharing,
}

impl Ledger {
    pub(super) fn new(specs: Vec<BudgetSpec>, recovered: Vec<Recovered>, sharing: Sharing) -> Self {
        let mut ledger = Self { sharing, ..Self::default() };
        ledger.reconfigure(specs, recovered);
        ledger
    }

    /// Takes over a new list of budgets. One that counts as before keeps its pots under the new limit;
    /// a new one, or one that counts otherwise, starts from `recovered`.
    pub(super) fn reconfigure(&mut self, specs: Vec<BudgetSpec>, recovered: Vec<Recovered>) {
        let mut former = std::mem::take(&mut self.accounts);
        for spec in specs {
            let account = self.account(spec, &mut former, &recovered);
            self.accounts.push(account);
        }
        self.retire(former);
    }

    /// The same for the budgets that keys have of their own.
    pub(super) fn reconfigure_own(&mut self, specs: Vec<BudgetSpec>, recovered: &[Recovered]) {
        let mut before = std::mem::take(&mut self.own);
        let mut own: BTreeMap<String, Vec<Account>> = BTreeMap::new();
        let mut of_keys: BTreeMap<&str, Vec<Recovered>> = BTreeMap::new();
        for sum in recovered {
            of_keys.entry(&sum.subject).or_default().push(sum.clone());
        }
        for spec in specs {
            let Some(key) = spec.whom.one_key().map(str::to_owned) else { continue };
            let recovered = of_keys.get(&*key).map(Vec::as_slice).unwrap_or_default();
            let mut former = before.remove(&key).unwrap_or_default();
            let account = self.account(spec, &mut former, recovered);
            before.insert(key.clone(), former);
            own.entry(key).or_default().push(account);
        }
        self.own = own;
        self.retire(before.into_values().flatten().collect());
    }

    /// The account of a budget: as it was, or a new one.
    fn account(
        &mut self,
        spec: BudgetSpec,
        former: &mut Vec<Account>,
        recovered: &[Recovered],
    ) -> Account {
        let place = |known: &[Account]| known.iter().position(|it| counts_alike(&it.spec, &spec));
        let counted = place(former).map(|place| (former.swap_remove(place), [].as_slice()));
        let known = counted.or_else(|| {
            place(&self.retired).map(|place| (self.retired.swap_remove(place), recovered))
        });
        if let Some((mut account, missed)) = known {
            account.spec = spec;
            account.catch_up(missed);
            return account;
        }
        self.next_account = self.next_account.saturating_add(1);
        Account::new(self.next_account, spec, recovered, self.sharing)
    }

    fn retire(&mut self, accounts: Vec<Account>) {
        // What one process alone has spent, the ledger on disk knows.
        if self.sharing == Sharing::Shared {
            self.retired.extend(accounts);
        }
    }

    /// Of these budgets, those that are not counted.
    pub(super) fn uncounted(&self, specs: &[BudgetSpec]) -> Vec<BudgetSpec> {
        let known = |spec: &BudgetSpec| {
            // A policy can choose a single key, too.
            let own = spec.whom.one_key().and_then(|key| self.own.get(key));
            let mut accounts = self.accounts.iter().chain(own.into_iter().flatten());
            accounts.any(|it| counts_alike(&it.spec, spec))
        };
        specs.iter().filter(|spec| !known(spec)).cloned().collect()
    }

    /// All budgets, those of keys and those that are no more, too.
    pub(super) fn specs(&self) -> Vec<BudgetSpec> {
        let live = self.accounts.iter().chain(self.own.values().flatten());
        live.chain(&self.retired).map(|account| account.spec.clone()).collect()
    }

    /// The budgets that keys have of their own.
    pub(super) fn specs_of_keys(&self) -> Vec<BudgetSpec> {
        self.own.values().flatten().map(|account| account.spec.clone()).collect()
    }

    /// Whether this key has a hard budget of its own.
    pub(super) fn bounds(&self, key: &str) -> bool {
        let own = self.own.get(key).map(Vec::as_slice).unwrap_or_default();
        own.iter().any(|account| account.spec.firmness == Firmness::Hard)
    }

    /// The budgets that count a request.
    fn counting<'a>(&'a self, keys: &'a SubjectKeys<'_>) -> impl Iterator<Item = &'a Account> {
        let own = self.own.get(keys.key).map(Vec::as_slice).unwrap_or_default();
        let has = Own::of(own);
        self.accounts.iter().filter(move |it| it.counts(keys, has)).chain(own)
    }

    /// Everything that has pots.
    fn all_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        self.accounts.iter_mut().chain(self.own.values_mut().flatten()).chain(&mut self.retired)
    }

    /// The account in which this subject has a pot, if it is the one that is meant.
    fn find(&mut self, subject: &str, is_it: impl Fn(&Account) -> bool) -> Option<&mut Account> {
        let own = self.own.get_mut(subject).into_iter().flatten();
        let mut all = self.accounts.iter_mut().chain(own).chain(&mut self.retired);
        all.find(|account| is_it(account))
    }

    /// How the pots of these keys stand, in the order of `specs`. `None`: the budget counts by
    /// something that is not chosen yet, or is no longer counted.
    pub(super) fn standings(
        &self,
        specs: &[BudgetSpec],
        keys: &SubjectKeys<'_>,
        now: Timestamp,
    ) -> Vec<Option<Standing>> {
        let has = Own::of(self.own.get(keys.key).map(Vec::as_slice).unwrap_or_default());
        let standing = |spec: &BudgetSpec| {
            let account = self.accounts.iter().find(|account| counts_alike(&account.spec, spec))?;
            if !account.counts(keys, has) {
                // What does not count a request cannot stand in its way.
                let none = NanoUsd::ZERO;
                return Some(Standing { spent: none, reserved: none, limit: spec.limit });
            }
            let standing = account.standing(keys.of(spec.per)?, now);
            // A request that began before a reload keeps the limit of its own policy.
            Some(Standing { limit: spec.limit, ..standing })
        };
        specs.iter().map(standing).collect()
    }

    /// Sets `charge` aside in every budget, or in none. A pot that is not there yet begins here.
    pub(super) fn reserve(
        &mut self,
        keys: &SubjectKeys<'_>,
        charge: Charge,
        now: Timestamp,
    ) -> Result<Ticket, OverBudget> {
        for account in self.counting(keys) {
            account.admit(keys.of(account.spec.per).unwrap_or_default(), charge, now)?;
        }
        let own = self.own.get_mut(keys.key).map(Vec::as_mut_slice).unwrap_or_default();
        let has = Own::of(own);
        let accounts = self.accounts.iter_mut().filter(|it| it.counts(keys, has));
        let parts = accounts.chain(own).map(|account| {
            let subject = keys.of(account.spec.per).unwrap_or_default();
            account.set_aside(subject, charge, now)
        });
        let parts = parts.collect();
        self.totals.opened = self.totals.opened.saturating_add(1);
        self.totals.promised.billed += charge.billed;
        self.totals.promised.imputed += charge.imputed;
        Ok(Ticket { parts, charge })
    }

    /// Ends a reservation. Returns what was charged beyond it.
    pub(super) fn close(&mut self, ticket: Ticket, ending: Ending) -> NanoUsd {
        let (charged, count) = match ending {
            Ending::Settled(charge) => (charge, &mut self.totals.settled),
            Ending::Released => (Charge::default(), &mut self.totals.released),
            Ending::Abandoned => (ticket.charge, &mut self.totals.abandoned),
        };
        *count = count.saturating_add(1);
        for part in ticket.parts {
            let subject = Arc::clone(&part.subject);
            if let Some(account) = self.find(&subject, |it| it.id == part.account) {
                account.close(&part, charged);
            }
        }
        let overrun = charged.billed.less(ticket.charge.billed);
        self.totals.charged.billed += charged.billed;
        self.totals.charged.imputed += charged.imputed;
        self.totals.overrun += overrun;
        overrun
    }

    /// What must be given so that a reservation fits.
    pub(super) fn wants(
        &self,
        keys: &SubjectKeys<'_>,
        charge: Charge,
        now: Timestamp,
    ) -> Vec<Want> {
        let mut wants = Vec::new();
        for account in self.counting(keys) {
            let subject = keys.of(account.spec.per).unwrap_or_default();
            let Some(want) = account.want(subject, charge, now) else { continue };
            if account.running(subject, now).is_some_and(|part| part.slice.is_dry) {
                return Vec::new();
            }
            wants.push(want);
        }
        wants
    }

    pub(super) fn grant(&mut self, grants: &[Grant]) {
        for grant in grants {
            if let Some(part) = self.part(&grant.pot) {
                part.slice.granted += grant.more;
                part.slice.others = grant.others;
                part.slice.is_dry = !grant.more.is_positive();
                // What was told before is not how it stands any more.
                part.slice.told = None;
            }
        }
    }

    pub(super) fn learn(&mut self, others: &[(PotKey, NanoUsd)]) {
        for (pot, others) in others {
            if let Some(part) = self.part(pot) {
                part.slice.others = *others;
            }
        }
    }

    pub(super) fn round(&mut self, keep: Keep, now: Timestamp) -> Vec<Report> {
        let mut reports = Vec::new();
        self.retired.retain(|account| account.is_alive(now));
        for Account { identity, spec, pots, .. } in self.all_mut() {
            let since = spec.window.since(now);
            for (subject, pot) in pots.iter_mut() {
                if since.is_none() && pot.now.span.end <= now {
                    continue;
                }
                for (span, granted, used) in pot.round(keep, now) {
                    let (budget, subject) = (identity.clone(), subject.to_string());
                    let pot = PotKey { budget, subject, start: span.start };
                    reports.push(Report { pot, end: span.end, granted, used });
                }
            }
        }
        reports
    }

    /// The part of a pot that nodes call so, which begins here if this node has none of that time or a
    /// later one.
    fn part(&mut self, key: &PotKey) -> Option<&mut Part> {
        let account = self.find(&key.subject, |account| account.identity == key.budget)?;
        let window = account.spec.window;
        let span = window.span(&account.spec.tz, key.start);
        let subject: Arc<str> = Arc::from(key.subject.as_str());
        let pot = account.pots.entry(subject).or_insert_with(|| Pot::fresh(span));
        if pot.now.span.end <= span.start {
            pot.roll(span, window.since(span.start));
        }
        pot.part(key.start)
    }

    /// The pots of the windows that contain `now`.
    pub(super) fn views(&self, now: Timestamp) -> Vec<PotView> {
        let mut views = Vec::new();
        for account in self.accounts.iter().chain(self.own.values().flatten()) {
            let since = account.spec.window.since(now);
            for subject in account.pots.keys() {
                if let Some(pot) = account.current(subject, now) {
                    views.push(PotView {
                        budget: account.spec.name.clone(),
                        subject: subject.to_string(),
                        firmness: account.spec.firmness,
                        span: account.span(subject, now),
                        standing: pot.standing(account.spec.limit, since),
                        overrun: pot.overrun(since),
                    });
                }
            }
        }
        views
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }
}

#[cfg(test)]
mod tests;
