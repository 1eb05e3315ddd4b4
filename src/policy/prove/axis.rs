//! What can differ between two requests, and the finitely many values of it that a policy tells apart.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few that are special are named; the rest is treated alike"
)]

use super::super::split::DRAWS;
use super::super::vocabulary::{NumberFact, TextFact, WordFact};
use super::super::{Policy, TargetId};
use crate::inspect::{Confidence, Label, Level};
use crate::money::NanoUsd;

/// One thing that can differ between two requests. What is earlier is kept ordinary more stubbornly
/// when an example is looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Axis {
    /// Whether a target can take the request.
    Able(TargetId),
    /// The most that the request costs at a target.
    Cost(TargetId),
    /// A condition that cannot be looked into, by what it says.
    Opaque(String),
    Number(NumberFact),
    Text(TextFact),
    Word(WordFact),
    /// What is spent of a budget, by its name.
    Budget(String),
    /// Whether there are many values of a kind.
    Many(Label),
    /// The caller's floor.
    Floor,
    Scan,
    /// Whether values of a kind were found, and how sure that is.
    Found(Label),
    Declared,
}

/// A value, or many values that no condition of the policy tells apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// The fact is not known.
    Unknown,
    /// The client did not set it.
    Absent,
    /// This word of the fact's list.
    Word(usize),
    /// A number from the one to the other, both included.
    Span(i128, i128),
    /// This text.
    Text(String),
    /// Any text that the policy does not name, and that begins so (with nothing longer that the
    /// policy names).
    Other(String),
    /// It holds, or not.
    Holds(bool),
    /// Found, and how sure; `None` when not.
    Found(Option<Confidence>),
    /// A level; `None` when none is stated.
    Stated(Option<Level>),
}

/// The largest amount of money that is thought of, in nano-dollars.
const NANOS_MAX: i128 = 1_000_000_000_000_000_000_000_000;

/// What a remote target costs in an ordinary request.
const REMOTE_COST: i128 = 1_000_000;

impl Axis {
    /// The least and the greatest number.
    pub(super) fn bounds(&self) -> (i128, i128) {
        match self {
            Self::Number(NumberFact::TaskConfidence | NumberFact::UnkRatio) => (0, 1_000_000),
            Self::Number(NumberFact::Hour) => (0, 23),
            Self::Number(NumberFact::Draw) => (0, i128::from(DRAWS) - 1),
            Self::Budget(_) | Self::Cost(_) => (0, NANOS_MAX),
            _ => (0, i128::from(u32::MAX)),
        }
    }

    /// Whether the fact may be unknown.
    pub(super) const fn may_be_unknown(&self) -> bool {
        match self {
            Self::Word(fact) => matches!(
                fact,
                WordFact::Task
                    | WordFact::Lang
                    | WordFact::Criticality
                    | WordFact::Quality
                    | WordFact::Weekday
                    | WordFact::LocalFits
                    | WordFact::LocalHealthy
            ),
            Self::Number(fact) => !matches!(fact, NumberFact::TokensInput),
            Self::Text(fact) => {
                matches!(fact, TextFact::Team | TextFact::Key | TextFact::Region)
            }
            Self::Cost(_) => true,
            _ => false,
        }
    }

    /// The number of an ordinary request; `None` when it is not known.
    pub(super) const fn ordinary_number(&self, policy: &Policy) -> Option<i128> {
        match self {
            Self::Number(NumberFact::TokensInput) => Some(100),
            Self::Budget(_) => Some(0),
            Self::Cost(target) => {
                Some(if policy.is_remote_target(*target) { REMOTE_COST } else { 0 })
            }
            _ => None,
        }
    }

    /// The text of an ordinary request; `None` when there is none.
    pub(super) const fn ordinary_text(&self) -> Option<&'static str> {
        match self {
            Self::Text(TextFact::CallerId) => Some("anonymous"),
            Self::Text(TextFact::Model) => Some("auto"),
            _ => None,
        }
    }

    /// The name of the fact, as in `--given`. Targets by the words of this policy.
    pub(super) fn name(&self, policy: &Policy) -> String {
        let target = |target: &TargetId| policy.target_name(*target).to_owned();
        match self {
            Self::Able(id) => format!("target.{}.unable", target(id)),
            Self::Cost(id) => format!("target.{}.cost_usd", target(id)),
            Self::Opaque(said) => said.clone(),
            Self::Number(fact) => number_name(fact).to_owned(),
            Self::Text(fact) => text_name(fact),
            Self::Word(fact) => word_name(*fact).to_owned(),
            Self::Budget(name) => format!("budget.{name}.used"),
            Self::Many(_) => "data.many".to_owned(),
            Self::Floor => "caller.data_floor".to_owned(),
            Self::Scan => "data.scan".to_owned(),
            Self::Found(_) => "data.labels".to_owned(),
            Self::Declared => "data.declared".to_owned(),
        }
    }
}

const fn number_name(fact: &NumberFact) -> &'static str {
    match fact {
        NumberFact::TaskConfidence => "task.confidence",
        NumberFact::TokensInput => "tokens.input",
        NumberFact::TokensOutputMax => "tokens.output_max",
        NumberFact::CostEstimate => "cost.estimate_usd",
        NumberFact::BudgetUsed(_) => "budget.used",
        NumberFact::BudgetLeft(_) => "budget.left_usd",
        NumberFact::UnkRatio => "local.unk_ratio",
        NumberFact::QueueMs => "local.queue_ms",
        NumberFact::Hour => "time.hour",
        NumberFact::Draw => "request.draw",
    }
}

const fn word_name(fact: WordFact) -> &'static str {
    match fact {
        WordFact::Sensitivity => "data.sensitivity",
        WordFact::Declared => "data.declared",
        WordFact::Scan => "data.scan",
        WordFact::Task => "task.type",
        WordFact::Lang => "lang",
        WordFact::Criticality => "caller.criticality",
        WordFact::Quality => "request.quality",
        WordFact::Surface => "request.surface",
        WordFact::Weekday => "time.weekday",
        WordFact::Stream => "request.stream",
        WordFact::Tools => "request.tools",
        WordFact::Images => "request.images",
        WordFact::LocalFits => "local.fits",
        WordFact::LocalHealthy => "local.healthy",
    }
}

/// The name of a text fact in a policy.
pub(super) fn text_name(fact: &TextFact) -> String {
    match fact {
        TextFact::CallerId => "caller.id".to_owned(),
        TextFact::Team => "caller.team".to_owned(),
        TextFact::Key => "caller.key".to_owned(),
        TextFact::Region => "caller.region".to_owned(),
        TextFact::Model => "request.model".to_owned(),
        TextFact::Header(name) => format!("header.{name}"),
        TextFact::Metadata(name) => format!("metadata.{name}"),
    }
}

/// A number in the interval that is easy to read: the one with the fewest digits that are not zero.
pub(super) fn easy(low: i128, high: i128) -> i128 {
    let mut step: i128 = 1_000_000_000;
    while step > 1 {
        let up = low.checked_add(step - 1).map_or(low, |sum| sum - sum.rem_euclid(step));
        if up >= low && up <= high && (up > 0 || low == 0) {
            return up;
        }
        step /= 10;
    }
    low
}

/// How much of a budget is used, in millionths of its limit, rounded down.
pub(super) fn share_of(used: i128, limit: NanoUsd) -> i128 {
    used.saturating_mul(1_000_000).checked_div(limit.nanos().max(0)).unwrap_or(1_000_000)
}
