//! The closed list of facts that a policy can ask about, with type, meaning and source.
//!
//! One table, from which names are resolved, suggestions made and documentation printed. To add a
//! fact: a line in [`VOCABULARY`], a variant of its kind, and how it is read (`condition.rs`).

use crate::inspect::{Level, Task};

/// A fact, by the kind of value it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Word(WordFact),
    Number(NumberFact),
    Text(TextFact),
    Labels,
}

/// Facts whose value is a word of a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WordFact {
    Sensitivity,
    Declared,
    Scan,
    Task,
    Lang,
    Criticality,
    Quality,
    Surface,
    Weekday,
    Stream,
    Tools,
    Images,
    LocalFits,
    LocalHealthy,
}

/// Facts whose value is a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NumberFact {
    TaskConfidence,
    TokensInput,
    TokensOutputMax,
    CostEstimate,
    BudgetUsed(usize),
    BudgetLeft(usize),
    UnkRatio,
    QueueMs,
    Hour,
    Draw,
}

/// Facts whose value is free text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TextFact {
    CallerId,
    Team,
    Key,
    Region,
    Model,
    Header(Box<str>),
    Metadata(Box<str>),
}

/// A text fact of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum TextValue<'a> {
    Known(&'a str),
    /// The client did not set it, which is something that we know.
    Absent,
    Unknown,
}

/// What a number counts. Shares are kept in millionths, money in nano-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Tokens.
    Tokens,
    /// A share from 0 to 1.
    Share,
    /// A share written as a percentage; may exceed 100%.
    Percent,
    /// Dollars.
    Usd,
    /// Milliseconds.
    Milliseconds,
    /// An hour of the day, 0 to 23.
    Hour,
}

/// The words of yes-or-no facts.
const TRUTHS: &[&str] = &["false", "true"];

/// The levels, in order.
const LEVELS: &[&str] = &[
    Level::Public.name(),
    Level::Internal.name(),
    Level::Confidential.name(),
    Level::Restricted.name(),
];

/// The tasks without `unknown`, which is the state of not knowing.
const TASKS: &[&str] = &[
    Task::Summarize.name(),
    Task::Classify.name(),
    Task::Extract.name(),
    Task::QaContext.name(),
    Task::QaOpen.name(),
    Task::Translate.name(),
    Task::Rewrite.name(),
    Task::Code.name(),
    Task::Reasoning.name(),
    Task::Creative.name(),
    Task::Brainstorm.name(),
    Task::Chat.name(),
];

impl WordFact {
    /// The closed list of words, in order.
    pub(super) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Sensitivity | Self::Declared => LEVELS,
            Self::Scan => &["complete", "partial", "uninspected"],
            Self::Task => TASKS,
            Self::Lang => &["en", "zh", "other"],
            Self::Criticality => &["core", "non-core"],
            Self::Quality => &["standard", "best"],
            Self::Surface => &["chat", "completions", "responses", "embeddings", "messages"],
            Self::Weekday => {
                &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
            }
            Self::Stream | Self::Tools | Self::Images | Self::LocalFits | Self::LocalHealthy => {
                TRUTHS
            }
        }
    }

    /// What one of the words is called in an error message.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Sensitivity | Self::Declared => "level",
            Self::Scan => "scan state",
            Self::Task => "task",
            Self::Lang => "language",
            Self::Criticality => "criticality",
            Self::Quality => "quality",
            Self::Surface => "surface",
            Self::Weekday => "weekday",
            Self::Stream | Self::Tools | Self::Images | Self::LocalFits | Self::LocalHealthy => {
                "truth value"
            }
        }
    }

    /// Whether "at least" has a meaning.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, Self::Sensitivity | Self::Declared | Self::Weekday)
    }

    /// Whether the words are `true` and `false`.
    pub(super) const fn is_truth(self) -> bool {
        matches!(
            self,
            Self::Stream | Self::Tools | Self::Images | Self::LocalFits | Self::LocalHealthy
        )
    }
}

impl NumberFact {
    /// What the number counts.
    pub(super) const fn unit(&self) -> Unit {
        match self {
            Self::TaskConfidence | Self::UnkRatio | Self::Draw => Unit::Share,
            Self::TokensInput | Self::TokensOutputMax => Unit::Tokens,
            Self::CostEstimate | Self::BudgetLeft(_) => Unit::Usd,
            Self::BudgetUsed(_) => Unit::Percent,
            Self::QueueMs => Unit::Milliseconds,
            Self::Hour => Unit::Hour,
        }
    }
}

impl TextFact {
    /// Whether the client can set it to anything it likes.
    pub(super) const fn is_set_by_client(&self) -> bool {
        matches!(self, Self::Header(_) | Self::Metadata(_))
    }
}

/// One fact for people: its name, what it means and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct FactWords {
    /// As in a policy; `<name>` stands for a budget, header or field.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Who says it.
    pub source: &'static str,
}

