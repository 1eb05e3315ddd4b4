//! Puts values back into an answer in the format of chat completions, whole or streamed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::guard::Guard;
use super::json as text_of_json;
use super::placeholder::Placeholders;
use super::restore::{Escape, Restorer};
use crate::inspect::{Inspection, LabelSet};

/// What an answer's content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Words for people.
    Text,
    /// JSON, because the caller asked for it.
    Json,
}

/// What is done to the texts of an answer.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// The values to put back.
    pub placeholders: Arc<Placeholders>,
    /// What the answer's content is.
    pub format: Format,
    /// What is taken out of the answer before that, and what it is looked for with.
    pub guard: Option<(LabelSet, Inspection)>,
}

impl Restoration {
    /// A text that the model said, with the values put back.
    pub fn restored(&self, said: &str) -> String {
        let mut restorer = Restorer::new(Arc::clone(&self.placeholders), Escape::Plain);
        let mut text = restorer.push(said);
        text.push_str(&restorer.finish());
        text
    }

    pub(super) fn text(&self, path: &str) -> Text {
        let guard = self.guard.as_ref().filter(|_| is_said(path));
        Text {
            guard: guard.map(|(labels, inspection)| Guard::new(inspection.clone(), *labels)),
            restorer: Restorer::new(Arc::clone(&self.placeholders), escape_of(path, self.format)),
        }
    }
}

/// One text of an answer on its way.
#[derive(Clone, Debug)]
pub(super) struct Text {
    guard: Option<Guard>,
    restorer: Restorer,
}

impl Text {
    pub(super) fn push(&mut self, piece: &str) -> String {
        match &mut self.guard {
            Some(guard) => self.restorer.push(&guard.push(piece)),
            None => self.restorer.push(piece),
        }
    }

    pub(super) fn finish(&mut self) -> String {
        let rest = self.guard.as_mut().map(Guard::finish).unwrap_or_default();
        let mut out = self.restorer.push(&rest);
        out.push_str(&self.restorer.finish());
        out
    }
}

/// Treats every string of a whole answer; `None` if there was nothing to do.
pub fn restore_whole(body: &[u8], restoration: &Restoration) -> Option<Vec<u8>> {
    let body = std::str::from_utf8(body).ok()?;
    let new = text_of_json::rewrite(body, |path, text| {
        let mut whole = restoration.text(path);
        let mut out = whole.push(text);
        out.push_str(&whole.finish());
        (out != text).then_some(out)
    });
    new.ok().flatten().map(String::into_bytes)
}

/// Whether a string of an answer is something that the model said.
fn is_said(path: &str) -> bool {
    let key = path.rsplit('.').next().unwrap_or_default();
    TEXT_KEYS.contains(&key) || matches!(key, "text" | "thinking") || is_input(path)
}

/// What a tool is called with has keys of its own in messages.
fn is_input(path: &str) -> bool {
    path.split('.').any(|step| step == "input" || step.starts_with("input["))
}

/// The fields of an answer that a model writes.
const TEXT_KEYS: [&str; 5] = ["content", "reasoning_content", "reasoning", "refusal", "arguments"];

/// Arguments of tools are JSON inside a string, and so is content that was asked for as JSON.
fn escape_of(path: &str, format: Format) -> Escape {
    let is_arguments = path == "arguments" || path.ends_with(".arguments");
    let key = path.rsplit('.').next().unwrap_or_default();
    let is_content = matches!(key, "content" | "text") && !is_input(path);
    if is_arguments || (format == Format::Json && is_content) {
        Escape::Json
    } else {
        Escape::Plain
    }
}

/// What becomes of an event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It passes as it came.
    Unchanged,
    /// This data takes its place.
    Changed(String),
}

/// Treats a streamed answer. Every text of it has its own memory: each choice, its content, its
/// reasoning, each tool call's arguments.
#[derive(Debug)]
pub struct StreamRestorer {
    restoration: Restoration,
    texts: BTreeMap<(u64, String), Text>,
    /// A chunk without choices, to send what is left over in.
    frame: Option<Frame>,
}

struct Frame(Map<String, Value>);

impl std::fmt::Debug for Frame {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Frame({} fields)", self.0.len())
    }
}

impl StreamRestorer {
    /// Nothing heard yet.
    pub const fn new(restoration: Restoration) -> Self {
        Self { restoration, texts: BTreeMap::new(), frame: None }
    }

