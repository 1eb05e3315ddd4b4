//! What leaves in chat completions, what is heard, and how each vendor differs.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::chat::{Part, Surface};
use crate::dialect;
use crate::money::{NanoUsd, Tokens};
use crate::upstream::provider::{Provider, named};

fn read(body: &Value) -> (Bytes, crate::chat::Request) {
    let bytes = Bytes::from(body.to_string());
    let request = dialect::of(Surface::OpenAiChat).read(bytes.clone()).unwrap();
    (bytes, request)
}

fn provider(name: &str) -> &'static dyn Provider {
    named(name).unwrap()
}

fn sent(name: &str, body: &Value) -> Value {
    let out = provider(name).outgoing(&read(body).1, "model-x", Tokens(99)).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_body_is_forwarded_as_it_came_when_nothing_changes() {
    let body =
        json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "é"}]});
    for name in ["openai", "azure", "mistral", "deepseek", "zhipu", "openrouter"] {
        let (bytes, request) = read(&body);
        let out = provider(name).outgoing(&request, "m", Tokens(99)).unwrap();
        assert_eq!(out.as_ptr(), bytes.as_ptr(), "{name}: the very same memory");
        assert_eq!(out, bytes);
    }
}

#[test]
fn splices_change_what_they_name_and_nothing_else() {
    let body =
        json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "x"}]});
    let mut expected = body.clone();
    expected["model"] = "model-x".into();
    expected["max_completion_tokens"] = 99.into();
    expected["stream_options"] = json!({"include_usage": true});
    assert_eq!(sent("openai", &body), expected);
}

/// Mistral takes nine letters and digits; a conversation that began at OpenAI has other names.
#[test]
fn names_of_calls_are_what_the_vendor_takes_in_call_and_result_alike() {
    let body = json!({"model": "m", "max_tokens": 5, "messages": [
        {"role": "user", "content": "call_abc123 \"tool_call_id\": \"call_abc123\""},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_abc123", "type": "function", "function": {"name": "f", "arguments": "{\"id\": \"call_abc123\"}"}},
            {"id": "D681PevKs", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "call_abc123", "content": "1"},
        {"role": "tool", "tool_call_id": "D681PevKs", "content": "2"},
    ]});
    let out = sent("mistral", &body);
    let new = out["messages"][2]["tool_call_id"].as_str().unwrap().to_owned();
    assert!(new.len() == 9 && new.bytes().all(|it| it.is_ascii_alphanumeric()), "{new}");
    let mut expected = body.clone();
    expected["model"] = "model-x".into();
    expected["messages"][1]["tool_calls"][0]["id"] = new.clone().into();
    expected["messages"][2]["tool_call_id"] = new.into();
    assert_eq!(out, expected, "everything else is as it was");
    assert_eq!(sent("openai", &body)["messages"], body["messages"]);
}

#[test]
fn idle_values_are_replaced_not_doubled() {
    let body = json!({"model": "m", "stream": true, "messages": [{}],
        "stream_options": {"include_usage": false, "x": 1}, "max_completion_tokens": null});
    for (name, limit) in [("openai", "max_completion_tokens"), ("deepseek", "max_tokens")] {
        let out = sent(name, &body);
        assert_eq!(out["stream_options"], json!({"include_usage": true, "x": 1}), "{name}");
        assert_eq!(out[limit], 99, "{name}");
        let bytes = provider(name).outgoing(&read(&body).1, "m", Tokens(99)).unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(text.matches(limit).count(), 1, "{name}: {text}");
        assert_eq!(text.matches("stream_options").count(), 1, "{name}: {text}");
    }
}

