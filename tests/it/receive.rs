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
    // A refusal may come, and the connection go, before all was written.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    String::from_utf8(reply).unwrap()
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

/// A request that two servers could cut differently, or that is none.
struct Odd {
    name: &'static str,
    /// What replaces the headers; `LENGTH` stands for the body's.
    headers: &'static str,
}

const fn odd(name: &'static str, headers: &'static str) -> Odd {
    Odd { name, headers }
}

/// What bare hyper takes and we do not, and what it refuses for us.
const ODD: &[Odd] = &[
    odd("a length and chunks", "Host: a\r\nContent-Length: LENGTH\r\nTransfer-Encoding: chunked"),
    odd("two lengths", "Host: a\r\nContent-Length: LENGTH\r\nContent-Length: 7"),
    odd(
        "the same length twice",
        "Host: a\r\nContent-Length: LENGTH\r\nX: y\r\ncontent-length: LENGTH",
    ),
    odd("a tab before the length", "Host: a\r\nContent-Length:\tLENGTH"),
    odd("a bare line feed", "Host: a\nContent-Length: LENGTH"),
    odd("a list of lengths", "Host: a\r\nContent-Length: LENGTH, LENGTH"),
    odd("a signed length", "Host: a\r\nContent-Length: +LENGTH"),
    odd("an empty coding", "Host: a\r\nTransfer-Encoding: ,chunked"),
    odd("two codings", "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    odd("another coding first", "Host: a\r\nTransfer-Encoding: gzip, chunked"),
    odd("another coding", "Host: a\r\nTransfer-Encoding: identity"),
    odd("no host", "Content-Length: LENGTH"),
    odd("two hosts", "Host: a\r\nHost: a\r\nContent-Length: LENGTH"),
    odd("an upgrade", "Host: a\r\nContent-Length: LENGTH\r\nUpgrade: h2c"),
    odd("an expectation", "Host: a\r\nContent-Length: LENGTH\r\nExpect: everything"),
    odd(
        "a hop that drops the length",
        "Host: a\r\nContent-Length: LENGTH\r\nConnection: Content-Length",
    ),
    odd(
        "a hop that drops chunks",
        "Host: a\r\nContent-Length: LENGTH\r\nConnection: x, transfer-encoding",
    ),
    odd(
        "a hop that drops the key",
        "Host: a\r\nContent-Length: LENGTH\r\nConnection: authorization",
    ),
    odd("a folded line", "Host: a\r\n folded\r\nContent-Length: LENGTH"),
    odd("a carriage return in a value", "Host: a\r\nX: b\rc\r\nContent-Length: LENGTH"),
    odd("a zero byte", "Host: a\r\nX: b\0c\r\nContent-Length: LENGTH"),
    odd("a blank before the colon", "Host: a\r\nContent-Length : LENGTH"),
];

#[tokio::test(flavor = "multi_thread")]
async fn framing_that_servers_read_differently_is_refused() {
    let (upstream, proxy) = proxy().await;
    let body = chat("Write a poem").to_string();
    let of = |target: &str, version: &str, headers: &str| {
        let headers = headers.replace("LENGTH", &body.len().to_string());
        format!(
            "POST {target} {version}\r\n{headers}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let plain = "Host: a\r\nContent-Length: LENGTH";
    let many: Vec<String> = (0..70).map(|number| format!("\r\nX-{number}: y")).collect();
    let many = many.concat();
    let long = format!("\r\nX: {}", "y".repeat(300 << 10));
    let path = "/v1/chat/completions";
    let mut cases: Vec<(String, String)> =
        ODD.iter().map(|odd| (odd.name.to_owned(), of(path, "HTTP/1.1", odd.headers))).collect();
    for (name, request) in [
        ("an address that is not the host", of(&format!("http://b{path}"), "HTTP/1.1", plain)),
        ("another version", of(path, "HTTP/1.9", plain)),
        ("too many headers", of(path, "HTTP/1.1", &format!("{plain}{many}"))),
        ("a head that is too long", of(path, "HTTP/1.1", &format!("{plain}{long}"))),
    ] {
        cases.push((name.to_owned(), request));
    }
    for chunk in [
        "5\nhello\r\n0\r\n\r\n",
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "fffffffffffffffff\r\nx",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n"
        );
        cases.push((format!("the chunk {chunk:?}"), format!("{head}{chunk}")));
    }
    for (name, request) in &cases {
        let reply = raw(&proxy, request).await;
        let status = reply.split(' ').nth(1).unwrap_or("none");
        assert!(["400", "431", "505", "none"].contains(&status), "{name}: {reply}");
    }
    assert_eq!(upstream.connections(), 0);
    // The same without oddities gets in, also with its own address in front.
    for target in [path.to_owned(), format!("http://a{path}")] {
        let reply = raw(&proxy, &of(&target, "HTTP/1.1", plain)).await;
        assert!(reply.starts_with("HTTP/1.1 200"), "{target}: {reply}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_level_is_read_in_every_interface_and_one_that_is_none_is_refused() {
    let (upstream, proxy) = proxy().await;
    for (path, key, value) in [
        ("/v1/chat/completions", "messages", json!([{ "role": "user", "content": "Hello" }])),
        ("/v1/messages", "messages", json!([{ "role": "user", "content": "Hello" }])),
        ("/v1/completions", "prompt", json!("Hello")),
        ("/v1/responses", "input", json!("Hello")),
        ("/v1/embeddings", "input", json!("Hello")),
    ] {
        let ask = async |level: &str| {
            let body = json!({ "model": "auto", "max_tokens": 9, "metadata": { "data_sensitivity": level }, key: value });
            let request = proxy.client.post(proxy.url(path)).bearer_auth(KEY);
            let reply = request.body(body.to_string()).send().await.unwrap();
            let decision = reply.headers().get("x-ambidex-decision").cloned();
            (reply.status().as_u16(), decision, reply.text().await.unwrap())
        };
        let (_, decision, text) = ask("restricted").await;
        let decision = decision.unwrap_or_else(|| panic!("{path}: {text}"));
        let row = proxy.row(decision.to_str().unwrap()).await;
        assert_eq!(row.decided.sensitivity, "restricted", "{path}");
        let (status, _, text) = ask("secret").await;
        assert_eq!(status, 400, "{path}: {text}");
        assert!(
            text.contains("metadata.data_sensitivity") && text.contains("`confidential`"),
            "{text}"
        );
    }
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_on_a_connection_is_framed_as_strictly_and_ends_it() {
    let (upstream, proxy) = proxy().await;
    let body = chat("Write a poem").to_string();
    let length = body.len();
    let of = |lengths: &str| {
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n{lengths}\r\n\r\n{body}"
        )
    };
    let plain = of(&format!("Content-Length: {length}"));
    let twice = of(&format!("Content-Length: {length}\r\nContent-Length: {length}"));
    let mut stream = TcpStream::connect(proxy.gateway.address).await.unwrap();
    stream.write_all(plain.as_bytes()).await.unwrap();
    let mut first = vec![0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(first, b"HTTP/1.1 200");
    // The third would be answered if the second did not end the connection.
    stream.write_all(format!("{twice}{plain}").as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    let rest = String::from_utf8(rest).unwrap();
    let (_, second) = rest.split_once("HTTP/1.1 400").unwrap();
    assert!(second.contains("the body's length is stated more than once"), "{second}");
    assert!(!second.contains("HTTP/1.1"), "{second}");
    assert_eq!(upstream.seen().len(), 1);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_is_as_strict() {
    let (_upstream, proxy) = proxy().await;
    for (headers, status) in [("Host: a", "200"), ("Host: a\r\nHost: a", "400"), ("X: y", "400")] {
        let mut stream = TcpStream::connect(proxy.gateway.admin_address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert_eq!(reply.split(' ').nth(1), Some(status), "{headers}: {reply}");
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_before_is_not_to_be_had_and_that_is_said() {
    let (_upstream, proxy) = proxy().await;
    for (method, path) in [
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/responses/resp_1/input_items"),
    ] {
        let request = proxy.client.request(method.parse().unwrap(), proxy.url(path));
        let reply = request.bearer_auth(crate::support::KEY).send().await.unwrap();
        assert_eq!(reply.status(), 404, "{method} {path}");
        let body: serde_json::Value =
            serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains("answers are not kept here"), "{message}");
    }
    proxy.stop().await;
}
