//! Attention with the bf16 dot product of AVX-512.
//!
//! `vdpbf16ps` multiplies 32 pairs of bf16 and adds them, two by two, to 16 sums in f32: twice the
//! work of an f32 multiply-add. Keys lie in blocks of 16 places, two inputs at a time; values two places
//! at a time. Scores and their softmax stay in f32; keys, values, queries and probabilities are rounded to
//! nearest, which is what the memories of a decoder do as well.

use std::arch::x86_64::{
    __m256bh, __m512, __m512bh, __m512i, _mm512_add_ps, _mm512_cvtneps_pbh, _mm512_dpbf16_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::attend::{Joined, Member, Memory, PLACES, soften};
use super::cell::pair;
use super::rows::Spread;

/// Queries that are worked on together.
const TILE: usize = 4;

/// Whether this file can do a head of this width.
pub(super) const fn fits(width: usize) -> bool {
    width.is_multiple_of(64)
}

/// One head of one text; see [`super::attend::attend_all`].
pub(super) fn attend_all(
    joined: Joined<'_>,
    diagonal: (&[f32], usize),
    scratch: &mut Member,
    out: (&Spread<'_, f32>, usize, usize),
) {
    // SAFETY: this is only called at a level at which the processor has these instructions.
    unsafe { attend(joined, diagonal, scratch, out) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn halves(words: __m512i) -> __m512bh {
    // SAFETY: both are 512 bits of plain data.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(words) }
}

/// A word, repeated.
#[inline]
#[target_feature(enable = "avx512f")]
fn repeat(word: u32) -> __m512bh {
    halves(_mm512_set1_epi32(word as i32))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; 16]) -> __m512bh {
    // SAFETY: 16 words are there.
    halves(unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c")]
fn attend(
    joined: Joined<'_>,
    (diagonal, zero): (&[f32], usize),
    scratch: &mut Member,
    (out, out_start, out_stride): (&Spread<'_, f32>, usize, usize),
) {
    let Joined { rows, stride, width, places, .. } = joined;
    let padded = places.next_multiple_of(2 * PLACES);
    let pairs = width / 2;
    let sizes = [padded * pairs, padded / 2 * width, TILE * pairs, TILE * padded / 2];
    scratch.reach(TILE * padded, sizes.iter().sum());
    let scores = &mut scratch.numbers[..TILE * padded];
    let (keys, rest) = scratch.words.split_at_mut(sizes[0]);
    let (values, rest) = rest.split_at_mut(sizes[1]);
    let (queries, rest) = rest.split_at_mut(sizes[2]);
    let probabilities = &mut rest[..sizes[3]];
    pack_keys(joined, keys);
    pack_values(joined, &mut values[..padded / 2 * width]);
    let mut first = 0;
    while first < places {
        let count = TILE.min(places - first);
        for (index, queries) in queries.chunks_exact_mut(pairs).enumerate() {
            // The last tile repeats its last query rather than run other code.
            let row = first + index.min(count - 1);
            round(&rows[row * stride..][..width], queries);
        }
        score_tile(queries, keys, padded, scores);
        for index in 0..count {
            let scores = &mut scores[index * padded..][..padded];
            soften::<__m512>(&mut scores[..places], &diagonal[zero - (first + index)..][..places]);
            scores[places..].fill(0.0);
        }
        round(scores, probabilities);
        for part in (0..width).step_by(64) {
            let mixed = mix_tile(probabilities, values, width, part);
            for (index, sums) in mixed.into_iter().enumerate().take(count) {
                let at = out_start + (first + index) * out_stride + part;
                // SAFETY: each head and text has its own places of the output, and one member works
                // on one head of one text.
                let out = unsafe { out.part(at..at + 64) };
                for (out, sum) in out.as_chunks_mut::<16>().0.iter_mut().zip(sums) {
                    // SAFETY: 16 numbers have room there.
                    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), sum) };
                }
            }
        }
        first += count;
    }
}

/// One query and a memory; see [`super::attend::attend_rows`].
pub(super) fn attend_next(
    query: &[f32],
    memory: Memory<'_, u32>,
    bias: &[f32],
    scratch: &mut Member,
    out: &mut [f32],
) {
    // SAFETY: this is only called at a level at which the processor has these instructions.
    unsafe { next(query, memory, bias, scratch, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c")]
fn next(
    query: &[f32],
    memory: Memory<'_, u32>,
    bias: &[f32],
    scratch: &mut Member,
    out: &mut [f32],
) {
    let (width, places) = (query.len(), memory.places);
    let padded = places.next_multiple_of(PLACES);
    scratch.reach(padded, width / 2 + padded / 2);
    let scores = &mut scratch.numbers[..padded];
    let (queries, rest) = scratch.words.split_at_mut(width / 2);
    let probabilities = &mut rest[..padded / 2];
    round(query, queries);
    let blocks = memory.keys.chunks_exact(width / 2 * PLACES);
    for (block, scores) in blocks.zip(scores.as_chunks_mut::<PLACES>().0) {
        // Four sums side by side, because each waits for its own last addition.
        let mut sums = [_mm512_setzero_ps(); 4];
        let fours = block.as_chunks::<16>().0.as_chunks::<4>().0;
        for (keys, queries) in fours.iter().zip(queries.as_chunks::<4>().0) {
            for part in 0..4 {
                let query = repeat(queries[part]);
                sums[part] = _mm512_dpbf16_ps(sums[part], load(&keys[part]), query);
            }
        }
        let total = _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
        // SAFETY: 16 numbers have room there.
        unsafe { _mm512_storeu_ps(scores.as_mut_ptr(), total) };
    }
    let (inside, padding) = scores.split_at_mut(places);
    soften::<__m512>(inside, bias);
    padding.fill(0.0);
    round(scores, probabilities);
    for part in (0..width).step_by(64) {
        let mut sums = [_mm512_setzero_ps(); 4];
        for (weight, value) in probabilities.iter().zip(memory.values.chunks_exact(width)) {
            let weight = repeat(*weight);
            let (value, _) = value[part..][..64].as_chunks::<16>();
            for lane in 0..4 {
                sums[lane] = _mm512_dpbf16_ps(sums[lane], load(&value[lane]), weight);
            }
        }
        for (out, sum) in out[part..][..64].as_chunks_mut::<16>().0.iter_mut().zip(sums) {
            // SAFETY: 16 numbers have room there.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), sum) };
        }
    }
}

/// Rounds numbers, two to a word.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn round(numbers: &[f32], words: &mut [u32]) {
    for (words, numbers) in words.as_chunks_mut::<8>().0.iter_mut().zip(numbers.as_chunks::<16>().0)
    {
        // SAFETY: 16 numbers are there, and 16 bf16 are eight words.
        *words = unsafe {
            let halves = _mm512_cvtneps_pbh(_mm512_loadu_ps(numbers.as_ptr()));
            std::mem::transmute::<__m256bh, [u32; 8]>(halves)
        };
    }
}

/// For each block of 16 places, for each two inputs: 16 words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_keys(joined: Joined<'_>, keys: &mut [u32]) {
    let Joined { rows, stride, inner, width, places } = joined;
    for (block, keys) in keys.chunks_exact_mut(width / 2 * PLACES).enumerate() {
        for lane in 0..PLACES {
            let place = block * PLACES + lane;
            let words = keys[lane..].iter_mut().step_by(PLACES);
            if place < places {
                let key = rows[place * stride + inner..][..width].as_chunks::<2>().0;
                words.zip(key).for_each(|(word, key)| *word = pair(key[0], key[1]));
            } else {
                words.for_each(|word| *word = 0);
            }
        }
    }
}

/// For each two places, a word for each number of a value.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_values(joined: Joined<'_>, values: &mut [u32]) {
    let Joined { rows, stride, inner, width, places } = joined;
    for (two, words) in values.chunks_exact_mut(width).enumerate() {
        let value = |place: usize| &rows[place * stride + 2 * inner..][..width];
        let place = two * 2;
        if place + 1 < places {
            let (one, two) = (value(place), value(place + 1));
            for ((word, one), two) in words.iter_mut().zip(one).zip(two) {
                *word = pair(*one, *two);
            }
        } else if place < places {
            words.iter_mut().zip(value(place)).for_each(|(word, one)| *word = pair(*one, 0.0));
        } else {
            words.fill(0);
        }
    }
}

/// The scores of four queries at every place, two blocks at a time.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn score_tile(queries: &[u32], keys: &[u32], padded: usize, scores: &mut [f32]) {
    let pairs = queries.len() / TILE;
    let queries: [&[u32]; TILE] = std::array::from_fn(|index| &queries[index * pairs..][..pairs]);
    for (both, keys) in keys.chunks_exact(2 * pairs * PLACES).enumerate() {
        let (one, two) = keys.split_at(pairs * PLACES);
        let (one, two) = (one.as_chunks::<16>().0, two.as_chunks::<16>().0);
        let mut sums = [[_mm512_setzero_ps(); 2]; TILE];
        for (column, (one, two)) in one.iter().zip(two).enumerate() {
            let (one, two) = (load(one), load(two));
            for index in 0..TILE {
                let query = repeat(queries[index][column]);
                sums[index][0] = _mm512_dpbf16_ps(sums[index][0], one, query);
                sums[index][1] = _mm512_dpbf16_ps(sums[index][1], two, query);
            }
        }
        for index in 0..TILE {
            let at = index * padded + both * 2 * PLACES;
            let (places, _) = scores[at..at + 2 * PLACES].as_chunks_mut::<16>();
            for half in 0..2 {
                // SAFETY: 16 numbers have room there.
                unsafe { _mm512_storeu_ps(places[half].as_mut_ptr(), sums[index][half]) };
            }
        }
    }
}

/// `Σ probability · value` of four queries, 64 numbers of each value.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn mix_tile(
    probabilities: &[u32],
    values: &[u32],
    width: usize,
    part: usize,
) -> [[__m512; 4]; TILE] {
    let twos = probabilities.len() / TILE;
    let weights: [&[u32]; TILE] =
        std::array::from_fn(|index| &probabilities[index * twos..][..twos]);
    let mut sums = [[_mm512_setzero_ps(); 4]; TILE];
    for (two, value) in values.chunks_exact(width).enumerate() {
        let value = value[part..][..64].as_chunks::<16>().0;
        let value = [load(&value[0]), load(&value[1]), load(&value[2]), load(&value[3])];
        for index in 0..TILE {
            let weight = repeat(weights[index][two]);
            for lane in 0..4 {
                sums[index][lane] = _mm512_dpbf16_ps(sums[index][lane], value[lane], weight);
            }
        }
    }
    sums
}
