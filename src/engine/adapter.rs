//! LoRA adapters: small additions to a model's projections that teach it one task.
//!
//! A projection `y = x·Wᵀ` becomes `y = x·Wᵀ + scale · (x·Aᵀ)·Bᵀ`. The base stays as it is and is
//! shared, so several adapters serve side by side, in one batch, each sequence with its own or none.

use std::collections::BTreeMap;

/// One loaded adapter, checked against its model: every name is a projection of the model, every
/// shape fits it. Only attention and feed-forward projections are adapted, never embedding, norm or
/// head.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Adapter {
    /// The name that targets use.
    pub(super) name: String,
    /// The additions by the name of the tensor that they belong to, such as
    /// `decoder.block.0.layer.1.EncDecAttention.q.weight`.
    pub(super) deltas: BTreeMap<String, Delta>,
}

/// The addition to one projection: `scale · (x·Aᵀ)·Bᵀ`.
#[derive(Clone, PartialEq)]
pub(super) struct Delta {
    /// How many numbers a place is squeezed through.
    pub(super) rank: usize,
    /// The width of what comes in.
    pub(super) inputs: usize,
    /// The width of what goes out.
    pub(super) outputs: usize,
    /// rank × inputs, row after row.
    pub(super) a: Vec<f32>,
    /// outputs × rank, row after row.
    pub(super) b: Vec<f32>,
    /// `alpha / rank`, or what the adapter asks for instead.
    pub(super) scale: f32,
}

impl std::fmt::Debug for Delta {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Delta({} → {} → {})", self.inputs, self.rank, self.outputs)
    }
}
