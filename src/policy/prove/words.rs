//! A region in words: each condition as a phrase that somebody who has never seen a policy can read.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few that are special are named; the rest is treated alike"
)]

use super::super::vocabulary::NumberFact;
use super::super::{Policy, TargetId};
use super::axis::{Atom, Axis, share_of};
use super::region::Region;
use super::space::Space;
use super::witness::{decimal, usd};
use crate::inspect::{Label, LabelSet, Level};
use crate::money::NanoUsd;

/// The conditions of a region; none means every request.
pub(super) fn conditions(space: &Space, policy: &Policy, region: &Region) -> Vec<String> {
    let mut said = Vec::new();
    if let Some((low, high)) = region.levels {
        said.push(levels(low, high));
    }
    let mut able = Vec::new();
    for (place, accepted) in region.values.iter().rev() {
        let Some(dimension) = space.dimensions.get(*place) else { continue };
        if accepted.iter().all(|accepted| *accepted) {
            continue;
        }
        let atoms: Vec<&Atom> = dimension
            .atoms
            .iter()
            .zip(accepted)
            .filter(|(_, accepted)| **accepted)
            .map(|(atom, _)| atom)
            .collect();
        let rest: Vec<&Atom> = dimension
            .atoms
            .iter()
            .zip(accepted)
            .filter(|(_, accepted)| !**accepted)
            .map(|(atom, _)| atom)
            .collect();
        match &dimension.axis {
            Axis::Able(target) => able.push(able_words(policy, *target, &atoms)),
            axis => said.push(phrase(space, policy, axis, (&atoms, &rest))),
        }
    }
    able.reverse();
    said.extend(able);
    said
}

fn levels(low: Level, high: Level) -> String {
    match (low, high) {
        (low, high) if low == high => format!("data.sensitivity is {low}"),
        (low, Level::Restricted) => format!("data.sensitivity is at least {low}"),
        (Level::Public, high) => format!("data.sensitivity is at most {high}"),
        (low, high) => format!("data.sensitivity is {low} to {high}"),
    }
}

fn able_words(policy: &Policy, target: TargetId, atoms: &[&Atom]) -> String {
    let can = if atoms.contains(&&Atom::Holds(true)) { "can" } else { "cannot" };
    format!("{} {can} take it", policy.target_name(target))
}

fn phrase(
    space: &Space,
    policy: &Policy,
    axis: &Axis,
    (atoms, rest): (&[&Atom], &[&Atom]),
) -> String {
    let name = axis.name(policy);
    match axis {
        Axis::Found(label) => {
            let none = atoms.contains(&&Atom::Found(None));
            let kinds = kinds(class_of(space, *label));
            if none { format!("no {kinds} is found") } else { format!("{kinds} is found") }
        }
        Axis::Many(label) => {
            let verb = if atoms.contains(&&Atom::Holds(true)) { "is" } else { "is not" };
            format!("{} {verb} found many times", kinds(class_of(space, *label)))
        }
        Axis::Opaque(said) => {
            let verb = if atoms.contains(&&Atom::Holds(true)) { "holds" } else { "does not hold" };
            format!("`{said}` {verb}")
        }
        Axis::Cost(target) => {
            let name = format!("the cost at {}", policy.target_name(*target));
            numbers(&name, axis.bounds(), atoms, |number| format!("${}", usd(NanoUsd::new(number))))
        }
        Axis::Budget(budget) => {
            let spec = policy.budgets.iter().find(|spec| spec.name == *budget);
            let limit = spec.map_or(NanoUsd::ZERO, |spec| spec.limit);
            numbers(&format!("the budget {budget}"), axis.bounds(), atoms, |spent| {
                format!("{}% used", decimal(share_of(spent, limit).saturating_mul(100)))
            })
        }
        Axis::Number(NumberFact::TaskConfidence | NumberFact::UnkRatio | NumberFact::Draw) => {
            numbers(&name, axis.bounds(), atoms, decimal)
        }
        Axis::Number(_) => numbers(&name, axis.bounds(), atoms, |number| number.to_string()),
        axis => {
            // The shorter of the two lists, unless what is not known or not named would be hidden.
            let is_turned = rest.len() < atoms.len();
            let listed = if is_turned { rest } else { atoms };
            let words: Vec<String> = listed.iter().map(|atom| word(axis, atom)).collect();
            let verb = if is_turned { "is not" } else { "is" };
            format!("{name} {verb} {}", words.join(" or "))
        }
    }
}

