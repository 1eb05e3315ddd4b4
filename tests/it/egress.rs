//! No byte leaves without the policy's word.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Proxy, Say, Upstream, answer, chat, events};

/// Where a card number can hide in a request.
fn hiding_places() -> Vec<(&'static str, Value)> {
    let card = "4111 1111 1111 1111";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = chat("Write a poem about the sea");
        change(&mut body);
        body
    };
    let message = |role: &str, content: &str| json!({ "role": role, "content": content });
    vec![
        ("the question", chat(&format!("Write a poem about {card}"))),
        ("full-width digits", chat("Write a poem about ４１１１ １１１１ １１１１ １１１１")),
        ("an ssn", chat("Write a poem about my SSN 536-22-8726")),
        ("a Chinese id", chat("写一首诗，身份证号 11010519491231002X")),
        (
            "a private key",
            chat("Write a poem: -----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq"),
        ),
        (
            "the system prompt",
            with(&|body| {
                body["messages"] =
                    json!([message("system", card), message("user", "Write a poem")]);
            }),
        ),
        (
            "an earlier turn",
            with(&|body| {
                body["messages"] = json!([
                    message("user", card),
                    message("assistant", "ok"),
                    message("user", "Write a poem")
                ]);
            }),
        ),
        (
            "a tool call's arguments",
            with(&|body| {
                body["messages"] = json!([message("user", "Write a poem"), { "role": "assistant", "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "pay", "arguments": format!("{{\"card\":\"{card}\"}}") } }] }]);
            }),
        ),
        (
            "a tool's result",
            with(&|body| {
                body["messages"] = json!([message("user", "Write a poem"), { "role": "tool", "tool_call_id": "c", "content": card }]);
            }),
        ),
        (
            "a part of a message",
            with(&|body| {
                body["messages"][0]["content"] = json!([{ "type": "text", "text": "Write a poem" }, { "type": "text", "text": card }]);
            }),
        ),
        ("metadata", with(&|body| body["metadata"] = json!({ "note": card }))),
        ("an unknown field", with(&|body| body["extra"] = json!({ "deep": [[card]] }))),
        ("an unusual key", with(&|body| body["metadata"] = json!({ card: "x" }))),
        ("a stop text", with(&|body| body["stop"] = json!([card]))),
        ("the user field", with(&|body| body["user"] = json!(card))),
        (
            "a tool's description",
            with(&|body| {
                body["tools"] = json!([{ "type": "function", "function": { "name": "f", "description": card } }]);
            }),
        ),
    ]
}

