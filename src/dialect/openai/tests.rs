//! Reading keeps every string; writing gives what official clients read.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::chat::{Delivery, Role};
use crate::inspect::Level;
use crate::money::Tokens;

fn read(body: &str) -> Result<Request, Unreadable> {
    Chat.read(Bytes::copy_from_slice(body.as_bytes()))
}

fn refused(body: &str) -> String {
    read(body).unwrap_err().to_string()
}

const PLAIN: &str = r#"{"model":"auto","messages":[{"role":"user","content":"Hi \"you\""}]}"#;

#[test]
fn every_string_is_kept_with_its_path() {
    let body = json!({
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "line\nbreak 你"}]},
            {"role": "assistant", "tool_calls": [
                {"id": "c1", "function": {"name": "f", "arguments": "{\"ssn\":\"078-05-1120\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "result"},
        ],
        "user": "u-7", "metadata": {"ticket": "T1", "Card Number": 4_111_111_111_111_111_u64},
        "extra": {"deep": ["x"]}, "max_tokens": 7, "stream": true,
    })
    .to_string();
    let request = read(&body).unwrap();
    let leaves: Vec<(String, String)> =
        request.leaves().iter().map(|leaf| (leaf.path.into(), leaf.text.into())).collect();
    let has = |path: &str, text: &str| {
        assert!(leaves.contains(&(path.into(), text.into())), "{path} in {leaves:#?}");
    };
    has("model", "gpt-4o");
    has("messages[0].content", "be brief");
    has("messages[1].content[0].text", "line\nbreak 你");
    has("messages[2].tool_calls[0].function.arguments", "{\"ssn\":\"078-05-1120\"}");
    has("messages[3].content", "result");
    has("user", "u-7");
    has("metadata.Card Number", "Card Number");
    has("metadata.Card Number", "4111111111111111");
    has("extra.deep[0]", "x");
    assert_eq!(request.output_max, Some(Tokens(7)));
    assert_eq!(request.delivery, Delivery::Stream);
    assert!(request.has_tools && !request.has_images);
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role.unwrap()).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool]);
    assert_eq!(request.conversation()[1].1, "line\nbreak 你");
}

#[test]
fn texts_without_escapes_are_not_copied() {
    let request = read(PLAIN).unwrap();
    let body = request.body();
    let inside = |text: &str| body.as_ptr_range().contains(&text.as_ptr());
    assert!(inside(request.leaves()[0].text), "the model's name");
    assert!(!inside(request.leaves()[2].text), "a text with escapes");
    assert_eq!(request.leaves()[2].text, "Hi \"you\"");
    let model = request.edits.model.clone().unwrap();
    assert_eq!(&body[model], b"\"auto\"");
    assert_eq!(body[request.edits.end], b'}');
}

#[test]
fn bodies_that_two_readers_could_understand_differently_are_refused() {
    assert!(refused(r#"{"model":"a","model":"b","messages":[]}"#).contains("given twice"));
    assert!(refused(r#"{"model":"a","Model":"b","messages":[]}"#).contains("given twice"));
    assert!(
        refused(r#"{"model":"a","messages":[{"role":"user","role":"tool"}]}"#).contains("twice")
    );
    assert!(refused(r#"{"model":"a","messages":[]} x"#).contains("malformed"));
    assert!(refused("[]").contains("must be an object"));
    assert!(refused(r#"{"model":"a","#).contains("ends too early"));
    assert!(refused(r#"{"model":"a","messages":[]}"#).contains("`messages` is missing or empty"));
    assert!(
        refused(r#"{"messages":[{"role":"user","content":"x"}]}"#).contains("`model` is missing")
    );
    assert!(refused(r#"{"model":"a","n":0,"messages":[{}]}"#).contains("`n` must be between"));
    let both = r#"{"model":"a","max_tokens":1,"max_completion_tokens":2,"messages":[{}]}"#;
    assert!(refused(both).contains("`max_completion_tokens` is given beside"));
}

#[test]
fn a_refusal_never_quotes_the_body() {
    let secret = "4111 1111 1111 1111";
    for body in [
        format!(r#"{{"model":"a","messages":["{secret}"#),
        format!(r#"{{"model":"a","{secret}":1,"{secret}":2}}"#),
        format!(r#"{{"model":"a" {secret}}}"#),
    ] {
        assert!(!refused(&body).contains("4111"), "{}", refused(&body));
    }
}

#[test]
fn parts_that_detectors_cannot_read_are_noticed() {
    let body = r#"{"model":"a","messages":[{"role":"user","content":
        [{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}"#;
    let request = read(body).unwrap();
    assert!(request.has_images && request.has_unreadable);
}

#[test]
fn a_caller_can_declare_a_level() {
    let body = r#"{"model":"a","metadata":{"data_sensitivity":"restricted"},"messages":[{}]}"#;
    assert_eq!(read(body).unwrap().declared, Some(Level::Restricted));
    assert!(refused(&body.replace("restricted", "secretish")).contains("must be one of"));
}

#[test]
fn values_that_an_edit_must_replace_are_found() {
    let body = r#"{"model":"a","stream":true,"stream_options":{"x":1},"max_completion_tokens":null,"messages":[{}]}"#;
    let request = read(body).unwrap();
    assert_eq!(&request.body()[request.edits.stream_options.clone().unwrap()], br#"{"x":1}"#);
    assert_eq!(&request.body()[request.edits.output_max.clone().unwrap()], b"null");
}

proptest! {
    /// Whatever the strings contain, all of them are seen, unescaped.
    #[test]
    fn any_string_is_seen(text in ".*", key in "[ -~]{0,12}") {
        let body = json!({
            "model": "m", "messages": [{"role": "user", "content": text}], "metadata": {"k": {key.clone(): text}}
        });
        let request = read(&body.to_string()).unwrap();
        let seen = request.leaves().iter().filter(|leaf| leaf.text == text).count();
        prop_assert!(seen >= 2);
        prop_assert_eq!(&request.conversation()[0].1, &text);
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Chat.read(Bytes::from(body));
    }
}
