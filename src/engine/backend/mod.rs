//! What computes: the seam between the scheduler, which knows requests, and the numbers.
//!
//! A [`Backend`] is a loaded model, immutable and shared. A [`Session`] is the arena of one
//! scheduler: slots that hold one sequence each, its caches included. The scheduler reads prompts
//! into slots, moves any set of them forward by one token at a time, copies a slot where a search
//! branches, and frees it. Two backends exist: `candle`, the reference in f32 on every device that
//! candle knows, and `cpu`, ours, which is fast.

pub(super) mod candle;
pub(super) mod cpu;
mod position;

use std::fmt::Debug;
use std::sync::Arc;

use super::error::EngineError;

/// A loaded model. Immutable: any number of sessions may share it.
pub(super) trait Backend: Send + Sync + Debug {
    /// Makes an arena of this many slots.
    fn open(self: Arc<Self>, slots: usize) -> Result<Box<dyn Session>, EngineError>;

    /// The memory that the weights take, in bytes.
    fn bytes(&self) -> usize;

    /// What computes and in which numbers, for lists and benchmarks: `cpu int8 avx512-vnni`.
    fn describe(&self) -> String;
}

/// The sequences of one scheduler. Slots are numbered from zero; a slot is free, being read, or
/// ready. No method looks at what the tokens mean, and a sequence's numbers never depend on which
/// others are in the arena or in the step.
pub(super) trait Session: Send {
    /// Begins to read prompts into free slots, together. Nothing else may be read until
    /// [`Self::read_on`] said that these are done.
    fn read(&mut self, prompts: &[Prompt<'_>]) -> Result<(), EngineError>;

    /// Goes on reading for a small part of the whole, so that decode steps can be taken between;
    /// says whether the prompts are read and their slots ready.
    fn read_on(&mut self) -> Result<Progress, EngineError>;

    /// Feeds one token to each of these slots and computes the logits of the next.
    fn step(&mut self, rows: &[Row], logits: &mut Logits) -> Result<(), EngineError>;

    /// Makes `to` a copy of the sequence in `from`, which must be ready.
    fn fork(&mut self, from: usize, to: usize) -> Result<(), EngineError>;

    /// Frees a slot, whatever is in it; memory goes back.
    fn free(&mut self, slot: usize);

    /// Reads texts with the encoder alone: for each, its hidden states, place after place, each as
    /// wide as the model.
    fn encode(&mut self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, EngineError>;

    /// The memory that the arena takes now, in bytes.
    fn bytes(&self) -> usize;
}

/// A prompt on its way into a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prompt<'a> {
    pub(super) slot: usize,
    pub(super) ids: &'a [u32],
    /// The most steps that will be taken: what the caches are made for.
    pub(super) steps_max: usize,
    /// The `LoRA` adapter to read and decode with, by its place in the list that was loaded.
    pub(super) adapter: Option<usize>,
}

/// Whether reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Onward,
    Done,
}

/// One sequence's part in a decode step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) slot: usize,
    /// The token to feed: the start token first, then whatever was chosen.
    pub(super) id: u32,
    pub(super) need: Need,
}

/// How much of the logits must be exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The largest few; the rest may be approximate. Enough to take the best token.
    Best,
    /// All of them: for sampling, penalties, constraints and log-probabilities.
    All,
}

/// The logits of one step, row after row. Made once and reused: a step allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Logits {
    vocabulary: usize,
    numbers: Vec<f32>,
    best: Vec<Best>,
}

/// The summary of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Best {
    /// The token with the largest logit; of equals the first.
    pub(super) id: u32,
    /// Its logit.
    pub(super) logit: f32,
    /// `ln Σ exp(logit)` over the vocabulary.
    pub(super) log_sum_exp: f32,
}

impl Logits {
    /// Makes room for this many rows, whose numbers are then undefined.
    pub(super) fn resize(&mut self, rows: usize, vocabulary: usize) {
        self.vocabulary = vocabulary;
        self.numbers.resize(rows.saturating_mul(vocabulary), 0.0);
        self.best.resize(rows, Best::default());
    }

    /// The logits of one row, one per token.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        self.numbers.chunks_exact(self.vocabulary.max(1)).nth(row).unwrap_or_default()
    }

    /// The same, to be changed by penalties and constraints.
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        self.numbers.chunks_exact_mut(self.vocabulary.max(1)).nth(row).unwrap_or_default()
    }

    /// The summary of one row.
    pub(super) fn best(&self, row: usize) -> Best {
        self.best.get(row).copied().unwrap_or_default()
    }

    /// For backends: every row and its summary, to be filled.
    pub(super) fn parts(&mut self) -> (&mut [f32], &mut [Best]) {
        (&mut self.numbers, &mut self.best)
    }
}

/// Looks through one row for its summary, around the largest logit so that nothing overflows.
pub(super) fn best_of(logits: &[f32]) -> Best {
    let mut best = Best { id: 0, logit: f32::NEG_INFINITY, log_sum_exp: f32::NAN };
    for (id, logit) in (0..).zip(logits.iter().copied()) {
        if logit > best.logit {
            (best.id, best.logit) = (id, logit);
        }
    }
    let sum: f32 = logits.iter().map(|logit| (logit - best.logit).exp()).sum();
    best.log_sum_exp = best.logit + sum.ln();
    best
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
