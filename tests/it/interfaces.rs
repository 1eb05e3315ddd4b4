//! Embeddings, completions and responses: by the local model, by a provider that speaks them, and by one
//! that does not.

use ambidex::chat::{Surface, UsageSource};
use ambidex::config::{PolicySource, TargetKind};
use ambidex::money::NanoUsd;
use ambidex::upstream::provider;
use serde_json::{Value, json};

use crate::support::{Proxy, Reply, Say, Upstream, answer, events};
use crate::surfaces::{ask, placeholder, said, saying};

const EMAIL: &str = "jane.roe@contoso.com";

/// Everything goes to the provider, but embeddings of confidential data, which stay; addresses are
/// masked.
const ROUTED: &str = "
version: 1
name: routed
owner: security@acme.example
restricted_may_reach: { zones: any, why: tested elsewhere }
limits:
  - id: contacts-masked
    why: Contacts leave masked
    when: { data.labels: { any_of: contact.* } }
    mask: { labels: contact.*, mode: reversible }
routes:
  - id: private-vectors
    when: { request.surface: { is: embeddings }, data.declared: { is: confidential } }
    use: [local]
  - { id: everything, use: [cloud] }
otherwise: { refuse: { status: 403, say: \"No permitted model can answer this: {reasons}\" } }
";

const LOCAL: &str = "
version: 1
name: local
owner: security@acme.example
routes:
  - { id: everything, use: [local] }
otherwise: { refuse: { status: 403, say: \"No permitted model can answer this: {reasons}\" } }
";

/// A gateway with a provider that speaks these interfaces.
async fn gateway(upstream: &Upstream, name: &str, speaks: &[Surface]) -> Proxy {
    let (provider, speaks) = (provider::named(name).unwrap(), speaks.to_vec());
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, ROUTED).unwrap();
        settings.policy = PolicySource::File(path);
        for target in &mut settings.targets {
            if let TargetKind::Remote(remote) = &mut target.kind {
                remote.provider = provider;
                remote.speaks = Some(speaks.clone());
                if name == "anthropic" {
                    "claude-haiku-4-5".clone_into(&mut remote.model);
                }
                if speaks == [Surface::OpenAiEmbeddings] {
                    "text-embedding-3-small".clone_into(&mut remote.model);
                }
            }
        }
    })
    .await
}

const ALL: [Surface; 3] =
    [Surface::OpenAiChat, Surface::OpenAiCompletions, Surface::OpenAiResponses];

fn embedded() -> String {
    json!({ "object": "list", "model": "text-embedding-3-small", "data": [
        { "object": "embedding", "index": 0, "embedding": [0.5, 0.25] }],
        "usage": { "prompt_tokens": 1000, "total_tokens": 1000 } })
    .to_string()
}

/// A whole completion.
pub fn continued(text: &str) -> String {
    json!({ "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "gpt-4o-mini",
        "choices": [{ "index": 0, "text": text, "logprobs": null, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200 } })
    .to_string()
}

/// A streamed completion that says these words.
pub fn continuing(words: &[&str]) -> Vec<Vec<u8>> {
    let chunk = |choices: Value, usage: Value| {
        let value = json!({ "id": "cmpl-1", "object": "text_completion", "model": "gpt-4o-mini",
            "choices": choices, "usage": usage });
        format!("data: {value}\n\n").into_bytes()
    };
    let text = |text: &str, reason: Value| {
        chunk(json!([{ "index": 0, "text": text, "finish_reason": reason }]), Value::Null)
    };
    let mut all: Vec<Vec<u8>> = words.iter().map(|word| text(word, Value::Null)).collect();
    all.push(text("", json!("stop")));
    all.push(chunk(json!([]), json!({ "prompt_tokens": 1000, "completion_tokens": 200 })));
    all.push(b"data: [DONE]\n\n".to_vec());
    all
}

pub fn response(text: &str) -> Value {
    json!({ "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-4o-mini",
        "output": [{ "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{ "type": "output_text", "text": text, "annotations": [] }] }],
        "usage": { "input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200 } })
}

/// A streamed response that says these words.
pub fn responding(words: &[&str]) -> Vec<Vec<u8>> {
    let mut number = 0;
    let mut event = |mut data: Value| {
        data["sequence_number"] = number.into();
        number += 1;
        format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap()).into_bytes()
    };
    let place = |kind: &str| json!({ "type": kind, "item_id": "msg_1", "output_index": 0, "content_index": 0 });
    let text = words.concat();
    let mut all = vec![event(json!({ "type": "response.created",
        "response": { "id": "resp_1", "status": "in_progress", "output": [] } }))];
    for word in words {
        let mut delta = place("response.output_text.delta");
        delta["delta"] = (*word).into();
        all.push(event(delta));
    }
    let mut done = place("response.output_text.done");
    done["text"] = text.clone().into();
    all.push(event(done));
    all.push(event(json!({ "type": "response.completed", "response": response(&text) })));
    all
}

/// The data of the events of a stream.
fn data_of(reply: &Reply) -> Vec<Value> {
    let text = reply.text();
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// The text of an answer of either interface, whole or put together from its pieces.
pub fn text_of(reply: &Reply) -> String {
    let parts = if reply.text().starts_with('{') { vec![reply.json()] } else { data_of(reply) };
    let is_delta =
        |part: &Value| part["type"].as_str().is_none_or(|it| it == "response.output_text.delta");
    let places = ["/delta", "/choices/0/text", "/output/0/content/0/text"];
    let found = parts.iter().filter(|part| is_delta(part));
    let found = found.flat_map(|part| places.map(|place| part.pointer(place)));
    found.flatten().filter_map(Value::as_str).collect()
}

pub fn question(path: &str, prompt: &str) -> Value {
    if path == "/v1/completions" {
        json!({ "model": "auto", "max_tokens": 20, "prompt": prompt })
    } else {
        json!({ "model": "auto", "max_output_tokens": 20, "input": prompt })
    }
}

/// What a provider says in one of its interfaces.
fn saying_in(spoken: Surface, body: &Value, words: &[&str]) -> Say {
    let text = words.concat();
    if body["stream"] == true {
        return Say::Events(match spoken {
            Surface::AnthropicMessages => saying(words),
            Surface::OpenAiCompletions => continuing(words),
            Surface::OpenAiResponses => responding(words),
            Surface::OpenAiChat | Surface::OpenAiEmbeddings => events(words, Some((1000, 200))),
        });
    }
    let whole = match spoken {
        Surface::AnthropicMessages => said(&text),
        Surface::OpenAiCompletions => continued(&text),
        Surface::OpenAiResponses => response(&text).to_string(),
        Surface::OpenAiChat | Surface::OpenAiEmbeddings => answer(&text, 1000, 200),
    };
    Say::Whole(200, whole)
}

const fn path_of(spoken: Surface) -> &'static str {
    match spoken {
        Surface::OpenAiChat => "/v1/chat/completions",
        Surface::AnthropicMessages => "/v1/messages",
        Surface::OpenAiCompletions => "/v1/completions",
        Surface::OpenAiResponses => "/v1/responses",
        Surface::OpenAiEmbeddings => "/v1/embeddings",
    }
}

/// The events of a streamed response are numbered, end in the whole answer, and tell its cost.
fn check_events(reply: &Reply, cost: &str, case: &str) {
    let data = data_of(reply);
    let numbers: Vec<u64> = data.iter().map(|it| it["sequence_number"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (0..u64::try_from(numbers.len()).unwrap()).collect();
    assert_eq!(numbers, expected, "{case}: {}", reply.text());
    let last = data.last().unwrap();
    assert_eq!(last["type"], "response.completed", "{case}");
    assert_eq!(last["x_ambidex_cost_usd"], cost, "{case}");
    let whole = &last["response"]["output"][0]["content"][0]["text"];
    assert_eq!(*whole, format!("To {EMAIL}!"), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_interface_at_any_provider_whole_and_streamed_is_masked_restored_and_billed() {
    let own = |path: &str| match path {
        "/v1/completions" => Surface::OpenAiCompletions,
        _ => Surface::OpenAiResponses,
    };
    for path in ["/v1/completions", "/v1/responses"] {
        for (provider, speaks) in [
            ("openai", vec![Surface::OpenAiChat, own(path)]),
            ("openai", vec![Surface::OpenAiChat]),
            ("anthropic", vec![Surface::AnthropicMessages]),
        ] {
            for stream in [false, true] {
                let case = format!("{path} at {provider} speaking {speaks:?}, stream {stream}");
                // The placeholder is known only after the first request, so the same is asked twice.
                let upstream = Upstream::script([Say::Whole(400, "{}".to_owned())]).await;
                let proxy = gateway(&upstream, provider, &speaks).await;
                let mut body = question(path, &format!("Write to {EMAIL}"));
                body["stream"] = stream.into();
                ask(&proxy, path, &body).await;
                let token = placeholder(&upstream.seen()[0].body);
                let (head, tail) = token.split_at(5);
                let words = ["To ", head, tail, "!"];
                upstream.then(saying_in(*speaks.last().unwrap(), &body, &words));
                let reply = ask(&proxy, path, &body).await;
                assert_eq!(reply.status, 200, "{case}: {}", reply.text());
                upstream.never_saw("contoso");
                let head = &upstream.seen()[1].head;
                let wanted = path_of(*speaks.last().unwrap());
                assert!(head.starts_with(&format!("POST {wanted} ")), "{case}: {head}");
                assert_eq!(text_of(&reply), format!("To {EMAIL}!"), "{case}: {}", reply.text());
                assert!(!reply.text().contains("EMAIL_"), "{case}: {}", reply.text());
                let row = proxy.row(reply.decision()).await;
                assert_eq!(row.decided.surface, own(path).name(), "{case}");
                let settled = row.settled.unwrap();
                let usage = settled.usage.unwrap();
                assert_eq!(
                    (usage.source, settled.outcome.as_str()),
                    (UsageSource::Reported, "answered")
                );
                assert_eq!((usage.input_uncached.0, usage.output.0), (1000, 200), "{case}");
                assert!(settled.cost > NanoUsd::ZERO, "{case}");
                if stream && path == "/v1/responses" {
                    check_events(&reply, &settled.cost.to_string(), &case);
                }
                if stream && path == "/v1/completions" {
                    assert!(reply.text().ends_with("data: [DONE]\n\n"), "{case}");
                    assert!(
                        !reply.text().contains("prompt_tokens"),
                        "{case}: nobody asked for usage"
                    );
                }
                proxy.stop().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_interface_passes_byte_for_byte() {
    for (path, body, said) in [
        (
            "/v1/completions",
            r#"{ "model":"gpt-4o-mini","max_tokens" : 20, "echo":true,"unknown":{"x":[1.50]}, "prompt":"Hi" }"#,
            continued("Hello"),
        ),
        (
            "/v1/responses",
            r#"{ "model":"gpt-4o-mini","max_output_tokens" : 20, "unknown":{"x":[1.50]}, "store": true,"input":"Hi" }"#,
            response("Hello").to_string(),
        ),
    ] {
        let upstream = Upstream::script([Say::Whole(200, said.clone())]).await;
        let proxy = gateway(&upstream, "openai", &ALL).await;
        let sent = proxy.client.post(proxy.url(path)).header("x-api-key", crate::support::KEY);
        let reply = sent.body(body).send().await.unwrap();
        assert_eq!(reply.text().await.unwrap(), said, "{path}");
        assert_eq!(upstream.seen()[0].body, body.as_bytes(), "{path}");
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_at_the_provider_is_passed_to_it_or_refused_by_name() {
    let upstream = Upstream::script([Say::Whole(200, response("Hello").to_string())]).await;
    let body = json!({ "model": "auto", "input": "And then?", "previous_response_id": "resp_9" });
    let proxy = gateway(&upstream, "openai", &[Surface::OpenAiChat]).await;
    let reply = ask(&proxy, "/v1/responses", &body).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"));
    assert!(reply.text().contains("`previous_response_id`"), "{}", reply.text());
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
    let proxy = gateway(&upstream, "openai", &ALL).await;
    let reply = ask(&proxy, "/v1/responses", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let sent: Value = serde_json::from_slice(&upstream.seen()[0].body).unwrap();
    assert_eq!(sent["previous_response_id"], "resp_9");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_of_either_interface_ends_in_an_error() {
    for (path, whole) in [
        ("/v1/completions", continuing(&["one ", "two"])),
        ("/v1/responses", responding(&["one ", "two"])),
    ] {
        // Before the first event it is no answer at all; what is cut after its last word may be whole.
        for cut in 1..whole.len() - 1 {
            let upstream = Upstream::script([Say::Cut(whole[..cut].to_vec())]).await;
            let proxy = gateway(&upstream, "openai", &ALL).await;
            let mut body = question(path, "Hi");
            body["stream"] = true.into();
            let reply = ask(&proxy, path, &body).await;
            let text = reply.text();
            assert!(text.contains(r#""code":"upstream_truncated""#), "{path} {cut}: {text}");
            assert!(!text.contains("response.completed"), "{path} {cut}: {text}");
            let settled = proxy.row(reply.decision()).await.settled.unwrap();
            assert_eq!(settled.outcome, "truncated", "{path} {cut}");
            assert!(settled.cost.is_positive(), "{path} {cut}: what began is never free");
            proxy.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_model_answers_completions_and_responses() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::with_policy(&upstream, LOCAL).await;
    let prompt = "Classify this ticket as billing, technical or account: The app crashes.";
    for path in ["/v1/completions", "/v1/responses"] {
        let mut body = question(path, prompt);
        let reply = ask(&proxy, path, &body).await;
        assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
        let text = text_of(&reply);
        assert!(!text.is_empty(), "{}", reply.text());
        body["stream"] = true.into();
        let streamed = ask(&proxy, path, &body).await;
        assert_eq!(text_of(&streamed), text, "{path}: {}", streamed.text());
        if path == "/v1/responses" {
            let whole = reply.json();
            assert_eq!(
                (&whole["object"], &whole["status"]),
                (&"response".into(), &"completed".into())
            );
            assert_eq!(whole["id"], format!("resp_{}", reply.decision()));
            assert!(whole["usage"]["input_tokens"].as_u64().unwrap() > 0);
            let data = data_of(&streamed);
            let last = data.last().unwrap();
            assert_eq!(last["type"], "response.completed");
            assert_eq!(last["x_ambidex_cost_usd"], "0.00");
            assert!(last["response"]["usage"]["output_tokens"].as_u64().unwrap() > 0);
        } else {
            assert_eq!(reply.json()["object"], "text_completion");
            assert!(streamed.text().ends_with("data: [DONE]\n\n"));
        }
    }
    for (name, value) in [("echo", json!(true)), ("suffix", json!("x")), ("best_of", json!(2))] {
        let mut body = question("/v1/completions", prompt);
        body[name] = value;
        let reply = ask(&proxy, "/v1/completions", &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{name}");
        assert!(reply.text().contains(&format!("`{name}`")), "{}", reply.text());
    }
    // Without a limit the interface says sixteen tokens.
    let body = json!({ "model": "auto", "prompt": format!("Summarize: {}", prompt.repeat(3)) });
    let reply = ask(&proxy, "/v1/completions", &body).await;
    assert!(reply.json()["usage"]["completion_tokens"].as_u64().unwrap() <= 16, "{}", reply.text());
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_model_is_not_asked_about_what_it_would_not_read() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::with_policy(&upstream, LOCAL).await;
    let responses = |more: Value| {
        let asks =
            json!({ "role": "user", "content": [{ "type": "input_text", "text": "What is it?" }] });
        json!({ "model": "auto", "input": [asks, more] })
    };
    let said = |part: Value| responses(json!({ "role": "user", "content": [part] }));
    let plain =
        json!({ "type": "text", "media_type": "text/plain", "data": "A whale is a mammal." });
    let content =
        json!([{ "type": "document", "source": plain }, { "type": "text", "text": "What is it?" }]);
    let messages = json!({ "model": "auto", "max_tokens": 9, "messages": [{ "role": "user", "content": content }] });
    let gone_on =
        json!({ "model": "auto", "input": "And then?", "previous_response_id": "resp_9" });
    for (path, body, why) in [
        ("/v1/messages", messages, "cannot read files"),
        (
            "/v1/responses",
            said(json!({ "type": "input_file", "file_data": "AAAA" })),
            "cannot read files",
        ),
        (
            "/v1/responses",
            said(json!({ "type": "input_audio", "data": "AAAA" })),
            "cannot hear sound",
        ),
        (
            "/v1/responses",
            responses(json!({ "type": "web_search_call", "id": "w" })),
            "cannot call tools",
        ),
        (
            "/v1/responses",
            responses(json!({ "type": "item_reference", "id": "m" })),
            "does not know what lies",
        ),
        ("/v1/responses", gone_on, "does not know what lies at a provider"),
    ] {
        let reply = ask(&proxy, path, &body).await;
        assert_eq!(reply.status, 403, "{why}: {}", reply.text());
        assert!(reply.text().contains(&format!("local {why}")), "{}", reply.text());
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_model_makes_vectors_of_length_one() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::with_policy(&upstream, LOCAL).await;
    let body =
        json!({ "model": "auto", "input": ["The app crashes.", "It crashed.", "A blue whale."] });
    let reply = ask(&proxy, "/v1/embeddings", &body).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    let list = reply.json();
    let vectors: Vec<Vec<f64>> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            entry["embedding"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
        })
        .collect();
    let width = vectors[0].len();
    assert_eq!(vectors.len(), 3);
    for vector in &vectors {
        let length: f64 = vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-4 && vector.len() == width, "{length}");
    }
    assert!(vectors[0] != vectors[2]);
    let row = proxy.row(reply.decision()).await;
    assert_eq!(row.decided.surface, "openai_embeddings");
    let settled = row.settled.unwrap();
    let usage = settled.usage.unwrap();
    assert_eq!((usage.source, usage.output.0), (UsageSource::Counted, 0));
    assert_eq!(list["usage"]["prompt_tokens"], usage.input_uncached.0);
    assert_eq!((settled.cost, settled.outcome.as_str()), (NanoUsd::ZERO, "answered"));

    let one = |more: Value| {
        let mut body = json!({ "model": "auto", "input": "The app crashes." });
        for (key, value) in more.as_object().unwrap() {
            body[key.as_str()] = value.clone();
        }
        body
    };
    let coded = ask(
        &proxy,
        "/v1/embeddings",
        &one(json!({ "encoding_format": "base64", "dimensions": width })),
    )
    .await;
    let coded = coded.json()["data"][0]["embedding"].as_str().unwrap().to_owned();
    assert_eq!(coded.len(), (width * 4).div_ceil(3) * 4);
    for (more, name) in [
        (json!({ "dimensions": 3 }), "dimensions"),
        (json!({ "encoding_format": "hex" }), "encoding_format"),
        (json!({ "input": [1, 2, 3] }), "input"),
    ] {
        let reply = ask(&proxy, "/v1/embeddings", &one(more)).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{name}");
        assert!(reply.text().contains(&format!("`{name}`")), "{}", reply.text());
    }
    let long =
        ask(&proxy, "/v1/embeddings", &one(json!({ "input": ["short", "long ".repeat(9_000)] })))
            .await;
    assert_eq!((long.status, long.code().as_str()), (413, "request_too_long"), "{}", long.text());
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_a_provider_are_inspected_routed_masked_and_billed() {
    let upstream = Upstream::script([Say::Whole(200, embedded())]).await;
    let proxy = gateway(&upstream, "openai", &[Surface::OpenAiEmbeddings]).await;
    let body = json!({ "model": "auto", "input": ["Hello", format!("Write to {EMAIL}")], "dimensions": 2 });
    let reply = ask(&proxy, "/v1/embeddings", &body).await;
    assert_eq!((reply.status, reply.text()), (200, embedded()));
    let seen = &upstream.seen()[0];
    assert!(seen.head.starts_with("POST /v1/embeddings "), "{}", seen.head);
    let sent: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        (&sent["model"], &sent["dimensions"]),
        (&"text-embedding-3-small".into(), &2.into())
    );
    assert!(sent.get("max_tokens").is_none(), "{sent}");
    upstream.never_saw("contoso");
    placeholder(&seen.body);
    let row = proxy.row(reply.decision()).await;
    let settled = row.settled.unwrap();
    // 2 cents a million tokens.
    assert_eq!(
        (settled.cost, settled.usage.unwrap().input_uncached.0),
        (NanoUsd::new(20_000), 1000)
    );
    assert!(row.decided.reserved.is_positive());

    // The policy sees which interface it is.
    let body = json!({ "model": "auto", "input": "Hello", "metadata": { "data_sensitivity": "confidential" } });
    assert_eq!(ask(&proxy, "/v1/embeddings", &body).await.target(), "local");
    assert_eq!(upstream.seen().len(), 1);
    // A model for embeddings answers nothing else.
    let chat = ask(&proxy, "/v1/chat/completions", &crate::support::chat("Hello")).await;
    assert_eq!((chat.status, chat.code().as_str()), (403, "policy_refused"), "{}", chat.text());
    assert!(chat.text().contains("does not serve this API"), "{}", chat.text());
    // And nobody makes vectors who cannot.
    let other = gateway(&upstream, "anthropic", &[Surface::AnthropicMessages]).await;
    let body = json!({ "model": "auto", "input": "Hello" });
    assert_eq!(ask(&other, "/v1/embeddings", &body).await.status, 403);
    assert_eq!(upstream.seen().len(), 1);
    other.stop().await;
    proxy.stop().await;
}
