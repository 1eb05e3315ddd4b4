//! Whole answers in the other dialect.

use serde_json::{Map, Value, json};

use super::About;
use crate::chat::Usage;
use crate::dialect::{messages, openai};

/// A message as a chat completion.
pub(super) fn as_chat(body: &Value, about: &About, used: &Usage) -> Option<Value> {
    let (mut text, mut thoughts, mut calls) = (String::new(), String::new(), Vec::new());
    for block in body.get("content")?.as_array()? {
        let said = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default();
        match said("type") {
            "text" => text.push_str(said("text")),
            "thinking" => thoughts.push_str(said("thinking")),
            "tool_use" => {
                let input = block.get("input").map_or_else(|| "{}".to_owned(), Value::to_string);
                let function = json!({ "name": said("name"), "arguments": input });
                calls.push(json!({ "id": said("id"), "type": "function", "function": function }));
            }
            _ => {}
        }
    }
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { text.into() };
    let mut message = json!({ "role": "assistant", "content": content, "refusal": null });
    if let Some(fields) = message.as_object_mut() {
        if !calls.is_empty() {
            fields.insert("tool_calls".to_owned(), calls.into());
        }
        if !thoughts.is_empty() {
            fields.insert("reasoning_content".to_owned(), thoughts.into());
        }
    }
    let reason = body.get("stop_reason").and_then(Value::as_str).unwrap_or_default();
    Some(json!({
        "id": format!("chatcmpl-{}", about.id),
        "object": "chat.completion",
        "created": about.created,
        "model": model(body, about),
        "choices": [{
            "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(reason),
        }],
        "usage": openai::usage(used),
    }))
}

/// A chat completion as a message.
pub(super) fn as_message(body: &Value, about: &About, used: &Usage) -> Option<Value> {
    let choice = body.get("choices")?.as_array()?.first()?;
    let message = choice.get("message")?;
    let mut content = Vec::new();
    for key in ["content", "refusal"] {
        if let Some(text) = message.get(key).and_then(Value::as_str).filter(|it| !it.is_empty()) {
            content.push(json!({ "type": "text", "text": text }));
        }
    }
    let calls = message.get("tool_calls").and_then(Value::as_array);
    for call in calls.into_iter().flatten() {
        let function = call.get("function")?;
        let arguments = function.get("arguments").and_then(Value::as_str).unwrap_or_default();
        let input: Map<String, Value> = match arguments.trim() {
            "" => Map::new(),
            text => serde_json::from_str(text).ok()?,
        };
        content.push(json!({
            "type": "tool_use", "id": call.get("id")?, "name": function.get("name")?, "input": input,
        }));
    }
    let count = calls.map_or(0, Vec::len);
    let reason = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
    Some(json!({
        "id": format!("msg_{}", about.id),
        "type": "message",
        "role": "assistant",
        "model": model(body, about),
        "content": content,
        "stop_reason": stop_reason(reason, count),
        "stop_sequence": null,
        "usage": messages::usage(used),
    }))
}

pub(super) fn model(body: &Value, about: &About) -> Value {
    body.get("model")
        .filter(|it| it.is_string())
        .cloned()
        .unwrap_or_else(|| about.model.clone().into())
}

pub(super) fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        _ => "stop",
    }
}

/// Some servers say `stop` although the model called a tool.
pub(super) fn stop_reason(finish_reason: &str, calls: usize) -> &'static str {
    match finish_reason {
        "length" => "max_tokens",
        "content_filter" => "refusal",
        "tool_calls" | "function_call" => "tool_use",
        _ if calls > 0 => "tool_use",
        _ => "end_turn",
    }
}
