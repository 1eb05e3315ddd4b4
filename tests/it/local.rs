//! The local engine over HTTP: its parameters, its limits, and what is told about it.

use std::time::Duration;

use ambidex::config::{PolicySource, TargetKind};
use ambidex::engine::{EngineSettings, Generation, Job};
use ambidex::money::Tokens;
use serde_json::{Value, json};

use crate::support::{Proxy, Say, Upstream, answer, chat, eventually, streamed};

const TICKET: &str = "Classify this ticket as billing, technical or account: The app crashes.";

/// Everything goes to these targets, in this order.
async fn proxy(upstream: &Upstream, order: &str, engine: EngineSettings) -> Proxy {
    let policy = format!(
        "version: 1\nname: open\nowner: nobody\nroutes:\n  - {{ id: all, use: [{order}] }}\n\
         otherwise: {{ refuse: {{ status: 403, say: \"No permitted model can answer this: {{reasons}}\" }} }}\n"
    );
    Proxy::with(upstream, move |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, &policy).unwrap();
        settings.policy = PolicySource::File(path);
        if let TargetKind::Engine(_, settings) = &mut settings.targets[0].kind {
            *settings = engine;
        }
    })
    .await
}

fn with(mut body: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// The data of a stream's events.
fn chunks(text: &str) -> Vec<Value> {
    let events = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    events.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_answers_come_with_their_log_probabilities() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = proxy(&upstream, "local", EngineSettings::default()).await;
    let more = json!({ "n": 3, "seed": 4, "logprobs": true, "top_logprobs": 2, "top_k": 50 });
    let whole = proxy.send(&with(chat(TICKET), more.clone())).await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    let choices = whole.json()["choices"].as_array().unwrap().clone();
    assert_eq!(choices.len(), 3);
    let mut output = 0;
    for (index, choice) in choices.iter().enumerate() {
        assert_eq!(choice["index"], index);
        let tokens = choice["logprobs"]["content"].as_array().unwrap();
        output += tokens.len();
        let spelt: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
        assert_eq!(spelt, choice["message"]["content"].as_str().unwrap());
        assert!(tokens.iter().all(|token| token["top_logprobs"].as_array().unwrap().len() == 2));
        assert!(tokens.iter().all(|token| token["logprob"].as_f64().unwrap() <= 0.0));
        assert!(["stop", "length"].contains(&choice["finish_reason"].as_str().unwrap()));
    }
    assert_eq!(whole.json()["usage"]["completion_tokens"], output);

    // The same as a stream: pieces of the choices in any order, each with its own end.
    let stream = proxy.send(&with(streamed(TICKET), more)).await;
    let mut texts = vec![String::new(); 3];
    let mut ends = vec![0; 3];
    let mut tokens = 0;
    for choice in chunks(&stream.text()).iter().filter_map(|chunk| chunk["choices"].get(0)) {
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        texts[index].push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        ends[index] += usize::from(choice["finish_reason"].is_string());
        tokens += choice["logprobs"]["content"].as_array().map_or(0, Vec::len);
    }
    let whole: Vec<&str> =
        choices.iter().map(|choice| choice["message"]["content"].as_str().unwrap()).collect();
    assert_eq!(
        (texts, ends, tokens),
        (whole.iter().map(|it| (*it).to_owned()).collect(), vec![1; 3], output)
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guided_answers_are_legal_and_wrong_parameters_are_named() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = proxy(&upstream, "local", EngineSettings::default()).await;
    let labels = ["billing", "technical", "account"];
    for more in [json!({}), json!({ "temperature": 2, "seed": 9 }), json!({ "num_beams": 3 })] {
        let body = with(with(chat(TICKET), json!({ "guided_choice": labels })), more);
        let reply = proxy.send(&body).await.json();
        let said = reply["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
        assert!(labels.contains(&said.as_str()), "{reply}");
        assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    }
    let body = with(streamed(TICKET), json!({ "guided_regex": "[0-9]{3}" }));
    let text = proxy.send(&body).await.text();
    let said: String = chunks(&text)
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert!(said.len() == 3 && said.parse::<u32>().is_ok(), "{said}");
    for (more, sentence) in [
        (json!({ "top_k": "many" }), "`top_k` must be a whole number, at least 0"),
        (json!({ "guided_choice": "billing" }), "`guided_choice` must be a list of texts"),
        (
            json!({ "guided_choice": [""] }),
            "`guided_choice` must be a list of labels, none of them empty",
        ),
        (json!({ "guided_regex": "(" }), "`guided_regex` is not a regular expression"),
        (json!({ "top_logprobs": 2 }), "`top_logprobs` needs `logprobs: true` beside it"),
        (json!({ "num_beams": 2, "n": 3 }), "`num_beams` must be between `n` (3) and 32"),
        (json!({ "repetition_penalty": 0 }), "`repetition_penalty` must be between 0.1 and 10"),
        (json!({ "min_tokens": -1 }), "`min_tokens` must be a whole number"),
    ] {
        let reply = proxy.send(&with(chat(TICKET), more)).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{sentence}");
        let told = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains(sentence), "{told}");
    }
    let refused = r#"ambidex_local_refused_total{model="ambidex-starter",reason="parameter"}"#;
    assert!(proxy.metric(refused).await >= 4.0);
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_cannot_make_goes_elsewhere_as_it_came() {
    let upstream =
        Upstream::script(std::iter::repeat_n(Say::Whole(200, answer("x", 1, 1)), 3)).await;
    let proxy = proxy(&upstream, "local, cloud", EngineSettings::default()).await;
    for more in [json!({ "response_format": { "type": "json_object" } }), json!({ "n": 40 })] {
        let body = with(chat(TICKET), more);
        assert_eq!(proxy.send(&body).await.target(), "cloud");
        assert_eq!(upstream.seen().last().unwrap().body, body.to_string().into_bytes());
    }
    proxy.stop().await;
}

/// Keeps the engine's only slot busy for seconds.
fn occupy(proxy: &Proxy) -> Generation {
    let engine = proxy.gateway.app.destinations[0].engine().unwrap();
    let most = Tokens(4_000);
    engine.generate(Job { new_tokens_min: most, ..Job::greedy("a long story", most) }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_engine_says_when_to_come_again_or_the_next_target_answers() {
    let tight = EngineSettings {
        batch_max: 1,
        queue_max: 1,
        new_tokens_max: Tokens(4_000),
        ..EngineSettings::default()
    };
    let upstream =
        Upstream::script(std::iter::repeat_n(Say::Whole(200, answer("x", 1, 1)), 2)).await;
    for (order, status, target) in [("local", 429, ""), ("local, cloud", 200, "cloud")] {
        let proxy = proxy(&upstream, order, tight.clone()).await;
        let engine = proxy.gateway.app.destinations[0].engine().unwrap().clone();
        let running = occupy(&proxy);
        eventually("the first to run", || async {
            (engine.load_now().running == 1 && engine.load_now().queued == 0).then_some(())
        })
        .await;
        let waiting = occupy(&proxy);
        let reply = proxy.send(&chat(TICKET)).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        if status == 429 {
            assert_eq!(reply.code(), "local_overloaded");
            assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
        } else {
            assert_eq!(reply.target(), target);
        }
        let refused = r#"ambidex_local_refused_total{model="ambidex-starter",reason="overloaded"}"#;
        assert!((proxy.metric(refused).await - 1.0).abs() < 1e-9);
        let depth = r#"ambidex_local_queue_depth{model="ambidex-starter"}"#;
        assert!((proxy.metric(depth).await - 1.0).abs() < 1e-9);
        drop((running, waiting));
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waited_in_vain_is_answered_elsewhere_streams_too() {
    let impatient = EngineSettings {
        batch_max: 1,
        queue_time_max: Duration::from_millis(50),
        new_tokens_max: Tokens(4_000),
        ..EngineSettings::default()
    };
    let script = Say::Events(crate::support::events(&["mer", "ge"], Some((10, 2))));
    let upstream = Upstream::script([script]).await;
    let proxy = proxy(&upstream, "local, cloud", impatient).await;
    let running = occupy(&proxy);
    let reply = proxy.send(&streamed(TICKET)).await;
    assert_eq!((reply.status, reply.target()), (200, "cloud"), "{}", reply.text());
    drop(running);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_local_metric_is_told_per_model() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = proxy(&upstream, "local", EngineSettings::default()).await;
    proxy.send(&chat(TICKET)).await;
    let stream = proxy.open(streamed(TICKET).to_string().into_bytes()).await;
    drop(stream);
    for name in
        ["tokens_per_second", "batch_size", "queue_wait_seconds", "time_to_first_token_seconds"]
    {
        let line = format!(r#"ambidex_local_{name}_count{{model="ambidex-starter"}}"#);
        assert!(proxy.metric(&line).await >= 1.0, "{line}");
    }
    for part in ["weights", "arena"] {
        let line =
            format!(r#"ambidex_local_memory_bytes{{model="ambidex-starter",part="{part}"}}"#);
        assert!(proxy.metric(&line).await > 1_000.0, "{line}");
    }
    // A client that leaves while its answer is made.
    let engine = proxy.gateway.app.destinations[0].engine().unwrap().clone();
    let before = engine.load_now().cancelled;
    let body = with(streamed(TICKET), json!({ "min_tokens": 250, "max_tokens": 256 }));
    drop(proxy.open(body.to_string().into_bytes()).await);
    eventually("the engine to notice", || async {
        (engine.load_now().cancelled > before).then_some(())
    })
    .await;
    let cancelled = r#"ambidex_local_cancelled_total{model="ambidex-starter"}"#;
    eventually("the metric", || async { (proxy.metric(cancelled).await >= 1.0).then_some(()) })
        .await;
    proxy.stop().await;
}
