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
/// The largest quant of 8 bits; of the head, whose high plane would overflow beyond; of 4 bits.
const EIGHT: f32 = 127.0;
const PLANES: f32 = 119.0;
const FOUR: f32 = 7.0;
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

    /// The number of outputs.
    pub(in super::super) const fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of inputs.
    pub(in super::super) const fn inputs(&self) -> usize {
        self.inputs
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
struct Rows<'a> {
    parts: &'a [(Floats<'a>, usize)],
    inputs: usize,
    row: Vec<f32>,
}

impl<'a> Rows<'a> {
    fn new(parts: &'a [(Floats<'a>, usize)], inputs: usize) -> Self {
        Self { parts, inputs, row: Vec::new() }
    }

    /// The numbers of one row of all of them; none beyond the last.
    fn get(&mut self, mut output: usize) -> &[f32] {
        self.row.clear();
        for (floats, outputs) in self.parts {
            if output < *outputs {
                floats.read(output * self.inputs, self.inputs, &mut self.row);
                break;
            }
            output -= outputs;
        }
        &self.row
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
    let mut rows = Rows::new(parts, inputs);
    let body = match kind {
        Float::Int8 => int8(&mut rows, outputs, stride, level),
        Float::Int4 => int4(&mut rows, outputs, stride),
        Float::Bf16 => Body::Bf16(panels(&mut rows, outputs, |number| {
            half::bf16::from_f32(number).to_bits()
        })),
        Float::F32 => Body::F32(panels(&mut rows, outputs, |number| number)),
    };
    Weight { outputs, inputs, stride, body }
}

fn int8(rows: &mut Rows<'_>, outputs: usize, stride: usize, level: Level) -> Body {
    let blocks = outputs.div_ceil(BLOCK);
    let mut quants = vec![Line([EIGHT_OFFSET as u8; LINE]); blocks * stride];
    let mut scales = vec![0.0; blocks * BLOCK];
    let mut rounded = vec![0_i8; stride];
    for (output, scale) in scales.iter_mut().enumerate().take(outputs) {
        let row = rows.get(output);
        *scale = rows::round_row(level, row, EIGHT, &mut rounded);
        let (block, lane) = (output / BLOCK, output % BLOCK);
        let lines = &mut quants[block * stride..][..stride];
        let words = Line::bytes_mut(lines).as_chunks_mut::<4>().0.iter_mut();
        let (fours, _) = rounded.as_chunks::<4>();
        for (word, four) in words.skip(lane).step_by(BLOCK).zip(fours) {
            *word = four.map(|quant| quant as u8 ^ 0x80);
        }
    }
    Body::Int8 { quants, scales }
}

/// Writes one output's quants of 4 bits, offset included, into a block of nibbles.
fn write_nibbles(block: &mut [Line], lane: usize, quants: &[i8]) {
    let words = Line::bytes_mut(block).as_chunks_mut::<4>().0.iter_mut();
    let (eights, _) = quants.as_chunks::<8>();
    for (word, eight) in words.skip(lane).step_by(BLOCK).zip(eights) {
        for (place, byte) in word.iter_mut().enumerate() {
            let nibble = |quant: i8| (quant + FOUR_OFFSET as i8) as u8 & 15;
            *byte = nibble(eight[place]) | nibble(eight[place + 4]) << 4;
        }
    }
}

fn int4(rows: &mut Rows<'_>, outputs: usize, stride: usize) -> Body {
    let blocks = outputs.div_ceil(BLOCK);
    let (lines, groups) = (stride / 2, stride / GROUP);
    let mut quants = vec![Line([0x88; LINE]); blocks * lines];
    let mut scales = vec![0_u16; blocks * groups * BLOCK];
    let mut rounded = vec![0_i8; stride];
    for output in 0..outputs {
        let row = rows.get(output);
        rounded.fill(0);
        let (block, lane) = (output / BLOCK, output % BLOCK);
        for (group, numbers) in row.chunks(GROUP).enumerate() {
            let step = half::f16::from_f32(four_bit_step(numbers));
            scales[(block * groups + group) * BLOCK + lane] = step.to_bits();
            let step = step.to_f32();
            for (number, quant) in numbers.iter().zip(&mut rounded[group * GROUP..]) {
                *quant = four_bits(*number, step) as i8;
            }
        }
        write_nibbles(&mut quants[block * lines..][..lines], lane, &rounded);
    }
    Body::Int4 { quants, scales }
}

