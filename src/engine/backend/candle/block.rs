//! The layers of the two stacks: norm, attention or feed-forward, and the sum with what came in.

use candle_core::{Result, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::{Activation, Module};

use super::attention::{CrossAttention, PromptMemory, SelfAttention};
use super::projection::{Parts, Projection};
use crate::engine::error::LoadError;

/// Root-mean-square norm: no mean, no bias.
#[derive(Debug)]
pub(super) struct Norm {
    scale: Tensor,
    epsilon: f32,
}

impl Norm {
    /// Takes the scale at `name`.
    pub(super) fn load(parts: &Parts<'_>, name: &str) -> std::result::Result<Self, LoadError> {
        let scale = parts.get(name, &[parts.config.t5.d_model])?;
        Ok(Self { scale, epsilon: parts.config.norm_epsilon })
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
    input: Projection,
    output: Projection,
    activation: Activation,
    gate: Gate,
}

#[derive(Clone, Copy, Debug)]
enum Gate {
    Plain,
    Gated,
}

impl FeedForward {
    fn load(parts: &Parts<'_>, name: &str) -> std::result::Result<Self, LoadError> {
        let (width, inner) = (parts.config.t5.d_model, parts.config.t5.d_ff);
        let dense = format!("{name}.DenseReluDense");
        let (gate, inputs): (_, &[&str]) = if parts.config.t5.feed_forward_proj.gated {
            (Gate::Gated, &["wi_0", "wi_1"])
        } else {
            (Gate::Plain, &["wi"])
        };
        Ok(Self {
            norm: Norm::load(parts, &format!("{name}.layer_norm.weight"))?,
            input: parts.side_by_side(&dense, inputs, [inner, width])?,
            output: parts.side_by_side(&dense, &["wo"], [width, inner])?,
            activation: parts.config.t5.feed_forward_proj.activation,
            gate,
        })
    }

    fn add_to(&self, x: &Tensor, adapter: Option<usize>) -> Result<Tensor> {
        let hidden = self.input.apply(&self.norm.apply(x)?, adapter)?;
        let hidden = match self.gate {
            Gate::Plain => self.activation.forward(&hidden)?,
            Gate::Gated => {
                let inner = hidden.dim(1)? / 2;
                let gate = self.activation.forward(&hidden.narrow(1, 0, inner)?)?;
                (gate * hidden.narrow(1, inner, inner)?)?
            }
        };
        x + self.output.apply(&hidden, adapter)?
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
    pub(super) fn load(parts: &Parts<'_>, index: usize) -> std::result::Result<Self, LoadError> {
        let name = format!("encoder.block.{index}.layer");
        Ok(Self {
            norm: Norm::load(parts, &format!("{name}.0.layer_norm.weight"))?,
            attention: SelfAttention::load(parts, &format!("{name}.0.SelfAttention"))?,
            feed_forward: FeedForward::load(parts, &format!("{name}.1"))?,
        })
    }

    /// All places of a prompt at once.
    pub(super) fn whole(
        &self,
        x: &Tensor,
        bias: &Tensor,
        adapter: Option<usize>,
    ) -> Result<Tensor> {
        let x = (x + self.attention.whole(&self.norm.apply(x)?, bias, adapter)?)?;
        self.feed_forward.add_to(&x, adapter)
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
    pub(super) fn load(parts: &Parts<'_>, index: usize) -> std::result::Result<Self, LoadError> {
        let name = format!("decoder.block.{index}.layer");
        Ok(Self {
            self_norm: Norm::load(parts, &format!("{name}.0.layer_norm.weight"))?,
            self_attention: SelfAttention::load(parts, &format!("{name}.0.SelfAttention"))?,
            cross_norm: Norm::load(parts, &format!("{name}.1.layer_norm.weight"))?,
            cross_attention: CrossAttention::load(parts, &format!("{name}.1.EncDecAttention"))?,
            feed_forward: FeedForward::load(parts, &format!("{name}.2"))?,
        })
    }

    /// Prepares a generation of at most `steps_max` steps over this prompt.
    pub(super) fn begin(
        &self,
        encoded: &Tensor,
        steps_max: usize,
        adapter: Option<usize>,
    ) -> Result<LayerState> {
        let prompt = self.cross_attention.remember(encoded, adapter)?;
        Ok(LayerState { past: KvCache::new(1, steps_max), prompt })
    }

    /// One new token.
    pub(super) fn next(
        &self,
        x: &Tensor,
        state: &mut LayerState,
        bias: &Tensor,
        adapter: Option<usize>,
    ) -> Result<Tensor> {
        let normed = self.self_norm.apply(x)?;
        let x = (x + self.self_attention.next(&normed, &mut state.past, bias, adapter)?)?;
        let normed = self.cross_norm.apply(&x)?;
        let x = (&x + self.cross_attention.next(&normed, &state.prompt, adapter)?)?;
        self.feed_forward.add_to(&x, adapter)
    }
}
