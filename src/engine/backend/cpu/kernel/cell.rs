//! What keys and values are kept in, and how attention reads it.
//!
//! Keys lie in blocks of 16 places, inputs first, so that 16 scores grow side by side without sums
//! across a register. Values lie place after place. In f32 a cell is a number. In bf16 a cell is a word with two numbers,
//! the first in its lower half: two inputs of a key, or the same number of two values, which is how
//! `vdpbf16ps` wants them; others take the halves apart with one instruction each.

use super::attend::{Member, Memory, PLACES};
use super::lanes::Lanes;
use super::rows::{Element as _, madd};

/// A kind of cell.
pub(in super::super) trait Cell:
    Copy + Default + Send + Sync + std::fmt::Debug + 'static
{
    /// Cells of a block of keys of this width.
    fn key_block(width: usize) -> usize;

    /// Cells of the values of this many places, a whole number of blocks.
    fn values(places: usize, width: usize) -> usize;

    /// Writes a key into a head's blocks.
    fn write_key(cells: &mut [Self], place: usize, key: &[f32]);

    /// Writes a value among a head's values.
    fn write_value(cells: &mut [Self], place: usize, value: &[f32]);

    /// The scores of a query at the 16 places of a block.
    fn score<V: Lanes>(query: &[f32], block: &[Self]) -> [f32; PLACES];

    /// `Σ weight · value`. There are weights for whole blocks, zero beyond the last place.
    fn mix<V: Lanes>(weights: &[f32], values: &[Self], out: &mut [f32]);

    /// The whole of attention with special instructions, where this kind of cell has them.
    fn attend_bf16(
        _query: &[f32],
        _memory: Memory<'_, Self>,
        _bias: &[f32],
        _scratch: &mut Member,
        _out: &mut [f32],
    ) -> bool {
        false
    }
}

/// Adds four sums that ran side by side, because each waits for its own last addition.
#[inline(always)]
fn together<V: Lanes>(sums: [V; 4]) -> [f32; PLACES] {
    let mut total = [0.0; PLACES];
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(&mut total);
    total
}

impl Cell for f32 {
    fn key_block(width: usize) -> usize {
        PLACES * width
    }

    fn values(places: usize, width: usize) -> usize {
        places * width
    }

    fn write_key(cells: &mut [Self], place: usize, key: &[f32]) {
        let block = &mut cells[place / PLACES * PLACES * key.len()..];
        for (cell, number) in block[place % PLACES..].iter_mut().step_by(PLACES).zip(key) {
            *cell = *number;
        }
    }

    fn write_value(cells: &mut [Self], place: usize, value: &[f32]) {
        cells[place * value.len()..][..value.len()].copy_from_slice(value);
    }

    #[inline(always)]
    fn score<V: Lanes>(query: &[f32], block: &[Self]) -> [f32; PLACES] {
        let mut sums = [V::splat(0.0); 4];
        let (queries, last_queries) = query.as_chunks::<4>();
        let (fours, last_rows) = block.as_chunks::<PLACES>().0.as_chunks::<4>();
        for (query, rows) in queries.iter().zip(fours) {
            for part in 0..4 {
                sums[part] = sums[part].madd(V::splat(query[part]), V::load(&rows[part]));
            }
        }
        for (query, row) in last_queries.iter().zip(last_rows) {
            sums[0] = sums[0].madd(V::splat(*query), V::load(row));
        }
        together(sums)
    }

    #[inline(always)]
    fn mix<V: Lanes>(weights: &[f32], values: &[Self], out: &mut [f32]) {
        let width = out.len();
        let mut done = 0;
        while width - done >= 64 {
            let mut sums = [V::splat(0.0); 4];
            for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
                let weight = V::splat(*weight);
                let (fours, _) = value[done..done + 64].as_chunks::<16>();
                for part in 0..4 {
                    sums[part] = sums[part].madd(weight, V::load(&fours[part]));
                }
            }
            for (place, sum) in out[done..done + 64].as_chunks_mut::<16>().0.iter_mut().zip(sums) {
                sum.store(place);
            }
            done += 64;
        }
        let out = &mut out[done..];
        out.fill(0.0);
        for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
            for (out, value) in out.iter_mut().zip(&value[done..]) {
                *out = madd::<V>(*weight, *value, *out);
            }
        }
    }
}

