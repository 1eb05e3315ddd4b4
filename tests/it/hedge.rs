//! A second attempt beside a slow one: decided, paid for and recorded like the first, and one answer.

use std::time::Duration;

use ambidex::config::{PolicySource, Settings, TargetKind};
use ambidex::money::NanoUsd;
use ambidex::record::State;

use crate::support::{Proxy, Say, Upstream, answer, chat, events, eventually, streamed};

const POLICY: &str = "
version: 1
name: hedged
owner: platform
restricted_may_reach: { zones: any, why: tested elsewhere }
budgets: [{ name: company, window: month, limit_usd: LIMIT }]
routes: [{ id: out, use: [cloud, other] }]
";

/// A gateway whose first target is slow to answer, and another that may be asked besides.
async fn gateway(cloud: &Upstream, other: &Upstream, change: impl FnOnce(&mut Settings)) -> Proxy {
    gateway_with(cloud, other, ("5", Duration::from_millis(30)), change).await
}

async fn gateway_with(
    cloud: &Upstream,
    other: &Upstream,
    (limit, after): (&str, Duration),
    change: impl FnOnce(&mut Settings),
) -> Proxy {
    let address = other.address;
    Proxy::with(cloud, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, POLICY.replace("LIMIT", limit)).unwrap();
        settings.policy = PolicySource::File(path);
        let mut other = settings.targets[1].clone();
        other.name = "other".to_owned();
        if let TargetKind::Remote(remote) = &mut other.kind {
            remote.base_url = format!("http://{address}/v1");
        }
        settings.targets[1].hedge = Some(after);
        settings.targets.push(other);
        change(settings);
    })
    .await
}

async fn silent() -> Upstream {
    Upstream::script([Say::Silence]).await
}

