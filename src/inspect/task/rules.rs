//! The rule-based classifier: weighed words at the beginning, in the head and in the tail of the
//! prompt, and its shape (a question, a passage below it, a list, code).
//!
//! Confidence is not a feeling but the share of right guesses that prompts with the same lead
//! over the second task had among 25,234 labelled ones. On the half that the cues were not chosen
//! by, 75.6 % of the English and 72.3 % of the Chinese prompts are guessed right; most errors are
//! between a plain question and brainstorming, and among the tasks that bring a passage.

use super::cues::{ANYWHERE, OPENING};
use super::{Classifier, Lang, Task, TaskGuess};
use crate::inspect::words::{Within, Words};
use std::sync::LazyLock;

pub(super) const CLASSIFIER: &dyn Classifier = &Rules;

struct Rules;

/// How much of the beginning is read, in bytes. A request says early what it wants, …
const HEAD: usize = 320;
/// … or at the very end.
const TAIL: usize = 160;
/// How far into the prompt an opening cue may begin: behind a "please" or a "can you".
const OPENING_REACH: usize = 18;
/// A prompt that goes on after its question for longer than this brings a passage with it.
const PASSAGE: usize = 240;

static CUES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(OPENING.iter().chain(ANYWHERE).map(|(words, ..)| (*words, Within::Anything)))
});

impl Classifier for Rules {
    fn guess(&self, prompt: &str, lang: Lang) -> Option<TaskGuess> {
        let prompt = prompt.trim();
        if prompt.is_empty() {
            return None;
        }
        let mut scores = Scores::default();
        weigh_words(prompt, &mut scores);
        weigh_shape(prompt, lang, &mut scores);
        let (task, runner_up, lead) = scores.best();
        Some(TaskGuess { task, confidence: confidence(lead), runner_up })
    }
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

/// What length, line breaks and question marks say.
fn weigh_shape(prompt: &str, lang: Lang, scores: &mut Scores) {
    let bytes = prompt.as_bytes();
    let size = bytes.len();
    let has_question = memchr::memchr(b'?', bytes.get(..HEAD.min(size)).unwrap_or_default())
        .is_some()
        || prompt.ends_with(['?', '？']);
    let line = memchr::memchr(b'\n', bytes).unwrap_or(size);
    let is_passage = size > PASSAGE && (line < size || size > 400);
    let digits = bytes.iter().take(HEAD).filter(|byte| byte.is_ascii_digit()).count();
    let ends_in_question = prompt.ends_with(['?', '？']);
    if is_passage && has_question {
        scores.add(Task::QaContext, 6);
        scores.add(Task::QaOpen, -3);
        scores.add(Task::Brainstorm, -2);
    } else if is_passage {
        scores.add(Task::Summarize, 2);
        scores.add(Task::Extract, 2);
        scores.add(Task::QaOpen, -3);
        scores.add(Task::Brainstorm, -3);
    } else if has_question {
        scores.add(Task::QaOpen, 3);
    }
    // A story with numbers and a question at its end is a sum.
    if ends_in_question && digits >= 2 && size > 60 && line == size {
        scores.add(Task::Reasoning, 4);
        scores.add(Task::QaContext, -3);
    }
    if size < 40 && !has_question && lang != Lang::Zh {
        scores.add(Task::Chat, 2);
    }
    scores.add(Task::QaOpen, 1);
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

    /// The best and the second task, and how far they are apart.
    fn best(&self) -> (Task, Task, i32) {
        let (mut first, mut second) = ((Task::Unknown, i32::MIN), (Task::Unknown, i32::MIN));
        for (task, score) in Task::ALL.into_iter().zip(self.0) {
            if score > first.1 {
                (second, first) = (first, (task, score));
            } else if score > second.1 {
                second = (task, score);
            }
        }
        (first.0, second.0, first.1.saturating_sub(second.1))
    }
}

/// The share of right guesses by lead over the second task: the lower of the two halves of the
/// labelled prompts (the cues were chosen by looking at one half only).
fn confidence(lead: i32) -> f32 {
    match lead {
        ..=1 => 0.40,
        2 => 0.55,
        3 => 0.65,
        4..=6 => 0.75,
        7 | 8 => 0.87,
        9..=11 => 0.89,
        _ => 0.97,
    }
}

#[cfg(test)]
mod tests {
    use super::{ANYWHERE, CLASSIFIER, OPENING};
    use crate::inspect::{Lang, Task};

    fn check(prompt: &str, lang: Lang, task: Task) {
        let guess = CLASSIFIER.guess(prompt, lang).expect("a guess");
        assert_eq!(guess.task, task, "{prompt}");
        assert!(guess.confidence > 0.0 && guess.confidence < 1.0);
        assert_ne!(guess.runner_up, task);
    }

    #[test]
    fn every_cue_is_counted_once_at_most() {
        assert!(OPENING.len() + ANYWHERE.len() <= 16 * 64);
    }

    #[test]
    fn plain_requests_are_recognised() {
        check("Summarize: paid with 4111 1111 1111 1111", Lang::En, Task::Summarize);
        check("Please translate this to German: good morning", Lang::En, Task::Translate);
        check("Classify this review as positive or negative: great!", Lang::En, Task::Classify);
        check("Extract all email addresses from the text below", Lang::En, Task::Extract);
        check("Write a Python function that reverses a list", Lang::En, Task::Code);
        check("Rewrite the sentence in a more formal tone", Lang::En, Task::Rewrite);
        check("What is the capital of France?", Lang::En, Task::QaOpen);
        check("Write a poem about the sea", Lang::En, Task::Creative);
        check("Brainstorm ideas for a team event", Lang::En, Task::Brainstorm);
        check("hello, how are you?", Lang::En, Task::Chat);
        check(
            "Tom has 3 apples and buys 4 more for $2 each. How much does he pay in total?",
            Lang::En,
            Task::Reasoning,
        );
    }

    #[test]
    fn chinese_requests_are_recognised() {
        check("请总结下面的内容：今天开会", Lang::Zh, Task::Summarize);
        check("把下面的句子翻译成英文：你好", Lang::Zh, Task::Translate);
        check("用Java写一个函数，发送HTTP请求。", Lang::Zh, Task::Code);
        check("小明有15个苹果，给了小红3个，还剩多少个？", Lang::Zh, Task::Reasoning);
        check("从下面的文本中提取所有人名", Lang::Zh, Task::Extract);
        check("你好", Lang::Zh, Task::Chat);
    }

    #[test]
    fn a_question_with_its_passage_is_not_an_open_question() {
        let passage = "The bridge was opened by the mayor on a cold morning in spring. ".repeat(8);
        check(&format!("Who opened the bridge?\n\n{passage}"), Lang::En, Task::QaContext);
    }

    #[test]
    fn nothing_is_guessed_from_nothing() {
        assert_eq!(CLASSIFIER.guess(" \n", Lang::Other), None);
    }
}
