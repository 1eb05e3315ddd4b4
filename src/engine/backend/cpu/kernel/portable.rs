//! The integer kernels in plain Rust: for every processor, and what the others are held against.

use super::linear::{Mode, ROWS, Target, TileRows, offset8};
use super::pack::{BLOCK, FOUR_OFFSET, GROUP, LINE, Line, PAD};

/// Adds 64 outputs times four inputs.
#[inline(always)]
fn dot(sums: &mut [i32; BLOCK], weights: &[[u8; 4]], inputs: [i8; 4]) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        for place in 0..4 {
            *sum += i32::from(weight[place]) * i32::from(inputs[place]);
        }
    }
}

/// Writes one row of a tile.
pub(super) fn put(place: &mut [f32], products: &[f32; BLOCK], mode: Mode) {
    for (place, product) in place.iter_mut().zip(products) {
        *place = if mode == Mode::Add { *place + product } else { *product };
    }
}

/// A tile of 8-bit weights: 64 outputs times a few rows.
pub(super) fn int8(quants: &[Line], scales: &[f32], rows: TileRows<'_>, target: &Target<'_>) {
    let (weights, _) = Line::bytes(quants).as_chunks::<4>();
    for row in 0..rows.count() {
        let mut sums = [-offset8(rows.sums[row]); BLOCK];
        let (inputs, _) = rows.quants[row * rows.stride..][..rows.stride].as_chunks::<4>();
        for (inputs, weights) in inputs.iter().zip(weights.chunks_exact(BLOCK)) {
            dot(&mut sums, weights, *inputs);
        }
        let mut products = [0.0; BLOCK];
        for lane in 0..BLOCK {
            products[lane] = sums[lane] as f32 * (rows.scales[row] * scales[lane]);
        }
        // SAFETY: the caller gives this tile to one thread.
        put(unsafe { target.row(row) }, &products, target.mode);
    }
}

/// The two halves of bytes: the first four inputs of eight, and the others.
fn halves(weights: &[[u8; 4]]) -> ([[u8; 4]; BLOCK], [[u8; 4]; BLOCK]) {
    let (mut first, mut second) = ([[0; 4]; BLOCK], [[0; 4]; BLOCK]);
    for (lane, weight) in weights.iter().enumerate().take(BLOCK) {
        first[lane] = weight.map(|byte| byte & 15);
        second[lane] = weight.map(|byte| byte >> 4);
    }
    (first, second)
}

/// A tile of 4-bit weights.
pub(super) fn int4(quants: &[Line], scales: &[u16], rows: TileRows<'_>, target: &Target<'_>) {
    let (weights, _) = Line::bytes(quants).as_chunks::<4>();
    let groups = rows.stride / GROUP;
    for row in 0..rows.count() {
        let mut products = [0.0_f32; BLOCK];
        let (inputs, _) = rows.quants[row * rows.stride..][..rows.stride].as_chunks::<GROUP>();
        for (group, (inputs, weights)) in
            inputs.iter().zip(weights.chunks_exact(BLOCK * GROUP / 8)).enumerate()
        {
            let mut sums = [-FOUR_OFFSET * rows.group_sums[row * groups + group]; BLOCK];
            let (fours, _) = inputs.as_chunks::<4>();
            for (fours, weights) in fours.as_chunks::<2>().0.iter().zip(weights.chunks_exact(BLOCK))
            {
                let (first, second) = halves(weights);
                dot(&mut sums, &first, fours[0]);
                dot(&mut sums, &second, fours[1]);
            }
            let scales = &scales[group * BLOCK..][..BLOCK];
            for lane in 0..BLOCK {
                let scale = half::f16::from_bits(scales[lane]).to_f32();
                products[lane] = (sums[lane] as f32).mul_add(scale, products[lane]);
            }
        }
        for product in &mut products {
            *product *= rows.scales[row];
        }
        // SAFETY: the caller gives this tile to one thread.
        put(unsafe { target.row(row) }, &products, target.mode);
    }
}

/// The sums of a tile over a plane of nibbles.
pub(super) fn plane(quants: &[Line], rows: TileRows<'_>, out: &mut [[i32; BLOCK]; ROWS]) {
    let (weights, _) = Line::bytes(quants).as_chunks::<4>();
    for (row, sums) in out.iter_mut().enumerate().take(rows.count()) {
        *sums = [-FOUR_OFFSET * rows.sums[row]; BLOCK];
        let (inputs, _) = rows.quants[row * rows.stride..][..rows.stride].as_chunks::<4>();
        for (fours, weights) in inputs.as_chunks::<2>().0.iter().zip(weights.chunks_exact(BLOCK)) {
            let (first, second) = halves(weights);
            dot(sums, &first, fours[0]);
            dot(sums, &second, fours[1]);
        }
    }
}

/// One output's sum over a plane that lies output after output, offset included.
pub(super) fn low(lines: &[Line], inputs: &[i8]) -> i32 {
    let mut sum = 0;
    for (line, inputs) in lines.iter().zip(inputs.chunks_exact(PAD)) {
        let (first, second) = inputs.split_at(LINE);
        for ((byte, first), second) in line.0.iter().zip(first).zip(second) {
            sum += i32::from(byte & 15) * i32::from(*first)
                + i32::from(byte >> 4) * i32::from(*second);
        }
    }
    sum
}
