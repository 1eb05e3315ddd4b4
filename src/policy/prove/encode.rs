//! A policy as formulas over the space of requests: when each limit applies, what is left of the
//! targets, which route wins and where a request may be sent.
//!
//! It says the same as [`evaluate`](super::super::evaluate()), in one piece for all requests; the
//! property tests hold the two against each other. Truth is kept as two formulas: that a condition
//! must hold and that it may.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few that are special are named; the rest is treated alike"
)]

use super::super::condition::{Check, Test, Truth, When};
use super::super::vocabulary::{Fact, NumberFact, TextFact, WordFact};
use super::super::{Masking, Policy, Route, TargetId};
use super::axis::{Atom, Axis};
use super::labels::level_at;
use super::solver::Lit;
use super::space::{
    Space, budget_axis, expression_axis, shape_axis, spent_for_left, spent_for_share,
};
use crate::budget::Firmness;
use crate::inspect::{Confidence, Label, LabelSet, Level};

/// A truth of three values as two formulas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sure {
    /// It is true.
    pub(super) must: Lit,
    /// It is not false.
    pub(super) may: Lit,
}

/// A find that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Find {
    pub(super) label: Label,
    pub(super) confidence: Confidence,
    pub(super) lit: Lit,
}

/// A policy as formulas.
#[derive(Clone, Debug)]
pub(super) struct Encoded {
    /// Every find that counts for this policy.
    pub(super) finds: Vec<Find>,
    /// Whether everything was read.
    pub(super) complete: Lit,
    /// By level: at least so careful.
    pub(super) careful: [Lit; 4],
    checks: Vec<Sure>,
    /// By limit: whether it applies.
    pub(super) applies: Vec<Lit>,
    /// By limit and target: whether it strikes the target out.
    pub(super) strikes: Vec<Vec<Lit>>,
    /// By target: whether the target itself can take the request.
    pub(super) able: Vec<Lit>,
    /// By target: whether it is left.
    pub(super) usable: Vec<Lit>,
    /// By route: whether its condition holds.
    pub(super) matches: Vec<Lit>,
    /// By route: whether its condition holds and a target is left.
    pub(super) lives: Vec<Lit>,
    /// By route: whether it wins.
    pub(super) wins: Vec<Lit>,
    /// By target: whether it is preferred.
    pub(super) first: Vec<Lit>,
    /// By target: whether the request may be sent there, at once or as a fallback.
    pub(super) sends: Vec<Lit>,
    /// Whether no route wins.
    pub(super) refused: Lit,
}

/// Larger policies than this are not worked out: rules times targets.
const STRIKES_MAX: usize = 400_000;

impl Encoded {
    /// Puts a policy into formulas; `None` when it is too large for that.
    pub(super) fn new(space: &mut Space, policy: &Policy) -> Option<Self> {
        let rules = policy.limits.len() + policy.routes.len();
        if rules.saturating_mul(policy.target_count()) > STRIKES_MAX {
            return None;
        }
        let formula = &space.formula;
        let (always, never) = (formula.always(), formula.never());
        let scan = space.among(&Axis::Scan, |atom| *atom == Atom::Word(0));
        let mut encoded = Self {
            finds: finds(space, policy),
            complete: scan.unwrap_or(never),
            careful: [always; 4],
            checks: Vec::new(),
            applies: Vec::new(),
            strikes: Vec::new(),
            able: Vec::new(),
            usable: Vec::new(),
            matches: Vec::new(),
            lives: Vec::new(),
            wins: Vec::new(),
            first: vec![never; policy.target_count()],
            sends: vec![never; policy.target_count()],
            refused: never,
        };
        encoded.careful = encoded.levels(space, policy);
        encoded.checks =
            policy.checks.iter().map(|check| encoded.check(space, policy, check)).collect();
        encoded.limits(space, policy);
        encoded.targets(space, policy);
        encoded.routes(space, policy);
        Some(encoded)
    }

