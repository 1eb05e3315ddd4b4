//! The tree that a YAML text is read into: plain values, each with its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, MergeKeyPolicy, Options, Spanned};

use super::{Problem, Problems};

/// The longest text that is read. A policy of a thousand rules is about a tenth of it.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// A place in a text. Lines and columns count from 1, columns and lengths in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The line.
    pub line: u32,
    /// The first character in that line.
    pub column: u32,
    /// Bytes from the start of the text.
    pub offset: u32,
    /// How many characters it covers; at least 1 for anything that can be pointed at.
    pub length: u32,
}

/// A key of a map, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key, unquoted.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A value and its place. For a map or list the place is where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands. The content of an alias stands where it was defined.
    pub span: Span,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing after the colon, `~` or `null`.
    Null,
    /// `true` or `false`; `yes` and `on` are text.
    Bool(bool),
    /// A number exactly as it was written, so that `0.10` dollars stay ten cents.
    Number(String),
    /// Text, unquoted.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in file order. A key may stand here twice; decoders refuse that.
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number as it was written, if it is one.
    pub fn as_number(&self) -> Option<&str> {
        if let Self::Number(written) = self { Some(written) } else { None }
    }

    /// The kind of value in the words of an error message.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Reads one YAML document. An empty text is an empty map.
///
/// # Errors
/// The text is not YAML, holds several documents, or goes beyond the limits on size, nesting (32)
/// and aliases. The problem has its place, but the parser stops at the first.
pub fn read(file: &str, text: &str) -> Result<Node, Problems> {
    let start = Span { line: 1, column: 1, offset: 0, length: 1 };
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("this file is larger than {} MiB", TEXT_BYTES_MAX >> 20);
        return Err(Problem::error(message).at(file, text, start).into());
    }
    match serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options()) {
        Ok(raw) if matches!(raw.value, Raw::Null) => {
            Ok(Node { value: Value::Map(Vec::new()), span: start })
        }
        Ok(raw) => Ok(node(raw, text)),
        Err(error) => {
            let span = error.location().map_or(start, |place| span(place, text));
            let message = plain_message(&error.without_snippet().to_string());
            Err(Problem::error(message).at(file, text, span).into())
        }
    }
}

/// Strict where YAML is surprising: no `yes` for true, no octal, no merge keys. Repeated keys are
/// passed on, because the decoders report them beside all other mistakes.
fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: 32,
            max_nodes: 200_000,
            max_events: 500_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// The parser's sentence without its advice to programmers and without the place, which we show.
fn plain_message(message: &str) -> String {
    if message.starts_with("multiple YAML documents") {
        return "a second document begins here, only one is read".to_owned();
    }
    if message.contains("budget") || message.contains("limit") {
        return "this goes beyond what is read: nesting, size or the number of aliases".to_owned();
    }
    let sentence = message.rsplit_once(" at line ").map_or(message, |(sentence, _)| sentence);
    format!("this is not valid YAML: {}", sentence.trim_end_matches('.'))
}

fn span(place: serde_yaml::Location, text: &str) -> Span {
    let narrow = |wide: u64| u32::try_from(wide).unwrap_or(u32::MAX);
    let line = narrow(place.line()).max(1);
    let column = narrow(place.column()).max(1);
    let offset = place.span().byte_offset().map_or_else(|| line_offset(text, line), narrow);
    Span { line, column, offset, length: narrow(place.span().len()).max(1) }
}

/// Errors of the scanner carry no byte offset; the start of their line orders them well enough.
fn line_offset(text: &str, line: u32) -> u32 {
    let lines_before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let bytes = text.split_inclusive('\n').take(lines_before).map(str::len).sum::<usize>();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Our tree from the parser's. Depth is limited by the parser's budget.
fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let place = raw.defined;
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(truth) => Value::Bool(truth),
        Raw::Number => Value::Number(written(place, text).to_owned()),
        Raw::Text(words) => Value::Text(words),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let place = span(key.defined, text);
                    (Key { text: key.value, span: place }, node(value, text))
                })
                .collect(),
        ),
    };
    Node { value, span: span(place, text) }
}

/// The characters of the source that a value was written with.
fn written(place: serde_yaml::Location, text: &str) -> &str {
    let bytes =
        place.span().byte_offset().zip(place.span().byte_len()).and_then(|(start, length)| {
            let start = usize::try_from(start).ok()?;
            text.get(start..start.checked_add(usize::try_from(length).ok()?)?)
        });
    bytes.unwrap_or("").trim()
}

/// What serde can tell us. Numbers carry nothing: their text is cut out of the source.
enum Raw {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(truth))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, words: &str) -> Result<Raw, E> {
        Ok(Raw::Text(words.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
