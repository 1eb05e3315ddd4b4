//! Answers that are given again: to whom, for how long, at what cost, and never what is restricted.

use std::time::Duration;

use ambidex::cache::{Repeatable, Rules};
use ambidex::caller::CallerSettings;
use ambidex::config::PolicySource;
use ambidex::money::NanoUsd;
use ambidex::record::State;
use ambidex::secret::Secret;
use serde_json::{Value, json};

use crate::support::{KEY, Proxy, Reply, Say, Upstream, answer, chat, events, streamed};

/// Everything may leave, restricted data, too: that it is not kept is not the policy's doing.
const POLICY: &str = r#"
version: 1
name: cached
owner: finance
restricted_may_reach: { zones: any, why: tested elsewhere }
budgets:
  - { name: company, window: month, limit_usd: 5 }
limits:
  - id: no-sales
    why: sales has no models
    when: { caller.team: { is: sales } }
    deny_targets: [local, cloud]
  - id: contacts-masked
    why: contacts leave masked
    when: { data.labels: { any_of: contact.* } }
    mask: contact.*
routes: [{ id: all, use: [cloud, local] }]
otherwise: { refuse: { status: 403, say: "no: {reasons}" } }
"#;

async fn gateway(upstream: &Upstream, rules: Option<Rules>) -> Proxy {
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, POLICY).unwrap();
        settings.policy = PolicySource::File(path);
        settings.cache = rules;
        for (name, team) in
            [("colleague", "support"), ("stranger", "research"), ("seller", "sales")]
        {
            let key = Secret::new(format!("key-of-{name}"));
            settings.callers.push(CallerSettings::with_key(name, team, &key));
        }
    })
    .await
}

fn on() -> Rules {
    Rules::default()
}

/// The same request, made to leave nothing to chance.
fn settled(mut body: Value) -> Value {
    body["temperature"] = 0.into();
    body
}

/// Many answers, each another, so that one that is given again shows.
async fn numbered() -> Upstream {
    let answers = (0..40).map(|number| {
        let text = format!("answer {number}");
        Say::InKind(answer(&text, 1000, 200), events(&[&text], Some((1000, 200))))
    });
    Upstream::script(answers).await
}

