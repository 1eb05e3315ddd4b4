//! Weights, rounded to the numbers they are kept in and laid out in the order in which the kernels
//! read them.
//!
//! A matrix has a row per output, as checkpoints store it. It is cut into blocks of 64 outputs;
//! within a block, what the 64 outputs do with the same four (eight) inputs lies together, so that
//! a kernel reads each block once, from front to back. Integers are stored with an offset that
//! makes them positive, because the processor's dot product multiplies unsigned by signed bytes;
//! the activations are the signed ones.
//!
//! The rounding is symmetric to nearest. 8 bits have one step per output; 4 bits one per 32 inputs
//! of an output, kept in f16. The output matrix of the model is kept in two planes of 4 bits,
//! `weight = 16 · high + low`: the high plane alone tells the few tokens that can be the best, and
//! only for these the low plane is read.

use rayon::prelude::*;

use super::lanes::Lanes;
use super::level::Level;
use super::rows;
use crate::engine::weights::Floats;

/// Bytes of a vector register and a cache line.
pub(super) const LINE: usize = 64;
/// Inputs are padded to a multiple of this.
pub(super) const PAD: usize = 2 * LINE;
/// Outputs of a block.
pub(super) const BLOCK: usize = 64;
/// Inputs that share a step in 4 bits.
pub(super) const GROUP: usize = 32;
/// The largest quant of 8 bits; of the head, whose high plane would overflow beyond.
const EIGHT: f32 = 127.0;
const PLANES: f32 = 119.0;
/// What is added to make quants positive.
pub(super) const EIGHT_OFFSET: i32 = 128;
pub(super) const FOUR_OFFSET: i32 = 8;

/// Bytes on a boundary that vector loads like.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(in super::super) struct Line(pub(super) [u8; LINE]);

impl Line {
    pub(super) const ZERO: Self = Self([0; LINE]);

    /// Lines as the bytes that they are.
    pub(super) fn bytes(lines: &[Self]) -> &[u8] {
        // SAFETY: a line is 64 initialised bytes without padding, and lines lie back to back.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
    }

    pub(super) fn bytes_mut(lines: &mut [Self]) -> &mut [u8] {
        // SAFETY: as above; the borrow is exclusive, and any byte is a legal byte.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
    }

    pub(super) fn signed(lines: &[Self]) -> &[i8] {
        // SAFETY: as above; every byte is a legal i8.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
    }

    pub(super) fn signed_mut(lines: &mut [Self]) -> &mut [i8] {
        // SAFETY: as above; the borrow is exclusive, and every byte is a legal i8.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
    }
}

/// The numbers that a matrix is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Float {
    /// 8 bits, a step per output.
    Int8,
    /// 4 bits, a step per group.
    Int4,
    /// The upper half of an f32.
    Bf16,
    /// As it came.
    F32,
}

/// A packed matrix.
#[derive(Debug)]
pub(in super::super) struct Weight {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    /// Inputs with padding.
    pub(super) stride: usize,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    /// For each block, for each four inputs: 64 outputs × 4 bytes. A step per output.
    Int8 { quants: Vec<Line>, scales: Vec<f32> },
    /// For each block, for each eight inputs: 64 outputs × 4 bytes; the low halves of the bytes are the
    /// first four inputs, the high halves the others. For each block, for each group: 64 steps in f16.
    Int4 { quants: Vec<Line>, scales: Vec<u16> },
    /// For each 16 outputs, for each input: 16 numbers.
    Bf16(Vec<u16>),
    /// The same.
    F32(Vec<f32>),
}

impl Weight {
    /// The memory it takes.
    pub(in super::super) fn bytes(&self) -> usize {
        match &self.body {
            Body::Int8 { quants, scales } => quants.len() * LINE + scales.len() * 4,
            Body::Int4 { quants, scales } => quants.len() * LINE + scales.len() * 2,
            Body::Bf16(numbers) => numbers.len() * 2,
            Body::F32(numbers) => numbers.len() * 4,
        }
    }
}

