//! Looking for a request where something holds: as ordinary as possible, and one that can be tried.

use super::axis::Axis;
use super::solver::{Answer, Lit};
use super::space::{Point, Space};

/// What a search found.
#[derive(Clone, Debug)]
pub(super) enum Search<T> {
    /// A request, and what the caller made of it.
    Found(T),
    /// There is none: proved.
    None,
    /// There may be one, but none could be shown: because of these conditions, which cannot be looked
    /// into, or, if there are none, because the work allowed was not enough.
    Unsettled(Vec<String>),
}

/// How often something that cannot be shown is tried in another way.
const TRIES_MAX: usize = 8;

impl Space {
    /// Looks for a request where all of these hold and that `accept` accepts.
    pub(super) fn find<T>(
        &mut self,
        literals: &[Lit],
        mut accept: impl FnMut(&Self, &Point) -> Option<T>,
    ) -> Search<T> {
        let mut literals = literals.to_vec();
        let mut opaque = Vec::new();
        for tried in 0..TRIES_MAX {
            match self.formula.ask(&literals) {
                Answer::Impossible(_) if tried == 0 => return Search::None,
                Answer::Impossible(_) => break,
                Answer::Unsettled => return Search::Unsettled(Vec::new()),
                Answer::Possible => {}
            }
            let point = self.model();
            let point = self.ordinary(&literals, point);
            if let Some(found) = accept(self, &point) {
                return Search::Found(found);
            }
            let Some(other) = self.otherwise(&point, &mut opaque) else { break };
            literals.push(other);
        }
        Search::Unsettled(opaque)
    }

    /// Whether all of these can hold; `None` when that was too much work.
    pub(super) fn possible(&mut self, literals: &[Lit]) -> Option<bool> {
        match self.formula.ask(literals) {
            Answer::Possible => Some(true),
            Answer::Impossible(_) => Some(false),
            Answer::Unsettled => None,
        }
    }

    /// That the value at a place is this one.
    pub(super) fn is_at(&mut self, place: usize, value: usize) -> Lit {
        let count = self.dimensions.get(place).map_or(0, |dimension| dimension.atoms.len());
        let accepted: Vec<bool> = (0..count).map(|index| index == value).collect();
        self.one_of(place, &accepted)
    }

    /// A point where all of these hold, with as much as possible as it ordinarily is.
    fn ordinary(&mut self, literals: &[Lit], point: Point) -> Point {
        let (mut point, mut literals) = (point, literals.to_vec());
        for place in 0..self.dimensions.len() {
            let ordinary = self.dimensions.get(place).map_or(0, |dimension| dimension.ordinary);
            let is_ordinary = self.is_at(place, ordinary);
            if point.get(place) == Some(&ordinary) {
                literals.push(is_ordinary);
                continue;
            }
            literals.push(is_ordinary);
            if self.formula.ask(&literals) == Answer::Possible {
                point = self.model();
            } else {
                literals.pop();
            }
        }
        point
    }

    /// A condition under which the texts and opaque conditions are not as at this point; `None`
    /// when there are none.
    fn otherwise(&mut self, point: &Point, opaque: &mut Vec<String>) -> Option<Lit> {
        let mut parts = Vec::new();
        for (place, value) in point.iter().copied().enumerate() {
            let axis = self.dimensions.get(place).map(|dimension| dimension.axis.clone());
            match axis {
                Some(Axis::Opaque(said)) => {
                    if !opaque.contains(&said) {
                        opaque.push(said);
                    }
                }
                Some(Axis::Text(_)) => {}
                _ => continue,
            }
            parts.push(self.is_at(place, value));
        }
        if parts.is_empty() {
            return None;
        }
        Some(!self.formula.and(parts))
    }
}
