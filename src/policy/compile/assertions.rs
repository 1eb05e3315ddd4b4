//! `assert`: what must never happen, whatever a request looks like; and where restricted data may go
//! because the policy says so.

use std::collections::BTreeSet;

use super::super::condition::When;
use super::super::vocabulary::Fact;
use super::super::{
    Assertion, Place, RestrictedRemote, TargetId, TargetSet, TargetWords, is_remote,
};
use super::Compiler;
use super::conditions::{Nest, Stage, all};
use crate::yaml::{Cursor, Fields, Key, Value};

/// What an assertion can say beside facts.
const OUTCOMES: [&str; 7] = ["zone", "target", "paid", "refused", "unmasked", "able", "free"];

/// Every zone but those of the company.
const REMOTE: &str = "remote";
/// Every zone.
const ANY: &str = "any";

impl Compiler<'_> {
    /// Reads `assert`, which may be absent.
    pub(super) fn assertions(&mut self, fields: &Fields<'_>) -> Vec<Assertion> {
        let Some(at) = fields.get("assert") else { return Vec::new() };
        let items = self.reader.list(&at).unwrap_or_default();
        items.iter().filter_map(|item| self.assertion(item)).collect()
    }

    fn assertion(&mut self, at: &Cursor<'_>) -> Option<Assertion> {
        let fields = self.reader.fields(at, &["never", "why"])?;
        let why = fields.get("why").and_then(|at| self.reader.sentence(&at));
        let never = fields.need("never", &mut self.reader)?;
        let was_wrong = self.reader.has_errors();
        let entries = self.reader.distinct(&never)?;
        let mut assertion = Assertion {
            place: Place {
                span: fields.key_span("never").unwrap_or_default(),
                path: never.path.clone(),
            },
            why: why.unwrap_or_default().to_owned(),
            when: When::Always,
            targets: None,
            refused: false,
            unmasked: None,
            paid: false,
            able: TargetSet::NONE,
            free: TargetSet::NONE,
        };
        let mut parts = Vec::new();
        for (key, value) in &entries {
            match key.text.as_str() {
                "zone" => self.asserted_zone(value, &mut assertion),
                "target" => self.asserted_target(value, &mut assertion),
                "refused" => assertion.refused = self.only_true(key, value),
                "paid" => assertion.paid = self.only_true(key, value),
                "unmasked" => assertion.unmasked = Some(self.labels(value)),
                "able" => assertion.able = self.target_list(value),
                "free" => assertion.free = self.target_list(value),
                _ => parts.push(self.asserted_fact(key, value)),
            }
        }
        assertion.when = all(parts);
        // What is misspelt may have been the outcome.
        if was_wrong || !self.reader.has_errors() {
            self.check_outcome(&never, &assertion);
        }
        Some(assertion)
    }

    fn only_true(&mut self, key: &Key, value: &Cursor<'_>) -> bool {
        let truth = self.reader.truth(value);
        if truth == Some(false) {
            let message = format!("only `{}: true` can be asserted", key.text);
            self.reader.wrong_with_help(value, message, "leave it out");
        }
        truth == Some(true)
    }

    fn target_list(&mut self, at: &Cursor<'_>) -> TargetSet {
        let items = self.reader.one_or_list(at);
        items.iter().filter_map(|item| self.target(item)).collect()
    }

    /// An assertion needs one thing that must not happen.
    fn check_outcome(&mut self, at: &Cursor<'_>, assertion: &Assertion) {
        let goes = assertion.targets.is_some() || assertion.unmasked.is_some() || assertion.paid;
        if goes == assertion.refused {
            let message = if goes {
                "a request that is refused goes nowhere, so both cannot happen"
            } else {
                "this does not say what must never happen"
            };
            let help = "say `zone`, `target`, `unmasked` or `paid: true`, or else `refused: true`";
            self.reader.wrong_with_help(at, message.to_owned(), help);
        }
    }

    /// A condition, or a fact with a value that it must have.
    fn asserted_fact(&mut self, key: &Key, value: &Cursor<'_>) -> When {
        let nest = Nest::new(Stage::Assertions);
        if matches!(key.text.as_str(), "all" | "any" | "not" | "cel")
            || matches!(value.node.value, Value::Map(_))
        {
            return self.part(key, value, nest);
        }
        let budgets: Vec<&str> = self.budget_names.iter().map(String::as_str).collect();
        let is_known = super::super::vocabulary::find(&key.text, &budgets).is_some();
        if !is_known && let Some(near) = crate::yaml::suggest(&key.text, OUTCOMES) {
            let message = format!("unknown fact `{}`", key.text);
            let help = Some(format!("did you mean `{near}`?"));
            self.reader.report(key.span, &value.path, message, help);
            return When::Always;
        }
        let Some(fact) = self.fact(key, value) else { return When::Always };
        let is_unknown = matches!(&value.node.value, Value::Text(text) if text == "unknown");
        let matcher = match &fact {
            Fact::Labels => "any_of",
            // `in` knows the policy's own words as well.
            Fact::Word(_) | Fact::Text(_) if !is_unknown => "in",
            Fact::Word(_) | Fact::Number(_) | Fact::Text(_) => "is",
        };
        let matcher = Key { text: matcher.to_owned(), span: key.span };
        self.matcher((&key.text, &fact), (&matcher, value), nest).unwrap_or(When::Always)
    }

    fn asserted_zone(&mut self, at: &Cursor<'_>, assertion: &mut Assertion) {
        let targets = self.matched(at, Self::zone_word);
        narrow(&mut assertion.targets, targets);
    }

    fn asserted_target(&mut self, at: &Cursor<'_>, assertion: &mut Assertion) {
        let targets = self.matched(at, |compiler, item| {
            compiler.target(item).map_or(TargetSet::NONE, |target| [target].into_iter().collect())
        });
        narrow(&mut assertion.targets, targets);
    }

    /// The targets that a word, a list or one of the matchers `is is_not in none_of` means.
    fn matched(
        &mut self,
        at: &Cursor<'_>,
        mean: impl Fn(&mut Self, &Cursor<'_>) -> TargetSet,
    ) -> TargetSet {
        let every: TargetSet = (0..self.world.targets.len()).map(TargetId).collect();
        let any = |compiler: &mut Self, at: &Cursor<'_>| {
            let items = compiler.reader.one_or_list(at);
            let each = items.iter().map(|item| mean(compiler, item));
            each.fold(TargetSet::NONE, TargetSet::or)
        };
        if !at.is_map() {
            return any(self, at);
        }
        let mut left = every;
        let keys = ["is", "is_not", "in", "none_of"];
        let Some(fields) = self.reader.fields(at, &keys) else { return left };
        for key in keys {
            let Some(at) = fields.get(key) else { continue };
            let named = any(self, &at);
            let is_turned = matches!(key, "is_not" | "none_of");
            left = if is_turned { left.without(named) } else { left.and(named) };
        }
        left
    }

    /// The targets in a zone.
    fn zone_word(&mut self, at: &Cursor<'_>) -> TargetSet {
        let Some(zone) = self.reader.text(at) else { return TargetSet::NONE };
        if ![REMOTE, ANY].contains(&zone) && !self.zones.contains(&zone) {
            let known: BTreeSet<&str> = self.zones.iter().copied().chain([REMOTE, ANY]).collect();
            self.reader.unknown_word(at, ("zone", zone), known);
        }
        let is_meant = |words: &TargetWords| match zone {
            REMOTE => is_remote(&words.zone),
            ANY => true,
            zone => words.zone == zone,
        };
        let targets = self.world.targets.iter().enumerate();
        targets.filter(|(_, words)| is_meant(words)).map(|(index, _)| TargetId(index)).collect()
    }

    /// Reads `restricted_may_reach`: the zones to which restricted data may go, and why.
    pub(super) fn restricted(&mut self, fields: &Fields<'_>) -> RestrictedRemote {
        let Some(at) = fields.get("restricted_may_reach") else {
            return RestrictedRemote::Forbidden;
        };
        let Some(inner) = self.reader.fields(&at, &["zones", "why"]) else {
            return RestrictedRemote::Forbidden;
        };
        inner.need("why", &mut self.reader).and_then(|at| self.reader.sentence(&at));
        let Some(at) = inner.need("zones", &mut self.reader) else {
            return RestrictedRemote::Forbidden;
        };
        let items = self.reader.one_or_list(&at);
        let each = items.iter().map(|item| self.zone_word(item));
        RestrictedRemote::Wanted(each.fold(TargetSet::NONE, TargetSet::or))
    }
}

fn narrow(known: &mut Option<TargetSet>, targets: TargetSet) {
    *known = Some(known.map_or(targets, |known| known.and(targets)));
}
