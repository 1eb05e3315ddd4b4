//! Requests and answers between these interfaces and chat completions.

use serde_json::{Value, json};

use super::*;
use crate::chat::{Part, UsageSource};
use crate::dialect;
use crate::money::Tokens;

const COMPLETIONS: Surface = Surface::OpenAiCompletions;
const RESPONSES: Surface = Surface::OpenAiResponses;

fn about(asked: &Value) -> About {
    About {
        id: "D".to_owned(),
        created: 5,
        model: "asked-model".to_owned(),
        asked: asked.to_string().into(),
    }
}

fn used() -> Usage {
    let (input_uncached, output) = (Tokens(7), Tokens(3));
    Usage { input_uncached, output, ..Usage::none(UsageSource::Reported) }
}

fn asked(surface: Surface, body: &Value) -> Result<Value, Untranslatable> {
    let read = dialect::of(surface).read(body.to_string().into()).unwrap();
    let chat = request(&read)?;
    // What is sent can be read like any request.
    let again = dialect::of(Surface::OpenAiChat).read(chat.clone()).unwrap();
    assert_eq!(again.delivery.is_stream(), read.delivery.is_stream());
    assert_eq!(again.output_max, read.output_max);
    assert_eq!((again.has_tools, again.images), (read.has_tools, read.images));
    Ok(serde_json::from_slice(&chat).unwrap())
}

#[test]
fn a_completion_is_asked_as_what_the_user_says() {
    let body = json!({
        "model": "m", "prompt": ["Once"], "max_tokens": 9, "stream": true, "stop": ["."], "n": 2,
        "stream_options": { "include_usage": true }, "seed": 4, "temperature": 0.5, "echo": false,
        "suffix": "", "best_of": 1, "logit_bias": { "5": 1 }, "logprobs": null, "user": "u",
    });
    let expected = json!({
        "model": "m", "messages": [{ "role": "user", "content": "Once" }], "stream": true,
        "max_completion_tokens": 9, "stop": ["."], "n": 2, "seed": 4, "temperature": 0.5,
        "stream_options": { "include_usage": true }, "logit_bias": { "5": 1 }, "user": "u",
    });
    assert_eq!(asked(COMPLETIONS, &body).unwrap(), expected);
}

#[test]
fn a_response_is_asked_as_a_conversation() {
    let body = json!({
        "model": "m", "instructions": "Be brief.", "max_output_tokens": 9, "stream": true,
        "store": false, "truncation": "disabled", "metadata": { "a": "b" }, "background": false,
        "include": ["reasoning.encrypted_content"], "reasoning": { "effort": "low", "summary": "auto" },
        "parallel_tool_calls": false, "previous_response_id": null, "service_tier": "auto",
        "text": { "verbosity": "low", "format": { "type": "json_schema", "name": "n", "strict": true,
            "schema": { "type": "object" } } },
        "tools": [{ "type": "function", "name": "f", "description": "d", "strict": true,
            "parameters": { "type": "object" } }],
        "tool_choice": { "type": "function", "name": "f" },
        "input": [
            { "role": "user", "content": [
                { "type": "input_text", "text": "Look" },
                { "type": "input_image", "image_url": "https://a/b.png", "detail": "low" },
                { "type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf" },
            ] },
            { "type": "reasoning", "id": "rs_1", "summary": [] },
            { "type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                "content": [{ "type": "output_text", "text": "Well.", "annotations": [] }] },
            { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}" },
            { "type": "function_call", "call_id": "c2", "name": "f", "arguments": "{\"a\":1}" },
            { "type": "function_call_output", "call_id": "c1", "output": "one" },
            { "type": "function_call_output", "call_id": "c2",
                "output": [{ "type": "input_text", "text": "two" }] },
        ],
    });
    let call = |id: &str, arguments: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": arguments } });
    let expected = json!({
        "model": "m", "max_completion_tokens": 9, "stream": true,
        "stream_options": { "include_usage": true }, "reasoning_effort": "low",
        "parallel_tool_calls": false, "service_tier": "auto", "verbosity": "low",
        "response_format": { "type": "json_schema", "json_schema": {
            "name": "n", "strict": true, "schema": { "type": "object" } } },
        "tools": [{ "type": "function", "function": { "name": "f", "description": "d",
            "strict": true, "parameters": { "type": "object" } } }],
        "tool_choice": { "type": "function", "function": { "name": "f" } },
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "Look" },
                { "type": "image_url", "image_url": { "url": "https://a/b.png", "detail": "low" } },
                { "type": "file", "file": { "file_data": "data:application/pdf;base64,AAAA",
                    "filename": "a.pdf" } },
            ] },
            { "role": "assistant", "content": "Well.", "tool_calls": [call("c1", "{}"), call("c2", "{\"a\":1}")] },
            { "role": "tool", "tool_call_id": "c1", "content": "one" },
            { "role": "tool", "tool_call_id": "c2", "content": "two" },
        ],
    });
    assert_eq!(asked(RESPONSES, &body).unwrap(), expected);
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    let refused = |surface, name: &str, value: Value| {
        let mut body = json!({ "model": "m" });
        body[if surface == COMPLETIONS { "prompt" } else { "input" }] = "x".into();
        body[name] = value;
        asked(surface, &body).unwrap_err().field
    };
    for (name, value) in [
        ("echo", json!(true)),
        ("suffix", json!("x")),
        ("best_of", json!(2)),
        ("logprobs", json!(3)),
        ("prompt", json!(["a", "b"])),
        ("prompt", json!([1, 2])),
        ("something_new", json!("x")),
    ] {
        assert_eq!(refused(COMPLETIONS, name, value), name);
    }
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("prompt", json!({ "id": "p" })),
        ("background", json!(true)),
        ("store", json!(true)),
        ("truncation", json!("auto")),
        ("max_tool_calls", json!(3)),
        ("something_new", json!("x")),
    ] {
        assert_eq!(refused(RESPONSES, name, value), name);
    }
    for (name, value, field) in [
        ("tools", json!([{ "type": "web_search" }]), "tools[0].type"),
        ("tool_choice", json!({ "type": "allowed_tools" }), "tool_choice.type"),
        ("include", json!(["file_search_call.results"]), "include[0]"),
        ("input", json!([{ "type": "item_reference", "id": "x" }]), "input[0].type"),
        ("input", json!([{ "type": "computer_call" }]), "input[0].type"),
        (
            "input",
            json!([{ "role": "user", "content": [{ "type": "input_audio" }] }]),
            "input[0].content[0].type",
        ),
        ("text", json!({ "format": { "type": "grammar" } }), "text.format.type"),
    ] {
        assert_eq!(refused(RESPONSES, name, value), field);
    }
}