    /// Restores one chunk.
    pub fn hear(&mut self, data: &[u8]) -> Heard {
        let Ok(Value::Object(mut chunk)) = serde_json::from_slice(data) else {
            return Heard::Unchanged;
        };
        if self.frame.is_none() {
            let mut frame = chunk.clone();
            frame.retain(|key, _| !matches!(key.as_str(), "choices" | "usage"));
            self.frame = Some(Frame(frame));
        }
        let mut is_changed = false;
        for choice in chunk.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
            is_changed |= self.choice(choice);
        }
        if is_changed { Heard::Changed(Value::Object(chunk).to_string()) } else { Heard::Unchanged }
    }

    fn choice(&mut self, choice: &mut Value) -> bool {
        let number = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        let is_over = choice.get("finish_reason").is_some_and(|reason| !reason.is_null());
        let mut is_changed = false;
        if let Some(delta) = choice.get_mut("delta").and_then(Value::as_object_mut) {
            is_changed |= self.fields(number, "", delta);
            for call in
                delta.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten()
            {
                let index = call.get("index").and_then(Value::as_u64).unwrap_or(0);
                if let Some(function) = call.get_mut("function").and_then(Value::as_object_mut) {
                    is_changed |= self.fields(number, &format!("tool_calls[{index}]."), function);
                }
            }
            if is_over {
                is_changed |= self.flush(number, delta);
            }
        }
        if let Some(text) = choice.get_mut("text") {
            is_changed |= self.field(number, "text", text);
            if let (true, Value::String(text), Some(known)) =
                (is_over, text, self.texts.get_mut(&(number, "text".to_owned())))
            {
                let rest = known.finish();
                is_changed |= !rest.is_empty();
                text.push_str(&rest);
            }
        }
        is_changed
    }

    /// Restores the texts among the fields of an object.
    fn fields(&mut self, choice: u64, place: &str, object: &mut Map<String, Value>) -> bool {
        let mut is_changed = false;
        for (key, value) in object.iter_mut() {
            if TEXT_KEYS.contains(&key.as_str()) {
                is_changed |= self.field(choice, &format!("{place}{key}"), value);
            }
        }
        is_changed
    }

    fn field(&mut self, choice: u64, path: &str, value: &mut Value) -> bool {
        let Value::String(text) = value else { return false };
        let restoration = &self.restoration;
        let known = self
            .texts
            .entry((choice, path.to_owned()))
            .or_insert_with(|| restoration.text(&format!(".{path}")));
        let out = known.push(text);
        if out == *text {
            return false;
        }
        *text = out;
        true
    }

    /// Adds what is held back to the last chunk of a choice.
    fn flush(&mut self, choice: u64, delta: &mut Map<String, Value>) -> bool {
        let mut is_changed = false;
        for ((number, path), restorer) in &mut self.texts {
            let rest = if *number == choice { restorer.finish() } else { String::new() };
            if !rest.is_empty() {
                is_changed = true;
                append(delta, path, rest);
            }
        }
        is_changed
    }

    /// Chunks with everything that is still held back, for a stream that ends without a finish.
    pub fn finish(&mut self) -> Vec<String> {
        let mut chunks = Vec::new();
        for ((number, path), restorer) in &mut self.texts {
            let rest = restorer.finish();
            let Some(Frame(frame)) = self.frame.as_ref().filter(|_| !rest.is_empty()) else {
                continue;
            };
            let mut chunk = frame.clone();
            let choice = if path == "text" {
                json!({"index": number, "text": rest, "logprobs": null, "finish_reason": null})
            } else {
                let mut delta = Map::new();
                append(&mut delta, path, rest);
                json!({"index": number, "delta": delta, "finish_reason": null})
            };
            chunk.insert("choices".to_owned(), json!([choice]));
            chunks.push(Value::Object(chunk).to_string());
        }
        chunks
    }
}

/// Adds text to the field of a delta that a path names.
fn append(delta: &mut Map<String, Value>, path: &str, rest: String) {
    let call = path.strip_prefix("tool_calls[").and_then(|path| path.split_once("]."));
    let Some((index, field)) = call else {
        match delta.get_mut(path) {
            Some(Value::String(text)) => text.push_str(&rest),
            _ => {
                delta.insert(path.to_owned(), rest.into());
            }
        }
        return;
    };
    let index: u64 = index.parse().unwrap_or(0);
    if !delta.get("tool_calls").is_some_and(Value::is_array) {
        delta.insert("tool_calls".to_owned(), json!([]));
    }
    let Some(calls) = delta.get_mut("tool_calls").and_then(Value::as_array_mut) else { return };
    let known =
        calls.iter_mut().find(|call| call.get("index").and_then(Value::as_u64) == Some(index));
    let text = known
        .and_then(|call| call.get_mut("function"))
        .and_then(|function| function.get_mut(field));
    match text {
        Some(Value::String(text)) => text.push_str(&rest),
        _ => calls.push(json!({"index": index, "function": {field: rest}})),
    }
}
