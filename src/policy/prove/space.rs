//! The space of all requests as a policy can see them, cut into finitely many values along each axis.
//!
//! The cuts come from the policies themselves: a number is cut where a condition begins or ends to
//! hold, a text into the values that are named and "another". So each value stands for all requests
//! that no condition tells apart, and what is proved of the values is proved of every request.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few that are special are named; the rest is treated alike"
)]

use std::collections::{BTreeMap, BTreeSet};

use super::super::condition::Test;
use super::super::vocabulary::{Fact, NumberFact, TextFact, WordFact};
use super::super::{Policy, TargetId};
use super::axis::{Atom, Axis, text_name};
use super::formula::Formula;
use super::labels::{self, Class};
use super::solver::{Lit, Try};
use crate::budget::Firmness;
use crate::inspect::{Confidence, Level};

/// A value of each axis, by its place.
pub(super) type Point = Vec<usize>;

/// An axis with its values. The variables say "this value or a later one", so that any span of
/// values is two literals.
#[derive(Clone, Debug)]
pub(super) struct Dimension {
    pub(super) axis: Axis,
    pub(super) atoms: Vec<Atom>,
    /// The value of an ordinary request.
    pub(super) ordinary: usize,
    /// For each value but the first: this one or a later one.
    pub(super) from: Vec<Lit>,
}

/// All requests that these policies can tell apart.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) formula: Formula,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) classes: Vec<Class>,
    places: BTreeMap<Axis, usize>,
}

/// More combinations of named texts and shapes than this are not worked out.
const TEXT_PAIRS_MAX: usize = 2_000_000;

/// What the policies tell apart.
#[derive(Default)]
struct Survey {
    words: BTreeSet<WordFact>,
    cuts: BTreeMap<Axis, BTreeSet<i128>>,
    texts: BTreeMap<TextFact, Texts>,
    expressions: BTreeSet<Box<str>>,
    /// Where a cost matters; `None` when no cost does.
    costs: Option<BTreeSet<i128>>,
}

/// What is asked of a text.
#[derive(Default)]
struct Texts {
    named: BTreeSet<String>,
    starts: BTreeSet<String>,
    shapes: BTreeSet<String>,
}

impl Survey {
    fn add(&mut self, policy: &Policy) {
        for check in &policy.checks {
            if let Test::Cel(cel) = &check.test {
                self.expressions.insert(cel.text.clone());
            }
            match (&check.fact, &check.test) {
                (
                    Fact::Labels
                    | Fact::Word(WordFact::Sensitivity | WordFact::Declared | WordFact::Scan),
                    _,
                ) => {}
                (Fact::Word(fact), _) => {
                    self.words.insert(*fact);
                }
                (Fact::Number(NumberFact::CostEstimate), test) => {
                    self.costs.get_or_insert_default().extend(ends(test));
                }
                (Fact::Number(fact), test) => {
                    let (axis, cuts) = cuts(policy, fact, test);
                    self.cuts.entry(axis).or_default().extend(cuts);
                }
                (Fact::Text(fact), test) => self.texts.entry(fact.clone()).or_default().add(test),
            }
        }
        for split in policy.routes.iter().filter_map(|route| route.split.as_ref()) {
            let cuts = split.ends.iter().map(|end| i128::from(*end));
            self.cuts.entry(Axis::Number(NumberFact::Draw)).or_default().extend(cuts);
        }
        for limit in &policy.limits {
            if let Some(most) = limit.cost_max {
                let above = most.nanos().saturating_add(1);
                self.costs.get_or_insert_default().insert(above);
            }
        }
        if policy.assertions.iter().any(|it| it.paid || !it.free.is_empty()) {
            self.costs.get_or_insert_default().insert(1);
        }
        if policy.budgets.iter().any(|spec| spec.firmness == Firmness::Hard) {
            self.costs.get_or_insert_default();
        }
    }
}

impl Texts {
    fn add(&mut self, test: &Test) {
        match test {
            Test::OneOf(words) => self.named.extend(words.iter().map(ToString::to_string)),
            Test::StartsWith(start) => {
                self.starts.insert(start.to_string());
            }
            Test::Matches(shape) => {
                self.shapes.insert(shape.as_str().to_owned());
            }
            _ => {}
        }
    }
}

