//! Many made-up requests at once: what happens in one of them need not be searched for.
//!
//! For each rule a few requests are made that its own condition fits, and are otherwise ordinary or
//! anything; 256 of them are worked out together, a bit each. What was seen is possible. What was not
//! is a question for the [solver](super::solver).

use super::axis::Atom;
use super::formula::{Bits, both, truth};
use super::solver::Lit;
use super::space::{Dimension, Point, Space};
use crate::spread::{GOLDEN, mix};

/// Requests that are worked out together.
const WIDTH: usize = 256;
/// Requests made for one wish in one round.
const VARIANTS: usize = 16;
/// Rounds, as long as they show something.
const ROUNDS_MAX: usize = 12;
/// Parts of a formula that are looked at to make one request.
const PARTS_MAX: usize = 2_000;

/// Something to show, and what a request must fit to have a chance of showing it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) goal: Lit,
    pub(super) fits: Lit,
}

/// The numbers of a generator that always says the same: `SplitMix64`.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }
}

impl Space {
    /// For each wish, whether a made-up request fulfils it. `false` says nothing.
    pub(super) fn try_out(&self, wishes: &[Wish]) -> Vec<bool> {
        let places = self.places_of_facts();
        let mut chance = Sequence(1);
        let mut shown = vec![false; wishes.len()];
        for _ in 0..ROUNDS_MAX {
            let open: Vec<Lit> = wishes
                .iter()
                .zip(&shown)
                .filter(|(_, shown)| !**shown)
                .map(|(wish, _)| wish.fits)
                .collect();
            let before = shown.iter().filter(|shown| **shown).count();
            for fits in open.chunks(WIDTH / VARIANTS) {
                let points: Vec<Point> = fits
                    .iter()
                    .flat_map(|fits| std::iter::repeat_n(*fits, VARIANTS))
                    .map(|fits| self.fitting(fits, &places, &mut chance))
                    .collect();
                self.note(&points, wishes, &mut shown);
            }
            if shown.iter().filter(|shown| **shown).count() == before {
                break;
            }
        }
        shown
    }

    /// Notes what these requests show.
    fn note(&self, points: &[Point], wishes: &[Wish], shown: &mut [bool]) {
        let mut values: Vec<Bits> = vec![Bits::default(); self.formula.size()];
        for (place, dimension) in self.dimensions.iter().enumerate() {
            for (index, lit) in dimension.from.iter().enumerate() {
                let mut bits = Bits::default();
                for (at, point) in points.iter().enumerate() {
                    let holds = point.get(place).is_some_and(|value| *value > index);
                    if let Some(word) = bits.get_mut(at / 64) {
                        *word |= u64::from(holds) << (at % 64);
                    }
                }
                if let Some(value) = values.get_mut(lit.var()) {
                    *value = bits;
                }
            }
        }
        let possible = self.formula.follow(&mut values);
        // Fewer requests than bits: the rest is the first value everywhere, and a request as well.
        for (wish, shown) in wishes.iter().zip(shown) {
            *shown |= both(truth(&values, wish.goal), possible) != Bits::default();
        }
    }

    /// By variable, the place and the value whose beginning it is.
    fn places_of_facts(&self) -> Vec<Option<(usize, usize)>> {
        let mut places = vec![None; self.formula.size()];
        for (place, dimension) in self.dimensions.iter().enumerate() {
            for (index, lit) in dimension.from.iter().enumerate() {
                if let Some(known) = places.get_mut(lit.var()) {
                    *known = Some((place, index));
                }
            }
        }
        places
    }

    /// A request that probably fits, and is otherwise more or less ordinary.
    fn fitting(
        &self,
        fits: Lit,
        places: &[Option<(usize, usize)>],
        chance: &mut Sequence,
    ) -> Point {
        let mut spans: Vec<(usize, usize)> =
            self.dimensions.iter().map(|it| (0, it.from.len())).collect();
        let mut open = vec![fits];
        for _ in 0..PARTS_MAX {
            let Some(lit) = open.pop() else { break };
            match self.formula.parts(lit) {
                Some(parts) if !lit.is_negated() => open.extend(parts),
                Some(parts) => open.extend(parts.get(chance.below(parts.len())).map(|part| !*part)),
                None => narrow(&mut spans, places.get(lit.var()).copied().flatten(), lit),
            }
        }
        // From all ordinary to hardly anything.
        let wild = [0, 1, 3, 6].get(chance.below(4)).copied().unwrap_or(0);
        let value = |((low, high), dimension): ((usize, usize), &Dimension)| {
            // Where much is unknown, every limit applies and no route does.
            let known = match dimension.atoms.first() {
                Some(Atom::Unknown | Atom::Absent) if chance.below(16) > 0 => 1,
                _ => 0,
            };
            let low = low.max(known.min(high));
            if dimension.ordinary < low || chance.below(8) < wild {
                low + chance.below(high - low + 1)
            } else {
                dimension.ordinary.min(high)
            }
        };
        spans.into_iter().zip(&self.dimensions).map(value).collect()
    }
}

/// Takes the values away for which a part of a fact is not as wished, unless none would be left.
fn narrow(spans: &mut [(usize, usize)], place: Option<(usize, usize)>, lit: Lit) {
    let Some((place, index)) = place else { return };
    let Some((low, high)) = spans.get_mut(place) else { return };
    if lit.is_negated() {
        if index >= *low {
            *high = (*high).min(index);
        }
    } else if index < *high {
        *low = (*low).max(index + 1);
    }
}
