//! An answer made by the local engine, before a dialect writes it down.

use std::fmt;

use crate::chat::Usage;

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model was done, or a stop text came.
    Stop,
    /// The limit on answer tokens was reached.
    Length,
}

/// One step of a streamed answer.
#[derive(Clone, PartialEq)]
pub enum Event {
    /// The next piece of text.
    Text(String),
    /// Nothing follows.
    Done(Finish),
}

/// What a dialect needs to write an answer, whole or in pieces.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The decision's id, from which the answer's id is made.
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    /// The model that answered, by its own name.
    pub model: String,
    /// The text; empty while streaming.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it used.
    pub usage: Usage,
}

impl fmt::Debug for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(out, "Text({} bytes)", text.len()),
            Self::Done(finish) => write!(out, "Done({finish:?})"),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Answer({}, {}, {} bytes)", self.id, self.model, self.text.len())
    }
}