/// The first numbers that are inside and beyond an interval.
fn ends(test: &Test) -> Vec<i128> {
    match test {
        Test::Range { low, high } => vec![*low, high.saturating_add(1)],
        _ => Vec::new(),
    }
}

/// The axis of a number, and where a condition cuts it.
fn cuts(policy: &Policy, fact: &NumberFact, test: &Test) -> (Axis, Vec<i128>) {
    match fact {
        NumberFact::BudgetUsed(index) | NumberFact::BudgetLeft(index) => {
            let cut = |bound: i128| match fact {
                NumberFact::BudgetUsed(_) => spent_for_share(policy, *index, bound),
                _ => spent_for_left(policy, *index, bound),
            };
            (budget_axis(policy, *index), ends(test).into_iter().filter_map(cut).collect())
        }
        fact => (Axis::Number(fact.clone()), ends(test)),
    }
}

/// The axis of a budget.
pub(super) fn budget_axis(policy: &Policy, index: usize) -> Axis {
    Axis::Budget(policy.budgets.get(index).map(|spec| spec.name.clone()).unwrap_or_default())
}

/// The least that must be spent for the budget to be used to this share; `None` if nothing changes
/// with what is spent.
pub(super) fn spent_for_share(policy: &Policy, index: usize, share: i128) -> Option<i128> {
    let limit = policy.budgets.get(index)?.limit.nanos();
    if limit <= 0 || share == i128::MAX {
        return None;
    }
    let full = share.checked_mul(limit)?;
    Some(full.div_euclid(1_000_000) + i128::from(full.rem_euclid(1_000_000) > 0))
}

/// The least that must be spent for less than this to be left.
pub(super) fn spent_for_left(policy: &Policy, index: usize, left: i128) -> Option<i128> {
    let limit = policy.budgets.get(index)?.limit.nanos();
    (left > 0).then(|| limit.saturating_sub(left).saturating_add(1))
}

impl Dimension {
    /// The values that a test accepts.
    pub(super) fn accepted(&self, accepts: impl Fn(&Atom) -> bool) -> Vec<bool> {
        self.atoms.iter().map(accepts).collect()
    }
}

impl Space {
    /// The space of these policies, which are for the same targets; `None` when it is too large to
    /// be worked out.
    pub(super) fn new(policies: &[&Policy], effort_max: u64) -> Option<Self> {
        let first = policies.first()?;
        let mut survey = Survey::default();
        for policy in policies {
            survey.add(policy);
        }
        let pairs = |texts: &Texts| {
            texts.named.len().max(1) * (texts.starts.len() + texts.shapes.len()).max(1)
        };
        if survey.texts.values().map(pairs).sum::<usize>() > TEXT_PAIRS_MAX {
            return None;
        }
        let classes = labels::classes(policies);
        let mut space = Self {
            formula: Formula::new(effort_max),
            dimensions: Vec::new(),
            classes,
            places: BTreeMap::new(),
        };
        space.targets(first, survey.costs);
        space.texts(survey.texts);
        for text in survey.expressions {
            let atoms = vec![Atom::Holds(false), Atom::Holds(true), Atom::Unknown];
            let group = space.formula.group();
            space.add(expression_axis(&text), atoms, 0, group);
        }
        space.numbers_and_words(first, survey.cuts, &survey.words);
        space.data();
        Some(space)
    }

    fn targets(&mut self, policy: &Policy, costs: Option<BTreeSet<i128>>) {
        for target in (0..policy.target_count()).map(TargetId) {
            let atoms = vec![Atom::Holds(true), Atom::Holds(false)];
            let group = self.formula.group();
            self.add(Axis::Able(target), atoms, 0, group);
        }
        let Some(cuts) = costs else { return };
        for target in (0..policy.target_count()).map(TargetId) {
            let group = self.formula.group();
            self.number(policy, Axis::Cost(target), &cuts, group);
        }
    }