/// The ways to write a number so that it is not plain text.
fn disguises() -> Vec<(&'static str, Value)> {
    let table = "name,card,city\nAnn,4111111111111111,Leeds\nBo,4242424242424242,Bath";
    let texts = [
        ("base64", "Write a poem on bXkgY2FyZCBpcyA0MTExIDExMTEgMTExMSAxMTEx"),
        (
            "base64 of base64",
            "Write a poem on YlhrZ1kyRnlaQ0JwY3lBME1URXhJREV4TVRFZ01URXhNU0F4TVRFeA==",
        ),
        ("hexadecimal", "Write a poem on 34313131203131313120313131312031313131"),
        ("percent escapes", "Write a poem on %34%31%31%31 1111 1111 1111"),
        ("character references", "Write a poem on &#52;&#49;&#49;&#49; 1111 1111 1111"),
        ("invisible characters", "Write a poem on 4\u{200b}111 1111\u{2060} 1111 11\u{200d}11"),
        ("circled digits", "Write a poem on ④①①① ①①①① ①①①① ①①①①"),
        ("odd dashes", "Write a poem on 4111‑1111‒1111–1111"),
        ("a parameter", "Fetch https://shop.contoso.com/pay?card=4111111111111111&step=2"),
        ("a table", table),
        ("JSON", r#"{"payments": [{"pan": "4111\u0020111111111111"}]}"#),
    ];
    texts.into_iter().map(|(place, text)| (place, chat(text))).collect()
}

/// The ways to write a card number as a number.
fn numbers() -> Vec<(&'static str, Value)> {
    let with = |number: Value| {
        let mut body = chat("Write a poem about the sea");
        body["metadata"] = json!({ "card_number": number });
        body
    };
    let mut setting = chat("Write a poem about the sea");
    setting["temperature"] = json!(4_111_111_111_111_111.0);
    vec![
        ("a setting", setting),
        ("a long number", with(json!(4_111_111_111_111_111_u64))),
        ("a negative number", with(json!(-4_111_111_111_111_111_i64))),
        ("a number with a point", with(json!(4_222_222_222_222.0))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_data_reaches_no_upstream_wherever_it_hides() {
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    for (place, body) in hiding_places().into_iter().chain(disguises()).chain(numbers()) {
        let reply = proxy.send(&body).await;
        assert_ne!(reply.target(), "cloud", "{place}");
        assert!(matches!(reply.status, 200 | 400 | 403), "{place}: {}", reply.text());
        assert_eq!(upstream.connections(), 0, "{place}: a connection was made");
        upstream.never_saw("4111");
        let row = proxy.row(reply.decision()).await;
        assert_eq!(row.decided.sensitivity, "restricted", "{place}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escapes_in_json_hide_nothing() {
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let body = br#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Write a poem \u0034\u0031\u0031\u0031 1111 1111 1111"}]}"#;
    let reply = proxy.send_raw(body.to_vec()).await;
    assert_eq!((reply.target(), upstream.connections()), ("local", 0));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_detectors_cannot_read_stays() {
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let pdf = "data:application/pdf;base64,JVBERi0=";
    for (part, why) in [
        (
            json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } }),
            "local cannot see pictures",
        ),
        (
            json!({ "type": "input_audio", "input_audio": { "data": "UklGRg==", "format": "wav" } }),
            "local cannot hear sound",
        ),
        (
            json!({ "type": "file", "file": { "filename": "a.pdf", "file_data": pdf } }),
            "local cannot read files",
        ),
        (json!({ "type": "film", "film": { "data": "AAAA" } }), "local cannot read files"),
    ] {
        let mut body = chat("x");
        body["messages"][0]["content"] = json!([{ "type": "text", "text": "What is this?" }, part]);
        let reply = proxy.send(&body).await;
        let told = (reply.status, reply.code());
        assert_eq!(told, (403, "policy_refused".to_owned()), "{}", reply.text());
        assert!(reply.text().contains(why), "{}", reply.text());
        assert_eq!(proxy.row(reply.decision()).await.decided.sensitivity, "restricted", "{why}");
    }
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_that_are_not_read_stay() {
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let block = "QUJD/0dFRv9hYmP/".repeat(100);
    let parts = [
        json!({ "type": "text", "text": format!("It begins so: {block}") }),
        json!({ "type": "text", "text": "the sea and the sky ".repeat(60_000) }),
    ];
    for part in parts {
        let mut body = chat("x");
        body["messages"][0]["content"] = json!([{ "type": "text", "text": "What is this?" }, part]);
        let reply = proxy.send(&body).await;
        assert!(matches!(reply.status, 200 | 413), "{}", reply.text());
        assert_ne!(reply.target(), "cloud");
        let row = proxy.row(reply.decision()).await;
        assert_eq!(row.decided.sensitivity, "restricted");
        assert_eq!(upstream.connections(), 0);
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_inspected_in_time_stays() {
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        settings.inspection.deadline = Duration::ZERO;
    })
    .await;
    let reply = proxy.send(&chat(&"Write a poem about the sea. ".repeat(1_000))).await;
    assert_ne!(reply.target(), "cloud");
    assert_eq!(proxy.row(reply.decision()).await.decided.sensitivity, "restricted");
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

const MASKED: &str = "version: 1
name: masked
owner: nobody
restricted_may_reach: { zones: any, why: tested elsewhere }
limits:
  - { id: mail, why: Mail leaves masked, when: { data.labels: { any_of: contact.* } }, mask: contact.* }
routes:
  - { id: all, use: [cloud] }
";

#[tokio::test(flavor = "multi_thread")]
async fn more_values_than_masking_can_hold_stay() {
    let upstream = Upstream::script([Say::Whole(200, answer("Noted.", 1, 1))]).await;
    let proxy = Proxy::with_policy(&upstream, MASKED).await;
    let list = |count: u32| {
        let lines: Vec<String> = (0..count).map(|it| format!("user{it}@contoso.com")).collect();
        chat(&format!("Sort these:\n{}", lines.join("\n")))
    };
    let reply = proxy.send(&list(200)).await;
    assert_eq!((reply.status, reply.target()), (200, "cloud"), "{}", reply.text());
    let reply = proxy.send(&list(10_001)).await;
    let told = (reply.status, reply.code().as_str().to_owned());
    assert_eq!(told, (403, "policy_refused".to_owned()), "{}", reply.text());
    assert_eq!(upstream.seen().len(), 1);
    upstream.never_saw("@contoso.com");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_never_leaves_the_decision() {
    // The local model takes no tools, so a restricted request with tools has nowhere to go.
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let mut body = chat("Write a poem about 4111 1111 1111 1111");
    body["tools"] = json!([{ "type": "function", "function": { "name": "f" } }]);
    let reply = proxy.send(&body).await;
    assert_eq!((reply.status, upstream.connections()), (403, 0));
    assert!(reply.header("x-ambidex-reason").contains("never leave our hosts"));
    assert_eq!(reply.json()["error"]["decision"], reply.decision());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_can_raise_the_sensitivity_but_not_lower_it() {
    let upstream = Upstream::script([Say::Whole(200, answer("fine", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let declare = |prompt: &str, level: &str| {
        let mut body = chat(prompt);
        body["metadata"] = json!({ "data_sensitivity": level });
        body
    };
    let raised = proxy.send(&declare("Write a poem about the sea", "restricted")).await;
    assert_eq!((raised.target(), upstream.connections()), ("local", 0));
    let lowered = proxy.send(&declare("Write a poem about 4111 1111 1111 1111", "public")).await;
    assert_eq!((lowered.target(), upstream.connections()), ("local", 0));
    let open = proxy.send(&declare("Write a poem about the sea", "public")).await;
    assert_eq!((open.target(), upstream.connections()), ("cloud", 1));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_that_could_not_be_recorded() {
    let upstream = Upstream::script([Say::Events(events(&["leaked"], None))]).await;
    let proxy = Proxy::start(&upstream).await;
    proxy.gateway.app.store.close().await.unwrap();
    let reply = proxy.send(&chat("Write a poem about the sea")).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "ledger_unavailable"));
    assert_eq!((upstream.connections(), proxy.reserved().nanos()), (0, 0));
    let ready = proxy.client.get(proxy.url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
}
