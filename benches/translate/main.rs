//! What speaking another interface costs: a request on its way out, an event on its way back.
//!
//! Run with `cargo bench --bench translate`. Figures are CPU time of one thread, the best of several
//! rounds. A request is a conversation of 20 messages with a tool; an event is one piece of text, decoded,
//! translated and written as the client gets it.
#![expect(clippy::print_stdout, reason = "a bench reports to its reader")]

#[path = "../timing/mod.rs"]
mod timing;

use std::hint::black_box;
use std::time::Duration;

use ambidex::chat::{Surface, Usage, UsageSource};
use ambidex::dialect::{self, translate};
use ambidex::money::Tokens;
use ambidex::upstream::provider::{self, Provider};
use bytes::Bytes;
use serde_json::{Value, json};

/// CPU time of one round.
const ROUND: Duration = Duration::from_millis(200);
/// Calls between two looks at the clock.
const BETWEEN: usize = 200;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let chat = conversation().to_string();
    println!("a request of {} bytes in 20 messages, us of CPU time", chat.len());
    let request = dialect::of(Surface::OpenAiChat).read(Bytes::from(chat))?;
    let most = Tokens(4_096);
    for name in ["anthropic", "gemini", "bedrock"] {
        let to = named(name)?;
        let dialect = dialect::of(Surface::OpenAiChat);
        let talk = dialect.talk(request.body())?;
        let body = to.write(&talk, "model-x", most)?.body;
        let seconds = timing::seconds(ROUND, BETWEEN, |_| {
            let talk = dialect.talk(black_box(request.body()));
            black_box(talk.and_then(|talk| to.write(&talk, "model-x", most)).is_ok());
        });
        row(&format!("chat completions to {name}"), seconds * 1e6);
        let seconds = timing::seconds(ROUND, BETWEEN, |_| {
            black_box(translate::reread(black_box(&body), Surface::OpenAiChat).is_ok());
        });
        row("  read again for inspection", seconds * 1e6);
    }
    for name in ["openai", "mistral"] {
        let to = named(name)?;
        let seconds = timing::seconds(ROUND, BETWEEN, |_| {
            black_box(to.outgoing(black_box(&request), "model-x", most).is_ok());
        });
        row(&format!("chat completions to {name}, passed on"), seconds * 1e6);
    }
    println!("\nan event of a stream, us of CPU time");
    let events = [("anthropic", anthropic()), ("openai", chunk()), ("gemini", generated())];
    for (name, event) in &events {
        let from = named(name)?;
        for surface in [Surface::OpenAiChat, Surface::AnthropicMessages] {
            let seconds = if from.surface() == Some(surface) {
                passed(from, event.as_bytes())
            } else {
                translated(from, surface, event.as_bytes())?
            };
            row(&format!("{name} to {}", surface.word()), seconds * 1e6);
        }
    }
    Ok(())
}

fn row(name: &str, micros: f64) {
    println!("{name:<44} {micros:>8.2}");
}

fn named(name: &str) -> Result<&'static dyn Provider, Failure> {
    provider::named(name).ok_or_else(|| name.into())
}

/// A system prompt, 19 turns of talk with a call of a tool in between.
fn conversation() -> Value {
    let text = "The quick brown fox jumps over the lazy dog, and then it does so once more, because \
                a sentence of a conversation has about this length in practice.";
    let mut messages = vec![json!({ "role": "system", "content": "You are a helpful assistant." })];
    for turn in 0..8 {
        messages.push(json!({ "role": "user", "content": format!("{turn}: {text}") }));
        messages.push(json!({ "role": "assistant", "content": text }));
    }
    let function =
        json!({ "name": "get_weather", "arguments": "{\"location\":\"Paris\",\"days\":3}" });
    let call = json!({ "id": "call_1", "type": "function", "function": function });
    messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] }));
    messages.push(json!({ "role": "tool", "tool_call_id": "call_1", "content": "15 degrees" }));
    messages.push(json!({ "role": "user", "content": text }));
    let schema = json!({ "type": "object", "required": ["location"], "properties": {
        "location": { "type": "string" }, "days": { "type": "integer" } } });
    let tool = json!({ "type": "function", "function": { "name": "get_weather",
        "description": "The weather of a place.", "parameters": schema } });
    json!({ "model": "auto", "messages": messages, "tools": [tool], "temperature": 0.5,
        "max_completion_tokens": 300, "stream": true })
}

fn anthropic() -> String {
    let data = json!({ "type": "content_block_delta", "index": 0,
        "delta": { "type": "text_delta", "text": " the weather" } });
    format!("event: content_block_delta\ndata: {data}\n\n")
}

fn chunk() -> String {
    let data = json!({ "id": "chatcmpl-AbCdEfGh", "object": "chat.completion.chunk",
        "created": 1_741_569_952, "model": "gpt-4o-mini-2024-07-18", "system_fingerprint": "fp_44709d6fcb",
        "choices": [{ "index": 0, "delta": { "content": " the weather" }, "logprobs": null,
            "finish_reason": null }], "usage": null });
    format!("data: {data}\n\n")
}

fn generated() -> String {
    let data = json!({ "candidates": [{ "content": { "parts": [{ "text": " the weather" }],
        "role": "model" }, "index": 0 }], "usageMetadata": { "promptTokenCount": 1152,
        "candidatesTokenCount": 4, "totalTokenCount": 1156 }, "modelVersion": "gemini-2.5-flash",
        "responseId": "mAitaLmkHPPlz7IPvtfUqQ4" });
    format!("data: {data}\n\n")
}

fn about() -> translate::About {
    let (id, model) = ("01998c".to_owned(), "model-x".to_owned());
    translate::About { id, created: 1_741_569_952, model, asked: Bytes::new() }
}

/// Seconds for an event that is only heard.
fn passed(from: &dyn Provider, event: &[u8]) -> f64 {
    let (mut cutter, mut ear) = (from.cutter(), from.ear());
    timing::seconds(ROUND, BETWEEN, |_| {
        cutter.push(black_box(event));
        if let Ok(Some(event)) = cutter.next_event()
            && let Some(data) = cutter.data(&event)
        {
            black_box(ear.hear(&data).said.len());
        }
    })
}

/// Seconds for an event that is told in another interface.
fn translated(from: &dyn Provider, to: Surface, event: &[u8]) -> Result<f64, Failure> {
    let (mut cutter, mut ear) = (from.cutter(), from.ear());
    let dialect = dialect::of(to);
    let mut teller = dialect.teller(about()).ok_or("nobody tells it")?;
    let usage = Usage::none(UsageSource::Estimated);
    let mut told = Vec::new();
    Ok(timing::seconds(ROUND, BETWEEN, |_| {
        cutter.push(black_box(event));
        let Ok(Some(event)) = cutter.next_event() else { return };
        let Some(data) = cutter.data(&event) else { return };
        for said in ear.hear(&data).said {
            teller.tell(&said, &usage, &mut told);
        }
        for told in told.drain(..) {
            black_box(dialect.frame(told.data.as_bytes()).len());
        }
    }))
}
