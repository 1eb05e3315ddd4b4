//! What is asked of the engine, and the stream of what it answers.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use super::certainty::Certainty;
use super::error::EngineError;
use super::generate::Recipe;
use super::generate::beam::Patience;
use super::generate::guide::Guide;
use crate::chat::Piece;
use crate::money::Tokens;

/// One request to generate text.
#[derive(Clone)]
pub struct Job {
    /// The whole prompt, as [`super::prompt::render`] makes it.
    pub prompt: String,
    /// The longest answer; cut to what the engine's settings allow.
    pub new_tokens_max: Tokens,
    /// The shortest answer.
    pub new_tokens_min: Tokens,
    /// 0 is greedy; up to 2.
    pub temperature: f32,
    /// Only this many of the likeliest tokens are drawn from; 0 is all.
    pub top_k: usize,
    /// Only the likeliest tokens that together reach this probability are drawn from; above 0, up
    /// to 1 (all).
    pub top_p: f32,
    /// Only tokens at least this likely, as a share of the likeliest, are drawn from; 0 to 1.
    pub min_p: f32,
    /// Equal seeds give equal answers.
    pub seed: u64,
    /// Above 1, what was said becomes less likely; 1 changes nothing.
    pub repetition_penalty: f32,
    /// No run of this many tokens is said twice; 0 allows it.
    pub no_repeat_ngram: usize,
    /// The answer ends before the first of these.
    pub stop: Vec<String>,
    /// What the answer must look like.
    pub guide: Option<Guide>,
    /// How many answers are wanted.
    pub choices: usize,
    /// Looks for likely answers along several ways at once; the `choices` best are given.
    pub search: Option<Search>,
    /// Log-probabilities of every token, and of this many others.
    pub logprobs: Option<usize>,
    /// How long the answer may take, waiting included; `None` leaves it to the engine.
    pub time_max: Option<Duration>,
}

/// A beam search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Continuations that are kept at every step.
    pub beams: usize,
    /// Scores are divided by the length to this power: above 0 favours long answers.
    pub length_penalty: f32,
    /// When it gives up on better ones.
    pub patience: Patience,
}

/// The most alternatives that log-probabilities are given for.
const TOP_LOGPROBS_MAX: usize = 20;
/// The most texts that may end an answer.
const STOPS_MAX: usize = 64;
/// The widest range of top-k and of the length of runs that are not repeated.
const COUNT_MAX: usize = 1 << 20;

impl Job {
    /// A greedy job with the engine's own limits.
    pub fn greedy(prompt: impl Into<String>, new_tokens_max: Tokens) -> Self {
        Self {
            prompt: prompt.into(),
            new_tokens_max,
            new_tokens_min: Tokens(0),
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed: 0,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            stop: Vec::new(),
            guide: None,
            choices: 1,
            search: None,
            logprobs: None,
            time_max: None,
        }
    }

    /// The sequences that it is computed as.
    pub(super) fn slots(&self) -> usize {
        self.search.map_or(self.choices, |search| search.beams).max(1)
    }

