//! `inspection`: how long it may take, the installation's own terms, and its language model.

use std::collections::BTreeMap;

use super::Decoder;
use crate::engine::TaggerSettings;
use crate::inspect::Label;
use crate::inspector::{InspectionSettings, TermFile};
use crate::yaml::{Cursor, Fields, Value};

const KEYS: &[&str] = &["deadline", "terms", "ner", "task_model"];
const NER_KEYS: &[&str] = &["path", "labels", "score_min", "time_max"];
/// The word for a kind that says nothing.
const IGNORE: &str = "ignore";
const TERM_KEYS: &[&str] = &["file", "label"];

impl Decoder<'_> {
    pub(super) fn inspection(
        &mut self,
        at: &Cursor<'_>,
        settings: &mut InspectionSettings,
    ) -> Option<TaggerSettings> {
        let fields = self.reader.fields(at, KEYS)?;
        for item in fields.get("terms").map(|at| self.reader.one_or_list(&at)).unwrap_or_default() {
            settings.terms.extend(self.term_file(&item));
        }
        self.set(&fields, "deadline", &mut settings.deadline, Self::duration);
        self.set(&fields, "task_model", &mut settings.task_model, |it, at| {
            it.reader.sentence(at).map(|path| Some(it.folder.join(path)))
        });
        fields.get("ner").and_then(|at| self.ner(&at))
    }

    /// The folder of a token classifier, and what its kinds are called here.
    fn ner(&mut self, at: &Cursor<'_>) -> Option<TaggerSettings> {
        let fields = self.reader.fields(at, NER_KEYS)?;
        let path = fields.need("path", &mut self.reader)?;
        let path = self.reader.sentence(&path)?;
        let mut settings = TaggerSettings::of(self.folder.join(path));
        let mut labels = BTreeMap::new();
        if let Some(at) = fields.get("labels") {
            for (key, value) in self.reader.distinct(&at).unwrap_or_default() {
                let is_nothing = self.reader.text(&value) == Some(IGNORE);
                let label = if is_nothing { None } else { Some(self.any_label(&value)?) };
                labels.insert(key.text.clone(), label);
            }
        }
        settings.labels = labels;
        self.set(&fields, "time_max", &mut settings.time_max, Self::duration);
        self.set(&fields, "score_min", &mut settings.score_min, Self::share);
        Some(settings)
    }

    /// A number from 0 to 1.
    fn share(&mut self, at: &Cursor<'_>) -> Option<f32> {
        let share: Option<f32> = match &at.node.value {
            Value::Number(written) => written.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        };
        let share = share.filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.reader.wrong(at, "this must be a number from 0 to 1");
        }
        share
    }

    /// A path, or a file with the label of what its terms find.
    fn term_file(&mut self, at: &Cursor<'_>) -> Option<TermFile> {
        if !at.is_map() {
            let path = self.reader.sentence(at)?;
            return Some(TermFile { path: self.folder.join(path), label: Label::CustomTerm });
        }
        let fields: Fields<'_> = self.reader.fields(at, TERM_KEYS)?;
        let path = fields.need("file", &mut self.reader)?;
        let path = self.reader.sentence(&path)?;
        let label = match fields.get("label") {
            Some(at) => self.any_label(&at)?,
            None => Label::CustomTerm,
        };
        Some(TermFile { path: self.folder.join(path), label })
    }

    /// A built-in label, or an own one.
    fn any_label(&mut self, at: &Cursor<'_>) -> Option<Label> {
        let name = self.reader.text(at)?;
        let built_in = Label::ALL.iter().copied().find(|label| label.name() == name);
        built_in.or_else(|| match Label::own(name) {
            Ok(label) => Some(label),
            Err(error) => {
                self.reader.wrong(at, format!("`{name}` cannot be a label: {error}"));
                None
            }
        })
    }
}
