//! Which names mean a model: rules over the text of a model's or a provider's name.

use std::sync::OnceLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// A condition on a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The whole name.
    Equals(String),
    /// Its beginning.
    StartsWith(String),
    /// Its end.
    EndsWith(String),
    /// Any part.
    Contains(String),
    /// A regular expression, anywhere in the name.
    Regex(Pattern),
    /// One of these rules.
    Or(Vec<Rule>),
    /// All of these rules.
    And(Vec<Rule>),
}

/// A regular expression that is compiled when first asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern {
    source: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern of this source; whether it is valid shows in [`Pattern::compiled`].
    pub fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    /// The expression; `None` if it is not one.
    pub fn compiled(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.source).ok()).as_ref()
    }
}

impl Rule {
    /// Whether the name satisfies the rule. Letters count as written.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == text,
            Self::StartsWith(text) => name.starts_with(text.as_str()),
            Self::EndsWith(text) => name.ends_with(text.as_str()),
            Self::Contains(text) => name.contains(text.as_str()),
            Self::Regex(pattern) => pattern.compiled().is_some_and(|regex| regex.is_match(name)),
            Self::Or(rules) => rules.iter().any(|rule| rule.matches(name)),
            Self::And(rules) => rules.iter().all(|rule| rule.matches(name)),
        }
    }

    /// The first expression in the rule that is not valid.
    pub fn broken_pattern(&self) -> Option<&str> {
        match self {
            Self::Regex(pattern) => pattern.compiled().is_none().then_some(&*pattern.source),
            Self::Or(rules) | Self::And(rules) => rules.iter().find_map(Self::broken_pattern),
            Self::Equals(_) | Self::StartsWith(_) | Self::EndsWith(_) | Self::Contains(_) => None,
        }
    }
}
