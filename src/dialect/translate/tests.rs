//! Golden files for each direction, what is refused by name, and streams cut anywhere.
//!
//! `UPDATE=1 cargo test translate` writes the expected sides anew.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::{Request, Surface, UsageSource};
use crate::dialect::{self, sse};
use crate::money::Tokens;
use crate::upstream::provider::{self, Provider, Written};

/// The interfaces that the files are in.
const PAIR: [Surface; 2] = [Surface::OpenAiChat, Surface::AnthropicMessages];

fn about() -> About {
    About { id: "D".to_owned(), created: 5, model: "asked-model".to_owned(), asked: Bytes::new() }
}

fn read(surface: Surface, body: &Value) -> Request {
    dialect::of(surface).read(body.to_string().into()).unwrap()
}

/// Who answers callers of the one interface in the other.
fn other(surface: Surface) -> &'static dyn Provider {
    let name = if surface == Surface::OpenAiChat { "anthropic" } else { "openai" };
    provider::named(name).unwrap()
}

/// Who answers callers in their own interface.
fn same(surface: Surface) -> &'static dyn Provider {
    let mut all = provider::PROVIDERS.iter().copied();
    all.find(|it| it.surface() == Some(surface)).unwrap()
}

/// The request in the interface of a provider, and read again in it.
fn translate(request: &Request) -> Result<(Written, Request), Untranslatable> {
    let provider = other(request.surface);
    let talk = dialect::of(request.surface).talk(request.body())?;
    assert_eq!(talk.has_media(), request.has_unreadable);
    let written = provider.write(&talk, &request.model, Tokens(4_096))?;
    let again = dialect::of(provider.surface().unwrap()).read(written.body.clone()).unwrap();
    Ok((written, again))
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

/// Hears a stream of the other dialect as the relay does.
fn translated(to: Surface, chunks: &[&[u8]]) -> String {
    let mut ear = other(to).ear();
    let mut teller = dialect::of(to).teller(about()).unwrap();
    let mut splitter = sse::Splitter::default();
    let mut usage = Usage { input_uncached: Tokens(9), ..Usage::none(UsageSource::Estimated) };
    let mut out = Vec::new();
    for chunk in chunks {
        splitter.push(chunk);
        while let Some(event) = splitter.next_event().unwrap() {
            let Some(data) = sse::data(&event) else { continue };
            let heard = ear.hear(&data);
            usage = heard.usage.unwrap_or(usage);
            let mut told = Vec::new();
            for said in &heard.said {
                teller.tell(said, &usage, &mut told);
            }
            if heard.part == Part::End {
                teller.end(&usage, &mut told);
            }
            for told in told {
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
                // What is sent can be read like any request, and has the strings of the original.
                let (written, again) = translate(&request).unwrap();
                check(&out, &pretty(&serde_json::from_slice(&written.body).unwrap()));
                assert_eq!(again.delivery.is_stream(), request.delivery.is_stream());
                assert_eq!(again.output_max, request.output_max);
                assert_eq!(again.has_tools, request.has_tools);
                assert_eq!(again.images, request.images);
            } else if stem.starts_with("reply") {
                let body = std::fs::read(&path).unwrap();
                let usage = other(from).usage(&body).unwrap();
                let said = other(from).whole(&body).unwrap();
                let new = dialect::of(from).told(&said, &about(), &usage).unwrap();
                check(&out, &pretty(&serde_json::from_slice(&new).unwrap()));
                let again = same(from).usage(&new).unwrap();
                assert_eq!(again.output_total(), usage.output_total());
                assert_eq!(again.input_total(), usage.input_total());
            } else if stem.starts_with("stream") {
                let body = std::fs::read(&path).unwrap();
                check(&out, &translated(from, &[&body]));
            } else {
                let body = std::fs::read(&path).unwrap();
                check(&out, &format!("{}\n", other(from).refusal(&body).unwrap().message));
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
        translate(&read(from, &body)).unwrap_err().field
    };
    let chat = Surface::OpenAiChat;
    for (field, value) in [
        ("n", json!(2)),
        ("seed", json!(1)),
        ("logit_bias", json!({"50256": -100})),
        ("logprobs", json!(true)),
        ("presence_penalty", json!(0.5)),
        ("response_format.type", json!({"type": "grammar"})),
        ("reasoning_effort", json!("high")),
        ("temperature", json!(1.5)),
        ("functions", json!([{"name": "f"}])),
        ("guided_regex", json!("[0-9]")),
        ("something_new", json!("x")),
    ] {
        let name = field.split('.').next().unwrap();
        assert_eq!(refused(chat, name, value), field);
    }
    let content = |part: Value| json!([{"role": "user", "content": [part]}]);
    let audio = content(json!({"type": "input_audio", "input_audio": {}}));
    assert_eq!(refused(chat, "messages", audio), "messages[0].content[0].input_audio.data");
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
    let document = content(json!({"type": "document", "source": {"type": "file", "file_id": "f"}}));
    assert_eq!(refused(messages, "messages", document), "messages[0].content[0].source.type");
    let address = json!({"type": "url", "url": "https://example.com/a.pdf"});
    let document = content(json!({"type": "document", "source": address}));
    assert_eq!(refused(messages, "messages", document), "messages[0].content");
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
    let (out, _) = translate(&read(Surface::OpenAiChat, &body)).unwrap();
    let expected = json!({"model": "m", "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]});
    assert_eq!(serde_json::from_slice::<Value>(&out.body).unwrap(), expected);
}

#[test]
fn an_answer_that_is_none_is_not_made_up() {
    for surface in PAIR {
        for body in ["", "[]", "{}", r#"{"choices":[]}"#, r#"{"content":1}"#] {
            assert_eq!(other(surface).whole(body.as_bytes()), None, "{body}");
        }
    }
    let call = json!({"id": "c", "function": {"name": "f", "arguments": "{\"cut"}});
    let body = json!({"choices": [{"message": {"tool_calls": [call]}}]}).to_string();
    let said = other(Surface::AnthropicMessages).whole(body.as_bytes()).unwrap();
    let usage = Usage::none(UsageSource::Estimated);
    let told = dialect::of(Surface::AnthropicMessages).told(&said, &about(), &usage);
    assert_eq!(told, None, "half an object is no input");
}

#[test]
fn errors_inside_a_stream_are_errors_in_the_other_dialect() {
    let busy = br#"data: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}

"#;
    let told = translated(Surface::OpenAiChat, &[busy]);
    assert!(told.contains(r#""message":"busy""#) && !told.contains("[DONE]"), "{told}");
    let busy = br#"data: {"error":{"message":"busy","type":"server_error"}}

"#;
    let told = translated(Surface::AnthropicMessages, &[busy]);
    assert!(told.contains(r#""type":"error""#) && told.contains("busy"), "{told}");
    assert!(!told.contains("message_stop"), "{told}");
}

#[test]
fn calls_that_overlap_cannot_be_said_as_messages() {
    let call = |index: u64, id: &str, more: &str| {
        let function = json!({"name": "f", "arguments": more});
        let delta = json!({"tool_calls": [{"index": index, "id": id, "function": function}]});
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
    };
    let stream = [call(0, "a", "{"), call(1, "b", "{"), call(0, "a", "}")].concat();
    let told = translated(Surface::AnthropicMessages, &[stream.as_bytes()]);
    assert!(told.contains("tool calls overlap"), "{told}");
}

#[test]
fn an_answer_through_a_tool_is_told_without_it() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_object"}});
    let (written, again) = translate(&read(Surface::OpenAiChat, &body)).unwrap();
    assert!(written.is_wrapped && again.has_tools);
    let mut unwrapped = Unwrapped::default();
    let call = |name: &'static str, number| Said::Call {
        number,
        id: "c".into(),
        name: name.into(),
        signature: None,
    };
    let more = |number| Said::Arguments { number, more: "{}".into() };
    let said = [call(ANSWER_TOOL, 0), more(0), Said::Finish(Reason::Calls)];
    let told: Vec<_> = said.into_iter().filter_map(|it| unwrapped.hear(it)).collect();
    assert_eq!(told, [Said::Text("{}".into()), Said::Finish(Reason::Done)]);
    let mut unwrapped = Unwrapped::default();
    for said in [call("other", 0), more(0), Said::Finish(Reason::Calls)] {
        assert_eq!(unwrapped.hear(said.clone()), Some(said), "a tool of the caller's");
    }
    let mut with_tools = body;
    with_tools["tools"] = json!([{"type": "function", "function": {"name": "f"}}]);
    let refused = translate(&read(Surface::OpenAiChat, &with_tools)).unwrap_err();
    assert_eq!(refused.field, "response_format");
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
        let (_, again) = translate(&request).unwrap();
        let said: Vec<String> = again.conversation().into_iter().map(|(_, said)| said).collect();
        prop_assert_eq!(said, [text.clone(), text]);
    }

    #[test]
    fn no_event_makes_a_translator_panic(data in ".{0,80}", which in 0_usize..2) {
        let event = format!("data: {data}\n\n");
        let _ = translated(PAIR[which], &[event.as_bytes()]);
    }
}
