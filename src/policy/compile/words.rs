//! `define` and `sensitivity`: the policy's own words, and how careful each label is handled.

use super::super::Combination;
use super::Compiler;
use super::detect::{Tiers, built_in};
use crate::inspect::{Label, LabelSet, Level, Task};
use crate::yaml::{Cursor, Fields};

/// The keys of `sensitivity`.
pub(super) const SENSITIVITY_KEYS: [&str; 8] = [
    "default",
    "public",
    "internal",
    "confidential",
    "restricted",
    "combinations",
    "likely",
    "certain",
];

/// A word that the policy defines.
pub(super) enum Define {
    /// Kinds of sensitive values.
    Labels(LabelSet),
    /// Any other words, such as tasks or teams; checked where they are used.
    Words(Vec<String>),
}

/// How careful requests are handled by what they contain.
pub(super) struct Levels {
    pub(super) default: Level,
    pub(super) labels: [LabelSet; 4],
    pub(super) combinations: Vec<Combination>,
    pub(super) tiers: Tiers,
}

/// The words of levels, for the reader.
pub(super) fn level_words() -> [(&'static str, Level); 4] {
    Level::ALL.map(|level| (level.name(), level))
}

impl Compiler<'_> {
    /// Reads `define`. A word may use words defined before it.
    pub(super) fn define(&mut self, fields: &Fields<'_>) {
        let Some(at) = fields.get("define") else { return };
        for (key, value) in self.reader.distinct(&at).unwrap_or_default() {
            if self.label_named(&key.text).is_some() || Task::from_name(&key.text).is_some() {
                let message = format!("`{}` already has a meaning", key.text);
                let help = Some("choose another word".to_owned());
                self.reader.report(key.span, &value.path, message, help);
                continue;
            }
            let define = self.definition(&value);
            self.defines.insert(key.text.clone(), define);
        }
    }

    fn definition(&mut self, at: &Cursor<'_>) -> Define {
        let items = self.reader.one_or_list(at);
        let mut texts = Vec::new();
        for item in &items {
            texts.extend(self.reader.text(item).map(|text| (item, text)));
        }
        let means_label = |text: &str| {
            text.contains('.') || matches!(self.defines.get(text), Some(Define::Labels(_)))
        };
        if texts.iter().any(|(_, text)| means_label(text)) {
            return Define::Labels(self.labels(at));
        }
        // Words of which most are tasks are meant to be tasks: then a misspelt one shows here.
        let tasks = texts.iter().filter(|(_, text)| Task::from_name(text).is_some()).count();
        let mut words = Vec::new();
        for (item, text) in texts.iter().copied() {
            if let Some(Define::Words(others)) = self.defines.get(text) {
                words.extend(others.iter().cloned());
            } else if tasks * 2 > texts.len() && Task::from_name(text).is_none() {
                let names = Task::ALL.iter().map(|task| task.name());
                self.reader.unknown_word(item, ("task", text), names);
            } else {
                words.push(text.to_owned());
            }
        }
        Define::Words(words)
    }

    /// A label, `category.*` or defined word, or a list of them.
    pub(super) fn labels(&mut self, at: &Cursor<'_>) -> LabelSet {
        let mut all = LabelSet::default();
        for item in self.reader.one_or_list(at) {
            let Some(text) = self.reader.text(&item) else { continue };
            match self.label_word(text) {
                Some(labels) => all = all.union(labels),
                None => self.unknown_label(&item, text),
            }
        }
        all
    }

    fn label_word(&self, text: &str) -> Option<LabelSet> {
        if let Some(Define::Labels(labels)) = self.defines.get(text) {
            return Some(*labels);
        }
        if let Some(category) = text.strip_suffix(".*") {
            let inside = |label: &Label| label.category() == category;
            let labels: LabelSet = self.labels_known().filter(inside).collect();
            return (!labels.is_empty()).then_some(labels);
        }
        self.label_named(text).map(|label| [label].into_iter().collect())
    }

    /// Every label that this policy may use.
    pub(super) fn labels_known(&self) -> impl Iterator<Item = Label> {
        Label::ALL.iter().copied().chain(self.own_labels.iter().map(|(label, _)| *label))
    }

    /// The label with this name, if this policy may use it.
    pub(super) fn label_named(&self, name: &str) -> Option<Label> {
        self.labels_known().find(|label| label.name() == name)
    }

    fn unknown_label(&mut self, at: &Cursor<'_>, text: &str) {
        let categories: std::collections::BTreeSet<&str> =
            self.labels_known().map(Label::category).collect();
        let mut known: Vec<String> = self.defines.keys().cloned().collect();
        known.extend(categories.iter().map(|category| format!("{category}.*")));
        known.extend(self.labels_known().map(|label| label.name().to_owned()));
        self.reader.unknown_word(at, ("label", text), known.iter().map(String::as_str));
    }

    /// Reads `sensitivity` over the levels that labels have from the start.
    pub(super) fn sensitivity(&mut self, fields: &Fields<'_>) -> Levels {
        let mut default = Level::Internal;
        let own = |(label, level): &(Label, Level)| (*level, LabelSet::from_iter([*label]));
        let mut stated: Vec<(Level, LabelSet)> = self.own_labels.iter().map(own).collect();
        let (mut combinations, mut tiers) = (None, Tiers::default());
        if let Some(at) = fields.get("sensitivity")
            && let Some(inner) = self.reader.fields(&at, &SENSITIVITY_KEYS)
        {
            if let Some(at) = inner.get("default") {
                let level = self.reader.one_of(&at, "level", &level_words());
                default = level.unwrap_or(default);
            }
            combinations = Some(self.combinations(&inner));
            tiers = self.tiers(&inner);
            for level in Level::ALL {
                let Some(at) = inner.get(level.name()) else { continue };
                let labels = self.labels(&at);
                self.check_stated_once(&at, (level, labels), &stated);
                stated.push((level, labels));
            }
        }
        let combinations = combinations.unwrap_or_else(built_in);
        Levels { default, labels: by_level(&stated), combinations, tiers }
    }

    fn check_stated_once(
        &mut self,
        at: &Cursor<'_>,
        (level, labels): (Level, LabelSet),
        stated: &[(Level, LabelSet)],
    ) {
        for (other, others) in stated.iter().filter(|(other, _)| *other != level) {
            if let Some(label) = labels.iter().find(|label| others.contains(*label)) {
                let message = format!("`{}` is both {other} and {level}", label.name());
                let help = "list it under one level only";
                self.reader.wrong_with_help(at, message, help);
            }
        }
    }
}

/// What the policy states, else what the label is by default. Own labels of other policies (and of
/// files of terms) are confidential here.
fn by_level(stated: &[(Level, LabelSet)]) -> [LabelSet; 4] {
    let all_stated = stated.iter().fold(LabelSet::EMPTY, |all, (_, labels)| all.union(*labels));
    Level::ALL.map(|level| {
        let said = stated.iter().filter(|(other, _)| *other == level);
        let said = said.fold(LabelSet::EMPTY, |all, (_, labels)| all.union(*labels));
        let is_default = |label: &Label| label.default_level() == level;
        let mut rest: LabelSet = Label::ALL.iter().copied().filter(is_default).collect();
        if level == Level::Confidential {
            rest = rest.union(LabelSet::OWN);
        }
        said.union(rest.without(all_stated))
    })
}
