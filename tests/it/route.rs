//! The main job: a request goes where the policy says, and everything about it is told.

use ambidex::chat::UsageSource;
use ambidex::money::NanoUsd;
use ambidex::record::State;
use serde_json::{Value, json};

use crate::support::{Proxy, Say, UPSTREAM_KEY, Upstream, answer, chat, events, streamed};

const OPEN: &str = "Write a Python function that merges two sorted lists";
const TICKET: &str = "Classify this ticket as billing, technical or account: The app crashes.";

#[tokio::test(flavor = "multi_thread")]
async fn an_open_question_goes_to_the_upstream_and_back_unchanged() {
    let said = answer("merge them", 50, 10);
    let upstream = Upstream::script([Say::Whole(200, said.clone())]).await;
    let proxy = Proxy::start(&upstream).await;
    let body = chat(OPEN);
    let reply = proxy.send(&body).await;

    assert_eq!((reply.status, reply.target()), (200, "cloud"));
    assert_eq!(reply.text(), said, "the answer's bytes");
    assert_eq!(
        (reply.header("x-ambidex-route"), reply.header("x-ambidex-zone")),
        ("everything-else", "eu")
    );
    // gpt-4o-mini: $0.15 and $0.60 per million tokens.
    assert_eq!(reply.header("x-ambidex-cost-usd"), "0.0000135");

    let seen = &upstream.seen()[0];
    assert_eq!(seen.body, body.to_string().into_bytes(), "the request's bytes");
    assert!(seen.head.contains(&format!("authorization: Bearer {UPSTREAM_KEY}")), "{}", seen.head);

    let row = proxy.row(reply.decision()).await;
    assert_eq!(row.state, State::Settled);
    let settled = row.settled.unwrap();
    assert_eq!(settled.cost, NanoUsd::new(13_500));
    assert_eq!(settled.usage.unwrap().source, UsageSource::Reported);
    assert!(row.decided.reserved > settled.cost, "more was promised than spent");
    assert!(!row.decided.trace_json.contains("sorted"), "no text in the record");

    let cost = r#"ambidex_cost_usd_total{route="everything-else",target="cloud",team="support"}"#;
    assert!((proxy.metric(cost).await - 0.000_013_5).abs() < 1e-12);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheap_task_is_answered_by_the_local_engine() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&chat(TICKET)).await;
    assert_eq!((reply.status, reply.target()), (200, "local"));
    assert_eq!(reply.json()["model"], "ambidex-starter");
    assert_eq!(reply.header("x-ambidex-cost-usd"), "0.00");
    assert_eq!(upstream.connections(), 0);
    let settled = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(settled.usage.unwrap().source, UsageSource::Counted);
    assert!(settled.imputed.is_positive() && settled.avoided.is_positive());
    assert_eq!(settled.cost, NanoUsd::ZERO);
    for line in [
        r#"ambidex_request_duration_seconds_count{route="cheap-work-local",target="local"}"#,
        r#"ambidex_imputed_cost_usd_total{route="cheap-work-local",target="local",team="support"}"#,
        r#"ambidex_decisions_total{rule="cheap-work-local",sensitivity="internal",task="classify",zone="on-host"}"#,
    ] {
        assert!(proxy.metric(line).await > 0.0, "{line}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_routes_stream_and_tell_cost_in_the_last_chunk() {
    let script = Say::Events(events(&["mer", "ge"], Some((10, 2))));
    let upstream = Upstream::script([script]).await;
    let proxy = Proxy::start(&upstream).await;
    for (prompt, target) in [(OPEN, "cloud"), (TICKET, "local")] {
        let reply = proxy.send(&streamed(prompt)).await;
        assert_eq!((reply.status, reply.target()), (200, target));
        assert!(!reply.header("x-ambidex-cost-max-usd").is_empty());
        let text = reply.text();
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        let chunks: Vec<Value> = text
            .split("\n\n")
            .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
            .collect();
        let last = chunks.last().unwrap();
        assert!(last["usage"]["completion_tokens"].as_u64().unwrap() > 0);
        let cost = last["x_ambidex_cost_usd"].as_str().unwrap();
        assert_eq!(cost, if target == "cloud" { "0.0000027" } else { "0.00" });
        let finished = chunks.iter().any(|chunk| chunk["choices"][0]["finish_reason"].is_string());
        assert!(finished, "{target}");
        assert_eq!(proxy.row(reply.decision()).await.state, State::Settled);
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_left_open_is_filled_in_and_nothing_else() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let body =
        json!({ "model": "auto", "messages": [{ "role": "user", "content": OPEN }], "user": "é" });
    proxy.send(&body).await;
    let mut expected = body;
    expected["model"] = "gpt-4o-mini".into();
    expected["max_completion_tokens"] = 4_096.into();
    let sent: Value = serde_json::from_slice(&upstream.seen()[0].body).unwrap();
    assert_eq!(sent, expected);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_upstream_is_followed_by_the_next_cleared_target() {
    for say in [Say::Whole(500, "{}".to_owned()), Say::Whole(429, "{}".to_owned()), Say::Silence] {
        let upstream = Upstream::script([say.clone()]).await;
        let proxy = Proxy::with(&upstream, |settings, _| {
            if let ambidex::config::TargetKind::Remote(remote) = &mut settings.targets[1].kind {
                remote.timeouts.first_byte = std::time::Duration::from_secs(1);
            }
        })
        .await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert_eq!((reply.status, reply.target()), (200, "local"), "{say:?}");
        let row = proxy.row(reply.decision()).await;
        let settled = row.settled.unwrap();
        assert_eq!(settled.answered_by.unwrap().target, "local");
        // Nobody knows whether a silent upstream bills: what was reserved for it counts.
        assert_eq!(settled.cost.is_positive(), matches!(say, Say::Silence), "{say:?}");
        assert_eq!(proxy.spent("team-month"), settled.cost, "{say:?}");
        assert_eq!(proxy.reserved(), NanoUsd::ZERO);
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_word_about_the_request_itself_is_passed_on() {
    let words = r#"{"error":{"message":"bad seed","type":"invalid_request_error","code":null}}"#;
    let upstream = Upstream::script([Say::Whole(400, words.to_owned())]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!((reply.status, reply.text().as_str(), reply.target()), (400, words, "cloud"));
    assert_eq!(proxy.row(reply.decision()).await.state, State::Released);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_can_be_looked_up() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&chat("Summarize: paid with 4111 1111 1111 1111")).await;
    proxy.row(reply.decision()).await;
    let admin = proxy.gateway.admin_address;
    let url = format!("http://{admin}/admin/api/decisions/{}", reply.decision());
    let record: Value =
        serde_json::from_slice(&proxy.client.get(url).send().await.unwrap().bytes().await.unwrap())
            .unwrap();
    assert_eq!(record["sensitivity"], "restricted");
    assert_eq!(record["trace"]["labels"], json!(["financial.credit_card"]));
    assert_eq!(record["trace"]["limits"][0]["id"], "regulated-stays-here");
    assert_eq!(record["zone"], "on-host");
    assert_eq!(record["trace"]["struck"][0]["target"], "cloud");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_health_are_told() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(proxy.client.get(proxy.url(path)).send().await.unwrap().status(), 200, "{path}");
    }
    let models = proxy.client.get(proxy.url("/v1/models")).bearer_auth(crate::support::KEY);
    let models = models.send().await.unwrap().text().await.unwrap();
    let models: Value = serde_json::from_str(&models).unwrap();
    let ids: Vec<_> =
        models["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, ["auto", "ambidex-starter", "gpt-4o-mini"]);
    proxy.stop().await;
}
