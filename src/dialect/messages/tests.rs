//! Reading keeps every string; writing gives what official clients read.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::{Choice, Delivery, Finish, Piece, Role, Usage, UsageSource};
use crate::inspect::Level;
use crate::money::Tokens;

fn read(body: &str) -> Result<Request, Unreadable> {
    Messages.read(Bytes::copy_from_slice(body.as_bytes()))
}

fn refused(body: &str) -> String {
    read(body).unwrap_err().to_string()
}

#[test]
fn every_string_is_kept_with_its_path() {
    let body = json!({
        "model": "claude", "max_tokens": 7, "stream": true,
        "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "first"},
            {"role": "user", "content": [{"type": "text", "text": "line\nbreak 你"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"ssn": ["078-05-1120"]}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "plain result"},
                {"type": "tool_result", "tool_use_id": "t2",
                 "content": [{"type": "text", "text": "block result"}]}]},
        ],
        "tools": [{"name": "f", "description": "finds", "input_schema": {"type": "object"}}],
        "metadata": {"user_id": "u-7", "Card Number": 4_111_111_111_111_111_u64},
        "stop_sequences": ["END"], "temperature": 1, "top_p": 0.5, "top_k": 3,
        "extra": {"deep": ["x"]},
    });
    let request = read(&body.to_string()).unwrap();
    let leaves: Vec<(String, String)> =
        request.leaves().iter().map(|leaf| (leaf.path.into(), leaf.text.into())).collect();
    for (path, text) in [
        ("model", "claude"),
        ("system[0].text", "be brief"),
        ("system[0].cache_control.type", "ephemeral"),
        ("messages[0].content", "first"),
        ("messages[1].content[0].text", "line\nbreak 你"),
        ("messages[2].content[0].thinking", "hm"),
        ("messages[2].content[0].signature", "sig"),
        ("messages[2].content[1].input.ssn[0]", "078-05-1120"),
        ("messages[3].content[0].content", "plain result"),
        ("messages[3].content[1].content[0].text", "block result"),
        ("tools[0].description", "finds"),
        ("metadata.user_id", "u-7"),
        ("metadata.Card Number", "4111111111111111"),
        ("stop_sequences[0]", "END"),
        ("extra.deep[0]", "x"),
    ] {
        assert!(leaves.contains(&(path.into(), text.into())), "{path} in {leaves:#?}");
    }
    assert_eq!(request.surface, Surface::AnthropicMessages);
    assert_eq!(request.output_max, Some(Tokens(7)));
    assert_eq!(request.delivery, Delivery::StreamWithUsage, "this interface always tells");
    assert!(request.has_tools && !request.has_images() && !request.has_unreadable);
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role.unwrap()).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::User, Role::Assistant, Role::User]);
    let said = request.conversation();
    assert_eq!((said[0].1.as_str(), said[2].1.as_str()), ("be brief", "line\nbreak 你"));
    assert_eq!(said[4].1, "plain result\nblock result");
    let sampling = &request.sampling;
    assert_eq!(
        (sampling.temperature, sampling.top_p, sampling.top_k, sampling.misread),
        (Some(1.0), Some(0.5), Some(3), None)
    );
    assert_eq!(sampling.stop, ["END"]);
}

#[test]
fn instructions_come_first_wherever_they_stand() {
    let body =
        r#"{"model":"a","max_tokens":1,"messages":[{"role":"user","content":"x"}],"system":"s"}"#;
    let said = read(body).unwrap().conversation();
    assert_eq!(said, [(Some(Role::System), "s".to_owned()), (Some(Role::User), "x".to_owned())]);
}

