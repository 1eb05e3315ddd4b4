//! The chunks of a chat completion as the events of a response.
//!
//! The interface says everything twice: piece by piece, and whole when a part ends. So the answer is
//! kept until it ends, up to a limit.

use serde_json::{Value, json};

use super::super::translate::{About, Told, Translator};
use super::model;
use super::responses_reply::{
    Call, Said, Status, frame, message, name, part, set, thinking, usage,
};
use crate::chat::{Part, Usage};

/// Longest answer that is kept.
const BYTES_MAX: usize = 8 << 20;

/// What is being said.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Open {
    Thoughts,
    Message(Said),
    /// The tool call of this number.
    Call(u64, Call),
}

pub(super) struct ToResponses {
    about: About,
    model: Value,
    has_started: bool,
    /// The number of the next event.
    next: u64,
    /// The item that is being said, and its text so far.
    open: Option<Open>,
    text: String,
    /// How likely its tokens were, where that was asked for.
    logprobs: Vec<Value>,
    /// Whole parts of the message that is being said.
    parts: Vec<Value>,
    /// Whole items.
    output: Vec<Value>,
    kept: usize,
    reason: String,
}

/// An answer is content.
impl std::fmt::Debug for ToResponses {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ToResponses({}, {} bytes)", self.about.id, self.kept)
    }
}

impl ToResponses {
    pub(super) fn new(about: About) -> Self {
        Self {
            model: about.model.clone().into(),
            about,
            has_started: false,
            next: 0,
            open: None,
            text: String::new(),
            logprobs: Vec::new(),
            parts: Vec::new(),
            output: Vec::new(),
            kept: 0,
            reason: String::new(),
        }
    }

    fn event(&mut self, kind: &str, mut fields: Value) -> Told {
        self.tell(Part::Answer, kind, &mut fields)
    }

    fn tell(&mut self, part: Part, kind: &str, fields: &mut Value) -> Told {
        set(fields, "type", kind.into());
        set(fields, "sequence_number", self.next.into());
        self.next += 1;
        Told { part, data: fields.to_string() }
    }

    fn start(&mut self, told: &mut Vec<Told>) {
        if std::mem::replace(&mut self.has_started, true) {
            return;
        }
        let response = frame(&self.about, &self.model);
        told.push(self.event("response.created", json!({ "response": response })));
        told.push(self.event("response.in_progress", json!({ "response": response })));
    }

    /// Where the open item stands, as its events say it.
    fn place(&self) -> Value {
        let index = self.output.len();
        match &self.open {
            Some(Open::Thoughts) => json!({
                "item_id": name("rs", &self.about, index), "output_index": index, "summary_index": 0,
            }),
            Some(Open::Call(..)) => {
                json!({ "item_id": name("fc", &self.about, index), "output_index": index })
            }
            Some(Open::Message(_)) | None => json!({
                "item_id": name("msg", &self.about, index), "output_index": index,
                "content_index": self.parts.len(),
            }),
        }
    }

    fn with(&self, more: Value) -> Value {
        let mut place = self.place();
        if let Value::Object(more) = more {
            for (key, value) in more {
                set(&mut place, &key, value);
            }
        }
        place
    }

    /// Begins an item, or another part of the message.
    fn begin(&mut self, what: Open, told: &mut Vec<Told>) {
        let is_same_message =
            matches!((&self.open, &what), (Some(Open::Message(_)), Open::Message(_)));
        if is_same_message {
            self.close_part(told);
        } else {
            self.close(told);
        }
        self.open = Some(what.clone());
        let index = self.output.len();
        let item = match &what {
            Open::Thoughts => {
                json!({ "id": name("rs", &self.about, index), "type": "reasoning", "summary": [] })
            }
            Open::Call(_, call) => call.item(&name("fc", &self.about, index), "in_progress", ""),
            Open::Message(_) => json!({
                "id": name("msg", &self.about, index), "type": "message", "status": "in_progress",
                "role": "assistant", "content": [],
            }),
        };
        if !is_same_message {
            let added = json!({ "output_index": index, "item": item });
            told.push(self.event("response.output_item.added", added));
        }
        match what {
            Open::Thoughts => {
                let part = json!({ "type": "summary_text", "text": "" });
                let fields = self.with(json!({ "part": part }));
                told.push(self.event("response.reasoning_summary_part.added", fields));
            }
            Open::Message(said) => {
                let fields = self.with(json!({ "part": part(said, "") }));
                told.push(self.event("response.content_part.added", fields));
            }
            Open::Call(..) => {}
        }
    }

    /// More of what is open.
    fn more(&mut self, text: &str, logprobs: Option<&Value>, told: &mut Vec<Told>) {
        self.text.push_str(text);
        self.kept = self.kept.saturating_add(text.len());
        let mut fields = self.with(json!({ "delta": text }));
        let kind = match &self.open {
            Some(Open::Thoughts) => "response.reasoning_summary_text.delta",
            Some(Open::Call(..)) => "response.function_call_arguments.delta",
            Some(Open::Message(Said::Refusal)) => "response.refusal.delta",
            Some(Open::Message(Said::Text)) | None => {
                let scored = logprobs.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                self.logprobs.extend_from_slice(scored);
                set(&mut fields, "logprobs", scored.into());
                "response.output_text.delta"
            }
        };
        told.push(self.event(kind, fields));
    }

