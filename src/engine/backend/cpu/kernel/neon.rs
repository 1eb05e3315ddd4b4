//! The integer kernels for NEON.
//!
//! `sdot` multiplies 16 pairs of signed bytes and adds them, four by four, to four sums; where the
//! processor lacks it, two multiplications to 16 bits and a pairwise addition do the same. A vector
//! holds four outputs' weights for four inputs, which are repeated across another. Both sides must be
//! signed, so the offset of 8-bit weights is taken off again by flipping their uppermost bit.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, uint8x16_t, uint16x4_t, vaddq_s32, vaddvq_s32, vandq_u8,
    vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u8, veorq_u8, vfmaq_f32, vget_low_s8,
    vld1_u16, vld1q_f32, vld1q_s8, vld1q_u8, vmull_high_s8, vmull_s8, vmulq_f32, vpadalq_s16,
    vpaddq_s16, vreinterpretq_s8_s32, vreinterpretq_s8_u8, vshrq_n_u8, vst1q_f32, vst1q_s32,
};
use std::arch::asm;

use super::linear::{ROWS, Target, TileRows};
use super::pack::{BLOCK, FOUR_OFFSET, GROUP, Line, PAD};
use super::portable;

/// Outputs of a vector of weights.
const FOUR: usize = 4;
/// Vectors of a line, and of a block for four inputs.
const LINE_VECTORS: usize = 4;
const VECTORS: usize = BLOCK / FOUR;

/// The sizes that the loops below rely on.
fn check(rows: TileRows<'_>) {
    let count = rows.count();
    assert!(
        rows.stride.is_multiple_of(BLOCK) && rows.quants.len() == count * rows.stride,
        "other rows"
    );
    assert!(rows.sums.len() == count && count <= ROWS, "other rows");
    assert!(rows.group_sums.len() == count * (rows.stride / GROUP), "other groups");
}

/// Adds the products of 16 pairs of bytes, four by four.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot(sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction only reads and writes these registers, and the function says that the
    // processor has it. (The intrinsic for it is not stable yet.)
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {inputs:v}.16b",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            inputs = in(vreg) inputs,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// The same without the dot product. Two products of bytes from −127 to 127 fit into 16 bits.
#[inline]
#[target_feature(enable = "neon")]
fn dot_in_steps(sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t {
    let low = vmull_s8(vget_low_s8(weights), vget_low_s8(inputs));
    vpadalq_s16(sums, vpaddq_s16(low, vmull_high_s8(weights, inputs)))
}

/// Four inputs of a row, repeated.
///
/// # Safety
///
/// Four bytes must be readable there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn repeat(inputs: *const i8) -> int8x16_t {
    // SAFETY: by the contract; no alignment is assumed.
    vreinterpretq_s8_s32(vdupq_n_s32(unsafe { inputs.cast::<i32>().read_unaligned() }))
}

/// Four outputs' 8-bit weights, offset taken off.
///
/// # Safety
///
/// 16 bytes must be readable there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn eights(weights: *const u8) -> int8x16_t {
    // SAFETY: by the contract.
    vreinterpretq_s8_u8(veorq_u8(unsafe { vld1q_u8(weights) }, vdupq_n_u8(0x80)))
}

/// Four outputs' nibbles: the first four inputs of eight, and the others.
///
/// # Safety
///
/// 16 bytes must be readable there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn halves(weights: *const u8) -> (int8x16_t, int8x16_t) {
    // SAFETY: by the contract.
    let both: uint8x16_t = unsafe { vld1q_u8(weights) };
    let low = vandq_u8(both, vdupq_n_u8(15));
    (vreinterpretq_s8_u8(low), vreinterpretq_s8_u8(vshrq_n_u8::<4>(both)))
}

