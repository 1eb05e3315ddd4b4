//! One layout for every file: indentation, spaces, blank lines and line lengths, with comments and order
//! kept. What a text says never changes: the result is read again and compared before it is given out.
//!
//! Whether a list or map stands on one line or below each other is the author's choice, except that
//! what does not fit on a line, or has comments inside, stands below each other.

mod place;
mod print;

use std::fmt::Write as _;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span as Place, StructureStyle, Tag};

use super::{Node, Problem, Problems, Span, Value, read};

/// The longest line, where it can be helped, in characters.
const WIDTH: usize = 100;

/// A list, map or scalar as it will stand.
#[derive(Debug)]
struct Block {
    /// An anchor or tag, as it was written.
    properties: String,
    kind: Kind,
    /// Where it stood, in bytes.
    range: Range<usize>,
    /// The column at which it stood.
    column: usize,
}

#[derive(Debug)]
enum Kind {
    /// One line, as it was written.
    Scalar(String),
    /// `|` or `>` with its lines, without their indent.
    Text {
        header: String,
        lines: Vec<String>,
    },
    Many(Many),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    List,
    Map,
}

/// A list or map.
#[derive(Debug)]
struct Many {
    shape: Shape,
    is_flow: bool,
    entries: Vec<Entry>,
    /// What stands at its end.
    tail: Vec<Line>,
    /// Where its bracket closed, if comments inside keep it from one line.
    end: Option<usize>,
}

/// An item of a list, or a key with its value.
#[derive(Debug)]
struct Entry {
    before: Vec<Line>,
    key: Option<String>,
    value: Block,
    /// The comment on its line.
    comment: Option<String>,
    /// Where it began, in bytes: the key, or the hyphen.
    start: usize,
    column: usize,
}

/// A line between entries.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Blank,
    Comment(String),
}

/// A comment, with its place.
#[derive(Debug)]
struct Comment {
    text: String,
    start: usize,
    column: usize,
    /// Whether nothing else stands on its line.
    is_alone: bool,
    /// Whether a blank line stands before it.
    is_after_blank: bool,
}

/// The text in the layout that every file should have.
///
/// # Errors
/// The text is not YAML, or has something in it that has no place in a policy and no layout here:
/// maps as keys, several documents.
pub fn lay_out(file: &str, text: &str) -> Result<String, Problems> {
    let said = read(file, text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reading = Reading::new(file, text);
    let (top, tail) = reading.document()?;
    let laid_out = print::document(top.as_ref(), &tail);
    match read(file, &laid_out) {
        Ok(says) if is_same(&said, &says) => Ok(laid_out),
        Ok(_) | Err(_) => {
            let message = "this file cannot be laid out without changing what it says".to_owned();
            let start = Span { line: 1, column: 1, offset: 0, length: 1 };
            let mut problem = Problem::error(message).at(file, text, start);
            problem.help = Some("write it more plainly, or leave it as it is".to_owned());
            Err(problem.into())
        }
    }
}

/// Whether two trees say the same, wherever it stands.
fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(some), Value::List(others)) => {
            some.len() == others.len() && some.iter().zip(others).all(|(a, b)| is_same(a, b))
        }
        (Value::Map(some), Value::Map(others)) => {
            let agrees = |((key, value), (other_key, other)): (&Pair, &Pair)| {
                key.text == other_key.text && is_same(value, other)
            };
            some.len() == others.len() && some.iter().zip(others).all(agrees)
        }
        (one, other) => one == other,
    }
}

type Pair = (super::Key, Node);

/// The events of the parser, and the text that they speak of.
struct Reading<'t> {
    file: &'t str,
    text: &'t str,
    events: std::vec::IntoIter<(Event<'t>, Place)>,
    comments: Vec<Comment>,
    problem: Option<Problem>,
}

/// No text is read beyond what [`read`] allows, so nesting is bounded here.
impl<'t> Reading<'t> {
    fn new(file: &'t str, text: &'t str) -> Self {
        let (mut events, mut comments) = (Vec::new(), Vec::new());
        let mut problem = None;
        for event in Parser::new_from_str(text) {
            match event {
                Ok((Event::Comment(..), place)) => comments.extend(comment(text, place)),
                Ok(event) => events.push(event),
                Err(error) => {
                    let span = Span { line: 1, column: 1, offset: 0, length: 1 };
                    let message = format!("this is not valid YAML: {error}");
                    problem = Some(Problem::error(message).at(file, text, span));
                    break;
                }
            }
        }
        Self { file, text, events: events.into_iter(), comments, problem }
    }

