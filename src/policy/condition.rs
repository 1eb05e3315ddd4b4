//! Conditions in three-valued logic: what a compiled `when` says about the facts of a request.
//!
//! A missing fact makes a condition [`Truth::Unknown`], and `not` keeps it so. Only at the top does
//! a limit read unknown as true and a route as false, so no nesting can turn ignorance into egress.

use std::ops::Not;

use compact_str::CompactString;
use regex::Regex;

use super::CheckId;
use super::cel::Cel;
use super::facts::{Criticality, Facts, Quality, Surface, Weekday};
use super::vocabulary::{Fact, NumberFact, TextFact, TextValue, Unit, WordFact};
use crate::inspect::{LabelSet, Lang, Level, Scan, Task};
use crate::money::NanoUsd;

/// True, false, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// A compiled `when`.
#[derive(Clone, Debug)]
pub(super) enum When {
    Always,
    Check(CheckId),
    All(Box<[When]>),
    Any(Box<[When]>),
    Not(Box<When>),
}

/// One matcher on one fact.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) fact: Fact,
    pub(super) test: Test,
    /// The condition as the policy says it, such as `task.type in [code, reasoning]`.
    pub(super) said: Box<str>,
}

/// What a check asks of its fact. Words and numbers are sets and intervals, so that two conditions
/// can be compared exactly.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// The word is one of these (a bit for each word of the fact's domain).
    Words { accepted: u32, when_unknown: Truth },
    /// The number is in this interval, both ends included.
    Range { low: i128, high: i128 },
    /// The text is one of these.
    OneOf(Box<[Box<str>]>),
    /// The text begins so.
    StartsWith(Box<str>),
    /// The whole text has this shape.
    Matches(Regex),
    /// At least one of these labels was found.
    AnyOf(LabelSet),
    /// Each of these labels was found.
    AllOf(LabelSet),
    /// The fact is not known.
    IsUnknown,
    /// An expression that reads this fact first, and maybe others. Nothing else is known of it.
    Cel(Box<Cel>),
}

/// What a condition saw, kept for the explanation. Never the text of a prompt or a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The fact was not known.
    Unknown,
    /// The client did not set it.
    Absent,
    /// A header or metadata field was set; its value is the client's business.
    Hidden,
    /// A word of a closed list.
    Word(&'static str),
    /// A number.
    Number(i128, Unit),
    /// A name from the configuration, or the model that was asked for.
    Text(CompactString),
    /// The labels found, and how much was read.
    Labels(LabelSet, Scan),
    /// Several facts, by name.
    Each(Box<[(Box<str>, Seen)]>),
}

/// The facts of a request with what follows from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) sensitivity: Level,
}

/// A truth, and the check that settled it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) truth: Truth,
    pub(super) by: Option<CheckId>,
}

impl When {
    /// Whether it holds. The settling check of `all` is the first that failed, of `any` the first
    /// that held, and otherwise the first there is.
    pub(super) fn verdict(&self, checks: &[Check], context: Context<'_>) -> Verdict {
        match self {
            Self::Always => Verdict { truth: Truth::True, by: None },
            Self::Check(id) => {
                let check = checks.get(id.0);
                let truth = check.map_or(Truth::Unknown, |check| check.truth(context));
                Verdict { truth, by: Some(*id) }
            }
            Self::All(parts) => combine(parts, Truth::False, checks, context),
            Self::Any(parts) => combine(parts, Truth::True, checks, context),
            Self::Not(part) => {
                let inner = part.verdict(checks, context);
                Verdict { truth: !inner.truth, by: inner.by }
            }
        }
    }
}

/// `all` ends at the first false part, `any` at the first true one; else an unknown part counts.
fn combine(parts: &[When], ending: Truth, checks: &[Check], context: Context<'_>) -> Verdict {
    let mut result: Option<Verdict> = None;
    for part in parts {
        let verdict = part.verdict(checks, context);
        if verdict.truth == ending {
            return verdict;
        }
        let known_so_far = result.is_none_or(|result| result.truth != Truth::Unknown);
        if result.is_none() || (known_so_far && verdict.truth == Truth::Unknown) {
            result = Some(verdict);
        }
    }
    result.unwrap_or(Verdict { truth: !ending, by: None })
}

