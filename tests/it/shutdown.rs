//! A stop drains: what runs comes to its end, or is told that it did not.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;

use crate::support::{Proxy, Say, Upstream, chat, events};

fn stream_body() -> Vec<u8> {
    let mut body: Value = chat("Write a poem about the sea");
    body["stream"] = true.into();
    body.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_stream_comes_to_its_end() {
    let pieces = events(&["one ", "two"], Some((10, 2)));
    let steps = pieces.len();
    let upstream = Upstream::script([Say::Stepwise(pieces)]).await;
    let proxy = Proxy::start(&upstream).await;
    let sending = proxy.open(stream_body());
    let reply = tokio::join!(sending, async { upstream.go_on() }).0;
    let (address, client) = (proxy.gateway.address, proxy.client.clone());
    let stopping = tokio::task::spawn(proxy.stop());
    // Refused from the moment that the listener is gone.
    crate::support::eventually("a closed listener", || async {
        client.get(format!("http://{address}/healthz")).send().await.is_err().then_some(())
    })
    .await;
    assert!(!stopping.is_finished(), "the stream still runs");
    let reading = tokio::task::spawn(async move { reply.bytes().await.unwrap() });
    for _ in 1..steps {
        upstream.go_on();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(reading.await.unwrap(), events(&["one ", "two"], None).concat());
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_outlasts_the_grace_period_is_told() {
    let upstream = Upstream::script([Say::Stall(vec![events(&["one"], None)[0].clone()])]).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        settings.limits.grace = Duration::from_millis(300);
    })
    .await;
    let reply = proxy.open(stream_body()).await;
    let mut stream = reply.bytes_stream();
    let mut text = String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap();
    let stopping = tokio::task::spawn(proxy.stop());
    while let Some(Ok(piece)) = stream.next().await {
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    assert!(
        text.contains(r#""code":"shutting_down""#) && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
    stopping.await.unwrap();
}
