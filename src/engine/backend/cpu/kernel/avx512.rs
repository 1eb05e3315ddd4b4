//! The integer kernels for AVX-512 with VNNI.
//!
//! `vpdpbusd` multiplies 64 unsigned by 64 signed bytes and adds them, four by four, to 16 sums.
//! The weights are the unsigned side and stay in registers for all rows of a tile; each row's four
//! inputs are repeated across a register by the load itself. Six rows times 64 outputs are 24 sums
//! in flight, which leaves room for the weights in 32 registers.

use std::arch::x86_64::{
    __m512, __m512i, _mm256_loadu_si256, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512,
    _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_load_si512,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mul_ps, _mm512_reduce_add_epi32, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_srli_epi16,
    _mm512_storeu_ps, _mm512_storeu_si512,
};

use super::linear::{Mode, ROWS, Target, TileRows, offset8};
use super::pack::{BLOCK, FOUR_OFFSET, GROUP, Line, PAD};
use super::portable;

/// Calls a function with the number of rows as a constant.
macro_rules! by_rows {
    ($rows:expr, $name:ident($($argument:expr),*)) => {
        // SAFETY: this module is only called at a level at which the processor has these instructions.
        unsafe {
            match $rows.count() {
                0 => {}
                1 => $name::<1>($($argument),*),
                2 => $name::<2>($($argument),*),
                3 => $name::<3>($($argument),*),
                4 => $name::<4>($($argument),*),
                5 => $name::<5>($($argument),*),
                _ => $name::<6>($($argument),*),
            }
        }
    };
}

/// A tile of 8-bit weights: 64 outputs times up to six rows.
pub(super) fn int8(quants: &[Line], scales: &[f32], rows: TileRows<'_>, target: &Target<'_>) {
    check(rows);
    assert!(quants.len() == rows.stride && scales.len() == BLOCK, "a block of another size");
    by_rows!(rows, int8_rows(quants, scales, rows, target));
}

/// A tile of 4-bit weights.
pub(super) fn int4(quants: &[Line], scales: &[u16], rows: TileRows<'_>, target: &Target<'_>) {
    check(rows);
    assert!(quants.len() == rows.stride / 2, "a block of another size");
    assert!(scales.len() == rows.stride / GROUP * BLOCK, "other groups");
    by_rows!(rows, int4_rows(quants, scales, rows, target));
}

/// The sums of a tile over a plane of nibbles.
pub(super) fn plane(quants: &[Line], rows: TileRows<'_>, out: &mut [[i32; BLOCK]; ROWS]) {
    check(rows);
    assert!(quants.len() == rows.stride / 2, "a block of another size");
    by_rows!(rows, plane_rows(quants, rows, out));
}

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

/// Four inputs of a row, repeated.
///
/// # Safety
///
/// Four bytes must be readable there.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn repeat(inputs: *const i8) -> __m512i {
    // SAFETY: by the contract; no alignment is assumed.
    _mm512_set1_epi32(unsafe { inputs.cast::<i32>().read_unaligned() })
}

/// Scales a row's sums and writes them where they belong.
#[inline]
#[target_feature(enable = "avx512f")]
fn put(row: usize, products: [__m512; 4], target: &Target<'_>) {
    // SAFETY: the caller of the kernel gives this tile to one thread.
    let place = unsafe { target.row(row) };
    let mut numbers = [0.0_f32; BLOCK];
    if let Ok(place) = <&mut [f32; BLOCK]>::try_from(&mut *place) {
        for (part, product) in products.into_iter().enumerate() {
            let at = place[part * 16..][..16].as_mut_ptr();
            // SAFETY: 16 numbers are there.
            unsafe {
                let sum = match target.mode {
                    Mode::Add => _mm512_add_ps(_mm512_loadu_ps(at), product),
                    Mode::Store => product,
                };
                _mm512_storeu_ps(at, sum);
            }
        }
        return;
    }
    for (part, product) in products.into_iter().enumerate() {
        // SAFETY: 16 numbers are there.
        unsafe { _mm512_storeu_ps(numbers[part * 16..][..16].as_mut_ptr(), product) };
    }
    portable::put(place, &numbers, target.mode);
}

