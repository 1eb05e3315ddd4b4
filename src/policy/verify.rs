//! `verify`: when a local answer is good enough to be the answer.
//!
//! A small model that is unsure says so in the probabilities of its tokens. The tenth percentile is
//! what is looked at: a sum favours short answers, a mean drowns the one token that was a guess.
//! Beside it stand expectations that need no model: an answer taken from a passage stands in it, a
//! label is short, a summary is shorter than its text, and no answer is empty or cut off.

use super::TargetId;
use crate::inspect::Task;
use crate::spread;

/// What a route expects of the answer of one of its targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verify {
    /// The target whose answers are looked at; it answers in this process.
    pub of: TargetId,
    /// The tenth percentile of its token probabilities must be at least this, from 0 to 1.
    pub p10_min: f32,
    /// Whether answers of `extract` and `qa_context` must stand in what was asked.
    pub extractive: bool,
    /// The fewest words; a Chinese character is a word.
    pub words_min: Option<u32>,
    /// The most words. Without either, what is usual for the task.
    pub words_max: Option<u32>,
    /// The share of accepted answers that are compared with the next target's, from 0 to 1.
    pub agreement: f32,
}

/// A whole answer, with what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// What it says, one text for each choice.
    pub texts: &'a [String],
    /// The tenth percentile of its token probabilities.
    pub p10: f32,
    /// Whether it ended because there was no more room.
    pub is_cut_off: bool,
    /// What was asked for.
    pub task: Task,
    /// What was asked, with its passage.
    pub asked: &'a str,
}

/// What became of a local answer. The first thing in its way is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is the answer.
    Accepted,
    /// It says nothing.
    Empty,
    /// It was cut off.
    CutOff,
    /// It is shorter or longer than answers to this task are.
    Length,
    /// It does not stand in the passage.
    NotInPassage,
    /// The model was too unsure.
    Unsure,
    /// It was not accepted, but nothing else may or could answer.
    Kept,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Empty,
        Self::CutOff,
        Self::Length,
        Self::NotInPassage,
        Self::Unsure,
        Self::Kept,
    ];

    /// The word that records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Empty => "empty",
            Self::CutOff => "cut_off",
            Self::Length => "length",
            Self::NotInPassage => "not_in_passage",
            Self::Unsure => "unsure",
            Self::Kept => "kept",
        }
    }

    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl Verify {
    /// Whether the accepted answer of this decision is one of those that are compared: the same every
    /// time, and as often as `agreement` says.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "24 bits are exact")]
    pub fn draws(&self, decision: &str) -> bool {
        let drawn = spread::mix(spread::of_text(decision)) >> 40;
        (drawn as f32) < self.agreement * 16_777_216.0
    }

    /// Judges a whole answer.
    pub fn judge(&self, candidate: &Candidate<'_>) -> Verdict {
        let texts = candidate.texts;
        if texts.is_empty() || texts.iter().any(|text| !text.contains(char::is_alphanumeric)) {
            return Verdict::Empty;
        }
        if candidate.is_cut_off {
            return Verdict::CutOff;
        }
        let (fewest, most) = self.lengths(candidate);
        if texts.iter().any(|text| !(fewest..=most).contains(&words(text))) {
            return Verdict::Length;
        }
        let is_extractive = matches!(candidate.task, Task::Extract | Task::QaContext);
        if self.extractive && is_extractive {
            let passage = plain(candidate.asked);
            if !texts.iter().all(|text| stands_in(text, &passage)) {
                return Verdict::NotInPassage;
            }
        }
        // What is not a number is no certainty.
        if candidate.p10 >= self.p10_min { Verdict::Accepted } else { Verdict::Unsure }
    }

    /// The fewest and the most words: what the route says, else what is usual for the task.
    fn lengths(&self, candidate: &Candidate<'_>) -> (usize, usize) {
        let (fewest, most) = match candidate.task {
            // A summary as long as its text is a copy.
            Task::Summarize => (2, words(candidate.asked)),
            Task::Classify => (1, 12),
            Task::Extract
            | Task::QaContext
            | Task::QaOpen
            | Task::Translate
            | Task::Rewrite
            | Task::Code
            | Task::Reasoning
            | Task::Creative
            | Task::Brainstorm
            | Task::Chat
            | Task::Unknown => (1, usize::MAX),
        };
        let stated = |words: Option<u32>| words.and_then(|it| usize::try_from(it).ok());
        (stated(self.words_min).unwrap_or(fewest), stated(self.words_max).unwrap_or(most))
    }
}

