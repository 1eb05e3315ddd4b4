//! `when`: nested conditions, and what each stage of a policy may ask.

use super::super::CheckId;
use super::super::condition::{Check, Test, When};
use super::super::vocabulary::{self, Fact, TextFact};
use super::Compiler;
use crate::yaml::{Cursor, Key, suggest};

/// How deep `all`, `any` and `not` may stand in each other.
const NESTING_MAX: u8 = 4;

/// Which rules a condition belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Limits,
    Routes,
    /// What must never happen.
    Assertions,
}

/// Whether a condition counts as it stands or turned round by `not`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    Plain,
    Negated,
}

/// Where in a `when` a condition stands.
#[derive(Clone, Copy)]
pub(super) struct Nest {
    pub(super) stage: Stage,
    pub(super) polarity: Polarity,
    depth: u8,
}

impl Nest {
    pub(super) const fn new(stage: Stage) -> Self {
        Self { stage, polarity: Polarity::Plain, depth: 0 }
    }

    const fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    const fn negated(self) -> Self {
        let polarity = match self.polarity {
            Polarity::Plain => Polarity::Negated,
            Polarity::Negated => Polarity::Plain,
        };
        Self { polarity, ..self.deeper() }
    }
}

impl Compiler<'_> {
    /// A map of facts with their matchers, which must all hold. After a mistake the result has no
    /// meaning, but then the policy is refused.
    pub(super) fn condition(&mut self, at: &Cursor<'_>, nest: Nest) -> When {
        if nest.depth > NESTING_MAX {
            let message = format!("conditions are nested deeper than {NESTING_MAX} levels");
            self.reader.wrong_with_help(at, message, "split this rule into several");
            return When::Always;
        }
        let Some(entries) = self.reader.distinct(at) else { return When::Always };
        if entries.is_empty() {
            let help = "leave `when` out for a rule that always applies";
            self.reader.wrong_with_help(at, "this condition is empty".to_owned(), help);
        }
        let parts = entries.iter().map(|(key, value)| self.part(key, value, nest)).collect();
        all(parts)
    }

    pub(super) fn part(&mut self, key: &Key, value: &Cursor<'_>, nest: Nest) -> When {
        match key.text.as_str() {
            "all" => all(self.parts(value, nest)),
            "any" => When::Any(self.parts(value, nest).into()),
            "not" => When::Not(Box::new(self.condition(value, nest.negated()))),
            "cel" => self.cel(key, value, nest),
            name => match self.fact(key, value) {
                Some(fact) => self.fact_condition((name, fact), value, nest),
                None => When::Always,
            },
        }
    }

    fn parts(&mut self, at: &Cursor<'_>, nest: Nest) -> Vec<When> {
        let items = self.reader.list(at).unwrap_or_default();
        if items.is_empty() && matches!(at.node.value, crate::yaml::Value::List(_)) {
            self.reader.wrong(at, "this list of conditions is empty");
        }
        items.iter().map(|item| self.condition(item, nest.deeper())).collect()
    }

    /// Finds the fact, or says which was probably meant.
    pub(super) fn fact(&mut self, key: &Key, value: &Cursor<'_>) -> Option<Fact> {
        let budgets: Vec<&str> = self.budget_names.iter().map(String::as_str).collect();
        let found = vocabulary::find(&key.text, &budgets);
        if found.is_none() {
            let names = vocabulary::names(&budgets);
            // Short names like `lang` are too near to everything for a plain list.
            let near = suggest(&key.text, names.iter().map(String::as_str));
            let help = near.map_or_else(
                || family(&key.text, &names),
                |near| Some(format!("did you mean `{near}`?")),
            );
            let message = format!("unknown fact `{}`", key.text);
            self.reader.report(key.span, &value.path, message, help);
        }
        found
    }

    fn fact_condition(&mut self, fact: (&str, Fact), value: &Cursor<'_>, nest: Nest) -> When {
        let (name, fact) = fact;
        if let Fact::Text(text) = &fact
            && text.is_set_by_client()
            && nest.stage == Stage::Routes
            && !self.is_trusted(text)
        {
            let message = format!("`{name}` is set by the client, so routes cannot rely on it");
            let help = "list it in `trusted_headers` if something in front of Ambidex sets it";
            self.reader.wrong_with_help(value, message, help);
        }
        all(self.matchers((name, &fact), value, nest))
    }

    /// Whether something in front of us vouches for it.
    pub(super) fn is_trusted(&self, fact: &TextFact) -> bool {
        match fact {
            TextFact::Header(name) => self.trusted.iter().any(|trusted| **trusted == **name),
            TextFact::Metadata(name) => {
                let name = format!("metadata.{name}").to_lowercase();
                self.trusted.contains(&name)
            }
            TextFact::CallerId
            | TextFact::Team
            | TextFact::Key
            | TextFact::Region
            | TextFact::Model => true,
        }
    }

    /// Keeps a check and stands for it in the condition.
    pub(super) fn check(&mut self, fact: &Fact, test: Test, said: String) -> When {
        let id = CheckId(self.checks.len());
        self.checks.push(Check { fact: fact.clone(), test, said: said.into() });
        When::Check(id)
    }
}

/// One condition for several that must all hold.
pub(super) fn all(mut parts: Vec<When>) -> When {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            When::All(parts.into())
        }
        (_, None) => When::Always,
    }
}

/// The facts that share the first part of the name, when there is one.
fn family(name: &str, names: &[String]) -> Option<String> {
    let (first, _) = name.split_once('.')?;
    let members: Vec<String> = names
        .iter()
        .filter(|name| name.split_once('.').is_some_and(|(family, _)| family == first))
        .map(|name| format!("`{name}`"))
        .collect();
    (!members.is_empty()).then(|| format!("known here: {}", members.join(", ")))
}