    fn texts(&mut self, texts: BTreeMap<TextFact, Texts>) {
        for (fact, mut asked) in texts {
            let axis = Axis::Text(fact.clone());
            asked.named.extend(axis.ordinary_text().map(str::to_owned));
            let mut atoms = Vec::new();
            if axis.may_be_unknown() {
                atoms.push(Atom::Unknown);
            } else if axis.ordinary_text().is_none() {
                atoms.push(Atom::Absent);
            }
            atoms.extend(asked.named.into_iter().map(Atom::Text));
            asked.starts.insert(String::new());
            atoms.extend(asked.starts.into_iter().map(Atom::Other));
            let is_ordinary = |atom: &Atom| matches!(atom, Atom::Text(text) if Some(text.as_str()) == axis.ordinary_text());
            let ordinary = atoms.iter().position(is_ordinary).unwrap_or(0);
            let group = self.formula.group();
            for shape in asked.shapes {
                let atoms = vec![Atom::Holds(false), Atom::Holds(true)];
                self.add(shape_axis(&fact, &shape), atoms, 0, group);
            }
            self.add(axis, atoms, ordinary, group);
        }
    }

    fn numbers_and_words(
        &mut self,
        policy: &Policy,
        cuts: BTreeMap<Axis, BTreeSet<i128>>,
        words: &BTreeSet<WordFact>,
    ) {
        let (task, time) = (self.formula.group(), self.formula.group());
        for (axis, cuts) in cuts {
            let group = match &axis {
                Axis::Number(NumberFact::TaskConfidence) => task,
                Axis::Number(NumberFact::Hour) => time,
                _ => self.formula.group(),
            };
            self.number(policy, axis, &cuts, group);
        }
        for fact in words {
            let group = match fact {
                WordFact::Task => task,
                WordFact::Weekday => time,
                _ => self.formula.group(),
            };
            let axis = Axis::Word(*fact);
            let mut atoms: Vec<Atom> = (0..fact.words().len()).map(Atom::Word).collect();
            if axis.may_be_unknown() {
                atoms.insert(0, Atom::Unknown);
            }
            // An ordinary request is in English, on the chat API, and asks for nothing special.
            let ordinary = usize::from(*fact == WordFact::Lang);
            self.add(axis, atoms, ordinary, group);
        }
        let unknown =
            |space: &mut Self, axis: Axis| space.among(&axis, |atom| *atom == Atom::Unknown);
        // A task without a confidence does not exist; the other way round means: no idea.
        let task = unknown(self, Axis::Word(WordFact::Task));
        let confidence = unknown(self, Axis::Number(NumberFact::TaskConfidence));
        if let (Some(task), Some(confidence)) = (task, confidence) {
            self.formula.require(&[!confidence, task]);
        }
        // The clock says both or neither.
        let hour = unknown(self, Axis::Number(NumberFact::Hour));
        let weekday = unknown(self, Axis::Word(WordFact::Weekday));
        if let (Some(hour), Some(weekday)) = (hour, weekday) {
            self.formula.require(&[!hour, weekday]);
            self.formula.require(&[hour, !weekday]);
        }
    }

    fn data(&mut self) {
        let mut found = Vec::new();
        for class in self.classes.clone() {
            for label in class.examples {
                let group = self.formula.group();
                found.push((label, class.has_tiers, group));
                if class.counts {
                    let atoms = vec![Atom::Holds(false), Atom::Holds(true)];
                    self.add(Axis::Many(label), atoms, 0, group);
                }
            }
        }
        let levels = || {
            let stated = Level::ALL.map(|level| Atom::Stated(Some(level)));
            [Atom::Stated(None)].into_iter().chain(stated).collect::<Vec<_>>()
        };
        let group = self.formula.group();
        self.add(Axis::Floor, levels(), 0, group);
        let group = self.formula.group();
        self.add(Axis::Scan, (0..3).map(Atom::Word).collect(), 0, group);
        for (label, has_tiers, group) in found {
            let mut atoms = vec![Atom::Found(None), Atom::Found(Some(Confidence::Certain))];
            if has_tiers {
                atoms.push(Atom::Found(Some(Confidence::Likely)));
            }
            self.add(Axis::Found(label), atoms, 0, group);
            let many = self.among(&Axis::Many(label), |atom| *atom == Atom::Holds(true));
            let none = self.among(&Axis::Found(label), |atom| *atom == Atom::Found(None));
            if let (Some(many), Some(none)) = (many, none) {
                self.formula.require(&[!many, !none]);
            }
        }
        let group = self.formula.group();
        self.add(Axis::Declared, levels(), 0, group);
    }

