//! Attention kernels.
//!
//! T5 does not scale the scores; what keeps them small is in its weights.

use super::acts::Acts;
#[cfg(target_arch = "x86_64")]
use super::attend_bf16;
use super::cell::Cell;
use super::lanes::Lanes;
use super::level::Level;
use super::rows::{Filling, Spread, exp, fold, leveled, madd, peak, take};
use super::team::Team;

/// Places of a block of keys.
pub(in super::super) const PLACES: usize = 16;

/// The keys and values of one head over some places.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Memory<'a, E> {
    /// Blocks of 16 places.
    pub(in super::super) keys: &'a [E],
    /// At least for as many whole blocks as hold all places.
    pub(in super::super) values: &'a [E],
    pub(in super::super) places: usize,
}

impl<E> Default for Memory<'_, E> {
    fn default() -> Self {
        Self { keys: &[], values: &[], places: 0 }
    }
}

/// How the width of the model is divided between heads.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Heads {
    pub(in super::super) count: usize,
    pub(in super::super) width: usize,
}

impl Heads {
    /// The width of all heads together.
    pub(in super::super) const fn inner(self) -> usize {
        self.count * self.width
    }
}

/// Scratch memory of the members of a team.
#[derive(Debug, Default)]
pub(in super::super) struct Scratch {
    members: Vec<Member>,
    taken: Vec<bool>,
}

/// Scratch memory of one member.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Member {
    pub(super) numbers: Vec<f32>,
    pub(super) words: Vec<u32>,
}

impl Member {
    /// Makes it at least so large.
    pub(super) fn reach(&mut self, numbers: usize, words: usize) {
        if self.numbers.len() < numbers {
            self.numbers.resize(numbers, 0.0);
        }
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }
}

/// How numbers are rounded inside attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Rounding {
    /// Not at all.
    Exact,
    /// To bf16 where that is faster.
    Bf16,
}

impl Scratch {
    /// Room for this many numbers for each member.
    pub(in super::super) fn reserve(&mut self, team: &Team, numbers: usize) {
        self.members.resize(team.size(), Member::default());
        for each in &mut self.members {
            each.reach(numbers, 0);
        }
    }

    /// Whether no two of these numbers below `count` are the same.
    fn are_distinct(&mut self, count: usize, mut numbers: impl Iterator<Item = usize>) -> bool {
        self.taken.clear();
        self.taken.resize(count, false);
        numbers.all(|number| !std::mem::replace(&mut self.taken[number], true))
    }
}

/// Rows of queries, and where what they find goes.
pub(in super::super) struct Asking<'a> {
    /// Rows of all heads, `stride` apart.
    pub(in super::super) queries: &'a [f32],
    pub(in super::super) stride: usize,
    pub(in super::super) heads: Heads,
    pub(in super::super) scratch: &'a mut Scratch,
    /// Scratch for rows of all heads.
    pub(in super::super) found: &'a mut [f32],
    /// What is found, a row for each row of queries.
    pub(in super::super) acts: &'a mut Acts,
}

/// Each row's query looks at its own memory, head by head. `memory` tells, for a row and a head, what there is and the
/// bias towards it (empty or one number per place).
pub(in super::super) fn attend_rows<'m, E: Cell>(
    (level, team): (Level, &Team),
    asking: Asking<'_>,
    memory: impl Fn(usize, usize) -> (Memory<'m, E>, &'m [f32]) + Sync,
) {
    let rows = asking.acts.rows;
    if rows >= team.enough() {
        attend_by_rows((level, team), asking, |_| {}, memory);
        return;
    }
    let Asking { queries, stride, heads, scratch, found, acts } = asking;
    let inner = heads.inner();
    assert!(
        found.len() >= rows * inner && acts.width == inner,
        "too little room for what is found"
    );
    let (out, members) = (Spread::new(found), Spread::new(&mut scratch.members));
    team.run(&|member| {
        // SAFETY: each member has scratch memory of its own.
        let scratch = &mut unsafe { members.part(member..member + 1) }[0];
        for item in team.share(rows * heads.count, member) {
            let (row, head) = (item / heads.count, item % heads.count);
            let at = row * inner + head * heads.width;
            // SAFETY: each row and head has a place of its own, and belongs to one member.
            let out = unsafe { out.part(at..at + heads.width) };
            let query = &queries[row * stride + head * heads.width..][..heads.width];
            attend_one(level, query, memory(row, head), scratch, out);
        }
    });
    take((level, team), found, acts);
}

