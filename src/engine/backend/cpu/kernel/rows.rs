//! Kernels on rows of f32: norms, the gate of the feed-forward part, attention, and rounding.
//!
//! Each is one text in plain Rust, written in arrays of 16 so that the compiler turns it into
//! vector code, and compiled once for every [`Level`].

use super::acts::Acts;
use super::lanes::Lanes;
use super::level::Level;
use super::pack::{GROUP, LINE, Line};
use super::team::Team;

const LANES: usize = 16;

/// Compiles a function for every level and calls the one that fits the processor.
macro_rules! leveled {
    ($(#[$doc:meta])* $visibility:vis fn $name:ident $(<$generic:ident: $bound:path>)?
        ($($argument:ident: $kind:ty),* $(,)?) $(-> $output:ty)?, $body:ident) => {
        $(#[$doc])*
        $visibility fn $name $(<$generic: $bound>)? (level: Level, $($argument: $kind),*) $(-> $output)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
                fn avx512 $(<$generic: $bound>)? ($($argument: $kind),*) $(-> $output)? {
                    $body::<std::arch::x86_64::__m512 $(, $generic)?>($($argument),*)
                }
                #[target_feature(enable = "avx2,fma,f16c")]
                fn avx2 $(<$generic: $bound>)? ($($argument: $kind),*) $(-> $output)? {
                    $body::<crate::engine::backend::cpu::kernel::lanes::Two $(, $generic)?>($($argument),*)
                }
                match level {
                    // SAFETY: `Level::available` names a level only where the processor has these
                    // instructions.
                    Level::Avx512Bf16 | Level::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above.
                    Level::Avx2 => return unsafe { avx2($($argument),*) },
                    Level::Portable => {}
                }
            }
            // NEON is part of what the compiler takes for granted on 64-bit ARM.
            #[cfg(target_arch = "aarch64")]
            if level != Level::Portable {
                return $body::<crate::engine::backend::cpu::kernel::lanes::Four $(, $generic)?>($($argument),*);
            }
            let _ = level;
            $body::<[f32; 16] $(, $generic)?>($($argument),*)
        }
    };
}
pub(super) use leveled;

/// A number that keys and values are kept in.
pub(in super::super) trait Element:
    Copy + Default + Send + Sync + 'static
{
    /// Rounds to nearest.
    fn from_f32(number: f32) -> Self;
    /// Exactly.
    fn to_f32(self) -> f32;
    /// Sixteen of them.
    fn lanes<V: Lanes>(numbers: &[Self; 16]) -> V;
}

impl Element for f32 {
    fn from_f32(number: f32) -> Self {
        number
    }

    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn lanes<V: Lanes>(numbers: &[Self; 16]) -> V {
        V::load(numbers)
    }
}

/// A bf16 is the upper half of an f32.
impl Element for u16 {
    #[inline(always)]
    fn from_f32(number: f32) -> Self {
        let bits = number.to_bits();
        // To nearest, ties to even. What is not a number stays one: rounding could carry its payload
        // out of the fraction, so it is cut off instead, and a bit that says "not a number" set.
        if bits & 0x7fff_ffff > 0x7f80_0000 {
            return (bits >> 16) as Self | 0x40;
        }
        ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as Self
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self) << 16)
    }

    #[inline(always)]
    fn lanes<V: Lanes>(numbers: &[Self; 16]) -> V {
        V::load_bf16(numbers)
    }
}

