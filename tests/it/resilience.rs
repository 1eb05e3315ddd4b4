//! Asking again, leaving alone, and standing in line: all of it inside one decision.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use ambidex::config::{PolicySource, TargetKind};
use ambidex::money::NanoUsd;
use ambidex::record::State;
use serde_json::{Value, json};

use crate::support::{KEY, Proxy, Say, Upstream, answer, chat, events, eventually};

const OPEN: &str = "Write a poem about the sea";

/// A gateway whose only route leads to these targets, in this order.
async fn gateway(upstream: &Upstream, use_: &str) -> Proxy {
    limited(upstream, use_, (64, 64)).await
}

/// The same with so many seats and places in line at the provider.
async fn limited(upstream: &Upstream, use_: &str, (seats, line): (usize, usize)) -> Proxy {
    let policy = format!(
        "
version: 1
name: open
owner: nobody
restricted_may_reach: {{ zones: any, why: tested elsewhere }}
budgets:
  - {{ name: pot, window: month, limit_usd: 1.00 }}
routes:
  - {{ id: all, use: [{use_}] }}
otherwise: {{ refuse: {{ status: 403, say: \"No permitted model can answer this: {{reasons}}\" }} }}
"
    );
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, policy).unwrap();
        settings.policy = PolicySource::File(path);
        (settings.targets[1].concurrency, settings.targets[1].queue) = (seats, line);
        if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
            remote.timeouts.first_byte = Duration::from_secs(5);
        }
    })
    .await
}

/// A chat request on its way, apart from the test that sends it.
fn asking(proxy: &Proxy, body: &Value) -> impl Future<Output = reqwest::Response> + Send + use<> {
    let request = proxy.client.post(proxy.url("/v1/chat/completions")).bearer_auth(KEY);
    let request = request.body(body.to_string());
    async move { request.send().await.unwrap() }
}

fn streaming() -> Value {
    let mut body = chat(OPEN);
    body["stream"] = true.into();
    body
}

/// A refusal with headers.
fn refusal(status: u16, headers: &str, body: &str) -> Say {
    Say::Raw(format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    ))
}

