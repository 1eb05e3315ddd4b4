//! Matrices times rows: the entry to the integer kernels, and the ones on floats.

use super::acts::Acts;
use super::lanes::Lanes;
use super::level::Level;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::pack::{BLOCK, Body, EIGHT_OFFSET, FOUR_OFFSET, GROUP, Head, LINE, Line, PAD, Weight};
use super::portable;
use super::rows::{self, Element, PIECE, Spread, leveled, madd};
use super::team::Team;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

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
    #[expect(clippy::mut_from_ref, reason = "the caller keeps tiles apart")]
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
    assert!(
        stride >= weight.outputs && out.len() >= rows * stride,
        "too little room for a product"
    );
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

pub(super) fn int8(
    level: Level,
    quants: &[Line],
    scales: &[f32],
    rows: TileRows<'_>,
    target: &Target<'_>,
) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 | Level::Avx512 => avx512::int8(quants, scales, rows, target),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::int8(quants, scales, rows, target),
        #[cfg(target_arch = "aarch64")]
        Level::NeonDot => neon::dotted::int8(quants, scales, rows, target),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::stepped::int8(quants, scales, rows, target),
        _ => portable::int8(quants, scales, rows, target),
    }
}

pub(super) fn int4(
    level: Level,
    quants: &[Line],
    scales: &[u16],
    rows: TileRows<'_>,
    target: &Target<'_>,
) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 | Level::Avx512 => avx512::int4(quants, scales, rows, target),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::int4(quants, scales, rows, target),
        #[cfg(target_arch = "aarch64")]
        Level::NeonDot => neon::dotted::int4(quants, scales, rows, target),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::stepped::int4(quants, scales, rows, target),
        _ => portable::int4(quants, scales, rows, target),
    }
}

/// The sums over one plane of nibbles, offset taken off: for each row, 64 outputs.
pub(super) type PlaneSums = [[i32; BLOCK]; ROWS];

