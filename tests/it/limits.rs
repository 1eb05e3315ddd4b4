//! A limit on everything that a client could make grow, and no two readings of one request.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{KEY, Proxy, Say, Upstream, answer, chat};

async fn proxy() -> (Upstream, Proxy) {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        settings.limits.body_bytes_max = 2_000;
        settings.limits.body_timeout = Duration::from_secs(1);
        settings.limits.header_timeout = Duration::from_secs(1);
        settings.limits.connections_max = 3;
    })
    .await;
    (upstream, proxy)
}

const HEAD: &str = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";

async fn connect(proxy: &Proxy, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.gateway.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// What the gateway says until it closes the connection.
async fn said(mut stream: TcpStream) -> String {
    let mut reply = Vec::new();
    let reading = stream.read_to_end(&mut reply);
    // A reset after the reply is as good as a close.
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("no end");
    String::from_utf8(reply).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_announced_length_has_the_same_limit() {
    let (upstream, proxy) = proxy().await;
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1_000));
    let bytes = format!(
        "{HEAD}Authorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(3)
    );
    let reply = said(connect(&proxy, &bytes).await).await;
    assert!(reply.starts_with("HTTP/1.1 413") && reply.contains("body_too_large"), "{reply}");
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (_upstream, proxy) = proxy().await;
    let bytes =
        format!("{HEAD}Authorization: Bearer {KEY}\r\nContent-Length: 500\r\n\r\n{{\"model\"");
    let reply = said(connect(&proxy, &bytes).await).await;
    assert!(reply.starts_with("HTTP/1.1 408") && reply.contains("request_timeout"), "{reply}");
    let reply = said(connect(&proxy, HEAD).await).await;
    assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 408"), "a head without end: {reply}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_key_gets_a_body_read() {
    let (_upstream, proxy) = proxy().await;
    // The body never comes, and is not waited for.
    let bytes = format!("{HEAD}Content-Length: 1999\r\n\r\n");
    let reply = said(connect(&proxy, &bytes).await).await;
    assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_closed_and_heads_have_a_size() {
    let (_upstream, proxy) = proxy().await;
    let headers = "X-A: b\r\n".repeat(100);
    let reply = said(connect(&proxy, &format!("{HEAD}{headers}\r\n")).await).await;
    assert!(reply.starts_with("HTTP/1.1 431"), "{reply}");
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connect(&proxy, "GET /healthz HTTP/1.1\r\nHost: a\r\n").await);
    }
    let mut reply = String::new();
    let mut fourth = TcpStream::connect(proxy.gateway.address).await.unwrap();
    let _ = fourth.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let _ = fourth.read_to_string(&mut reply).await;
    assert_eq!(reply, "");
    drop(open);
    proxy.stop().await;
}