/// What each vendor gets of a request with everything in it.
#[test]
fn every_vendor_gets_its_own_names() {
    let body = json!({"model": "auto", "stream": true, "max_completion_tokens": 7, "seed": 3,
        "user": "u", "store": true, "unknown": {"b": 1, "a": [1.50]},
        "messages": [{"role": "user", "content": "x"}]});
    let out = |name: &str| {
        let Value::Object(mut fields) = sent(name, &body) else { panic!("no object") };
        for (key, value) in [
            ("model", json!("model-x")),
            ("stream", json!(true)),
            ("messages", body["messages"].clone()),
            ("unknown", body["unknown"].clone()),
        ] {
            assert_eq!(fields.remove(key), Some(value), "{name}: {key}");
        }
        Value::Object(fields)
    };
    let asked = json!({"include_usage": true});
    let usual = json!({"max_completion_tokens": 7, "seed": 3, "user": "u", "store": true,
        "stream_options": asked});
    assert_eq!(out("openai"), usual);
    assert_eq!(out("azure"), usual);
    assert_eq!(out("mistral"), json!({"max_tokens": 7, "random_seed": 3}));
    let routed =
        json!({"max_tokens": 7, "seed": 3, "user": "u", "store": true, "stream_options": asked});
    assert_eq!(out("openrouter"), routed);
    // Nothing is dropped that changes the answer.
    let (_, request) = read(&body);
    for name in ["deepseek", "zhipu", "minimax"] {
        let refused = provider(name).outgoing(&request, "m", Tokens(9)).unwrap_err();
        assert_eq!(refused.field, "seed", "{name}");
    }
    let mut body = body.clone();
    body["seed"] = Value::Null;
    body["presence_penalty"] = 0.into();
    body["n"] = 1.into();
    let out = |name: &str| {
        let Value::Object(mut fields) = sent(name, &body) else { panic!("no object") };
        fields.retain(|key, _| !["model", "stream", "messages", "unknown"].contains(&key.as_str()));
        Value::Object(fields)
    };
    assert_eq!(out("zhipu"), json!({"max_tokens": 7, "user_id": "u"}));
    let expected = json!({"max_tokens": 7, "presence_penalty": 0, "stream_options": asked});
    assert_eq!(out("deepseek"), expected);
    assert_eq!(out("minimax"), json!({"max_completion_tokens": 7, "stream_options": asked}));
}

#[test]
fn values_are_passed_on_byte_for_byte_even_when_keys_are_not() {
    let body = br#"{"model":"m", "seed" : 3,"messages":[ {"role":"user","content":"\u00e9\/"} ],"x":1.50e1,"max_tokens":4}"#;
    let request = dialect::of(Surface::OpenAiChat).read(Bytes::from_static(body)).unwrap();
    let out = provider("mistral").outgoing(&request, "m", Tokens(9)).unwrap();
    let expected = r#"{"model":"m","random_seed":3,"messages":[ {"role":"user","content":"\u00e9\/"} ],"x":1.50e1,"max_tokens":4}"#;
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
}

#[test]
fn events_are_heard() {
    let text = br#"{"choices":[{"delta":{"content":"Hello there"}}],"usage":null}"#;
    let mut ear = provider("openai").ear();
    let heard = ear.hear(text);
    let said: Vec<&str> = heard.said.iter().filter_map(|it| it.text()).collect();
    assert_eq!((said, heard.part), (vec!["Hello there"], Part::Answer));
    let usage = br#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#;
    let heard = ear.hear(usage);
    assert_eq!(heard.part, Part::UsageOnly);
    assert_eq!(heard.usage.unwrap().input_uncached, Tokens(7));
    assert_eq!(ear.hear(b"[DONE]").part, Part::End);
    assert_eq!(ear.hear(br#"{"error":{"message":"x"}}"#).part, Part::Error);
    assert_eq!(ear.hear(b"not json").part, Part::Answer);
    let odd = br#"{"choices":[{"delta":{"content":7,"reasoning":{},"tool_calls":null},"finish_reason":null}],
        "usage":{"prompt_tokens":7,"completion_tokens":3}}"#;
    assert!(ear.hear(odd).usage.is_none(), "content of another kind is not understood");
    let odd = br#"{"choices":[{"delta":{"reasoning":{},"refusal":[1],"tool_calls":null}}],
        "usage":{"prompt_tokens":7,"completion_tokens":3}}"#;
    assert!(ear.hear(odd).usage.is_some(), "what stands beside is read all the same");
}

