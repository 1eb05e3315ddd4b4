//! What the caller wants done, guessed from the words of the request.

use std::fmt;

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
