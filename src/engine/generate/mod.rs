//! What becomes of logits: the choosing, pure and sequence by sequence, whatever computed them.
//!
//! Penalties and constraints change a row of logits in place, a [`Chooser`] takes a token from it,
//! and [`Beams`] keeps the best of several continuations. Nothing here knows a thread, a clock or a
//! backend; a sequence's tokens depend on its own logits, its own history and its seed.

pub(super) mod beam;
pub(super) mod choose;
mod dice;
pub(super) mod guide;
pub(super) mod penalty;
pub(super) mod score;

pub(super) use beam::Beams;
pub(super) use choose::Chooser;
pub(super) use guide::{Automaton, Guided, Guides};

/// How the tokens of a job are chosen, checked and complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Recipe {
    /// 0 is greedy.
    pub(super) temperature: f32,
    /// Only this many of the likeliest tokens stay in play; 0 is all.
    pub(super) top_k: usize,
    /// Only the likeliest that together reach this probability stay in play; 1 is all.
    pub(super) top_p: f32,
    /// Only those at least this likely, as a share of the likeliest, stay in play; 0 is all.
    pub(super) min_p: f32,
    /// Equal seeds give equal answers.
    pub(super) seed: u64,
    /// Above 1, tokens that were said already become less likely; 1 changes nothing.
    pub(super) repetition_penalty: f32,
    /// No run of this many tokens is said twice; 0 allows it.
    pub(super) no_repeat_ngram: usize,
    /// The answer does not end before it has this many tokens.
    pub(super) tokens_min: usize,
    /// It ends when it has this many.
    pub(super) tokens_max: usize,
    /// The token that ends an answer.
    pub(super) end_id: u32,
}

#[cfg(test)]
impl Recipe {
    /// The best token each time, at most a hundred, and nothing else; 1 ends.
    fn greedy() -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed: 0,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            tokens_min: 0,
            tokens_max: 100,
            end_id: 1,
        }
    }
}

impl Recipe {
    /// Whether the likeliest token is always the one after this many: then only that logit has to
    /// be exact.
    pub(super) fn is_plain(&self, said: usize) -> bool {
        self.temperature <= 0.0
            && self.no_repeat_ngram == 0
            && !self.repeats_cost()
            && said >= self.tokens_min
    }

    /// Whether logits of tokens that were said change.
    pub(super) fn repeats_cost(&self) -> bool {
        (self.repetition_penalty - 1.0).abs() > f32::EPSILON
    }
}

/// A token's place in a row of logits.
fn place(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
