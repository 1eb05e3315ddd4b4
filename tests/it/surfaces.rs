//! Either vendor's interface, whichever vendor answers: any of two dialects at any of two providers.

use ambidex::chat::UsageSource;
use ambidex::config::{TargetKind, TargetSettings};
use ambidex::money::NanoUsd;
use ambidex::upstream::provider;
use serde_json::{Value, json};

use crate::support::{KEY, Proxy, Reply, Say, UPSTREAM_KEY, Upstream, answer, events};

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
  - { id: everything, use: [cloud] }
otherwise: { refuse: { status: 403, say: \"No permitted model can answer this: {reasons}\" } }
";

/// A gateway whose only route leads to a provider that speaks like Anthropic or like OpenAI.
async fn gateway(upstream: &Upstream, provider: &str) -> Proxy {
    let provider = provider::named(provider).unwrap();
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, ROUTED).unwrap();
        settings.policy = ambidex::config::PolicySource::File(path);
        for target in &mut settings.targets {
            set_provider(target, provider);
        }
    })
    .await
}

fn set_provider(target: &mut TargetSettings, provider: &'static dyn provider::Provider) {
    if let TargetKind::Remote(remote) = &mut target.kind {
        remote.provider = provider;
        if provider.name() == "anthropic" {
            "claude-haiku-4-5".clone_into(&mut remote.model);
        }
    }
}

pub fn message(prompt: &str) -> Value {
    json!({ "model": "auto", "max_tokens": 20, "messages": [{ "role": "user", "content": prompt }] })
}

pub async fn ask(proxy: &Proxy, path: &str, body: &Value) -> Reply {
    let reply = proxy
        .client
        .post(proxy.url(path))
        .header("x-api-key", KEY)
        .header("anthropic-version", "2023-06-01")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    Reply { status, headers, body: reply.bytes().await.unwrap().to_vec() }
}

/// A whole reply of Anthropic's.
pub fn said(text: &str) -> String {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
        "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn",
        "stop_sequence": null, "usage": { "input_tokens": 1000, "output_tokens": 200 } })
    .to_string()
}

