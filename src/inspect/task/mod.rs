//! What the caller wants done: a classifier trained on labelled prompts, in this process and within
//! microseconds.
//!
//! `features` says what is looked at, `model` holds the weights and answers, `train` makes weights
//! from labelled prompts, `score` measures them. `conversation` says what of a conversation is read.

mod conversation;
mod cues;
mod features;
mod keywords;
mod model;
mod rules;
mod score;
#[cfg(test)]
mod tests;
mod train;

use super::Lang;
use std::fmt;

pub use conversation::Conversation;
pub use keywords::Keywords;
pub use model::{Model, ModelError};
pub use score::{Hits, LOCAL, Scored, Scores, share};
pub use train::{Example, TrainError, Trained, Training, train};

/// What is classified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The system prompt; may be empty.
    pub system: &'a str,
    /// What the user says last.
    pub turn: &'a str,
    /// The language of the prose.
    pub lang: Lang,
    /// Whether pictures are attached.
    pub has_images: bool,
    /// Whether tools are offered.
    pub has_tools: bool,
}

/// The kinds of task that a policy can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the name is the documentation")]
pub enum Task {
    Summarize,
    Classify,
    Extract,
    QaContext,
    QaOpen,
    Translate,
    Rewrite,
    Code,
    Reasoning,
    Creative,
    Brainstorm,
    Chat,
    #[default]
    Unknown,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 13] = [
        Self::Summarize,
        Self::Classify,
        Self::Extract,
        Self::QaContext,
        Self::QaOpen,
        Self::Translate,
        Self::Rewrite,
        Self::Code,
        Self::Reasoning,
        Self::Creative,
        Self::Brainstorm,
        Self::Chat,
        Self::Unknown,
    ];

    /// The word that policies, records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summarize => "summarize",
            Self::Classify => "classify",
            Self::Extract => "extract",
            Self::QaContext => "qa_context",
            Self::QaOpen => "qa_open",
            Self::Translate => "translate",
            Self::Rewrite => "rewrite",
            Self::Code => "code",
            Self::Reasoning => "reasoning",
            Self::Creative => "creative",
            Self::Brainstorm => "brainstorm",
            Self::Chat => "chat",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }

    /// How much of a model a task demands: what a small local model can do comes first.
    pub const fn demand(self) -> u8 {
        match self {
            Self::Summarize | Self::Classify | Self::Extract | Self::QaContext => 0,
            Self::Translate | Self::Rewrite | Self::Chat => 1,
            Self::QaOpen | Self::Creative | Self::Brainstorm => 2,
            Self::Code | Self::Reasoning | Self::Unknown => 3,
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A guess at the task, with how sure it is and what it might be instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskGuess {
    /// The most likely task.
    pub task: Task,
    /// From 0 (no idea) to 1 (certain).
    pub confidence: f32,
    /// The next likely task.
    pub runner_up: Task,
}

impl TaskGuess {
    /// Nothing to go by.
    pub const NOTHING: Self =
        Self { task: Task::Unknown, confidence: 0.0, runner_up: Task::Unknown };
}
