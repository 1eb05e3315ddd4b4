//! Bytes of a chat completions request → [`Request`].
//!
//! Known fields are understood, all others are kept: every string, every unusual key and every long
//! number becomes a text that detectors see, because all of it would reach the upstream.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{sampling, schema};
use crate::chat::request::{Edits, Place, Text};
use crate::chat::{Delivery, Request, Role, Sampling, Surface, Turn};
use crate::dialect::Unreadable;
use crate::dialect::walk::{self, Scalar, Sink, Step};
use crate::inspect::Level;
use crate::money::Tokens;

/// Numbers from this size on may be identifiers (a phone, a card) rather than settings.
const LONG_NUMBER: u64 = 1_000_000;
/// The same for a number with a point or an exponent.
const LONG_REAL: f64 = 1e6;
/// From here on a real number has lost its last digits.
const INEXACT_REAL: f64 = 1e15;
/// Most answers (`n`) that one request may ask for.
const CHOICES_MAX: u32 = 128;
/// Fields that bound the cost or that we may splice. Everyone must read them in the same way: some
/// servers take `"128"` for 128, and some read keys without regard to case.
const EXACT: &[&str] =
    &["model", "messages", "n", "max_tokens", "max_completion_tokens", "stream", "stream_options"];
/// Deepest nesting of the body.
const DEPTH_MAX: usize = 64;

pub(super) fn request(body: Bytes) -> Result<Request, Unreadable> {
    let mut reader = Reader::new(&body);
    if let Err(error) = walk::walk(&body, &mut reader) {
        return Err(reader.bad_field.take().unwrap_or_else(|| json_error(&error)));
    }
    if let Some(bad_field) = reader.bad_field.take() {
        return Err(bad_field);
    }
    let end = closing_brace(&body)?;
    let Reader { mut read, model, delivery, usage_asked, has_idle_values, .. } = reader;
    schema::look(&mut read.sampling, &body);
    let model = model.ok_or_else(|| {
        field("model", "is missing; name a model, or `auto` to let the policy choose")
    })?;
    if read.turns.is_empty() {
        return Err(field("messages", "is missing or empty; give at least one message"));
    }
    let delivery = match (delivery, usage_asked) {
        (Delivery::Whole, _) => Delivery::Whole,
        (_, true) => Delivery::StreamWithUsage,
        (_, false) => Delivery::Stream,
    };
    let (output_max, stream_options) =
        if has_idle_values { idle_values(&body) } else { (None, None) };
    let edits = Edits { output_max, stream_options, end, ..read.edits };
    Ok(Request { body: body.clone(), model, delivery, edits, ..read })
}

/// The parser's own words, without any of the body's: they would echo the prompt.
fn json_error(error: &serde_json::Error) -> Unreadable {
    let place = format!("line {}, column {}", error.line(), error.column());
    let told = error.to_string();
    let ours = ["a key is given twice in the same object", "an object has more than"];
    let what = if let Some(known) = ours.iter().find(|known| told.starts_with(**known)) {
        known
    } else if error.is_eof() {
        "it ends too early"
    } else {
        "it is malformed"
    };
    Unreadable::Json(format!("{what} ({place})"))
}

fn field(name: &str, problem: &str) -> Unreadable {
    Unreadable::Field { field: name.to_owned(), problem: problem.to_owned() }
}

fn closing_brace(body: &[u8]) -> Result<usize, Unreadable> {
    match body.iter().rposition(|byte| !byte.is_ascii_whitespace()) {
        Some(at) if body.get(at) == Some(&b'}') => Ok(at),
        _ => Err(Unreadable::Json("it must be an object".to_owned())),
    }
}

/// Ranges of the values of `max_completion_tokens` and `stream_options`: a second look at the
/// top level only, taken when one of them stands there without effect.
fn idle_values(body: &[u8]) -> (Option<Range<usize>>, Option<Range<usize>>) {
    #[derive(Deserialize)]
    struct Top<'a> {
        #[serde(borrow, default, deserialize_with = "even_null")]
        max_completion_tokens: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "even_null")]
        stream_options: Option<&'a RawValue>,
    }
    /// An `Option` would read `null` as absent.
    fn even_null<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<&'de RawValue>, D::Error> {
        <&RawValue>::deserialize(reader).map(Some)
    }
    let range = |value: &RawValue| {
        let from = value.get().as_ptr().addr().saturating_sub(body.as_ptr().addr());
        from..from.saturating_add(value.get().len())
    };
    match serde_json::from_slice::<Top<'_>>(body) {
        Ok(top) => (top.max_completion_tokens.map(range), top.stream_options.map(range)),
        Err(_) => (None, None),
    }
}

/// What a string is to a model.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// Part of the conversation.
    Prose,
    /// Everything else.
    Settings,
}

struct Reader<'de> {
    body: &'de [u8],
    read: Request,
    model: Option<String>,
    delivery: Delivery,
    usage_asked: bool,
    has_idle_values: bool,
    bad_field: Option<Unreadable>,
}

