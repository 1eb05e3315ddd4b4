//! The engine's limits, each with a default.

use std::time::Duration;

use crate::money::Tokens;

/// How much the engine may use and accept.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// Threads that compute; each works on its own answers. At least one.
    pub threads: usize,
    /// Answers that one thread moves forward in turn.
    pub answers_per_thread: usize,
    /// Requests that may wait in line; the next is refused as overloaded.
    pub queue_max: usize,
    /// How long a request may wait in line before it is refused as overloaded.
    pub queue_time_max: Duration,
    /// The longest answer.
    pub new_tokens_max: Tokens,
    /// The longest prompt, where the model itself would take a longer one.
    pub context_tokens_max: Tokens,
    /// The share of a prompt's characters that may be outside the vocabulary, 0 to 1. Above it the
    /// model would answer to something that was not asked.
    pub unk_ratio_max: f32,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            threads: 1,
            answers_per_thread: 4,
            queue_max: 64,
            queue_time_max: Duration::from_secs(30),
            new_tokens_max: Tokens(256),
            context_tokens_max: Tokens(2048),
            unk_ratio_max: 0.1,
        }
    }
}
