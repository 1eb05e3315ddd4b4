//! What nodes that share budgets tell each other, as values: which pot, how much is wanted, given, used.

use jiff::Timestamp;

use crate::money::NanoUsd;

/// One pot, as all nodes name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PotKey {
    /// What the budget counts, [`BudgetSpec::identity`](super::BudgetSpec::identity).
    pub budget: String,
    /// Whose pot it is; empty where everyone shares one.
    pub subject: String,
    /// When its window began.
    pub start: Timestamp,
}

/// What a node needs more of a pot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The pot.
    pub pot: PotKey,
    /// When its window ends.
    pub end: Timestamp,
    /// Where a rolling window begins, whose other parts count against the limit, too.
    pub since: Option<Timestamp>,
    /// The most that all nodes may have of it.
    pub limit: NanoUsd,
    /// The least that helps.
    pub need: NanoUsd,
}

/// What a node got of a pot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The pot.
    pub pot: PotKey,
    /// How much more it may use; nothing if there was not enough.
    pub more: NanoUsd,
    /// What other nodes use.
    pub others: NanoUsd,
}

/// How a node stands with a pot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The pot.
    pub pot: PotKey,
    /// When its window ends.
    pub end: Timestamp,
    /// What the node keeps.
    pub granted: NanoUsd,
    /// What it has spent or reserved.
    pub used: NanoUsd,
}

/// Who counts against a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// This process alone.
    #[default]
    Alone,
    /// Several: this one may use what it was given, no more.
    Shared,
}

/// A node's part of a pot.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slice {
    /// What this node may use.
    pub granted: NanoUsd,
    /// What other nodes use, when last heard.
    pub others: NanoUsd,
    /// Whether the last question for more was in vain; asked again after the next round.
    pub is_dry: bool,
    /// What was reserved since the last round.
    pub recent: NanoUsd,
    /// What was reported last, and how many rounds ago.
    pub told: Option<(NanoUsd, NanoUsd)>,
    pub silent_rounds: u8,
}

/// A pot in which nothing happens is reported every so many rounds, to hear of the others.
const SILENT_ROUNDS_MAX: u8 = 8;

impl Slice {
    /// Gives up what the last round's pace does not call for, and says how this node stands; `None` if
    /// that is known.
    pub(super) fn round(&mut self, used: NanoUsd, keep: Keep) -> Option<(NanoUsd, NanoUsd)> {
        let spare = match keep {
            Keep::Pace => self.recent.times(2),
            Keep::Nothing => NanoUsd::ZERO,
        };
        self.granted = self.granted.min(used + spare).max(used);
        self.recent = NanoUsd::ZERO;
        self.is_dry = false;
        let stands = (self.granted, used);
        self.silent_rounds = self.silent_rounds.saturating_add(1);
        if self.told == Some(stands) && self.silent_rounds < SILENT_ROUNDS_MAX {
            return None;
        }
        (self.told, self.silent_rounds) = (Some(stands), 0);
        Some(stands)
    }
}

/// What a node keeps of what it does not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Enough for the next round at the pace of the last.
    Pace,
    /// Nothing: it is about to end.
    Nothing,
}
