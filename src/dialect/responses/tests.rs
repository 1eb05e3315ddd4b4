//! Readings of responses.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Responses;
use crate::chat::{Delivery, History, Request, Role, Shape};
use crate::dialect::{Complaint, Dialect as _, Unreadable};
use crate::money::Tokens;

fn read(body: &Value) -> Result<Request, Unreadable> {
    Responses.read(Bytes::from(body.to_string()))
}

#[test]
fn instructions_and_items_are_a_conversation() {
    let request = read(&json!({
        "model": "m", "instructions": "Be brief.", "stream": true, "max_output_tokens": 9,
        "temperature": 0.5,
        "input": [
            { "role": "user", "content": "Weather?" },
            { "type": "reasoning", "id": "rs_1", "summary": [{ "type": "summary_text", "text": "hm" }] },
            { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"at\":\"Rome\"}" },
            { "type": "function_call_output", "call_id": "c", "output": "sunny" },
            { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "Sun." }] },
            { "role": "developer", "content": [{ "type": "input_text", "text": "In one word." }] },
        ],
    }))
    .unwrap();
    let said: Vec<_> = request.conversation();
    let expected = [
        (Role::System, "Be brief."),
        (Role::User, "Weather?"),
        (Role::Assistant, ""),
        (Role::Assistant, ""),
        (Role::Tool, "sunny"),
        (Role::Assistant, "Sun."),
        (Role::System, "In one word."),
    ];
    let expected: Vec<_> =
        expected.map(|(role, text)| (Some(role), text.to_owned())).into_iter().collect();
    assert_eq!(said, expected);
    assert_eq!(request.delivery, Delivery::StreamWithUsage);
    assert_eq!((request.output_max, request.sampling.temperature), (Some(Tokens(9)), Some(0.5)));
    assert!(request.has_tools && !request.has_unreadable);
    let seen: Vec<String> = request.leaves().iter().map(|it| it.text.to_owned()).collect();
    for text in ["hm", "{\"at\":\"Rome\"}", "rs_1", "f"] {
        assert!(seen.iter().any(|it| it == text), "{text}");
    }
}

#[test]
fn what_lies_elsewhere_or_cannot_be_read_is_noted() {
    let with = |more: Value| {
        let mut body = json!({ "model": "m", "input": "x" });
        for (key, value) in more.as_object().unwrap() {
            body[key.as_str()] = value.clone();
        }
        read(&body).unwrap()
    };
    for stored in [
        json!({ "previous_response_id": "resp_1" }),
        json!({ "conversation": "conv_1" }),
        json!({ "conversation": { "id": "conv_1" } }),
        json!({ "prompt": { "id": "pmpt_1" } }),
        json!({ "input": [{ "type": "item_reference", "id": "msg_1" }] }),
    ] {
        assert_eq!(with(stored.clone()).history, History::AtProvider, "{stored}");
    }
    assert_eq!(with(json!({ "previous_response_id": null })).history, History::Here);
    for hidden in [
        json!({ "input": [{ "role": "user", "content": [{ "type": "input_image", "image_url": "x" }] }] }),
        json!({ "input": [{ "role": "user", "content": [{ "type": "input_file", "file_data": "x" }] }] }),
        json!({ "input": [{ "type": "reasoning", "encrypted_content": "x" }] }),
        json!({ "input": [{ "type": "web_search_call", "id": "x" }] }),
    ] {
        assert!(with(hidden.clone()).has_unreadable, "{hidden}");
    }
    let schema = json!({ "type": "json_schema", "name": "n", "schema": { "type": "object" } });
    assert_eq!(with(json!({ "text": { "format": schema } })).sampling.shape, Some(Shape::Json));
    let choice = json!({ "type": "json_schema", "name": "n", "schema": { "enum": ["a", "b"] } });
    let shape = with(json!({ "text": { "format": choice } })).sampling.shape;
    assert_eq!(shape, Some(Shape::Literals(vec!["\"a\"".to_owned(), "\"b\"".to_owned()])));
    assert_eq!(with(json!({ "text": { "format": { "type": "text" } } })).sampling.shape, None);
}

#[test]
fn values_of_the_wrong_kind_are_refused_by_name() {
    for (name, value) in [
        ("max_output_tokens", json!("7")),
        ("max_output_tokens", json!(0)),
        ("max_output_tokens", json!([7])),
        ("stream", json!("true")),
        ("model", json!(3)),
        ("input", json!(3)),
        ("input", json!([])),
        ("input", json!(null)),
    ] {
        let mut body = json!({ "model": "m", "input": "x" });
        body[name] = value;
        let error = read(&body).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}")), "{name}: {error}");
    }
}

#[test]
fn a_stream_that_breaks_says_so_where_clients_look() {
    let complaint =
        Complaint { status: 502, code: "upstream_truncated", message: "cut", decision: Some("d") };
    let told = String::from_utf8(Responses.broken(&complaint)).unwrap();
    let (name, data) = told.trim_end().split_once("\ndata: ").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!((name, &data["type"]), ("event: error", &"error".into()));
    assert_eq!((&data["message"], &data["error"]["message"]), (&"cut".into(), &"cut".into()));
    assert_eq!(data["error"]["decision"], "d");
}

proptest! {
    /// Whatever the strings contain, all of them are seen, unescaped.
    #[test]
    fn any_string_is_seen(text in ".*", key in "[ -~]{0,12}") {
        let body = json!({
            "model": "m", "instructions": text, "metadata": { "k": { key.clone(): text } },
            "input": [
                { "role": "user", "content": text },
                { "type": "function_call_output", "call_id": "c", "output": text },
                { "type": "something_new", key.clone(): [text] },
            ],
        });
        let request = read(&body).unwrap();
        let seen = request.leaves().iter().filter(|leaf| leaf.text == text).count();
        prop_assert!(seen >= 5);
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Responses.read(Bytes::from(body));
    }
}
