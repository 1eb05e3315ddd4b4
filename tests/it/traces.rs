//! Traces, where somebody wants them: a span per stage and attempt, and nothing of any text.

use ambidex::config::settings::TracesSettings;
use ambidex::secret::Secret;
use serde_json::{Value, json};

use crate::support::{
    KEY, Proxy, Say, UPSTREAM_KEY, Upstream, answer, chat, events, eventually, streamed,
};

const COLLECTOR_KEY: &str = "collector-key-55d1";
const CANARY: &str = "xylophone-quartz-9917";

fn spans(collector: &Upstream) -> Vec<Value> {
    let bodies = collector.seen().into_iter();
    let bodies = bodies.map(|seen| serde_json::from_slice::<Value>(&seen.body).unwrap());
    bodies
        .flat_map(|body| {
            body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
        })
        .collect()
}

fn attribute(span: &Value, key: &str) -> Value {
    let mut all = span["attributes"].as_array().unwrap().iter();
    let found = all.find(|it| it["key"] == key);
    found
        .map_or(Value::Null, |it| it["value"].as_object().unwrap().values().next().unwrap().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_sees_every_stage_and_attempt_and_no_text() {
    let collector = Upstream::script([Say::Whole(200, "{}".to_owned())]).await;
    let upstream = Upstream::script([
        Say::Whole(200, answer(CANARY, 200, 5)),
        Say::Events(events(&[CANARY], Some((5, 5)))),
        Say::Whole(500, format!(r#"{{"error":"{CANARY}"}}"#)),
    ])
    .await;
    let endpoint = format!("http://{}/v1/traces", collector.address);
    let proxy = Proxy::with(&upstream, |settings, _| {
        let key = Some(Secret::new(COLLECTOR_KEY.to_owned()));
        settings.traces = Some(TracesSettings { endpoint, key });
    })
    .await;
    let prompt = format!("Write a poem about {CANARY}");
    let whole = proxy.send(&chat(&prompt)).await;
    let stream = proxy.send(&streamed(&prompt)).await;
    let failed = proxy.send(&chat(&prompt)).await;
    let local =
        proxy.send(&chat(&format!("Summarize: {CANARY} paid with 4111 1111 1111 1111"))).await;
    let ids: Vec<String> =
        [&whole, &stream, &failed, &local].iter().map(|it| it.decision().to_owned()).collect();
    // What is left is sent before the gateway stops.
    proxy.stop().await;
    let spans = eventually("the spans", || async {
        let spans = spans(&collector);
        (spans.iter().filter(|it| it["name"] == "request").count() == 4).then_some(spans)
    })
    .await;
    for (id, target) in ids.iter().zip(["cloud", "cloud", "", "local"]) {
        let trace = format!("{id:0>32}");
        let mine: Vec<&Value> = spans.iter().filter(|it| it["traceId"] == *trace).collect();
        let names: Vec<&str> = mine.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert!(names.starts_with(&["request", "inspect", "decide", "record"]), "{names:?}");
        assert!(names[4..].iter().all(|name| *name == "attempt") && names.len() > 4, "{names:?}");
        let request = mine[0];
        assert_eq!(request.get("parentSpanId"), None);
        assert_eq!(attribute(request, "ambidex.decision"), **id);
        if !target.is_empty() {
            assert_eq!(attribute(request, "ambidex.target"), target);
            assert_eq!(attribute(request, "ambidex.outcome"), "answered");
        }
        let time = |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
        for span in &mine[1..] {
            assert_eq!(span["parentSpanId"], request["spanId"]);
            assert!(
                time(span, "startTimeUnixNano") >= time(request, "startTimeUnixNano"),
                "{span}"
            );
            assert!(time(span, "endTimeUnixNano") <= time(request, "endTimeUnixNano"), "{span}");
        }
    }
    let cost = spans.iter().find(|it| attribute(it, "ambidex.decision") == *ids[0]).unwrap();
    // 200 × 0.15 + 5 × 0.60 millionths of a dollar.
    assert_eq!(attribute(cost, "ambidex.cost_usd"), json!(0.000_033));
    for (attempt, provider) in spans.iter().filter(|it| it["name"] == "attempt").map(|it| {
        (it, if attribute(it, "ambidex.target") == "local" { "ambidex" } else { "openai" })
    }) {
        assert_eq!(attribute(attempt, "gen_ai.operation.name"), "chat");
        assert_eq!(attribute(attempt, "gen_ai.provider.name"), provider);
        assert_ne!(attribute(attempt, "gen_ai.request.model"), Value::Null);
    }
    let missed = spans.iter().filter(|it| it["status"]["code"] == 2).count();
    assert!(missed >= 1, "an attempt that failed says so");
    for seen in collector.seen() {
        assert!(seen.head.contains(COLLECTOR_KEY));
        let body = String::from_utf8(seen.body).unwrap();
        for secret in [CANARY, "4111 1111", "41111111", KEY, UPSTREAM_KEY] {
            assert!(!body.contains(secret), "`{secret}` is in a trace");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_collector_and_without_one_nothing_is_sent() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 9, 9))]).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        let endpoint = "http://127.0.0.1:9/v1/traces".to_owned();
        settings.traces = Some(TracesSettings { endpoint, key: None });
    })
    .await;
    assert_eq!(proxy.send(&chat("Write a poem about the sea")).await.status, 200);
    eventually("the count", || async {
        (proxy.metric("ambidex_dropped_traces_total").await > 0.0).then_some(())
    })
    .await;
    proxy.stop().await;
    let plain = Proxy::start(&upstream).await;
    assert!(plain.gateway.app.traces.is_none());
    plain.stop().await;
}