impl<'de> Reader<'de> {
    fn new(body: &'de Bytes) -> Self {
        let read = Request {
            body: Bytes::new(),
            texts: Vec::with_capacity(16),
            paths: String::with_capacity(256),
            surface: Surface::OpenAiChat,
            model: String::new(),
            delivery: Delivery::Whole,
            output_max: None,
            choices: 1,
            has_tools: false,
            has_images: false,
            has_unreadable: false,
            declared: None,
            turns: Vec::new(),
            sampling: Sampling::default(),
            edits: Edits::default(),
        };
        Self {
            body,
            read,
            model: None,
            delivery: Delivery::Whole,
            usage_asked: false,
            has_idle_values: false,
            bad_field: None,
        }
    }

    fn refuse(&mut self, path: &[Step<'de>], problem: &str) -> Result<(), String> {
        let mut place = String::new();
        write_path(&mut place, path);
        self.bad_field = Some(Unreadable::Field { field: place, problem: problem.to_owned() });
        Err("refused".to_owned())
    }

    /// Where a borrowed string stands in the body.
    fn range_of(&self, text: &str) -> Range<usize> {
        let from = text.as_ptr().addr().saturating_sub(self.body.as_ptr().addr());
        from..from.saturating_add(text.len())
    }

    fn keep(&mut self, path: &[Step<'de>], text: Cow<'de, str>, kind: Words) -> usize {
        let start = self.read.paths.len();
        write_path(&mut self.read.paths, path);
        let place = match text {
            Cow::Borrowed(text) => Place::Body(self.range_of(text)),
            Cow::Owned(text) => Place::Owned(text.into_boxed_str()),
        };
        self.read.texts.push(Text {
            place,
            path: start..self.read.paths.len(),
            is_prose: kind == Words::Prose,
        });
        self.read.texts.len() - 1
    }

    /// Notes values that an edit would have to replace instead of adding a second key.
    fn mark_idle(&mut self, path: &[Step<'de>]) {
        if let [Step::Key(key)] = path
            && matches!(key.as_ref(), "stream_options" | "max_completion_tokens")
        {
            self.has_idle_values = true;
        }
    }

    fn turn(&mut self, index: usize) -> Option<&mut Turn> {
        if self.read.turns.len() <= index {
            self.read.turns.resize_with(index.saturating_add(1), Turn::default);
        }
        self.read.turns.get_mut(index)
    }

    fn text(&mut self, path: &[Step<'de>], text: Cow<'de, str>) -> Result<(), String> {
        match path {
            [Step::Key(key)] if key == "model" => return self.set_model(path, text),
            [messages, Step::Index(index), Step::Key(key)] if messages.key() == "messages" => {
                match key.as_ref() {
                    "role" => self.set_role(*index, &text),
                    "content" => {
                        self.say(path, *index, text);
                        return Ok(());
                    }
                    _ => {}
                }
            }
            [messages, Step::Index(index), content, Step::Index(_), Step::Key(key)]
                if messages.key() == "messages" && content.key() == "content" =>
            {
                match key.as_ref() {
                    "type" => self.set_part_kind(&text),
                    "text" => {
                        self.say(path, *index, text);
                        return Ok(());
                    }
                    _ => {}
                }
            }
            [metadata, Step::Key(key)]
                if metadata.key() == "metadata" && key == "data_sensitivity" =>
            {
                match Level::from_name(&text) {
                    Some(level) => self.read.declared = Some(level),
                    None => {
                        return self.refuse(
                            path,
                            "must be one of `public`, `internal`, `confidential`, `restricted`",
                        );
                    }
                }
            }
            _ => {}
        }
        self.keep(path, text, Words::Settings);
        Ok(())
    }

    fn set_model(&mut self, path: &[Step<'de>], text: Cow<'de, str>) -> Result<(), String> {
        let Cow::Borrowed(name) = text else {
            return self.refuse(path, "must be written without escapes");
        };
        let range = self.range_of(name);
        self.read.edits.model = Some(range.start.saturating_sub(1)..range.end.saturating_add(1));
        self.model = Some(name.to_owned());
        self.keep(path, text, Words::Settings);
        Ok(())
    }

    fn set_role(&mut self, index: usize, text: &str) {
        let role = match text {
            "system" | "developer" => Some(Role::System),
            "user" => Some(Role::User),
            "assistant" => Some(Role::Assistant),
            "tool" | "function" => Some(Role::Tool),
            _ => None,
        };
        if let Some(turn) = self.turn(index) {
            turn.role = role;
        }
    }

    fn set_part_kind(&mut self, kind: &str) {
        match kind {
            "text" | "refusal" => {}
            "image_url" => {
                self.read.has_images = true;
                self.read.has_unreadable = true;
            }
            _ => self.read.has_unreadable = true,
        }
    }

    fn say(&mut self, path: &[Step<'de>], index: usize, text: Cow<'de, str>) {
        let part = self.keep(path, text, Words::Prose);
        if let Some(turn) = self.turn(index) {
            turn.parts.push(part);
        }
    }

    fn count(&mut self, path: &[Step<'de>], number: u64) -> Result<(), String> {
        if let [Step::Key(key)] = path {
            match key.as_ref() {
                "max_tokens" | "max_completion_tokens" => self.set_output_max(path, number)?,
                "n" => match u32::try_from(number) {
                    Ok(choices @ 1..=CHOICES_MAX) => self.read.choices = choices,
                    _ => return self.refuse(path, "must be between 1 and 128"),
                },
                _ => {}
            }
        }
        if number >= LONG_NUMBER {
            self.keep(path, Cow::Owned(number.to_string()), Words::Settings);
        }
        Ok(())
    }

    fn set_output_max(&mut self, path: &[Step<'de>], number: u64) -> Result<(), String> {
        match u32::try_from(number) {
            Ok(tokens @ 1..) if self.read.output_max.is_none() => {
                self.read.output_max = Some(Tokens(tokens));
                Ok(())
            }
            Ok(1..) => self.refuse(path, "is given beside the other limit on answer tokens"),
            _ => self.refuse(path, "must be at least 1"),
        }
    }

    /// What bounds the cost has its own type, or is absent.
    fn check_type(&mut self, path: &[Step<'de>], value: &Scalar<'de>) -> Result<(), String> {
        let [Step::Key(key)] = path else { return Ok(()) };
        let problem = match (key.as_ref(), value) {
            (_, Scalar::Null)
            | ("n" | "max_tokens" | "max_completion_tokens", Scalar::Unsigned(_))
            | ("stream", Scalar::Bool(_)) => return Ok(()),
            ("n" | "max_tokens" | "max_completion_tokens", _) => "must be a whole number",
            ("stream", _) => "must be `true` or `false`",
            ("stream_options", _) => "must be an object",
            _ => return Ok(()),
        };
        self.refuse(path, problem)
    }

    fn real(&mut self, path: &[Step<'de>], number: f64) {
        // Also integers beyond 64 bits: shown as far as known.
        if number.abs() >= LONG_REAL {
            self.keep(path, Cow::Owned(number.to_string()), Words::Settings);
            self.read.has_unreadable |= number.abs() >= INEXACT_REAL;
        }
    }
}

impl<'de> Sink<'de> for Reader<'de> {
    fn key(&mut self, path: &[Step<'de>]) -> Result<(), String> {
        if path.len() > DEPTH_MAX {
            return self.refuse(&[], "the body is nested too deeply");
        }
        if let Some(Step::Key(key)) = path.last() {
            let is_unusual = key.len() > 32
                || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if is_unusual {
                let folded = key.to_uppercase().to_lowercase();
                if path.len() == 1 && EXACT.contains(&folded.as_str()) {
                    return self.refuse(&[Step::Key(folded.into())], "must be in lower case");
                }
                let key = key.clone();
                self.keep(path, key, Words::Settings);
            }
        }
        Ok(())
    }

    fn scalar(&mut self, path: &[Step<'de>], value: Scalar<'de>) -> Result<(), String> {
        self.check_type(path, &value)?;
        sampling::read(&mut self.read.sampling, path, &value);
        match value {
            Scalar::Text(text) => self.text(path, text),
            Scalar::Unsigned(number) => self.count(path, number),
            Scalar::Signed(number) => {
                if number.unsigned_abs() >= LONG_NUMBER {
                    self.keep(path, Cow::Owned(number.to_string()), Words::Settings);
                }
                Ok(())
            }
            Scalar::Float(number) => {
                self.real(path, number);
                Ok(())
            }
            Scalar::Bool(yes) => {
                match path {
                    [Step::Key(key)] if key == "stream" && yes => self.delivery = Delivery::Stream,
                    [options, Step::Key(key)]
                        if options.key() == "stream_options" && key == "include_usage" =>
                    {
                        self.usage_asked = yes;
                    }
                    _ => {}
                }
                Ok(())
            }
            Scalar::Null => {
                self.mark_idle(path);
                Ok(())
            }
        }
    }

    fn open(&mut self, path: &[Step<'de>]) {
        self.mark_idle(path);
        sampling::open(&mut self.read.sampling, path);
        match path {
            [Step::Key(key)] if key == "tools" || key == "functions" => self.read.has_tools = true,
            [Step::Key(key)]
                if matches!(
                    key.as_ref(),
                    "n" | "max_tokens" | "max_completion_tokens" | "stream"
                ) =>
            {
                // Opening cannot fail: the walk goes on and the field is refused at its end.
                let _ = self.refuse(path, "must be a plain value, neither list nor object");
            }
            [messages, Step::Index(index)] if messages.key() == "messages" => {
                self.turn(*index);
            }
            [messages, Step::Index(_), Step::Key(key)]
                if messages.key() == "messages" && key == "tool_calls" =>
            {
                self.read.has_tools = true;
            }
            _ => {}
        }
    }
}

fn write_path(out: &mut String, path: &[Step<'_>]) {
    let start = out.len();
    for step in path {
        match step {
            Step::Key(key) => {
                if out.len() > start {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Index(index) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "[{index}]");
            }
        }
    }
}
