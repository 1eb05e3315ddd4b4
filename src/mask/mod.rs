//! Masking: sensitive values are replaced by placeholders before a request leaves, and put back into
//! the answer on its way home.
//!
//! A placeholder such as `[EMAIL_bdkqzvrtwn]` is a keyed digest of the value and the conversation:
//! the same value keeps its placeholder over the turns of a conversation (so that a provider's
//! prompt cache stays warm), and nobody can tell that two conversations share a value. It has
//! neither digits nor quotes, so it fits into JSON and no detector takes it for a value.
//!
//! Pure: the key is an argument, the map lives as long as the request, nothing is stored.

mod answer;
mod body;
mod guard;
mod json;
mod messages;
mod placeholder;
mod responses;
mod restore;

pub use answer::{Format, Heard, Restoration, StreamRestorer, restore_whole};
pub use body::{Masked, Unmaskable, mask};
pub use guard::Guard;
pub use messages::MessageRestorer;
pub use placeholder::{Conversation, Key, Placeholders};
pub use responses::ResponseRestorer;

use std::fmt;

use crate::inspect::{Confidence, Label, LabelSet};

/// How values are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// By a placeholder, and back in the answer.
    Reversible,
    /// By a placeholder that tells equal values from others, for good.
    Hash,
    /// By the kind of value, for good.
    Redact,
}

impl Mode {
    /// Every mode, from least to most strict.
    pub const ALL: [Self; 3] = [Self::Reversible, Self::Hash, Self::Redact];

    /// The word that policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reversible => "reversible",
            Self::Hash => "hash",
            Self::Redact => "redact",
        }
    }
}

/// What is masked, and how: certain finds and those that are only likely each in their own mode.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct MaskPlan {
    certain: Modes,
    likely: Modes,
}

/// The labels of each mode.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Modes {
    reversible: LabelSet,
    hash: LabelSet,
    redact: LabelSet,
}

impl Modes {
    const NONE: Self =
        Self { reversible: LabelSet::EMPTY, hash: LabelSet::EMPTY, redact: LabelSet::EMPTY };

    const fn of(labels: LabelSet, mode: Mode) -> Self {
        match mode {
            Mode::Reversible => Self { reversible: labels, ..Self::NONE },
            Mode::Hash => Self { hash: labels, ..Self::NONE },
            Mode::Redact => Self { redact: labels, ..Self::NONE },
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            reversible: self.reversible.union(other.reversible),
            hash: self.hash.union(other.hash),
            redact: self.redact.union(other.redact),
        }
    }

    const fn labels(self) -> LabelSet {
        self.reversible.union(self.hash).union(self.redact)
    }
}

impl MaskPlan {
    /// Masks these labels in this mode, however sure a find is.
    pub const fn of(labels: LabelSet, mode: Mode) -> Self {
        Self::by_tier(labels, mode, Some(mode))
    }

    /// Masks certain finds of these labels in one mode and likely ones in another; `None` leaves the
    /// likely ones as they are.
    pub const fn by_tier(labels: LabelSet, certain: Mode, likely: Option<Mode>) -> Self {
        let likely = match likely {
            Some(mode) => Modes::of(labels, mode),
            None => Modes::NONE,
        };
        Self { certain: Modes::of(labels, certain), likely }
    }

    /// What both ask for.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { certain: self.certain.and(other.certain), likely: self.likely.and(other.likely) }
    }

    /// Everything that is masked in any mode.
    pub const fn labels(self) -> LabelSet {
        self.certain.labels().union(self.likely.labels())
    }

    /// Whether nothing is masked.
    pub const fn is_empty(self) -> bool {
        self.labels().is_empty()
    }

    /// How values of a kind are masked, by how sure the find is: the strictest mode that is asked
    /// for.
    pub const fn mode_of(self, label: Label, confidence: Confidence) -> Option<Mode> {
        let modes = match confidence {
            Confidence::Certain => self.certain,
            Confidence::Likely => self.likely,
        };
        if modes.redact.contains(label) {
            Some(Mode::Redact)
        } else if modes.hash.contains(label) {
            Some(Mode::Hash)
        } else if modes.reversible.contains(label) {
            Some(Mode::Reversible)
        } else {
            None
        }
    }
}

impl fmt::Debug for MaskPlan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.labels().fmt(out)
    }
}

#[cfg(test)]
mod tests;
