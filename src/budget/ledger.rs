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

/// What is set aside in one pot.
#[derive(Debug)]
struct Share {
    account: u64,
    subject: Arc<str>,
    start: Timestamp,
    amount: NanoUsd,
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
    accounts: Vec<Account>,
    totals: Totals,
    next_account: u64,
    sharing: Sharing,
}

#[derive(Debug)]
struct Account {
    id: u64,
    spec: BudgetSpec,
    /// What its pots are called among nodes.
    identity: String,
    sharing: Sharing,
    pots: BTreeMap<Arc<str>, Pot>,
    /// How many pots there may be before those of past windows are thrown out.
    pots_max: usize,
}

const POTS_BEFORE_PRUNING: usize = 1024;

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
            let known = former.iter().position(|account| counts_alike(&account.spec, &spec));
            let account = if let Some(position) = known {
                Account { spec, ..former.swap_remove(position) }
            } else {
                self.next_account = self.next_account.saturating_add(1);
                Account::new(self.next_account, spec, &recovered, self.sharing)
            };
            self.accounts.push(account);
        }
    }

    /// How the pots of these keys stand, in the order of `specs`. `None`: the budget counts by
    /// something that is not chosen yet, or is no longer counted.
    pub(super) fn standings(
        &self,
        specs: &[BudgetSpec],
        keys: &SubjectKeys<'_>,
        now: Timestamp,
    ) -> Vec<Option<Standing>> {
        let standing = |spec: &BudgetSpec| {
            let account = self.accounts.iter().find(|account| counts_alike(&account.spec, spec))?;
            if !spec.whom.concerns(keys) {
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
        for account in self.accounts.iter().filter(|it| it.spec.whom.concerns(keys)) {
            account.admit(keys.of(account.spec.per).unwrap_or_default(), charge, now)?;
        }
        let parts = self
            .accounts
            .iter_mut()
            .filter(|account| account.spec.whom.concerns(keys))
            .map(|account| {
                let subject = keys.of(account.spec.per).unwrap_or_default();
                account.set_aside(subject, charge, now)
            })
            .collect();
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
            let account = self.accounts.iter_mut().find(|account| account.id == part.account);
            if let Some(account) = account {
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
        for account in self.accounts.iter().filter(|it| it.spec.whom.concerns(keys)) {
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
        for Account { identity, spec, pots, .. } in &mut self.accounts {
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
        let account = self.accounts.iter_mut().find(|account| account.identity == key.budget)?;
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
        for account in &self.accounts {
            let since = account.spec.window.since(now);
            for subject in account.pots.keys() {
                if let Some(pot) = account.current(subject, now) {
                    views.push(PotView {
                        budget: account.spec.name.clone(),
                        subject: subject.to_string(),
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

/// Whether a budget's old pots mean the same under its new description.
fn counts_alike(old: &BudgetSpec, new: &BudgetSpec) -> bool {
    old.name == new.name
        && old.per == new.per
        && old.window == new.window
        && old.tz == new.tz
        && old.imputed == new.imputed
        && old.whom == new.whom
}

impl Account {
    fn new(id: u64, spec: BudgetSpec, recovered: &[Recovered], sharing: Sharing) -> Self {
        let mut pots: BTreeMap<Arc<str>, Pot> = BTreeMap::new();
        // Parts of a rolling window come oldest first.
        for sum in recovered.iter().filter(|sum| sum.budget == spec.name) {
            let subject = Arc::from(sum.subject.as_str());
            let pot = pots.entry(subject).or_insert_with(|| Pot::fresh(sum.span));
            if pot.now.span != sum.span {
                pot.roll(sum.span, Some(Timestamp::MIN));
            }
            pot.now.spent += sum.spent;
        }
        let identity = spec.identity();
        Self { id, spec, identity, sharing, pots, pots_max: POTS_BEFORE_PRUNING }
    }

    /// The pot that counts at `now`. A clock that jumps back does not reopen a closed window: the latest
    /// one goes on.
    fn current(&self, subject: &str, now: Timestamp) -> Option<&Pot> {
        let from = self.spec.window.since(now).unwrap_or(now);
        self.pots.get(subject).filter(|pot| from < pot.now.span.end)
    }

    /// The part of it that a reservation at `now` would use.
    fn running(&self, subject: &str, now: Timestamp) -> Option<&Part> {
        self.pots.get(subject).map(|pot| &pot.now).filter(|part| now < part.span.end)
    }

    fn standing(&self, subject: &str, now: Timestamp) -> Standing {
        let limit = self.spec.limit;
        let empty = Standing { spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO, limit };
        let since = self.spec.window.since(now);
        self.current(subject, now).map_or(empty, |pot| pot.standing(limit, since))
    }

    fn admit(&self, subject: &str, charge: Charge, now: Timestamp) -> Result<(), OverBudget> {
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

    fn want(&self, subject: &str, charge: Charge, now: Timestamp) -> Option<Want> {
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
    fn span(&self, subject: &str, now: Timestamp) -> Span {
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

    fn set_aside(&mut self, subject: &str, charge: Charge, now: Timestamp) -> Share {
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

    fn close(&mut self, share: &Share, charged: Charge) {
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

#[cfg(test)]
mod tests;
