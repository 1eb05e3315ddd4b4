//! A region of the space around a request: as large as what is said about it holds for all of it.

use super::axis::Axis;
use super::solver::{Answer, Lit};
use super::space::{Point, Space};
use crate::inspect::Level;

/// What is said of a region, axis by axis.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// What is taken for granted: that every other target is up, at an ordinary price.
    granted: Vec<Lit>,
    /// The values of each axis that is restricted, by its place.
    pub(super) values: Vec<(usize, Vec<bool>)>,
    /// The lowest and highest level of care.
    pub(super) levels: Option<(Level, Level)>,
}

/// More values of one axis than this are not tried one by one.
const VALUES_MAX: usize = 48;

impl Region {
    /// The largest region around a point that could be found in which all of this holds: what does
    /// not matter is left out, then what is left is widened. `careful` are the formulas for levels of
    /// care, when both policies mean the same by them.
    pub(super) fn around(
        space: &mut Space,
        point: &Point,
        holds: &[Lit],
        careful: Option<[Lit; 4]>,
    ) -> Self {
        let all = space.formula.and(holds.iter().copied());
        let mut region = Self { granted: Vec::new(), values: Vec::new(), levels: None };
        if let Some(careful) = careful {
            region.levels = level_at(space, point, &careful).map(|level| (level, level));
        }
        for (place, value) in point.iter().copied().enumerate() {
            let Some(dimension) = space.dimensions.get(place) else { continue };
            let count = dimension.atoms.len();
            let is_of_target = matches!(dimension.axis, Axis::Able(_) | Axis::Cost(_));
            if is_of_target && value == dimension.ordinary {
                let is_ordinary = space.is_at(place, value);
                region.granted.push(is_ordinary);
                continue;
            }
            region.values.push((place, (0..count).map(|index| index == value).collect()));
        }
        // What is said of a request's handling says more than what led to it, so that goes last.
        region
            .values
            .sort_by_key(|(place, _)| space.dimensions.get(*place).map(|it| rank(&it.axis)));
        let careful = careful.unwrap_or([space.formula.always(); 4]);
        region.leave_out(space, (!all, &careful));
        region.widen(space, (!all, &careful));
        region
    }

    /// That a request is in the region, whatever is up and whatever it costs.
    pub(super) fn inside(&self, space: &mut Space, careful: &[Lit; 4]) -> Vec<Lit> {
        let mut literals = self.level_literals(space, careful);
        literals.extend(self.values.iter().map(|(place, accepted)| space.one_of(*place, accepted)));
        literals
    }

    fn level_literals(&self, space: &Space, careful: &[Lit; 4]) -> Vec<Lit> {
        let Some((low, high)) = self.levels else { return Vec::new() };
        let mut literals = Vec::new();
        for (level, lit) in Level::ALL.iter().zip(careful) {
            if *level <= low {
                literals.push(*lit);
            } else if *level > high {
                literals.push(!*lit);
            }
        }
        literals.retain(|lit| *lit != space.formula.always());
        literals
    }

    fn is_sound(&self, space: &mut Space, (not, careful): (Lit, &[Lit; 4])) -> bool {
        let mut literals = self.inside(space, careful);
        literals.extend(&self.granted);
        literals.push(not);
        matches!(space.formula.ask(&literals), Answer::Impossible(_))
    }

    /// Leaves out every axis that does not matter.
    fn leave_out(&mut self, space: &mut Space, question: (Lit, &[Lit; 4])) {
        let (not, careful) = question;
        // The proof for the point itself names few of its values: the rest goes at once.
        let levels = self.level_literals(space, careful);
        let literals: Vec<Lit> =
            self.values.iter().map(|(place, accepted)| space.one_of(*place, accepted)).collect();
        let ask: Vec<Lit> = levels
            .into_iter()
            .chain(literals.iter().rev().copied())
            .chain(self.granted.iter().copied())
            .chain([not])
            .collect();
        if let Answer::Impossible(core) = space.formula.ask(&ask) {
            let mut literals = literals.iter();
            self.values.retain(|_| literals.next().is_some_and(|lit| core.contains(lit)));
        }
        for (place, _) in self.values.clone() {
            let mut fewer = self.clone();
            fewer.values.retain(|(other, _)| *other != place);
            if fewer.is_sound(space, question) {
                *self = fewer;
            }
        }
        let fewer = Self { levels: None, ..self.clone() };
        if self.levels.is_some() && fewer.is_sound(space, question) {
            *self = fewer;
        }
    }

