//! Kinds of values that no policy tells apart need only one example.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few that are special are named; the rest is treated alike"
)]

use std::collections::BTreeMap;

use super::super::Policy;
use super::super::condition::Test;
use crate::inspect::{Confidence, Label, LabelSet, Level};

/// Kinds of values that every condition, level, combination and mask treats alike.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// Those that stand for all. Two where it matters how sure a find is, because one request may
    /// have a certain and a likely find of such kinds.
    pub(super) examples: Vec<Label>,
    /// All of them.
    pub(super) members: LabelSet,
    /// Whether it matters how sure a find is.
    pub(super) has_tiers: bool,
    /// Whether it matters that there are many.
    pub(super) counts: bool,
}

/// Every kind of value, in classes. Two kinds of one class may stand for each other in any request.
pub(super) fn classes(policies: &[&Policy]) -> Vec<Class> {
    let mut classes: BTreeMap<Vec<u8>, LabelSet> = BTreeMap::new();
    for (index, label) in (1_u8..).zip(LabelSet::ALL.iter()) {
        let key = policies.iter().flat_map(|policy| signature(policy, label, index)).collect();
        classes.entry(key).or_default().insert(label);
    }
    let mut classes: Vec<Class> = classes
        .into_values()
        .filter_map(|members| {
            let one = members.iter().next()?;
            let has_tiers = policies.iter().any(|policy| has_tiers(policy, one));
            let counts = policies.iter().any(|policy| {
                policy.combinations.iter().any(|combination| combination.many_of.contains(one))
            });
            let examples = members.iter().take(if has_tiers { 2 } else { 1 }).collect();
            Some(Class { examples, members, has_tiers, counts })
        })
        .collect();
    classes.sort_by_key(|class| class.examples.first().copied());
    classes
}

/// Everything that this policy can see of a kind. Kinds that must be found together (`all_of`) are
/// each on their own, by their number.
fn signature(policy: &Policy, label: Label, number: u8) -> Vec<u8> {
    let mut seen = Vec::new();
    for check in &policy.checks {
        match &check.test {
            Test::AnyOf(set) => seen.push(set.contains(label).into()),
            Test::AllOf(set) => seen.push(if set.contains(label) { number } else { 0 }),
            _ => {}
        }
    }
    for confidence in [Confidence::Certain, Confidence::Likely] {
        seen.push(level_number(level_at(policy, label, confidence)));
        seen.push(policy.tiers.ignores(label, confidence).into());
        for limit in policy.limits.iter().filter(|limit| !limit.mask.is_empty()) {
            seen.push(limit.mask.mode_of(label, confidence).is_some().into());
        }
    }
    for combination in &policy.combinations {
        seen.push(combination.many_of.contains(label).into());
        seen.extend(combination.all_of.iter().map(|set| u8::from(set.contains(label))));
    }
    for assertion in &policy.assertions {
        seen.push(assertion.unmasked.is_some_and(|set| set.contains(label)).into());
    }
    seen
}

fn has_tiers(policy: &Policy, label: Label) -> bool {
    let (certain, likely) = (Confidence::Certain, Confidence::Likely);
    level_at(policy, label, certain) != level_at(policy, label, likely)
        || policy.tiers.ignores(label, certain) != policy.tiers.ignores(label, likely)
        || policy.limits.iter().any(|limit| {
            limit.mask.mode_of(label, certain).is_some()
                != limit.mask.mode_of(label, likely).is_some()
        })
}

/// How careful this policy is with a find.
pub(super) fn level_at(policy: &Policy, label: Label, confidence: Confidence) -> Level {
    policy.tiers.level(label, confidence).unwrap_or_else(|| policy.level_of(label))
}

fn level_number(level: Level) -> u8 {
    (0_u8..).zip(Level::ALL).find(|(_, known)| *known == level).map_or(0, |(index, _)| index)
}
