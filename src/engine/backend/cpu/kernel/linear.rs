//! Matrices times rows: the entry to the integer kernels, and the ones on floats.

use super::acts::Acts;
use super::level::Level;
use super::pack::{BLOCK, Body, EIGHT_OFFSET, FOUR_OFFSET, GROUP, Head, LINE, Line, Weight};
use super::rows::{self, Element, Spread, leveled, madd};
use super::team::Team;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use super::portable;

/// The most rows that a kernel works on at a time.
pub(super) const ROWS: usize = 6;

/// What becomes of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Mode {
    /// It replaces what is there.
    Store,
    /// It is added to what is there.
    Add,
}

/// Where a tile's numbers go: some rows, 64 outputs from `first` on, of which `count` exist.
pub(super) struct Target<'a> {
    pub(super) out: &'a Spread<'a, f32>,
    /// From one row to the next.
    pub(super) stride: usize,
    pub(super) row: usize,
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) mode: Mode,
}

impl Target<'_> {
    /// The place of one row of the tile.
    ///
    /// # Safety
    ///
    /// One tile is written by one thread.
    pub(super) unsafe fn row(&self, row: usize) -> &mut [f32] {
        let at = (self.row + row) * self.stride + self.first;
        // SAFETY: tiles do not overlap, and this one is ours by the contract.
        unsafe { self.out.part(at..at + self.count) }
    }
}

/// The rows of a tile.
#[derive(Clone, Copy)]
pub(super) struct TileRows<'a> {
    /// The quants of the first row; others follow `stride` apart.
    pub(super) quants: &'a [i8],
    pub(super) stride: usize,
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [i32],
    /// The sums of groups, `stride / GROUP` per row.
    pub(super) group_sums: &'a [i32],
}

impl<'a> TileRows<'a> {
    fn of(acts: &'a Acts, row: usize, count: usize) -> Self {
        let lines = acts.stride / LINE;
        let groups = acts.stride / GROUP;
        Self {
            quants: Line::signed(&acts.quants[row * lines..(row + count) * lines]),
            stride: acts.stride,
            scales: &acts.scales[row..row + count],
            sums: &acts.sums[row..row + count],
            group_sums: &acts.group_sums[row * groups..(row + count) * groups],
        }
    }

    /// The number of rows.
    pub(super) const fn count(&self) -> usize {
        self.scales.len()
    }
}

/// Cuts a number of rows into nearly equal tiles of at most six.
fn tiles(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(ROWS);
    (0..count).map(move |tile| {
        let (from, to) = (rows * tile / count, rows * (tile + 1) / count);
        (from, to - from)
    })
}

/// Multiplies rows by a matrix. `out` has a row of `stride` numbers for each row of activations.
pub(in super::super) fn linear(
    (level, team): (Level, &Team),
    weight: &Weight,
    acts: &Acts,
    (out, stride): (&mut [f32], usize),
    mode: Mode,
) {
    let rows = acts.rows;
    assert!(acts.width == weight.inputs, "activations of another width");
    assert!(stride >= weight.outputs && out.len() >= rows * stride, "too little room for a product");
    let out = Spread::new(out);
    let target = |row: usize, first: usize, width: usize| Target {
        out: &out,
        stride,
        row,
        first,
        count: width.min(weight.outputs - first),
        mode,
    };
    match &weight.body {
        Body::Int8 { quants, scales } => team.run(&|member| {
            for block in team.share(weight.outputs.div_ceil(BLOCK), member) {
                let quants = &quants[block * weight.stride..][..weight.stride];
                let scales = &scales[block * BLOCK..][..BLOCK];
                for (row, count) in tiles(rows) {
                    let tile = TileRows::of(acts, row, count);
                    int8(level, quants, scales, tile, &target(row, block * BLOCK, BLOCK));
                }
            }
        }),
        Body::Int4 { quants, scales } => team.run(&|member| {
            let (lines, groups) = (weight.stride / 2, weight.stride / GROUP);
            for block in team.share(weight.outputs.div_ceil(BLOCK), member) {
                let quants = &quants[block * lines..][..lines];
                let scales = &scales[block * groups * BLOCK..][..groups * BLOCK];
                for (row, count) in tiles(rows) {
                    let tile = TileRows::of(acts, row, count);
                    int4(level, quants, scales, tile, &target(row, block * BLOCK, BLOCK));
                }
            }
        }),
        Body::Bf16(numbers) => floats(level, team, (numbers, weight), acts, &target),
        Body::F32(numbers) => floats(level, team, (numbers, weight), acts, &target),
    }
}

fn int8(level: Level, quants: &[Line], scales: &[f32], rows: TileRows<'_>, target: &Target<'_>) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::int8(quants, scales, rows, target),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::int8(quants, scales, rows, target),
        _ => portable::int8(quants, scales, rows, target),
    }
}

fn int4(level: Level, quants: &[Line], scales: &[u16], rows: TileRows<'_>, target: &Target<'_>) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::int4(quants, scales, rows, target),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::int4(quants, scales, rows, target),
        _ => portable::int4(quants, scales, rows, target),
    }
}

