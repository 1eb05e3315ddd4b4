//! Looks at an answer while it streams, and takes out what must not be shown: secrets and identifiers
//! that a model repeats or invents.
//!
//! Held back is only what may still grow into a value: the last word, or a row of digits that has
//! not ended. Words of prose pass at the next space.

use std::fmt;

use super::placeholder::redacted;
use crate::inspect::{Inspection, LabelSet};

/// How much of what has passed is kept to know the words beside a value, in bytes.
const CONTEXT: usize = 256;
/// The most that is held back; longer than any single value but a private key.
const HELD_MAX: usize = 4096;

/// Guards one text of an answer.
#[derive(Clone)]
pub struct Guard {
    inspection: Inspection,
    labels: LabelSet,
    /// The end of what has passed, as it was written.
    passed: String,
    held: String,
}

impl Guard {
    /// Takes values of these kinds out of the text that follows. What a language model would find
    /// is not looked for: it would hold every word up.
    pub fn new(inspection: Inspection, labels: LabelSet) -> Self {
        let inspection = Inspection { tagger: None, ..inspection };
        Self { inspection, labels, passed: String::new(), held: String::new() }
    }

    /// Takes the next piece and gives back what can be shown.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let safe = if self.held.len() > HELD_MAX { self.held.len() } else { settled(&self.held) };
        self.release(safe)
    }

    /// The rest, when nothing more comes.
    pub fn finish(&mut self) -> String {
        self.release(self.held.len())
    }

    /// Looks at the first bytes of what is held, with what went before, and lets them go.
    fn release(&mut self, safe: usize) -> String {
        if safe == 0 {
            return String::new();
        }
        let rest = self.held.split_off(self.held.floor_char_boundary(safe));
        let part = std::mem::replace(&mut self.held, rest);
        let offset = self.passed.len();
        self.passed.push_str(&part);
        let mut out = String::with_capacity(part.len());
        let mut copied = offset;
        for (label, _, span) in self.inspection.values("answer", &self.passed) {
            if !self.labels.contains(label) || span.end <= copied {
                continue;
            }
            out.push_str(self.passed.get(copied..span.start).unwrap_or_default());
            out.push_str(&redacted(label));
            copied = span.end;
        }
        out.push_str(self.passed.get(copied..).unwrap_or_default());
        let cut = self.passed.ceil_char_boundary(self.passed.len().saturating_sub(CONTEXT));
        self.passed.drain(..cut);
        out
    }
}

/// How much of the text cannot become part of a longer value: up to the last space that does not
/// stand in a row of digits.
fn settled(text: &str) -> usize {
    let mut end = text.len();
    while let Some(space) = text.get(..end).and_then(|head| head.rfind(char::is_whitespace)) {
        let word = text.get(space..end).unwrap_or_default().trim();
        let before = text.get(..space).unwrap_or_default().trim_end();
        let is_row = word.bytes().next().is_none_or(|byte| byte.is_ascii_digit() || byte == b'(')
            && before.bytes().last().is_some_and(|byte| byte.is_ascii_digit() || byte == b')');
        if !is_row {
            return space
                + text.get(space..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        }
        end = space;
    }
    0
}

impl fmt::Debug for Guard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Guard({} bytes held)", self.held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, settled};
    use crate::inspect::{Inspection, LabelSet};
    use proptest::prelude::*;

    fn guarded(text: &str, cuts: &[usize]) -> String {
        let labels = LabelSet::ALL;
        let mut guard = Guard::new(Inspection::default(), labels);
        let mut out = String::new();
        let mut from = 0;
        for cut in cuts.iter().map(|cut| text.floor_char_boundary(*cut)).chain([text.len()]) {
            if cut > from {
                out.push_str(&guard.push(text.get(from..cut).unwrap_or_default()));
                from = cut;
            }
        }
        out + &guard.finish()
    }

    #[test]
    fn values_are_taken_out_of_a_stream() {
        let text = "The card is 4111 1111 1111 1111 and the mail jane@acme.com. Bye";
        let expected = "The card is [CARD] and the mail [EMAIL]. Bye";
        for size in [1, 2, 3, 7, 100] {
            let cuts: Vec<usize> = (0..text.len()).step_by(size).collect();
            assert_eq!(guarded(text, &cuts), expected, "{size}");
        }
    }

    #[test]
    fn prose_passes_at_the_next_space() {
        assert_eq!(settled("some words here"), 11);
        assert_eq!(settled("in 2024 there"), 8);
        assert_eq!(settled("call 4111 1111 "), 5);
        assert_eq!(settled("word"), 0);
    }

    proptest! {
        /// In lower case, because `MR A.` is a name.
        #[test]
        fn other_text_is_unchanged(text in "[a-z ,.!?\n中文]{0,80}", cuts in prop::collection::vec(0_usize..80, 0..6)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            prop_assert_eq!(guarded(&text, &cuts), text);
        }
    }
}
