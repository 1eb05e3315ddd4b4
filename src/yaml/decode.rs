//! Walking a tree: typed values out, every mistake on a list, nothing stops at the first.
//!
//! A method that finds the wrong kind of value reports it and returns `None`; the caller carries on
//! with the next field. After the walk, [`Reader::finish`] says whether anything went wrong.

use std::ops::Range;

use super::{Key, Node, Problem, Problems, Severity, Span, Value};
use crate::money::NanoUsd;

/// The most problems that are kept: nobody reads more, and each costs a look at the text.
const PROBLEMS_MAX: usize = 500;

/// A node and the way to it, such as `routes[2].use`.
#[derive(Clone, Debug)]
pub struct Cursor<'n> {
    /// The value.
    pub node: &'n Node,
    /// Where it is in the structure.
    pub path: String,
}

impl<'n> Cursor<'n> {
    /// The top of a document.
    pub const fn top(node: &'n Node) -> Self {
        Self { node, path: String::new() }
    }

    /// Where it stands in the text.
    pub const fn span(&self) -> Span {
        self.node.span
    }

    /// Whether it is a map.
    pub const fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    /// The entries of a map in file order; nothing for other values.
    pub fn entries(&self) -> impl Iterator<Item = (&'n Key, Cursor<'n>)> + use<'n> {
        let path = self.path.clone();
        let entries: &[(Key, Node)] = match &self.node.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                &[]
            }
        };
        entries.iter().map(move |(key, node)| (key, Cursor { node, path: join(&path, &key.text) }))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The fields of a map whose keys are known beforehand.
#[derive(Debug)]
pub struct Fields<'n> {
    path: String,
    span: Span,
    entries: Vec<(&'n Key, Cursor<'n>)>,
}

impl<'n> Fields<'n> {
    /// The value of a field; `None` when it is absent.
    pub fn get(&self, name: &str) -> Option<Cursor<'n>> {
        self.entries.iter().find(|(key, _)| key.text == name).map(|(_, cursor)| cursor.clone())
    }

    /// The place of a field's key.
    pub fn key_span(&self, name: &str) -> Option<Span> {
        self.entries.iter().find(|(key, _)| key.text == name).map(|(key, _)| key.span)
    }

    /// The value of a field that must be there; its absence is reported.
    pub fn need(&self, name: &str, reader: &mut Reader<'_>) -> Option<Cursor<'n>> {
        let found = self.get(name);
        if found.is_none() {
            reader.report(self.span, &self.path, format!("`{name}` is missing here"), None);
        }
        found
    }
}

