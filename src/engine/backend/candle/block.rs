//! The layers of the two stacks: norm, attention or feed-forward, and the sum with what came in.

use candle_core::{Result, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::{Activation, Module};

use super::attention::{CrossAttention, PromptMemory, SelfAttention, project};
use crate::engine::config::Config;
use crate::engine::error::LoadError;
use crate::engine::weights::Weights;

/// Root-mean-square norm: no mean, no bias.
#[derive(Debug)]
pub(super) struct Norm {
    scale: Tensor,
    epsilon: f32,
}

impl Norm {
    /// Takes the scale at `name`.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let scale = weights.get(name, &[config.t5.d_model])?;
        Ok(Self { scale, epsilon: config.norm_epsilon })
    }

    /// `x / sqrt(mean(x²) + epsilon) · scale`, row by row.
    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(x, &self.scale, self.epsilon)
    }
}

/// The feed-forward part, plain (T5 v1.0) or gated (T5 v1.1, flan-t5).
#[derive(Debug)]
struct FeedForward {
    norm: Norm,
    /// The weights of the gate and of what is gated, in one matrix; or the plain input weights.
    input: Tensor,
    output: Tensor,
    activation: Activation,
    gate: Gate,
}

#[derive(Clone, Copy, Debug)]
enum Gate {
    Plain,
    Gated,
}

impl FeedForward {
    fn load(
        weights: &Weights<'_>,
        name: &str,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let (width, inner) = (config.t5.d_model, config.t5.d_ff);
        let dense = |part: &str, shape: [usize; 2]| {
            weights.get(&format!("{name}.DenseReluDense.{part}.weight"), &shape)
        };
        let (gate, input) = if config.t5.feed_forward_proj.gated {
            let parts = [dense("wi_0", [inner, width])?, dense("wi_1", [inner, width])?];
            (Gate::Gated, Tensor::cat(&parts, 0)?)
        } else {
            (Gate::Plain, dense("wi", [inner, width])?)
        };
        Ok(Self {
            norm: Norm::load(weights, &format!("{name}.layer_norm.weight"), config)?,
            input,
            output: dense("wo", [width, inner])?,
            activation: config.t5.feed_forward_proj.activation,
            gate,
        })
    }

    fn add_to(&self, x: &Tensor) -> Result<Tensor> {
        let hidden = project(&self.norm.apply(x)?, &self.input)?;
        let hidden = match self.gate {
            Gate::Plain => self.activation.forward(&hidden)?,
            Gate::Gated => {
                let inner = hidden.dim(1)? / 2;
                let gate = self.activation.forward(&hidden.narrow(1, 0, inner)?)?;
                (gate * hidden.narrow(1, inner, inner)?)?
            }
        };
        x + project(&hidden, &self.output)?
    }
}

/// One layer of the encoder.
#[derive(Debug)]
pub(super) struct EncoderLayer {
    norm: Norm,
    attention: SelfAttention,
    feed_forward: FeedForward,
}

impl EncoderLayer {
    /// Takes the weights of layer `index`.
    pub(super) fn load(
        weights: &Weights<'_>,
        index: usize,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let name = format!("encoder.block.{index}.layer");
        Ok(Self {
            norm: Norm::load(weights, &format!("{name}.0.layer_norm.weight"), config)?,
            attention: SelfAttention::load(weights, &format!("{name}.0.SelfAttention"), config)?,
            feed_forward: FeedForward::load(weights, &format!("{name}.1"), config)?,
        })
    }

    /// All places of a prompt at once.
    pub(super) fn whole(&self, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let x = (x + self.attention.whole(&self.norm.apply(x)?, bias)?)?;
        self.feed_forward.add_to(&x)
    }
}

/// What one decoder layer keeps during one generation.
#[derive(Debug)]
pub(super) struct LayerState {
    past: KvCache,
    prompt: PromptMemory,
}

impl LayerState {
    /// A generation that goes its own way from here. A clone of the cache would share its storage
    /// and write over it in place; the prompt's memory never changes and is shared.
    pub(super) fn fork(&self, steps_max: usize) -> Result<Self> {
        let mut past = KvCache::new(1, steps_max);
        if let (Some(keys), Some(values)) = (self.past.k()?, self.past.v()?) {
            past.append(&keys.contiguous()?, &values.contiguous()?)?;
        }
        Ok(Self { past, prompt: self.prompt.clone() })
    }

    /// The memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let caches = [self.past.k_cache().all_data(), self.past.v_cache().all_data()];
        let past: usize = caches.into_iter().flatten().map(Tensor::elem_count).sum();
        past.saturating_add(self.prompt.numbers()).saturating_mul(4)
    }
}

/// One layer of the decoder.
#[derive(Debug)]
pub(super) struct DecoderLayer {
    self_norm: Norm,
    self_attention: SelfAttention,
    cross_norm: Norm,
    cross_attention: CrossAttention,
    feed_forward: FeedForward,
}

impl DecoderLayer {
    /// Takes the weights of layer `index`.
    pub(super) fn load(
        weights: &Weights<'_>,
        index: usize,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let name = format!("decoder.block.{index}.layer");
        Ok(Self {
            self_norm: Norm::load(weights, &format!("{name}.0.layer_norm.weight"), config)?,
            self_attention: SelfAttention::load(
                weights,
                &format!("{name}.0.SelfAttention"),
                config,
            )?,
            cross_norm: Norm::load(weights, &format!("{name}.1.layer_norm.weight"), config)?,
            cross_attention: CrossAttention::load(
                weights,
                &format!("{name}.1.EncDecAttention"),
                config,
            )?,
            feed_forward: FeedForward::load(weights, &format!("{name}.2"), config)?,
        })
    }

    /// Prepares a generation of at most `steps_max` steps over this prompt.
    pub(super) fn begin(&self, encoded: &Tensor, steps_max: usize) -> Result<LayerState> {
        let prompt = self.cross_attention.remember(encoded)?;
        Ok(LayerState { past: KvCache::new(1, steps_max), prompt })
    }

    /// One new token.
    pub(super) fn next(&self, x: &Tensor, state: &mut LayerState, bias: &Tensor) -> Result<Tensor> {
        let normed = self.self_norm.apply(x)?;
        let x = (x + self.self_attention.next(&normed, &mut state.past, bias)?)?;
        let normed = self.cross_norm.apply(&x)?;
        let x = (&x + self.cross_attention.next(&normed, &state.prompt)?)?;
        self.feed_forward.add_to(&x)
    }
}
