//! `cache`: which answers are given again, and how long.

use super::Decoder;
use crate::cache::{Repeatable, Rules};
use crate::inspect::Level;
use crate::yaml::Cursor;

const KEYS: &[&str] =
    &["kept_for", "answers_max", "bytes_max", "answer_bytes_max", "sensitivity_max", "requests"];

impl Decoder<'_> {
    /// Reads `cache`; what it does not say is as usual.
    pub(super) fn cache(&mut self, at: &Cursor<'_>) -> Option<Rules> {
        let fields = self.reader.fields(at, KEYS)?;
        let mut rules = Rules::default();
        self.set(&fields, "kept_for", &mut rules.kept_for, Self::duration);
        self.set(&fields, "answers_max", &mut rules.answers_max, Self::count);
        self.set(&fields, "bytes_max", &mut rules.bytes_max, Self::count);
        self.set(&fields, "answer_bytes_max", &mut rules.answer_bytes_max, Self::count);
        self.set(&fields, "requests", &mut rules.requests, |it, at| {
            it.reader.one_of(at, "kind of request", &Repeatable::ALL)
        });
        self.set(&fields, "sensitivity_max", &mut rules.sensitivity_max, |it, at| {
            let words = Level::ALL.map(|level| (level.name(), level));
            let level = it.reader.one_of(at, "level", &words)?;
            if level == Level::Restricted {
                let message = "answers to restricted requests are never kept".to_owned();
                let help = "name `public`, `internal` or `confidential`";
                it.reader.wrong_with_help(at, message, help);
                return None;
            }
            Some(level)
        });
        if let Some(at) = fields.get("kept_for")
            && rules.kept_for.is_zero()
        {
            self.reader.wrong_with_help(&at, "this keeps nothing".to_owned(), "leave `cache` out");
        }
        Some(rules)
    }
}