/// Collects what is wrong while a decoder walks the tree.
#[derive(Debug)]
pub struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    /// A reader of this file, with nothing wrong so far.
    pub const fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Everything reported, in file order.
    pub fn finish(self) -> Problems {
        Problems::new(self.problems)
    }

    /// Whether an error (not only warnings) was reported.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Notes an error at a place. Of very many, only the first are kept.
    pub fn report(&mut self, span: Span, path: &str, message: String, help: Option<String>) {
        // INVARIANT: the first error is always kept, however many warnings came before it.
        if self.problems.len() >= PROBLEMS_MAX && self.has_errors() {
            return;
        }
        let mut problem = Problem::error(message).at(self.file, self.text, span);
        path.clone_into(&mut problem.path);
        problem.help = help;
        self.problems.push(problem);
    }

    /// Notes something that is probably not meant, at a place.
    pub fn warn(&mut self, at: &Cursor<'_>, message: String, help: Option<String>) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        self.report(at.span(), &at.path, message, help);
        if let Some(problem) = self.problems.last_mut() {
            problem.severity = Severity::Warning;
        }
    }

    /// Notes an error at a value.
    pub fn wrong(&mut self, at: &Cursor<'_>, message: impl Into<String>) {
        self.report(at.span(), &at.path, message.into(), None);
    }

    /// Notes an error at a value, with a way out.
    pub fn wrong_with_help(&mut self, at: &Cursor<'_>, message: String, help: impl Into<String>) {
        self.report(at.span(), &at.path, message, Some(help.into()));
    }

    /// Notes an error at a value that nobody may read: its line is not shown.
    pub fn hidden(&mut self, at: &Cursor<'_>, message: String, help: &str) {
        let before = self.problems.len();
        self.report(at.span(), &at.path, message, Some(help.to_owned()));
        if let Some(problem) = self.problems.get_mut(before) {
            "(not shown)".clone_into(&mut problem.source_line);
            (problem.column, problem.length) = (1, 11);
        }
    }

    /// Notes a word that is none of the known ones, with the nearest of them.
    pub fn unknown_word<'w>(
        &mut self,
        at: &Cursor<'_>,
        (kind, word): (&str, &str),
        known: impl IntoIterator<Item = &'w str>,
    ) {
        self.report(at.span(), &at.path, format!("unknown {kind} `{word}`"), nearest(word, known));
    }

    /// Notes a key that is none of the known ones, with the nearest of them.
    pub fn unknown_key<'w>(
        &mut self,
        key: &Key,
        (kind, path): (&str, &str),
        known: impl IntoIterator<Item = &'w str>,
    ) {
        let message = format!("unknown {kind} `{}`", key.text);
        self.report(key.span, path, message, nearest(&key.text, known));
    }

    /// The place of a part (in bytes) of a text value: exact where the value stands in the file as it
    /// is, in quotes or as a block, else that of the whole value.
    pub fn inside(&self, at: &Cursor<'_>, part: Range<usize>) -> Span {
        self.exactly(at, part).unwrap_or_else(|| at.span())
    }

    fn exactly(&self, at: &Cursor<'_>, part: Range<usize>) -> Option<Span> {
        let value = at.node.value.as_text()?;
        let before = value.get(..part.start)?;
        let line = before.rsplit('\n').next()?;
        let count = |text: &str| u32::try_from(text.chars().count()).ok();
        let (column, length) = (count(line)?, count(value.get(part.clone())?)?.max(1));
        let Span { line: first, column: start, offset, .. } = at.span();
        let raw = self.text.get(usize::try_from(offset).ok()?..)?;
        let bare = raw.strip_prefix(['"', '\'']).unwrap_or(raw);
        let quote = u32::try_from(raw.len() - bare.len()).ok()?;
        let offset = offset.checked_add(quote)?.checked_add(u32::try_from(part.start).ok()?)?;
        if !value.contains('\n') && bare.starts_with(value) {
            return Some(Span { line: first, column: start + quote + column, offset, length });
        }
        // A block: its lines begin here, each with the same indent.
        let rows = u32::try_from(before.matches('\n').count()).ok()?;
        let row = first.checked_add(rows)?;
        let source = self.text.lines().nth(usize::try_from(row).ok()?.checked_sub(1)?)?;
        let whole = value.lines().nth(usize::try_from(rows).ok()?)?;
        let indent = count(source.strip_suffix(whole)?)?;
        Some(Span { line: row, column: indent + column + 1, offset, length })
    }

    fn expected(&mut self, at: &Cursor<'_>, wanted: &str) {
        let found = at.node.value.kind();
        self.wrong(at, format!("expected {wanted}, found {found}"));
    }

    /// A map with these keys and no others. Unknown and repeated keys are reported, the known ones
    /// still returned.
    pub fn fields<'n>(&mut self, at: &Cursor<'n>, known: &[&str]) -> Option<Fields<'n>> {
        let entries = self.distinct(at)?;
        for (key, cursor) in &entries {
            if !known.contains(&key.text.as_str()) {
                let names = known.iter().copied();
                self.unknown_key(key, ("key", &cursor.path), names);
            }
        }
        Some(Fields { path: at.path.clone(), span: at.span(), entries })
    }

    /// A map with free keys. Repeated keys are reported and only their first value is returned.
    pub fn distinct<'n>(&mut self, at: &Cursor<'n>) -> Option<Vec<(&'n Key, Cursor<'n>)>> {
        if !matches!(at.node.value, Value::Map(_)) {
            self.expected(at, "a map of keys and values");
            return None;
        }
        let mut seen: Vec<(&'n Key, Cursor<'n>)> = Vec::new();
        let mut names = std::collections::BTreeMap::new();
        for (key, cursor) in at.entries() {
            if let Some(line) = names.get(key.text.as_str()) {
                let message = format!("`{}` is already set on line {line}", key.text);
                let help = "keep one of the two".to_owned();
                self.report(key.span, &cursor.path, message, Some(help));
            } else {
                names.insert(key.text.as_str(), key.span.line);
                seen.push((key, cursor));
            }
        }
        Some(seen)
    }

    /// A list of anything.
    pub fn list<'n>(&mut self, at: &Cursor<'n>) -> Option<Vec<Cursor<'n>>> {
        if let Value::List(items) = &at.node.value {
            let place = |(index, node)| Cursor { node, path: format!("{}[{index}]", at.path) };
            return Some(items.iter().enumerate().map(place).collect());
        }
        self.expected(at, "a list");
        None
    }

    /// A list, or a single value that stands for a list of one.
    pub fn one_or_list<'n>(&mut self, at: &Cursor<'n>) -> Vec<Cursor<'n>> {
        if matches!(at.node.value, Value::List(_)) {
            self.list(at).unwrap_or_default()
        } else {
            vec![at.clone()]
        }
    }

    /// Text.
    pub fn text<'n>(&mut self, at: &Cursor<'n>) -> Option<&'n str> {
        if let Value::Text(text) = &at.node.value {
            return Some(text);
        }
        self.expected(at, "text");
        None
    }

    /// Text that says something.
    pub fn sentence<'n>(&mut self, at: &Cursor<'n>) -> Option<&'n str> {
        let text = self.text(at)?.trim();
        if text.is_empty() {
            self.wrong(at, "this text is empty");
            return None;
        }
        Some(text)
    }

    /// A name: letters, digits, `-`, `_` and `.`, at most 64 of them. Metrics and URLs carry it.
    pub fn name<'n>(&mut self, at: &Cursor<'n>) -> Option<&'n str> {
        let text = self.text(at)?;
        if !is_name(text) {
            let help = "use up to 64 letters, digits, `-`, `_` and `.`";
            self.wrong_with_help(at, format!("`{text}` cannot be a name"), help);
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub fn truth(&mut self, at: &Cursor<'_>) -> Option<bool> {
        if let Value::Bool(truth) = at.node.value {
            return Some(truth);
        }
        if let Value::Text(text) = &at.node.value {
            let meant = matches!(text.to_lowercase().as_str(), "yes" | "on" | "y" | "true");
            let help = if meant { "write `true`" } else { "write `true` or `false`" };
            let message = format!("expected `true` or `false`, found `{text}`");
            self.wrong_with_help(at, message, help);
        } else {
            self.expected(at, "`true` or `false`");
        }
        None
    }

    /// A whole number from 0 to `most`.
    pub fn whole(&mut self, at: &Cursor<'_>, most: u64) -> Option<u64> {
        let Value::Number(written) = &at.node.value else {
            self.expected(at, "a whole number");
            return None;
        };
        match written.replace('_', "").parse::<u64>() {
            Ok(number) if number <= most => Some(number),
            _ => {
                self.wrong(at, format!("expected a whole number from 0 to {most}"));
                None
            }
        }
    }

    /// An amount of dollars such as `0.50`, read exactly.
    pub fn usd(&mut self, at: &Cursor<'_>) -> Option<NanoUsd> {
        if let Value::Number(written) = &at.node.value {
            let amount = NanoUsd::from_decimal_usd(written);
            if amount.is_none() {
                let help = "write dollars like `400` or `0.50`, at most nine decimals";
                self.wrong_with_help(at, format!("`{written}` is not an amount"), help);
            }
            return amount;
        }
        if let Value::Text(text) = &at.node.value {
            let help = "write the number of dollars only, like `0.50`";
            self.wrong_with_help(at, format!("`{text}` is not an amount"), help);
        } else {
            self.expected(at, "an amount of dollars");
        }
        None
    }

    /// One of these words; anything else is reported as an unknown `kind`.
    pub fn one_of<T: Copy>(
        &mut self,
        at: &Cursor<'_>,
        kind: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(at)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            self.unknown_word(at, (kind, text), words.iter().map(|(word, _)| *word));
        }
        found
    }
}

/// The suggestion for a word that is not known: the nearest known word, or all when they are few.
fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = suggest(word, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    if known.is_empty() || known.len() > 12 {
        return None;
    }
    let list: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    Some(format!("known here: {}", list.join(", ")))
}

/// The known word that `word` was probably meant to be: at most two edits away, one for words of
/// up to three letters. Ties go to the earlier word.
pub fn suggest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let edits_max = if word.chars().count() <= 3 { 1 } else { 2 };
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Whether something can be a name: up to 64 letters, digits, `-`, `_` and `.`.
pub fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 64 && text.chars().all(plain)
}
