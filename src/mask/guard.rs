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
/// How much is kept of a private key that has begun and not ended, so that its end is known, too.
const KEY_MAX: usize = 16 << 10;

/// Guards one text of an answer.
#[derive(Clone)]
pub struct Guard {
    inspection: Inspection,
    labels: LabelSet,
    /// The end of what has passed, as it was written.
    passed: String,
    /// How many bytes went before that.
    before: usize,
    /// Where the last value began that was taken out.
    taken: Option<usize>,
    held: String,
}

impl Guard {
    /// Takes values of these kinds out of the text that follows. What a language model would find
    /// is not looked for: it would hold every word up.
    pub fn new(inspection: Inspection, labels: LabelSet) -> Self {
        let inspection = Inspection { tagger: None, ..inspection };
        Self {
            inspection,
            labels,
            passed: String::new(),
            before: 0,
            taken: None,
            held: String::new(),
        }
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
            // Of a value that goes on, only its beginning is told.
            let start = Some(self.before + span.start);
            if start != self.taken {
                out.push_str(&redacted(label));
            }
            self.taken = start;
            copied = span.end;
        }
        out.push_str(self.passed.get(copied..).unwrap_or_default());
        let cut = self.passed.len().saturating_sub(CONTEXT).min(self.open_key());
        let cut = self.passed.ceil_char_boundary(cut);
        self.passed.drain(..cut);
        self.before += cut;
        out
    }

    /// Where a private key begins that has not ended.
    fn open_key(&self) -> usize {
        let from = self.passed.ceil_char_boundary(self.passed.len().saturating_sub(KEY_MAX));
        let tail = self.passed.get(from..).unwrap_or_default();
        let begin = tail.rfind("-----BEGIN ");
        let is_open = |at: &usize| tail.get(*at..).is_some_and(|key| !key.contains("-----END "));
        begin.filter(is_open).map_or(usize::MAX, |at| from + at)
    }
}

/// How much of the text cannot become part of a longer value: up to the last space that does not
/// stand in a row of digits. Chinese and Japanese have signs for spaces.
fn settled(text: &str) -> usize {
    let is_gap = |sign: char| sign.is_whitespace() || "。，、！？；".contains(sign);
    let mut end = text.len();
    while let Some(space) = text.get(..end).and_then(|head| head.rfind(is_gap)) {
        let word = text.get(space..end).unwrap_or_default().trim_matches(is_gap);
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
        assert_eq!(settled("今天很好，明天"), "今天很好，".len());
        assert_eq!(settled("电话 138 "), "电话 ".len());
    }

    #[test]
    fn a_private_key_is_taken_out_however_long_it_is() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n";
        let key = format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----",
            line.repeat(40)
        );
        let text = format!("Here it is:\n{key}\nKeep it safe.");
        for size in [1, 7, 64, 5_000] {
            let cuts: Vec<usize> = (0..text.len()).step_by(size).collect();
            let shown = guarded(&text, &cuts);
            assert!(!shown.contains("MII") && !shown.contains("8cKj"), "{size}: {shown}");
            assert_eq!(shown.matches("[KEY]").count(), 1, "{size}: {shown}");
            assert!(
                shown.starts_with("Here it is:\n") && shown.ends_with("\nKeep it safe."),
                "{shown}"
            );
        }
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