/// The sums over one plane of nibbles, offset taken off: for each row, 64 outputs.
type PlaneSums = [[i32; BLOCK]; ROWS];

fn plane(level: Level, quants: &[Line], rows: TileRows<'_>, sums: &mut PlaneSums) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::plane(quants, rows, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::plane(quants, rows, sums),
        _ => portable::plane(quants, rows, sums),
    }
}

fn floats<'a, E: Element>(
    level: Level,
    team: &Team,
    (numbers, weight): (&[E], &Weight),
    acts: &Acts,
    target: &(dyn Fn(usize, usize, usize) -> Target<'a> + Sync),
) {
    team.run(&|member| {
        for panel in team.share(weight.outputs.div_ceil(16), member) {
            let numbers = &numbers[panel * 16 * weight.inputs..][..16 * weight.inputs];
            for row in 0..acts.rows {
                let product = panel_row::<E>(level, numbers, acts.row(row));
                let target = target(row, panel * 16, 16);
                // SAFETY: this member alone writes this panel.
                let place = unsafe { target.row(0) };
                for (place, number) in place.iter_mut().zip(product) {
                    *place = if target.mode == Mode::Add { *place + number } else { number };
                }
            }
        }
    });
}

leveled! {
    /// One row times 16 outputs.
    fn panel_row<E: Element>(numbers: &[E], row: &[f32]) -> [f32; 16], panel_row_body
}

#[inline(always)]
fn panel_row_body<const FUSED: bool, E: Element>(numbers: &[E], row: &[f32]) -> [f32; 16] {
    let (columns, _) = numbers.as_chunks::<16>();
    let mut sums = [[0.0_f32; 16]; 4];
    let (fours, last) = columns.as_chunks::<4>();
    let (inputs, last_inputs) = row.as_chunks::<4>();
    for (columns, inputs) in fours.iter().zip(inputs) {
        for part in 0..4 {
            for lane in 0..16 {
                let weight = columns[part][lane].to_f32();
                sums[part][lane] = madd::<FUSED>(inputs[part], weight, sums[part][lane]);
            }
        }
    }
    for (column, input) in last.iter().zip(last_inputs) {
        for lane in 0..16 {
            sums[0][lane] = madd::<FUSED>(*input, column[lane].to_f32(), sums[0][lane]);
        }
    }
    let mut total = [0.0; 16];
    for lane in 0..16 {
        total[lane] = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
    }
    total
}

/// Which rows of a step need every logit exactly.
pub(in super::super) type Exact<'a> = &'a (dyn Fn(usize) -> bool + Sync);

/// How many standard deviations of the high plane's error separate a token that may be the best
/// from one that cannot be. The error is a sum of hundreds of independent roundings.
const DOUBT: f32 = 7.0;

/// Multiplies rows by the output matrix. Rows that need it get every logit in 8 bits; the others
/// get 4 bits where a token cannot be the best, and 8 bits where it can. `step` is scratch.
pub(in super::super) fn head(
    (level, team): (Level, &Team),
    head: &Head,
    acts: &Acts,
    (out, lengths): (&mut [f32], &mut Vec<f32>),
    exact: Exact<'_>,
) {
    let (rows, outputs, lines) = (acts.rows, head.outputs, head.stride / 2);
    assert!(acts.width == head.inputs && out.len() >= rows * outputs, "a head of another model");
    lengths.clear();
    lengths.extend((0..rows).map(|row| {
        let squares: f32 = acts.quants(row).iter().map(|q| f32::from(i16::from(*q).pow(2))).sum();
        squares.sqrt() * acts.scales[row]
    }));
    let spread = Spread::new(out);
    team.run(&|member| {
        let (mut high, mut low) = ([[0; BLOCK]; ROWS], [[0; BLOCK]; ROWS]);
        for block in team.share(outputs.div_ceil(BLOCK), member) {
            let (first, count) = (block * BLOCK, BLOCK.min(outputs - block * BLOCK));
            let planes = [&head.high, &head.low].map(|plane| &plane[block * lines..][..lines]);
            let scales = &head.scales[first..][..BLOCK];
            for (row, rows) in tiles(rows) {
                let tile = TileRows::of(acts, row, rows);
                plane(level, planes[0], tile, &mut high);
                if (row..row + rows).any(exact) {
                    plane(level, planes[1], tile, &mut low);
                }
                for index in 0..rows {
                    let at = (row + index) * outputs + first;
                    // SAFETY: this member alone writes the outputs of this block.
                    let out = unsafe { spread.part(at..at + count) };
                    if exact(row + index) {
                        join_planes(level, &high[index], &low[index], tile.scales[index], scales, out);
                    } else {
                        // The low quants are −½ on average.
                        let mean = tile.sums[index] as f32 * -0.5;
                        high_alone(level, &high[index], mean, tile.scales[index], scales, out);
                    }
                }
            }
        }
    });
    for (row, length) in lengths.iter().enumerate().filter(|(row, _)| !exact(*row)) {
        rescore(level, (head, acts), row, length * DOUBT, &mut out[row * outputs..][..outputs]);
    }
}