#[test]
fn bodies_that_two_readers_could_understand_differently_are_refused() {
    let with = |more: &str| {
        refused(&format!(r#"{{"model":"a","messages":[{{"role":"user","content":"x"}}],{more}}}"#))
    };
    assert!(with(r#""model":"b""#).contains("given twice"));
    assert!(with(r#""Max_tokens":1"#).contains("must be in lower case"));
    assert!(with(r#""System":"x""#).contains("must be in lower case"));
    assert!(with(r#""max_tokens":"1""#).contains("`max_tokens` must be a whole number"));
    assert!(with(r#""max_tokens":[1]"#).contains("`max_tokens` must be a plain value"));
    assert!(with(r#""max_tokens":0"#).contains("at least 1"));
    assert!(with(r#""stream":"yes""#).contains("`stream` must be"));
    assert!(refused(r#"{"model":"a","messages":[{"role":"user","role":"x"}]}"#).contains("twice"));
    assert!(refused(r#"{"model":"a","messages":[]}"#).contains("`messages` is missing or empty"));
    assert!(refused(r#"{"messages":[{}]}"#).contains("`model` is missing"));
    assert!(!refused(r#"{"model":"a","4111":1,"4111":2}"#).contains("4111"));
}

#[test]
fn blocks_that_detectors_cannot_read_are_noticed() {
    let with = |block: &str| {
        let body = format!(r#"{{"model":"a","messages":[{{"role":"user","content":[{block}]}}]}}"#);
        let request = read(&body).unwrap();
        (request.images, request.files, request.has_unreadable)
    };
    let source = r#""source":{"type":"base64","media_type":"image/png","data":"AAAA"}"#;
    assert_eq!(with(&format!(r#"{{"type":"image",{source}}}"#)), (1, 0, true));
    assert_eq!(with(&format!(r#"{{"type":"document",{source}}}"#)), (0, 1, true));
    let plain =
        r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"}}"#;
    assert_eq!(with(plain), (0, 0, true), "its text stands here");
    assert_eq!(with(&format!(r#"{plain},{{"type":"document",{source}}}"#)), (0, 1, true));
    let inside = format!(r#"{{"type":"tool_result","content":[{{"type":"image",{source}}}]}}"#);
    assert_eq!(with(&inside), (1, 0, true));
    assert_eq!(with(r#"{"type":"text","text":"x"}"#), (0, 0, false));
}

#[test]
fn a_caller_can_declare_a_level_and_leave_the_limit_open() {
    let body = r#"{"model":"a","metadata":{"data_sensitivity":"restricted"},"max_tokens":null,"messages":[{}]}"#;
    let request = read(body).unwrap();
    assert_eq!(request.declared, Some(Level::Restricted));
    assert_eq!(&request.body()[request.edits.output_max.clone().unwrap()], b"null");
    assert_eq!(&request.body()[request.edits.model.clone().unwrap()], b"\"a\"");
}

fn data_of(event: &[u8]) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(event).unwrap();
    let one = |event: &str| {
        let (name, data) = event.split_once('\n').unwrap();
        let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (name.strip_prefix("event: ").unwrap().to_owned(), data)
    };
    text.split_terminator("\n\n").map(one).collect()
}

#[test]
fn a_stream_has_the_events_of_the_interface() {
    let answer = Answer {
        id: "d1".to_owned(),
        created: 5,
        model: "m".to_owned(),
        choices: vec![Choice { finish: Finish::Length, ..Choice::empty() }],
        has_logprobs: false,
        usage: Usage { output: Tokens(3), ..Usage::none(UsageSource::Counted) },
    };
    let piece = Piece { choice: 0, text: "é\n\n".to_owned(), tokens: Vec::new() };
    let done = Event::Done { choice: 0, finish: Finish::Length };
    let about =
        About { id: "d1".to_owned(), created: 5, model: "m".to_owned(), asked: Bytes::new() };
    let mut scribe = Messages.scribe(about).unwrap();
    let all = [
        scribe.opening(&answer),
        scribe.event(&answer, &Event::Text(piece)),
        scribe.event(&answer, &done),
        scribe.closing(&answer, Some("0.00")),
    ]
    .concat();
    let events = data_of(&all);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    assert!(events.iter().all(|(name, data)| data["type"] == **name));
    assert_eq!(events[3].1["delta"], json!({"type": "text_delta", "text": "é\n\n"}));
    assert_eq!(events[5].1["delta"]["stop_reason"], "max_tokens");
    assert_eq!(events[5].1["usage"]["output_tokens"], 3);
    let whole: Value = serde_json::from_slice(&scribe.whole(&answer)).unwrap();
    assert_eq!(whole["stop_reason"], "max_tokens");
    assert_eq!(whole["id"], "msg_d1");
}

#[test]
fn errors_have_the_shape_of_the_interface_and_end_a_stream_without_a_stop() {
    let complaint =
        Complaint { status: 429, code: "rate_limited", message: "slow", decision: None };
    let expected = json!({"type": "error",
        "error": {"type": "rate_limit_error", "message": "slow", "code": "rate_limited"}});
    let whole: Value = serde_json::from_slice(&Messages.complaint(&complaint)).unwrap();
    assert_eq!(whole, expected);
    assert_eq!(data_of(&Messages.broken(&complaint)), [("error".to_owned(), expected)]);
}

proptest! {
    /// Whatever the strings contain, all of them are seen, unescaped.
    #[test]
    fn any_string_is_seen(text in ".*", key in "[ -~]{0,12}") {
        let body = json!({
            "model": "m", "system": text, "messages": [{"role": "user", "content": [
                {"type": "text", "text": text},
                {"type": "tool_use", "input": {key.clone(): text}}]}],
            "metadata": {"k": {key.clone(): text}}
        });
        let request = read(&body.to_string()).unwrap();
        let seen = request.leaves().iter().filter(|leaf| leaf.text == text).count();
        prop_assert!(seen >= 4);
        prop_assert_eq!(&request.conversation()[0].1, &text);
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Messages.read(Bytes::from(body));
    }
}