    /// By level, whether a request is handled at least so carefully.
    fn levels(&self, space: &mut Space, policy: &Policy) -> [Lit; 4] {
        Level::ALL.map(|level| {
            if policy.default_level >= level {
                return space.formula.always();
            }
            let stated = |atom: &Atom| matches!(atom, Atom::Stated(Some(known)) if *known >= level);
            let mut reasons = vec![!self.complete];
            reasons.extend(space.among(&Axis::Declared, stated));
            reasons.extend(space.among(&Axis::Floor, stated));
            let is_careful = |find: &&Find| level_at(policy, find.label, find.confidence) >= level;
            reasons.extend(self.finds.iter().filter(is_careful).map(|find| find.lit));
            for combination in policy.combinations.iter().filter(|it| it.level >= level) {
                let mut parts: Vec<Lit> =
                    combination.all_of.iter().map(|set| self.found(space, *set)).collect();
                if !combination.many_of.is_empty() {
                    let many: Vec<Lit> = combination
                        .many_of
                        .iter()
                        .filter_map(|label| {
                            space.among(&Axis::Many(label), |atom| *atom == Atom::Holds(true))
                        })
                        .collect();
                    parts.push(space.formula.or(many));
                }
                reasons.push(space.formula.and(parts));
            }
            space.formula.or(reasons)
        })
    }

    /// Whether one of these kinds was found and counts.
    pub(super) fn found(&self, space: &mut Space, set: LabelSet) -> Lit {
        let inside = self.finds.iter().filter(|find| set.contains(find.label));
        let inside: Vec<Lit> = inside.map(|find| find.lit).collect();
        space.formula.or(inside)
    }

    fn check(&self, space: &mut Space, policy: &Policy, check: &Check) -> Sure {
        match (&check.fact, &check.test) {
            (_, Test::Cel(cel)) => {
                let axis = expression_axis(&cel.text);
                let (never, always) = (space.formula.never(), space.formula.always());
                let must = space.among(&axis, |atom| *atom == Atom::Holds(true));
                let may = space.among(&axis, |atom| *atom != Atom::Holds(false));
                Sure { must: must.unwrap_or(never), may: may.unwrap_or(always) }
            }
            (Fact::Labels, test) => self.labels(space, test),
            (Fact::Text(fact), test) => text(space, fact, test),
            (Fact::Word(fact), Test::Words { accepted, when_unknown }) => {
                let is_accepted = |index: usize| {
                    u32::try_from(index).is_ok_and(|index| accepted >> index & 1 == 1)
                };
                let (known, unknown) = self.word(space, *fact, is_accepted);
                let if_true =
                    |truth: Truth| if *when_unknown == truth { Some(unknown) } else { None };
                let must = space.formula.or([known].into_iter().chain(if_true(Truth::True)));
                let may = space.formula.or([must].into_iter().chain(if_true(Truth::Unknown)));
                Sure { must, may }
            }
            (Fact::Word(fact), Test::IsUnknown) => {
                let (_, unknown) = self.word(space, *fact, |_| false);
                Sure { must: unknown, may: unknown }
            }
            (Fact::Number(fact), Test::Range { low, high }) => {
                let (known, unknown) = number(space, policy, fact, (*low, *high));
                let may = space.formula.or([known, unknown]);
                Sure { must: known, may }
            }
            (Fact::Number(fact), Test::IsUnknown) => {
                let (_, unknown) = number(space, policy, fact, (0, 0));
                Sure { must: unknown, may: unknown }
            }
            (Fact::Word(_) | Fact::Number(_), _) => {
                Sure { must: space.formula.never(), may: space.formula.always() }
            }
        }
    }

