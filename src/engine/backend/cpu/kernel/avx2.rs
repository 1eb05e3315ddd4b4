//! The integer kernels for AVX2.
//!
//! Products of 8-bit weights are summed in 32 bits from 16-bit factors, because the byte
//! multiplication of AVX2 would saturate; those of nibbles cannot, so bytes are multiplied there.

use std::arch::x86_64::{
    __m256i, _mm_cvtepi8_epi16, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_broadcastq_epi64, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi16, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_load_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_srli_epi16, _mm256_storeu_ps,
    _mm256_storeu_si256,
};

use super::linear::{ROWS, Target, TileRows, offset8};
use super::pack::{BLOCK, FOUR_OFFSET, GROUP, Line};
use super::portable;

/// A tile of 8-bit weights: 64 outputs times a few rows.
pub(super) fn int8(quants: &[Line], scales: &[f32], rows: TileRows<'_>, target: &Target<'_>) {
    assert!(quants.len() == rows.stride && scales.len() == BLOCK, "a block of another size");
    for row in 0..rows.count() {
        let inputs = &rows.quants[row * rows.stride..][..rows.stride];
        let mut products = [0.0; BLOCK];
        for chunk in 0..4 {
            // SAFETY: this module is only called at a level at which the processor has AVX2.
            let sums = unsafe { int8_chunk(quants, inputs, chunk) };
            for (lane, sum) in sums.into_iter().enumerate() {
                let lane = chunk * 16 + lane;
                let sum = sum - offset8(rows.sums[row]);
                products[lane] = sum as f32 * (rows.scales[row] * scales[lane]);
            }
        }
        // SAFETY: the caller gives this tile to one thread.
        portable::put(unsafe { target.row(row) }, &products, target.mode);
    }
}

/// 16 outputs of a block, offset included.
#[target_feature(enable = "avx2")]
fn int8_chunk(quants: &[Line], inputs: &[i8], chunk: usize) -> [i32; 16] {
    // Each register has four outputs with two sums each.
    let mut sums = [_mm256_setzero_si256(); 4];
    let (fours, _) = inputs.as_chunks::<4>();
    for (four, lines) in fours.iter().zip(quants.chunks_exact(4)) {
        let bytes = &lines[chunk].0;
        let four = _mm_cvtepi8_epi16(_mm_cvtsi32_si128(i32::from_le_bytes(four.map(|q| q as u8))));
        let four = _mm256_broadcastq_epi64(four);
        for part in 0..4 {
            // SAFETY: 16 bytes are there.
            let weights = unsafe { _mm_loadu_si128(bytes[part * 16..][..16].as_ptr().cast()) };
            let products = _mm256_madd_epi16(_mm256_cvtepu8_epi16(weights), four);
            sums[part] = _mm256_add_epi32(sums[part], products);
        }
    }
    let mut out = [0; 16];
    for (part, sums) in sums.into_iter().enumerate() {
        let pairs = store(sums);
        for lane in 0..4 {
            out[part * 4 + lane] = pairs[lane * 2] + pairs[lane * 2 + 1];
        }
    }
    out
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(sums: __m256i) -> [i32; 8] {
    let mut out = [0; 8];
    // SAFETY: eight numbers have room there.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), sums) };
    out
}

/// Eight outputs times a group of inputs; `part` says which eight of the block. At most 8 products of 15 · 127
/// meet in a sum of 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn group_sums(lines: &[Line], inputs: &[i8; GROUP], part: usize) -> __m256i {
    let mask = _mm256_set1_epi8(15);
    let mut sums = _mm256_setzero_si256();
    let (eights, _) = inputs.as_chunks::<8>();
    for (eight, lines) in eights.iter().zip(lines.chunks_exact(4)) {
        let bytes = &lines[part / 2].0[part % 2 * 32..][..32];
        // SAFETY: 32 bytes are there, on a boundary of 32 because a line is on one of 64.
        let both = unsafe { _mm256_load_si256(bytes.as_ptr().cast()) };
        let repeat =
            |four: [i8; 4]| _mm256_set1_epi32(i32::from_le_bytes(four.map(|quant| quant as u8)));
        let (fours, _) = eight.as_chunks::<4>();
        let first = _mm256_maddubs_epi16(_mm256_and_si256(both, mask), repeat(fours[0]));
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(both), mask);
        let second = _mm256_maddubs_epi16(high, repeat(fours[1]));
        sums = _mm256_add_epi16(sums, _mm256_add_epi16(first, second));
    }
    _mm256_madd_epi16(sums, _mm256_set1_epi16(1))
}