    /// Ends the open part of the message.
    fn close_part(&mut self, told: &mut Vec<Told>) {
        let Some(Open::Message(said)) = self.open else { return };
        let text = std::mem::take(&mut self.text);
        let logprobs = Value::from(std::mem::take(&mut self.logprobs));
        let mut whole = part(said, &text);
        if said == Said::Text {
            set(&mut whole, "logprobs", logprobs.clone());
        }
        let (kind, fields) = match said {
            Said::Text => {
                ("response.output_text.done", json!({ "text": text, "logprobs": logprobs }))
            }
            Said::Refusal => ("response.refusal.done", json!({ "refusal": text })),
        };
        let fields = self.with(fields);
        told.push(self.event(kind, fields));
        let fields = self.with(json!({ "part": whole }));
        told.push(self.event("response.content_part.done", fields));
        self.parts.push(whole);
    }

    /// Ends the open item.
    fn close(&mut self, told: &mut Vec<Told>) {
        self.close_part(told);
        let Some(open) = self.open.clone() else { return };
        let index = self.output.len();
        let text = std::mem::take(&mut self.text);
        let item = match open {
            Open::Message(_) => {
                let id = name("msg", &self.about, index);
                let parts = std::mem::take(&mut self.parts);
                message(&id, Status::of(&self.reason), parts.into())
            }
            Open::Thoughts => {
                let fields = self.with(json!({ "text": text }));
                told.push(self.event("response.reasoning_summary_text.done", fields));
                let part = json!({ "type": "summary_text", "text": text });
                let fields = self.with(json!({ "part": part }));
                told.push(self.event("response.reasoning_summary_part.done", fields));
                thinking(&name("rs", &self.about, index), &text)
            }
            Open::Call(_, call) => {
                let fields = self.with(json!({ "arguments": text, "name": call.name }));
                told.push(self.event("response.function_call_arguments.done", fields));
                call.item(&name("fc", &self.about, index), "completed", &text)
            }
        };
        self.open = None;
        let done = json!({ "output_index": index, "item": item });
        told.push(self.event("response.output_item.done", done));
        self.output.push(item);
    }

    fn say(&mut self, what: Open, text: &str, choice: &Value, told: &mut Vec<Told>) {
        if text.is_empty() {
            return;
        }
        if self.open.as_ref() != Some(&what) {
            self.begin(what, told);
        }
        let logprobs = choice.get("logprobs").and_then(|it| it.get("content"));
        self.more(text, logprobs, told);
    }

    /// More of a tool call. Items do not overlap, so a call that was left is not gone back to.
    fn call(&mut self, call: &Value, told: &mut Vec<Told>) -> Result<(), &'static str> {
        let number = call.get("index").and_then(Value::as_u64).unwrap_or(0);
        let function = call.get("function").unwrap_or(&Value::Null);
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let is_open = matches!(&self.open, Some(Open::Call(open, _)) if *open == number);
        if !is_open {
            let name = text(function, "name");
            if name.is_empty() {
                return Err("the upstream's tool calls overlap");
            }
            self.begin(Open::Call(number, Call { id: text(call, "id"), name }), told);
        }
        let more = text(function, "arguments");
        if !more.is_empty() {
            self.more(&more, None, told);
        }
        Ok(())
    }

    fn end(&mut self, used: &Usage) -> Vec<Told> {
        let mut told = Vec::new();
        self.start(&mut told);
        if self.output.is_empty() && self.open.is_none() {
            self.begin(Open::Message(Said::Text), &mut told);
        }
        self.close(&mut told);
        let status = Status::of(&self.reason);
        let mut response = frame(&self.about, &self.model);
        status.tell(&mut response);
        set(&mut response, "output", std::mem::take(&mut self.output).into());
        set(&mut response, "usage", usage(used));
        let kind = format!("response.{}", status.word());
        told.push(self.tell(Part::Last, &kind, &mut json!({ "response": response })));
        told
    }

    fn failed(&mut self, message: &Value) -> Told {
        let error = json!({ "code": "server_error", "message": message });
        let mut fields = json!({
            "code": "upstream_error", "message": message, "param": null, "error": error,
        });
        self.tell(Part::Error, "error", &mut fields)
    }

    fn chunk(&mut self, choice: &Value, told: &mut Vec<Told>) -> Result<(), &'static str> {
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        let said = |key: &str| delta.get(key).and_then(Value::as_str).unwrap_or_default();
        let thoughts = [said("reasoning_content"), said("reasoning")].concat();
        self.say(Open::Thoughts, &thoughts, choice, told);
        self.say(Open::Message(Said::Text), said("content"), choice, told);
        self.say(Open::Message(Said::Refusal), said("refusal"), choice, told);
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.call(call, told)?;
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            reason.clone_into(&mut self.reason);
        }
        if self.kept > BYTES_MAX {
            return Err("the answer is longer than this interface can be given");
        }
        Ok(())
    }
}

impl Translator for ToResponses {
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told> {
        if data == b"[DONE]" {
            return self.end(used);
        }
        let Ok(chunk) = serde_json::from_slice::<Value>(data) else { return Vec::new() };
        if let Some(problem) = chunk.get("error").filter(|it| !it.is_null()) {
            return vec![self.failed(problem.get("message").unwrap_or(&Value::Null))];
        }
        let mut told = Vec::new();
        if !self.has_started {
            self.model = model(&chunk, &self.about);
        }
        self.start(&mut told);
        let choice = chunk.get("choices").and_then(|it| it.as_array()?.first());
        if let Some(choice) = choice
            && let Err(problem) = self.chunk(choice, &mut told)
        {
            told.push(self.failed(&problem.into()));
        }
        told
    }
}
