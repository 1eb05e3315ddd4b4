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

use super::share::{Grant, Keep, PotKey, Report, Sharing, Slice, Want};
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
    parts: SmallVec<[Part; 4]>,
    charge: Charge,
}

impl Ticket {
    /// What was set aside.
    pub(super) fn charge(&self) -> Charge {
        self.charge
    }
}

#[derive(Debug)]
struct Part {
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

#[derive(Clone, Debug)]
struct Pot {
    span: Span,
    spent: NanoUsd,
    reserved: NanoUsd,
    overrun: NanoUsd,
    slice: Slice,
}

const POTS_BEFORE_PRUNING: usize = 1024;

impl Ledger {
    pub(super) fn new(
        specs: Vec<BudgetSpec>,
        recovered: Vec<Recovered>,
        sharing: Sharing,
    ) -> Self {
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
        for account in &self.accounts {
            account.admit(keys.of(account.spec.per).unwrap_or_default(), charge, now)?;
        }
        let parts = self
            .accounts
            .iter_mut()
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
        for account in &self.accounts {
            let subject = keys.of(account.spec.per).unwrap_or_default();
            let Some(want) = account.want(subject, charge, now) else { continue };
            if account.current(subject, now).is_some_and(|pot| pot.slice.is_dry) {
                return Vec::new();
            }
            wants.push(want);
        }
        wants
    }

    pub(super) fn grant(&mut self, grants: &[Grant]) {
        for grant in grants {
            if let Some(pot) = self.pot(&grant.pot) {
                pot.slice.granted += grant.more;
                pot.slice.others = grant.others;
                pot.slice.is_dry = !grant.more.is_positive();
            }
        }
    }

    pub(super) fn learn(&mut self, others: &[(PotKey, NanoUsd)]) {
        for (pot, others) in others {
            if let Some(pot) = self.pot(pot) {
                pot.slice.others = *others;
            }
        }
    }

    pub(super) fn round(&mut self, keep: Keep, now: Timestamp) -> Vec<Report> {
        let mut reports = Vec::new();
        for Account { identity, pots, .. } in &mut self.accounts {
            for (subject, pot) in pots.iter_mut().filter(|(_, pot)| now < pot.span.end) {
                if let Some((granted, used)) = pot.slice.round(pot.spent + pot.reserved, keep) {
                    let pot_key = PotKey {
                        budget: identity.clone(),
                        subject: subject.to_string(),
                        start: pot.span.start,
                    };
                    reports.push(Report { pot: pot_key, end: pot.span.end, granted, used });
                }
            }
        }
        reports
    }

    /// The pot that nodes call so, which begins here if this node has none of that window or a later one.
    fn pot(&mut self, key: &PotKey) -> Option<&mut Pot> {
        let account = self.accounts.iter_mut().find(|account| account.identity == key.budget)?;
        let span = account.spec.window.span(&account.spec.tz, key.start);
        let subject: Arc<str> = Arc::from(key.subject.as_str());
        let pot = account.pots.entry(subject).or_insert_with(|| Pot::fresh(span));
        if pot.span.end <= span.start {
            *pot = Pot::fresh(span);
        }
        (pot.span.start == key.start).then_some(pot)
    }

