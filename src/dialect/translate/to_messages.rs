//! The chunks of a chat completion as a streamed message.

use serde_json::{Value, json};

use super::{About, Told, Translator, reply};
use crate::chat::{Part, Usage};
use crate::dialect::messages;

/// What a block of the message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// The tool call of this number.
    Call(u64),
}

#[derive(Debug)]
pub(super) struct ToMessages {
    about: About,
    has_started: bool,
    /// The block that is being said; blocks do not overlap.
    open: Option<Kind>,
    /// The number of the next block.
    next: u64,
    /// The next tool call; those before it are closed.
    next_call: u64,
    reason: String,
}

impl ToMessages {
    pub(super) const fn new(about: About) -> Self {
        Self { about, has_started: false, open: None, next: 0, next_call: 0, reason: String::new() }
    }

    fn start(&mut self, used: &Usage, told: &mut Vec<Told>) {
        if std::mem::replace(&mut self.has_started, true) {
            return;
        }
        let message = json!({
            "id": format!("msg_{}", self.about.id), "type": "message", "role": "assistant",
            "model": self.about.model, "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": messages::usage(&Usage { output: crate::money::Tokens(0), ..*used }),
        });
        told.push(answer(&json!({ "type": "message_start", "message": message })));
        told.push(answer(&json!({ "type": "ping" })));
    }

    fn close(&mut self, told: &mut Vec<Told>) {
        if self.open.take().is_some() {
            told.push(answer(&json!({ "type": "content_block_stop", "index": self.next })));
            self.next += 1;
        }
    }

    fn begin(&mut self, kind: Kind, block: &Value, told: &mut Vec<Told>) {
        self.close(told);
        self.open = Some(kind);
        told.push(answer(&json!({
            "type": "content_block_start", "index": self.next, "content_block": block,
        })));
    }

    fn delta(&self, delta: &Value, told: &mut Vec<Told>) {
        told.push(answer(&json!({
            "type": "content_block_delta", "index": self.next, "delta": delta,
        })));
    }

    fn text(&mut self, text: &str, told: &mut Vec<Told>) {
        if self.open != Some(Kind::Text) {
            self.begin(Kind::Text, &json!({ "type": "text", "text": "" }), told);
        }
        self.delta(&json!({ "type": "text_delta", "text": text }), told);
    }

    /// More of a tool call. Blocks do not overlap, so a call that was left is not gone back to.
    fn call(&mut self, call: &Value, told: &mut Vec<Told>) -> Result<(), Interleaved> {
        let number = call.get("index").and_then(Value::as_u64).unwrap_or(0);
        let function = call.get("function").unwrap_or(&Value::Null);
        if self.open != Some(Kind::Call(number)) {
            if number < self.next_call {
                return Err(Interleaved);
            }
            self.next_call = number.saturating_add(1);
            let block = json!({
                "type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": {},
            });
            self.begin(Kind::Call(number), &block, told);
        }
        let more = function.get("arguments").and_then(Value::as_str).unwrap_or_default();
        if !more.is_empty() {
            self.delta(&json!({ "type": "input_json_delta", "partial_json": more }), told);
        }
        Ok(())
    }

    fn end(&mut self, used: &Usage) -> Vec<Told> {
        let mut told = Vec::new();
        self.start(used, &mut told);
        self.close(&mut told);
        let reason =
            reply::stop_reason(&self.reason, usize::try_from(self.next_call).unwrap_or(usize::MAX));
        let last = json!({
            "type": "message_delta",
            "delta": { "stop_reason": reason, "stop_sequence": null },
            "usage": messages::usage(used),
        });
        told.push(Told { part: Part::Final, data: last.to_string() });
        let stop = json!({ "type": "message_stop" }).to_string();
        told.push(Told { part: Part::End, data: stop });
        told
    }
}

/// Two tool calls were said at the same time.
struct Interleaved;

fn answer(data: &Value) -> Told {
    Told { part: Part::Answer, data: data.to_string() }
}

fn error(message: &Value) -> Told {
    let data = json!({ "type": "error", "error": { "type": "api_error", "message": message } });
    Told { part: Part::Error, data: data.to_string() }
}

impl Translator for ToMessages {
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told> {
        if data == b"[DONE]" {
            return self.end(used);
        }
        let Ok(chunk) = serde_json::from_slice::<Value>(data) else { return Vec::new() };
        if let Some(problem) = chunk.get("error").filter(|it| !it.is_null()) {
            let message = problem.get("message").unwrap_or(&Value::Null);
            return vec![error(message)];
        }
        let mut told = Vec::new();
        if !self.has_started
            && let Some(model) = reply::model(&chunk, &self.about).as_str()
        {
            model.clone_into(&mut self.about.model);
        }
        self.start(used, &mut told);
        let choice = chunk.get("choices").and_then(|it| it.as_array()?.first());
        let Some(choice) = choice else { return told };
        if let Some(delta) = choice.get("delta") {
            for key in ["content", "refusal"] {
                let text = delta.get(key).and_then(Value::as_str).unwrap_or_default();
                if !text.is_empty() {
                    self.text(text, &mut told);
                }
            }
            let calls = delta.get("tool_calls").and_then(Value::as_array);
            for call in calls.into_iter().flatten() {
                if self.call(call, &mut told).is_err() {
                    told.push(error(&"the upstream's tool calls overlap".into()));
                    return told;
                }
            }
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            reason.clone_into(&mut self.reason);
        }
        told
    }
}
