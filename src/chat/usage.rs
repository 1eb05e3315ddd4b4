//! What a request used, in kinds that do not overlap, and where the numbers come from.

use crate::money::{NanoUsd, Tokens};

mod anthropic;
mod converse;
mod extra;
mod gemini;
mod openai;
mod tier;

pub use anthropic::AnthropicUsage;
pub use converse::ConverseUsage;
pub use extra::{Extra, Extras, Side};
pub use gemini::GeminiUsage;
pub use openai::OpenAiUsage;
pub use tier::Tier;

/// Where usage numbers come from. Never mixed up: a guess is not a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageSource {
    /// The upstream said so.
    Reported,
    /// Our tokenizer counted the texts.
    Counted,
    /// Derived from lengths.
    Estimated,
}

impl UsageSource {
    /// The word that records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Counted => "counted",
            Self::Estimated => "estimated",
        }
    }
}

/// Tokens by kind. The kinds are disjoint: their sum is everything that was processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens that no cache served, but for those of [`extras`](Self::extras).
    pub input_uncached: Tokens,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: Tokens,
    /// Prompt tokens written to the provider's cache with its standard (5 minute) life.
    pub cache_write: Tokens,
    /// Prompt tokens written to the provider's cache for one hour.
    pub cache_write_1h: Tokens,
    /// Answer tokens that the caller sees.
    pub output: Tokens,
    /// Answer tokens spent on reasoning that the caller does not see.
    pub reasoning: Tokens,
    /// What was used of rarer kinds, which none of the above counts.
    pub extras: Extras,
    /// How urgently it was treated.
    pub tier: Tier,
    /// What the upstream says that it bills, where it says so.
    pub billed: Option<NanoUsd>,
    /// Where the numbers come from.
    pub source: UsageSource,
}

impl Usage {
    /// Nothing used, from this source.
    pub const fn none(source: UsageSource) -> Self {
        Self {
            input_uncached: Tokens(0),
            cache_read: Tokens(0),
            cache_write: Tokens(0),
            cache_write_1h: Tokens(0),
            output: Tokens(0),
            reasoning: Tokens(0),
            extras: Extras::NONE,
            tier: Tier::Standard,
            billed: None,
            source,
        }
    }

    /// The same where at least so many pieces were used.
    #[must_use]
    pub fn with_pieces(self, pieces: Extras) -> Self {
        Self { extras: self.extras.max(pieces), ..self }
    }

    /// All prompt tokens.
    pub fn input_total(&self) -> Tokens {
        self.input_uncached
            + self.cache_read
            + self.cache_write
            + self.cache_write_1h
            + self.extras.sum(Side::Prompt)
    }

    /// All answer tokens.
    pub fn output_total(&self) -> Tokens {
        self.output + self.reasoning + self.extras.sum(Side::Answer)
    }
}

/// Takes up to `wanted` out of what is left, so that nothing is counted twice.
fn take(left: &mut u64, wanted: u64) -> u64 {
    let taken = wanted.min(*left);
    *left = left.saturating_sub(taken);
    taken
}