/// A row's sums of 8-bit weights with their steps.
#[inline]
#[target_feature(enable = "avx512f")]
fn scaled(sums: [__m512i; 4], step: f32, scales: &[f32]) -> [__m512; 4] {
    let step = _mm512_set1_ps(step);
    let mut products = [_mm512_setzero_ps(); 4];
    for part in 0..4 {
        // SAFETY: 16 numbers are there.
        let scale = unsafe { _mm512_loadu_ps(scales[part * 16..][..16].as_ptr()) };
        products[part] = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[part]), _mm512_mul_ps(step, scale));
    }
    products
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn int8_rows<const M: usize>(
    quants: &[Line],
    scales: &[f32],
    rows: TileRows<'_>,
    target: &Target<'_>,
) {
    let (weights, inputs, stride) = (quants.as_ptr(), rows.quants.as_ptr(), rows.stride);
    let mut sums = [[_mm512_setzero_si512(); 4]; M];
    for row in 0..M {
        sums[row] = [_mm512_set1_epi32(-offset8(rows.sums[row])); 4];
    }
    // One row alone would wait for its own sums: it gets a second set.
    let mut more = [_mm512_setzero_si512(); 4];
    let mut four = 0;
    while four < stride / 4 {
        // SAFETY: `check` and `int8` have made sure that the block has `stride` lines and each row
        // `stride` quants; `stride` is a multiple of 64, so `four + 1` is inside where it is used.
        unsafe {
            let line = |part: usize| _mm512_load_si512(weights.add(four * 4 + part).cast());
            let lines = [line(0), line(1), line(2), line(3)];
            for row in 0..M {
                let input = repeat(inputs.add(row * stride + four * 4));
                for part in 0..4 {
                    sums[row][part] = _mm512_dpbusd_epi32(sums[row][part], lines[part], input);
                }
            }
            four += 1;
            if M == 1 {
                let line = |part: usize| _mm512_load_si512(weights.add(four * 4 + part).cast());
                let input = repeat(inputs.add(four * 4));
                for part in 0..4 {
                    more[part] = _mm512_dpbusd_epi32(more[part], line(part), input);
                }
                four += 1;
            }
        }
    }
    if M == 1 {
        for part in 0..4 {
            sums[0][part] = _mm512_add_epi32(sums[0][part], more[part]);
        }
    }
    for row in 0..M {
        put(row, scaled(sums[row], rows.scales[row], scales), target);
    }
}