async fn ask(
    proxy: &Proxy,
    key: &str,
    path: &str,
    body: &Value,
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = proxy.client.post(proxy.url(path)).bearer_auth(key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = request.body(body.to_string()).send().await.unwrap();
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    Reply { status, headers, body: reply.bytes().await.unwrap().to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_is_paid_for_once() {
    let upstream = numbered().await;
    let proxy = gateway(&upstream, Some(on())).await;
    let first = proxy.send(&settled(chat("Why is the sky blue?"))).await;
    assert_eq!((first.status, first.header("x-ambidex-cache")), (200, "miss"));
    let paid = proxy.row(first.decision()).await.settled.unwrap().cost;
    assert!(paid.is_positive() && proxy.spent("company") == paid);
    let billed = proxy
        .metric("ambidex_cost_usd_total{route=\"all\",target=\"cloud\",team=\"support\"}")
        .await;

    let again = proxy.send(&settled(chat("Why is the sky blue?"))).await;
    assert_eq!(again.body, first.body);
    let headers = ["cache", "cached-from", "cost-usd", "target", "route", "zone"];
    let told = headers.map(|name| again.header(&format!("x-ambidex-{name}")).to_owned());
    assert_eq!(told, ["hit", first.decision(), "0.00", "cloud", "all", "eu"]);
    assert!(again.header("age").parse::<u64>().unwrap() < 60);
    assert_ne!(again.decision(), first.decision(), "it is a decision of its own");
    assert_eq!(upstream.seen().len(), 1, "nothing was sent");

    let row = proxy.row(again.decision()).await;
    assert_eq!(row.state, State::Released);
    assert!(row.decided.chosen.is_some() && !row.decided.trace_json.is_empty());
    let end = row.settled.unwrap();
    assert_eq!((end.outcome.as_str(), end.cost, end.avoided), ("cached", NanoUsd::ZERO, paid));
    assert_eq!((end.cached_from.as_deref(), end.sent_to.len()), (Some(first.decision()), 0));
    assert_eq!(end.answered_by.unwrap().target, "cloud");
    assert_eq!(end.usage, None);
    assert_eq!((proxy.spent("company"), proxy.reserved()), (paid, NanoUsd::ZERO));

    let page = proxy.metrics().await;
    let bytes = format!("ambidex_cache_bytes {}", first.body.len());
    for line in [
        "ambidex_requests_total{outcome=\"cached\",route=\"all\",surface=\"openai_chat\",target=\"cloud\"} 1",
        "ambidex_cache_lookups_total{result=\"hit\"} 1",
        "ambidex_cache_lookups_total{result=\"miss\"} 1",
        "ambidex_cache_answers 1",
        &bytes,
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    let after = proxy
        .metric("ambidex_cost_usd_total{route=\"all\",target=\"cloud\",team=\"support\"}")
        .await;
    assert!((after - billed).abs() < f64::EPSILON, "{billed} became {after}");
    let folder = proxy.stop().await;
    let mut files = std::fs::read_dir(folder.path()).unwrap();
    let holds = |file: std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes.windows(8).any(|it| it == b"answer 0")
    };
    assert!(!files.any(|file| holds(file.unwrap())), "answers are kept in memory only");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_differs_is_another_question() {
    let upstream = numbered().await;
    let proxy = gateway(&upstream, Some(on())).await;
    let (path, body) = ("/v1/chat/completions", settled(chat("Why is the sky blue?")));
    let first = ask(&proxy, KEY, path, &body, &[]).await;
    let variation = |key: &str, value: Value| {
        let mut other = body.clone();
        other[key] = value;
        other
    };
    let message = json!({ "model": "gpt-4o-mini", "max_tokens": 20, "temperature": 0,
        "messages": [{ "role": "user", "content": "Why is the sky blue?" }] });
    for (what, key, path, body) in [
        ("the caller", "key-of-colleague", path, body.clone()),
        ("the team", "key-of-stranger", path, body.clone()),
        ("the interface", KEY, "/v1/messages", message),
        ("the model", KEY, path, variation("model", "auto".into())),
        ("the length", KEY, path, variation("max_tokens", 21.into())),
        ("a field that nobody knows", KEY, path, variation("x_colour", "blue".into())),
        ("the way it comes", KEY, path, variation("stream", true.into())),
        ("a character", KEY, path, settled(chat("Why is the sky Blue?"))),
    ] {
        let reply = ask(&proxy, key, path, &body, &[]).await;
        assert_eq!((reply.status, reply.header("x-ambidex-cache")), (200, "miss"), "{what}");
        assert_ne!(reply.body, first.body, "{what}");
    }
    // Another order of the fields, and blanks, are the same question.
    let spelled = r#"{ "temperature": 0, "messages": [ {"content": "Why is the sky blue?", "role":"user"} ],
        "max_tokens": 20, "model": "gpt-4o-mini" }"#;
    let plain = r#"{"model":"gpt-4o-mini","max_tokens":20,"temperature":0,"messages":[{"content":"Why is the sky blue?","role":"user"}]}"#;
    let one = proxy.send_raw(plain.as_bytes().to_vec()).await;
    let two = proxy.send_raw(spelled.as_bytes().to_vec()).await;
    assert_eq!((two.header("x-ambidex-cache"), &two.body), ("hit", &one.body));
    // Another policy, even if it says the same.
    std::fs::write(proxy.folder.path().join("policy.yaml"), format!("{POLICY}\n# reviewed\n"))
        .unwrap();
    let before = proxy.gateway.app.policy().rev().to_owned();
    crate::support::eventually("the new policy", || async {
        (proxy.gateway.app.policy().rev() != before).then_some(())
    })
    .await;
    let reply = ask(&proxy, KEY, path, &body, &[]).await;
    assert_eq!(reply.header("x-ambidex-cache"), "miss");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_kept_is_not_kept() {
    let upstream = numbered().await;
    let proxy = gateway(&upstream, Some(on())).await;
    let tool = json!([{ "type": "function", "function": { "name": "pay", "parameters": {} } }]);
    let mut with_tools = settled(chat("Pay the bill"));
    with_tools["tools"] = tool;
    for (what, body, headers) in [
        ("restricted", settled(chat("My card is 4111 1111 1111 1111, exp 09/29")), &[][..]),
        ("by chance", chat("Tell me a joke"), &[]),
        ("with tools", with_tools, &[]),
        ("unwanted", settled(chat("Tell nobody")), &[("cache-control", "no-store")]),
    ] {
        let path = "/v1/chat/completions";
        let before = upstream.seen().len();
        for _ in 0..2 {
            let reply = ask(&proxy, KEY, path, &body, headers).await;
            assert_eq!((reply.status, reply.header("x-ambidex-cache")), (200, ""), "{what}");
        }
        assert_eq!(upstream.seen().len(), before + 2, "{what}");
    }
    assert_eq!(proxy.gateway.app.cache.as_ref().unwrap().standing().answers, 0);
    // Who wants a new answer gets one, and the next who asks gets that.
    let (path, body) = ("/v1/chat/completions", settled(chat("What time is it?")));
    ask(&proxy, KEY, path, &body, &[]).await;
    let new = ask(&proxy, KEY, path, &body, &[("cache-control", "no-cache")]).await;
    let next = ask(&proxy, KEY, path, &body, &[]).await;
    assert_eq!((new.header("x-ambidex-cache"), next.header("x-ambidex-cache")), ("miss", "hit"));
    assert_eq!(next.body, new.body);
    proxy.stop().await;
    // Off unless it is switched on.
    let proxy = gateway(&upstream, None).await;
    let before = upstream.seen().len();
    for _ in 0..2 {
        assert_eq!(proxy.send(&body).await.header("x-ambidex-cache"), "");
    }
    assert_eq!(upstream.seen().len(), before + 2);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_errors_and_broken_streams_are_not_kept() {
    let upstream = Upstream::script([
        Say::Whole(400, r#"{"error":{"message":"no such thing"}}"#.to_owned()),
        Say::Cut(events(&["half of"], None)[..1].to_vec()),
        Say::Events(events(&["all", " of it"], Some((9, 9)))),
    ])
    .await;
    let proxy = gateway(&upstream, Some(on())).await;
    let body = settled(streamed("Count to two"));
    let statuses = [proxy.send(&body).await, proxy.send(&body).await, proxy.send(&body).await];
    assert_eq!(statuses.each_ref().map(|it| it.status), [400, 200, 200]);
    assert_eq!(upstream.seen().len(), 3, "neither the error nor half a stream was given again");
    let again = proxy.send(&body).await;
    assert_eq!(again.header("x-ambidex-cache"), "hit");
    // The policy decides on every request, and its no stays no.
    for _ in 0..2 {
        let refused = ask(&proxy, "key-of-seller", "/v1/chat/completions", &body, &[]).await;
        assert_eq!((refused.status, refused.header("x-ambidex-cache")), (403, ""));
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_told_again_as_it_was_and_says_that_it_cost_nothing() {
    let upstream = numbered().await;
    let proxy = gateway(&upstream, Some(on())).await;
    let mut message = json!({ "model": "auto", "max_tokens": 20, "temperature": 0, "stream": true,
        "messages": [{ "role": "user", "content": "Name a colour" }] });
    for path in ["/v1/chat/completions", "/v1/messages"] {
        if path == "/v1/chat/completions" {
            message["stream_options"] = json!({ "include_usage": true });
        } else {
            message.as_object_mut().unwrap().remove("stream_options");
        }
        let first = ask(&proxy, KEY, path, &message, &[]).await;
        let again = ask(&proxy, KEY, path, &message, &[]).await;
        assert_eq!(again.header("x-ambidex-cache"), "hit", "{path}");
        assert_eq!(again.header("content-type"), "text/event-stream");
        let cost = |text: &str| {
            let (_, rest) = text.split_once("x_ambidex_cost_usd\":\"").unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let (before, after) = (first.text(), again.text());
        assert_ne!(cost(&before), "0.00");
        assert_eq!(after, before.replace(&cost(&before), "0.00"), "{path}");
    }
    assert_eq!(upstream.seen().len(), 2);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn masked_values_come_back_to_those_who_sent_them() {
    let upstream = numbered().await;
    let proxy = gateway(&upstream, Some(on())).await;
    let body = |who: &str| settled(chat(&format!("Write a greeting to {who}@contoso.org, please")));
    let jane = proxy.send(&body("jane")).await;
    assert_eq!(proxy.send(&body("jane")).await.body, jane.body);
    upstream.never_saw("jane@contoso.org");
    let joe = proxy.send(&body("joe")).await;
    assert_eq!(joe.header("x-ambidex-cache"), "miss");
    assert_eq!(upstream.seen().len(), 2);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_live_as_long_and_are_as_many_as_is_said() {
    let upstream = numbered().await;
    let rules = Rules { kept_for: Duration::from_millis(1), ..Rules::default() };
    let proxy = gateway(&upstream, Some(rules)).await;
    let body = settled(chat("What day is it?"));
    proxy.send(&body).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(proxy.send(&body).await.header("x-ambidex-cache"), "miss", "too old");
    assert!(proxy.metric("ambidex_cache_dropped_total{reason=\"age\"}").await > 0.0);
    proxy.stop().await;

    let rules = Rules { answers_max: 2, requests: Repeatable::All, ..Rules::default() };
    let proxy = gateway(&upstream, Some(rules)).await;
    for question in ["one", "two", "three"] {
        proxy.send(&chat(question)).await;
    }
    assert_eq!(proxy.send(&chat("three")).await.header("x-ambidex-cache"), "hit");
    assert_eq!(proxy.send(&chat("one")).await.header("x-ambidex-cache"), "miss", "it made room");
    assert!(proxy.metric("ambidex_cache_dropped_total{reason=\"room\"}").await > 0.0);
    proxy.stop().await;

    let rules = Rules { answer_bytes_max: 10, ..Rules::default() };
    let proxy = gateway(&upstream, Some(rules)).await;
    for body in [settled(chat("whole")), settled(streamed("streamed"))] {
        for _ in 0..2 {
            assert_eq!(proxy.send(&body).await.header("x-ambidex-cache"), "miss", "too large");
        }
    }
    assert_eq!(proxy.gateway.app.cache.as_ref().unwrap().standing().bytes, 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_answers_are_given_again_too() {
    let upstream = numbered().await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        let inside = "version: 1\nname: inside\nroutes: [{ id: in, use: [local] }]\n";
        std::fs::write(&path, inside).unwrap();
        settings.policy = PolicySource::File(path);
        settings.cache = Some(on());
    })
    .await;
    for body in [settled(chat("What is the capital of France?")), settled(streamed("Say hello"))] {
        let first = proxy.send(&body).await;
        let again = proxy.send(&body).await;
        assert_eq!((first.target(), again.header("x-ambidex-cache")), ("local", "hit"));
        let id = first.decision();
        assert!(first.text().contains(id) && again.text().contains(id), "the first one's words");
        let row = proxy.row(again.decision()).await.settled.unwrap();
        let before = proxy.row(id).await.settled.unwrap();
        assert_eq!((row.avoided, row.imputed), (before.avoided, NanoUsd::ZERO));
    }
    let vectors = json!({ "model": "auto", "input": "a text" });
    let first = ask(&proxy, KEY, "/v1/embeddings", &vectors, &[]).await;
    let again = ask(&proxy, KEY, "/v1/embeddings", &vectors, &[]).await;
    assert_eq!((again.header("x-ambidex-cache"), &again.body), ("hit", &first.body));
    proxy.stop().await;
}