pub(super) fn plane(level: Level, quants: &[Line], rows: TileRows<'_>, sums: &mut PlaneSums) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 | Level::Avx512 => avx512::plane(quants, rows, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::plane(quants, rows, sums),
        #[cfg(target_arch = "aarch64")]
        Level::NeonDot => neon::dotted::plane(quants, rows, sums),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::stepped::plane(quants, rows, sums),
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
fn panel_row_body<V: Lanes, E: Element>(numbers: &[E], row: &[f32]) -> [f32; 16] {
    let (columns, _) = numbers.as_chunks::<16>();
    let mut sums = [V::splat(0.0); 4];
    let (fours, last) = columns.as_chunks::<4>();
    let (inputs, last_inputs) = row.as_chunks::<4>();
    for (columns, inputs) in fours.iter().zip(inputs) {
        for part in 0..4 {
            sums[part] = sums[part].madd(E::lanes::<V>(&columns[part]), V::splat(inputs[part]));
        }
    }
    for (column, input) in last.iter().zip(last_inputs) {
        sums[0] = sums[0].madd(E::lanes::<V>(column), V::splat(*input));
    }
    let mut total = [0.0; 16];
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(&mut total);
    total
}

/// Which rows of a step need every logit exactly.
pub(in super::super) type Exact<'a> = &'a (dyn Fn(usize) -> bool + Sync);

/// How many standard deviations of its error a difference of two logits from the high plane may be
/// off. Each error is a sum of hundreds of independent roundings, so that one difference in
/// 10^9 is off by more.
const DOUBT: f32 = 6.0;

/// Multiplies rows by the output matrix. Rows that need it get every logit in 8 bits; the others
/// get 4 bits where a token cannot be the best, and 8 bits where it can.
pub(in super::super) fn head(
    (level, team): (Level, &Team),
    head: &Head,
    acts: &Acts,
    (out, screen): (&mut [f32], &mut Screen),
    exact: Exact<'_>,
) {
    let (rows, outputs, lines) = (acts.rows, head.outputs, head.stride / 2);
    assert!(acts.width == head.inputs && out.len() >= rows * outputs, "a head of another model");
    let spread = Spread::new(out);
    team.run(&|member| {
        let (mut high, mut low) = ([[0; BLOCK]; ROWS], [0; BLOCK]);
        for block in team.share(outputs.div_ceil(BLOCK), member) {
            let (first, count) = (block * BLOCK, BLOCK.min(outputs - block * BLOCK));
            let quants = &head.high[block * lines..][..lines];
            let scales = &head.scales[first..][..BLOCK];
            for (row, rows) in tiles(rows) {
                let tile = TileRows::of(acts, row, rows);
                plane(level, quants, tile, &mut high);
                for index in 0..rows {
                    let at = (row + index) * outputs + first;
                    // SAFETY: this member alone writes the outputs of this block.
                    let out = unsafe { spread.part(at..at + count) };
                    if exact(row + index) {
                        for (lane, low) in low.iter_mut().enumerate().take(count) {
                            let sum = tile.sums[index];
                            *low =
                                low_sum(level, head, first + lane, acts.quants(row + index), sum);
                        }
                        join_planes(level, &high[index], &low, tile.scales[index], scales, out);
                    } else {
                        // The low quants are −½ on average.
                        let mean = tile.sums[index] as f32 * -0.5;
                        high_alone(level, &high[index], mean, tile.scales[index], scales, out);
                    }
                }
            }
        }
    });
    let pieces = outputs.div_ceil(PIECE);
    let part = |item: usize| {
        let (row, first) = (item / pieces, item % pieces * PIECE);
        (row, first, row * outputs + first..row * outputs + outputs.min(first + PIECE))
    };
    screen.tops.clear();
    screen.tops.resize(rows * pieces, f32::NEG_INFINITY);
    let (logits, tops) = (&*out, Spread::new(&mut screen.tops));
    team.run(&|member| {
        for item in team.share(rows * pieces, member) {
            let (row, _, part) = part(item);
            if !exact(row) {
                // SAFETY: a piece belongs to one member.
                let mine = unsafe { tops.part(item..item + 1) };
                mine[0] = top(level, &logits[part]);
            }
        }
    });
    screen.bars.clear();
    screen.bars.extend((0..rows).map(|row| {
        let tops = &screen.tops[row * pieces..(row + 1) * pieces];
        let out = &out[row * outputs..(row + 1) * outputs];
        let doubt = length(level, acts.row(row)) * DOUBT;
        (!exact(row)).then(|| bar(level, head, (tops, out), doubt)).flatten()
    }));
    let spread = Spread::new(out);
    team.run(&|member| {
        for item in team.share(rows * pieces, member) {
            let (row, first, part) = part(item);
            if let Some(bar) = screen.bars[row] {
                // SAFETY: a piece belongs to one member, and pieces do not overlap.
                let out = unsafe { spread.part(part) };
                rescore(level, (head, acts), row, bar, (first, out));
            }
        }
    });
}

/// Scratch for finding the best tokens.
#[derive(Debug, Default)]
pub(in super::super) struct Screen {
    /// The largest logit of each piece of each row, by the high plane.
    tops: Vec<f32>,
    /// What a token must reach, for each row that is not exact.
    bars: Vec<Option<Bar>>,
}

/// What a token must reach to be a candidate.
#[derive(Clone, Copy, Debug)]
struct Bar {
    /// The logit of the token that looks best.
    top: f32,
    /// Its doubt.
    best_doubt: f32,
    /// How far off a logit may be, per doubt.
    doubt: f32,
}

/// Finds the token that looks best. `None` if no logit is a number.
fn bar(level: Level, head: &Head, (tops, out): (&[f32], &[f32]), doubt: f32) -> Option<Bar> {
    let top = top(level, tops);
    let same = |number: &f32| number.total_cmp(&top).is_eq();
    let first = tops.iter().position(same)? * PIECE;
    let best = first + out[first..].iter().position(same)?;
    Some(Bar { top, best_doubt: head.doubts[best], doubt })
}

leveled! {
    /// The length of a row as a vector.
    fn length(row: &[f32]) -> f32, length_body
}

#[inline(always)]
fn length_body<V: Lanes>(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<16>();
    let mut sum = V::splat(0.0);
    for chunk in chunks {
        sum = sum.madd(V::load(chunk), V::load(chunk));
    }
    let mut lanes = [0.0; 16];
    sum.store(&mut lanes);
    let rest: f32 = rest.iter().map(|number| number * number).sum();
    (rows::fold(lanes, |a, b| a + b) + rest).sqrt()
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
fn join_planes_body<V: Lanes>(
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
fn high_alone_body<V: Lanes>(
    high: &[i32; BLOCK],
    mean: f32,
    step: f32,
    scales: &[f32],
    out: &mut [f32],
) {
    for ((out, high), scale) in out.iter_mut().zip(high).zip(scales) {
        *out = madd::<V>(*high as f32, 16.0, mean) * (step * scale);
    }
}

/// Replaces the logits of every token that may be the best by the exact ones.
///
/// Whether a token may be is judged against the one that looks best: the error of the difference of
/// two logits is the root of the sum of their squared errors.
fn rescore(
    level: Level,
    (head, acts): (&Head, &Acts),
    row: usize,
    Bar { top, best_doubt, doubt }: Bar,
    (first, out): (usize, &mut [f32]),
) {
    let doubts = &head.doubts[first..][..out.len()];
    let (quants, mean) = (acts.quants(row), f64::from(acts.sums[row]) * -0.5);
    let mut at = first;
    // Whole chunks are skipped by one comparison each; few of them hold a candidate. A sum of two is
    // never less than the root of their squares.
    for (chunk, doubts) in out.chunks_mut(LINE).zip(doubts.chunks(LINE)) {
        if ceiling(level, chunk, doubts, doubt) >= top - best_doubt * doubt {
            for (lane, (logit, own)) in chunk.iter_mut().zip(doubts).enumerate() {
                if *logit + (own * own + best_doubt * best_doubt).sqrt() * doubt >= top {
                    let scale = acts.scales[row] * head.scales[at + lane];
                    // The sum over the high plane, back from the logit that was made of it: off by
                    // less than a half for models up to a width of 4,600.
                    let high = (f64::from(*logit) / f64::from(scale) - mean) / 16.0;
                    let high = if scale == 0.0 { 0 } else { high.round_ties_even() as i32 };
                    let low = low_sum(level, head, at + lane, quants, acts.sums[row]);
                    *logit = (high * 16 + low) as f32 * scale;
                }
            }
        }
        at += chunk.len();
    }
}

/// One output's sum over the low plane, offset taken off.
fn low_sum(level: Level, head: &Head, output: usize, quants: &[i8], sum: i32) -> i32 {
    let lines = head.stride / PAD;
    low_dot(level, &head.low[output * lines..][..lines], quants) - FOUR_OFFSET * sum
}

/// The same with the offset.
pub(super) fn low_dot(level: Level, low: &[Line], quants: &[i8]) -> i32 {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 | Level::Avx512 => avx512::low(low, quants),
        #[cfg(target_arch = "aarch64")]
        Level::NeonDot => neon::dotted::low(low, quants),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::stepped::low(low, quants),
        _ => portable::low(low, quants),
    }
}

leveled! {
    /// The largest number.
    fn top(logits: &[f32]) -> f32, top_body
}

#[inline(always)]
fn top_body<V: Lanes>(logits: &[f32]) -> f32 {
    rows::peak(logits)
}

leveled! {
    /// The largest logit that some token may have.
    fn ceiling(logits: &[f32], doubts: &[f32], doubt: f32) -> f32, ceiling_body
}

#[inline(always)]
fn ceiling_body<V: Lanes>(logits: &[f32], doubts: &[f32], doubt: f32) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = logits.as_chunks::<16>();
    let (doubt_chunks, doubt_rest) = doubts.as_chunks::<16>();
    for (chunk, doubts) in chunks.iter().zip(doubt_chunks) {
        for lane in 0..16 {
            let logit = madd::<V>(doubts[lane], doubt, chunk[lane]);
            lanes[lane] = if logit > lanes[lane] { logit } else { lanes[lane] };
        }
    }
    let tops = rest.iter().zip(doubt_rest).map(|(logit, doubts)| madd::<V>(*doubts, doubt, *logit));
    tops.fold(rows::fold(lanes, f32::max), f32::max)
}

/// What the offset of 8-bit weights adds to a row's sum.
pub(super) const fn offset8(sum: i32) -> i32 {
    EIGHT_OFFSET * sum
}
