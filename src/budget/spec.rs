//! What a budget is: whose spending it counts, over which window, how much is allowed and what happens
//! when it is used up.
//!
//! The policy's author writes these; the policy compiler parses them; the ledger enforces them. Every
//! combination of values is legal, so the fields are public.

use jiff::tz::TimeZone;

use super::whom::Whom;
use crate::money::NanoUsd;

/// One budget of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetSpec {
    /// Its name, unique in the policy. Spending is remembered under it across reloads.
    pub name: String,
    /// Whose requests it counts.
    pub whom: Whom,
    /// Who shares one pot: every value of this subject has its own.
    pub per: Subject,
    /// How long a pot lasts before a fresh one takes its place.
    pub window: Window,
    /// Whose midnight ends a day, week or month.
    pub tz: TimeZone,
    /// The most that one pot may pay in one window.
    pub limit: NanoUsd,
    /// Whether the limit refuses or only warns.
    pub firmness: Firmness,
    /// Used shares of the limit, in percent, at which people want to hear about it.
    pub warn_at: Vec<u8>,
    /// Whether the price of our own machines counts, too.
    pub imputed: Imputed,
}

impl BudgetSpec {
    /// What it counts, as one word: budgets with the same identity share their pots, whatever their
    /// limits.
    pub fn identity(&self) -> String {
        let zone = self.tz.iana_name().unwrap_or("UTC");
        let imputed = match self.imputed {
            Imputed::Excluded => "billed",
            Imputed::Included => "all",
        };
        let (per, window) = (self.per.name(), self.window.name());
        let whom = self.whom.words();
        let whom = if whom.is_empty() { whom } else { format!(" {whom}") };
        format!("{} {per} {window} {zone} {imputed}{whom}", self.name)
    }
}

/// Whose spending shares one pot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// All requests together.
    Everyone,
    /// Each team.
    Team,
    /// Each API key.
    Key,
    /// Each caller.
    Caller,
    /// Each target.
    Target,
    /// Each route of the policy.
    Route,
    /// Each model that answers.
    Model,
}

impl Subject {
    /// Every subject, in the order that help texts use.
    pub const ALL: [Self; 7] = [
        Self::Everyone,
        Self::Team,
        Self::Key,
        Self::Caller,
        Self::Target,
        Self::Route,
        Self::Model,
    ];

    /// The word that policies use after `per:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Team => "caller.team",
            Self::Key => "caller.key",
            Self::Caller => "caller.id",
            Self::Target => "target",
            Self::Route => "route",
            Self::Model => "model",
        }
    }

    /// The subject of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }
}

/// How long a pot lasts. Calendar windows begin when the clock of the budget's time zone says so; rolling
/// ones always reach back from now, by a little more than their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// From full hour to full hour.
    Hour,
    /// From midnight to midnight, which is 23 or 25 hours when the clocks change.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the first of the next.
    Month,
    /// The last 60 minutes.
    RollingHour,
    /// The last 24 hours.
    RollingDay,
    /// The last 7 days.
    RollingWeek,
    /// The last 30 days.
    RollingMonth,
}

impl Window {
    /// Every window, shortest first, calendar windows before rolling ones.
    pub const ALL: [Self; 8] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::RollingHour,
        Self::RollingDay,
        Self::RollingWeek,
        Self::RollingMonth,
    ];

    /// The word that policies use after `window:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::RollingHour => "rolling_hour",
            Self::RollingDay => "rolling_day",
            Self::RollingWeek => "rolling_week",
            Self::RollingMonth => "rolling_month",
        }
    }

    /// The window of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.name() == name)
    }
}

/// What a used-up budget does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Firmness {
    /// Refuses to reserve beyond the limit.
    Hard,
    /// Counts on, so that people can be warned.
    Soft,
}

/// Whether a budget counts imputed money: what our own machines cost, which nobody bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imputed {
    /// Only money that an upstream bills counts.
    Excluded,
    /// Billed and imputed money count alike.
    Included,
}