/// The same where each row first writes into the memory that it then looks at. A row's memory is in the slot that
/// `slot_of` tells.
pub(in super::super) fn attend_written<'b, S: Send + Sync, E: Cell>(
    (level, team): (Level, &Team),
    asking: Asking<'_>,
    (slots, slot_of): (&mut [S], impl Fn(usize) -> usize + Sync),
    write: impl Fn(usize, &mut S) + Sync,
    memory: impl Fn(&S, usize) -> Memory<'_, E> + Sync,
    bias: impl Fn(usize, usize) -> &'b [f32] + Sync,
) {
    let rows = asking.acts.rows;
    if rows < team.enough() || !asking.scratch.are_distinct(slots.len(), (0..rows).map(&slot_of)) {
        (0..rows).for_each(|row| write(row, &mut slots[slot_of(row)]));
        let slots = &*slots;
        attend_rows((level, team), asking, |row, head| {
            let memory = memory(&slots[slot_of(row)], head);
            (memory, bias(memory.places, head))
        });
        return;
    }
    let slots = Spread::new(slots);
    let slot = |row: usize| slot_of(row)..slot_of(row) + 1;
    attend_by_rows(
        (level, team),
        asking,
        |row| {
            // SAFETY: no two rows have the same slot, a row belongs to one member, and this member
            // looks at no memory while it writes.
            let slot = unsafe { slots.part(slot(row)) };
            write(row, &mut slot[0]);
        },
        |row, head| {
            // SAFETY: as above, and this member has written all that it writes.
            let slot = unsafe { slots.shared(slot(row)) };
            let memory = memory(&slot[0], head);
            (memory, bias(memory.places, head))
        },
    );
}

/// Whole rows for each member: it calls `before` for all of its rows, so that what a write waits for is there when it is
/// read, then looks at their memories and quantises what it found.
fn attend_by_rows<'m, E: Cell>(
    (level, team): (Level, &Team),
    asking: Asking<'_>,
    before: impl Fn(usize) + Sync,
    memory: impl Fn(usize, usize) -> (Memory<'m, E>, &'m [f32]) + Sync,
) {
    let Asking { queries, stride, heads, scratch, found, acts } = asking;
    let (rows, inner) = (acts.rows, heads.inner());
    assert!(
        found.len() >= rows * inner && acts.width == inner,
        "too little room for what is found"
    );
    let (out, members) = (Spread::new(found), Spread::new(&mut scratch.members));
    let filling = Filling::new(level, acts);
    team.run(&|member| {
        // SAFETY: each member has scratch memory of its own.
        let scratch = &mut unsafe { members.part(member..member + 1) }[0];
        team.share(rows, member).for_each(&before);
        for row in team.share(rows, member) {
            // SAFETY: a row belongs to one member.
            let out = unsafe { out.part(row * inner..(row + 1) * inner) };
            for (head, out) in out.chunks_exact_mut(heads.width).enumerate() {
                let query = &queries[row * stride + head * heads.width..][..heads.width];
                attend_one(level, query, memory(row, head), scratch, out);
            }
            // SAFETY: a row belongs to one member.
            unsafe { filling.row(row, |acts| acts.copy_from_slice(out)) };
        }
    });
}

