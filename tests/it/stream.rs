//! Streams: what is delivered is what was sent, an end is never made up, and nothing stays open.

use ambidex::chat::UsageSource;
use ambidex::money::NanoUsd;
use ambidex::record::State;
use futures_util::StreamExt as _;
use serde_json::Value;

use crate::support::{Proxy, Say, Upstream, chat, events, eventually, streamed};

const OPEN: &str = "Write a poem about the sea";

fn stream_body() -> Value {
    let mut body = chat(OPEN);
    body["stream"] = true.into();
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usage_chunk_is_the_callers_only_if_asked_for() {
    let upstream = Upstream::script([Say::Events(events(&["a", "b"], Some((10, 2))))]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&stream_body()).await;
    let expected = events(&["a", "b"], None).concat();
    assert_eq!(reply.body, expected, "everything but the usage chunk, byte for byte");
    let asked: Value = serde_json::from_slice(&upstream.seen()[0].body).unwrap();
    assert_eq!(asked["stream_options"]["include_usage"], true);
    let settled = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(settled.usage.unwrap().source, UsageSource::Reported);
    assert_eq!(settled.cost, NanoUsd::new(2_700));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_cut_into_chunks_delivers_the_same_bytes() {
    let whole = events(&["多字节 🦀", "b"], Some((10, 2))).concat();
    let expected = events(&["多字节 🦀", "b"], None).concat();
    let cuts: Vec<usize> = (1..whole.len()).step_by(7).collect();
    let script = cuts.iter().map(|cut| {
        let (left, right) = whole.split_at(*cut);
        Say::Events(vec![left.to_vec(), right.to_vec()])
    });
    let upstream = Upstream::script(script).await;
    let proxy = Proxy::start(&upstream).await;
    for cut in cuts {
        assert_eq!(proxy.send(&stream_body()).await.body, expected, "cut at {cut}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_anywhere_ends_in_an_error_and_never_as_if_it_were_whole() {
    let whole = events(&["one ", "two"], Some((10, 2))).concat();
    let done = whole.len() - b"data: [DONE]\n\n".len();
    // Behind the last byte of [DONE] the answer is whole, whatever the connection does then.
    // Before the end of the first event there is no answer, and another target gives one.
    let first = events(&["one ", "two"], Some((10, 2)))[0].len();
    let cuts: Vec<usize> = (first..whole.len()).collect();
    let script = cuts.iter().map(|cut| Say::Cut(vec![whole[..*cut].to_vec()]));
    let upstream = Upstream::script(script).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        // Nobody leaves it alone, though it fails and fails.
        settings.targets[1].breaker.in_a_row = u32::MAX;
        settings.targets[1].breaker.percent = 101;
    })
    .await;
    for cut in cuts {
        let reply = proxy.send(&stream_body()).await;
        let text = reply.text();
        assert!(text.contains(r#""code":"upstream_truncated""#), "cut at {cut}: {text}");
        assert!(text.ends_with("data: [DONE]\n\n"), "cut at {cut}");
        let row = proxy.row(reply.decision()).await;
        let settled = row.settled.unwrap();
        assert_eq!(
            (row.state, settled.outcome.as_str()),
            (State::Settled, "truncated"),
            "cut at {cut}"
        );
        let source = settled.usage.unwrap().source;
        assert_eq!(source == UsageSource::Reported, cut >= done, "cut at {cut}: {source:?}");
        assert!(settled.cost.is_positive(), "cut at {cut}: an answer that began is never free");
    }
    assert_eq!(proxy.reserved(), NanoUsd::ZERO);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_inside_the_stream_is_passed_on_and_recorded() {
    let error = b"data: {\"error\":{\"message\":\"overloaded\",\"code\":\"x\"}}\n\n".to_vec();
    let begun = events(&["one "], None)[0].clone();
    let upstream = Upstream::script([Say::Events(vec![begun.clone(), error.clone()])]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&stream_body()).await;
    assert_eq!(reply.body, [begun, error].concat());
    let settled = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(settled.outcome, "truncated");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_usage_is_estimated_and_never_nothing() {
    let upstream =
        Upstream::script([Say::Events(events(&["some ", "words ", "here"], None))]).await;
    let proxy = Proxy::start(&upstream).await;
    let reply = proxy.send(&streamed(OPEN)).await;
    let settled = proxy.row(reply.decision()).await.settled.unwrap();
    let usage = settled.usage.unwrap();
    assert_eq!(usage.source, UsageSource::Estimated);
    assert!(usage.output.0 >= 3 && usage.input_uncached.0 >= 5 && settled.cost.is_positive());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_cancels_the_upstream_and_is_settled_once() {
    let words = ["one ", "two ", "three ", "four "];
    for pieces in 0..words.len() {
        let upstream =
            Upstream::script([Say::Stall(events(&words[..pieces], None)[..pieces].to_vec())]).await;
        let proxy = Proxy::start(&upstream).await;
        let reply = proxy.open(stream_body().to_string().into_bytes()).await;
        let id = reply.headers()["x-ambidex-decision"].to_str().unwrap().to_owned();
        let mut stream = reply.bytes_stream();
        let mut got = 0;
        while got < events(&words[..pieces], None)[..pieces].concat().len() {
            got += stream.next().await.unwrap().unwrap().len();
        }
        drop(stream);
        eventually("the upstream's cancellation", || async {
            (upstream.left() == 1).then_some(())
        })
        .await;
        let row = proxy.row(&id).await;
        let settled = row.settled.unwrap();
        assert_eq!((row.state, settled.outcome.as_str()), (State::Settled, "client_gone"));
        assert_eq!(settled.usage.unwrap().source, UsageSource::Estimated);
        assert!(settled.cost.is_positive());
        assert_eq!(proxy.rows().await.len(), 1);
        assert_eq!((proxy.reserved(), proxy.spent("team-month")), (NanoUsd::ZERO, settled.cost));
        assert_eq!(proxy.gateway.app.store.counts().settled_twice, 0);
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_first_byte_is_not_free() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let request = proxy.open(chat(OPEN).to_string().into_bytes());
    let gone = tokio::time::timeout(std::time::Duration::from_secs(1), request).await;
    assert!(gone.is_err(), "nothing was answered");
    eventually("the upstream's cancellation", || async { (upstream.left() == 1).then_some(()) })
        .await;
    let rows = proxy.rows().await;
    assert_eq!(rows.len(), 1);
    let settled = rows[0].settled.clone().unwrap();
    assert_eq!(settled.outcome, "client_gone");
    assert_eq!(settled.cost, rows[0].decided.reserved, "nobody knows what it cost");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_the_local_engine_stops_it() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let mut body =
        chat("Classify this ticket as billing, technical or account: 4111 1111 1111 1111");
    (body["stream"], body["max_tokens"]) = (true.into(), 200.into());
    let reply = proxy.open(body.to_string().into_bytes()).await;
    let id = reply.headers()["x-ambidex-decision"].to_str().unwrap().to_owned();
    drop(reply);
    let row = proxy.row(&id).await;
    assert!(matches!(row.state, State::Settled | State::Released));
    let engine = proxy.gateway.app.destinations[0].engine().unwrap();
    eventually("an idle engine", || async { (engine.load_now().running == 0).then_some(()) }).await;
    proxy.stop().await;
}
