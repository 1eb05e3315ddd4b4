//! Golden files for each direction, what is refused by name, and streams cut anywhere.
//!
//! `UPDATE=1 cargo test translate` writes the expected sides anew.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::UsageSource;
use crate::dialect::{self, sse};
use crate::money::Tokens;
use crate::upstream::provider;

const PAIR: [Surface; 2] = [Surface::OpenAiChat, Surface::AnthropicMessages];

fn about() -> About {
    About { id: "D".to_owned(), created: 5, model: "asked-model".to_owned(), asked: Bytes::new() }
}

fn read(surface: Surface, body: &Value) -> Request {
    dialect::of(surface).read(body.to_string().into()).unwrap()
}

fn other(surface: Surface) -> Surface {
    if surface == Surface::OpenAiChat { Surface::AnthropicMessages } else { Surface::OpenAiChat }
}

fn folder(from: Surface) -> PathBuf {
    let name = if from == Surface::OpenAiChat { "chat_to_anthropic" } else { "messages_to_openai" };
    Path::new("tests/golden/translate").join(name)
}

fn check(path: &Path, told: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, told).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(told, expected, "{} differs", path.display());
}

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

fn golden(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The usage of a whole reply, as the provider's codec reads it.
fn used(surface: Surface, body: &[u8]) -> Usage {
    let name = if surface == Surface::OpenAiChat { "openai" } else { "anthropic" };
    provider::named(name).unwrap().usage(body).unwrap()
}

/// Hears a stream of the other dialect as the relay does.
fn translated(to: Surface, chunks: &[&[u8]]) -> String {
    let name = if to == Surface::OpenAiChat { "anthropic" } else { "openai" };
    let mut ear = provider::named(name).unwrap().ear();
    let mut translator = stream(to, about());
    let mut splitter = sse::Splitter::default();
    let mut usage = Usage { input_uncached: Tokens(9), ..Usage::none(UsageSource::Estimated) };
    let mut out = Vec::new();
    for chunk in chunks {
        splitter.push(chunk);
        while let Some(event) = splitter.next_event().unwrap() {
            let Some(data) = sse::data(&event) else { continue };
            usage = ear.hear(&data).usage.unwrap_or(usage);
            for told in translator.hear(&data, &usage) {
                out.extend(dialect::of(to).frame(told.data.as_bytes()));
            }
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn requests_answers_and_streams_are_translated_as_the_files_say() {
    for from in PAIR {
        let folder = folder(from);
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.contains(".out."))
            .collect();
        names.sort();
        assert!(names.len() >= 5, "request, reply, stream, tools, error: {names:?}");
        for name in names {
            let path = folder.join(&name);
            let (stem, kind) = name.split_once('.').unwrap();
            let out = folder.join(format!("{stem}.out.{kind}"));
            if stem.starts_with("request") {
                let request = read(from, &golden(&path));
                let body = super::request(&request, other(from)).unwrap();
                check(&out, &pretty(&serde_json::from_slice(&body).unwrap()));
                // What is sent can be read like any request, and has the strings of the original.
                let again = dialect::of(other(from)).read(body).unwrap();
                assert_eq!(again.delivery.is_stream(), request.delivery.is_stream());
                assert_eq!(again.output_max, request.output_max);
                assert_eq!(again.has_tools, request.has_tools);
                assert_eq!(again.has_images, request.has_images);
            } else if stem.starts_with("reply") {
                let body = std::fs::read(&path).unwrap();
                let usage = used(other(from), &body);
                let new = reply(&body, from, &about(), &usage).unwrap();
                check(&out, &pretty(&serde_json::from_slice(&new).unwrap()));
                assert_eq!(used(from, &new).output_total(), usage.output_total());
                assert_eq!(used(from, &new).input_total(), usage.input_total());
            } else if stem.starts_with("stream") {
                let body = std::fs::read(&path).unwrap();
                check(&out, &translated(from, &[&body]));
            } else {
                let body = std::fs::read(&path).unwrap();
                check(&out, &format!("{}\n", said(&body).unwrap()));
            }
        }
    }
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    let refused = |from: Surface, field: &str, value: Value| {
        let mut body =
            json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]});
        body[field] = value;
        super::request(&read(from, &body), other(from)).unwrap_err().field
    };
    let chat = Surface::OpenAiChat;
    for (field, value) in [
        ("n", json!(2)),
        ("seed", json!(1)),
        ("logit_bias", json!({"50256": -100})),
        ("logprobs", json!(true)),
        ("presence_penalty", json!(0.5)),
        ("response_format", json!({"type": "json_object"})),
        ("reasoning_effort", json!("high")),
        ("temperature", json!(1.5)),
        ("functions", json!([{"name": "f"}])),
        ("guided_regex", json!("[0-9]")),
        ("something_new", json!("x")),
    ] {
        assert_eq!(refused(chat, field, value), field);
    }
    let content = |part: Value| json!([{"role": "user", "content": [part]}]);
    let audio = content(json!({"type": "input_audio", "input_audio": {}}));
    assert_eq!(refused(chat, "messages", audio), "messages[0].content[0].type");
    let named = json!([{"role": "user", "name": "Eve", "content": "x"}]);
    assert_eq!(refused(chat, "messages", named), "messages[0].name");
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}});
    let broken = json!([{"role": "assistant", "tool_calls": [call]}]);
    let field = "messages[0].tool_calls[0].function.arguments";
    assert_eq!(refused(chat, "messages", broken), field);
    let messages = Surface::AnthropicMessages;
    for (field, value) in [
        ("top_k", json!(5)),
        ("thinking", json!({"type": "enabled", "budget_tokens": 1024})),
        ("stop_sequences", json!(["1", "2", "3", "4", "5"])),
        ("mcp_servers", json!([{"url": "x"}])),
        ("container", json!("c")),
        ("something_new", json!("x")),
    ] {
        assert_eq!(refused(messages, field, value), field);
    }
    let document = content(json!({"type": "document", "source": {}}));
    assert_eq!(refused(messages, "messages", document), "messages[0].content[0].type");
    let search = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    assert_eq!(refused(messages, "tools", search), "tools[0].type");
}