/// A tile of 4-bit weights.
pub(super) fn int4(quants: &[Line], scales: &[u16], rows: TileRows<'_>, target: &Target<'_>) {
    assert!(quants.len() == rows.stride / 2, "a block of another size");
    assert!(scales.len() == rows.stride / GROUP * BLOCK, "other groups");
    for row in 0..rows.count() {
        // SAFETY: this module is only called at a level at which the processor has AVX2, FMA, F16C.
        let mut products = unsafe { int4_row(quants, scales, rows, row) };
        for product in &mut products {
            *product *= rows.scales[row];
        }
        // SAFETY: the caller gives this tile to one thread.
        portable::put(unsafe { target.row(row) }, &products, target.mode);
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn int4_row(quants: &[Line], scales: &[u16], rows: TileRows<'_>, row: usize) -> [f32; BLOCK] {
    let groups = rows.stride / GROUP;
    let (inputs, _) = rows.quants[row * rows.stride..][..rows.stride].as_chunks::<GROUP>();
    let mut totals = [_mm256_setzero_ps(); 8];
    for (group, (inputs, lines)) in inputs.iter().zip(quants.chunks_exact(GROUP / 2)).enumerate() {
        let offset = _mm256_set1_epi32(-FOUR_OFFSET * rows.group_sums[row * groups + group]);
        for part in 0..8 {
            let sum = _mm256_add_epi32(group_sums(lines, inputs, part), offset);
            let at = scales[group * BLOCK + part * 8..][..8].as_ptr();
            // SAFETY: eight halves are there.
            let scale = _mm256_cvtph_ps(unsafe { _mm_loadu_si128(at.cast()) });
            totals[part] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, totals[part]);
        }
    }
    let mut out = [0.0; BLOCK];
    for (part, total) in totals.into_iter().enumerate() {
        // SAFETY: eight numbers have room there.
        unsafe { _mm256_storeu_ps(out[part * 8..][..8].as_mut_ptr(), total) };
    }
    out
}

/// The sums of a tile over a plane of nibbles.
pub(super) fn plane(quants: &[Line], rows: TileRows<'_>, out: &mut [[i32; BLOCK]; ROWS]) {
    assert!(quants.len() == rows.stride / 2, "a block of another size");
    for (row, out) in out.iter_mut().enumerate().take(rows.count()) {
        let inputs = &rows.quants[row * rows.stride..][..rows.stride];
        // SAFETY: this module is only called at a level at which the processor has AVX2.
        *out = unsafe { plane_row(quants, inputs, -FOUR_OFFSET * rows.sums[row]) };
    }
}

#[target_feature(enable = "avx2")]
fn plane_row(quants: &[Line], inputs: &[i8], offset: i32) -> [i32; BLOCK] {
    let (inputs, _) = inputs.as_chunks::<GROUP>();
    let mut sums = [_mm256_set1_epi32(offset); 8];
    for (inputs, lines) in inputs.iter().zip(quants.chunks_exact(GROUP / 2)) {
        for (part, sum) in sums.iter_mut().enumerate() {
            *sum = _mm256_add_epi32(*sum, group_sums(lines, inputs, part));
        }
    }
    let mut out = [0; BLOCK];
    for (part, sum) in sums.into_iter().enumerate() {
        out[part * 8..][..8].copy_from_slice(&store(sum));
    }
    out
}
