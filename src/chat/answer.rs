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

/// A token and its log-probability.
#[derive(Clone, PartialEq)]
pub struct Likely {
    /// What it writes, as far as that is text.
    pub text: String,
    /// What it writes.
    pub bytes: Vec<u8>,
    /// Its log-probability at temperature 1, before penalties and constraints.
    pub logprob: f32,
}

/// A token that was chosen, and what might have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The token.
    pub token: Likely,
    /// The likeliest tokens in its place, likeliest first.
    pub top: Vec<Likely>,
}

/// More of one choice.
#[derive(Clone, PartialEq)]
pub struct Piece {
    /// Which of the choices, from 0.
    pub choice: usize,
    /// The text; the pieces together are the whole answer.
    pub text: String,
    /// The tokens that were chosen since the last piece, if log-probabilities were asked for.
    pub tokens: Vec<Scored>,
}

/// One step of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The next piece of text.
    Text(Piece),
    /// A choice is whole.
    Done {
        /// Which one.
        choice: usize,
        /// Why.
        finish: Finish,
    },
}

/// What an event of a stream is to its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Part of the answer.
    #[default]
    Answer,
    /// Nothing but usage: only for callers who asked for it.
    UsageOnly,
    /// Why the answer ended, with its usage: for every caller.
    Final,
    /// Why the answer ended, with its usage, and nothing follows.
    Last,
    /// The upstream reports an error inside the stream.
    Error,
    /// The regular end.
    End,
}

/// One of the answers to a request.
#[derive(Clone, PartialEq)]
pub struct Choice {
    /// Its text; empty while streaming.
    pub text: String,
    /// Its tokens, if log-probabilities were asked for.
    pub tokens: Vec<Scored>,
    /// Why it ended.
    pub finish: Finish,
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
    /// As many as were asked for.
    pub choices: Vec<Choice>,
    /// Whether log-probabilities were asked for.
    pub has_logprobs: bool,
    /// What it used.
    pub usage: Usage,
}

impl Choice {
    /// A choice that nothing was said of.
    pub const fn empty() -> Self {
        Self { text: String::new(), tokens: Vec::new(), finish: Finish::Stop }
    }
}

impl fmt::Debug for Likely {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Likely({} bytes, {})", self.bytes.len(), self.logprob)
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Piece({}, {} bytes)", self.choice, self.text.len())
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Choice({} bytes, {:?})", self.text.len(), self.finish)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Answer({}, {}, {:?})", self.id, self.model, self.choices)
    }
}
