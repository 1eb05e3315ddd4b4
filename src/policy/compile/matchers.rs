//! Matchers: what may be asked of each kind of fact, with units and closed lists checked.
//!
//! A matcher becomes a set of words or an interval of numbers wherever it can, because those can be
//! compared exactly when rules are checked against each other.

use regex::{Regex, RegexBuilder};

use super::super::condition::{Test, Truth, When};
use super::super::vocabulary::{Fact, NumberFact, TextFact, Unit, WordFact};
use super::Compiler;
use super::conditions::{Nest, Polarity, Stage};
use super::words::Define;
use crate::money::NanoUsd;
use crate::yaml::{Cursor, Key, Value};

const WORD_MATCHERS: &[&str] = &["is", "is_not", "in", "none_of"];
const ORDERED_MATCHERS: &[&str] =
    &["is", "is_not", "in", "none_of", "at_least", "at_most", "above", "below", "between"];
const NUMBER_MATCHERS: &[&str] =
    &["is", "is_not", "at_least", "at_most", "above", "below", "between"];
const TEXT_MATCHERS: &[&str] = &["is", "is_not", "in", "none_of", "starts_with", "matches"];
const LABEL_MATCHERS: &[&str] = &["any_of", "all_of", "none_of", "is", "is_not"];

/// The state of not knowing, which `is` and `is_not` can name for every fact.
pub(super) const UNKNOWN: &str = "unknown";

/// The matchers that a fact can be asked with.
pub(super) const fn known_matchers(fact: &Fact) -> &'static [&'static str] {
    match fact {
        Fact::Word(word) if word.is_ordered() => ORDERED_MATCHERS,
        Fact::Word(_) => WORD_MATCHERS,
        Fact::Number(_) => NUMBER_MATCHERS,
        Fact::Text(_) => TEXT_MATCHERS,
        Fact::Labels => LABEL_MATCHERS,
    }
}

/// A fact with its name in the policy.
type Named<'a> = (&'a str, &'a Fact);

