//! Answers of the local engine, and errors, as chat completions.

use serde_json::{Value, json};

use crate::chat::{Answer, Event, Finish, Usage};
use crate::dialect::Complaint;

pub(super) fn answer(answer: &Answer) -> Vec<u8> {
    json!({
        "id": format!("chatcmpl-{}", answer.id),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": answer.text, "refusal": null },
            "logprobs": null,
            "finish_reason": reason(answer.finish),
        }],
        "usage": usage(&answer.usage),
    })
    .to_string()
    .into_bytes()
}

pub(super) fn opening(answer: &Answer) -> Vec<u8> {
    chunk(answer, json!({ "role": "assistant", "content": "" }), None)
}

pub(super) fn event(answer: &Answer, event: &Event) -> Vec<u8> {
    match event {
        Event::Text(text) => chunk(answer, json!({ "content": text }), None),
        Event::Done(finish) => chunk(answer, json!({}), Some(*finish)),
    }
}

fn chunk(answer: &Answer, delta: Value, finish: Option<Finish>) -> Vec<u8> {
    let choice = json!({
        "index": 0,
        "delta": delta,
        "logprobs": null,
        "finish_reason": finish.map(reason),
    });
    data(&chunk_of(answer, json!([choice])))
}

/// The last chunk of a stream, as the interface defines it for `include_usage`, with the cost.
pub(super) fn closing_usage(answer: &Answer, cost_usd: &str) -> Vec<u8> {
    let mut value = chunk_of(answer, json!([]));
    if let Some(fields) = value.as_object_mut() {
        fields.insert("usage".to_owned(), usage(&answer.usage));
        fields.insert("x_ambidex_cost_usd".to_owned(), cost_usd.into());
    }
    data(&value)
}

fn chunk_of(answer: &Answer, choices: Value) -> Value {
    json!({
        "id": format!("chatcmpl-{}", answer.id),
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "choices": choices,
    })
}

/// One line of JSON has no raw line breaks, so nothing in it can forge another event.
fn data(value: &Value) -> Vec<u8> {
    format!("data: {value}\n\n").into_bytes()
}

fn usage(usage: &Usage) -> Value {
    let (input, output) = (usage.input_total(), usage.output_total());
    json!({
        "prompt_tokens": input.0,
        "completion_tokens": output.0,
        "total_tokens": (input + output).0,
        "prompt_tokens_details": { "cached_tokens": usage.cache_read.0 },
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning.0 },
    })
}

const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
    }
}

/// The shape that official clients read: `error.{message, type, param, code}`.
pub(super) fn complaint(complaint: &Complaint<'_>) -> Vec<u8> {
    let kind = match complaint.status {
        401 => "authentication_error",
        403 => "permission_error",
        402 | 429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    };
    let mut error = json!({
        "message": complaint.message,
        "type": kind,
        "param": null,
        "code": complaint.code,
    });
    if let (Some(fields), Some(decision)) = (error.as_object_mut(), complaint.decision) {
        fields.insert("decision".to_owned(), decision.into());
    }
    json!({ "error": error }).to_string().into_bytes()
}
