//! `detect`: which packs of detectors are on, and the policy's own labels and patterns. And what
//! `sensitivity` says about the two tiers of finds and about combinations.

use std::sync::Arc;

use super::super::{Combination, Detect};
use super::Compiler;
use super::words::level_words;
use crate::inspect::task::Keywords;
use crate::inspect::{
    self, Confidence, CustomPattern, Label, LabelSet, Level, Pack, PackSet, Task, Validator,
};
use crate::yaml::{Cursor, Fields};

pub(super) const DETECT_KEYS: [&str; 4] = ["packs", "labels", "patterns", "answers"];
pub(super) const PATTERN_KEYS: [&str; 6] =
    ["name", "pattern", "terms", "label", "validator", "context"];
pub(super) const COMBINATION_KEYS: [&str; 3] = ["all_of", "many_of", "level"];
/// Most patterns of one policy.
const PATTERNS_MAX: usize = 200;
/// Most own labels of one policy: half of what a process can tell apart, so that a policy can be
/// replaced by one with other names.
const OWN_LABELS_MAX: usize = inspect::OWN_LABELS_MAX / 2;

impl Compiler<'_> {
    /// Reads `detect.labels`: names of the policy's own, each with its level. The other parts of a
    /// policy may then use them like built-in labels.
    pub(super) fn own_labels(&mut self, fields: &Fields<'_>) {
        let Some(at) = fields.get("detect") else { return };
        let Some((_, at)) = at.entries().find(|(key, _)| key.text == "labels") else { return };
        let entries = self.reader.distinct(&at).unwrap_or_default();
        if entries.len() > OWN_LABELS_MAX {
            self.reader.wrong(&at, format!("there are more than {OWN_LABELS_MAX} own labels"));
            return;
        }
        for (key, value) in entries {
            let level = self.reader.one_of(&value, "level", &level_words());
            match Label::own(&key.text) {
                Ok(label) => self.own_labels.push((label, level.unwrap_or(Level::Confidential))),
                Err(error) => {
                    let message = format!("`{}` cannot be a label: {error}", key.text);
                    self.reader.report(key.span, &value.path, message, None);
                }
            }
        }
    }

    /// Reads `detect`, which may be absent.
    pub(super) fn detect(&mut self, fields: &Fields<'_>) -> Detect {
        let mut detect = Detect { task_words: self.task_words(fields), ..Detect::default() };
        let Some(at) = fields.get("detect") else { return detect };
        let Some(inner) = self.reader.fields(&at, &DETECT_KEYS) else { return detect };
        if let Some(at) = inner.get("packs") {
            detect.packs = self.packs(&at);
        }
        if let Some(at) = inner.get("answers") {
            detect.answers = self.labels(&at);
        }
        if let Some(at) = inner.get("patterns") {
            let items = self.reader.list(&at).unwrap_or_default();
            if items.len() > PATTERNS_MAX {
                self.reader.wrong(&at, format!("there are more than {PATTERNS_MAX} patterns"));
            }
            detect.patterns =
                Arc::new(items.iter().filter_map(|item| self.pattern(item)).collect());
        }
        detect
    }

    /// Reads `tasks`: words that settle what a request is, in the order of the file.
    fn task_words(&mut self, fields: &Fields<'_>) -> Keywords {
        let names: Vec<&str> = Task::ALL
            .iter()
            .filter(|task| **task != Task::Unknown)
            .map(|task| task.name())
            .collect();
        let Some(at) = fields.get("tasks") else { return Keywords::default() };
        let Some(inner) = self.reader.fields(&at, &names) else { return Keywords::default() };
        let (words_max, bytes_max) = Keywords::MAX;
        let mut words = Vec::new();
        for (task, at) in Task::ALL.iter().filter_map(|task| Some((*task, inner.get(task.name())?)))
        {
            for item in self.reader.one_or_list(&at) {
                let Some(word) = self.reader.sentence(&item) else { continue };
                if (2..=bytes_max).contains(&word.len()) {
                    words.push((word.to_owned(), task));
                } else {
                    let message = format!("a word must have 2 to {bytes_max} bytes");
                    self.reader.wrong(&item, message);
                }
            }
        }
        if words.len() > words_max {
            self.reader.wrong(&at, format!("there are more than {words_max} words"));
        }
        Keywords::new(&words)
    }

    fn packs(&mut self, at: &Cursor<'_>) -> PackSet {
        let mut packs = PackSet::NONE;
        for item in self.reader.one_or_list(at) {
            let Some(name) = self.reader.text(&item) else { continue };
            if name == "all" {
                packs = PackSet::ALL;
            } else if let Some(pack) = Pack::from_name(name) {
                packs = packs.with(pack);
            } else {
                let names = Pack::ALL.iter().map(|pack| pack.name()).chain(["all"]);
                self.reader.unknown_word(&item, ("pack", name), names);
            }
        }
        packs
    }

    fn pattern(&mut self, at: &Cursor<'_>) -> Option<CustomPattern> {
        let fields = self.reader.fields(at, &PATTERN_KEYS)?;
        fields.need("name", &mut self.reader).and_then(|at| self.reader.name(&at));
        let words = Validator::ALL.map(|validator| (validator.name(), validator));
        let validator =
            fields.get("validator").and_then(|at| self.reader.one_of(&at, "validator", &words));
        let mut context = Vec::new();
        for item in fields.get("context").map(|at| self.reader.one_or_list(&at)).unwrap_or_default()
        {
            context.extend(self.reader.sentence(&item).map(str::to_owned));
        }
        let label = fields.get("label").and_then(|at| self.one_label(&at));
        let (place, made) = match (fields.get("pattern"), fields.get("terms")) {
            (Some(place), None) => {
                let pattern = self.reader.sentence(&place)?;
                (place, CustomPattern::new(pattern, validator, context))
            }
            (None, Some(place)) => {
                let mut terms = Vec::new();
                for item in self.reader.one_or_list(&place) {
                    terms.extend(self.reader.sentence(&item));
                }
                (place, CustomPattern::terms(terms, validator, &context))
            }
            _ => {
                let message = "this looks for nothing, or for two things".to_owned();
                self.reader.wrong_with_help(at, message, "write either `pattern` or `terms`");
                return None;
            }
        };
        match made {
            Ok(pattern) => Some(pattern.labelled(label.unwrap_or(Label::CustomTerm))),
            Err(error) => {
                self.reader.wrong(&place, error.to_string());
                None
            }
        }
    }

    /// One label, by its whole name.
    fn one_label(&mut self, at: &Cursor<'_>) -> Option<Label> {
        let name = self.reader.text(at)?;
        let label = self.label_named(name);
        if label.is_none() {
            let names: Vec<&str> = self.labels_known().map(Label::name).collect();
            self.reader.unknown_word(at, ("label", name), names);
        }
        label
    }

    /// Reads `sensitivity.combinations`; without it, the built-in ones hold.
    pub(super) fn combinations(&mut self, fields: &Fields<'_>) -> Vec<Combination> {
        let Some(at) = fields.get("combinations") else { return built_in() };
        let items = self.reader.list(&at).unwrap_or_default();
        items.iter().filter_map(|item| self.combination(item)).collect()
    }

    fn combination(&mut self, at: &Cursor<'_>) -> Option<Combination> {
        let fields = self.reader.fields(at, &COMBINATION_KEYS)?;
        let level = fields.need("level", &mut self.reader);
        let level = level.and_then(|at| self.reader.one_of(&at, "level", &level_words()));
        let mut all_of = Vec::new();
        for item in fields.get("all_of").map(|at| self.reader.one_or_list(&at)).unwrap_or_default()
        {
            all_of.push(self.labels(&item));
        }
        let many_of = fields.get("many_of").map_or(LabelSet::EMPTY, |at| self.labels(&at));
        if all_of.is_empty() && many_of.is_empty() {
            let message = "this combination combines nothing".to_owned();
            self.reader.wrong_with_help(at, message, "add `all_of` or `many_of`");
        }
        Some(Combination { all_of, many_of, level: level? })
    }

    /// Reads `sensitivity.likely` and `sensitivity.certain`: what the finds of one tier count for.
    pub(super) fn tiers(&mut self, fields: &Fields<'_>) -> Tiers {
        Tiers { likely: self.tier("likely", fields), certain: self.tier("certain", fields) }
    }

    fn tier(&mut self, name: &str, fields: &Fields<'_>) -> Tier {
        let mut tier = Tier::default();
        let mut keys = vec!["ignore"];
        keys.extend(Level::ALL.map(Level::name));
        let Some(at) = fields.get(name) else { return tier };
        let Some(inner) = self.reader.fields(&at, &keys) else { return tier };
        if let Some(at) = inner.get("ignore") {
            tier.ignored = self.labels(&at);
        }
        for (level, labels) in Level::ALL.into_iter().zip(&mut tier.levels) {
            if let Some(at) = inner.get(level.name()) {
                *labels = self.labels(&at);
            }
        }
        tier
    }
}