impl Check {
    /// The facts that it reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = &Fact> {
        let others = if let Test::Cel(cel) = &self.test {
            cel.reads.get(1..).unwrap_or_default()
        } else {
            &[]
        };
        std::iter::once(&self.fact).chain(others.iter().map(|(_, fact)| fact))
    }

    fn truth(&self, context: Context<'_>) -> Truth {
        if let Test::Cel(cel) = &self.test {
            return cel.truth(context);
        }
        match &self.fact {
            Fact::Word(fact) => self.word(fact.read(context)),
            Fact::Number(fact) => self.number(fact.read(context.facts)),
            Fact::Text(fact) => self.text(fact.read(context.facts)),
            Fact::Labels => self.labels(context.facts.data.labels, context.facts.data.scan),
        }
    }

    fn word(&self, value: Option<u32>) -> Truth {
        match (&self.test, value) {
            (Test::IsUnknown, value) => value.is_none().into(),
            (Test::Words { accepted, .. }, Some(index)) => (accepted >> index & 1 == 1).into(),
            (Test::Words { when_unknown, .. }, None) => *when_unknown,
            _ => Truth::Unknown,
        }
    }

    fn number(&self, value: Option<i128>) -> Truth {
        match (&self.test, value) {
            (Test::IsUnknown, value) => value.is_none().into(),
            (Test::Range { low, high }, Some(number)) => (*low..=*high).contains(&number).into(),
            _ => Truth::Unknown,
        }
    }

    fn text(&self, value: TextValue<'_>) -> Truth {
        let text = match value {
            TextValue::Known(text) => text,
            TextValue::Absent => return matches!(self.test, Test::IsUnknown).into(),
            TextValue::Unknown if matches!(self.test, Test::IsUnknown) => return Truth::True,
            TextValue::Unknown => return Truth::Unknown,
        };
        match &self.test {
            Test::IsUnknown => Truth::False,
            Test::OneOf(words) => words.iter().any(|word| **word == *text).into(),
            Test::StartsWith(start) => text.starts_with(&**start).into(),
            Test::Matches(shape) => shape.is_match(text).into(),
            Test::Words { .. }
            | Test::Range { .. }
            | Test::AnyOf(_)
            | Test::AllOf(_)
            | Test::Cel(_) => Truth::Unknown,
        }
    }

    /// What was found is certain; what was not found is certain only if everything was read.
    fn labels(&self, found: LabelSet, scan: Scan) -> Truth {
        let holds = match &self.test {
            Test::IsUnknown => return (scan != Scan::Complete).into(),
            Test::AnyOf(wanted) => wanted.intersects(found),
            Test::AllOf(wanted) => wanted.iter().all(|label| found.contains(label)),
            Test::Words { .. }
            | Test::Range { .. }
            | Test::OneOf(_)
            | Test::StartsWith(_)
            | Test::Matches(_)
            | Test::Cel(_) => return Truth::Unknown,
        };
        match (holds, scan) {
            (true, _) => Truth::True,
            (false, Scan::Complete) => Truth::False,
            (false, Scan::Partial | Scan::Uninspected) => Truth::Unknown,
        }
    }

    /// The value of the fact, for the explanation.
    pub(super) fn seen(&self, context: Context<'_>) -> Seen {
        if let Test::Cel(cel) = &self.test { cel.seen(context) } else { seen(&self.fact, context) }
    }
}

/// The value of a fact, for the explanation.
pub(super) fn seen(fact: &Fact, context: Context<'_>) -> Seen {
    match fact {
        Fact::Word(fact) => fact
            .read(context)
            .and_then(|index| fact.words().get(usize::try_from(index).ok()?).copied())
            .map_or(Seen::Unknown, Seen::Word),
        Fact::Number(fact) => fact
            .read(context.facts)
            .map_or(Seen::Unknown, |number| Seen::Number(number, fact.unit())),
        Fact::Text(fact) => match fact.read(context.facts) {
            TextValue::Unknown => Seen::Unknown,
            TextValue::Absent => Seen::Absent,
            TextValue::Known(_) if fact.is_set_by_client() => Seen::Hidden,
            TextValue::Known(text) => Seen::Text(text.chars().take(64).collect()),
        },
        Fact::Labels => Seen::Labels(context.facts.data.labels, context.facts.data.scan),
    }
}