macro_rules! vocabulary {
    ($($name:literal = $fact:expr, $meaning:literal, $source:literal;)*) => {
        /// Every fact with a fixed name, in the order of the documentation.
        pub const VOCABULARY: &[FactWords] = &[
            $(FactWords { name: $name, meaning: $meaning, source: $source },)*
        ];

        /// The fact with this fixed name.
        fn fixed(name: &str) -> Option<Fact> {
            match name {
                $($name => Some($fact),)*
                _ => None,
            }
        }
    };
}

vocabulary! {
    "data.sensitivity" = Fact::Word(WordFact::Sensitivity),
        "the highest of the levels found, the default, the caller's floor and the declared level; \
         restricted unless everything was read", "inspection";
    "data.labels" = Fact::Labels, "the kinds of sensitive values found", "inspection";
    "data.scan" = Fact::Word(WordFact::Scan), "how much was read", "inspection";
    "data.declared" = Fact::Word(WordFact::Declared), "the level that the client declares", "client";
    "task.type" = Fact::Word(WordFact::Task), "what the caller wants done", "inspection";
    "task.confidence" = Fact::Number(NumberFact::TaskConfidence), "how sure that is, 0 to 1", "inspection";
    "tokens.input" = Fact::Number(NumberFact::TokensInput), "prompt tokens, estimated", "inspection";
    "tokens.output_max" = Fact::Number(NumberFact::TokensOutputMax), "the longest answer allowed", "client";
    "cost.estimate_usd" = Fact::Number(NumberFact::CostEstimate),
        "the most that the request can cost at any target", "price book";
    "caller.id" = Fact::Text(TextFact::CallerId), "the caller's name", "API key";
    "caller.team" = Fact::Text(TextFact::Team), "the team that pays", "API key";
    "caller.key" = Fact::Text(TextFact::Key), "the id of the key", "API key";
    "caller.criticality" = Fact::Word(WordFact::Criticality),
        "whether the business stops without it", "API key";
    "caller.region" = Fact::Text(TextFact::Region), "where the caller is", "API key";
    "request.model" = Fact::Text(TextFact::Model), "the model asked for", "client";
    "request.surface" = Fact::Word(WordFact::Surface), "the API used", "listener";
    "request.stream" = Fact::Word(WordFact::Stream), "whether the answer streams", "client";
    "request.tools" = Fact::Word(WordFact::Tools), "whether tools are offered", "client";
    "request.images" = Fact::Word(WordFact::Images), "whether pictures are attached", "client";
    "request.quality" = Fact::Word(WordFact::Quality), "how good the answer must be", "client";
    "request.draw" = Fact::Number(NumberFact::Draw),
        "where the conversation falls between 0 and 1, drawn once for all its turns", "gateway";
    "lang" = Fact::Word(WordFact::Lang), "the main language", "inspection";
    "local.fits" = Fact::Word(WordFact::LocalFits), "whether the prompt fits the local model", "engine";
    "local.unk_ratio" = Fact::Number(NumberFact::UnkRatio),
        "the share of the prompt that the local tokenizer cannot represent", "engine";
    "local.queue_ms" = Fact::Number(NumberFact::QueueMs), "how long a request would wait", "engine";
    "local.healthy" = Fact::Word(WordFact::LocalHealthy), "whether the engine is up", "engine";
    "time.hour" = Fact::Number(NumberFact::Hour), "0 to 23, local time", "clock";
    "time.weekday" = Fact::Word(WordFact::Weekday), "the day of the week", "clock";
}

/// Finds a fact by its name in a policy; budgets by their place in `budgets`.
pub(super) fn find(name: &str, budgets: &[&str]) -> Option<Fact> {
    if let Some(header) = name.strip_prefix("header.") {
        let named = !header.is_empty();
        return named.then(|| Fact::Text(TextFact::Header(header.to_lowercase().into())));
    }
    if let Some(field) = name.strip_prefix("metadata.") {
        return (!field.is_empty()).then(|| Fact::Text(TextFact::Metadata(field.into())));
    }
    if let Some((budget, what)) =
        name.strip_prefix("budget.").and_then(|rest| rest.rsplit_once('.'))
    {
        let index = budgets.iter().position(|name| *name == budget)?;
        return match what {
            "used" => Some(Fact::Number(NumberFact::BudgetUsed(index))),
            "left_usd" => Some(Fact::Number(NumberFact::BudgetLeft(index))),
            _ => None,
        };
    }
    fixed(name)
}

/// Every name that [`find`] knows, for suggestions.
pub(super) fn names(budgets: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = VOCABULARY.iter().map(|words| words.name.to_owned()).collect();
    for budget in budgets {
        names.push(format!("budget.{budget}.used"));
        names.push(format!("budget.{budget}.left_usd"));
    }
    names
}
