//! When something fails: what follows stays inside the decision, and every attempt is paid for once.

use std::time::Duration;

use ambidex::chat::UsageSource;
use ambidex::config::{PolicySource, Settings, TargetKind};
use ambidex::money::NanoUsd;
use ambidex::record::State;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{KEY, Proxy, Say, Upstream, answer, chat, events, eventually};

const OPEN: &str = "Write a poem about the sea";

/// Everything may go everywhere, in this order; one pot counts it all.
fn policy(use_: &str, limit_usd: &str) -> String {
    format!(
        r#"
version: 1
name: open
owner: nobody
restricted_may_reach: {{ zones: any, why: tested elsewhere }}
budgets:
  - {{ name: pot, window: month, limit_usd: {limit_usd} }}
routes:
  - id: all
    use: [{use_}]
otherwise: {{ refuse: {{ status: 403, say: "No permitted model can answer this: {{reasons}}" }} }}
"#
    )
}

fn set(settings: &mut Settings, folder: &TempDir, policy: &str) {
    let path = folder.path().join("policy.yaml");
    std::fs::write(&path, policy).unwrap();
    settings.policy = PolicySource::File(path);
    if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
        remote.timeouts.first_byte = Duration::from_secs(1);
        remote.timeouts.idle = Duration::from_secs(1);
        remote.timeouts.total = Duration::from_millis(1_500);
    }
}

/// A gateway that is impatient with its upstream.
async fn impatient(upstream: &Upstream, policy: &str) -> Proxy {
    Proxy::with(upstream, |settings, folder| set(settings, folder, policy)).await
}