/// Two bf16 in a word.
#[inline(always)]
pub(super) fn pair(first: f32, second: f32) -> u32 {
    u32::from(u16::from_f32(first)) | u32::from(u16::from_f32(second)) << 16
}

/// The two numbers of a word.
#[inline(always)]
fn apart(word: u32) -> [f32; 2] {
    [f32::from_bits(word << 16), f32::from_bits(word & 0xffff_0000)]
}

impl Cell for u32 {
    fn key_block(width: usize) -> usize {
        PLACES * width.div_ceil(2)
    }

    fn values(places: usize, width: usize) -> usize {
        places / 2 * width
    }

    fn write_key(cells: &mut [Self], place: usize, key: &[f32]) {
        let block = &mut cells[place / PLACES * Self::key_block(key.len())..];
        for (cell, two) in block[place % PLACES..].iter_mut().step_by(PLACES).zip(key.chunks(2)) {
            *cell = pair(two[0], two.get(1).copied().unwrap_or_default());
        }
    }

    fn write_value(cells: &mut [Self], place: usize, value: &[f32]) {
        let (shift, kept) = if place.is_multiple_of(2) { (0, 0xffff_0000) } else { (16, 0xffff) };
        for (cell, number) in cells[place / 2 * value.len()..].iter_mut().zip(value) {
            *cell = *cell & kept | Self::from(u16::from_f32(*number)) << shift;
        }
    }

    #[inline(always)]
    fn score<V: Lanes>(query: &[f32], block: &[Self]) -> [f32; PLACES] {
        let mut sums = [V::splat(0.0); 4];
        let rows = block.as_chunks::<PLACES>().0;
        for (index, (query, row)) in query.chunks(2).zip(rows).enumerate() {
            let (first, second) = V::load_pairs(row);
            let at = index % 2 * 2;
            sums[at] = sums[at].madd(V::splat(query[0]), first);
            let query = query.get(1).copied().unwrap_or_default();
            sums[at + 1] = sums[at + 1].madd(V::splat(query), second);
        }
        together(sums)
    }

    #[inline(always)]
    fn mix<V: Lanes>(weights: &[f32], values: &[Self], out: &mut [f32]) {
        let width = out.len();
        let (weights, _) = weights.as_chunks::<2>();
        let mut done = 0;
        while width - done >= 64 {
            let mut sums = [V::splat(0.0); 4];
            for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
                let weight = [V::splat(weight[0]), V::splat(weight[1])];
                let (fours, _) = value[done..done + 64].as_chunks::<16>();
                for part in 0..4 {
                    let (first, second) = V::load_pairs(&fours[part]);
                    sums[part] = sums[part].madd(weight[0], first).madd(weight[1], second);
                }
            }
            for (place, sum) in out[done..done + 64].as_chunks_mut::<16>().0.iter_mut().zip(sums) {
                sum.store(place);
            }
            done += 64;
        }
        let out = &mut out[done..];
        out.fill(0.0);
        for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
            for (out, word) in out.iter_mut().zip(&value[done..]) {
                let [first, second] = apart(*word);
                *out = madd::<V>(weight[1], second, madd::<V>(weight[0], first, *out));
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn attend_bf16(
        query: &[f32],
        memory: Memory<'_, Self>,
        bias: &[f32],
        scratch: &mut Member,
        out: &mut [f32],
    ) -> bool {
        let fits = super::attend_bf16::fits(query.len());
        if fits {
            super::attend_bf16::attend_next(query, memory, bias, scratch, out);
        }
        fits
    }
}
