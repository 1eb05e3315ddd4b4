//! Answers of the local engine, and errors, as messages.

use serde_json::{Value, json};

use super::Messages;
use crate::chat::{Answer, Event, Finish, Usage};
use crate::dialect::{Complaint, Dialect as _};

pub(super) fn answer(answer: &Answer) -> Vec<u8> {
    // The interface knows one answer only.
    let (text, finish) =
        answer.choices.first().map_or(("", Finish::Stop), |it| (it.text.as_str(), it.finish));
    let mut message = message(answer, json!([{ "type": "text", "text": text }]));
    if let Some(fields) = message.as_object_mut() {
        fields.insert("stop_reason".to_owned(), reason(finish).into());
    }
    message.to_string().into_bytes()
}

fn message(answer: &Answer, content: Value) -> Value {
    json!({
        "id": format!("msg_{}", answer.id),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(&answer.usage),
    })
}

pub(super) fn opening(answer: &Answer) -> Vec<u8> {
    let start = json!({ "type": "message_start", "message": message(answer, json!([])) });
    let block = json!({
        "type": "content_block_start",
        "index": 0,
        "content_block": { "type": "text", "text": "" },
    });
    [data(&start), data(&block), data(&json!({ "type": "ping" }))].concat()
}

pub(super) fn event(_: &Answer, event: &Event) -> Vec<u8> {
    match event {
        Event::Text(piece) => {
            let delta = json!({ "type": "text_delta", "text": piece.text });
            data(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
        }
        Event::Done { .. } => data(&json!({ "type": "content_block_stop", "index": 0 })),
    }
}

/// Why the answer ended, what it used and cost.
pub(super) fn closing_usage(answer: &Answer, cost_usd: &str) -> Vec<u8> {
    let finish = answer.choices.first().map_or(Finish::Stop, |it| it.finish);
    data(&json!({
        "type": "message_delta",
        "delta": { "stop_reason": reason(finish), "stop_sequence": null },
        "usage": usage(&answer.usage),
        "x_ambidex_cost_usd": cost_usd,
    }))
}

/// One line of JSON has no raw line breaks, so nothing in it can forge another event.
fn data(value: &Value) -> Vec<u8> {
    Messages.frame(value.to_string().as_bytes())
}

/// Here the input does not contain what a cache served, and the output contains the thinking.
pub(in crate::dialect) fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_uncached.0,
        "cache_creation_input_tokens": (usage.cache_write + usage.cache_write_1h).0,
        "cache_read_input_tokens": usage.cache_read.0,
        "output_tokens": usage.output_total().0,
    })
}

const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
    }
}

/// The shape that official clients read: `{type: "error", error: {type, message}}`.
pub(super) fn complaint(complaint: &Complaint<'_>) -> Vec<u8> {
    let kind = match complaint.status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        _ => "api_error",
    };
    let mut whole = json!({
        "type": "error",
        "error": { "type": kind, "message": complaint.message, "code": complaint.code },
    });
    if let (Some(fields), Some(decision)) = (whole.as_object_mut(), complaint.decision) {
        fields.insert("request_id".to_owned(), decision.into());
    }
    whole.to_string().into_bytes()
}
