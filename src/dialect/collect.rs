//! What every reader of requests does alike: keeps every string with its path, and refuses with words
//! of ours.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::Unreadable;
use super::hosted::Offers;
use super::walk::{self, Scalar, Sink, Step};
use crate::chat::request::{Edits, Place, Text};
use crate::chat::usage::Tier;
use crate::chat::{Delivery, History, Hosted, Request, Role, Sampling, Surface, Turn};
use crate::inspect::Level;
use crate::money::Tokens;

/// Numbers from this size on may be identifiers (a phone, a card) rather than settings.
const LONG_NUMBER: u64 = 1_000_000;
/// The same for a number with a point or an exponent.
const LONG_REAL: f64 = 1e6;
/// From here on a real number has lost its last digits.
const INEXACT_REAL: f64 = 1e15;
/// Deepest nesting of the body.
const DEPTH_MAX: usize = 64;

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

/// A reader of one dialect, which collects as it walks.
pub(super) trait Collect<'de>: Sink<'de> {
    /// What it has collected.
    fn collector(&mut self) -> &mut Collector<'de>;
}

/// Walks a body. Gives back where its closing brace is.
pub(super) fn walked<'de>(
    body: &'de [u8],
    reader: &mut impl Collect<'de>,
) -> Result<usize, Unreadable> {
    let walked = walk::walk(body, reader);
    if let Some(bad_field) = reader.collector().bad_field.take() {
        return Err(bad_field);
    }
    walked.map_err(|error| json_error(&error))?;
    closing_brace(body)
}

/// Where the value of a field of the body stands, though it may be `null`: a second look at the top
/// level only, for values that stand there without effect and would have to be replaced.
pub(super) fn top_level(body: &[u8], name: &str) -> Option<Range<usize>> {
    let top: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(body).ok()?;
    top.get(name).map(|value| range_in(body, value.get()))
}

/// Where a text that was borrowed from the body stands in it.
pub(super) fn range_in(body: &[u8], text: &str) -> Range<usize> {
    let from = text.as_ptr().addr().saturating_sub(body.as_ptr().addr());
    from..from.saturating_add(text.len())
}

/// What a string is to a model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Part of the conversation.
    Prose,
    /// Everything else.
    Settings,
}

/// A request while its body is walked.
pub(super) struct Collector<'de> {
    body: &'de [u8],
    /// What was read so far.
    pub(super) read: Request,
    /// Instructions that stand beside the conversation, not in it.
    instructions: Turn,
    /// Whether the answer is wanted as it is made,
    pub(super) streams: bool,
    /// and then with its usage.
    pub(super) tells_usage: bool,
    /// What is said of tools that the provider runs.
    pub(super) offers: Offers,
    /// The model's name, once it was seen.
    model: Option<String>,
    /// Why the walk was stopped.
    bad_field: Option<Unreadable>,
}

impl<'de> Collector<'de> {
    pub(super) fn new(body: &'de Bytes, surface: Surface) -> Self {
        let read = Request {
            tier: Tier::Standard,
            body: Bytes::new(),
            texts: Vec::with_capacity(16),
            paths: String::with_capacity(256),
            surface,
            model: String::new(),
            delivery: Delivery::Whole,
            output_max: None,
            output_default: None,
            choices: 1,
            hosted: Hosted::default(),
            has_tools: false,
            images: 0,
            files: 0,
            documents: 0,
            sounds: 0,
            has_unreadable: false,
            history: History::Here,
            declared: None,
            turns: Vec::new(),
            sampling: Sampling::default(),
            edits: Edits::default(),
        };
        let instructions = Turn { role: Some(Role::System), ..Turn::default() };
        let (streams, tells_usage) = (false, false);
        let (offers, model, bad_field) = (Offers::default(), None, None);
        Self { body, read, instructions, streams, tells_usage, offers, model, bad_field }
    }

