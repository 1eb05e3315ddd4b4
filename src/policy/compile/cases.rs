//! `tests`: what the policy's author expects, checked for sense when the policy is read.

use super::super::vocabulary::Fact;
use super::super::{Estimate, TargetId, Unable};
use super::Compiler;
use super::words::level_words;
use crate::inspect::{LabelSet, Level};
use crate::yaml::{Cursor, Fields, Key, Value};

/// One expectation of the policy's author: a situation and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// A prompt to inspect; `None` when the situation is given by facts alone.
    pub prompt: Option<String>,
    /// The facts that are set; everything else is ordinary.
    pub(in crate::policy) given: Vec<Given>,
    /// What must come of it.
    pub expect: Expectation,
}

/// What a case expects.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// The first choice; `None` when the case does not say.
    pub target: Option<TargetId>,
    /// Whether it must be refused; `None` when the case does not say.
    pub refuse: Option<bool>,
    /// Limits that must match and the route that must win.
    pub because: Vec<String>,
}

/// A fact that a case sets.
#[derive(Clone, Debug)]
pub(in crate::policy) enum Given {
    Unknown(Fact),
    Word(Fact, &'static str),
    Number(Fact, i128),
    Text(Fact, String),
    Labels(LabelSet),
    /// Found, but not for sure.
    Likely(LabelSet),
    /// Found many times.
    Many(LabelSet),
    DataFloor(Level),
    Unable(TargetId, Unable),
    Cost(TargetId, Estimate),
}

/// The keys of a test.
pub(super) const CASE_KEYS: [&str; 5] = ["name", "prompt", "caller", "given", "expect"];
/// The keys of a test's `caller`.
pub(super) const CALLER_KEYS: [&str; 6] =
    ["id", "team", "key", "criticality", "region", "data_floor"];
/// The keys of a test's `expect`.
pub(super) const EXPECT_KEYS: [&str; 3] = ["target", "refuse", "because"];

impl Compiler<'_> {
    /// Reads `tests`, after the rules that they name.
    pub(super) fn cases(&mut self, fields: &Fields<'_>) -> Vec<Case> {
        let Some(at) = fields.get("tests") else { return Vec::new() };
        let items = self.reader.list(&at).unwrap_or_default();
        items.iter().filter_map(|item| self.case(item)).collect()
    }

    fn case(&mut self, at: &Cursor<'_>) -> Option<Case> {
        let fields = self.reader.fields(at, &CASE_KEYS)?;
        let name = fields.need("name", &mut self.reader).and_then(|at| self.reader.sentence(&at));
        let prompt = fields.get("prompt").and_then(|at| self.reader.text(&at));
        let mut given = Vec::new();
        if let Some(at) = fields.get("caller")
            && self.reader.fields(&at, &CALLER_KEYS).is_some()
        {
            for (key, value) in
                at.entries().filter(|(key, _)| CALLER_KEYS.contains(&key.text.as_str()))
            {
                let text = format!("caller.{}", key.text);
                given.extend(self.given(&Key { text, span: key.span }, &value));
            }
        }
        if let Some(at) = fields.get("given") {
            for (key, value) in self.reader.distinct(&at).unwrap_or_default() {
                given.extend(self.given(key, &value));
            }
        }
        let expect = fields.need("expect", &mut self.reader).and_then(|at| self.expectation(&at));
        Some(Case {
            name: name?.to_owned(),
            prompt: prompt.map(str::to_owned),
            given,
            expect: expect?,
        })
    }

    fn expectation(&mut self, at: &Cursor<'_>) -> Option<Expectation> {
        let fields = self.reader.fields(at, &EXPECT_KEYS)?;
        let mut expect = Expectation {
            target: fields.get("target").and_then(|at| self.target(&at)),
            refuse: fields.get("refuse").and_then(|at| self.reader.truth(&at)),
            because: Vec::new(),
        };
        for item in fields.get("because").map_or_else(Vec::new, |at| self.reader.one_or_list(&at)) {
            let Some(id) = self.reader.text(&item) else { continue };
            if self.rule_lines.contains_key(id) {
                expect.because.push(id.to_owned());
            } else {
                let known: Vec<&str> = self.rule_lines.keys().map(String::as_str).collect();
                self.reader.unknown_word(&item, ("rule", id), known);
            }
        }
        if fields.get("target").is_none() && fields.get("refuse").is_none() {
            let help = "say `target: …` or `refuse: true`";
            self.reader.wrong_with_help(at, "this test expects nothing".to_owned(), help);
        }
        Some(expect)
    }

    pub(super) fn given(&mut self, key: &Key, value: &Cursor<'_>) -> Option<Given> {
        if key.text == "caller.data_floor" {
            let level = self.reader.one_of(value, "level", &level_words());
            return level.map(Given::DataFloor);
        }
        match key.text.as_str() {
            "data.likely" => return Some(Given::Likely(self.labels(value))),
            "data.many" => return Some(Given::Many(self.labels(value))),
            _ => {}
        }
        if let Some((target, what)) =
            key.text.strip_prefix("target.").and_then(|rest| rest.rsplit_once('.'))
        {
            return self.given_target(key, (target, what), value);
        }
        let fact = self.fact(key, value)?;
        if matches!(&value.node.value, Value::Text(text) if text == "unknown") {
            return Some(Given::Unknown(fact));
        }
        match &fact {
            Fact::Labels => Some(Given::Labels(self.labels(value))),
            Fact::Text(_) => self.reader.text(value).map(|text| Given::Text(fact, text.to_owned())),
            Fact::Number(number) => {
                self.number(number.unit(), value).map(|number| Given::Number(fact, number))
            }
            Fact::Word(word) if word.is_truth() => {
                let truth = self.reader.truth(value)?;
                Some(Given::Word(fact, if truth { "true" } else { "false" }))
            }
            Fact::Word(word) => {
                let words: Vec<_> = word.words().iter().map(|word| (*word, *word)).collect();
                let noun = word.noun();
                self.reader.one_of(value, noun, &words).map(|word| Given::Word(fact, word))
            }
        }
    }

    /// How a target is doing: `target.<name>.unable` and `target.<name>.cost_usd`.
    fn given_target(
        &mut self,
        key: &Key,
        (name, what): (&str, &str),
        value: &Cursor<'_>,
    ) -> Option<Given> {
        let targets = &self.world.targets;
        let Some(index) = targets.iter().position(|target| target.name == name) else {
            let names: Vec<String> =
                targets.iter().map(|target| format!("target.{}.{what}", target.name)).collect();
            let known = names.iter().map(String::as_str);
            self.reader.unknown_key(key, ("fact", &value.path), known);
            return None;
        };
        let target = TargetId(index);
        match what {
            "unable" => {
                let words: Vec<_> = Unable::ALL.iter().map(|why| (why.name(), *why)).collect();
                let unable = self.reader.one_of(value, "reason", &words)?;
                Some(Given::Unable(target, unable))
            }
            "cost_usd" if matches!(&value.node.value, Value::Text(text) if text == "unknown") => {
                Some(Given::Cost(target, Estimate::Unpriced))
            }
            "cost_usd" => {
                self.reader.usd(value).map(|cost| Given::Cost(target, Estimate::Known(cost)))
            }
            _ => {
                let names: Vec<String> =
                    ["unable", "cost_usd"].map(|what| format!("target.{name}.{what}")).into();
                let known = names.iter().map(String::as_str);
                self.reader.unknown_key(key, ("fact", &value.path), known);
                None
            }
        }
    }
}