    /// That a word is known and accepted, and that it is not known.
    fn word(
        &self,
        space: &mut Space,
        fact: WordFact,
        is_accepted: impl Fn(usize) -> bool,
    ) -> (Lit, Lit) {
        let never = space.formula.never();
        match fact {
            WordFact::Sensitivity => {
                let mut levels = Vec::new();
                for (index, at_least) in self.careful.iter().enumerate() {
                    let above = self.careful.get(index + 1).copied().unwrap_or(never);
                    if is_accepted(index) {
                        levels.push(space.formula.and([*at_least, !above]));
                    }
                }
                (space.formula.or(levels), never)
            }
            WordFact::Declared => {
                let accepts = |atom: &Atom| {
                    matches!(atom, Atom::Stated(Some(level))
                        if Level::ALL.iter().position(|it| it == level).is_some_and(&is_accepted))
                };
                let known = space.among(&Axis::Declared, accepts);
                let unknown = space.among(&Axis::Declared, |atom| *atom == Atom::Stated(None));
                (known.unwrap_or(never), unknown.unwrap_or(never))
            }
            fact => {
                let axis = if fact == WordFact::Scan { Axis::Scan } else { Axis::Word(fact) };
                let accepts =
                    |atom: &Atom| matches!(atom, Atom::Word(index) if is_accepted(*index));
                let known = space.among(&axis, accepts);
                let unknown = space.among(&axis, |atom| *atom == Atom::Unknown);
                (known.unwrap_or(never), unknown.unwrap_or(never))
            }
        }
    }

    fn labels(&self, space: &mut Space, test: &Test) -> Sure {
        let hit = match test {
            Test::IsUnknown => return Sure { must: !self.complete, may: !self.complete },
            Test::AnyOf(set) => self.found(space, *set),
            Test::AllOf(set) => {
                let each: Vec<Lit> = set
                    .iter()
                    .map(|label| self.found(space, [label].into_iter().collect()))
                    .collect();
                space.formula.and(each)
            }
            _ => return Sure { must: space.formula.never(), may: space.formula.always() },
        };
        Sure { must: hit, may: space.formula.or([hit, !self.complete]) }
    }

    /// What a condition says.
    pub(super) fn when(&self, space: &mut Space, when: &When) -> Sure {
        let formula = &space.formula;
        match when {
            When::Always => Sure { must: formula.always(), may: formula.always() },
            When::Check(id) => {
                let unknown = Sure { must: formula.never(), may: formula.always() };
                self.checks.get(id.0).copied().unwrap_or(unknown)
            }
            When::Not(part) => {
                let part = self.when(space, part);
                Sure { must: !part.may, may: !part.must }
            }
            When::All(parts) => {
                let parts: Vec<Sure> = parts.iter().map(|part| self.when(space, part)).collect();
                Sure {
                    must: space.formula.and(parts.iter().map(|part| part.must)),
                    may: space.formula.and(parts.iter().map(|part| part.may)),
                }
            }
            When::Any(parts) => {
                let parts: Vec<Sure> = parts.iter().map(|part| self.when(space, part)).collect();
                Sure {
                    must: space.formula.or(parts.iter().map(|part| part.must)),
                    may: space.formula.or(parts.iter().map(|part| part.may)),
                }
            }
        }
    }

    fn limits(&mut self, space: &mut Space, policy: &Policy) {
        for limit in &policy.limits {
            let applies = self.when(space, &limit.when).may;
            let labels = limit.mask.labels();
            let unmaskable = match policy.masking {
                _ if labels.is_empty() => space.formula.never(),
                Masking::Available => !self.complete,
                Masking::Unavailable => {
                    let found = self.found(space, labels);
                    space.formula.or([!self.complete, found])
                }
            };
            let strikes = (0..policy.target_count()).map(TargetId).map(|target| {
                if !limit.allowed.contains(target) {
                    return applies;
                }
                let mut reasons = Vec::new();
                if policy.remote.contains(target) {
                    reasons.push(unmaskable);
                }
                if let Some(most) = limit.cost_max {
                    let axis = Axis::Cost(target);
                    reasons.extend(space.among(&axis, |atom| *atom == Atom::Unknown));
                    reasons.extend(space.at_least(&axis, most.nanos().saturating_add(1)));
                }
                let reason = space.formula.or(reasons);
                space.formula.and([applies, reason])
            });
            let strikes = strikes.collect();
            self.applies.push(applies);
            self.strikes.push(strikes);
        }
    }

