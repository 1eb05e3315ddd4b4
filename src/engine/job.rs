//! What is asked of the engine, and the stream of what it answers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use super::error::EngineError;
use super::sample::Certainty;
use crate::money::Tokens;

/// One request to generate text.
#[derive(Clone)]
pub struct Job {
    /// The whole prompt, as [`super::prompt::render`] makes it.
    pub prompt: String,
    /// The longest answer; cut to what the engine's settings allow.
    pub new_tokens_max: Tokens,
    /// 0 is greedy; up to 2.
    pub temperature: f32,
    /// Only the likeliest tokens that together reach this probability are drawn from; above 0, up
    /// to 1 (all).
    pub top_p: f32,
    /// Equal seeds give equal answers.
    pub seed: u64,
    /// The answer ends before the first of these.
    pub stop: Vec<String>,
    /// How long the answer may take, waiting included; `None` leaves it to the engine.
    pub time_max: Option<Duration>,
}

impl Job {
    /// A greedy job with the engine's own limits.
    pub fn greedy(prompt: impl Into<String>, new_tokens_max: Tokens) -> Self {
        Self {
            prompt: prompt.into(),
            new_tokens_max,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
            stop: Vec::new(),
            time_max: None,
        }
    }

    /// Refuses parameters outside their range.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        let wrong = |parameter, range| Err(EngineError::Parameter { parameter, range });
        if !(0.0..=2.0).contains(&self.temperature) {
            return wrong("temperature", "between 0 and 2");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top_p", "above 0 and at most 1");
        }
        Ok(())
    }
}

/// The prompt stays out of every log.
impl std::fmt::Debug for Job {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Job({} bytes, at most {} tokens)", self.prompt.len(), self.new_tokens_max)
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended it, or a stop string was reached.
    Stop,
    /// It reached the longest length allowed.
    Length,
}

/// The account of a whole answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Why it ended.
    pub finish: Finish,
    /// The prompt's tokens, end token included.
    pub input: Tokens,
    /// The tokens generated, end token excluded.
    pub output: Tokens,
    /// The time that one engine thread worked on it; waiting is not in it.
    pub engine_time: Duration,
    /// How sure the model was.
    pub certainty: Certainty,
}

/// A piece of an answer.
pub enum Event {
    /// More text; the pieces together are the whole answer.
    Text(String),
    /// The answer is whole. Nothing follows.
    Done(Summary),
    /// There will be no more of it. Nothing follows.
    Failed(EngineError),
}

/// The text stays out of every log.
impl std::fmt::Debug for Event {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(out, "Text({} bytes)", text.len()),
            Self::Done(summary) => out.debug_tuple("Done").field(summary).finish(),
            Self::Failed(error) => out.debug_tuple("Failed").field(error).finish(),
        }
    }
}

/// An answer on its way. Dropping it frees its place at the next decode step.
#[derive(Debug)]
pub struct Generation {
    events: mpsc::Receiver<Event>,
    gone: Arc<AtomicBool>,
}

impl Generation {
    /// Both ends. The channel holds a whole answer, so a slow reader never stalls the engine.
    pub(super) fn channel(new_tokens_max: usize) -> (Answer, Self) {
        // One piece per token, one for what was held back, and one to end with.
        let (sender, events) = mpsc::channel(new_tokens_max.saturating_add(2));
        let gone = Arc::new(AtomicBool::new(false));
        (Answer { events: sender, gone: Arc::clone(&gone) }, Self { events, gone })
    }

    /// The next piece, or `None` after the last.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The next piece, for programs without an async runtime. Must not be called inside one.
    pub fn next_blocking(&mut self) -> Option<Event> {
        self.events.blocking_recv()
    }
}

impl futures_util::Stream for Generation {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(context)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Release);
    }
}

/// The engine's end of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    events: mpsc::Sender<Event>,
    gone: Arc<AtomicBool>,
}

impl Answer {
    /// Whether nobody will read it.
    pub(super) fn is_unwanted(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Hands over a piece. The channel has room for a whole answer; if the reader has left, the
    /// piece is dropped and the next step finds out.
    pub(super) fn send(&self, event: Event) {
        drop(self.events.try_send(event));
    }
}
