//! Ids to text while they arrive: what has been handed out so far is always a beginning of what
//! decoding all ids at once would give, and in the end it is the whole of it.
//!
//! A token's text depends on its neighbours: the first loses its leading space, and single bytes
//! make a character only together. So new tokens are decoded behind those that were handed out
//! last, and a run of byte tokens is held back until it ends: one bad byte spoils a whole run.

use super::tokenizer::Tokenizer;

/// The text of one answer, growing.
#[derive(Default)]
pub(super) struct Detokenizer {
    /// The tokens whose text was handed out last: the left neighbours of what comes next.
    before: Vec<u32>,
    /// Tokens that were not handed out yet.
    waiting: Vec<u32>,
}

impl std::fmt::Debug for Detokenizer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Detokenizer({} waiting)", self.waiting.len())
    }
}

impl Detokenizer {
    /// Takes the next token and returns what can be said for certain; often one word, or nothing.
    pub(super) fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> String {
        if tokenizer.is_silent(id) {
            return String::new();
        }
        self.waiting.push(id);
        if tokenizer.is_byte(id) { String::new() } else { self.hand_out(tokenizer) }
    }

    /// Returns what was held back: no more tokens will come.
    pub(super) fn finish(&mut self, tokenizer: &Tokenizer) -> String {
        if self.waiting.is_empty() { String::new() } else { self.hand_out(tokenizer) }
    }

    fn hand_out(&mut self, tokenizer: &Tokenizer) -> String {
        let said = tokenizer.decode(&self.before);
        let fresh = std::mem::take(&mut self.waiting);
        let all: Vec<u32> = self.before.iter().chain(&fresh).copied().collect();
        let text = tokenizer.decode(&all);
        let text = text.strip_prefix(&said).map(str::to_owned);
        let text = text.unwrap_or_else(|| tokenizer.decode(&fresh));
        self.before = fresh;
        text
    }
}

#[cfg(test)]
mod tests;