    fn document(&mut self) -> Result<(Option<Block>, Vec<Line>), Problems> {
        let mut top = None;
        while self.problem.is_none()
            && let Some((event, place)) = self.events.next()
        {
            // There is one document: others were refused when it was read.
            if top.is_none() && begins_value(&event) {
                top = self.block(event, place);
            }
        }
        if let Some(problem) = self.problem.take() {
            return Err(problem.into());
        }
        let comments = std::mem::take(&mut self.comments);
        // A file without anything but comments has one empty value.
        let mut top = top.filter(|top| !matches!(&top.kind, Kind::Scalar(text) if text.is_empty()));
        if top.as_ref().is_some_and(|top| !matches!(top.kind, Kind::Many(_))) {
            let message = "this is neither a list nor a map, so it has no layout".to_owned();
            let start = Span { line: 1, column: 1, offset: 0, length: 1 };
            return Err(Problem::error(message).at(self.file, self.text, start).into());
        }
        let tail = place::comments(top.as_mut(), comments, self.text);
        Ok((top, tail))
    }

    fn refuse(&mut self, place: Place, message: &str) {
        let narrow = |wide: usize| u32::try_from(wide).unwrap_or(u32::MAX);
        let span = Span {
            line: narrow(place.start.line()).max(1),
            column: narrow(place.start.col()).saturating_add(1),
            offset: narrow(offset(place).start),
            length: 1,
        };
        let problem = Problem::error(message.to_owned()).at(self.file, self.text, span);
        self.problem.get_or_insert(problem);
    }

    /// The value that begins with this event.
    fn block(&mut self, event: Event<'t>, place: Place) -> Option<Block> {
        let range = offset(place);
        let (start, column) = (range.start, place.start.col());
        if let Event::Scalar(value, style, anchor, tag) = event {
            let kind = self.scalar(&value, style, range.clone());
            let properties = self.properties(start, anchor, tag.as_deref());
            return Some(Block { properties, kind, range, column });
        }
        if let Event::SequenceStart(style, anchor, tag) = event {
            let properties = self.properties(start, anchor, tag.as_deref());
            return self.many((style, Shape::List), range, (properties, column));
        }
        if let Event::MappingStart(style, anchor, tag) = event {
            let properties = self.properties(start, anchor, tag.as_deref());
            return self.many((style, Shape::Map), range, (properties, column));
        }
        let written = self.text.get(range.clone())?.trim_end().to_owned();
        Some(Block { properties: String::new(), kind: Kind::Scalar(written), range, column })
    }