/// One query and its memory.
fn attend_one<E: Cell>(
    level: Level,
    query: &[f32],
    (memory, bias): (Memory<'_, E>, &[f32]),
    scratch: &mut Member,
    out: &mut [f32],
) {
    if !(level.has_bf16() && E::attend_bf16(query, memory, bias, scratch, out)) {
        scratch.reach(memory.places.next_multiple_of(PLACES), 0);
        attend_next(level, query, memory, bias, &mut scratch.numbers, out);
    }
}

/// Every place of each text looks at every place of it. `rows` hold queries, keys and values of all heads side by side;
/// `texts` say which rows belong together. `diagonals` hold the bias by distance, for each head: the window of query `q`
/// begins at `zero - q`.
pub(in super::super) fn attend_texts(
    (level, team): (Level, &Team),
    rows: &[f32],
    heads: Heads,
    texts: &[std::ops::Range<usize>],
    (diagonals, zero): (&[Vec<f32>], usize),
    scratch: &mut Scratch,
    (out, rounding): (&mut [f32], Rounding),
) {
    let inner = heads.inner();
    let _ = rounding;
    scratch.reserve(team, 0);
    let (out, scratch) = (Spread::new(out), Spread::new(&mut scratch.members));
    team.run(&|member| {
        // SAFETY: each member has scratch memory of its own.
        let scratch = &mut unsafe { scratch.part(member..member + 1) }[0];
        for item in (member..texts.len() * heads.count).step_by(team.size()) {
            let (text, head) = (&texts[item / heads.count], item % heads.count);
            let joined = Joined {
                rows: &rows[text.start * 3 * inner + head * heads.width..text.end * 3 * inner],
                stride: 3 * inner,
                inner,
                width: heads.width,
                places: text.len(),
            };
            let place = (&out, text.start * inner + head * heads.width, inner);
            let bias = (&diagonals[head][..], zero);
            #[cfg(target_arch = "x86_64")]
            if level.has_bf16() && rounding == Rounding::Bf16 && attend_bf16::fits(heads.width) {
                attend_bf16::attend_all(joined, bias, scratch, place);
                continue;
            }
            attend_all(level, joined, bias, &mut scratch.numbers, place);
        }
    });
}

leveled! {
    /// One query looks at some places. The bias is empty or has a number for each place; `scores` is scratch for as
    /// many numbers as there are places, rounded up to a block.
    fn attend_next<E: Cell>(
        query: &[f32],
        memory: Memory<'_, E>,
        bias: &[f32],
        scores: &mut [f32],
        out: &mut [f32],
    ), attend_next_body
}

#[inline(always)]
fn attend_next_body<V: Lanes, E: Cell>(
    query: &[f32],
    memory: Memory<'_, E>,
    bias: &[f32],
    scores: &mut [f32],
    out: &mut [f32],
) {
    let scores = &mut scores[..memory.places.next_multiple_of(PLACES)];
    let blocks = memory.keys.chunks_exact(E::key_block(query.len()));
    for (block, scores) in blocks.zip(scores.as_chunks_mut::<PLACES>().0) {
        *scores = E::score::<V>(query, block);
    }
    let (inside, padding) = scores.split_at_mut(memory.places);
    soften::<V>(inside, bias);
    padding.fill(0.0);
    E::mix::<V>(scores, memory.values, out);
}

/// Adds the bias to scores and makes them probabilities.
#[inline(always)]
pub(super) fn soften<V: Lanes>(scores: &mut [f32], bias: &[f32]) {
    for (score, bias) in scores.iter_mut().zip(bias) {
        *score += bias;
    }
    let top = peak(scores);
    let (chunks, rest) = scores.as_chunks_mut::<PLACES>();
    let mut sums = [0.0_f32; PLACES];
    for chunk in chunks {
        for lane in 0..PLACES {
            chunk[lane] = exp::<V>(chunk[lane] - top);
            sums[lane] += chunk[lane];
        }
    }
    let mut sum = fold(sums, |a, b| a + b);
    for score in rest {
        *score = exp::<V>(*score - top);
        sum += *score;
    }
    let inverse = 1.0 / sum;
    for score in scores {
        *score *= inverse;
    }
}

/// One head's part of rows that hold queries, keys and values side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joined<'a> {
    /// Rows of one text, from its first query number on.
    pub(super) rows: &'a [f32],
    /// From one row to the next.
    pub(super) stride: usize,
    /// From a query to its key, and from there to its value.
    pub(super) inner: usize,
    /// The width of the head.
    pub(super) width: usize,
    pub(super) places: usize,
}

/// Queries that are worked on together.
const TILE: usize = 4;