/// What bounds the money must be read by everyone in one way. Some servers take `"128"` and `128.0`
/// for 128, and of two equal keys some take the first, others the last.
#[tokio::test(flavor = "multi_thread")]
async fn what_bounds_the_cost_is_a_plain_number_or_refused() {
    let (upstream, proxy) = proxy().await;
    for (name, value) in [
        ("n", json!("128")),
        ("n", json!(128.0)),
        ("n", json!(0)),
        ("n", json!([2])),
        ("n", json!(true)),
        ("max_tokens", json!("100000")),
        ("max_tokens", json!(100_000.0)),
        ("max_tokens", json!(-1)),
        ("max_tokens", json!({ "a": 1 })),
        ("max_completion_tokens", json!("100000")),
        ("max_completion_tokens", json!(100_000.0)),
        ("max_completion_tokens", json!(-1)),
        ("max_completion_tokens", json!([])),
        ("stream", json!("true")),
        ("stream", json!(1)),
        ("stream_options", json!("usage")),
    ] {
        let mut body = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "Write a poem" }] });
        body[name] = value.clone();
        let reply = proxy.send(&body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "invalid_request"),
            "{name}: {value}: {}",
            reply.text()
        );
        assert!(reply.text().contains(&format!("`{name}`")), "{}", reply.text());
    }
    for name in ["N", "Max_Completion_Tokens", "Stream", "max_to\u{212a}ens", "\u{17f}tream"] {
        let mut body = chat("Write a poem");
        body.as_object_mut().unwrap().remove("max_tokens");
        body[name] = 128.into();
        let reply = proxy.send(&body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{name}");
        assert!(reply.text().contains("lower case"), "{}", reply.text());
    }
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_names_every_key_once() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    for (name, value) in [
        ("max_completion_tokens", Value::Null),
        ("max_tokens", Value::Null),
        ("stream_options", Value::Null),
        ("stream_options", json!({ "include_usage": false, "other": 1 })),
        ("stream_options", json!({})),
        ("n", Value::Null),
    ] {
        let mut body = json!({ "model": "auto", "stream": true, "messages": [{ "role": "user", "content": "Write a poem" }] });
        body[name] = value.clone();
        proxy.send(&body).await;
        let sent = String::from_utf8(upstream.seen().last().unwrap().body.clone()).unwrap();
        for key in ["model", "max_completion_tokens", "stream_options", "stream"] {
            assert_eq!(sent.matches(&format!("\"{key}\":")).count(), 1, "{key} in {sent}");
        }
        let sent: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(sent["stream_options"]["include_usage"], true, "{name}: {value}");
        assert_eq!(sent["max_completion_tokens"], 4_096, "{name}: {value}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_documents_or_two_meanings_are_refused() {
    let (upstream, proxy) = proxy().await;
    let good = chat("Write a poem").to_string();
    for body in [
        format!("{good}{good}"),
        format!("{good} x"),
        good.replacen("\"model\"", "\"mod\\u0065l\":\"a\",\"model\"", 1),
        good.replacen("\"model\"", "\"Model\":\"a\",\"model\"", 1),
        good.replacen("\"role\"", "\"role\":\"system\",\"role\"", 1),
        good.replacen("poem", "\\ud800", 1),
        "null".to_owned(),
        String::new(),
    ] {
        let reply = proxy.send_raw(body.clone().into_bytes()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{body}");
    }
    let mut broken = good.into_bytes();
    let at = broken.iter().position(|byte| *byte == b'p').unwrap();
    broken[at] = 0xFF;
    assert_eq!(proxy.send_raw(broken).await.status, 400, "not UTF-8");
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

/// A target has rates of its own: beyond them the next one of the route answers, or nobody, for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_not_asked_faster_than_it_may_be() {
    for (ways, requests, tokens) in [("cloud, local", 2, 0), ("cloud", 2, 0), ("cloud", 0, 250)] {
        let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
        let policy = format!(
            "version: 1\nname: open\nowner: t\nrestricted_may_reach: {{ zones: any, why: tested elsewhere }}\n\
             routes: [{{ id: all, use: [{ways}] }}]\n\
             otherwise: {{ refuse: {{ status: 403, say: '{{reasons}}' }} }}\n"
        );
        let proxy = Proxy::with(&upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, policy).unwrap();
            settings.policy = ambidex::config::PolicySource::File(path);
            settings.targets[1].rates.requests_per_minute = std::num::NonZeroU32::new(requests);
            settings.targets[1].rates.tokens_per_minute = std::num::NonZeroU32::new(tokens);
        })
        .await;
        let mut replies = Vec::new();
        for _ in 0..3 {
            // A few prompt tokens and at most a hundred of the answer.
            let mut body = chat("Write a poem about the sea");
            body["max_tokens"] = json!(100);
            replies.push(proxy.send(&body).await);
        }
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        let third = replies.last().unwrap();
        if ways == "cloud" {
            assert_eq!(statuses, [200, 200, 429]);
            assert_eq!(third.code(), "rate_limited");
            let pause: u32 = third.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&pause), "{pause}");
        } else {
            assert_eq!((statuses, third.target()), (vec![200, 200, 200], "local"));
        }
        assert_eq!(upstream.seen().len(), 2);
        // A refusal gives the money back.
        assert_eq!(proxy.reserved(), ambidex::money::NanoUsd::ZERO);
        proxy.stop().await;
    }
}