async fn ready(proxy: &Proxy) -> Value {
    let reply = proxy.client.get(proxy.url("/readyz")).send().await.unwrap();
    serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_fault_is_tried_again_within_the_decision_and_paid_once() {
    let script = [Say::Whole(503, "{}".to_owned()), Say::Whole(200, answer("hello", 1000, 200))];
    let upstream = Upstream::script(script).await;
    let proxy = gateway(&upstream, "cloud").await;
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!((reply.status, reply.target()), (200, "cloud"), "{}", reply.text());
    let bodies: Vec<Vec<u8>> = upstream.seen().into_iter().map(|it| it.body).collect();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]), "the same was sent again");
    let rows = proxy.rows().await;
    let settled = rows[0].settled.clone().unwrap();
    assert_eq!((rows.len(), settled.outcome.as_str()), (1, "answered"));
    assert_eq!((settled.cost, proxy.spent("pot")), (NanoUsd::new(270_000), settled.cost));
    let retried = "ambidex_attempts_total{result=\"retried\",target=\"cloud\"}";
    assert!((proxy.metric(retried).await - 1.0).abs() < 1e-9, "{}", proxy.metrics().await);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_pass_is_not_asked_again() {
    let quota = r#"{"error":{"code":"insufficient_quota","message":"x"}}"#;
    for (say, attempts) in [
        (refusal(500, "", "{}"), 3),
        (refusal(502, "", "{}"), 3),
        (refusal(503, "", "{}"), 3),
        (refusal(504, "", "{}"), 3),
        (refusal(529, "", "{}"), 3),
        (refusal(429, "", "{}"), 3),
        (refusal(408, "", "{}"), 3),
        (refusal(429, "", quota), 1),
        (refusal(503, "x-should-retry: false\r\n", "{}"), 1),
        (refusal(503, "retry-after: 3600\r\n", "{}"), 1),
        (refusal(429, "retry-after: Wed, 31 Dec 2098 00:00:00 GMT\r\n", "{}"), 1),
        (refusal(501, "", "{}"), 1),
        (refusal(400, "", "{}"), 1),
        (refusal(401, "", "{}"), 1),
        (refusal(404, "", "{}"), 1),
        // It may have seen the request and billed it.
        (Say::Raw(String::new()), 1),
    ] {
        let case = format!("{say:?}");
        let upstream = Upstream::script([say]).await;
        let proxy = gateway(&upstream, "cloud").await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert!(reply.status >= 400, "{case}: {}", reply.status);
        assert_eq!(upstream.seen().len(), attempts, "{case}");
        let row = proxy.row(reply.decision()).await;
        let is_free = matches!(row.state, State::Released);
        assert_eq!(is_free, !case.contains("Raw(\"\")"), "{case}: {:?}", row.state);
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_names_a_time_is_left_alone_until_then() {
    let upstream = Upstream::script([
        refusal(429, "retry-after-ms: 300\r\n", "{}"),
        Say::Whole(200, answer("hello", 10, 2)),
        refusal(429, "retry-after: 30\r\n", "{}"),
    ])
    .await;
    let proxy = gateway(&upstream, "cloud").await;
    let begun = std::time::Instant::now();
    assert_eq!(proxy.send(&chat(OPEN)).await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300), "not before the time it named");
    assert_eq!(ready(&proxy).await["targets"], json!({ "local": "up", "cloud": "up" }));

    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_error"));
    assert_eq!(ready(&proxy).await["targets"]["cloud"], "resting");
    assert!(proxy.metric("ambidex_target_up{target=\"cloud\"}").await.abs() < 1e-9);
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "targets_unavailable"));
    assert_eq!(upstream.seen().len(), 3, "nobody asked it again");
    assert!(!reply.header("retry-after").is_empty());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_in_a_row_is_a_fact_of_the_policy_and_others_answer() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = gateway(&upstream, "cloud, local").await;
    // The first answers come from the next target of the same decision.
    let first = proxy.send(&chat(OPEN)).await;
    assert_eq!((first.status, first.target()), (200, "local"), "{}", first.text());
    let second = proxy.send(&chat(OPEN)).await;
    assert_eq!(second.target(), "local");
    let asked = upstream.seen().len();
    assert!((5..=6).contains(&asked), "{asked}: both asked again, until it opened");
    assert_eq!(ready(&proxy).await["targets"]["cloud"], "open");
    // From now on the decision itself leaves it out.
    let third = proxy.send(&chat(OPEN)).await;
    assert_eq!((third.target(), upstream.seen().len()), ("local", asked));
    let row = proxy.row(third.decision()).await;
    assert_eq!(row.decided.chosen.unwrap().target, "local", "{}", row.decided.trace_json);
    let alone = gateway(&upstream, "cloud").await;
    for _ in 0..2 {
        assert_eq!(alone.send(&chat(OPEN)).await.code(), "upstream_error");
    }
    assert_eq!(alone.send(&chat(OPEN)).await.code(), "targets_unavailable");
    alone.stop().await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_cannot_become_a_storm() {
    let upstream = Upstream::script([refusal(429, "", "{}")]).await;
    let proxy = gateway(&upstream, "cloud").await;
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let asking = asking(&proxy, &chat(OPEN));
        sending.spawn(async move { asking.await.status() });
    }
    while let Some(status) = sending.join_next().await {
        assert_eq!(status.unwrap(), 502);
    }
    let attempts = upstream.seen().len();
    // Five retries are there from the start, and every fifth request puts one aside.
    assert!((61..=60 + 5 + 12).contains(&attempts), "{attempts}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_the_first_event_is_no_answer() {
    let error = b"data: {\"error\":{\"message\":\"busy\"}}\n\n".to_vec();
    for (use_, target, status) in [("cloud, local", "local", 200), ("cloud", "", 502)] {
        // A comment promises nothing.
        let upstream =
            Upstream::script([Say::Events(vec![b": hello\n\n".to_vec(), error.clone()])]).await;
        let proxy = gateway(&upstream, use_).await;
        let reply = proxy.send(&streaming()).await;
        assert_eq!((reply.status, reply.target()), (status, target), "{}", reply.text());
        if status == 200 {
            assert!(reply.text().ends_with("data: [DONE]\n\n") && !reply.text().contains("busy"));
        } else {
            assert_eq!(reply.code(), "upstream_error");
        }
        let row = proxy.row(reply.decision()).await;
        assert!(!row.settled.is_some_and(|it| it.cost.is_positive()), "a refusal costs nothing");
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_seat_waits_in_a_line_that_has_an_end() {
    let upstream = Upstream::script([
        Say::Stepwise(events(&["one"], Some((10, 2)))),
        Say::Whole(200, answer("two", 10, 2)),
    ])
    .await;
    let proxy = limited(&upstream, "cloud", (1, 1)).await;
    let first = tokio::task::spawn(asking(&proxy, &streaming()));
    eventually("the first request", || async { (upstream.seen().len() == 1).then_some(()) }).await;
    let second = tokio::task::spawn(asking(&proxy, &chat(OPEN)));
    let cloud = &proxy.gateway.app.destinations[1];
    eventually("the second in line", || async { cloud.line.is_full().then_some(()) }).await;
    let third = proxy.send(&chat(OPEN)).await;
    assert_eq!((third.status, third.code().as_str()), (503, "targets_unavailable"));
    assert_eq!(upstream.seen().len(), 1, "one at a time");

    let going = upstream.clone();
    let on = tokio::task::spawn(async move {
        loop {
            going.go_on();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let first = first.await.unwrap().text().await.unwrap();
    assert!(first.ends_with("data: [DONE]\n\n"), "{first}");
    assert_eq!(second.await.unwrap().status(), 200);
    on.abort();
    // Who leaves while in line leaves nothing behind.
    let seat = cloud.seat(0).unwrap();
    let leaving = tokio::task::spawn(asking(&proxy, &chat(OPEN)));
    eventually("one in line", || async { cloud.line.is_full().then_some(()) }).await;
    leaving.abort();
    eventually("an empty line", || async { (!cloud.line.is_full()).then_some(()) }).await;
    drop(seat);
    let rows = proxy.rows().await;
    let free = rows.iter().filter(|row| row.state == State::Released).count();
    assert_eq!((rows.len(), free), (4, 1), "the third was refused, the last left");
    assert_eq!(proxy.reserved(), NanoUsd::ZERO);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_a_certificate_and_a_closed_door_are_told_apart() {
    let upstream = Upstream::script([Say::Silence]).await;
    // Somebody who does not speak TLS.
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_address = plain.local_addr().unwrap();
    tokio::task::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = plain.accept().await {
            // With the hello left unread, the answer would be lost in a reset.
            let mut hello = [0; 2048];
            let _read = stream.read(&mut hello).await;
            let _sent = stream.write_all(b"no idea what you mean\r\n").await;
            kept.push(stream);
        }
    });
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for (base_url, words, asked_again) in [
        ("http://no-such-host.invalid/v1".to_owned(), "host name cannot be resolved (DNS)", false),
        (format!("https://{plain_address}/v1"), "encrypted connection fails (TLS)", false),
        (format!("http://{closed}/v1"), "no connection could be made", true),
    ] {
        let proxy = Proxy::with(&upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            let policy = "
version: 1
name: open
owner: nobody
restricted_may_reach: { zones: any, why: tested elsewhere }
routes:
  - { id: all, use: [cloud] }
otherwise: { refuse: { status: 403, say: \"No: {reasons}\" } }
";
            std::fs::write(&path, policy).unwrap();
            settings.policy = PolicySource::File(path);
            if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
                remote.base_url.clone_from(&base_url);
            }
        })
        .await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"));
        assert!(reply.text().contains(words), "{}", reply.text());
        let retried =
            proxy.metric("ambidex_attempts_total{result=\"retried\",target=\"cloud\"}").await;
        assert_eq!(retried > 0.5, asked_again, "{base_url}");
        assert_eq!(proxy.row(reply.decision()).await.state, State::Released);
        proxy.stop().await;
    }
}
