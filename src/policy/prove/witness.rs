//! A point of the space as a request that anybody can try: facts for `policy explain --given`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few that are special are named; the rest is treated alike"
)]

use super::super::compile::cases::Given;
use super::super::condition::Test;
use super::super::vocabulary::{Fact, NumberFact, TextFact, WordFact};
use super::super::{Estimate, Policy, Scenario, Unable};
use super::axis::{Atom, Axis, easy, share_of, text_name};
use super::sample::samples;
use super::space::{Point, Space, shape_axis};
use crate::inspect::{Confidence, LabelSet, Scan};
use crate::money::NanoUsd;

/// A request by its facts.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    /// Facts and values as one writes them; everything else is ordinary.
    pub(super) given: Vec<(String, String)>,
    facts: Vec<Given>,
}

impl Witness {
    /// The request at a point, for this policy; `None` when no such request could be made up.
    pub(super) fn at(space: &Space, policy: &Policy, point: &Point) -> Option<Self> {
        let mut witness = Self { given: Vec::new(), facts: Vec::new() };
        let (mut certain, mut likely) = (LabelSet::EMPTY, LabelSet::EMPTY);
        let mut many = LabelSet::EMPTY;
        for (dimension, place) in space.dimensions.iter().zip(point) {
            let atom = dimension.atoms.get(*place)?;
            match (&dimension.axis, atom) {
                (Axis::Found(label), Atom::Found(Some(confidence))) => {
                    if !policy.tiers.ignores(*label, *confidence) {
                        match confidence {
                            Confidence::Certain => certain.insert(*label),
                            Confidence::Likely => likely.insert(*label),
                        }
                    }
                }
                (Axis::Many(label), Atom::Holds(true)) => many.insert(*label),
                _ if *place == dimension.ordinary => {}
                (Axis::Text(fact), Atom::Other(start)) => {
                    let text = other_text(space, policy, (fact, start), point)?;
                    witness.text(fact, text)?;
                }
                (Axis::Text(fact), Atom::Text(text)) => witness.text(fact, text.clone())?,
                (axis, atom) => witness.give(policy, axis, atom)?,
            }
        }
        witness.labels("data.labels", certain, Given::Labels(certain));
        witness.labels("data.likely", likely, Given::Likely(likely));
        witness.labels("data.many", many, Given::Many(many));
        Some(witness)
    }

    fn add(&mut self, name: String, value: impl Into<String>, fact: Given) {
        self.given.push((name, value.into()));
        self.facts.push(fact);
    }

    fn labels(&mut self, name: &str, labels: LabelSet, fact: Given) {
        if !labels.is_empty() {
            let names: Vec<&str> = labels.iter().map(crate::inspect::Label::name).collect();
            self.add(name.to_owned(), format!("[{}]", names.join(", ")), fact);
        }
    }

    fn text(&mut self, fact: &TextFact, text: String) -> Option<()> {
        // This word means that it is not known, whatever stands around it.
        if text == "unknown" {
            return None;
        }
        let given = Given::Text(Fact::Text(fact.clone()), text.clone());
        self.add(text_name(fact), plain(&text), given);
        Some(())
    }

    fn give(&mut self, policy: &Policy, axis: &Axis, atom: &Atom) -> Option<()> {
        let name = axis.name(policy);
        match (axis, atom) {
            (Axis::Able(target), Atom::Holds(false)) => {
                self.add(name, Unable::Down.name(), Given::Unable(*target, Unable::Down));
            }
            (Axis::Cost(target), Atom::Unknown) => {
                self.add(name, "unknown", Given::Cost(*target, Estimate::Unpriced));
            }
            (Axis::Cost(target), Atom::Span(low, high)) => {
                let cost = NanoUsd::new(easy(*low, *high));
                self.add(name, usd(cost), Given::Cost(*target, Estimate::Known(cost)));
            }
            (Axis::Budget(budget), Atom::Span(low, high)) => {
                self.budget(policy, budget, (*low, *high))?;
            }
            (Axis::Number(fact), Atom::Span(low, high)) => {
                let number = easy(*low, *high);
                let value = match fact {
                    NumberFact::TaskConfidence | NumberFact::UnkRatio | NumberFact::Draw => {
                        decimal(number)
                    }
                    _ => number.to_string(),
                };
                self.add(name, value, Given::Number(Fact::Number(fact.clone()), number));
            }
            (Axis::Word(fact), Atom::Word(index)) => {
                let word = fact.words().get(*index)?;
                self.add(name, *word, Given::Word(Fact::Word(*fact), word));
            }
            (Axis::Word(fact), Atom::Unknown) => {
                self.add(name, "unknown", Given::Unknown(Fact::Word(*fact)));
            }
            (Axis::Scan, Atom::Word(index)) => {
                let scan = [Scan::Complete, Scan::Partial, Scan::Uninspected].get(*index)?.name();
                self.add(name, scan, Given::Word(Fact::Word(WordFact::Scan), scan));
            }
            (Axis::Floor, Atom::Stated(Some(level))) => {
                self.add(name, level.name(), Given::DataFloor(*level));
            }
            (Axis::Declared, Atom::Stated(Some(level))) => {
                let fact = Fact::Word(WordFact::Declared);
                self.add(name, level.name(), Given::Word(fact, level.name()));
            }
            _ => {}
        }
        Some(())
    }