    /// Refuses parameters outside their range, and those that do not go together.
    pub(super) fn check(&self, slots_max: usize) -> Result<(), EngineError> {
        let check = |is_legal: bool, parameter, range: &'static str| {
            if is_legal { Ok(()) } else { Err(wrong(parameter, range)) }
        };
        check((0.0..=2.0).contains(&self.temperature), "temperature", "between 0 and 2")?;
        check(self.top_p > 0.0 && self.top_p <= 1.0, "top_p", "above 0 and at most 1")?;
        check((0.0..=1.0).contains(&self.min_p), "min_p", "between 0 and 1")?;
        check(self.top_k <= COUNT_MAX, "top_k", "at most 1048576")?;
        check(self.no_repeat_ngram <= COUNT_MAX, "no_repeat_ngram_size", "at most 1048576")?;
        check(self.stop.len() <= STOPS_MAX, "stop", "at most 64 texts")?;
        let penalty = self.repetition_penalty;
        check((0.1..=10.0).contains(&penalty), "repetition_penalty", "between 0.1 and 10")?;
        check(
            self.logprobs.is_none_or(|top| top <= TOP_LOGPROBS_MAX),
            "top_logprobs",
            "between 0 and 20",
        )?;
        if self.choices == 0 || self.choices > slots_max {
            return Err(wrong("n", format!("between 1 and {slots_max} for the local model")));
        }
        if let Some(search) = self.search {
            check(
                (-4.0..=4.0).contains(&search.length_penalty),
                "length_penalty",
                "between -4 and 4",
            )?;
            if search.beams < self.choices || search.beams > slots_max {
                let least = self.choices;
                let range = format!("between `n` ({least}) and {slots_max} for the local model");
                return Err(wrong("num_beams", range));
            }
            check(self.logprobs.is_none(), "logprobs", "left out where `num_beams` is given")?;
            check(
                self.temperature <= 0.0,
                "temperature",
                "0 or left out where `num_beams` is given",
            )?;
        }
        if let Some(guide) = &self.guide {
            let unless = match guide.parameter() {
                "guided_choice" => "left out where `guided_choice` is given",
                "json_schema" => "left out where a JSON schema is given",
                _ => "left out where `guided_regex` is given",
            };
            check(self.new_tokens_min == Tokens(0), "min_tokens", unless)?;
            check(self.no_repeat_ngram == 0, "no_repeat_ngram_size", unless)?;
            check(self.stop.is_empty(), "stop", unless)?;
        }
        Ok(())
    }

    /// How its tokens are chosen.
    pub(super) fn recipe(&self, tokens_max: usize, end_id: u32) -> Recipe {
        let tokens_min = usize::try_from(self.new_tokens_min.0).unwrap_or(usize::MAX);
        Recipe {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            seed: self.seed,
            repetition_penalty: self.repetition_penalty,
            no_repeat_ngram: self.no_repeat_ngram,
            tokens_min: tokens_min.min(tokens_max),
            tokens_max,
            end_id,
        }
    }
}

fn wrong(parameter: &'static str, range: impl Into<Cow<'static, str>>) -> EngineError {
    EngineError::Parameter { parameter, range: range.into() }
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
    /// Why it ended; of several choices, the first.
    pub finish: Finish,
    /// The prompt's tokens, end token included.
    pub input: Tokens,
    /// The tokens generated, end tokens excluded, of all choices together.
    pub output: Tokens,
    /// The engine's time that it took: its share of the steps that it was part of. Waiting is not
    /// in it.
    pub engine_time: Duration,
    /// How long it was in line.
    pub queue_time: Duration,
    /// From joining the line to the first text, or to the end where there was none.
    pub first_text: Duration,
    /// How many sequences were moved forward together with it, itself included, on average.
    pub batch: f32,
    /// How sure the model was.
    pub certainty: Certainty,
}

/// What arrives of an answer.
#[derive(Debug)]
pub enum Event {
    /// More text of one choice.
    Text(Piece),
    /// A choice is whole.
    Ended {
        /// Which one.
        choice: usize,
        /// Why.
        finish: Finish,
    },
    /// All choices are whole. Nothing follows.
    Done(Summary),
    /// There will be no more of it. Nothing follows.
    Failed(EngineError),
}

/// An answer on its way. Dropping it frees its place at the next decode step.
#[derive(Debug)]
pub struct Generation {
    events: mpsc::Receiver<Event>,
    gone: Arc<AtomicBool>,
}

impl Generation {
    /// Both ends. The channel holds a whole answer, so a slow reader never stalls the engine.
    pub(super) fn channel(new_tokens_max: usize, choices: usize) -> (Answer, Self) {
        // For each choice a piece per token, one for what was held back and its end; one to end with.
        let pieces = new_tokens_max.saturating_add(2).saturating_mul(choices.max(1));
        let (sender, events) = mpsc::channel(pieces.saturating_add(1));
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
