//! Reading keeps every string; writing gives what official clients read.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::chat::usage::Tier;
use crate::chat::{
    Choice, Delivery, Finish, Likely, Piece, Role, Sampling, Scored, Shape, Usage, UsageSource,
};
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
fn the_service_tier_that_is_asked_for_is_known() {
    assert_eq!(read(PLAIN).unwrap().tier, Tier::Standard);
    for (word, tier) in [
        ("auto", Tier::Standard),
        ("flex", Tier::Flex),
        ("priority", Tier::Priority),
        ("scale", Tier::Other),
    ] {
        let body = PLAIN.replace("{\"model\"", &format!("{{\"service_tier\":\"{word}\",\"model\""));
        assert_eq!(read(&body).unwrap().tier, tier, "{body}");
    }
    let twice = PLAIN.replace("{\"model\"", "{\"Service_Tier\":\"flex\",\"model\"");
    assert!(read(&twice).is_err(), "another reader could take it for the tier");
}

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
    assert!(request.has_tools && !request.has_images());
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
    assert!(request.has_images() && request.has_unreadable);
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

#[test]
fn how_an_answer_is_made_is_read_under_everybodys_names() {
    let body = json!({
        "model": "auto", "messages": [{"role": "user", "content": "x"}], "n": 2,
        "temperature": 0.5, "top_p": 1, "top_k": -1, "min_p": 0.1, "seed": 7, "stop": ["a", "b"],
        "min_tokens": 3, "repetition_penalty": 1.2, "no_repeat_ngram_size": 3, "num_beams": 4,
        "length_penalty": 2, "early_stopping": true, "use_beam_search": true, "best_of": 5,
        "logprobs": true, "top_logprobs": 4, "guided_choice": ["yes", "no"],
        "max_completion_tokens": 9,
    });
    let request = read(&body.to_string()).unwrap();
    let sampling = Sampling {
        temperature: Some(0.5),
        top_p: Some(1.0),
        top_k: None,
        min_p: Some(0.1),
        seed: Some(7),
        stop: vec!["a".to_owned(), "b".to_owned()],
        output_min: Some(3),
        repetition_penalty: Some(1.2),
        no_repeat_ngram: Some(3),
        searches: true,
        best_of: Some(5),
        beams: Some(4),
        length_penalty: Some(2.0),
        stops_early: true,
        logprobs: true,
        top_logprobs: Some(4),
        shape: Some(Shape::Choice(vec!["yes".to_owned(), "no".to_owned()])),
        misread: None,
    };
    assert_eq!(request.sampling, sampling);
    assert!(request.leaves().iter().any(|leaf| leaf.text == "yes"), "labels are inspected, too");
    let with = |more: &str| {
        let body = format!(r#"{{"model":"a",{more},"messages":[{{}}]}}"#);
        read(&body).unwrap().sampling
    };
    assert_eq!(with(r#""guided_regex":"[0-9]""#).shape, Some(Shape::Regex("[0-9]".to_owned())));
    let json = r#""response_format":{"type":"json_schema","json_schema":{}}"#;
    assert_eq!(with(json).shape, Some(Shape::Json));
    assert_eq!(with(r#""response_format":{"type":"text"}"#).shape, None);
    // A wrong type is for the target to refuse: another server may know better.
    for (more, name) in [
        (r#""top_k":1.5"#, "top_k"),
        (r#""logprobs":1"#, "logprobs"),
        (r#""guided_choice":[1]"#, "guided_choice"),
        (r#""guided_choice":["a"],"guided_regex":"b""#, "guided_regex"),
        (r#""stop":[1]"#, "stop"),
        (r#""temperature":"hot","top_k":"x""#, "temperature"),
    ] {
        assert_eq!(with(more).misread.map(|(name, _)| name), Some(name), "{more}");
    }
    assert_eq!(with(r#""top_k":null,"stop":null,"guided_choice":null"#), Sampling::default());
}

#[test]
fn choices_and_log_probabilities_are_written_as_the_interface_has_them() {
    let likely = |text: &str, logprob| Likely { text: text.into(), bytes: text.into(), logprob };
    let scored = Scored {
        token: likely("é", -0.5),
        top: vec![likely("é", -0.5), likely("e", f32::NEG_INFINITY)],
    };
    let choice = |text: &str, tokens| Choice { text: text.into(), tokens, finish: Finish::Length };
    let answer = Answer {
        id: "d1".to_owned(),
        created: 5,
        model: "m".to_owned(),
        choices: vec![choice("é", vec![scored.clone()]), choice("x", Vec::new())],
        has_logprobs: true,
        usage: Usage::none(UsageSource::Counted),
    };
    let whole: serde_json::Value = serde_json::from_slice(&Writer.whole(&answer)).unwrap();
    assert_eq!(whole["choices"][1]["index"], 1);
    assert_eq!(whole["choices"][1]["message"]["content"], "x");
    assert_eq!(whole["choices"][0]["finish_reason"], "length");
    let token = json!({
        "token": "é", "logprob": -0.5, "bytes": [195, 169], "top_logprobs": [
            {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
            {"token": "e", "logprob": -9999.0, "bytes": [101]},
        ],
    });
    assert_eq!(whole["choices"][0]["logprobs"]["content"][0], token);
    let piece = Piece { choice: 1, text: "é".to_owned(), tokens: vec![scored] };
    let event = String::from_utf8(Writer.event(&answer, &Event::Text(piece))).unwrap();
    let event: serde_json::Value =
        serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(event["choices"][0]["index"], 1);
    assert_eq!(event["choices"][0]["logprobs"]["content"][0], token);
    let opening = String::from_utf8(Writer.opening(&answer)).unwrap();
    assert_eq!(opening.matches(r#""role":"assistant""#).count(), 2, "one for each choice");
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