/// The halves of a line of nibbles: the first four inputs of eight, and the others.
///
/// # Safety
///
/// A line must be there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn halves(line: *const Line) -> (__m512i, __m512i) {
    let mask = _mm512_set1_epi8(15);
    // SAFETY: by the contract; lines are aligned.
    let both = unsafe { _mm512_load_si512(line.cast()) };
    (_mm512_and_si512(both, mask), _mm512_and_si512(_mm512_srli_epi16::<4>(both), mask))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn int4_rows<const M: usize>(
    quants: &[Line],
    scales: &[u16],
    rows: TileRows<'_>,
    target: &Target<'_>,
) {
    let mut products = [[_mm512_setzero_ps(); 4]; M];
    if M <= 2 {
        int4_parts::<M, 4>(quants, scales, rows, &mut products, 0);
    } else {
        // Two sums for each output, one of integers: half a block at a time.
        int4_parts::<M, 2>(quants, scales, rows, &mut products, 0);
        int4_parts::<M, 2>(quants, scales, rows, &mut products, 2);
    }
    for row in 0..M {
        let step = _mm512_set1_ps(rows.scales[row]);
        put(row, products[row].map(|product| _mm512_mul_ps(product, step)), target);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn int4_parts<const M: usize, const PARTS: usize>(
    quants: &[Line],
    scales: &[u16],
    rows: TileRows<'_>,
    products: &mut [[__m512; 4]; M],
    first: usize,
) {
    let (weights, inputs, stride) = (quants.as_ptr(), rows.quants.as_ptr(), rows.stride);
    let groups = stride / GROUP;
    let mut totals = [[_mm512_setzero_ps(); PARTS]; M];
    for group in 0..groups {
        let mut sums = [[_mm512_setzero_si512(); PARTS]; M];
        for row in 0..M {
            let offset = -FOUR_OFFSET * rows.group_sums[row * groups + group];
            sums[row] = [_mm512_set1_epi32(offset); PARTS];
        }
        for eight in group * (GROUP / 8)..(group + 1) * (GROUP / 8) {
            for part in 0..PARTS {
                // SAFETY: `int4` has made sure of the number of lines and of quants per row.
                unsafe {
                    let (low, high) = halves(weights.add(eight * 4 + first + part));
                    for row in 0..M {
                        let at = inputs.add(row * stride + eight * 8);
                        sums[row][part] = _mm512_dpbusd_epi32(sums[row][part], low, repeat(at));
                        let next = repeat(at.add(4));
                        sums[row][part] = _mm512_dpbusd_epi32(sums[row][part], high, next);
                    }
                }
            }
        }
        for part in 0..PARTS {
            let at = scales[group * BLOCK + (first + part) * 16..][..16].as_ptr();
            // SAFETY: 16 halves are there.
            let scale = _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(at.cast()) });
            for row in 0..M {
                let sum = _mm512_cvtepi32_ps(sums[row][part]);
                totals[row][part] = _mm512_fmadd_ps(sum, scale, totals[row][part]);
            }
        }
    }
    for row in 0..M {
        products[row][first..first + PARTS].copy_from_slice(&totals[row]);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn plane_rows<const M: usize>(quants: &[Line], rows: TileRows<'_>, out: &mut [[i32; BLOCK]; ROWS]) {
    let (weights, inputs, stride) = (quants.as_ptr(), rows.quants.as_ptr(), rows.stride);
    let mut sums = [[_mm512_setzero_si512(); 4]; M];
    for row in 0..M {
        sums[row] = [_mm512_set1_epi32(-FOUR_OFFSET * rows.sums[row]); 4];
    }
    for eight in 0..stride / 8 {
        for part in 0..4 {
            // SAFETY: `plane` has made sure of the number of lines and of quants per row.
            unsafe {
                let (low, high) = halves(weights.add(eight * 4 + part));
                for row in 0..M {
                    let at = inputs.add(row * stride + eight * 8);
                    sums[row][part] = _mm512_dpbusd_epi32(sums[row][part], low, repeat(at));
                    let next = repeat(at.add(4));
                    sums[row][part] = _mm512_dpbusd_epi32(sums[row][part], high, next);
                }
            }
        }
    }
    for row in 0..M {
        for part in 0..4 {
            let at = out[row][part * 16..][..16].as_mut_ptr();
            // SAFETY: 16 numbers are there.
            unsafe { _mm512_storeu_si512(at.cast(), sums[row][part]) };
        }
    }
}

/// One output's sum over a plane that lies output after output, offset included.
pub(super) fn low(lines: &[Line], inputs: &[i8]) -> i32 {
    assert!(inputs.len() == lines.len() * PAD, "inputs of another width");
    // SAFETY: this module is only called at a level at which the processor has these instructions.
    unsafe { low_lines(lines, inputs) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn low_lines(lines: &[Line], inputs: &[i8]) -> i32 {
    let mut sums = [_mm512_setzero_si512(); 2];
    for (line, inputs) in lines.iter().zip(inputs.chunks_exact(PAD)) {
        // SAFETY: a line is there, and so are twice 64 quants.
        unsafe {
            let (low, high) = halves(line);
            let at = inputs.as_ptr();
            sums[0] = _mm512_dpbusd_epi32(sums[0], low, _mm512_loadu_si512(at.cast()));
            sums[1] = _mm512_dpbusd_epi32(sums[1], high, _mm512_loadu_si512(at.add(64).cast()));
        }
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]))
}