/// `a · b + c`, in one instruction where there is one.
#[inline(always)]
pub(super) fn madd<V: Lanes>(a: f32, b: f32, c: f32) -> f32 {
    if V::FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Folds 16 lanes in a fixed order.
#[inline(always)]
pub(super) fn fold(lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let (mut lanes, mut half) = (lanes, LANES / 2);
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = join(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The largest number.
#[inline(always)]
pub(super) fn peak(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    rest.iter().fold(fold(lanes, f32::max), |a, b| a.max(*b))
}

/// `e^x` within 2 units in the last place; 0 far below and huge far above, never a surprise.
///
/// `2^n · e^r` with `|r| ≤ ln 2 / 2` and the Taylor polynomial of degree 6. Adding 1.5·2^23 rounds to an integer, whose
/// bits then stand at the bottom of the number.
#[inline(always)]
pub(super) fn exp<V: Lanes>(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let shifted = madd::<V>(x, std::f32::consts::LOG2_E, 12_582_912.0);
    let n = shifted - 12_582_912.0;
    // ln 2 in two parts, the first exact when multiplied by a small integer (Cody and Waite).
    let r = madd::<V>(n, -0.693_359_4, x);
    let r = madd::<V>(n, 2.121_944_4e-4, r);
    let mut p = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = madd::<V>(p, r, coefficient);
    }
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// The gated GELU of T5 v1.1 (`gelu_new`): the tanh approximation of Hendrycks and Gimpel (arXiv:1606.08415).
#[inline(always)]
fn gelu<V: Lanes>(x: f32) -> f32 {
    let inner = 0.797_884_6 * madd::<V>(0.044_715 * x * x, x, x);
    // ½ (1 + tanh u) = 1 − 1 / (e^{2u} + 1)
    x * (1.0 - 1.0 / (exp::<V>(2.0 * inner) + 1.0))
}

leveled! {
    /// Rounds a row to `±limit` steps, and returns the step. Padding becomes zero.
    pub(super) fn round_row(row: &[f32], limit: f32, quants: &mut [i8]) -> f32, round_row_body
}

#[inline(always)]
fn round_row_body<V: Lanes>(row: &[f32], limit: f32, quants: &mut [i8]) -> f32 {
    let largest = largest(row);
    let scale = largest / limit;
    // A row of zeros, or of numbers so small that the step is none, is all zeros.
    let inverse = if scale > f32::MIN_POSITIVE { limit / largest } else { 0.0 };
    let (filled, padding) = quants.split_at_mut(row.len());
    for (quant, number) in filled.iter_mut().zip(row) {
        *quant = round(number * inverse) as i8;
    }
    padding.fill(0);
    scale
}

/// To the nearest integer, for numbers within ±2^22.
#[inline(always)]
fn round(number: f32) -> i32 {
    ((number + 12_582_912.0).to_bits() as i32).wrapping_sub(0x4b40_0000)
}

/// The largest magnitude.
#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = lanes[lane].max(chunk[lane].abs());
        }
    }
    rest.iter().fold(fold(lanes, f32::max), |a, b| a.max(b.abs()))
}

leveled! {
    /// Quantises a row to 8 bits: its step, its sum and the sums of its groups.
    fn quantise(row: &[f32], quants: &mut [i8], group_sums: &mut [i32]) -> (f32, i32), quantise_body
}

#[inline(always)]
fn quantise_body<V: Lanes>(row: &[f32], quants: &mut [i8], group_sums: &mut [i32]) -> (f32, i32) {
    let scale = round_row_body::<V>(row, 127.0, quants);
    let (groups, _) = quants.as_chunks::<GROUP>();
    let mut sum = 0;
    for (group, total) in groups.iter().zip(group_sums) {
        *total = group.iter().map(|quant| i32::from(*quant)).sum();
        sum += *total;
    }
    (scale, sum)
}

leveled! {
    /// `x / sqrt(mean(x²) + epsilon) · scale`
    fn norm_row(x: &[f32], scale: &[f32], epsilon: f32, out: &mut [f32]), norm_row_body
}

#[inline(always)]
fn norm_row_body<V: Lanes>(x: &[f32], scale: &[f32], epsilon: f32, out: &mut [f32]) {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = madd::<V>(chunk[lane], chunk[lane], lanes[lane]);
        }
    }
    let mut sum = fold(lanes, |a, b| a + b);
    for number in rest {
        sum = madd::<V>(*number, *number, sum);
    }
    let factor = 1.0 / (sum / x.len().max(1) as f32 + epsilon).sqrt();
    for ((out, x), scale) in out.iter_mut().zip(x).zip(scale) {
        *out = x * factor * scale;
    }
}

/// A slice whose parts are handed to the members of a team.
pub(super) struct Spread<'a, T> {
    start: *mut T,
    length: usize,
    slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: a spread is an exclusive borrow of a slice; members only get parts that do not overlap
// (the contract of `part`), and `T: Send` lets other threads have those.
unsafe impl<T: Send> Sync for Spread<'_, T> {}