leveled! {
    fn join_planes(
        high: &[i32; BLOCK],
        low: &[i32; BLOCK],
        step: f32,
        scales: &[f32],
        out: &mut [f32],
    ), join_planes_body
}

#[inline(always)]
fn join_planes_body<const FUSED: bool>(
    high: &[i32; BLOCK],
    low: &[i32; BLOCK],
    step: f32,
    scales: &[f32],
    out: &mut [f32],
) {
    for (((out, high), low), scale) in out.iter_mut().zip(high).zip(low).zip(scales) {
        *out = (high * 16 + low) as f32 * (step * scale);
    }
}

leveled! {
    fn high_alone(
        high: &[i32; BLOCK],
        mean: f32,
        step: f32,
        scales: &[f32],
        out: &mut [f32],
    ), high_alone_body
}

#[inline(always)]
fn high_alone_body<const FUSED: bool>(
    high: &[i32; BLOCK],
    mean: f32,
    step: f32,
    scales: &[f32],
    out: &mut [f32],
) {
    for ((out, high), scale) in out.iter_mut().zip(high).zip(scales) {
        *out = madd::<FUSED>(*high as f32, 16.0, mean) * (step * scale);
    }
}

/// Replaces the logits of every token that may be the best by the exact ones.
fn rescore(
    level: Level,
    (head, acts): (&Head, &Acts),
    row: usize,
    doubt: f32,
    out: &mut [f32],
) {
    let doubts = &head.doubts[..out.len()];
    let floor = floor(level, out, doubts, doubt);
    let quants = acts.quants(row);
    let mut at = 0;
    // Whole chunks are skipped by one comparison each; few of thousands hold a candidate.
    for (chunk, doubts) in out.chunks_mut(LINE).zip(doubts.chunks(LINE)) {
        if ceiling(level, chunk, doubts, doubt) >= floor {
            for (lane, (logit, doubts)) in chunk.iter_mut().zip(doubts).enumerate() {
                if *logit + doubts * doubt >= floor {
                    let sum = exact_sum(head, at + lane, quants);
                    *logit = sum as f32 * (acts.scales[row] * head.scales[at + lane]);
                }
            }
        }
        at += chunk.len();
    }
}

leveled! {
    /// The largest logit that some token has for certain.
    fn floor(logits: &[f32], doubts: &[f32], doubt: f32) -> f32, floor_body
}

#[inline(always)]
fn floor_body<const FUSED: bool>(logits: &[f32], doubts: &[f32], doubt: f32) -> f32 {
    bound::<FUSED>(logits, doubts, -doubt)
}

leveled! {
    /// The largest logit that some token may have.
    fn ceiling(logits: &[f32], doubts: &[f32], doubt: f32) -> f32, ceiling_body
}

#[inline(always)]
fn ceiling_body<const FUSED: bool>(logits: &[f32], doubts: &[f32], doubt: f32) -> f32 {
    bound::<FUSED>(logits, doubts, doubt)
}

#[inline(always)]
fn bound<const FUSED: bool>(logits: &[f32], doubts: &[f32], doubt: f32) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = logits.as_chunks::<16>();
    let (doubt_chunks, doubt_rest) = doubts.as_chunks::<16>();
    for (chunk, doubts) in chunks.iter().zip(doubt_chunks) {
        for lane in 0..16 {
            let logit = madd::<FUSED>(doubts[lane], doubt, chunk[lane]);
            lanes[lane] = if logit > lanes[lane] { logit } else { lanes[lane] };
        }
    }
    let tops = rest.iter().zip(doubt_rest).map(|(logit, doubts)| madd::<FUSED>(*doubts, doubt, *logit));
    tops.fold(rows::fold(lanes, f32::max), f32::max)
}

/// One output's sum in 8 bits.
fn exact_sum(head: &Head, output: usize, quants: &[i8]) -> i32 {
    let lines = head.stride / 2;
    let (block, lane) = (output / BLOCK, output % BLOCK);
    let planes = [&head.high, &head.low].map(|plane| {
        let bytes = Line::bytes(&plane[block * lines..][..lines]);
        bytes.as_chunks::<4>().0[lane..].iter().step_by(BLOCK)
    });
    let [high, low] = planes;
    let (eights, _) = quants.as_chunks::<8>();
    let mut total = 0;
    for (eight, (high, low)) in eights.iter().zip(high.zip(low)) {
        for place in 0..4 {
            let value = |high: u8, low: u8| {
                (i32::from(high) - FOUR_OFFSET) * 16 + i32::from(low) - FOUR_OFFSET
            };
            total += i32::from(eight[place]) * value(high[place] & 15, low[place] & 15);
            total += i32::from(eight[place + 4]) * value(high[place] >> 4, low[place] >> 4);
        }
    }
    total
}

/// What the offset of 8-bit weights adds to a row's sum.
pub(super) const fn offset8(sum: i32) -> i32 {
    EIGHT_OFFSET * sum
}
