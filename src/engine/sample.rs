//! Chooses the next token from the logits, and keeps account of how sure the model was.
//!
//! The choosing is candle-transformers' `LogitsProcessor`; the account is ours: a policy can ask
//! for a second opinion when the least likely tenth of an answer was too unlikely.

use candle_core::{Device, Tensor};
use candle_transformers::generation::LogitsProcessor;

use super::backend::best_of;
use super::error::EngineError;

/// How sure the model was of an answer, token by token; probabilities from 0 to 1 at temperature 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certainty {
    /// The least likely token.
    pub min: f32,
    /// The tenth percentile (nearest rank): a tenth of the tokens were at most this likely.
    pub p10: f32,
}

/// Chooses the tokens of one answer.
pub(super) struct Sampler {
    processor: LogitsProcessor,
    probabilities: Vec<f32>,
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sampler({} chosen)", self.probabilities.len())
    }
}

impl Sampler {
    /// Temperature 0 is greedy; `top_p` 1 keeps the whole vocabulary in play.
    pub(super) fn new(seed: u64, temperature: f32, top_p: f32) -> Self {
        let temperature = Some(f64::from(temperature)).filter(|value| *value > 0.0);
        let top_p = Some(f64::from(top_p)).filter(|value| *value < 1.0);
        let processor = LogitsProcessor::new(seed, temperature, top_p);
        Self { processor, probabilities: Vec::new() }
    }

    /// Chooses a token.
    pub(super) fn choose(&mut self, logits: &[f32]) -> Result<u32, EngineError> {
        let total = best_of(logits).log_sum_exp;
        if !total.is_finite() {
            return Err(EngineError::computation("the logits are not finite"));
        }
        let id = self.processor.sample(&Tensor::new(logits, &Device::Cpu)?)?;
        let chosen = logits.get(usize::try_from(id).unwrap_or(usize::MAX)).copied();
        self.probabilities.push((chosen.unwrap_or(f32::NEG_INFINITY) - total).exp());
        Ok(id)
    }

    /// The account so far; an answer without tokens was as sure as can be.
    pub(super) fn certainty(&self) -> Certainty {
        let mut sorted = self.probabilities.clone();
        sorted.sort_by(f32::total_cmp);
        let rank = sorted.len().div_ceil(10).saturating_sub(1);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(1.0);
        Certainty { min: at(0), p10: at(rank) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(values: &[f32]) -> Vec<f32> {
        values.to_vec()
    }

    #[test]
    fn greedy_takes_the_largest_and_says_how_likely_it_was() {
        let mut sampler = Sampler::new(7, 0.0, 1.0);
        assert_eq!(sampler.choose(&logits(&[0.0, 1000.0, 0.0])).unwrap(), 1);
        assert!((sampler.certainty().min - 1.0).abs() < 1e-6);
        assert_eq!(sampler.choose(&logits(&[0.5, 0.0, 0.0, 0.0])).unwrap(), 0);
        let expected = 0.5_f32.exp() / (0.5_f32.exp() + 3.0);
        assert!((sampler.certainty().min - expected).abs() < 1e-6);
        assert!((sampler.certainty().p10 - expected).abs() < 1e-6);
    }

    #[test]
    fn p10_is_the_nearest_rank() {
        let mut sampler = Sampler::new(0, 0.0, 1.0);
        sampler.probabilities = (1..=20_u8).rev().map(|n| f32::from(n) / 100.0).collect();
        assert_eq!(sampler.certainty(), Certainty { min: 0.01, p10: 0.02 });
    }

    #[test]
    fn a_seed_repeats_itself_and_top_p_keeps_the_unlikely_out() {
        let flat = logits(&[1.0; 50]);
        let draw = |seed| {
            let mut sampler = Sampler::new(seed, 1.0, 1.0);
            (0..20).map(|_| sampler.choose(&flat).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let peaked = logits(&[5.0, 0.0, 0.0, 0.0]);
        let mut sampler = Sampler::new(3, 1.0, 0.5);
        assert!((0..50).all(|_| sampler.choose(&peaked).unwrap() == 0));
    }

    #[test]
    fn broken_numbers_are_an_error() {
        for broken in [f32::NAN, f32::INFINITY] {
            let mut sampler = Sampler::new(0, 0.0, 1.0);
            assert!(sampler.choose(&logits(&[0.0, broken])).is_err());
        }
    }
}