fn chat(message: &Value, reason: &str) -> Vec<u8> {
    json!({ "id": "c", "object": "chat.completion", "model": "there",
        "choices": [{ "index": 0, "message": message, "finish_reason": reason }] })
    .to_string()
    .into_bytes()
}

#[test]
fn whole_answers_are_told_as_the_interfaces_have_them() {
    let body = json!({ "model": "m", "input": "x", "metadata": { "a": "b" }, "temperature": 0.5 });
    let message = json!({ "role": "assistant", "content": "Well.", "reasoning_content": "hm",
        "tool_calls": [{ "id": "c1", "type": "function",
            "function": { "name": "f", "arguments": "{}" } }] });
    let told = reply(&chat(&message, "tool_calls"), RESPONSES, &about(&body), &used()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (&told["id"], &told["object"], &told["status"]),
        (&"resp_D".into(), &"response".into(), &"completed".into())
    );
    assert_eq!((&told["model"], &told["created_at"]), (&"there".into(), &5.into()));
    assert_eq!((&told["metadata"], &told["temperature"]), (&json!({ "a": "b" }), &0.5.into()));
    let kinds: Vec<&str> =
        told["output"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call"]);
    assert_eq!(told["output"][1]["content"][0]["text"], "Well.");
    assert_eq!(told["output"][2]["call_id"], "c1");
    assert_eq!(told["usage"]["total_tokens"], 10);
    let cut = json!({ "role": "assistant", "content": "We" });
    let told = reply(&chat(&cut, "length"), RESPONSES, &about(&body), &used()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (&told["status"], &told["incomplete_details"]["reason"]),
        (&"incomplete".into(), &"max_output_tokens".into())
    );
    let told = reply(&chat(&cut, "length"), COMPLETIONS, &about(&body), &used()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (&told["object"], &told["choices"][0]["text"]),
        (&"text_completion".into(), &"We".into())
    );
    assert_eq!(told["choices"][0]["finish_reason"], "length");
    assert_eq!(told["usage"]["prompt_tokens"], 7);
}

#[test]
fn an_answer_that_is_none_is_not_made_up() {
    for surface in [COMPLETIONS, RESPONSES] {
        for body in ["", "[]", "{}", r#"{"choices":[]}"#, r#"{"choices":[{}]}"#] {
            assert_eq!(
                reply(body.as_bytes(), surface, &about(&json!({})), &used()),
                None,
                "{body}"
            );
        }
    }
}

fn delta(delta: Value, reason: Value) -> String {
    json!({ "id": "c", "model": "there",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] })
    .to_string()
}

/// What a stream of chunks is told as.
fn streamed(surface: Surface, chunks: &[String]) -> Vec<(Part, Value)> {
    let mut translator = stream(surface, about(&json!({ "model": "m" }))).unwrap();
    let told = chunks.iter().flat_map(|chunk| translator.hear(chunk.as_bytes(), &used()));
    told.map(|told| (told.part, serde_json::from_str(&told.data).unwrap_or_default())).collect()
}

