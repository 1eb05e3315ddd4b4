//! What LoRA adapters add to a product, row by row: `scale · (x·Aᵀ)·Bᵀ`.

use super::kernel::Acts;
use super::model::{Matrix, Model};
use crate::engine::adapter::{Adapter, Delta};

/// The additions of one adapter to the matrices of a model, by the matrix's number: where in its
/// outputs each begins.
#[derive(Debug)]
pub(super) struct Bound {
    matrices: Vec<Vec<(usize, Delta)>>,
}

impl Bound {
    /// Finds the matrix of each addition. `parts` names the tensors of every matrix, with the first output of each.
    pub(super) fn bind(adapter: &Adapter, parts: &[Vec<(String, usize)>]) -> Self {
        let find = |(name, first): &(String, usize)| {
            let delta = adapter.deltas.get(&format!("{name}.weight"))?;
            Some((*first, delta.clone()))
        };
        Self { matrices: parts.iter().map(|part| part.iter().filter_map(find).collect()).collect() }
    }
}

/// Scratch memory for what stands between A and B.
pub(super) type Low = Vec<f32>;

/// Adds what each row's adapter adds.
pub(super) fn add(
    model: &Model,
    matrix: &Matrix,
    (acts, adapters): (&Acts, &[Option<usize>]),
    low: &mut Low,
    (out, stride): (&mut [f32], usize),
) {
    for (row, out) in out.chunks_mut(stride.max(1)).enumerate().take(adapters.len()) {
        let bound = adapters.get(row).copied().flatten().and_then(|at| model.adapters.get(at));
        let deltas = bound.and_then(|bound| bound.matrices.get(matrix.index));
        for (first, delta) in deltas.into_iter().flatten() {
            let x = acts.row(row);
            low.clear();
            low.extend(delta.a.chunks_exact(delta.inputs.max(1)).map(|a| dot(a, x)));
            let places = out.iter_mut().skip(*first);
            for (place, b) in places.zip(delta.b.chunks_exact(delta.rank.max(1))) {
                *place += delta.scale * dot(b, low);
            }
        }
    }
}

/// A sum in eight lanes, so that it becomes vector code.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (chunks, rest) = a.as_chunks::<8>();
    let (others, other_rest) = b.as_chunks::<8>();
    for (a, b) in chunks.iter().zip(others) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let tail: f32 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + tail
}