impl WordFact {
    /// Which word of [`WordFact::words`] the request has; `None` when it is not known.
    pub(super) fn read(self, context: Context<'_>) -> Option<u32> {
        let facts = context.facts;
        match self {
            Self::Sensitivity => place(&Level::ALL, context.sensitivity),
            Self::Declared => place(&Level::ALL, facts.data.declared?),
            Self::Scan => {
                place(&[Scan::Complete, Scan::Partial, Scan::Uninspected], facts.data.scan)
            }
            // The task called `unknown` is not a word: it is the state of not knowing.
            Self::Task => place(&Task::ALL, facts.task?.task)
                .filter(|_| facts.task.is_some_and(|guess| guess.task != Task::Unknown)),
            Self::Lang => place(&[Lang::En, Lang::Zh, Lang::Other], facts.lang?),
            Self::Criticality => place(Criticality::ALL, facts.caller.criticality?),
            Self::Quality => place(Quality::ALL, facts.request.quality?),
            Self::Surface => place(Surface::ALL, facts.request.surface),
            Self::Weekday => place(Weekday::ALL, facts.time?.weekday),
            Self::Stream => Some(facts.request.stream.into()),
            Self::Tools => Some(facts.request.tools.into()),
            Self::Images => Some(facts.request.images.into()),
            Self::LocalFits => Some(facts.local.fits?.into()),
            Self::LocalHealthy => Some(facts.local.healthy?.into()),
        }
    }
}

/// The place of a value in its closed list, which has the order of [`WordFact::words`].
fn place<T: PartialEq>(all: &[T], value: T) -> Option<u32> {
    u32::try_from(all.iter().position(|other| *other == value)?).ok()
}

/// A share between 0 and 1 in millionths, rounded; `None` for what is not a number.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "clamped before")]
fn millionths(share: f32) -> Option<i128> {
    if share.is_nan() {
        return None;
    }
    Some((f64::from(share).clamp(0.0, 1.0) * 1e6).round() as i128)
}

/// How full a budget is, in millionths of its limit, rounded down: 1,000,000 means used up.
fn used(used: NanoUsd, limit: NanoUsd) -> i128 {
    let full = used.nanos().max(0).saturating_mul(1_000_000);
    full.checked_div(limit.nanos().max(0)).unwrap_or(1_000_000)
}

impl NumberFact {
    /// The value in its unit; `None` when it is not known.
    pub(super) fn read(&self, facts: &Facts<'_>) -> Option<i128> {
        match self {
            Self::TaskConfidence => millionths(facts.task?.confidence),
            Self::TokensInput => Some(facts.tokens.input.wide()),
            Self::TokensOutputMax => Some(facts.tokens.output_max?.wide()),
            Self::CostEstimate => dearest(facts),
            Self::BudgetUsed(index) => {
                Some(facts.budgets.get(*index).map_or(1_000_000, |budget| {
                    let share = used(budget.used, budget.limit);
                    if budget.refused { share.max(1_000_000) } else { share }
                }))
            }
            Self::BudgetLeft(index) => Some(facts.budgets.get(*index).map_or(0, |budget| {
                if budget.refused { 0 } else { budget.limit.less(budget.used).nanos() }
            })),
            Self::UnkRatio => millionths(facts.local.unk_ratio?),
            Self::QueueMs => Some(i128::from(facts.local.queue_ms?)),
            Self::Hour => Some(i128::from(facts.time?.hour)),
            Self::Draw => Some(i128::from(facts.request.draw?)),
        }
    }
}

/// The most that this request can cost at any target; not known when a price is missing.
fn dearest(facts: &Facts<'_>) -> Option<i128> {
    let mut most = 0;
    for target in &facts.targets {
        match target.cost_estimate {
            super::Estimate::Known(cost) => most = most.max(cost.nanos()),
            super::Estimate::Unpriced => return None,
        }
    }
    Some(most)
}

impl TextFact {
    /// The text, or how it is missing.
    pub(super) fn read<'a>(&self, facts: &Facts<'a>) -> TextValue<'a> {
        let known = |text: Option<&'a str>| text.map_or(TextValue::Unknown, TextValue::Known);
        let set = |text: Option<&'a String>| {
            text.map_or(TextValue::Absent, |text| TextValue::Known(text))
        };
        match self {
            Self::CallerId => TextValue::Known(facts.caller.id),
            Self::Team => known(facts.caller.team),
            Self::Key => known(facts.caller.key),
            Self::Region => known(facts.caller.region),
            Self::Model => TextValue::Known(facts.request.model),
            Self::Header(name) => set(facts.headers.get(&**name)),
            Self::Metadata(name) => set(facts.metadata.get(&**name)),
        }
    }
}