fn answer_with_everything() -> Vec<String> {
    let call = |index: u64, more: Value| {
        let mut call = json!({ "index": index });
        call["function"] = more["function"].clone();
        if more.get("id").is_some() {
            call["id"] = more["id"].clone();
        }
        delta(json!({ "tool_calls": [call] }), Value::Null)
    };
    vec![
        delta(json!({ "role": "assistant", "content": "" }), Value::Null),
        delta(json!({ "reasoning_content": "hm" }), Value::Null),
        delta(json!({ "content": "We" }), Value::Null),
        delta(json!({ "content": "ll." }), Value::Null),
        call(0, json!({ "id": "c1", "function": { "name": "f", "arguments": "" } })),
        call(0, json!({ "function": { "arguments": "{\"a\":" } })),
        call(0, json!({ "function": { "arguments": "1}" } })),
        call(1, json!({ "id": "c2", "function": { "name": "g", "arguments": "{}" } })),
        delta(json!({}), json!("tool_calls")),
        json!({ "choices": [], "usage": { "prompt_tokens": 7 } }).to_string(),
        "[DONE]".to_owned(),
    ]
}

#[test]
fn a_streamed_response_says_every_part_in_pieces_and_whole() {
    let told = streamed(RESPONSES, &answer_with_everything());
    let kinds: Vec<&str> = told
        .iter()
        .map(|(_, event)| event["type"].as_str().unwrap())
        .map(|it| it.strip_prefix("response.").unwrap())
        .collect();
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(kinds, expected);
    for (number, (_, event)) in told.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
    assert_eq!(told.last().map(|(part, _)| *part), Some(Part::Last));
    let whole = &told.last().unwrap().1["response"];
    let kinds: Vec<&Value> =
        whole["output"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call", "function_call"]);
    assert_eq!(whole["output"][1]["content"][0]["text"], "Well.");
    assert_eq!(whole["output"][2]["arguments"], "{\"a\":1}");
    assert_eq!((&whole["model"], &whole["usage"]["output_tokens"]), (&"there".into(), &3.into()));
    // Whole and streamed, the same is said.
    for (_, event) in told.iter().filter(|(_, event)| event["type"] == "response.output_item.done")
    {
        let index = usize::try_from(event["output_index"].as_u64().unwrap()).unwrap();
        assert_eq!(event["item"], whole["output"][index]);
    }
}

#[test]
fn errors_and_calls_that_overlap_end_a_stream_in_an_error() {
    let error = json!({ "error": { "message": "busy" } }).to_string();
    for surface in [COMPLETIONS, RESPONSES] {
        let told =
            streamed(surface, &[delta(json!({ "content": "a" }), Value::Null), error.clone()]);
        let (part, event) = told.last().unwrap();
        assert_eq!((*part, &event["error"]["message"]), (Part::Error, &"busy".into()));
    }
    let mut chunks = answer_with_everything();
    chunks.truncate(8);
    chunks.push(delta(
        json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "x" } }] }),
        Value::Null,
    ));
    let told = streamed(RESPONSES, &chunks);
    assert_eq!(told.last().unwrap().0, Part::Error);
}

#[test]
fn a_streamed_completion_has_its_text_where_its_clients_look() {
    let chunks = [
        delta(json!({ "role": "assistant", "content": "" }), Value::Null),
        delta(json!({ "content": "We" }), Value::Null),
        delta(json!({ "content": "ll." }), Value::Null),
        delta(json!({}), json!("stop")),
        json!({ "choices": [], "usage": { "prompt_tokens": 7 } }).to_string(),
        "[DONE]".to_owned(),
    ];
    let told = streamed(COMPLETIONS, &chunks);
    let texts: Vec<&Value> = told.iter().map(|(_, event)| &event["choices"][0]["text"]).collect();
    assert_eq!(texts, [&json!("We"), &json!("ll."), &json!(""), &Value::Null, &Value::Null]);
    assert_eq!(told[2].1["choices"][0]["finish_reason"], "stop");
    let parts: Vec<Part> = told.iter().map(|(part, _)| *part).collect();
    let answer = Part::Answer;
    assert_eq!(parts, [answer, answer, answer, Part::UsageOnly, Part::End]);
    assert_eq!(told[3].1["usage"]["completion_tokens"], 3);
}

#[test]
fn whatever_is_heard_no_translator_panics() {
    for text in [
        "{",
        "null",
        "[]",
        r#"{"choices":{}}"#,
        r#"{"choices":[[]]}"#,
        r#"{"choices":[{"delta":[]}]}"#,
    ] {
        for surface in [COMPLETIONS, RESPONSES] {
            let mut translator = stream(surface, about(&json!([]))).unwrap();
            let _ = translator.hear(text.as_bytes(), &used());
            let _ = translator.hear(b"[DONE]", &used());
        }
    }
}