#[test]
fn nothing_at_all_is_not_refused() {
    let body = json!({
        "model": "m", "n": 1, "seed": null, "logprobs": false, "presence_penalty": 0,
        "response_format": {"type": "text"}, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "x", "name": null}], "functions": [],
    });
    let out =
        super::request(&read(Surface::OpenAiChat, &body), Surface::AnthropicMessages).unwrap();
    let expected = json!({"model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]});
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), expected);
}

#[test]
fn an_answer_that_is_none_is_not_made_up() {
    let usage = Usage::none(UsageSource::Estimated);
    for surface in PAIR {
        for body in ["", "[]", "{}", r#"{"choices":[]}"#, r#"{"content":1}"#] {
            assert_eq!(reply(body.as_bytes(), surface, &about(), &usage), None, "{body}");
        }
    }
    let call = json!({"id": "c", "function": {"name": "f", "arguments": "{\"cut"}});
    let body = json!({"choices": [{"message": {"tool_calls": [call]}}]}).to_string();
    assert_eq!(reply(body.as_bytes(), Surface::AnthropicMessages, &about(), &usage), None);
}

#[test]
fn errors_inside_a_stream_are_errors_in_the_other_dialect() {
    let usage = Usage::none(UsageSource::Estimated);
    let told = stream(Surface::OpenAiChat, about())
        .hear(br#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#, &usage);
    assert_eq!(told[0].part, Part::Error);
    assert!(told[0].data.contains(r#""message":"busy""#) && told[0].data.contains("overloaded"));
    let told = stream(Surface::AnthropicMessages, about())
        .hear(br#"{"error":{"message":"busy","type":"server_error"}}"#, &usage);
    assert_eq!(told[0].part, Part::Error);
    assert!(told[0].data.contains(r#""type":"error""#) && told[0].data.contains("busy"));
}

proptest! {
    /// However the network cuts a stream, the caller is told the same events.
    #[test]
    fn any_split_of_a_stream_is_translated_alike(
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        which in 0_usize..2,
    ) {
        let to = PAIR[which];
        for name in ["stream.sse", "stream_tools.sse"] {
            let bytes = std::fs::read(folder(to).join(name)).unwrap();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in at {
                chunks.push(&bytes[from..cut]);
                from = cut;
            }
            chunks.push(&bytes[from..]);
            prop_assert_eq!(translated(to, &chunks), translated(to, &[&bytes]));
        }
    }

    /// The text of a request is the text of its translation, whatever is in it.
    #[test]
    fn every_text_arrives(text in ".{1,40}", which in 0_usize..2) {
        let from = PAIR[which];
        let body = json!({"model": "m", "messages": [
            {"role": "user", "content": text},
            {"role": "assistant", "content": [{"type": "text", "text": text}]}]});
        let request = read(from, &body);
        let again = super::request(&request, other(from)).unwrap();
        let again = dialect::of(other(from)).read(again).unwrap();
        let said: Vec<String> = again.conversation().into_iter().map(|(_, said)| said).collect();
        prop_assert_eq!(said, [text.clone(), text]);
    }

    #[test]
    fn no_event_makes_a_translator_panic(data in ".{0,80}", which in 0_usize..2) {
        let usage = Usage::none(UsageSource::Estimated);
        let _ = stream(PAIR[which], about()).hear(data.as_bytes(), &usage);
    }
}