    fn targets(&mut self, space: &mut Space, policy: &Policy) {
        let has_hard_budget = policy.budgets.iter().any(|spec| spec.firmness == Firmness::Hard);
        for target in (0..policy.target_count()).map(TargetId) {
            let mut able: Vec<Lit> = space
                .among(&Axis::Able(target), |atom| *atom == Atom::Holds(true))
                .into_iter()
                .collect();
            if has_hard_budget
                && let Some(unpriced) =
                    space.among(&Axis::Cost(target), |atom| *atom == Atom::Unknown)
            {
                able.push(!unpriced);
            }
            let able = space.formula.and(able);
            let strikes = self.strikes.iter().filter_map(|strikes| strikes.get(target.0));
            let left: Vec<Lit> = strikes.map(|strike| !*strike).chain([able]).collect();
            self.able.push(able);
            self.usable.push(space.formula.and(left));
        }
    }

    fn routes(&mut self, space: &mut Space, policy: &Policy) {
        let mut open = space.formula.always();
        let targets = policy.target_count();
        let (mut first, mut sends) = (vec![Vec::new(); targets], vec![Vec::new(); targets]);
        for route in &policy.routes {
            let matches = self.when(space, &route.when).must;
            let usable = |target: &TargetId| self.usable.get(target.0).copied();
            let any: Vec<Lit> = route.targets.iter().filter_map(usable).collect();
            let any = space.formula.or(any);
            let lives = space.formula.and([matches, any]);
            let wins = space.formula.and([open, lives]);
            open = space.formula.and([open, !lives]);
            for target in &route.targets {
                if let (Some(usable), Some(sends)) = (usable(target), sends.get_mut(target.0)) {
                    sends.push(space.formula.and([wins, usable]));
                }
            }
            for (place, drawn) in draws(space, route).into_iter().enumerate() {
                let mut before = space.formula.and([wins, drawn]);
                for target in route.order(place) {
                    let Some(usable) = usable(&target) else { continue };
                    if let Some(first) = first.get_mut(target.0) {
                        first.push(space.formula.and([before, usable]));
                    }
                    before = space.formula.and([before, !usable]);
                }
            }
            self.matches.push(matches);
            self.lives.push(lives);
            self.wins.push(wins);
        }
        self.first = first.into_iter().map(|literals| space.formula.or(literals)).collect();
        self.sends = sends.into_iter().map(|literals| space.formula.or(literals)).collect();
        self.refused = open;
    }

    /// Whether finds of this kind are masked before a request leaves.
    pub(super) fn masked(&self, space: &mut Space, policy: &Policy, find: &Find) -> Lit {
        let masks = policy
            .limits
            .iter()
            .zip(&self.applies)
            .filter(|(limit, _)| limit.mask.mode_of(find.label, find.confidence).is_some());
        let masks: Vec<Lit> = masks.map(|(_, applies)| *applies).collect();
        space.formula.or(masks)
    }
}

/// By place among a route's targets: that a request prefers the target there. Nothing drawn prefers the
/// first.
fn draws(space: &mut Space, route: &Route) -> Vec<Lit> {
    let Some(split) = &route.split else { return vec![space.formula.always()] };
    let axis = Axis::Number(NumberFact::Draw);
    let mut left = space.formula.always();
    let mut draws = Vec::new();
    for end in &split.ends {
        let never = space.formula.never();
        let behind = space.at_least(&axis, i128::from(*end)).unwrap_or(never);
        draws.push(space.formula.and([left, !behind]));
        left = space.formula.and([left, behind]);
    }
    draws
}

/// Every find that counts for a policy.
fn finds(space: &mut Space, policy: &Policy) -> Vec<Find> {
    let mut finds = Vec::new();
    for class in space.classes.clone() {
        for label in class.examples {
            for confidence in [Confidence::Certain, Confidence::Likely] {
                let found = Atom::Found(Some(confidence));
                let lit = space.among(&Axis::Found(label), |atom| *atom == found);
                let Some(lit) = lit.filter(|lit| *lit != space.formula.never()) else { continue };
                if !policy.tiers.ignores(label, confidence) {
                    finds.push(Find { label, confidence, lit });
                }
            }
        }
    }
    finds
}

