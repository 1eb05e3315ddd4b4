//! A chat completion as a response.

use serde_json::{Map, Value, json};

use super::super::translate::About;
use super::model;
use crate::chat::Usage;

/// Settings of a request that its answer repeats.
const REPEATED: [&str; 15] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
];

/// The whole answer; `None` if it is no chat completion.
pub(super) fn response(chat: &Value, about: &About, used: &Usage) -> Option<Value> {
    let choice = chat.get("choices")?.as_array()?.first()?;
    let message = choice.get("message")?;
    let said = |key: &str| message.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
    let reason = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
    let status = Status::of(reason);
    let mut output = Vec::new();
    if let Some(thoughts) = said("reasoning_content").or_else(|| said("reasoning")) {
        output.push(thinking(&name("rs", about, output.len()), thoughts));
    }
    let mut parts = Vec::new();
    parts.extend(said("content").map(|text| part(Said::Text, text)));
    parts.extend(said("refusal").map(|text| part(Said::Refusal, text)));
    if let (Some(logprobs), Some(part)) = (logprobs(choice), parts.first_mut())
        && part.get("type").is_some_and(|it| it == "output_text")
    {
        set(part, "logprobs", logprobs);
    }
    let calls = message.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !parts.is_empty() || calls.is_empty() {
        output.push(self::message(&name("msg", about, output.len()), status, parts.into()));
    }
    for call in calls {
        let function = call.get("function")?;
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let item = Call { id: text(call, "id"), name: text(function, "name") };
        let arguments = text(function, "arguments");
        output.push(item.item(&name("fc", about, output.len()), "completed", &arguments));
    }
    let mut whole = frame(about, &model(chat, about));
    status.tell(&mut whole);
    set(&mut whole, "output", output.into());
    set(&mut whole, "usage", usage(used));
    Some(whole)
}

/// Everything of a response but what it says: the settings of its request stand in it.
pub(super) fn frame(about: &About, model: &Value) -> Value {
    let asked: Map<String, Value> = serde_json::from_slice(&about.asked).unwrap_or_default();
    let mut whole = json!({
        "id": format!("resp_{}", about.id),
        "object": "response",
        "created_at": about.created,
        "status": "in_progress",
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": { "effort": null, "summary": null },
        "store": false,
        "temperature": null,
        "text": { "format": { "type": "text" } },
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "truncation": "disabled",
        "usage": null,
        "user": null,
    });
    for (key, value) in asked {
        if REPEATED.contains(&key.as_str()) && !value.is_null() {
            set(&mut whole, &key, value);
        }
    }
    whole
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Completed,
    CutShort,
    Filtered,
}

impl Status {
    pub(super) fn of(finish_reason: &str) -> Self {
        match finish_reason {
            "length" => Self::CutShort,
            "content_filter" => Self::Filtered,
            _ => Self::Completed,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CutShort | Self::Filtered => "incomplete",
        }
    }

    /// Says it in a response.
    pub(super) fn tell(self, whole: &mut Value) {
        set(whole, "status", self.word().into());
        let reason = match self {
            Self::Completed => return,
            Self::CutShort => "max_output_tokens",
            Self::Filtered => "content_filter",
        };
        set(whole, "incomplete_details", json!({ "reason": reason }));
    }
}

/// What a part of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Text,
    Refusal,
}

pub(super) fn part(kind: Said, text: &str) -> Value {
    match kind {
        Said::Text => {
            json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
        }
        Said::Refusal => json!({ "type": "refusal", "refusal": text }),
    }
}

pub(super) fn message(id: &str, status: Status, parts: Value) -> Value {
    json!({
        "id": id, "type": "message", "status": status.word(), "role": "assistant", "content": parts,
    })
}

pub(super) fn thinking(id: &str, thoughts: &str) -> Value {
    let summary = json!([{ "type": "summary_text", "text": thoughts }]);
    json!({ "id": id, "type": "reasoning", "summary": summary })
}

/// A tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
}

impl Call {
    pub(super) fn item(&self, id: &str, status: &str, arguments: &str) -> Value {
        json!({
            "id": id, "type": "function_call", "status": status, "call_id": self.id,
            "name": self.name, "arguments": arguments,
        })
    }
}

/// The name of an item of the output.
pub(super) fn name(kind: &str, about: &About, index: usize) -> String {
    format!("{kind}_{}_{index}", about.id)
}

pub(super) fn set(whole: &mut Value, key: &str, value: Value) {
    if let Some(fields) = whole.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

/// Here the input contains what a cache served, and the output the thinking.
pub(super) fn usage(usage: &Usage) -> Value {
    let (input, output) = (usage.input_total(), usage.output_total());
    json!({
        "input_tokens": input.0,
        "input_tokens_details": { "cached_tokens": usage.cache_read.0 },
        "output_tokens": output.0,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning.0 },
        "total_tokens": (input + output).0,
    })
}

fn logprobs(choice: &Value) -> Option<Value> {
    let content = choice.get("logprobs")?.get("content")?;
    content.is_array().then(|| content.clone())
}
