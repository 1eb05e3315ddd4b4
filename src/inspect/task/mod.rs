//! What the caller wants done, guessed from the words of the request.
//!
//! To add a classifier: write `<name>.rs` with `pub(super) const CLASSIFIER: &dyn Classifier` and
//! put its name into the list below; the first that has an opinion is believed.

mod cues;

use super::Lang;
use std::fmt;

macro_rules! classifiers {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// Every classifier of this build, in the order in which they are asked.
        const CLASSIFIERS: &[&dyn Classifier] = &[$($name::CLASSIFIER),*];

        /// The names of the classifiers, for help texts and documentation.
        pub const CLASSIFIER_NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

classifiers![rules];

/// Something that tells tasks apart.
trait Classifier: Sync {
    /// The task of a prompt in this language; `None` where it cannot say anything.
    fn guess(&self, prompt: &str, lang: Lang) -> Option<TaskGuess>;
}

/// Guesses the task of a prompt. Nothing to go by yields [`Task::Unknown`] with confidence 0.
pub fn guess(prompt: &str, lang: Lang) -> TaskGuess {
    let nothing = TaskGuess { task: Task::Unknown, confidence: 0.0, runner_up: Task::Unknown };
    CLASSIFIERS.iter().find_map(|one| one.guess(prompt, lang)).unwrap_or(nothing)
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