/// That a number is known and in the interval, and that it is not known.
fn number(
    space: &mut Space,
    policy: &Policy,
    fact: &NumberFact,
    (low, high): (i128, i128),
) -> (Lit, Lit) {
    let beyond = high.saturating_add(1);
    let (always, never) = (space.formula.always(), space.formula.never());
    let unknown = match fact {
        NumberFact::CostEstimate => {
            let unpriced: Vec<Lit> = (0..policy.target_count())
                .filter_map(|target| {
                    space.among(&Axis::Cost(TargetId(target)), |atom| *atom == Atom::Unknown)
                })
                .collect();
            space.formula.or(unpriced)
        }
        NumberFact::BudgetUsed(_) | NumberFact::BudgetLeft(_) => never,
        fact => {
            let axis = Axis::Number(fact.clone());
            space.among(&axis, |atom| *atom == Atom::Unknown).unwrap_or(never)
        }
    };
    let mut reaches = |bound: i128| match fact {
        NumberFact::CostEstimate if bound <= 0 => always,
        NumberFact::CostEstimate => {
            let dear: Vec<Lit> = (0..policy.target_count())
                .filter_map(|target| space.at_least(&Axis::Cost(TargetId(target)), bound))
                .collect();
            space.formula.or(dear)
        }
        NumberFact::BudgetUsed(index) => match spent_for_share(policy, *index, bound) {
            Some(spent) => space.at_least(&budget_axis(policy, *index), spent).unwrap_or(never),
            // With nothing to spend it is always used up.
            None if bound <= 1_000_000 => always,
            None => never,
        },
        NumberFact::BudgetLeft(index) => match spent_for_left(policy, *index, bound) {
            Some(spent) => {
                let less = space.at_least(&budget_axis(policy, *index), spent);
                less.map_or(never, |less| !less)
            }
            None => always,
        },
        fact => space.at_least(&Axis::Number(fact.clone()), bound).unwrap_or(never),
    };
    let from = reaches(low);
    let to = if high == i128::MAX { never } else { reaches(beyond) };
    let inside = space.formula.and([!unknown, from, !to]);
    (inside, unknown)
}

fn text(space: &mut Space, fact: &TextFact, test: &Test) -> Sure {
    let axis = Axis::Text(fact.clone());
    let never = space.formula.never();
    let unknown = space.among(&axis, |atom| *atom == Atom::Unknown).unwrap_or(never);
    let holds = match test {
        Test::IsUnknown => {
            let missing = |atom: &Atom| matches!(atom, Atom::Unknown | Atom::Absent);
            let missing = space.among(&axis, missing).unwrap_or(never);
            return Sure { must: missing, may: missing };
        }
        Test::OneOf(words) => {
            let words: std::collections::BTreeSet<&str> =
                words.iter().map(|word| &**word).collect();
            space.among(
                &axis,
                |atom| matches!(atom, Atom::Text(known) if words.contains(known.as_str())),
            )
        }
        Test::StartsWith(start) => space.among(&axis, |atom| {
            matches!(atom, Atom::Text(known) | Atom::Other(known) if known.starts_with(&**start))
        }),
        Test::Matches(shape) => {
            let named = |atom: &Atom| matches!(atom, Atom::Text(known) if shape.is_match(known));
            let named = space.among(&axis, named).unwrap_or(never);
            let other = |atom: &Atom| matches!(atom, Atom::Other(_));
            let other = space.among(&axis, other).unwrap_or(never);
            let has = space.among(&shape_axis(fact, shape.as_str()), |atom| *atom == Atom::Holds(true));
            let other = space.formula.and([other, has.unwrap_or(never)]);
            Some(space.formula.or([named, other]))
        }
        _ => None,
    };
    let holds = holds.unwrap_or(never);
    Sure { must: holds, may: space.formula.or([holds, unknown]) }
}
