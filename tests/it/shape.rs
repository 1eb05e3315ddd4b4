//! The shape of what clients get, held against files: a field that moves is seen in review.
//!
//! `UPDATE=1 cargo test --test it shape` writes the files anew.

use std::path::Path;

use serde_json::Value;

use crate::support::{Proxy, Say, Upstream};

const FOLDER: &str = "tests/golden/openai_chat";

/// The gateway's own words differ from run to run in these places only.
fn still(mut value: Value, decision: &str) -> Value {
    if let Some(created) = value.get_mut("created") {
        assert!(created.as_i64().unwrap() > 1_700_000_000);
        *created = 0.into();
    }
    let text = value.to_string();
    serde_json::from_str(&text.replace(decision, "DECISION")).unwrap()
}

fn pretty(values: &[Value]) -> String {
    let mut out = String::new();
    for value in values {
        out.push_str(&serde_json::to_string_pretty(value).unwrap());
        out.push('\n');
    }
    out
}

/// The stream one event a line, so that a change of one event is a change of one line.
fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

fn check(name: &str, told: &str) {
    let path = Path::new(FOLDER).join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, told).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(told, expected, "{} differs", path.display());
}

fn request() -> Value {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("request.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The text depends on the model's weights, which are trained anew now and then.
fn without_text(mut value: Value, at: &str) -> Value {
    if let Some(text) = value.pointer_mut(at).filter(|text| text.as_str() != Some("")) {
        assert!(text.is_string());
        *text = "TEXT".into();
    }
    for count in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        if let Some(count) = value.pointer_mut(&format!("/usage/{count}")) {
            assert!(count.as_u64().unwrap() > 0);
            *count = 1.into();
        }
    }
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&request()).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    assert_eq!(reply.header("content-type"), "application/json");
    let usage = reply.json()["usage"].clone();
    let sum =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
    let value = without_text(still(reply.json(), reply.decision()), "/choices/0/message/content");
    check("reply.json", &pretty(&[value]));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let whole = proxy.send(&request()).await.json()["choices"][0]["message"]["content"].clone();
    let mut body = request();
    body["stream"] = true.into();
    body["stream_options"] = serde_json::json!({ "include_usage": true });
    let reply = proxy.send(&body).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = reply.text();
    let events = text.strip_suffix("data: [DONE]\n\n").expect("the end of the stream");
    let events: Vec<Value> = events
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    let said: String = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(whole, said, "the streamed text is the whole text");
    let mut values: Vec<Value> = events
        .into_iter()
        .map(|event| without_text(still(event, reply.decision()), "/choices/0/delta/content"))
        .collect();
    // However many pieces of text there are.
    values.dedup();
    check("stream.jsonl", &lines(&values));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let mut tools = crate::support::chat("Write a poem about 4111 1111 1111 1111");
    tools["tools"] = serde_json::json!([{ "type": "function", "function": { "name": "f" } }]);
    let refused = proxy.send(&tools).await;
    let unusable = proxy.send(&serde_json::json!({ "model": "auto" })).await;
    let nowhere = proxy.client.post(proxy.url("/v1/nothing")).send().await.unwrap();
    let nowhere: Value = serde_json::from_slice(&nowhere.bytes().await.unwrap()).unwrap();
    let values = [still(refused.json(), refused.decision()), unusable.json(), nowhere];
    for value in &values {
        let error = value["error"].as_object().unwrap();
        // What official clients read.
        for field in ["message", "type", "param", "code"] {
            assert!(error.contains_key(field), "{field} in {value}");
        }
    }
    check("error.json", &pretty(&values));
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}
