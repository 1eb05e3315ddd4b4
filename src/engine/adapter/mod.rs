//! LoRA adapters: small additions to a model's projections that teach it one task.
//!
//! A projection `y = x·Wᵀ` becomes `y = x·Wᵀ + scale · (x·Aᵀ)·Bᵀ`. The base stays as it is and is
//! shared, so several adapters serve side by side, in one batch, each sequence with its own or none.

mod peft;

use std::collections::BTreeMap;

use super::config::Config;
use super::error::LoadError;
use super::source::AdapterSource;

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

/// Loads adapters as PEFT saves them and checks each against its model.
pub(super) fn load(
    sources: &[AdapterSource],
    origin: Option<&str>,
    config: &Config,
) -> Result<Vec<Adapter>, LoadError> {
    sources.iter().map(|source| peft::load(source, origin, config)).collect()
}

/// The projections of a model that can be adapted, with their shapes, outputs first.
fn projections(config: &Config) -> BTreeMap<String, [usize; 2]> {
    let (width, inner, dense) = (config.t5.d_model, config.inner(), config.t5.d_ff);
    let mut all = BTreeMap::new();
    let mut attention = |name: String| {
        for part in ["q", "k", "v"] {
            all.insert(format!("{name}.{part}"), [inner, width]);
        }
        all.insert(format!("{name}.o"), [width, inner]);
    };
    for block in 0..config.t5.num_layers {
        attention(format!("encoder.block.{block}.layer.0.SelfAttention"));
    }
    for block in 0..config.decoder_layers {
        attention(format!("decoder.block.{block}.layer.0.SelfAttention"));
        attention(format!("decoder.block.{block}.layer.1.EncDecAttention"));
    }
    let inputs: &[&str] =
        if config.t5.feed_forward_proj.gated { &["wi_0", "wi_1"] } else { &["wi"] };
    for (stack, layers, layer) in
        [("encoder", config.t5.num_layers, 1), ("decoder", config.decoder_layers, 2)]
    {
        for block in 0..layers {
            let name = format!("{stack}.block.{block}.layer.{layer}.DenseReluDense");
            for part in inputs {
                all.insert(format!("{name}.{part}"), [dense, width]);
            }
            all.insert(format!("{name}.wo"), [width, dense]);
        }
    }
    all
}

#[cfg(test)]
mod tests;