/// Four halves as f32.
///
/// # Safety
///
/// Four numbers must be readable there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn widen(halves: *const u16) -> float32x4_t {
    // SAFETY: by the contract.
    let halves: uint16x4_t = unsafe { vld1_u16(halves) };
    let wide: float32x4_t;
    // SAFETY: the instruction only reads and writes these registers, and every processor with NEON
    // has it. (The type that the intrinsic takes is not stable yet.)
    unsafe {
        asm!(
            "fcvtl {wide:v}.4s, {halves:v}.4h",
            wide = lateout(vreg) wide,
            halves = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    wide
}

/// A row's sums with their steps, where they belong.
#[inline]
#[target_feature(enable = "neon")]
fn put(row: usize, products: &[f32; BLOCK], target: &Target<'_>) {
    // SAFETY: the caller of the kernel gives this tile to one thread.
    portable::put(unsafe { target.row(row) }, products, target.mode);
}

/// Calls a function with the number of rows, and that of vectors side by side, as constants: 24 sums in
/// flight at most, of 32 registers.
macro_rules! by_rows {
    ($rows:expr, $name:ident($($argument:expr),*)) => {
        match $rows.count() {
            0 => {}
            1 => $name::<1, 16>($($argument),*),
            2 => $name::<2, 8>($($argument),*),
            3 => $name::<3, 4>($($argument),*),
            4 => $name::<4, 4>($($argument),*),
            5 => $name::<5, 4>($($argument),*),
            _ => $name::<6, 4>($($argument),*),
        }
    };
}

/// The kernels, once with each way to multiply bytes.
macro_rules! kernels {
    ($module:ident, $feature:literal, $dot:path) => {
        pub(super) mod $module {
            use super::*;

            /// A tile of 8-bit weights: 64 outputs times up to six rows.
            pub(in super::super) fn int8(
                quants: &[Line],
                scales: &[f32],
                rows: TileRows<'_>,
                target: &Target<'_>,
            ) {
                check(rows);
                let sizes = quants.len() == rows.stride && scales.len() == BLOCK;
                assert!(sizes, "a block of another size");
                // SAFETY: this module is only called at a level at which the processor has these
                // instructions.
                unsafe { by_rows!(rows, int8_rows(quants, scales, rows, target)) }
            }

            /// A tile of 4-bit weights.
            pub(in super::super) fn int4(
                quants: &[Line],
                scales: &[u16],
                rows: TileRows<'_>,
                target: &Target<'_>,
            ) {
                check(rows);
                assert!(quants.len() == rows.stride / 2, "a block of another size");
                assert!(scales.len() == rows.stride / GROUP * BLOCK, "other groups");
                // SAFETY: as above.
                unsafe { by_rows!(rows, int4_rows(quants, scales, rows, target)) }
            }

            /// The sums of a tile over a plane of nibbles.
            pub(in super::super) fn plane(
                quants: &[Line],
                rows: TileRows<'_>,
                out: &mut [[i32; BLOCK]; ROWS],
            ) {
                check(rows);
                assert!(quants.len() == rows.stride / 2, "a block of another size");
                // SAFETY: as above.
                unsafe { by_rows!(rows, plane_rows(quants, rows, out)) }
            }

            /// One output's sum over a plane that lies output after output, offset included.
            pub(in super::super) fn low(lines: &[Line], inputs: &[i8]) -> i32 {
                assert!(inputs.len() == lines.len() * PAD, "inputs of another width");
                // SAFETY: as above.
                unsafe { low_lines(lines, inputs) }
            }

            #[target_feature(enable = $feature)]
            fn int8_rows<const M: usize, const N: usize>(
                quants: &[Line],
                scales: &[f32],
                rows: TileRows<'_>,
                target: &Target<'_>,
            ) {
                let (weights, inputs) = (quants.as_ptr().cast::<u8>(), rows.quants.as_ptr());
                let mut products = [[0.0; BLOCK]; M];
                for first in (0..VECTORS).step_by(N) {
                    let mut sums = [[vdupq_n_s32(0); N]; M];
                    for four in 0..rows.stride / 4 {
                        let mut input = [vreinterpretq_s8_s32(vdupq_n_s32(0)); M];
                        for row in 0..M {
                            // SAFETY: `check` has made sure that each row has `stride` quants.
                            input[row] =
                                unsafe { repeat(inputs.add(row * rows.stride + four * 4)) };
                        }
                        for vector in 0..N {
                            // SAFETY: `int8` has made sure that the block has `stride` lines, which are
                            // `stride / 4` times 16 vectors.
                            let weight = unsafe {
                                eights(weights.add((four * VECTORS + first + vector) * 16))
                            };
                            for row in 0..M {
                                sums[row][vector] = $dot(sums[row][vector], weight, input[row]);
                            }
                        }
                    }
                    for row in 0..M {
                        let step = vdupq_n_f32(rows.scales[row]);
                        for vector in 0..N {
                            let at = (first + vector) * FOUR;
                            // SAFETY: four numbers are there.
                            let scale = unsafe { vld1q_f32(scales[at..][..FOUR].as_ptr()) };
                            let sum = vcvtq_f32_s32(sums[row][vector]);
                            let product = vmulq_f32(sum, vmulq_f32(step, scale));
                            // SAFETY: four numbers have room there.
                            unsafe {
                                vst1q_f32(products[row][at..][..FOUR].as_mut_ptr(), product);
                            }
                        }
                    }
                }
                for row in 0..M {
                    put(row, &products[row], target);
                }
            }

            /// The sums of some vectors of outputs over some eights of inputs.
            ///
            /// # Safety
            ///
            /// The plane must have these eights, and each row their inputs.
            #[inline]
            #[target_feature(enable = $feature)]
            unsafe fn nibbles<const M: usize, const N: usize>(
                weights: *const u8,
                (inputs, stride): (*const i8, usize),
                eights: std::ops::Range<usize>,
                first: usize,
                sums: &mut [[int32x4_t; N]; M],
            ) {
                for eight in eights {
                    let zero = vreinterpretq_s8_s32(vdupq_n_s32(0));
                    let mut input = [[zero; 2]; M];
                    for row in 0..M {
                        // SAFETY: by the contract.
                        unsafe {
                            let at = inputs.add(row * stride + eight * 8);
                            input[row] = [repeat(at), repeat(at.add(4))];
                        }
                    }
                    for vector in 0..N {
                        // SAFETY: by the contract.
                        let (low, high) =
                            unsafe { halves(weights.add((eight * VECTORS + first + vector) * 16)) };
                        for row in 0..M {
                            let sum = $dot(sums[row][vector], low, input[row][0]);
                            sums[row][vector] = $dot(sum, high, input[row][1]);
                        }
                    }
                }
            }

            #[target_feature(enable = $feature)]
            fn int4_rows<const M: usize, const N: usize>(
                quants: &[Line],
                scales: &[u16],
                rows: TileRows<'_>,
                target: &Target<'_>,
            ) {
                let weights = quants.as_ptr().cast::<u8>();
                let (inputs, groups) = ((rows.quants.as_ptr(), rows.stride), rows.stride / GROUP);
                let mut totals = [[0.0; BLOCK]; M];
                for first in (0..VECTORS).step_by(N) {
                    for group in 0..groups {
                        let mut sums = [[vdupq_n_s32(0); N]; M];
                        for row in 0..M {
                            let sum = rows.group_sums[row * groups + group];
                            sums[row] = [vdupq_n_s32(-FOUR_OFFSET * sum); N];
                        }
                        let eights = group * (GROUP / 8)..(group + 1) * (GROUP / 8);
                        // SAFETY: `int4` has made sure of the number of lines and of quants per row.
                        unsafe { nibbles::<M, N>(weights, inputs, eights, first, &mut sums) };
                        for vector in 0..N {
                            let at = (first + vector) * FOUR;
                            // SAFETY: four halves are there.
                            let scale =
                                unsafe { widen(scales[group * BLOCK + at..][..FOUR].as_ptr()) };
                            for row in 0..M {
                                let place = totals[row][at..][..FOUR].as_mut_ptr();
                                let sum = vcvtq_f32_s32(sums[row][vector]);
                                // SAFETY: four numbers are there.
                                unsafe {
                                    vst1q_f32(place, vfmaq_f32(vld1q_f32(place), sum, scale));
                                }
                            }
                        }
                    }
                }
                for row in 0..M {
                    let step = rows.scales[row];
                    put(row, &totals[row].map(|total: f32| total * step), target);
                }
            }

            #[target_feature(enable = $feature)]
            fn plane_rows<const M: usize, const N: usize>(
                quants: &[Line],
                rows: TileRows<'_>,
                out: &mut [[i32; BLOCK]; ROWS],
            ) {
                let weights = quants.as_ptr().cast::<u8>();
                let inputs = (rows.quants.as_ptr(), rows.stride);
                for first in (0..VECTORS).step_by(N) {
                    let mut sums = [[vdupq_n_s32(0); N]; M];
                    for row in 0..M {
                        sums[row] = [vdupq_n_s32(-FOUR_OFFSET * rows.sums[row]); N];
                    }
                    // SAFETY: `plane` has made sure of the number of lines and of quants per row.
                    unsafe {
                        nibbles::<M, N>(weights, inputs, 0..rows.stride / 8, first, &mut sums);
                    }
                    for row in 0..M {
                        for vector in 0..N {
                            let at = (first + vector) * FOUR;
                            // SAFETY: four numbers have room there.
                            unsafe {
                                vst1q_s32(out[row][at..][..FOUR].as_mut_ptr(), sums[row][vector]);
                            }
                        }
                    }
                }
            }

            #[target_feature(enable = $feature)]
            fn low_lines(lines: &[Line], inputs: &[i8]) -> i32 {
                let mut sums = [[vdupq_n_s32(0); 2]; LINE_VECTORS];
                for (line, inputs) in lines.iter().zip(inputs.chunks_exact(PAD)) {
                    for (vector, sums) in sums.iter_mut().enumerate() {
                        // SAFETY: a line is there, and so are twice 64 quants.
                        unsafe {
                            let (low, high) = halves(line.0.as_ptr().add(vector * 16));
                            let at = inputs.as_ptr().add(vector * 16);
                            sums[0] = $dot(sums[0], low, vld1q_s8(at));
                            sums[1] = $dot(sums[1], high, vld1q_s8(at.add(PAD / 2)));
                        }
                    }
                }
                let mut total = vdupq_n_s32(0);
                for [first, second] in sums {
                    total = vaddq_s32(total, vaddq_s32(first, second));
                }
                vaddvq_s32(total)
            }
        }
    };
}

kernels!(dotted, "neon,dotprod", super::dot);
kernels!(stepped, "neon", super::dot_in_steps);