/// The output matrix of the model in two planes of 4 bits.
#[derive(Debug)]
pub(in super::super) struct Head {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) stride: usize,
    /// Laid out like [`Body::Int4`].
    pub(super) high: Vec<Line>,
    /// Output after output: a line for each 128 inputs, the first 64 in the low halves of its bytes.
    pub(super) low: Vec<Line>,
    /// A step per output.
    pub(super) scales: Vec<f32>,
    /// For each output, how far the high plane alone is off for a row of length one: a standard deviation.
    pub(super) doubts: Vec<f32>,
}

impl Head {
    /// The memory it takes.
    pub(in super::super) fn bytes(&self) -> usize {
        (self.high.len() + self.low.len()) * LINE + (self.scales.len() + self.doubts.len()) * 4
    }
}

/// A source of rows: matrices one below the other.
#[derive(Clone, Copy)]
struct Rows<'a> {
    parts: &'a [(Floats<'a>, usize)],
    inputs: usize,
}

impl Rows<'_> {
    /// Reads one row of all of them; none beyond the last.
    fn read(self, mut output: usize, row: &mut Vec<f32>) {
        row.clear();
        for (floats, outputs) in self.parts {
            if output < *outputs {
                floats.read(output * self.inputs, self.inputs, row);
                return;
            }
            output -= outputs;
        }
    }
}

