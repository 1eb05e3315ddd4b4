//! Answers of the local engine, and errors, as chat completions.

use serde_json::{Value, json};

use crate::chat::{Answer, Event, Finish, Likely, Scored, Usage};
use crate::dialect::Complaint;

pub(super) fn answer(answer: &Answer) -> Vec<u8> {
    let choices = answer.choices.iter().enumerate().map(|(index, choice)| {
        json!({
            "index": index,
            "message": { "role": "assistant", "content": choice.text, "refusal": null },
            "logprobs": answer.has_logprobs.then(|| logprobs(&choice.tokens)),
            "finish_reason": reason(choice.finish),
        })
    });
    json!({
        "id": format!("chatcmpl-{}", answer.id),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": choices.collect::<Vec<_>>(),
        "usage": usage(&answer.usage),
    })
    .to_string()
    .into_bytes()
}

/// Every choice has an opening of its own.
pub(super) fn opening(answer: &Answer) -> Vec<u8> {
    let delta = json!({ "role": "assistant", "content": "" });
    let chunks = (0..answer.choices.len()).map(|index| chunk(answer, index, delta.clone(), None));
    chunks.collect::<Vec<_>>().concat()
}

pub(super) fn event(answer: &Answer, event: &Event) -> Vec<u8> {
    match event {
        Event::Text(piece) => {
            let logprobs = (!piece.tokens.is_empty()).then(|| logprobs(&piece.tokens));
            let mut choice = choice_of(piece.choice, json!({ "content": piece.text }), None);
            if let Some(fields) = choice.as_object_mut() {
                fields.insert("logprobs".to_owned(), logprobs.into());
            }
            data(&chunk_of(answer, json!([choice])))
        }
        Event::Done { choice, finish } => chunk(answer, *choice, json!({}), Some(*finish)),
    }
}

fn chunk(answer: &Answer, index: usize, delta: Value, finish: Option<Finish>) -> Vec<u8> {
    data(&chunk_of(answer, json!([choice_of(index, delta, finish)])))
}

fn choice_of(index: usize, delta: Value, finish: Option<Finish>) -> Value {
    json!({
        "index": index,
        "delta": delta,
        "logprobs": null,
        "finish_reason": finish.map(reason),
    })
}

fn logprobs(tokens: &[Scored]) -> Value {
    let content = tokens.iter().map(|scored| {
        let mut entry = token(&scored.token);
        if let Some(fields) = entry.as_object_mut() {
            let top: Vec<Value> = scored.top.iter().map(token).collect();
            fields.insert("top_logprobs".to_owned(), top.into());
        }
        entry
    });
    json!({ "content": content.collect::<Vec<_>>(), "refusal": null })
}

fn token(likely: &Likely) -> Value {
    // JSON has no infinity; this number is what the interface gives for "never".
    let logprob = likely.logprob.max(-9_999.0);
    json!({ "token": likely.text, "logprob": logprob, "bytes": likely.bytes })
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

pub(in crate::dialect) fn usage(usage: &Usage) -> Value {
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