    pub(super) fn refuse(&mut self, path: &[Step<'de>], problem: &str) -> Result<(), String> {
        let mut place = String::new();
        write_path(&mut place, path);
        self.bad_field = Some(Unreadable::Field { field: place, problem: problem.to_owned() });
        Err("refused".to_owned())
    }

    /// The request with what every dialect needs, the body and the edits aside; instructions are its
    /// first turn. `prompt` is the field
    /// that holds what is asked, and `wanted` what it must hold.
    pub(super) fn finish(mut self, prompt: &str, wanted: &str) -> Result<Request, Unreadable> {
        let model = self.model.ok_or_else(|| {
            field("model", "is missing; name a model, or `auto` to let the policy choose")
        })?;
        if self.read.turns.is_empty() {
            return Err(field(prompt, &format!("is missing or empty; give {wanted}")));
        }
        if !self.instructions.parts.is_empty() {
            self.read.turns.insert(0, self.instructions);
        }
        let delivery = match (self.streams, self.tells_usage) {
            (false, _) => Delivery::Whole,
            (true, true) => Delivery::StreamWithUsage,
            (true, false) => Delivery::Stream,
        };
        Ok(Request { model, delivery, hosted: self.offers.told(), ..self.read })
    }

    /// Keeps a string for inspection and gives back its number.
    pub(super) fn keep(&mut self, path: &[Step<'de>], text: Cow<'de, str>, kind: Words) -> usize {
        // What every interface has under the same name.
        match path {
            [Step::Key(key)] if key == "service_tier" => self.read.tier = Tier::of_wire(&text),
            [metadata, Step::Key(key)]
                if metadata.key() == "metadata" && key == "data_sensitivity" =>
            {
                self.declare(path, &text);
            }
            _ => {}
        }
        self.offers.text(path, &text);
        let start = self.read.paths.len();
        write_path(&mut self.read.paths, path);
        let place = match text {
            Cow::Borrowed(text) => Place::Body(range_in(self.body, text)),
            Cow::Owned(text) => Place::Owned(text.into_boxed_str()),
        };
        self.read.texts.push(Text {
            place,
            path: start..self.read.paths.len(),
            is_prose: kind == Words::Prose,
        });
        self.read.texts.len() - 1
    }

    pub(super) fn turn(&mut self, index: usize) -> Option<&mut Turn> {
        if self.read.turns.len() <= index {
            self.read.turns.resize_with(index.saturating_add(1), Turn::default);
        }
        self.read.turns.get_mut(index)
    }

    /// Keeps a string that a speaker says.
    pub(super) fn say(&mut self, path: &[Step<'de>], index: usize, text: Cow<'de, str>) {
        let part = self.keep(path, text, Words::Prose);
        if let Some(turn) = self.turn(index) {
            turn.parts.push(part);
        }
    }

    /// Keeps a string of the instructions.
    pub(super) fn instruct(&mut self, path: &[Step<'de>], text: Cow<'de, str>) {
        let part = self.keep(path, text, Words::Prose);
        self.instructions.parts.push(part);
    }

    pub(super) fn set_model(
        &mut self,
        path: &[Step<'de>],
        text: Cow<'de, str>,
    ) -> Result<(), String> {
        let Cow::Borrowed(name) = text else {
            return self.refuse(path, "must be written without escapes");
        };
        let range = range_in(self.body, name);
        self.read.edits.model = Some(range.start.saturating_sub(1)..range.end.saturating_add(1));
        self.model = Some(name.to_owned());
        self.keep(path, text, Words::Settings);
        Ok(())
    }

    /// The sensitivity that the caller declares.
    fn declare(&mut self, path: &[Step<'de>], text: &str) {
        self.read.declared = Level::from_name(text);
        if self.read.declared.is_none() {
            let problem = "must be one of `public`, `internal`, `confidential`, `restricted`";
            // The walk goes on, and the field is refused at its end.
            let _ = self.refuse(path, problem);
        }
    }

    pub(super) fn set_output_max(&mut self, path: &[Step<'de>], number: u64) -> Result<(), String> {
        match u32::try_from(number) {
            Ok(tokens @ 1..) if self.read.output_max.is_none() => {
                self.read.output_max = Some(Tokens(tokens));
                Ok(())
            }
            Ok(1..) => self.refuse(path, "is given beside the other limit on answer tokens"),
            _ => self.refuse(path, "must be at least 1"),
        }
    }

    /// A key: unusual ones are strings that detectors see, and none may look like one of `exact`.
    pub(super) fn key(&mut self, path: &[Step<'de>], exact: &[&str]) -> Result<(), String> {
        if path.len() > DEPTH_MAX {
            return self.refuse(&[], "the body is nested too deeply");
        }
        if let Some(Step::Key(key)) = path.last() {
            let is_unusual = key.len() > 32
                || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if is_unusual {
                let folded = key.to_uppercase().to_lowercase();
                if path.len() == 1 && exact.contains(&folded.as_str()) {
                    return self.refuse(&[Step::Key(folded.into())], "must be in lower case");
                }
                let key = key.clone();
                self.keep(path, key, Words::Settings);
            }
        }
        Ok(())
    }

    /// A whole number: a long one may be an identifier.
    pub(super) fn whole(&mut self, path: &[Step<'de>], magnitude: u64, digits: String) {
        self.offers.number(path, magnitude);
        if magnitude >= LONG_NUMBER {
            self.keep(path, Cow::Owned(digits), Words::Settings);
        }
    }

    /// A value that stands nowhere special.
    pub(super) fn rest(&mut self, path: &[Step<'de>], value: Scalar<'de>) {
        match value {
            Scalar::Text(text) => {
                self.keep(path, text, Words::Settings);
            }
            Scalar::Unsigned(number) => self.whole(path, number, number.to_string()),
            Scalar::Signed(number) => self.whole(path, number.unsigned_abs(), number.to_string()),
            Scalar::Float(number) => self.real(path, number),
            Scalar::Bool(_) | Scalar::Null => {}
        }
    }

    pub(super) fn real(&mut self, path: &[Step<'de>], number: f64) {
        // Also integers beyond 64 bits: shown as far as known.
        if number.abs() >= LONG_REAL {
            self.keep(path, Cow::Owned(number.to_string()), Words::Settings);
            self.read.has_unreadable |= number.abs() >= INEXACT_REAL;
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
                // An empty key has a place, too.
                out.push_str(if key.is_empty() { "\"\"" } else { key });
            }
            Step::Index(index) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "[{index}]");
            }
        }
    }
}