/// Packs one or several matrices with the same inputs, one below the other. Each part comes with its number of outputs.
pub(in super::super) fn pack(
    parts: &[(Floats<'_>, usize)],
    inputs: usize,
    kind: Float,
    level: Level,
) -> Weight {
    let outputs = parts.iter().map(|(_, outputs)| outputs).sum();
    let stride = inputs.next_multiple_of(PAD);
    let rows = Rows { parts, inputs };
    let body = match kind {
        Float::Int8 => int8(rows, outputs, stride, level),
        Float::Int4 => int4(rows, outputs, stride, level),
        Float::Bf16 => {
            Body::Bf16(panels(rows, outputs, |number| half::bf16::from_f32(number).to_bits()))
        }
        Float::F32 => Body::F32(panels(rows, outputs, |number| number)),
    };
    Weight { outputs, inputs, stride, body }
}

fn int8(rows: Rows<'_>, outputs: usize, stride: usize, level: Level) -> Body {
    let blocks = outputs.div_ceil(BLOCK);
    let mut quants = vec![Line([EIGHT_OFFSET as u8; LINE]); blocks * stride];
    let mut scales = vec![0.0; blocks * BLOCK];
    let each = quants.par_chunks_exact_mut(stride).zip(scales.par_chunks_exact_mut(BLOCK));
    each.enumerate().for_each(|(block, (lines, scales))| {
        let (mut row, mut rounded) = (Vec::new(), vec![0_i8; stride]);
        for (lane, scale) in scales.iter_mut().enumerate().take(outputs - block * BLOCK) {
            rows.read(block * BLOCK + lane, &mut row);
            *scale = rows::round_row(level, &row, EIGHT, &mut rounded);
            let words = Line::bytes_mut(lines).as_chunks_mut::<4>().0.iter_mut();
            let (fours, _) = rounded.as_chunks::<4>();
            for (word, four) in words.skip(lane).step_by(BLOCK).zip(fours) {
                *word = four.map(|quant| quant as u8 ^ 0x80);
            }
        }
    });
    Body::Int8 { quants, scales }
}

/// The quants of eight inputs in four bytes, offset included.
fn nibbles(first: [i8; 4], second: [i8; 4]) -> [u8; 4] {
    let word = |four: [i8; 4]| u32::from_le_bytes(four.map(|quant| quant as u8)) & 0x0f0f_0f0f;
    ((word(first) | word(second) << 4) ^ 0x8888_8888).to_le_bytes()
}

/// Writes one output's quants of 4 bits into a block of nibbles.
fn write_nibbles(block: &mut [Line], lane: usize, quants: &[i8]) {
    let words = Line::bytes_mut(block).as_chunks_mut::<4>().0.iter_mut();
    let fours = quants.as_chunks::<4>().0.as_chunks::<2>().0;
    for (word, [first, second]) in words.skip(lane).step_by(BLOCK).zip(fours) {
        *word = nibbles(*first, *second);
    }
}

fn int4(rows: Rows<'_>, outputs: usize, stride: usize, level: Level) -> Body {
    let blocks = outputs.div_ceil(BLOCK);
    let (lines, groups) = (stride / 2, stride / GROUP);
    let mut quants = vec![Line([0x88; LINE]); blocks * lines];
    let mut scales = vec![0_u16; blocks * groups * BLOCK];
    let each = quants.par_chunks_exact_mut(lines).zip(scales.par_chunks_exact_mut(groups * BLOCK));
    each.enumerate().for_each(|(block, (lines, scales))| {
        let (mut row, mut rounded) = (Vec::new(), vec![0_i8; stride]);
        for lane in 0..BLOCK.min(outputs - block * BLOCK) {
            rows.read(block * BLOCK + lane, &mut row);
            row.resize(stride, 0.0);
            let steps = scales.iter_mut().skip(lane).step_by(BLOCK);
            let (quants, _) = rounded.as_chunks_mut::<GROUP>();
            for ((numbers, step), quants) in
                row.as_chunks::<GROUP>().0.iter().zip(steps).zip(quants)
            {
                *step = round_group(level, numbers, quants);
            }
            write_nibbles(lines, lane, &rounded);
        }
    });
    Body::Int4 { quants, scales }
}

rows::leveled! {
    /// Rounds a group to 4 bits, and returns its step in f16.
    ///
    /// Of a few steps around `largest / 7` it takes the one with the least squared error; the step
    /// is negative where the largest number is positive, so that this one has the quant −8.
    fn round_group(numbers: &[f32; GROUP], quants: &mut [i8; GROUP]) -> u16, round_group_body
}

#[inline(always)]
fn round_group_body<V: Lanes>(numbers: &[f32; GROUP], quants: &mut [i8; GROUP]) -> u16 {
    let mut largest = 0.0_f32;
    for number in numbers {
        largest = if number.abs() > largest.abs() { *number } else { largest };
    }
    let (mut best, mut least) = (0_u16, f32::INFINITY);
    for candidate in 0..12 {
        let step = half::f16::from_f32(largest / -(6.4 + 0.2 * candidate as f32));
        let (bits, step) = (step.to_bits(), step.to_f32());
        let inverse = if step == 0.0 { 0.0 } else { 1.0 / step };
        let mut errors = [0.0_f32; 16];
        for half in numbers.as_chunks::<16>().0 {
            for lane in 0..16 {
                let off = half[lane] - step * four_bits(half[lane] * inverse);
                errors[lane] += off * off;
            }
        }
        let error = rows::fold(errors, |a, b| a + b);
        if error < least {
            (best, least) = (bits, error);
        }
    }
    let step = half::f16::from_bits(best).to_f32();
    let inverse = if step == 0.0 { 0.0 } else { 1.0 / step };
    for (quant, number) in quants.iter_mut().zip(numbers) {
        *quant = four_bits(number * inverse) as i8;
    }
    best
}

/// The nearest integer from −8 to 7.
#[inline(always)]
fn four_bits(number: f32) -> f32 {
    let near = number.clamp(-8.0, 7.0);
    (near + 12_582_912.0) - 12_582_912.0
}

fn panels<T: Copy + Default + Send>(
    rows: Rows<'_>,
    outputs: usize,
    convert: impl Fn(f32) -> T + Sync,
) -> Vec<T> {
    let inputs = rows.inputs;
    let mut numbers = vec![T::default(); outputs.next_multiple_of(16) * inputs];
    numbers.par_chunks_exact_mut(16 * inputs.max(1)).enumerate().for_each(|(panel, numbers)| {
        let mut row = Vec::new();
        for lane in 0..16 {
            rows.read(panel * 16 + lane, &mut row);
            for (place, number) in numbers.iter_mut().skip(lane).step_by(16).zip(&row) {
                *place = convert(*number);
            }
        }
    });
    numbers
}

/// Rounds a matrix to 8 bits, row after row, to be looked up: the quants, and a step per row.
pub(in super::super) fn pack_rows(
    floats: &Floats<'_>,
    (rows, width): (usize, usize),
    level: Level,
) -> (Vec<i8>, Vec<f32>) {
    let (mut quants, mut steps) = (vec![0; rows * width], vec![0.0; rows]);
    let each = quants.par_chunks_exact_mut(width.max(1)).zip(&mut steps);
    each.enumerate().for_each_init(Vec::new, |numbers, (row, (quants, step))| {
        floats.read(row * width, width, numbers);
        *step = rows::round_row(level, numbers, EIGHT, quants);
    });
    (quants, steps)
}

/// Packs the output matrix of the model.
pub(in super::super) fn pack_head(
    floats: &Floats<'_>,
    (outputs, inputs): (usize, usize),
    level: Level,
) -> Head {
    let stride = inputs.next_multiple_of(PAD);
    let (blocks, lines, row_lines) = (outputs.div_ceil(BLOCK), stride / 2, stride / PAD);
    let mut high = vec![Line([0x88; LINE]); blocks * lines];
    let mut low = vec![Line([0x88; LINE]); blocks * BLOCK * row_lines];
    let (mut scales, mut doubts) = (vec![0.0; blocks * BLOCK], vec![0.0; blocks * BLOCK]);
    let parts = [(floats.clone(), outputs)];
    let rows = Rows { parts: &parts, inputs };
    let planes = high.par_chunks_exact_mut(lines).zip(low.par_chunks_exact_mut(BLOCK * row_lines));
    let steps = scales.par_chunks_exact_mut(BLOCK).zip(doubts.par_chunks_exact_mut(BLOCK));
    planes.zip(steps).enumerate().for_each(|(block, ((high, low), (scales, doubts)))| {
        let mut row = Vec::new();
        let (mut rounded, mut upper) = (vec![0_i8; stride], vec![0_i8; stride]);
        for lane in 0..BLOCK.min(outputs - block * BLOCK) {
            rows.read(block * BLOCK + lane, &mut row);
            let scale = rows::round_row(level, &row, PLANES, &mut rounded);
            let left = split_planes(level, &mut rounded, &mut upper);
            write_nibbles(high, lane, &upper);
            let low = &mut low[lane * row_lines..][..row_lines];
            for (line, quants) in low.iter_mut().zip(rounded.chunks_exact(PAD)) {
                let (first, second) = quants.split_at(LINE);
                let (words, _) = line.0.as_chunks_mut::<4>();
                let fours = first.as_chunks::<4>().0.iter().zip(second.as_chunks::<4>().0);
                for (word, (first, second)) in words.iter_mut().zip(fours) {
                    *word = nibbles(*first, *second);
                }
            }
            scales[lane] = scale;
            // The low quants around their mean of −½: their root mean square is the doubt about each input.
            doubts[lane] = scale * (left as f32 / 4.0 / inputs.max(1) as f32).sqrt();
        }
    });
    Head { outputs, inputs, stride, high, low, scales, doubts }
}

rows::leveled! {
    /// Splits quants into `16 · upper + lower`, where the lower one stays; returns `Σ (2 · lower + 1)²`.
    fn split_planes(quants: &mut [i8], upper: &mut [i8]) -> i32, split_planes_body
}

#[inline(always)]
fn split_planes_body<V: Lanes>(quants: &mut [i8], upper: &mut [i8]) -> i32 {
    let mut left = 0;
    for (upper, lower) in upper.iter_mut().zip(quants) {
        *upper = (*lower + FOUR_OFFSET as i8) >> 4;
        *lower -= *upper * 16;
        let twice = i32::from(*lower) * 2 + 1;
        left += twice * twice;
    }
    left
}