    /// Adds to each axis the values for which the same holds.
    fn widen(&mut self, space: &mut Space, question: (Lit, &[Lit; 4])) {
        for index in 0..self.values.len() {
            let count = self.values.get(index).map_or(0, |(_, accepted)| accepted.len());
            if count > VALUES_MAX {
                self.widen_ends(space, question, index);
                continue;
            }
            for value in 0..count {
                self.try_values(space, question, index, value..value + 1);
            }
        }
        while let Some((low, high)) = self.levels {
            let wider = [
                Level::ALL.iter().rev().find(|level| **level < low).map(|level| (*level, high)),
                Level::ALL.iter().find(|level| **level > high).map(|level| (low, *level)),
            ];
            let fits = wider.into_iter().flatten().find(|levels| {
                Self { levels: Some(*levels), ..self.clone() }.is_sound(space, question)
            });
            let Some(levels) = fits else { break };
            self.levels = Some(levels);
        }
    }

    /// Adds values, if the same holds for them.
    fn try_values(
        &mut self,
        space: &mut Space,
        question: (Lit, &[Lit; 4]),
        index: usize,
        values: std::ops::Range<usize>,
    ) -> bool {
        let mut wider = self.clone();
        let Some((_, accepted)) = wider.values.get_mut(index) else { return false };
        for value in accepted.iter_mut().skip(values.start).take(values.len()) {
            *value = true;
        }
        let is_sound = wider.is_sound(space, question);
        if is_sound {
            *self = wider;
        }
        is_sound
    }

    /// Moves both ends of the values outwards, in steps that become smaller.
    fn widen_ends(&mut self, space: &mut Space, question: (Lit, &[Lit; 4]), index: usize) {
        let Some((_, accepted)) = self.values.get(index) else { return };
        let count = accepted.len();
        let (Some(mut first), Some(mut last)) =
            (accepted.iter().position(|it| *it), accepted.iter().rposition(|it| *it))
        else {
            return;
        };
        let mut step = count.next_power_of_two();
        while step > 0 {
            let down = first.saturating_sub(step);
            if down < first && self.try_values(space, question, index, down..first) {
                first = down;
            }
            let up = (last + step).min(count - 1);
            if up > last && self.try_values(space, question, index, last + 1..up + 1) {
                last = up;
            }
            step /= 2;
        }
    }
}

/// The level of care at a point.
fn level_at(space: &mut Space, point: &Point, careful: &[Lit; 4]) -> Option<Level> {
    let here: Vec<Lit> =
        point.iter().copied().enumerate().map(|(place, value)| space.is_at(place, value)).collect();
    let at_least = |space: &mut Space, lit: Lit| {
        let ask: Vec<Lit> = here.iter().copied().chain([lit]).collect();
        space.possible(&ask) == Some(true)
    };
    let mut found = None;
    for (level, lit) in Level::ALL.into_iter().zip(careful) {
        if at_least(space, *lit) {
            found = Some(level);
        }
    }
    found
}

/// In which order axes are left out: what a sentence should rather not be about goes first.
const fn rank(axis: &Axis) -> u8 {
    match axis {
        Axis::Declared | Axis::Floor | Axis::Many(_) => 0,
        Axis::Found(_) | Axis::Scan => 1,
        Axis::Cost(_) | Axis::Opaque(_) => 2,
        Axis::Able(_) => 3,
        Axis::Number(_) | Axis::Budget(_) => 4,
        Axis::Word(_) | Axis::Text(_) => 5,
    }
}
