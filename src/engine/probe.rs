//! Looks at a model from outside: forced decoding, for comparison with other implementations, and
//! the time that each part takes, for capacity planning.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backend::{Logits, Need, Progress, Prompt, Row, Session};
use super::error::EngineError;
use super::{Engine, worker};

/// How many of the largest logits a probe shows.
const TOP: usize = 4;

/// The logits after one forced token.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLogits {
    /// The ids with the largest logits, largest first.
    pub top_ids: Vec<u32>,
    /// Their logits.
    pub top_logits: Vec<f32>,
    /// `ln Σ exp(logit)` over the whole vocabulary.
    pub logsumexp: f32,
}

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Sequences that are moved forward together.
    pub batch: usize,
    /// Tokens of each prompt.
    pub prompt: usize,
    /// Greedy steps; the end token does not end them.
    pub steps: usize,
    /// The best of this many runs counts.
    pub repeats: usize,
}

/// Where the time goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Reading all prompts.
    pub encoder: Duration,
    /// One decode step of the whole batch, on average.
    pub step: Duration,
    /// Tokens per second of all sequences together, the encoder's time included.
    pub tokens_per_second: f64,
}

impl Engine {
    /// Feeds the decoder these ids, whatever it would have said, and shows the logits after each.
    /// Runs on the calling thread's account, in a pool of the engine's number of threads.
    pub fn forced(
        &self,
        input_ids: &[u32],
        decoder_input_ids: &[u32],
    ) -> Result<Vec<StepLogits>, EngineError> {
        self.apart(1, |session| {
            read(session, 1, input_ids, decoder_input_ids.len())?;
            let mut logits = Logits::default();
            let steps = decoder_input_ids.iter().map(|id| {
                session.step(&[Row { slot: 0, id: *id, need: Need::All }], &mut logits)?;
                Ok(top(logits.row(0), logits.best(0).log_sum_exp))
            });
            steps.collect()
        })
    }

    /// Measures greedy decoding of some prompts side by side, with the engine's number of threads.
    pub fn speed(&self, work: Workload) -> Result<Speed, EngineError> {
        let batch = work.batch.max(1);
        let vocabulary = u32::try_from(self.card().vocabulary).unwrap_or(u32::MAX).max(4);
        // Ids spread over the vocabulary, so that the embedding is not served from cache.
        let prompt: Vec<u32> =
            (3..vocabulary).cycle().step_by(97).take(work.prompt.max(1)).collect();
        let steps = u32::try_from(work.steps.max(1)).unwrap_or(u32::MAX);
        let start = self.handle.core.config.start_id;
        self.apart(batch, |session| {
            let row = |slot| Row { slot, id: start, need: Need::Best };
            let (mut rows, mut logits) = (Vec::with_capacity(batch), Logits::default());
            let mut best: Option<(Duration, Duration)> = None;
            for _ in 0..work.repeats.max(1) {
                let begun = Instant::now();
                read(session, batch, &prompt, work.steps.max(1))?;
                let reading = begun.elapsed();
                rows.clear();
                rows.extend((0..batch).map(row));
                let begun = Instant::now();
                for _ in 0..steps {
                    session.step(&rows, &mut logits)?;
                    for (index, row) in rows.iter_mut().enumerate() {
                        row.id = logits.best(index).id;
                    }
                }
                let writing = begun.elapsed();
                (0..batch).for_each(|slot| session.free(slot));
                let so_far = best.unwrap_or((reading, writing));
                best = Some((so_far.0.min(reading), so_far.1.min(writing)));
            }
            let (encoder, writing) = best.unwrap_or_default();
            let seconds = (encoder + writing).as_secs_f64().max(f64::MIN_POSITIVE);
            let tokens = f64::from(steps) * f64::from(u32::try_from(batch).unwrap_or(u32::MAX));
            Ok(Speed { encoder, step: writing / steps, tokens_per_second: tokens / seconds })
        })
    }

    /// Works in an arena of its own, beside the one that serves.
    fn apart<T: Send>(
        &self,
        slots: usize,
        work: impl FnOnce(&mut dyn Session) -> Result<T, EngineError> + Send,
    ) -> Result<T, EngineError> {
        let core = &self.handle.core;
        let pool = worker::pool_of(core.settings.threads.max(1), "engine-probe")?;
        pool.install(|| {
            let mut session = Arc::clone(&core.backend).open(slots)?;
            work(&mut *session)
        })
    }
}

/// Reads the same prompt into the first slots.
fn read(
    session: &mut dyn Session,
    slots: usize,
    ids: &[u32],
    steps_max: usize,
) -> Result<(), EngineError> {
    let prompt = |slot| Prompt { slot, ids, steps_max, adapter: None };
    session.read(&(0..slots).map(prompt).collect::<Vec<_>>())?;
    while session.read_on()? == Progress::Onward {}
    Ok(())
}

/// The largest logits, in one pass.
fn top(logits: &[f32], logsumexp: f32) -> StepLogits {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(TOP + 1);
    for (id, logit) in (0_u32..).zip(logits.iter().copied()) {
        let rank = best.partition_point(|(_, other)| *other >= logit);
        if rank < TOP {
            best.insert(rank, (id, logit));
            best.truncate(TOP);
        }
    }
    let (top_ids, top_logits) = best.into_iter().unzip();
    StepLogits { top_ids, top_logits, logsumexp }
}