fn word(axis: &Axis, atom: &Atom) -> String {
    match (axis, atom) {
        (Axis::Word(fact), Atom::Word(index)) => {
            fact.words().get(*index).copied().unwrap_or("?").to_owned()
        }
        (Axis::Scan, Atom::Word(index)) => {
            ["complete", "partial", "uninspected"].get(*index).copied().unwrap_or("?").to_owned()
        }
        (_, Atom::Stated(Some(level))) => level.name().to_owned(),
        (_, Atom::Stated(None)) => "not stated".to_owned(),
        (_, Atom::Unknown) => "not known".to_owned(),
        (_, Atom::Absent) => "not set".to_owned(),
        (_, Atom::Text(text)) => format!("`{text}`"),
        (_, Atom::Other(start)) if start.is_empty() => "any other".to_owned(),
        (_, Atom::Other(start)) => format!("any other that begins with `{start}`"),
        _ => "?".to_owned(),
    }
}

/// Numbers as one interval after the other.
fn numbers(
    name: &str,
    (least, most): (i128, i128),
    atoms: &[&Atom],
    show: impl Fn(i128) -> String,
) -> String {
    let mut spans: Vec<(i128, i128)> = Vec::new();
    let mut words = Vec::new();
    for atom in atoms {
        match atom {
            Atom::Span(low, high) => match spans.last_mut() {
                Some(span) if span.1 + 1 == *low => span.1 = *high,
                _ => spans.push((*low, *high)),
            },
            _ => words.push("not known".to_owned()),
        }
    }
    for (low, high) in spans {
        let from = from_words(low, &show);
        let to = to_words(high, &show);
        words.push(match (low <= least, high >= most) {
            (true, true) => "known".to_owned(),
            (true, false) => to,
            (false, true) => from,
            (false, false) if low == high => show(low),
            (false, false) => format!("{from} and {to}"),
        });
    }
    format!("{name} is {}", words.join(" or "))
}

/// A lower end by the rounder of the two numbers that say it.
fn from_words(low: i128, show: &impl Fn(i128) -> String) -> String {
    if is_rounder(low - 1, low) {
        format!("above {}", show(low - 1))
    } else {
        format!("at least {}", show(low))
    }
}

/// An upper end by the rounder of the two numbers that say it.
fn to_words(high: i128, show: &impl Fn(i128) -> String) -> String {
    if is_rounder(high + 1, high) {
        format!("below {}", show(high + 1))
    } else {
        format!("at most {}", show(high))
    }
}

fn is_rounder(one: i128, other: i128) -> bool {
    let zeros =
        |number: i128| (1..30).take_while(|power| number % 10_i128.pow(*power) == 0).count();
    zeros(one) > zeros(other)
}

fn class_of(space: &Space, label: Label) -> LabelSet {
    let class = space.classes.iter().find(|class| class.examples.contains(&label));
    class.map_or_else(|| [label].into_iter().collect(), |class| class.members)
}

/// Kinds of values in few words: whole categories by their name.
fn kinds(mut set: LabelSet) -> String {
    let mut words = Vec::new();
    let categories: std::collections::BTreeSet<&str> = set.iter().map(Label::category).collect();
    for category in categories {
        let inside = |label: &Label| label.category() == category;
        let whole: LabelSet = Label::ALL.iter().copied().filter(inside).collect();
        if set.contains_all(whole) {
            words.push(format!("{category}.*"));
            set = set.iter().filter(|label| !inside(label)).collect();
        }
    }
    words.extend(set.iter().map(|label| label.name().to_owned()));
    words.join(" or ")
}