/// What finds count for, by how sure they are.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::policy) struct Tiers {
    likely: Tier,
    certain: Tier,
}

impl Tiers {
    const fn of(&self, confidence: Confidence) -> &Tier {
        match confidence {
            Confidence::Certain => &self.certain,
            Confidence::Likely => &self.likely,
        }
    }

    /// Whether finds of this kind and tier do not count.
    pub(in crate::policy) const fn ignores(&self, label: Label, confidence: Confidence) -> bool {
        self.of(confidence).ignored.contains(label)
    }

    /// The level that is stated for finds of this kind and tier.
    pub(in crate::policy) fn level(&self, label: Label, confidence: Confidence) -> Option<Level> {
        let stated = self.of(confidence).levels.iter().position(|labels| labels.contains(label))?;
        Level::ALL.get(stated).copied()
    }
}

/// What `sensitivity.likely` or `sensitivity.certain` says.
#[derive(Clone, Copy, Debug, Default)]
struct Tier {
    ignored: LabelSet,
    /// In the order of [`Level::ALL`].
    levels: [LabelSet; 4],
}

/// A person with a way to reach them is confidential, and so is a list of people; a list of ways to
/// reach people is restricted.
pub(super) fn built_in() -> Vec<Combination> {
    let category = |name: &str| -> LabelSet {
        Label::ALL.iter().copied().filter(|label| label.category() == name).collect()
    };
    let name: LabelSet = [Label::PersonName].into_iter().collect();
    let birth: LabelSet = [Label::PersonDateOfBirth].into_iter().collect();
    let contact = category("contact");
    vec![
        Combination {
            all_of: vec![name, contact],
            many_of: LabelSet::EMPTY,
            level: Level::Confidential,
        },
        Combination { all_of: Vec::new(), many_of: name, level: Level::Confidential },
        Combination { all_of: Vec::new(), many_of: contact.union(birth), level: Level::Restricted },
    ]
}