/// A stream of Anthropic's that says these words.
pub fn saying(words: &[&str]) -> Vec<Vec<u8>> {
    let event = |data: Value| {
        format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap()).into_bytes()
    };
    let mut all = vec![
        event(json!({ "type": "message_start", "message": { "id": "msg_1", "type": "message",
            "role": "assistant", "model": "claude-haiku-4-5", "content": [],
            "usage": { "input_tokens": 1000, "output_tokens": 1 } } })),
        event(json!({ "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "" } })),
    ];
    all.extend(words.iter().map(|word| {
        event(json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": word } }))
    }));
    all.push(event(json!({ "type": "content_block_stop", "index": 0 })));
    all.push(event(json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
        "usage": { "output_tokens": 200 } })));
    all.push(event(json!({ "type": "message_stop" })));
    all
}

/// The text of an answer of either dialect, whole or streamed.
pub fn text_of(reply: &Reply) -> String {
    let text = reply.text();
    let parts: Vec<Value> = if text.starts_with('{') {
        vec![reply.json()]
    } else {
        text.lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .filter_map(|data| serde_json::from_str(data).ok())
            .collect()
    };
    let places = [
        "/content/0/text",
        "/delta/text",
        "/choices/0/message/content",
        "/choices/0/delta/content",
    ];
    let found = parts.iter().flat_map(|data| places.map(|place| data.pointer(place)));
    found.flatten().filter_map(Value::as_str).collect()
}

const EMAIL: &str = "jane.roe@contoso.com";

/// Finds the placeholder that the upstream got for the address.
pub fn placeholder(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body).into_owned();
    let from = body.find("[EMAIL_").expect("a placeholder");
    body.split_at(from).1.split_inclusive(']').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_dialect_at_any_provider_whole_and_streamed_is_masked_restored_and_billed() {
    for (path, provider, stream) in [
        ("/v1/messages", "anthropic", false),
        ("/v1/messages", "anthropic", true),
        ("/v1/messages", "openai", false),
        ("/v1/messages", "openai", true),
        ("/v1/chat/completions", "anthropic", false),
        ("/v1/chat/completions", "anthropic", true),
    ] {
        let case = format!("{path} at {provider}, stream {stream}");
        // The placeholder is known only after the first request, so the same is asked twice.
        let upstream = Upstream::script([Say::Whole(400, "{}".to_owned())]).await;
        let mut body = message(&format!("Write to {EMAIL}"));
        body["stream"] = stream.into();
        let proxy = gateway(&upstream, provider).await;
        ask(&proxy, path, &body).await;
        let token = placeholder(&upstream.seen()[0].body);

        let (head, tail) = token.split_at(5);
        let words = ["To ", head, tail, "!"];
        upstream.then(match (provider, stream) {
            ("anthropic", false) => Say::Whole(200, said(&words.concat())),
            ("anthropic", true) => Say::Events(saying(&words)),
            (_, false) => Say::Whole(200, answer(&words.concat(), 1000, 200)),
            (_, true) => Say::Events(events(&words, Some((1000, 200)))),
        });
        let reply = ask(&proxy, path, &body).await;
        assert_eq!(reply.status, 200, "{case}: {}", reply.text());
        let seen = &upstream.seen()[1];
        upstream.never_saw("contoso");
        let sent: Value = serde_json::from_slice(&seen.body).unwrap();
        if provider == "anthropic" {
            assert!(seen.head.starts_with("POST /v1/messages "), "{case}: {}", seen.head);
            assert!(seen.head.contains(&format!("x-api-key: {UPSTREAM_KEY}")), "{case}");
            assert!(seen.head.contains("anthropic-version: 2023-06-01"), "{case}");
            assert_eq!(
                (&sent["model"], &sent["max_tokens"]),
                (&"claude-haiku-4-5".into(), &20.into())
            );
        } else {
            assert!(seen.head.contains(&format!("Bearer {UPSTREAM_KEY}")), "{case}");
            assert_eq!(sent["max_completion_tokens"], 20, "{case}");
        }
        assert_eq!(text_of(&reply), format!("To {EMAIL}!"), "{case}: {}", reply.text());
        let settled = proxy.row(reply.decision()).await.settled.unwrap();
        let usage = settled.usage.unwrap();
        assert_eq!(usage.source, UsageSource::Reported, "{case}");
        assert_eq!((usage.input_uncached.0, usage.output.0), (1000, 200), "{case}");
        assert!(settled.cost > NanoUsd::ZERO, "{case}");
        if stream && path == "/v1/messages" {
            let names: Vec<String> = reply
                .text()
                .lines()
                .filter_map(|line| line.strip_prefix("event: ").map(str::to_owned))
                .collect();
            assert_eq!(names.first().map(String::as_str), Some("message_start"), "{case}");
            assert_eq!(names.last().map(String::as_str), Some("message_stop"), "{case}");
            let cost = format!(r#""x_ambidex_cost_usd":"{}""#, settled.cost);
            assert!(reply.text().contains(&cost), "{case}: {}", reply.text());
        }
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_dialect_passes_byte_for_byte() {
    let upstream = Upstream::script([Say::Whole(200, said("Hello"))]).await;
    let proxy = gateway(&upstream, "anthropic").await;
    let body = br#"{ "model":"claude-haiku-4-5","max_tokens" : 20, "unknown":{"x":[1.50]},
        "messages":[{"role":"user","content":"Hi"}] }"#;
    let sent = proxy
        .client
        .post(proxy.url("/v1/messages"))
        .header("authorization", format!("Bearer {KEY}"))
        .body(body.to_vec())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.text().await.unwrap(), said("Hello"));
    assert_eq!(upstream.seen()[0].body, body);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_translated_is_refused_by_name_and_nothing_is_sent() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = gateway(&upstream, "anthropic").await;
    let mut body = message("Hi");
    body["seed"] = 7.into();
    let reply = ask(&proxy, "/v1/chat/completions", &body).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"));
    assert!(reply.text().contains("`seed` has no counterpart"), "{}", reply.text());
    assert_eq!(upstream.connections(), 0);
    assert_eq!(proxy.reserved(), NanoUsd::ZERO);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_overload_come_back_in_the_callers_dialect() {
    let told = json!({ "type": "error", "error": { "type": "invalid_request_error", "message": "too warm" } });
    let overloaded =
        json!({ "type": "error", "error": { "type": "overloaded_error", "message": "x" } });
    let script = [Say::Whole(400, told.to_string()), Say::Whole(529, overloaded.to_string())];
    let upstream = Upstream::script(script).await;
    let proxy = gateway(&upstream, "anthropic").await;
    let reply = ask(&proxy, "/v1/chat/completions", &message("Hi")).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["message"], "too warm");
    assert_eq!(reply.json()["error"]["param"], Value::Null, "OpenAI's shape");
    let reply = ask(&proxy, "/v1/messages", &message("Hi")).await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_error"));
    assert_eq!(
        (&reply.json()["type"], &reply.json()["error"]["type"]),
        (&"error".into(), &"api_error".into())
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_translated_stream_that_is_cut_ends_in_an_error_and_never_as_if_it_were_whole() {
    for (path, provider, whole) in [
        ("/v1/chat/completions", "anthropic", saying(&["one ", "two"])),
        ("/v1/messages", "openai", events(&["one ", "two"], Some((10, 2)))),
        ("/v1/messages", "anthropic", saying(&["one ", "two"])),
    ] {
        // Before the first event it is no answer at all; after some, the target is left alone.
        for cut in 1..whole.len() {
            let upstream = Upstream::script([Say::Cut(whole[..cut].to_vec())]).await;
            let proxy = gateway(&upstream, provider).await;
            let mut body = message("Hi");
            body["stream"] = true.into();
            let reply = ask(&proxy, path, &body).await;
            let text = reply.text();
            assert!(text.contains(r#""code":"upstream_truncated""#), "{path} {cut}: {text}");
            assert!(!text.contains("message_stop"), "{path} {cut}: {text}");
            let settled = proxy.row(reply.decision()).await.settled.unwrap();
            assert_eq!(settled.outcome, "truncated", "{path} {cut}");
            assert!(settled.cost.is_positive(), "{path} {cut}: an answer that began is never free");
            proxy.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_model_answers_messages_and_tokens_are_counted() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let prompt = "Classify this ticket as billing, technical or account: The app crashes.";
    let mut body = message(prompt);
    let reply = ask(&proxy, "/v1/messages", &body).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    let whole = reply.json();
    assert_eq!((&whole["type"], &whole["role"]), (&"message".into(), &"assistant".into()));
    assert!(whole["usage"]["input_tokens"].as_u64().unwrap() > 0);
    let row = proxy.row(reply.decision()).await;
    assert_eq!(row.decided.surface, "anthropic_messages");
    body["stream"] = true.into();
    let streamed = ask(&proxy, "/v1/messages", &body).await;
    assert_eq!(text_of(&streamed), text_of(&reply));
    assert!(
        streamed.text().ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    );

    let counted = ask(&proxy, "/v1/messages/count_tokens", &message(prompt)).await;
    assert!((10..40).contains(&counted.json()["input_tokens"].as_u64().unwrap()));
    assert_eq!(counted.header("x-ambidex-usage-source"), "estimated");
    let twice = br#"{"model":"a","model":"b","messages":[{}]}"#;
    for path in ["/v1/messages", "/v1/messages/count_tokens"] {
        let request = proxy.client.post(proxy.url(path)).header("x-api-key", KEY);
        let reply = request.body(twice.to_vec()).send().await.unwrap();
        assert_eq!(reply.status(), 400);
        assert!(reply.text().await.unwrap().contains("a key is given twice"));
        let reply = proxy.client.post(proxy.url(path)).body("{}").send().await.unwrap();
        assert_eq!(reply.status(), 401);
        let told: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        assert_eq!(told["error"]["type"], "authentication_error", "{path}");
    }
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}
