//! What one choice says: tokens become text, stop strings are kept back, and log-probabilities
//! travel with the text that they belong to.

use super::detokenize::Detokenizer;
use super::generate::score::Ranked;
use super::job::{Answer, Event};
use super::stop::{Said, StopStrings};
use super::tokenizer::Tokenizer;
use crate::chat::{Likely, Piece, Scored};

/// Whether a choice goes on after what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Onward,
    /// A stop string came.
    Stopped,
}

/// The text of one choice.
#[derive(Debug)]
pub(super) struct Voice {
    choice: usize,
    text: Detokenizer,
    stop: StopStrings,
    /// Tokens whose text was not said yet, if log-probabilities were asked for.
    unsaid: Vec<Scored>,
    has_spoken: bool,
    place: Place,
}

/// Where in an answer a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Later,
}

impl Voice {
    pub(super) fn new(choice: usize, stop: Vec<String>) -> Self {
        Self {
            choice,
            text: Detokenizer::default(),
            stop: StopStrings::new(stop),
            unsaid: Vec::new(),
            has_spoken: false,
            place: Place::First,
        }
    }

    pub(super) const fn choice(&self) -> usize {
        self.choice
    }

    /// Whether any text was sent.
    pub(super) const fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// Notes the log-probability of the next token and of the likeliest in its place.
    pub(super) fn score(&mut self, tokenizer: &Tokenizer, token: Ranked, top: &[Ranked]) {
        let place = self.place;
        let likely = |ranked: &Ranked| likely(tokenizer, *ranked, place);
        let scored = Scored { token: likely(&token), top: top.iter().map(likely).collect() };
        self.unsaid.push(scored);
    }

    /// Says a token.
    pub(super) fn say(&mut self, tokenizer: &Tokenizer, id: u32, answer: &Answer) -> Heard {
        self.place = Place::Later;
        let text = self.text.push(tokenizer, id);
        self.send(&text, answer)
    }

    /// Says what was kept back: no more tokens will come.
    pub(super) fn close(&mut self, tokenizer: &Tokenizer, answer: &Answer) -> Heard {
        let text = self.text.finish(tokenizer);
        let heard = self.send(&text, answer);
        if heard == Heard::Onward {
            let held = self.stop.finish();
            self.emit(held, answer);
        }
        if !self.unsaid.is_empty() {
            let tokens = std::mem::take(&mut self.unsaid);
            let (choice, text) = (self.choice, String::new());
            answer.send(Event::Text(Piece { choice, text, tokens }));
        }
        heard
    }

    fn send(&mut self, text: &str, answer: &Answer) -> Heard {
        let (said, heard) = match self.stop.push(text) {
            Said::Onward(said) => (said, Heard::Onward),
            Said::Stopped(said) => (said, Heard::Stopped),
        };
        self.emit(said, answer);
        heard
    }

    fn emit(&mut self, text: String, answer: &Answer) {
        if text.is_empty() {
            return;
        }
        self.has_spoken = true;
        let tokens = std::mem::take(&mut self.unsaid);
        answer.send(Event::Text(Piece { choice: self.choice, text, tokens }));
    }
}

/// A token as clients see it. The first of an answer has no leading space, as the text has none;
/// control tokens are shown as the vocabulary spells them.
fn likely(tokenizer: &Tokenizer, ranked: Ranked, place: Place) -> Likely {
    let written = tokenizer.written(ranked.id);
    let mut bytes = written.unwrap_or_else(|| tokenizer.spelling(ranked.id).into_bytes());
    if place == Place::First && bytes.first() == Some(&b' ') {
        bytes.remove(0);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Likely { text, bytes, logprob: ranked.logprob }
}
