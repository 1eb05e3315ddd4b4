//! What a request contains, learned without sending it anywhere: sensitive values, the kind of
//! task, the language and the size.
//!
//! Pure: bytes in, values out, no clock, no I/O. `inspector.rs` runs it under a deadline.

pub mod sensitivity;
pub mod size;
pub mod task;

pub use sensitivity::{Confidence, Evidence, Finding, Label, LabelSet, Level};
pub use task::{Task, TaskGuess};

/// One string of the request, with the place it was found in.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Where it stands, such as `messages[0].content` or `tools[2].function.name`.
    pub path: &'a str,
    /// The text itself, unescaped.
    pub text: &'a str,
    /// Whether a model reads this as conversation (message content), as opposed to settings.
    pub is_prose: bool,
}

/// How much of the request the detectors have seen. Anything but `Complete` narrows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scan {
    /// Every string was read to its end.
    Complete,
    /// Some part could not be read: an image, a file, a text over the size limit.
    Partial,
    /// Inspection failed or ran out of time: nothing is known.
    #[default]
    Uninspected,
}

/// The language the prose is mostly written in; `Other` covers everything not told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// English (and, for now, other languages in Latin letters without a clearer sign).
    En,
    /// Chinese.
    Zh,
    /// Any other language or no language at all.
    #[default]
    Other,
}

/// Everything inspection learned. The worst case is the default: nothing was seen.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Sensitive values, in the order of the text.
    pub items: Vec<Finding>,
    /// The labels found, as a set.
    pub labels: LabelSet,
    /// How much was seen.
    pub scan: Scan,
    /// What the caller wants done; `None` when it was not looked at.
    pub task: Option<TaskGuess>,
    /// The main language.
    pub lang: Lang,
    /// Estimated prompt tokens of a byte-pair tokenizer.
    pub tokens_input: crate::money::Tokens,
}