fn stream_body() -> Value {
    let mut body = chat(OPEN);
    body["stream"] = true.into();
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_data_is_refused_when_the_local_engine_is_gone() {
    let upstream = Upstream::script([Say::Whole(200, answer("leaked", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    proxy.gateway.app.destinations[0].engine().unwrap().stop();
    for stream in [false, true] {
        let mut body = chat("Write a poem about 4111 1111 1111 1111");
        body["stream"] = stream.into();
        let reply = proxy.send(&body).await;
        assert!(reply.status >= 400, "{}", reply.text());
        assert_eq!(upstream.connections(), 0, "stream: {stream}");
        let row = proxy.row(reply.decision()).await;
        assert_eq!((row.state, row.decided.sensitivity.as_str()), (State::Released, "restricted"));
    }
    // What may leave goes on.
    assert_eq!(proxy.send(&chat(OPEN)).await.target(), "cloud");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_destination_that_no_policy_named() {
    let elsewhere = Upstream::script([Say::Whole(200, answer("stolen", 1, 1))]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/v1/chat/completions", elsewhere.address);
        let redirect = format!(
            "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let upstream = Upstream::script([Say::Raw(redirect)]).await;
        let proxy = impatient(&upstream, &policy("cloud", "1.00")).await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_error"), "{status}");
        assert_eq!(proxy.row(reply.decision()).await.state, State::Released);
        proxy.stop().await;
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_reply_is_no_reply_and_may_have_cost_money() {
    let half = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"choices\":[{\"message\":";
    for (use_, status, target) in [("cloud", 502, ""), ("cloud, local", 200, "local")] {
        let upstream = Upstream::script([Say::Raw(half.to_owned())]).await;
        let proxy = impatient(&upstream, &policy(use_, "1.00")).await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert_eq!((reply.status, reply.target()), (status, target), "{}", reply.text());
        let row = proxy.row(reply.decision()).await;
        let settled = row.settled.unwrap();
        assert_eq!((row.state, settled.cost), (State::Settled, row.decided.reserved), "{use_}");
        assert_eq!((proxy.spent("pot"), proxy.reserved()), (settled.cost, NanoUsd::ZERO));
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_reply_that_never_ends_holds_nobody_up() {
    let head =
        "HTTP/1.1 400 X\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{\"err";
    let upstream = Upstream::script([Say::RawStall(head.to_owned())]).await;
    let proxy = impatient(&upstream, &policy("cloud", "1.00")).await;
    let body = chat(OPEN);
    let waiting = tokio::time::timeout(Duration::from_secs(8), proxy.send(&body));
    let reply = waiting.await.expect("the upstream's silence became the client's");
    assert_eq!(reply.status, 400);
    eventually("the upstream's release", || async { (upstream.left() == 1).then_some(()) }).await;
    assert_eq!(proxy.row(reply.decision()).await.state, State::Released);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_usage_costs_what_was_reserved() {
    let mut said: Value = serde_json::from_str(&answer("hello", 1, 1)).unwrap();
    said.as_object_mut().unwrap().remove("usage");
    let upstream = Upstream::script([Say::Whole(200, said.to_string())]).await;
    let proxy = impatient(&upstream, &policy("cloud", "1.00")).await;
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!((reply.status, reply.text()), (200, said.to_string()));
    let row = proxy.row(reply.decision()).await;
    let settled = row.settled.unwrap();
    assert_eq!(settled.usage.unwrap().source, UsageSource::Estimated);
    assert_eq!(settled.cost, row.decided.reserved);
    assert_eq!(reply.header("x-ambidex-cost-usd"), settled.cost.to_string());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_attempt_is_paid_even_if_no_other_target_has_a_seat() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = impatient(&upstream, &policy("cloud, local", "1.00")).await;
    let (address, client) = (proxy.url("/v1/chat/completions"), proxy.client.clone());
    let sending = tokio::task::spawn(async move {
        let body = chat(OPEN).to_string();
        client.post(address).bearer_auth(KEY).body(body).send().await.unwrap().status()
    });
    eventually("the first attempt", || async { (upstream.seen().len() == 1).then_some(()) }).await;
    let local = &proxy.gateway.app.destinations[0];
    let count = u32::try_from(local.seats.available_permits()).unwrap();
    let _seats = local.seats.clone().try_acquire_many_owned(count).unwrap();

    let status = sending.await.unwrap();
    let rows = proxy.rows().await;
    let settled = rows[0].settled.clone().unwrap();
    assert_eq!((rows.len(), rows[0].state), (1, State::Settled));
    assert_eq!(settled.cost, rows[0].decided.reserved, "nobody knows what the silence cost");
    assert_eq!(settled.cost, proxy.spent("pot"), "the record and the budget agree");
    assert_eq!(status, 504, "what failed is the upstream");
    let page = proxy.metrics().await;
    let cost: f64 = page
        .lines()
        .filter(|line| line.starts_with("ambidex_cost_usd_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert!((cost - settled.cost.as_usd_f64()).abs() < 1e-12, "the metrics agree, too: {cost}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_are_admitted_as_there_is_money_for() {
    let body = chat(OPEN);
    let bytes = i128::try_from(body.to_string().len()).unwrap();
    let one = bytes * 150 + 20 * 600;
    for admitted in [1_usize, 4] {
        let upstream = Upstream::script([Say::Silence]).await;
        let limit = NanoUsd::new(one * i128::try_from(admitted).unwrap());
        let proxy = Proxy::with_policy(&upstream, &policy("cloud", &limit.to_string())).await;
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(32));
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (client, url) = (proxy.client.clone(), proxy.url("/v1/chat/completions"));
            let (barrier, body) = (barrier.clone(), body.to_string());
            sending.spawn(async move {
                barrier.wait().await;
                client.post(url).bearer_auth(KEY).body(body).send().await.unwrap().status()
            });
        }
        for _ in admitted..32 {
            assert_eq!(sending.join_next().await.unwrap().unwrap(), 402);
        }
        eventually("those with money", || async {
            (upstream.seen().len() == admitted).then_some(())
        })
        .await;
        assert_eq!(proxy.reserved(), limit, "the last cent is promised, and no more");
        sending.shutdown().await;
        proxy.rows().await;
        assert_eq!((proxy.spent("pot"), proxy.reserved()), (limit, NanoUsd::ZERO));
        assert_eq!(upstream.seen().len(), admitted);
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_at_any_moment_leaves_nothing_open() {
    use tokio::io::AsyncWriteExt as _;
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::with_policy(&upstream, &policy("cloud", "100.00")).await;
    let body = chat(OPEN).to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for round in 0..60_u64 {
        let mut stream = tokio::net::TcpStream::connect(proxy.gateway.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // The moment is spread over the milliseconds in which the decision is written to disk.
        tokio::time::sleep(Duration::from_micros(round * 100)).await;
        drop(stream);
    }
    let rows = proxy.rows().await;
    let booked: NanoUsd =
        rows.iter().filter_map(|row| row.settled.as_ref()).map(|it| it.cost).sum();
    eventually("the budget's agreement", || async {
        (proxy.reserved() == NanoUsd::ZERO).then_some(())
    })
    .await;
    assert_eq!(proxy.spent("pot"), booked, "the records and the budget agree");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_falls_silent_or_never_ends_is_ended() {
    let first = events(&["one "], None)[0].clone();
    let trickle: Vec<Vec<u8>> = (0..40).map(|_| first.clone()).collect();
    for (say, is_trickle) in [(Say::Stall(vec![first]), false), (Say::Stepwise(trickle), true)] {
        let upstream = Upstream::script([say]).await;
        let proxy = impatient(&upstream, &policy("cloud", "1.00")).await;
        let dripping = upstream.clone();
        let drip = tokio::task::spawn(async move {
            if !is_trickle {
                return;
            }
            loop {
                dripping.go_on();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let reply = proxy.send(&stream_body()).await;
        let text = reply.text();
        assert!(text.contains(r#""code":"upstream_timeout""#), "{text}");
        assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("finish_reason\":\"stop"));
        let row = proxy.row(reply.decision()).await;
        let settled = row.settled.unwrap();
        assert_eq!((row.state, settled.outcome.as_str()), (State::Settled, "truncated"));
        assert!(settled.cost.is_positive());
        eventually("the upstream's cancellation", || async {
            (upstream.left() == 1).then_some(())
        })
        .await;
        drip.abort();
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_end_is_not_collected_for_ever() {
    let endless = vec![vec![b'x'; 300 << 10]; 5];
    let upstream = Upstream::script([Say::Stall(endless)]).await;
    let proxy = impatient(&upstream, &policy("cloud", "1.00")).await;
    let reply = proxy.send(&stream_body()).await;
    let text = reply.text();
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_error"), "{text:.200}");
    assert!(text.contains("too long") && text.len() < 1_000);
    assert_eq!(proxy.row(reply.decision()).await.settled.unwrap().outcome, "target_failed");
    proxy.stop().await;
}