async fn quick() -> Upstream {
    let said = events(&["from", " the other"], Some((1000, 200)));
    Upstream::script([Say::InKind(answer("from the other", 1000, 200), said)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quicker_one_answers_and_the_slower_one_is_cancelled_and_paid() {
    let other = quick().await;
    for (slow, body) in [
        (Say::Silence, chat("Hello")),
        (Say::Silence, streamed("Hello")),
        // The head of a stream is no word.
        (Say::Stall(vec![b": thinking\n\n".to_vec()]), streamed("Hello")),
    ] {
        let cloud = Upstream::script([slow]).await;
        let proxy = gateway(&cloud, &other, |_| {}).await;
        let reply = proxy.send(&body).await;
        assert_eq!((reply.status, reply.target()), (200, "other"));
        assert!(reply.text().contains("the other"), "{}", reply.text());
        eventually("the slower one to be cancelled", || async {
            (cloud.left() == 1).then_some(())
        })
        .await;
        let row = proxy.row(reply.decision()).await;
        assert_eq!(row.decided.chosen.unwrap().target, "cloud");
        let end = row.settled.unwrap();
        let servers: Vec<_> = end.sent_to.iter().map(|it| it.target.as_str()).collect();
        assert_eq!((end.outcome.as_str(), servers), ("answered", vec!["cloud", "other"]));
        assert_eq!(end.answered_by.unwrap().target, "other");
        // What the one that never said a word may be billed is what was set aside for it.
        let answered = NanoUsd::new(1000 * 150 + 200 * 600);
        assert_eq!(end.cost, row.decided.reserved + answered);
        assert_eq!((proxy.spent("company"), proxy.reserved()), (end.cost, NanoUsd::ZERO));
        assert!(end.raised.is_positive(), "money for both was on disk");
        if reply.header("x-ambidex-cost-usd").is_empty() {
            let most = row.decided.reserved + row.decided.reserved;
            assert_eq!(reply.header("x-ambidex-cost-max-usd"), most.to_string());
        } else {
            assert_eq!(reply.header("x-ambidex-cost-usd"), end.cost.to_string());
        }
        for (target, result) in [("other", "hedged"), ("cloud", "outrun"), ("other", "answered")] {
            let line = format!("ambidex_attempts_total{{result=\"{result}\",target=\"{target}\"}}");
            assert!((proxy.metric(&line).await - 1.0).abs() < f64::EPSILON, "{line}");
        }
        assert_eq!(proxy.rows().await.len(), 1, "one request, one row");
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_in_time_is_alone() {
    let (cloud, other) = (quick().await, quick().await);
    let after = ("5", Duration::from_mins(1));
    let proxy = gateway_with(&cloud, &other, after, |_| {}).await;
    let reply = proxy.send(&chat("Hello")).await;
    assert_eq!((reply.status, reply.target()), (200, "cloud"));
    assert_eq!(other.connections(), 0);
    let end = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!((end.cost, end.raised), (NanoUsd::new(270_000), NanoUsd::ZERO));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_one_that_answers_after_all_wins_if_the_other_cannot() {
    for refusal in [
        Say::Whole(400, r#"{"error":{"message":"no such field"}}"#.to_owned()),
        Say::Raw(String::new()),
    ] {
        let said = events(&["at", " last"], Some((1000, 200)));
        let cloud = Upstream::script([Say::Stepwise(said)]).await;
        let other = Upstream::script([refusal]).await;
        let proxy = gateway(&cloud, &other, |_| {}).await;
        let (body, url) = (streamed("Hello").to_string(), proxy.url("/v1/chat/completions"));
        let asking = proxy.client.post(url).bearer_auth(crate::support::KEY).body(body).send();
        let asking = tokio::task::spawn(asking);
        eventually("the second attempt", || async { (!other.seen().is_empty()).then_some(()) })
            .await;
        let steps = tokio::task::spawn(async move {
            loop {
                cloud.go_on();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let reply = asking.await.unwrap().unwrap();
        assert_eq!(
            (reply.status(), &reply.headers()["x-ambidex-target"]),
            (reqwest::StatusCode::OK, &reqwest::header::HeaderValue::from_static("cloud"),)
        );
        let id = reply.headers()["x-ambidex-decision"].to_str().unwrap().to_owned();
        let text = reply.text().await.unwrap();
        assert!(text.contains("last") && text.contains("[DONE]"), "{text}");
        steps.abort();
        let end = proxy.row(&id).await.settled.unwrap();
        assert_eq!((end.outcome.as_str(), end.sent_to.len()), ("answered", 2));
        assert_eq!(end.answered_by.unwrap().target, "cloud");
        assert_eq!(proxy.spent("company"), end.cost);
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_fail_cost_what_both_may_be_billed() {
    let (cloud, other) = (silent().await, silent().await);
    let proxy = gateway(&cloud, &other, |settings| {
        for target in &mut settings.targets {
            if let TargetKind::Remote(remote) = &mut target.kind {
                remote.timeouts.first_byte = Duration::from_millis(200);
            }
        }
    })
    .await;
    let reply = proxy.send(&chat("Hello")).await;
    assert_eq!((reply.status, reply.code().as_str()), (504, "upstream_timeout"));
    let row = proxy.row(reply.decision()).await;
    let end = row.settled.unwrap();
    assert_eq!((end.outcome.as_str(), end.sent_to.len()), ("target_failed", 2));
    assert_eq!(end.cost, row.decided.reserved + row.decided.reserved, "both of them unknown");
    assert_eq!((proxy.spent("company"), proxy.reserved()), (end.cost, NanoUsd::ZERO));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_cancels_both_and_owes_for_both() {
    let (cloud, other) = (silent().await, silent().await);
    let proxy = gateway(&cloud, &other, |_| {}).await;
    let (body, url) = (chat("Hello").to_string(), proxy.url("/v1/chat/completions"));
    let asking = proxy.client.post(url).bearer_auth(crate::support::KEY).body(body).send();
    let asking = tokio::task::spawn(asking);
    eventually("both attempts", || async {
        (cloud.seen().len() + other.seen().len() == 2).then_some(())
    })
    .await;
    asking.abort();
    eventually("both to be cancelled", || async {
        (cloud.left() + other.left() == 2).then_some(())
    })
    .await;
    let rows = proxy.rows().await;
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    let end = row.settled.as_ref().unwrap();
    assert_eq!((end.outcome.as_str(), row.state), ("client_gone", State::Settled));
    assert_eq!(end.cost, row.decided.reserved + row.decided.reserved);
    assert_eq!((proxy.spent("company"), proxy.reserved()), (end.cost, NanoUsd::ZERO));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_money_for_both_there_is_one() {
    let (cloud, other) = (silent().await, quick().await);
    // Room for one such request, not for two.
    let limit = ("0.00004", Duration::from_millis(30));
    let proxy = gateway_with(&cloud, &other, limit, |settings| {
        if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
            remote.timeouts.first_byte = Duration::from_millis(300);
        }
    })
    .await;
    let reply = proxy.send(&chat("Hello")).await;
    let row = proxy.row(reply.decision()).await;
    assert!(row.decided.reserved.is_positive(), "{}", reply.text());
    assert!(row.decided.reserved + row.decided.reserved > NanoUsd::new(40_000));
    assert_eq!((reply.status, other.connections()), (504, 0));
    assert_eq!(proxy.spent("company"), row.settled.unwrap().cost);
    proxy.stop().await;
}
