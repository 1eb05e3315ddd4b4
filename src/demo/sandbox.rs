//! A stand-in for a commercial API, so that the demonstration runs without keys and without a
//! network. It listens on loopback, speaks the chat completions interface over real HTTP, reports
//! usage like the real thing, and says in every answer that it is no model.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::inspect::size;
use crate::server::{self, Body, Limits, Shutdown, respond};
use crate::tasks::Tasks;

/// Opens every answer, so that nobody takes it for a model's.
pub const LABEL: &str = "[sandbox upstream, no real model]";

/// Starts the stand-in on a free port of the loopback interface.
pub async fn start(tasks: &Tasks, shutdown: Shutdown) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tasks.spawn(server::serve(listener, Limits::default(), shutdown, handle));
    Ok(address)
}

async fn handle(request: Request<Incoming>) -> Response<Body> {
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return respond::json(StatusCode::BAD_REQUEST, "{}"),
    };
    let Ok(asked) = serde_json::from_slice::<Value>(&body) else {
        return respond::json(StatusCode::BAD_REQUEST, r#"{"error":{"message":"not JSON"}}"#);
    };
    let text = answer_to(&asked);
    let usage = usage(&asked, &text);
    if asked.get("stream").and_then(Value::as_bool).unwrap_or(false) {
        let with_usage = asked.pointer("/stream_options/include_usage") == Some(&json!(true));
        let pieces = stream(&asked, &text, with_usage.then_some(usage));
        return respond::events(Box::pin(futures_util::stream::iter(pieces)));
    }
    let reply = json!({
        "id": "chatcmpl-sandbox",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model"),
        "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": text } }],
        "usage": usage,
    });
    respond::json(StatusCode::OK, reply.to_string())
}

/// A sentence that shows that the question arrived, without pretending to answer it.
fn answer_to(asked: &Value) -> String {
    let turns = asked.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
    let model = asked.get("model").and_then(Value::as_str).unwrap_or("a model");
    format!(
        "{LABEL} A request for {model} with {turns} message(s) arrived here. \
         With a real key in the configuration, the vendor's answer would stand in this place."
    )
}

fn usage(asked: &Value, text: &str) -> Value {
    let prompt: u32 = asked
        .get("messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("content").and_then(Value::as_str))
        .map(|content| size::estimate(content).0.saturating_add(4))
        .sum();
    let completion = size::estimate(text).0;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt.saturating_add(completion),
    })
}

fn stream(asked: &Value, text: &str, usage: Option<Value>) -> Vec<Bytes> {
    let chunk = |choices: Value, usage: Value| {
        let value = json!({ "id": "chatcmpl-sandbox", "object": "chat.completion.chunk",
            "created": 0, "model": asked.get("model"), "choices": choices, "usage": usage });
        Bytes::from(format!("data: {value}\n\n"))
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), Value::Null)
    };
    let mut pieces = vec![delta(json!({ "role": "assistant", "content": "" }), Value::Null)];
    let words = text.split_inclusive(' ');
    pieces.extend(words.map(|word| delta(json!({ "content": word }), Value::Null)));
    pieces.push(delta(json!({}), "stop".into()));
    pieces.extend(usage.map(|usage| chunk(json!([]), usage)));
    pieces.push(Bytes::from_static(b"data: [DONE]\n\n"));
    pieces
}