impl Compiler<'_> {
    /// Each matcher of a fact as a condition.
    pub(super) fn matchers(&mut self, fact: Named<'_>, at: &Cursor<'_>, nest: Nest) -> Vec<When> {
        let known = known_matchers(fact.1);
        if !matches!(at.node.value, Value::Map(_)) {
            let message = format!("`{}` needs a matcher", fact.0);
            let example = known.first().copied().unwrap_or("is");
            let value = short(&at.node.value);
            self.reader.wrong_with_help(at, message, format!("write `{{ {example}: {value} }}`"));
            return Vec::new();
        }
        let entries = self.reader.distinct(at).unwrap_or_default();
        if entries.is_empty() {
            self.reader.wrong(at, format!("`{}` has no matcher", fact.0));
        }
        let mut conditions = Vec::new();
        for (key, value) in entries {
            if known.contains(&key.text.as_str()) {
                conditions.extend(self.matcher(fact, (key, &value), nest));
            } else {
                self.wrong_matcher(fact.0, (key, &value), known);
            }
        }
        conditions
    }

    /// A matcher that exists for other facts is not misspelt; one that does not may be.
    fn wrong_matcher(&mut self, fact: &str, (key, value): (&Key, &Cursor<'_>), known: &[&str]) {
        let every = [ORDERED_MATCHERS, TEXT_MATCHERS, LABEL_MATCHERS];
        if every.iter().any(|matchers| matchers.contains(&key.text.as_str())) {
            let message = format!("`{}` cannot be asked of `{fact}`", key.text);
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let help = format!("known here: {}", known.join(", "));
            self.reader.report(key.span, &value.path, message, Some(help));
        } else {
            let kind = format!("matcher for `{fact}`:");
            self.reader.unknown_key(key, (&kind, &value.path), known.iter().copied());
        }
    }

    pub(super) fn matcher(
        &mut self,
        (name, fact): Named<'_>,
        (key, value): (&Key, &Cursor<'_>),
        nest: Nest,
    ) -> Option<When> {
        let matcher = key.text.as_str();
        let said = format!("{name} {} {}", matcher.replace('_', " "), short(&value.node.value));
        if let Fact::Text(text) = fact {
            self.check_narrowing(text, (key, value), nest);
        }
        let is_unknown = matches!(&value.node.value, Value::Text(text) if text == UNKNOWN);
        if is_unknown && matches!(matcher, "is" | "is_not") {
            let check = self.check(fact, Test::IsUnknown, said);
            return Some(if matcher == "is" { check } else { When::Not(Box::new(check)) });
        }
        let (test, turned) = match fact {
            Fact::Word(word) => (self.word_test(*word, matcher, value)?, false),
            Fact::Number(number) => {
                (self.number_test(number, matcher, value)?, matcher == "is_not")
            }
            Fact::Text(text) => {
                let turned = matches!(matcher, "is_not" | "none_of");
                (self.text_test(text, matcher, value)?, turned)
            }
            Fact::Labels => (self.label_test(matcher, value)?, matcher == "none_of"),
        };
        let check = self.check(fact, test, said);
        Some(if turned { When::Not(Box::new(check)) } else { check })
    }

    /// What the client sets can only add limits: a condition that a header could turn off is one
    /// that a client could escape.
    fn check_narrowing(&mut self, fact: &TextFact, at: (&Key, &Cursor<'_>), nest: Nest) {
        let (key, value) = at;
        let is_positive = matches!(key.text.as_str(), "is" | "in" | "starts_with" | "matches");
        let asks_unknown = matches!(&value.node.value, Value::Text(text) if text == UNKNOWN);
        let escapable = !is_positive || asks_unknown || nest.polarity == Polarity::Negated;
        if nest.stage == Stage::Limits
            && fact.is_set_by_client()
            && escapable
            && !self.is_trusted(fact)
        {
            let message = "a client could escape this limit by what it sends".to_owned();
            let help = "use `is`, `in`, `starts_with` or `matches` outside `not`".to_owned();
            self.reader.report(key.span, &value.path, message, Some(help));
        }
    }

    fn word_test(&mut self, fact: WordFact, matcher: &str, at: &Cursor<'_>) -> Option<Test> {
        let count = u32::try_from(fact.words().len()).ok()?;
        let every = (1_u32 << count) - 1;
        // All words from `low` to `high`, both included.
        let span = |low: u32, high: u32| every & (u32::MAX << low) & !(u32::MAX << high << 1);
        let mut when_unknown = Truth::Unknown;
        let accepted = match matcher {
            "is" => 1 << self.word(fact, at)?,
            "is_not" => every & !(1 << self.word(fact, at)?),
            "in" | "none_of" => {
                let (listed, names_unknown) = self.word_list(fact, at)?;
                if names_unknown {
                    when_unknown = (matcher == "in").into();
                }
                if matcher == "in" { listed } else { every & !listed }
            }
            "at_least" => span(self.word(fact, at)?, count - 1),
            "at_most" => span(0, self.word(fact, at)?),
            "above" => every & !span(0, self.word(fact, at)?),
            "below" => every & !span(self.word(fact, at)?, count - 1),
            _ => {
                let (low, high) = self.pair(at)?;
                span(self.word(fact, &low)?, self.word(fact, &high)?)
            }
        };
        if accepted == 0 && when_unknown != Truth::True {
            self.reader.wrong(at, "no value is left that could match here");
        }
        Some(Test::Words { accepted, when_unknown })
    }

    /// The place of a word in the closed list of its fact.
    fn word(&mut self, fact: WordFact, at: &Cursor<'_>) -> Option<u32> {
        let words = fact.words();
        if fact.is_truth() {
            return self.reader.truth(at).map(u32::from);
        }
        let text = self.reader.text(at)?;
        let found = words.iter().position(|word| *word == text);
        if found.is_none() {
            self.reader.unknown_word(at, (fact.noun(), text), words.iter().copied());
        }
        found.and_then(|index| u32::try_from(index).ok())
    }

    /// The listed words as bits, and whether `unknown` is among them.
    fn word_list(&mut self, fact: WordFact, at: &Cursor<'_>) -> Option<(u32, bool)> {
        let (mut listed, mut names_unknown) = (0, false);
        for item in self.reader.one_or_list(at) {
            if let Value::Text(text) = &item.node.value {
                if text == UNKNOWN {
                    names_unknown = true;
                    continue;
                }
                if let Some(Define::Words(words)) = self.defines.get(text) {
                    let words = words.clone();
                    for word in words {
                        match fact.words().iter().position(|known| *known == word) {
                            Some(index) => listed |= 1 << index,
                            None if word == UNKNOWN => names_unknown = true,
                            None => {
                                let noun = fact.noun();
                                let message = format!("`{word}` in `{text}` is not a {noun}");
                                self.reader.wrong(&item, message);
                            }
                        }
                    }
                    continue;
                }
            }
            listed |= 1 << self.word_or_define(fact, &item)?;
        }
        Some((listed, names_unknown))
    }

    /// Like [`Self::word`], but the policy's own words are suggested, too.
    fn word_or_define(&mut self, fact: WordFact, at: &Cursor<'_>) -> Option<u32> {
        if let Value::Text(text) = &at.node.value
            && !fact.is_truth()
            && !fact.words().contains(&text.as_str())
        {
            let own = self.defines.keys().map(String::as_str);
            let known: Vec<&str> = fact.words().iter().copied().chain(own).collect();
            self.reader.unknown_word(at, (fact.noun(), text), known);
            return None;
        }
        self.word(fact, at)
    }

    fn pair<'n>(&mut self, at: &Cursor<'n>) -> Option<(Cursor<'n>, Cursor<'n>)> {
        let items = self.reader.list(at)?;
        if let [low, high] = items.as_slice() {
            return Some((low.clone(), high.clone()));
        }
        let message = "expected the lowest and the highest value".to_owned();
        self.reader.wrong_with_help(at, message, "write `between: [low, high]`");
        None
    }

    fn number_test(&mut self, fact: &NumberFact, matcher: &str, at: &Cursor<'_>) -> Option<Test> {
        let unit = fact.unit();
        let (low, high) = match matcher {
            "is" | "is_not" => {
                let number = self.number(unit, at)?;
                (number, number)
            }
            "at_least" => (self.number(unit, at)?, i128::MAX),
            "at_most" => (i128::MIN, self.number(unit, at)?),
            "above" => (self.number(unit, at)?.saturating_add(1), i128::MAX),
            "below" => (i128::MIN, self.number(unit, at)?.saturating_sub(1)),
            _ => {
                let (low, high) = self.pair(at)?;
                (self.number(unit, &low)?, self.number(unit, &high)?)
            }
        };
        if low > high || high < 0 {
            self.reader.wrong(at, "no value is left that could match here");
        }
        Some(Test::Range { low, high })
    }

    /// A number in the unit of its fact.
    pub(super) fn number(&mut self, unit: Unit, at: &Cursor<'_>) -> Option<i128> {
        match unit {
            Unit::Tokens | Unit::Milliseconds => {
                self.reader.whole(at, u64::from(u32::MAX)).map(i128::from)
            }
            Unit::Hour => self.reader.whole(at, 23).map(i128::from),
            Unit::Usd => self.reader.usd(at).map(NanoUsd::nanos),
            Unit::Share => {
                let written = at.node.value.as_number();
                let share = written.and_then(millionths).filter(|share| *share <= 1_000_000);
                if share.is_none() {
                    let message = "expected a share from 0 to 1".to_owned();
                    self.reader.wrong_with_help(at, message, "write it like `0.6`");
                }
                share
            }
            Unit::Percent => {
                let share = at.node.value.as_text().and_then(percent_millionths);
                if share.is_none() {
                    let help = at.node.value.as_number().map_or_else(
                        || "write it like `80%`".to_owned(),
                        |written| format!("write it with its unit: `{written}%`"),
                    );
                    self.reader.wrong_with_help(at, "expected a percentage".to_owned(), help);
                }
                share
            }
        }
    }

    fn text_test(&mut self, fact: &TextFact, matcher: &str, at: &Cursor<'_>) -> Option<Test> {
        match matcher {
            "starts_with" => Some(Test::StartsWith(self.reader.sentence(at)?.into())),
            "matches" => self.shape(at).map(Test::Matches),
            "is" | "is_not" => {
                let text = self.reader.text(at)?;
                self.check_team(fact, at, text);
                Some(Test::OneOf([text.into()].into()))
            }
            _ => {
                let mut words: Vec<Box<str>> = Vec::new();
                for item in self.reader.one_or_list(at) {
                    let Some(text) = self.reader.text(&item) else { continue };
                    if let Some(Define::Words(others)) = self.defines.get(text) {
                        words.extend(others.iter().map(|word| word.as_str().into()));
                    } else {
                        self.check_team(fact, &item, text);
                        words.push(text.into());
                    }
                }
                Some(Test::OneOf(words.into()))
            }
        }
    }

    /// A team that no caller belongs to is probably misspelt, but may join later.
    fn check_team(&mut self, fact: &TextFact, at: &Cursor<'_>, text: &str) {
        let teams = &self.world.teams;
        if *fact == TextFact::Team && !teams.is_empty() && !teams.iter().any(|team| team == text) {
            let near = crate::yaml::suggest(text, teams.iter().map(String::as_str));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            self.reader.warn(at, format!("no caller is in a team `{text}`"), help);
        }
    }

    /// A regular expression for the whole value.
    fn shape(&mut self, at: &Cursor<'_>) -> Option<Regex> {
        let text = self.reader.sentence(at)?;
        let whole = format!("^(?:{text})$");
        let shape = RegexBuilder::new(&whole).size_limit(1 << 20).build();
        if shape.is_err() {
            let message = "this is not a regular expression, or too large a one".to_owned();
            self.reader.wrong_with_help(at, message, "it must match the whole value: `legal-.*`");
        }
        shape.ok()
    }

    fn label_test(&mut self, matcher: &str, at: &Cursor<'_>) -> Option<Test> {
        if matches!(matcher, "is" | "is_not") {
            let message = "labels are a set, so they are not compared with `is`".to_owned();
            self.reader.wrong_with_help(at, message, "use `any_of`, `all_of` or `none_of`");
            return None;
        }
        let labels = self.labels(at);
        Some(if matcher == "all_of" { Test::AllOf(labels) } else { Test::AnyOf(labels) })
    }
}

/// A decimal number in millionths, exact.
pub(super) fn millionths(written: &str) -> Option<i128> {
    let nanos = NanoUsd::from_decimal_usd(written)?.nanos();
    (nanos % 1_000 == 0).then_some(nanos / 1_000)
}

/// A percentage such as `80%` in millionths.
pub(super) fn percent_millionths(text: &str) -> Option<i128> {
    let number = millionths(text.trim().strip_suffix('%')?.trim_end())?;
    (number % 100 == 0).then_some(number / 100)
}

/// A value as the policy says it, for explanations and suggestions.
fn short(value: &Value) -> String {
    match value {
        Value::Null => "…".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(text) | Value::Text(text) => text.clone(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| short(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(_) => "{…}".to_owned(),
    }
}
