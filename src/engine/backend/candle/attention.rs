//! Attention: what every place takes from the others, weighed by likeness and distance.
//!
//! T5 does not scale the scores by the root of the head's width; that factor is in its weights.
//! One sequence at a time, without padding, so there are no masks: the encoder sees everything,
//! and the decoder is fed token by token and has only its past in the cache.

use candle_core::{Result, Tensor};
use candle_nn::kv_cache::KvCache;

use super::projection::{Parts, Projection};
use crate::engine::config::Config;
use crate::engine::error::LoadError;

/// How the width of the model is divided between heads.
#[derive(Clone, Copy, Debug)]
struct Heads {
    count: usize,
    width: usize,
}

impl Heads {
    fn of(config: &Config) -> Self {
        Self { count: config.t5.num_heads, width: config.t5.d_kv }
    }

    /// places × (heads · width) → heads × places × width.
    fn split(self, x: &Tensor) -> Result<Tensor> {
        let places = x.dim(0)?;
        x.reshape((places, self.count, self.width))?.transpose(0, 1)?.contiguous()
    }

    /// Takes part `index` of several projections that were computed side by side, and splits it.
    fn split_part(self, joined: &Tensor, index: usize) -> Result<Tensor> {
        let inner = self.count * self.width;
        self.split(&joined.narrow(1, index * inner, inner)?.contiguous()?)
    }

    /// The attention itself. All three are heads × places × width; the bias is added to the scores.
    fn attend(
        self,
        query: &Tensor,
        memory: (&Tensor, &Tensor),
        bias: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (key, value) = memory;
        let scores = query.matmul(&key.t()?)?;
        let scores = match bias {
            Some(bias) => (scores + bias)?,
            None => scores,
        };
        let mixed = candle_nn::ops::softmax_last_dim(&scores)?.matmul(value)?;
        mixed.transpose(0, 1)?.reshape((query.dim(1)?, self.count * self.width))
    }
}

/// Attention of a stack to itself.
#[derive(Debug)]
pub(super) struct SelfAttention {
    heads: Heads,
    /// Query, key and value weights in one matrix: one pass over memory instead of three.
    joined: Projection,
    output: Projection,
}

impl SelfAttention {
    /// Takes the weights below `name`.
    pub(super) fn load(parts: &Parts<'_>, name: &str) -> std::result::Result<Self, LoadError> {
        let (inner, width) = (parts.config.inner(), parts.config.t5.d_model);
        let joined = parts.side_by_side(name, &["q", "k", "v"], [inner, width])?;
        let output = parts.side_by_side(name, &["o"], [width, inner])?;
        Ok(Self { heads: Heads::of(parts.config), joined, output })
    }

    /// Every place looks at every place.
    pub(super) fn whole(
        &self,
        x: &Tensor,
        bias: &Tensor,
        adapter: Option<usize>,
    ) -> Result<Tensor> {
        let joined = self.joined.apply(x, adapter)?;
        let part = |index| self.heads.split_part(&joined, index);
        let mixed = self.heads.attend(&part(0)?, (&part(1)?, &part(2)?), Some(bias))?;
        self.output.apply(&mixed, adapter)
    }

    /// One new place looks at itself and everything in the cache, and joins it.
    pub(super) fn next(
        &self,
        x: &Tensor,
        cache: &mut KvCache,
        bias: &Tensor,
        adapter: Option<usize>,
    ) -> Result<Tensor> {
        let joined = self.joined.apply(x, adapter)?;
        let part = |index| self.heads.split_part(&joined, index);
        let (key, value) = cache.append(&part(1)?, &part(2)?)?;
        let mixed = self.heads.attend(&part(0)?, (&key, &value), Some(bias))?;
        self.output.apply(&mixed, adapter)
    }
}

/// What a decoder layer remembers of the encoded prompt, computed once per generation.
#[derive(Clone, Debug)]
pub(super) struct PromptMemory {
    key: Tensor,
    value: Tensor,
}

impl PromptMemory {
    /// How many numbers it holds.
    pub(super) fn numbers(&self) -> usize {
        self.key.elem_count().saturating_add(self.value.elem_count())
    }
}

/// Attention of the decoder to the encoded prompt. It has no position bias.
#[derive(Debug)]
pub(super) struct CrossAttention {
    heads: Heads,
    query: Projection,
    /// Key and value weights in one matrix.
    joined: Projection,
    output: Projection,
}

impl CrossAttention {
    /// Takes the weights below `name`.
    pub(super) fn load(parts: &Parts<'_>, name: &str) -> std::result::Result<Self, LoadError> {
        let (inner, width) = (parts.config.inner(), parts.config.t5.d_model);
        let query = parts.side_by_side(name, &["q"], [inner, width])?;
        let joined = parts.side_by_side(name, &["k", "v"], [inner, width])?;
        let output = parts.side_by_side(name, &["o"], [width, inner])?;
        Ok(Self { heads: Heads::of(parts.config), query, joined, output })
    }

    /// Prepares what the decoder will look at in every step.
    pub(super) fn remember(
        &self,
        encoded: &Tensor,
        adapter: Option<usize>,
    ) -> Result<PromptMemory> {
        let joined = self.joined.apply(encoded, adapter)?;
        let (key, value) = (self.heads.split_part(&joined, 0)?, self.heads.split_part(&joined, 1)?);
        Ok(PromptMemory { key, value })
    }

    /// One new place looks at the prompt.
    pub(super) fn next(
        &self,
        x: &Tensor,
        memory: &PromptMemory,
        adapter: Option<usize>,
    ) -> Result<Tensor> {
        let query = self.heads.split(&self.query.apply(x, adapter)?)?;
        let mixed = self.heads.attend(&query, (&memory.key, &memory.value), None)?;
        self.output.apply(&mixed, adapter)
    }
}