/// The nearest quant from −8 to 7.
fn four_bits(number: f32, step: f32) -> f32 {
    if step == 0.0 { 0.0 } else { (number / step).round_ties_even().clamp(-FOUR - 1.0, FOUR) }
}

/// The step with the least squared error among a few around `largest / 7`; negative where the
/// largest number is negative, so that it can have the quant −8.
fn four_bit_step(numbers: &[f32]) -> f32 {
    let largest = numbers.iter().fold(0.0_f32, |a, b| if b.abs() > a.abs() { *b } else { a });
    let error = |step: f32| -> f32 {
        numbers.iter().map(|n| (n - step * four_bits(*n, step)).powi(2)).sum()
    };
    let candidates = (0..12).map(|index| largest / -(6.4 + 0.2 * index as f32));
    candidates
        .map(|step| (error(half::f16::from_f32(step).to_f32()), step))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(0.0, |(_, step)| step)
}

fn panels<T: Copy + Default>(
    rows: &mut Rows<'_>,
    outputs: usize,
    convert: impl Fn(f32) -> T,
) -> Vec<T> {
    let inputs = rows.inputs;
    let mut numbers = vec![T::default(); outputs.next_multiple_of(16) * inputs];
    for output in 0..outputs {
        let panel = &mut numbers[output / 16 * 16 * inputs..];
        for (place, number) in panel.iter_mut().skip(output % 16).step_by(16).zip(rows.get(output)) {
            *place = convert(*number);
        }
    }
    numbers
}

/// Packs the output matrix of the model.
pub(in super::super) fn pack_head(
    floats: &Floats<'_>,
    (outputs, inputs): (usize, usize),
    level: Level,
) -> Head {
    let stride = inputs.next_multiple_of(PAD);
    let (blocks, lines) = (outputs.div_ceil(BLOCK), stride / 2);
    let mut high = vec![Line([0x88; LINE]); blocks * lines];
    let row_lines = stride / PAD;
    let mut low = vec![Line([0x88; LINE]); outputs * row_lines];
    let mut scales = vec![0.0; blocks * BLOCK];
    let mut doubts = scales.clone();
    let parts = [(floats.clone(), outputs)];
    let mut rows = Rows::new(&parts, inputs);
    let (mut rounded, mut upper) = (vec![0_i8; stride], vec![0_i8; stride]);
    for output in 0..outputs {
        let scale = rows::round_row(level, rows.get(output), PLANES, &mut rounded);
        let mut left = 0;
        for (upper, lower) in upper.iter_mut().zip(&mut rounded) {
            *upper = (*lower + FOUR_OFFSET as i8) >> 4;
            *lower -= *upper * 16;
            left += (i32::from(*lower) * 2 + 1).pow(2);
        }
        let (block, lane) = (output / BLOCK, output % BLOCK);
        write_nibbles(&mut high[block * lines..][..lines], lane, &upper);
        let low = &mut low[output * row_lines..][..row_lines];
        for (line, quants) in low.iter_mut().zip(rounded.chunks_exact(PAD)) {
            let (first, second) = quants.split_at(LINE);
            for ((byte, first), second) in line.0.iter_mut().zip(first).zip(second) {
                let nibble = |quant: i8| (quant + FOUR_OFFSET as i8) as u8 & 15;
                *byte = nibble(*first) | nibble(*second) << 4;
            }
        }
        scales[output] = scale;
        // The low quants around their mean of −½: their root mean square is the doubt about each input.
        doubts[output] = scale * (left as f32 / 4.0 / inputs.max(1) as f32).sqrt();
    }
    Head { outputs, inputs, stride, high, low, scales, doubts }
}