#[test]
fn calls_under_one_number_are_told_apart_by_their_ids() {
    let mut ear = provider("openai").ear();
    let call = |id: &str, more: &str| {
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": id,
            "function": {"name": "f", "arguments": more}}]}}]})
        .to_string()
    };
    let mut numbers = Vec::new();
    for (id, more) in [("a", "{"), ("a", "}"), ("b", "{}")] {
        for said in ear.hear(call(id, more).as_bytes()).said {
            if let crate::chat::talk::Said::Arguments { number, .. } = said {
                numbers.push(number);
            }
        }
    }
    assert_eq!(numbers, [0, 0, 1]);
}

#[test]
fn vendors_say_what_went_wrong_in_their_own_way() {
    let said = |name: &str, body: &str| {
        provider(name).refusal(body.as_bytes()).map(|it| (it.status, it.message))
    };
    let told = |status: Option<u16>, message: &str| Some((status, message.to_owned()));
    let usual = r#"{"error":{"message":"bad","type":"invalid_request_error"}}"#;
    assert_eq!(said("openai", usual), told(None, "bad"));
    assert_eq!(said("zhipu", r#"{"error":{"code":"1214","message":"bad"}}"#), told(None, "bad"));
    let mistral =
        r#"{"object":"error","message":"bad model","type":"invalid_model","code":"1500"}"#;
    assert_eq!(said("mistral", mistral), told(None, "bad model"));
    let faults = r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden",
        "loc":["body","store"],"msg":"Extra inputs are not permitted"}]}}"#;
    let expected = "body.store: Extra inputs are not permitted";
    assert_eq!(said("mistral", faults), told(None, expected));
    let router = r#"{"error":{"code":502,"message":"the model is down","metadata":{}}}"#;
    assert_eq!(said("openrouter", router), told(Some(502), "the model is down"));
    let minimax = r#"{"base_resp":{"status_code":1002,"status_msg":"rate limit"}}"#;
    assert_eq!(said("minimax", minimax), told(Some(429), "rate limit (1002)"));
    for name in ["openai", "mistral", "zhipu", "minimax", "openrouter"] {
        assert_eq!(said(name, "<html>"), None, "{name}");
    }
}

#[test]
fn errors_in_disguise_are_seen() {
    let minimax = provider("minimax");
    let fine = br#"{"choices":[],"base_resp":{"status_code":0,"status_msg":""}}"#;
    assert_eq!(minimax.disguised(fine), None);
    let bad = br#"{"base_resp":{"status_code":2013,"status_msg":"invalid params"}}"#;
    assert_eq!(minimax.disguised(bad).unwrap().status, Some(400));
    assert_eq!(minimax.ear().hear(bad).part, Part::Error);
    let router = provider("openrouter");
    let bad = br#"{"error":{"code":429,"message":"slow down"}}"#;
    assert_eq!(router.disguised(bad).unwrap().status, Some(429));
    assert_eq!(provider("openai").disguised(bad), None);
    let mut ear = minimax.ear();
    ear.hear(br#"{"choices":[{"delta":{"content":"x"},"finish_reason":null}]}"#);
    assert!(!ear.is_whole());
    ear.hear(br#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#);
    assert!(ear.is_whole(), "its streams may end silently");
    let mut ear = provider("openai").ear();
    ear.hear(br#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#);
    assert!(!ear.is_whole(), "others must say that they end");
}

#[test]
fn a_bill_is_exact() {
    let reply =
        br#"{"choices":[],"usage":{"prompt_tokens":194,"completion_tokens":2,"cost":0.00014}}"#;
    let usage = provider("openrouter").usage(reply).unwrap();
    assert_eq!(usage.billed, Some(NanoUsd::new(140_000)));
    assert_eq!(provider("openai").usage(reply).unwrap().billed, None);
    let heard = provider("openrouter").ear().hear(reply).usage;
    assert_eq!(heard, Some(usage));
}
