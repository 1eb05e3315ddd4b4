//! What does not get in, and what it is told.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{KEY, Proxy, Say, Upstream, answer, chat};

async fn proxy() -> (Upstream, Proxy) {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        settings.limits.body_bytes_max = 2_000;
        settings.callers[0].rates.requests_per_minute = std::num::NonZeroU32::new(50);
    })
    .await;
    (upstream, proxy)
}

/// Sends bytes as they are and returns the reply's head and body.
async fn raw(proxy: &Proxy, request: &str) -> String {
    let mut stream = TcpStream::connect(proxy.gateway.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_used_are_refused_in_the_dialects_words() {
    let (upstream, proxy) = proxy().await;
    let long = chat(&"x".repeat(3_000)).to_string();
    for (body, status, code) in [
        (long.as_str(), 413, "body_too_large"),
        ("{", 400, "invalid_request"),
        ("[]", 400, "invalid_request"),
        (r#"{"model":"a"}"#, 400, "invalid_request"),
        (r#"{"model":"a","model":"b","messages":[{}]}"#, 400, "invalid_request"),
    ] {
        let reply = proxy.send_raw(body.as_bytes().to_vec()).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body:.40}");
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
        assert!(!reply.header("x-ambidex-reason").is_empty());
    }
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_needed_and_a_rate_is_kept() {
    let (_upstream, proxy) = proxy().await;
    let url = proxy.url("/v1/chat/completions");
    for key in [None, Some("wrong"), Some("")] {
        let mut request = proxy.client.post(&url).body(chat("x").to_string());
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 401, "{key:?}");
        let error: serde_json::Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        assert_eq!(error["error"]["code"], "invalid_api_key");
    }
    let mut last = proxy.send(&chat("Write a poem")).await;
    for _ in 0..60 {
        last = proxy.send(&chat("Write a poem")).await;
        if last.status != 200 {
            break;
        }
    }
    assert_eq!((last.status, last.code().as_str()), (429, "rate_limited"));
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_methods_are_told_apart() {
    let (_upstream, proxy) = proxy().await;
    let get = proxy.client.get(proxy.url("/v1/chat/completions")).send().await.unwrap();
    assert_eq!(get.status(), 405);
    let nowhere = proxy.client.post(proxy.url("/v1/chat")).send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn framing_that_servers_read_differently_is_refused() {
    let (upstream, proxy) = proxy().await;
    let body = chat("Write a poem").to_string();
    let length = body.len();
    for headers in [
        format!("Host: a\r\nHost: b\r\nContent-Length: {length}"),
        format!("Content-Length: {length}"),
        // (Two equal lengths never get here: hyper keeps one.)
        format!("Host: a\r\nContent-Length: {length}\r\nContent-Length: 7"),
        format!("Host: a\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked"),
        "Host: a\r\nTransfer-Encoding: gzip, chunked".to_owned(),
        format!("Host: a\r\nContent-Length: {length}\r\nExpect: everything"),
        format!("Host: a\r\nContent-Length: {length}\r\nUpgrade: h2c"),
    ] {
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\n{headers}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n{body}"
        );
        let reply = raw(&proxy, &request).await;
        assert!(reply.starts_with("HTTP/1.1 400"), "{headers}: {reply}");
    }
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_never_repeats_the_prompt() {
    let (_upstream, proxy) = proxy().await;
    let canary = "zebra-7731";
    let mut tools = chat(&format!("{canary} 4111 1111 1111 1111"));
    tools["tools"] = json!([{ "type": "function" }]);
    for body in [
        tools.to_string(),
        format!(r#"{{"model":"{canary}","messages":["{canary}"#),
        format!(r#"{{"model":"a","{canary}":1,"{canary}":2,"messages":[{{}}]}}"#),
        chat(&canary.repeat(300)).to_string(),
    ] {
        let reply = proxy.send_raw(body.into_bytes()).await;
        assert!(reply.status >= 400);
        assert!(!reply.text().contains(canary), "{}", reply.text());
        for (name, value) in &reply.headers {
            assert!(!value.to_str().unwrap().contains(canary), "{name}");
        }
    }
    proxy.stop().await;
}
