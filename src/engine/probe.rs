//! Looks at a model from outside: forced decoding, for comparison with other implementations, and
//! the time that each part takes, for capacity planning.

use std::time::Duration;

use tokio::time::Instant;

use super::error::EngineError;
use super::{Engine, sample, worker};

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

/// Where the time goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Reading the prompt.
    pub encoder: Duration,
    /// One decode step, on average.
    pub step: Duration,
    /// Steps per second, the encoder's time included.
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
        let core = &self.handle.core;
        let pool = worker::pool_of(core.settings.threads.max(1), "engine-probe")?;
        pool.install(|| {
            let encoded = core.model.encode(input_ids)?;
            let mut decoding = core.model.begin(&encoded, decoder_input_ids.len())?;
            let steps = decoder_input_ids.iter().map(|id| {
                let logits = core.model.step(&mut decoding, *id)?;
                let logsumexp = sample::log_sum_exp(&logits)?;
                Ok(top(&logits.to_vec1::<f32>()?, logsumexp))
            });
            steps.collect()
        })
    }

    /// Measures a prompt of this many tokens and this many forced steps, batch 1, best of
    /// `repeats`. Uses one thread, as one answer does when it is served.
    pub fn speed(&self, prompt: usize, steps: usize, repeats: usize) -> Result<Speed, EngineError> {
        let core = &self.handle.core;
        let vocabulary = u32::try_from(core.card.vocabulary).unwrap_or(u32::MAX).max(4);
        // Ids spread over the vocabulary, so that the embedding is not served from cache.
        let ids = |count: usize| (3..vocabulary).cycle().step_by(97).take(count);
        let prompt: Vec<u32> = ids(prompt.max(1)).collect();
        let steps = u32::try_from(steps.max(1)).unwrap_or(u32::MAX);
        let pool = worker::pool_of(1, "engine-bench")?;
        pool.install(|| {
            let mut best: Option<(Duration, Duration)> = None;
            for _ in 0..repeats.max(1) {
                let begun = Instant::now();
                let encoded = core.model.encode(&prompt)?;
                let count = usize::try_from(steps).unwrap_or(usize::MAX);
                let mut decoding = core.model.begin(&encoded, count)?;
                let reading = begun.elapsed();
                let begun = Instant::now();
                for id in ids(count) {
                    core.model.step(&mut decoding, id)?;
                }
                let writing = begun.elapsed();
                let so_far = best.unwrap_or((reading, writing));
                best = Some((so_far.0.min(reading), so_far.1.min(writing)));
            }
            let (encoder, writing) = best.unwrap_or_default();
            let seconds = (encoder + writing).as_secs_f64().max(f64::MIN_POSITIVE);
            let tokens_per_second = f64::from(steps) / seconds;
            Ok(Speed { encoder, step: writing / steps, tokens_per_second })
        })
    }
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
