//! The cues: words that speak for a task at the beginning, in the head or in the tail of a prompt.
//! They are features of the classifier: they know words that its training never saw.

use super::Task;
use super::cues::{ANYWHERE, OPENING};
use crate::inspect::words::{Within, Words};
use std::sync::LazyLock;

/// How much of the beginning is read, in bytes. A request says early what it wants, …
const HEAD: usize = 320;
/// … or at the very end.
const TAIL: usize = 160;
/// How far into the prompt an opening cue may begin: behind a "please" or a "can you".
const OPENING_REACH: usize = 18;

static CUES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(OPENING.iter().chain(ANYWHERE).map(|(words, ..)| (*words, Within::Anything)))
});

/// The points that the cues give each task, in the order of [`Task::ALL`].
pub(super) fn points(prompt: &str) -> [i32; 13] {
    let mut scores = Scores::default();
    weigh_words(prompt, &mut scores);
    scores.0
}

fn weigh_words(prompt: &str, scores: &mut Scores) {
    let bytes = prompt.as_bytes();
    let (head, rest) = bytes.split_at(HEAD.min(bytes.len()));
    let tail = rest.get(rest.len().saturating_sub(TAIL)..).unwrap_or_default();
    let mut seen = [0_u64; 16];
    for (part, is_head) in [(head, true), (tail, false)] {
        CUES.visit(part, |index, place| {
            let found = match OPENING.get(index) {
                Some(cue) => Some(cue).filter(|_| is_head && opens(part, place.start)),
                None => ANYWHERE.get(index - OPENING.len()),
            };
            let Some(word) = seen.get_mut(index / 64) else { return };
            let is_repeat = *word >> (index % 64) & 1 == 1;
            if let Some((_, task, weight)) = found
                && !is_repeat
                && begins_word(part, place.start)
            {
                *word |= 1 << (index % 64);
                scores.add(*task, i32::from(*weight));
            }
        });
    }
}

/// Whether a cue that begins here stands at the beginning of a word.
fn begins_word(text: &[u8], place: usize) -> bool {
    let previous = place.checked_sub(1).and_then(|place| text.get(place)).copied().unwrap_or(b' ');
    let first = text.get(place).copied().unwrap_or(b' ');
    !previous.is_ascii_alphanumeric() || !first.is_ascii_alphanumeric()
}

/// Whether only a polite phrase stands before this place.
fn opens(text: &[u8], place: usize) -> bool {
    const POLITE: &[&str] = &[
        "please ",
        "can you ",
        "could you ",
        "can you please ",
        "i want you to ",
        "请",
        "请你",
        "帮我",
        "请帮我",
        "help me ",
        "i need you to ",
        "你能",
        "能否",
    ];
    place == 0
        || (place <= OPENING_REACH
            && text.get(..place).is_some_and(|before| {
                POLITE.iter().any(|polite| before.eq_ignore_ascii_case(polite.as_bytes()))
            }))
}

/// The points of each task.
#[derive(Default)]
struct Scores([i32; 13]);

impl Scores {
    fn add(&mut self, task: Task, points: i32) {
        let index = Task::ALL.iter().position(|other| *other == task).unwrap_or(12);
        if let Some(score) = self.0.get_mut(index) {
            *score += points;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANYWHERE, OPENING, points};
    use crate::inspect::Task;

    #[test]
    fn every_cue_is_counted_once_at_most() {
        assert!(OPENING.len() + ANYWHERE.len() <= 16 * 64);
        let of_code = |prompt| points(prompt)[7];
        assert_eq!(Task::ALL[7], Task::Code);
        assert!(of_code("python") > 0);
        assert_eq!(of_code("python"), of_code("python python"));
    }

    #[test]
    fn an_opening_counts_behind_a_polite_phrase_only() {
        let of_summary = |prompt| points(prompt)[0];
        assert!(of_summary("sum up the talk") > 0);
        assert_eq!(of_summary("sum up the talk"), of_summary("could you sum up the talk"));
        assert_eq!(of_summary("we sum up the talk"), 0);
    }
}