    fn number(&mut self, policy: &Policy, axis: Axis, cuts: &BTreeSet<i128>, group: usize) {
        let (least, most) = axis.bounds();
        let mut atoms = Vec::new();
        if axis.may_be_unknown() {
            atoms.push(Atom::Unknown);
        }
        let mut low = least;
        for cut in cuts.iter().copied().filter(|cut| *cut > least && *cut <= most) {
            atoms.push(Atom::Span(low, cut - 1));
            low = cut;
        }
        atoms.push(Atom::Span(low, most));
        let ordinary = axis.ordinary_number(policy).and_then(|number| {
            let holds = |atom: &Atom| matches!(atom, Atom::Span(low, high) if (*low..=*high).contains(&number));
            atoms.iter().position(holds)
        });
        self.add(axis, atoms, ordinary.unwrap_or(0), group);
    }

    fn add(&mut self, axis: Axis, atoms: Vec<Atom>, ordinary: usize, group: usize) {
        let mut from = Vec::new();
        for place in 1..atoms.len() {
            let first = if place <= ordinary { Try::True } else { Try::False };
            let lit = self.formula.fact(group, first);
            if let Some(before) = from.last().copied() {
                self.formula.require(&[!lit, before]);
            }
            from.push(lit);
        }
        self.places.insert(axis.clone(), self.dimensions.len());
        self.dimensions.push(Dimension { axis, atoms, ordinary, from });
    }

    /// The dimension of an axis; `None` when no policy asks about it.
    pub(super) fn dimension(&self, axis: &Axis) -> Option<&Dimension> {
        self.dimensions.get(*self.places.get(axis)?)
    }

    /// The place of an axis in a [`Point`].
    pub(super) fn place(&self, axis: &Axis) -> Option<usize> {
        self.places.get(axis).copied()
    }

    /// That the value of an axis is one of those that are accepted; `None` when no policy asks.
    pub(super) fn among(&mut self, axis: &Axis, accepts: impl Fn(&Atom) -> bool) -> Option<Lit> {
        let place = self.place(axis)?;
        let accepted = self.dimensions.get(place)?.accepted(accepts);
        Some(self.one_of(place, &accepted))
    }

    /// That the value at a place is one of those that are accepted.
    pub(super) fn one_of(&mut self, place: usize, accepted: &[bool]) -> Lit {
        let mut spans = Vec::new();
        let mut start = None;
        let Some(dimension) = self.dimensions.get(place) else { return self.formula.never() };
        let from = |index: usize| match index.checked_sub(1) {
            None => self.formula.always(),
            Some(index) => dimension.from.get(index).copied().unwrap_or(self.formula.never()),
        };
        for (index, accepted) in accepted.iter().copied().chain([false]).enumerate() {
            match (accepted, start) {
                (true, None) => start = Some(index),
                (false, Some(begun)) => {
                    spans.push([from(begun), !from(index)]);
                    start = None;
                }
                _ => {}
            }
        }
        let spans: Vec<Lit> = spans.into_iter().map(|span| self.formula.and(span)).collect();
        self.formula.or(spans)
    }

    /// That a number is known and at least this, where a condition cuts.
    pub(super) fn at_least(&mut self, axis: &Axis, bound: i128) -> Option<Lit> {
        self.among(axis, |atom| matches!(atom, Atom::Span(low, _) if *low >= bound))
    }

    /// The point of the last answer; what it leaves open is ordinary.
    pub(super) fn model(&self) -> Point {
        self.dimensions
            .iter()
            .map(|dimension| {
                let mut place = 0;
                for lit in &dimension.from {
                    match self.formula.model(*lit) {
                        Some(true) => place += 1,
                        Some(false) => return place,
                        None => return dimension.ordinary,
                    }
                }
                place
            })
            .collect()
    }
}

/// The axis of a shape, which is opaque: whether a text has it.
pub(super) fn shape_axis(fact: &TextFact, shape: &str) -> Axis {
    let written = shape.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$"));
    Axis::Opaque(format!("{} matches {}", text_name(fact), written.unwrap_or(shape)))
}

/// The axis of an expression in CEL, which is opaque: whether it holds, or is not known to.
pub(super) fn expression_axis(text: &str) -> Axis {
    Axis::Opaque(text.to_owned())
}
