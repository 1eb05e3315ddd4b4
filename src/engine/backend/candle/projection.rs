//! A matrix of the model, or several side by side, and what adapters add to it.

use candle_core::{Device, Result, Tensor};

use crate::engine::adapter::{Adapter, Delta};
use crate::engine::config::Config;
use crate::engine::error::LoadError;
use crate::engine::weights::Weights;

/// What a graph is built from.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) weights: &'a Weights<'a>,
    pub(super) config: &'a Config,
    pub(super) adapters: &'a [Adapter],
    pub(super) device: &'a Device,
}

/// `x · wᵀ`, with the weight as checkpoints store it: one row per output.
pub(super) fn project(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    x.matmul(&weight.t()?)
}

/// A projection with its adapters.
#[derive(Debug)]
pub(super) struct Projection {
    weight: Tensor,
    /// For every adapter what it adds here, if it adds anything. Empty without adapters.
    added: Vec<Option<Added>>,
}

/// `x · down · up`, the scale included.
#[derive(Debug)]
struct Added {
    down: Tensor,
    up: Tensor,
}

impl Parts<'_> {
    /// Takes one tensor to where the graph computes.
    pub(super) fn get(
        &self,
        name: &str,
        shape: &[usize],
    ) -> std::result::Result<Tensor, LoadError> {
        Ok(self.weights.get(name, shape)?.to_device(self.device)?)
    }

    /// Takes the tensors `name.part.weight`, all of one shape, as one matrix: one pass over memory
    /// instead of several.
    pub(super) fn side_by_side(
        &self,
        name: &str,
        parts: &[&str],
        shape: [usize; 2],
    ) -> std::result::Result<Projection, LoadError> {
        let names: Vec<String> = parts.iter().map(|part| format!("{name}.{part}.weight")).collect();
        let [outputs, inputs] = shape;
        let mut numbers = Vec::with_capacity(names.len() * outputs * inputs);
        for name in &names {
            self.weights.floats(name, &shape)?.add_to(&mut numbers);
        }
        let weight = Tensor::from_vec(numbers, (names.len() * outputs, inputs), self.device)?;
        let added =
            self.adapters.iter().map(|adapter| Added::of(adapter, &names, shape, self.device));
        Ok(Projection { weight, added: added.collect::<Result<_>>()? })
    }
}

impl Projection {
    /// `x · wᵀ`, and what the adapter adds.
    pub(super) fn apply(&self, x: &Tensor, adapter: Option<usize>) -> Result<Tensor> {
        let y = project(x, &self.weight)?;
        match adapter.and_then(|adapter| self.added.get(adapter)) {
            Some(Some(added)) => y + x.matmul(&added.down)?.matmul(&added.up)?,
            Some(None) | None => Ok(y),
        }
    }
}

impl Added {
    /// The additions to all parts as one: the `A`s below each other, the `B`s in blocks.
    fn of(
        adapter: &Adapter,
        names: &[String],
        shape: [usize; 2],
        device: &Device,
    ) -> Result<Option<Self>> {
        let deltas: Vec<Option<&Delta>> =
            names.iter().map(|name| adapter.deltas.get(name)).collect();
        let rank: usize = deltas.iter().flatten().map(|delta| delta.rank).sum();
        if rank == 0 {
            return Ok(None);
        }
        let [outputs, inputs] = shape;
        let (mut down, mut up) = (Vec::new(), Vec::new());
        let mut before = 0;
        for delta in deltas {
            let inside = delta.map_or(0, |delta| delta.rank);
            if let Some(delta) = delta {
                down.extend_from_slice(&delta.a);
            }
            for output in 0..outputs {
                up.resize(up.len() + before, 0.0);
                if let Some(delta) = delta {
                    let row = delta.b.chunks_exact(inside.max(1)).nth(output).unwrap_or_default();
                    up.extend(row.iter().map(|number| number * delta.scale));
                }
                up.resize(up.len() + rank - before - inside, 0.0);
            }
            before += inside;
        }
        let down = Tensor::from_vec(down, (rank, inputs), device)?.t()?.contiguous()?;
        let up = Tensor::from_vec(up, (outputs * names.len(), rank), device)?;
        Ok(Some(Self { down, up: up.t()?.contiguous()? }))
    }
}
