//! How each task is put to the model where nobody has said what to do, and how long answers to it get.
//!
//! A small model that is shown a bare text goes on with it, or says two words. Told what to do, it does it;
//! told twice, it does no better. So a sentence is written above a text only where the user's own words
//! hold none of the signs of a request.

use crate::inspect::Task;
use crate::money::Tokens;

/// How a task is put to the model.
pub(super) struct Way {
    /// What is said above a text that says nothing itself; empty where only the user knows.
    pub(super) instruction: &'static str,
    /// Beginnings of words, in small letters, by which users say it themselves.
    signs: &'static [&'static str],
    /// The longest answer where nobody says how long it may get; 0 leaves it to the model.
    answer_tokens: u32,
}

impl Way {
    /// How a task is put.
    pub(super) const fn of(task: Task) -> &'static Self {
        match task {
            Task::Summarize => &SUMMARIZE,
            Task::Classify => &CLASSIFY,
            Task::Extract => &EXTRACT,
            Task::QaContext => &QA_CONTEXT,
            Task::Rewrite => &REWRITE,
            Task::Translate
            | Task::QaOpen
            | Task::Code
            | Task::Reasoning
            | Task::Creative
            | Task::Brainstorm
            | Task::Chat
            | Task::Unknown => &RAW,
        }
    }

    /// Whether a text says by itself what is to be done.
    pub(super) fn is_said(&self, text: &str) -> bool {
        let asks = |line: Option<&str>| line.is_some_and(|line| line.trim_end().ends_with('?'));
        asks(text.lines().next())
            || asks(text.lines().next_back())
            || self.instruction.is_empty()
            || self.has_sign(text)
    }

    /// Whether a text holds a word that asks for the task.
    pub(super) fn has_sign(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let begins = |at: usize| {
            let before = lower.get(..at).and_then(|it| it.chars().next_back());
            before.is_none_or(|letter| !letter.is_alphanumeric())
        };
        self.signs.iter().any(|sign| lower.match_indices(sign).any(|(at, _)| begins(at)))
    }

    /// The longest answer where nobody says how long it may get.
    pub(super) fn answer_max(&self) -> Option<Tokens> {
        (self.answer_tokens > 0).then_some(Tokens(self.answer_tokens))
    }
}

const SUMMARIZE: Way = Way {
    instruction: "Summarize this text briefly.",
    signs: &[
        "summar",
        "tl;dr",
        "tldr",
        "shorten",
        "in short",
        "brief",
        "condense",
        "main point",
        "key point",
        "gist",
        "recap",
        "sentence",
        "headline",
        "subject line",
        "title",
        "overview",
        "takeaway",
        "boil ",
        "nutshell",
        "sum up",
        "sum it up",
        "one line",
    ],
    answer_tokens: 256,
};

const CLASSIFY: Way = Way {
    instruction: "Classify this text.",
    signs: &[
        "classif",
        "categor",
        "label",
        "class",
        "sort",
        "route",
        "assign",
        "choose",
        "pick",
        "decide",
        "sentiment",
        "positive",
        "negative",
        "spam",
        "urgen",
        "priorit",
        "topic",
        "kind",
        "type",
        "which",
        "yes or no",
        "true or false",
        "identify",
        "tell me",
        "group",
        "tag",
        "rate",
        "team",
        "queue",
    ],
    answer_tokens: 32,
};

const EXTRACT: Way = Way {
    instruction: "Extract the names, dates and numbers from this text.",
    signs: &[
        "extract", "find", "list", "get ", "pull", "return", "give", "name", "what", "who", "when",
        "where", "which", "number", "date", "amount", "address", "e-mail", "email", "phone",
        "entit", "copy", "identify", "show",
    ],
    answer_tokens: 256,
};

/// A question is always the user's own; the passage may stand in the system text.
const QA_CONTEXT: Way = Way { instruction: "", signs: &[], answer_tokens: 128 };

const REWRITE: Way = Way {
    instruction: "Rewrite this text:",
    signs: &[
        "rewrite",
        "rephrase",
        "paraphras",
        "reword",
        "correct",
        "improve",
        "fix",
        "polite",
        "formal",
        "edit",
        "simplif",
        "proofread",
        "shorten",
        "make",
        "polish",
        "friendl",
        "tone",
    ],
    answer_tokens: 0,
};

/// The small model can do little here: the user's own words are as good as any.
const RAW: Way = Way { instruction: "", signs: &[], answer_tokens: 0 };