    fn many(
        &mut self,
        (style, shape): (StructureStyle, Shape),
        range: Range<usize>,
        (properties, column): (String, usize),
    ) -> Option<Block> {
        let mut entries = Vec::new();
        let mut end = range.end;
        while let Some((event, place)) = self.events.next() {
            if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
                end = offset(place).end.max(end);
                break;
            }
            entries.push(self.entry(event, place, shape)?);
        }
        let is_flow = style == StructureStyle::Flow;
        let many = Many { shape, is_flow, entries, tail: Vec::new(), end: None };
        Some(Block { properties, kind: Kind::Many(many), range: range.start..end, column })
    }

    fn entry(&mut self, event: Event<'t>, place: Place, shape: Shape) -> Option<Entry> {
        if shape == Shape::List {
            let value = self.block(event, place)?;
            let (start, column) = self.hyphen(&value);
            return Some(Entry {
                before: Vec::new(),
                key: None,
                value,
                comment: None,
                start,
                column,
            });
        }
        let key = self.block(event, place)?;
        let Kind::Scalar(written) = key.kind else {
            self.refuse(place, "this key is a list, a map or a block");
            return None;
        };
        let written = format!("{}{written}", key.properties);
        let (event, place) = self.events.next()?;
        let value = self.block(event, place)?;
        let (start, column) = (key.range.start, key.column);
        Some(Entry { before: Vec::new(), key: Some(written), value, comment: None, start, column })
    }

    /// Where the item of a list begins: at its hyphen, if it has one.
    fn hyphen(&self, value: &Block) -> (usize, usize) {
        let before = self.text.get(..value.range.start).unwrap_or_default();
        let properties = before.trim_end().len();
        let before = before.get(..properties).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let bare = line.trim_end_matches(|c: char| c != '-' && c != '[' && c != ',');
        if bare.ends_with('-') {
            let start = before.len() - line.len() + bare.len() - 1;
            return (start, bare.chars().count().saturating_sub(1));
        }
        (value.range.start, value.column)
    }

    /// The anchor and tag that stand before a value, as they were written, with a space behind each.
    fn properties(&self, start: usize, anchor: usize, tag: Option<&Tag>) -> String {
        let count = usize::from(anchor != 0) + usize::from(tag.is_some());
        let before = self.text.get(..start).unwrap_or_default();
        let words = before.trim_end().rsplit(char::is_whitespace).take(count);
        let bare = |word: &'t str| word.rsplit(['[', '{', ',']).next().unwrap_or(word);
        let words: Vec<&str> = words.map(bare).collect();
        words.iter().rev().flat_map(|word| [word, " "]).collect()
    }

    fn scalar(&self, value: &str, style: ScalarStyle, range: Range<usize>) -> Kind {
        let written = self.text.get(range.clone()).unwrap_or_default();
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                self.text_block(range, value).unwrap_or_else(|| Kind::Scalar(quoted(value)))
            }
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let written = written.trim();
                if written.contains(['\n', '\r']) {
                    Kind::Scalar(quoted(value))
                } else {
                    Kind::Scalar(written.to_owned())
                }
            }
        }
    }

    /// The header and the lines of a block, without their indent; `None` where they are not simple.
    fn text_block(&self, range: Range<usize>, value: &str) -> Option<Kind> {
        // The place of a block is its first line; its header stands before that.
        let before = self.text.get(..range.start)?;
        let sign = before.rfind(['|', '>']).filter(|sign| {
            before.get(*sign + 1..).is_some_and(|rest| {
                rest.split('#')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .trim_matches(['-', '+'])
                    .is_empty()
            })
        });
        let header_text = match sign {
            Some(sign) => before.get(sign..)?,
            None => self.text.get(range.clone())?,
        };
        let first = header_text.lines().next()?.split('#').next()?.trim();
        if !matches!(first, "|" | "|-" | ">" | ">-") || value.trim().is_empty() {
            return None;
        }
        let start = if sign.is_some() { before.rfind('\n')? + 1 } else { range.start };
        let body = self.text.get(start..range.end)?;
        let body = if sign.is_some() { body } else { body.split_once('\n')?.1 };
        let rows: Vec<&str> = body.lines().map(str::trim_end).collect();
        let blank = |row: &&&str| !row.is_empty();
        let indent =
            rows.iter().find(blank)?.len() - rows.iter().find(blank)?.trim_start_matches(' ').len();
        let mut lines: Vec<String> = Vec::new();
        for row in &rows {
            lines.push(row.get(indent.min(row.len())..)?.to_owned());
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        Some(Kind::Text { header: first.to_owned(), lines })
    }
}

/// Whether a scalar, an alias, a list or a map begins.
const fn begins_value(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Scalar(..) | Event::Alias(_) | Event::SequenceStart(..) | Event::MappingStart(..)
    )
}

/// Bytes from where to where.
fn offset(place: Place) -> Range<usize> {
    let start = place.start.byte_offset().unwrap_or(0);
    start..place.end.byte_offset().unwrap_or(start).max(start)
}

fn comment(text: &str, place: Place) -> Option<Comment> {
    let range = offset(place);
    let before = text.get(..range.start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let is_alone = before.get(line_start..)?.trim().is_empty();
    let is_after_blank = is_blank_before(text, line_start);
    let words = text.get(range.clone())?.trim_end().to_owned();
    Some(Comment {
        text: words,
        start: range.start,
        column: place.start.col(),
        is_alone,
        is_after_blank,
    })
}

/// Whether the line before the one that begins here is blank.
fn is_blank_before(text: &str, line_start: usize) -> bool {
    let before = text.get(..line_start).unwrap_or_default();
    let before = before.strip_suffix('\n').unwrap_or_default();
    line_start > 0 && before.rsplit('\n').next().unwrap_or_default().trim().is_empty()
}

/// A text in double quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            other
                if other.is_control() || matches!(other, '\u{feff}' | '\u{2028}' | '\u{2029}') =>
            {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\U{:08x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