    /// What is spent of a budget, as a percentage if that is exact, else by what is left.
    fn budget(&mut self, policy: &Policy, name: &str, (low, high): (i128, i128)) -> Option<()> {
        let Some(index) = policy.budgets.iter().position(|spec| spec.name == name) else {
            return Some(());
        };
        let limit = policy.budgets.get(index)?.limit;
        if !limit.is_positive() {
            return Some(());
        }
        let exact = |share: i128| {
            let used = limit.times(share).nanos() / 1_000_000;
            (low..=high).contains(&used) && share_of(used, limit) == share
        };
        let (least, most) = (share_of(low, limit), share_of(high, limit));
        let candidates = [easy(least, most), least, least + 1];
        if let Some(share) = candidates.into_iter().find(|share| exact(*share)) {
            let fact = Fact::Number(NumberFact::BudgetUsed(index));
            let percent = format!("{}%", decimal(share.saturating_mul(100)));
            self.add(format!("budget.{name}.used"), percent, Given::Number(fact, share));
            return Some(());
        }
        let used = easy(low, high.min(limit.nanos()));
        let left = limit.less(NanoUsd::new(used));
        let fact = Fact::Number(NumberFact::BudgetLeft(index));
        self.add(format!("budget.{name}.left_usd"), usd(left), Given::Number(fact, left.nanos()));
        Some(())
    }

    /// Its facts, for the evaluator.
    pub(super) fn scenario(&self, policy: &Policy) -> Scenario {
        let mut scenario = Scenario::ordinary(policy);
        for fact in &self.facts {
            scenario.set(fact);
        }
        scenario
    }

    /// The command that shows it. Targets are named, so that it does not depend on a configuration.
    pub(super) fn command(&self, policy: &Policy, file: &str) -> String {
        let targets: Vec<String> = policy
            .targets
            .iter()
            .map(|target| format!("{}={}", target.name, target.zone))
            .collect();
        let mut words = vec![
            "ambidex policy explain".to_owned(),
            quoted(file),
            "--targets".to_owned(),
            quoted(&targets.join(",")),
        ];
        let ordinary = [("tokens.input".to_owned(), "100".to_owned())];
        let given = if self.given.is_empty() { ordinary.as_slice() } else { &self.given };
        for (name, value) in given {
            words.push("--given".to_owned());
            words.push(quoted(&format!("{name}={value}")));
        }
        words.join(" ")
    }

    /// The facts in one line for people.
    pub(super) fn words(&self) -> String {
        let given: Vec<String> =
            self.given.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if given.is_empty() { "nothing special".to_owned() } else { given.join(", ") }
    }
}

/// A text that the policy does not name, that begins so, and has the shapes that the point says.
fn other_text(
    space: &Space,
    policy: &Policy,
    (fact, start): (&TextFact, &String),
    point: &Point,
) -> Option<String> {
    let dimension = space.dimension(&Axis::Text(fact.clone()))?;
    let mut wanted = Vec::new();
    let mut candidates =
        vec![format!("{start}another"), format!("{start}-1"), format!("{start}x"), start.clone()];
    for check in &policy.checks {
        if let (Fact::Text(asked), Test::Matches(shape)) = (&check.fact, &check.test)
            && asked == fact
        {
            let place = space.place(&shape_axis(fact, shape.as_str()))?;
            wanted.push((shape, point.get(place) == Some(&1)));
            let guesses = samples(shape.as_str());
            candidates.extend(guesses.iter().map(|guess| format!("{start}{guess}")));
            candidates.extend(guesses);
        }
    }
    let class = |text: &str| {
        let starts = dimension.atoms.iter().filter_map(|atom| match atom {
            Atom::Other(other) if text.starts_with(other.as_str()) => Some(other),
            _ => None,
        });
        starts.max_by_key(|other| other.len()).cloned()
    };
    candidates.into_iter().find(|text| {
        !text.is_empty()
            && class(text).as_ref() == Some(start)
            && !dimension.atoms.contains(&Atom::Text(text.clone()))
            && wanted.iter().all(|(shape, is_wanted)| shape.is_match(text) == *is_wanted)
    })
}

/// Dollars without zeros at the end.
pub(super) fn usd(amount: NanoUsd) -> String {
    let text = amount.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Millionths as a decimal number.
pub(super) fn decimal(millionths: i128) -> String {
    usd(NanoUsd::new(millionths.saturating_mul(1_000)))
}

/// A text as a value of YAML.
fn plain(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let means_something = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if is_word && !means_something.contains(&text.to_lowercase().as_str()) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_./=%:,@+-".contains(c);
    if !word.is_empty() && word.chars().all(is_safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