leveled! {
    /// Every place of a text looks at every place: one head. `diagonal` holds the bias by distance; the window of query
    /// `q` begins at `diagonal_zero - q`. What is found goes to the same place of `out`, `out_stride` apart. `scratch`
    /// grows as needed.
    fn attend_all(
        joined: Joined<'_>,
        diagonal: (&[f32], usize),
        scratch: &mut Vec<f32>,
        out: (&Spread<'_, f32>, usize, usize),
    ), attend_all_body
}

#[inline(always)]
fn attend_all_body<V: Lanes>(
    joined: Joined<'_>,
    (diagonal, zero): (&[f32], usize),
    scratch: &mut Vec<f32>,
    (out, out_start, out_stride): (&Spread<'_, f32>, usize, usize),
) {
    let Joined { rows, stride, inner, width, places } = joined;
    let padded = places.next_multiple_of(2 * PLACES);
    let size = padded * width + TILE * padded;
    if scratch.len() < size {
        scratch.resize(size, 0.0);
    }
    let (keys, scores) = scratch[..size].split_at_mut(padded * width);
    pack_keys(joined, keys);
    let values = &rows[2 * inner..];
    let mut first = 0;
    while first < places {
        let count = TILE.min(places - first);
        // The last tile repeats its last query rather than run other code.
        let query = |index: usize| {
            let row = first + index.min(count - 1);
            &rows[row * stride..][..width]
        };
        let queries = [query(0), query(1), query(2), query(3)];
        score_tile::<V>(queries, keys, padded, scores);
        for index in 0..count {
            let scores = &mut scores[index * padded..][..places];
            soften::<V>(scores, &diagonal[zero - (first + index)..][..places]);
        }
        let mut mixed = 0;
        while mixed < width {
            let part = (width - mixed).min(64);
            mix_tile::<V>(
                scores,
                padded,
                (&values[mixed..], stride, places),
                part,
                |index, sums| {
                    if index < count {
                        let at = out_start + (first + index) * out_stride + mixed;
                        // SAFETY: each head and text has its own places of the output, and one member
                        // works on one head of one text.
                        unsafe { out.part(at..at + part) }.copy_from_slice(&sums[..part]);
                    }
                },
            );
            mixed += part;
        }
        first += count;
    }
}

/// Turns the keys of a head into blocks; padding scores nothing and is never read as a probability.
#[inline(always)]
fn pack_keys(joined: Joined<'_>, keys: &mut [f32]) {
    let Joined { rows, stride, inner, width, places } = joined;
    for (block, keys) in keys.chunks_exact_mut(width * PLACES).enumerate() {
        for place in 0..PLACES {
            let row = block * PLACES + place;
            if row < places {
                let key = &rows[row * stride + inner..][..width];
                for (column, number) in keys[place..].iter_mut().step_by(PLACES).zip(key) {
                    *column = *number;
                }
            }
        }
    }
}

/// The scores of four queries at every place, two blocks at a time.
#[inline(always)]
fn score_tile<V: Lanes>(queries: [&[f32]; TILE], keys: &[f32], padded: usize, scores: &mut [f32]) {
    let width = queries[0].len();
    let queries = queries.map(|query| &query[..width]);
    for (pair, keys) in keys.chunks_exact(2 * width * PLACES).enumerate() {
        let (one, two) = keys.split_at(width * PLACES);
        let (one, two) = (one.as_chunks::<PLACES>().0, two.as_chunks::<PLACES>().0);
        let mut sums = [[V::splat(0.0); 2]; TILE];
        for column in 0..width {
            let (one, two) = (V::load(&one[column]), V::load(&two[column]));
            for index in 0..TILE {
                let query = V::splat(queries[index][column]);
                sums[index][0] = sums[index][0].madd(query, one);
                sums[index][1] = sums[index][1].madd(query, two);
            }
        }
        for index in 0..TILE {
            let at = index * padded + pair * 2 * PLACES;
            let (places, _) = scores[at..at + 2 * PLACES].as_chunks_mut::<PLACES>();
            sums[index][0].store(&mut places[0]);
            sums[index][1].store(&mut places[1]);
        }
    }
}

/// `Σ weight · value` of four queries, at most 64 numbers of each value.
#[inline(always)]
fn mix_tile<V: Lanes>(
    scores: &[f32],
    padded: usize,
    (values, stride, places): (&[f32], usize, usize),
    part: usize,
    mut give: impl FnMut(usize, &[f32; 64]),
) {
    let weights: [&[f32]; TILE] = std::array::from_fn(|index| &scores[index * padded..][..places]);
    let mut sums = [[0.0_f32; 64]; TILE];
    if part == 64 {
        let mut lanes = [[V::splat(0.0); 4]; TILE];
        for place in 0..places {
            let (value, _) = values[place * stride..][..64].as_chunks::<16>();
            for index in 0..TILE {
                let weight = V::splat(weights[index][place]);
                for lane in 0..4 {
                    lanes[index][lane] = lanes[index][lane].madd(weight, V::load(&value[lane]));
                }
            }
        }
        for index in 0..TILE {
            let (places, _) = sums[index].as_chunks_mut::<16>();
            for lane in 0..4 {
                lanes[index][lane].store(&mut places[lane]);
            }
        }
    } else {
        for place in 0..places {
            let value = &values[place * stride..][..part];
            for index in 0..TILE {
                let weight = weights[index][place];
                for (sum, value) in sums[index].iter_mut().zip(value) {
                    *sum = madd::<V>(weight, *value, *sum);
                }
            }
        }
    }
    for (index, sums) in sums.iter().enumerate() {
        give(index, sums);
    }
}
