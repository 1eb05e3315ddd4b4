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
mod restore;

pub use answer::{Format, Heard, Restoration, StreamRestorer, restore_whole};
pub use body::{Masked, Unmaskable, mask};
pub use messages::MessageRestorer;
pub use placeholder::{Conversation, Key, Placeholders};

use std::fmt;

use crate::inspect::LabelSet;

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

/// What is masked, and how.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct MaskPlan {
    reversible: LabelSet,
    hash: LabelSet,
    redact: LabelSet,
}

impl MaskPlan {
    /// Masks these labels in this mode.
    pub const fn of(labels: LabelSet, mode: Mode) -> Self {
        let none =
            Self { reversible: LabelSet::EMPTY, hash: LabelSet::EMPTY, redact: LabelSet::EMPTY };
        match mode {
            Mode::Reversible => Self { reversible: labels, ..none },
            Mode::Hash => Self { hash: labels, ..none },
            Mode::Redact => Self { redact: labels, ..none },
        }
    }

    /// What both ask for.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            reversible: self.reversible.union(other.reversible),
            hash: self.hash.union(other.hash),
            redact: self.redact.union(other.redact),
        }
    }

    /// Everything that is masked in any mode.
    pub const fn labels(self) -> LabelSet {
        self.reversible.union(self.hash).union(self.redact)
    }

    /// Whether nothing is masked.
    pub const fn is_empty(self) -> bool {
        self.labels().is_empty()
    }

    /// How values of a kind are masked: the strictest mode that is asked for.
    pub const fn mode_of(self, label: crate::inspect::Label) -> Option<Mode> {
        if self.redact.contains(label) {
            Some(Mode::Redact)
        } else if self.hash.contains(label) {
            Some(Mode::Hash)
        } else if self.reversible.contains(label) {
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