impl<'a, T> Spread<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: std::marker::PhantomData }
    }

    /// # Safety
    ///
    /// While a part is in use, no other part that overlaps it may be taken.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps parts apart")]
    pub(super) unsafe fn part(&self, range: std::ops::Range<usize>) -> &mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "a part outside of the whole"
        );
        // SAFETY: inside the slice by the assertion, and exclusive by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// A part that nobody writes.
    ///
    /// # Safety
    ///
    /// While it is in use, no [`Self::part`] that overlaps it may be.
    pub(super) unsafe fn shared(&self, range: std::ops::Range<usize>) -> &[T] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "a part outside of the whole"
        );
        // SAFETY: inside the slice by the assertion, and nobody writes it by the contract.
        unsafe { std::slice::from_raw_parts(self.start.add(range.start), range.len()) }
    }
}

/// Rows of activations while members fill them in.
pub(super) struct Filling<'a> {
    level: Level,
    width: usize,
    stride: usize,
    is_quantised: bool,
    floats: Spread<'a, f32>,
    quants: Spread<'a, Line>,
    group_sums: Spread<'a, i32>,
    scales: Spread<'a, f32>,
    sums: Spread<'a, i32>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(level: Level, acts: &'a mut Acts) -> Self {
        Self {
            level,
            width: acts.width,
            stride: acts.stride,
            is_quantised: acts.is_quantised(),
            floats: Spread::new(&mut acts.floats),
            quants: Spread::new(&mut acts.quants),
            group_sums: Spread::new(&mut acts.group_sums),
            scales: Spread::new(&mut acts.scales),
            sums: Spread::new(&mut acts.sums),
        }
    }

    /// Fills one row, and quantises it if integer weights follow.
    ///
    /// # Safety
    ///
    /// No two members may fill the same row at the same time.
    pub(super) unsafe fn row(&self, row: usize, fill: impl FnOnce(&mut [f32])) {
        let (width, stride) = (self.width, self.stride);
        let (lines, groups) = (stride / LINE, stride / GROUP);
        // SAFETY: a row belongs to one member by the contract, and the parts of different rows do not
        // overlap.
        let (floats, quants, groups, scale, sum) = unsafe {
            (
                self.floats.part(row * stride..row * stride + width),
                self.quants.part(row * lines..(row + 1) * lines),
                self.group_sums.part(row * groups..(row + 1) * groups),
                self.scales.part(row..row + 1),
                self.sums.part(row..row + 1),
            )
        };
        fill(floats);
        if self.is_quantised {
            (scale[0], sum[0]) = quantise(self.level, floats, Line::signed_mut(quants), groups);
        }
    }
}

/// Fills rows of activations: each by `fill`, then quantised if integer weights follow.
fn fill_rows(level: Level, team: &Team, acts: &mut Acts, fill: impl Fn(usize, &mut [f32]) + Sync) {
    let rows = acts.rows;
    let filling = Filling::new(level, acts);
    spread_rows(team, rows, |row| {
        // SAFETY: a row belongs to one member.
        unsafe { filling.row(row, |out| fill(row, out)) };
    });
}

/// Does something for every row, on all members if there are enough rows to be worth it.
pub(super) fn spread_rows(team: &Team, rows: usize, each: impl Fn(usize) + Sync) {
    if rows < team.enough() {
        (0..rows).for_each(each);
    } else {
        team.run(&|member| team.share(rows, member).for_each(&each));
    }
}

/// Norms rows of the residual stream, each `width` long, into activations.
pub(in super::super) fn norm(
    (level, team): (Level, &Team),
    x: &[f32],
    (scale, epsilon): (&[f32], f32),
    acts: &mut Acts,
) {
    let width = acts.width;
    assert!(x.len() >= acts.rows * width && scale.len() == width, "rows of another width");
    fill_rows(level, team, acts, |row, out| {
        norm_row(level, &x[row * width..][..width], scale, epsilon, out);
    });
}

/// Takes rows as they are into activations.
pub(in super::super) fn take((level, team): (Level, &Team), x: &[f32], acts: &mut Acts) {
    let width = acts.width;
    assert!(x.len() >= acts.rows * width, "too few rows");
    fill_rows(level, team, acts, |row, out| {
        out.copy_from_slice(&x[row * width..][..width]);
    });
}

/// What the feed-forward part does between its two matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Gate {
    /// `gelu_new(a) · b`, where a row is `a` and then `b`: T5 v1.1, flan-t5.
    Gelu,
    /// `relu(a) · b`.
    Relu,
    /// `relu(a)`: T5 v1.0.
    PlainRelu,
    /// `gelu_new(a)`.
    PlainGelu,
}