    /// The pots of the windows that contain `now`.
    pub(super) fn views(&self, now: Timestamp) -> Vec<PotView> {
        let mut views = Vec::new();
        for account in &self.accounts {
            for (subject, pot) in &account.pots {
                if now < pot.span.end {
                    views.push(PotView {
                        budget: account.spec.name.clone(),
                        subject: subject.to_string(),
                        span: pot.span,
                        standing: pot.standing(account.spec.limit),
                        overrun: pot.overrun,
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
}

impl Account {
    fn new(id: u64, spec: BudgetSpec, recovered: &[Recovered], sharing: Sharing) -> Self {
        let pots = recovered
            .iter()
            .filter(|sum| sum.budget == spec.name)
            .map(|sum| {
                let pot = Pot { spent: sum.spent, ..Pot::fresh(sum.span) };
                (Arc::from(sum.subject.as_str()), pot)
            })
            .collect();
        let identity = spec.identity();
        Self { id, spec, identity, sharing, pots, pots_max: POTS_BEFORE_PRUNING }
    }

    /// The pot that a reservation at `now` would use. A clock that jumps back does not reopen a closed
    /// window: the latest one goes on.
    fn current(&self, subject: &str, now: Timestamp) -> Option<&Pot> {
        self.pots.get(subject).filter(|pot| now < pot.span.end)
    }

    fn standing(&self, subject: &str, now: Timestamp) -> Standing {
        let empty =
            Standing { spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO, limit: self.spec.limit };
        self.current(subject, now).map_or(empty, |pot| pot.standing(self.spec.limit))
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
        let pot = self.current(subject, now);
        let used = pot.map_or(NanoUsd::ZERO, |pot| pot.spent + pot.reserved);
        let may_use = match self.sharing {
            Sharing::Alone => self.spec.limit,
            Sharing::Shared => pot.map_or(NanoUsd::ZERO, |pot| pot.slice.granted),
        };
        (used + asked).less(may_use)
    }

    fn want(&self, subject: &str, charge: Charge, now: Timestamp) -> Option<Want> {
        let asked = charge.counted(self.spec.imputed);
        let need = self.lacks(subject, asked, now);
        let is_hard = self.spec.firmness == Firmness::Hard && asked.is_positive();
        (is_hard && need.is_positive()).then(|| {
            let span = self.span(subject, now);
            let pot = PotKey {
                budget: self.identity.clone(),
                subject: subject.to_owned(),
                start: span.start,
            };
            Want { pot, end: span.end, limit: self.spec.limit, need }
        })
    }

    /// The window that a reservation at `now` belongs to.
    fn span(&self, subject: &str, now: Timestamp) -> Span {
        let span = self.current(subject, now).map(|pot| pot.span);
        span.unwrap_or_else(|| self.spec.window.span(&self.spec.tz, now))
    }

    fn set_aside(&mut self, subject: &str, charge: Charge, now: Timestamp) -> Part {
        // A negative price does not exist; if one came, it must not create money.
        let amount = charge.counted(self.spec.imputed).max(NanoUsd::ZERO);
        let (subject, start) = match self.pots.get_key_value(subject) {
            Some((subject, pot)) if now < pot.span.end => (Arc::clone(subject), pot.span.start),
            known => {
                let subject = known.map_or_else(|| Arc::from(subject), |(key, _)| Arc::clone(key));
                let span = self.spec.window.span(&self.spec.tz, now);
                self.prune(now);
                self.pots.insert(Arc::clone(&subject), Pot::fresh(span));
                (subject, span.start)
            }
        };
        if let Some(pot) = self.pots.get_mut(&subject) {
            pot.reserved += amount;
            pot.slice.recent += amount;
        }
        Part { account: self.id, subject, start, amount }
    }

    fn close(&mut self, part: &Part, charged: Charge) {
        let charged = charged.counted(self.spec.imputed).max(NanoUsd::ZERO);
        // A pot of a later window has nothing to do with this reservation: its window is over.
        let pot = self.pots.get_mut(&part.subject).filter(|pot| pot.span.start == part.start);
        if let Some(pot) = pot {
            pot.reserved -= part.amount;
            pot.spent += charged;
            pot.overrun += charged.less(part.amount);
        }
    }

    /// Keeps the number of pots near the number of subjects that are active in a window.
    fn prune(&mut self, now: Timestamp) {
        if self.pots.len() >= self.pots_max {
            self.pots.retain(|_, pot| now < pot.span.end);
            self.pots_max = self.pots.len().saturating_mul(2).max(POTS_BEFORE_PRUNING);
        }
    }
}

impl Pot {
    fn fresh(span: Span) -> Self {
        let (spent, reserved, overrun) = (NanoUsd::ZERO, NanoUsd::ZERO, NanoUsd::ZERO);
        Self { span, spent, reserved, overrun, slice: Slice::default() }
    }

    /// What other nodes use counts as spent.
    fn standing(&self, limit: NanoUsd) -> Standing {
        Standing { spent: self.spent + self.slice.others, reserved: self.reserved, limit }
    }
}

#[cfg(test)]
mod tests;