/// Words between blanks; a Chinese character is a word.
fn words(text: &str) -> usize {
    let chinese = |letter: &char| ('\u{3400}'..='\u{9FFF}').contains(letter);
    let others = text.split(|letter: char| letter.is_whitespace() || chinese(&letter));
    let others = others.filter(|part| part.contains(char::is_alphanumeric)).count();
    text.chars().filter(chinese).count() + others
}

/// Small letters and digits with single blanks between words.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            out.push(letter);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// Whether every item of an answer (a name, a date, a sentence) stands in the passage.
fn stands_in(answer: &str, passage: &str) -> bool {
    let inside = |part: &str| {
        let part = plain(part);
        let part = part.trim();
        part.is_empty() || passage.contains(part)
    };
    inside(answer) || answer.split([',', ';', '\n', '，', '；', '、']).all(inside)
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Task, Verdict, Verify};
    use crate::policy::TargetId;

    const ASKED: &str = "Who led the work?\n\nThe work in Lisbon was led by Dr. Ana Silva in May.";

    fn judge(task: Task, texts: &[&str], p10: f32) -> Verdict {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        judged(&Candidate { texts: &texts, p10, is_cut_off: false, task, asked: ASKED })
    }

    fn judged(candidate: &Candidate<'_>) -> Verdict {
        let verify = Verify {
            of: TargetId(0),
            p10_min: 0.45,
            extractive: true,
            words_min: None,
            words_max: None,
            agreement: 0.0,
        };
        verify.judge(candidate)
    }

    #[test]
    fn a_sure_answer_from_the_passage_is_accepted() {
        assert_eq!(judge(Task::QaContext, &["Dr Ana Silva."], 0.45), Verdict::Accepted);
        assert_eq!(judge(Task::Extract, &["Lisbon, Ana Silva, May"], 0.9), Verdict::Accepted);
        assert_eq!(judge(Task::Classify, &["positive"], 0.9), Verdict::Accepted);
    }

    #[test]
    fn the_first_thing_in_the_way_is_named() {
        assert_eq!(judge(Task::QaContext, &["Ana Silva"], 0.449), Verdict::Unsure);
        assert_eq!(judge(Task::QaContext, &["Ana Silva"], f32::NAN), Verdict::Unsure);
        assert_eq!(judge(Task::QaContext, &["Bob Silva"], 0.9), Verdict::NotInPassage);
        assert_eq!(judge(Task::Extract, &["Lisbon, Rome"], 0.9), Verdict::NotInPassage);
        assert_eq!(judge(Task::Classify, &["word ".repeat(13).as_str()], 0.9), Verdict::Length);
        assert_eq!(judge(Task::Summarize, &["word ".repeat(99).as_str()], 0.9), Verdict::Length);
        let texts = ["well, so".to_owned()];
        let (task, asked) = (Task::Chat, ASKED);
        let cut_off = Candidate { texts: &texts, p10: 0.9, is_cut_off: true, task, asked };
        assert_eq!(judged(&cut_off), Verdict::CutOff);
        assert_eq!(judge(Task::Chat, &["sure", "Bob"], 0.9), Verdict::Accepted);
    }

    #[test]
    fn as_many_are_compared_as_is_asked_for() {
        let drawn = |agreement: f32| {
            let verify = Verify {
                of: TargetId(0),
                p10_min: 0.0,
                extractive: false,
                words_min: None,
                words_max: None,
                agreement,
            };
            (0..10_000).filter(|number| verify.draws(&format!("019ab{number:023x}"))).count()
        };
        assert_eq!((drawn(0.0), drawn(1.0)), (0, 10_000));
        assert!((400..600).contains(&drawn(0.05)), "{}", drawn(0.05));
    }

    /// An answer without tokens is as sure as can be: its probabilities say nothing against it.
    #[test]
    fn an_empty_answer_is_never_accepted() {
        for texts in [&[][..], &[""], &[" \n"], &["..."], &["Ana", ""]] {
            assert_eq!(judge(Task::Chat, texts, 1.0), Verdict::Empty, "{texts:?}");
        }
    }
}