impl Gate {
    /// How many numbers come in for each that goes out.
    pub(in super::super) const fn inputs(self) -> usize {
        match self {
            Self::Gelu | Self::Relu => 2,
            Self::PlainRelu | Self::PlainGelu => 1,
        }
    }
}

leveled! {
    fn gate_row(x: &[f32], kind: Gate, out: &mut [f32]), gate_row_body
}

#[inline(always)]
fn gate_row_body<V: Lanes>(x: &[f32], kind: Gate, out: &mut [f32]) {
    let (a, b) = x.split_at(out.len());
    match kind {
        Gate::Gelu => {
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = gelu::<V>(*a) * b;
            }
        }
        Gate::Relu => {
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = a.max(0.0) * b;
            }
        }
        Gate::PlainRelu => out.iter_mut().zip(a).for_each(|(out, a)| *out = a.max(0.0)),
        Gate::PlainGelu => out.iter_mut().zip(a).for_each(|(out, a)| *out = gelu::<V>(*a)),
    }
}

/// Gates rows into activations.
pub(in super::super) fn gate(
    (level, team): (Level, &Team),
    x: &[f32],
    kind: Gate,
    acts: &mut Acts,
) {
    let width = acts.width * kind.inputs();
    assert!(x.len() >= acts.rows * width, "too few rows");
    fill_rows(level, team, acts, |row, out| {
        gate_row(level, &x[row * width..][..width], kind, out);
    });
}

/// What a row of logits comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Summary {
    /// Where the largest is; of equals the first.
    pub(in super::super) place: usize,
    pub(in super::super) largest: f32,
    /// `ln Σ e^x`
    pub(in super::super) log_sum_exp: f32,
}

/// Numbers of a row of logits that are looked through as one piece. Pieces, not members, decide the
/// order of sums, so that a row's numbers do not depend on how many threads compute.
pub(super) const PIECE: usize = 1_024;

/// Looks through rows of this length, `pieces` being scratch.
pub(in super::super) fn summaries(
    (level, team): (Level, &Team),
    rows: &[f32],
    length: usize,
    pieces: &mut Vec<Summary>,
    out: &mut [Summary],
) {
    assert!(rows.len() == out.len() * length, "rows of another length");
    let count = length.div_ceil(PIECE);
    pieces.clear();
    pieces.resize(out.len() * count, Summary::default());
    let (total, spread) = (pieces.len(), Spread::new(pieces));
    team.run(&|member| {
        for item in team.share(total, member) {
            let (row, first) = (item / count, item % count * PIECE);
            let piece = &rows[row * length..][first..length.min(first + PIECE)];
            let (largest, log_sum_exp) = summary(level, piece);
            // SAFETY: a piece belongs to one member.
            let mine = unsafe { spread.part(item..item + 1) };
            mine[0] = Summary { place: first, largest, log_sum_exp };
        }
    });
    let results = out.iter_mut().zip(pieces.chunks_exact(count.max(1)));
    for ((out, pieces), row) in results.zip(rows.chunks_exact(length.max(1))) {
        let mut best = Summary { place: 0, largest: f32::NEG_INFINITY, log_sum_exp: f32::NAN };
        for piece in pieces {
            if piece.largest > best.largest {
                best = *piece;
            }
        }
        let said = pieces.iter().filter(|piece| piece.largest > f32::NEG_INFINITY);
        let sum: f32 = said.map(|piece| (piece.log_sum_exp - best.log_sum_exp).exp()).sum();
        best.log_sum_exp += sum.ln();
        let same = |number: &f32| number.total_cmp(&best.largest).is_eq();
        best.place += row[best.place..].iter().position(same).unwrap_or_default();
        *out = best;
    }
}

leveled! {
    /// The largest number, and `ln Σ e^x`.
    fn summary(x: &[f32]) -> (f32, f32), summary_body
}

#[inline(always)]
fn summary_body<V: Lanes>(x: &[f32]) -> (f32, f32) {
    let top = peak(x);
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += exp::<V>(chunk[lane] - top);
        }
    }
    let mut sum = fold(sums, |a, b| a + b);
    for number in rest {
        sum += exp::<V>(number - top);
    }
    (top, top + sum.ln())
}
