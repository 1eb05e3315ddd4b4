//! The local engine over HTTP: its parameters, its limits, and what is told about it.

use std::time::Duration;

use ambidex::config::settings::{LocalModelSettings, ModelChoice};
use ambidex::config::{PolicySource, TargetKind};
use ambidex::engine::{AdapterSource, EngineSettings, Generation, Job};
use ambidex::money::Tokens;
use serde_json::{Value, json};

use crate::support::{KEY, Proxy, Say, Upstream, answer, chat, eventually, streamed};

const TICKET: &str = "Classify this ticket as billing, technical or account: The app crashes.";

/// Everything goes to these targets, in this order.
async fn proxy(upstream: &Upstream, order: &str, engine: EngineSettings) -> Proxy {
    let policy = format!(
        "version: 1\nname: open\nowner: nobody\nrestricted_may_reach: {{ zones: any, why: tested elsewhere }}\n\
         routes:\n  - {{ id: all, use: [{order}] }}\n\
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
async fn responses_have_log_probabilities_whole_and_streamed_where_they_are_asked_for() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = proxy(&upstream, "local", EngineSettings::default()).await;
    let ask = async |body: &Value| -> String {
        let request = proxy.client.post(proxy.url("/v1/responses")).bearer_auth(KEY);
        request.body(body.to_string()).send().await.unwrap().text().await.unwrap()
    };
    let spelt = |logprobs: &Value| -> String {
        let tokens = logprobs.as_array().unwrap();
        tokens.iter().map(|token| token["token"].as_str().unwrap()).collect()
    };
    for (asks, beside) in [
        (json!({}), None),
        (json!({ "include": ["message.output_text.logprobs"] }), Some(0)),
        (json!({ "top_logprobs": 2 }), Some(2)),
    ] {
        let mut body = with(json!({ "model": "auto", "input": TICKET }), asks);
        let whole: Value = serde_json::from_str(&ask(&body).await).unwrap();
        body["stream"] = true.into();
        let events: Vec<Value> = ask(&body)
            .await
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
            .collect();
        let of = |kind: &str| events.iter().filter(|it| it["type"] == kind).collect::<Vec<_>>();
        let last = of("response.completed")[0]["response"].clone();
        let deltas = of("response.output_text.delta");
        let pieces: String = deltas.iter().map(|it| spelt(&it["logprobs"])).collect();
        let done = &of("response.output_text.done")[0]["logprobs"];
        for part in [&whole["output"][0]["content"][0], &last["output"][0]["content"][0]] {
            let text = part["text"].as_str().unwrap();
            let (expected, most) = (beside.map_or("", |_| text), beside.unwrap_or(0));
            assert_eq!(spelt(&part["logprobs"]), expected, "{beside:?}");
            assert_eq!((&*pieces, &*spelt(done)), (expected, expected), "{beside:?}");
            for token in part["logprobs"].as_array().unwrap() {
                assert_eq!(token["top_logprobs"].as_array().map_or(0, Vec::len), most);
            }
        }
    }
    proxy.stop().await;
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

/// A schema that allows a few scalars is a choice between their JSON texts.
#[tokio::test(flavor = "multi_thread")]
async fn a_json_schema_of_scalars_is_answered_here_and_legally() {
    let upstream = Upstream::script([]).await;
    let proxy = proxy(&upstream, "local", EngineSettings::default()).await;
    let format = |schema: Value| {
        let named = json!({ "name": "label", "strict": true, "schema": schema });
        json!({ "response_format": { "type": "json_schema", "json_schema": named } })
    };
    let labels = json!({ "type": "string", "enum": ["billing", "technical", "account"] });
    for (more, legal) in [
        (format(labels.clone()), json!(["billing", "technical", "account"])),
        (json!({ "guided_json": labels }), json!(["billing", "technical", "account"])),
        (format(json!({ "type": "boolean" })), json!([true, false])),
        (format(json!({ "const": "technical" })), json!(["technical"])),
        (format(json!({ "enum": [1, 25, null] })), json!([1, 25, null])),
    ] {
        for heat in [json!({}), json!({ "temperature": 2, "seed": 5 })] {
            let reply = proxy.send(&with(with(chat(TICKET), more.clone()), heat)).await;
            assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
            let reply = reply.json();
            let said = reply["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
            let value: Value = serde_json::from_str(&said).unwrap();
            assert!(legal.as_array().unwrap().contains(&value), "{said}");
            assert_eq!(reply["choices"][0]["finish_reason"], "stop");
        }
    }
    let object = json!({ "type": "object", "properties": { "label": labels } });
    for more in [
        format(object.clone()),
        format(json!({ "type": "string" })),
        json!({ "response_format": { "type": "json_object" } }),
        json!({ "guided_json": object }),
        json!({ "guided_grammar": "root ::= [a-z]+" }),
    ] {
        let reply = proxy.send(&with(chat(TICKET), more.clone())).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "policy_refused"), "{more}");
        let told = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains("local cannot write what `response_format` or"), "{told}");
    }
    let stop = with(format(json!({ "type": "boolean" })), json!({ "stop": ["e"] }));
    let reply = proxy.send(&with(chat(TICKET), stop)).await;
    let told = reply.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(told.contains("`stop` must be left out where a JSON schema is given"), "{told}");
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_under_which_licence_and_by_which_weights_a_local_model_answered() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let here = proxy(&upstream, "local", EngineSettings::default()).await;
    let card = here.gateway.app.destinations[0].engine().unwrap().card().clone();
    let digest = card.digest().to_owned();
    let reply = here.send(&chat(TICKET)).await;
    let weights = here.row(reply.decision()).await.settled.unwrap().weights.unwrap();
    assert_eq!(
        (weights.licence.as_str(), weights.sha256.as_deref()),
        ("Apache-2.0", Some(&*digest))
    );
    let url =
        format!("http://{}/admin/api/decisions/{}", here.gateway.admin_address, reply.decision());
    let shown = here.client.get(url).send().await.unwrap().text().await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["settled"]["sha256"], *digest, "{shown}");
    here.stop().await;
    let there = proxy(&upstream, "cloud", EngineSettings::default()).await;
    let reply = there.send(&chat(TICKET)).await;
    assert_eq!(there.row(reply.decision()).await.settled.unwrap().weights, None);
    there.stop().await;
}

/// The tiny checkpoint, one target with an adapter of PEFT's and one without.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_an_adapter_answers_in_another_voice() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let upstream = Upstream::script([]).await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("tiny");
        std::fs::create_dir(&path).unwrap();
        for (from, file) in [
            ("t5/tiny-t5v1_1-strong-bias", "config.json"),
            ("t5/tiny-t5v1_1-strong-bias", "model.safetensors"),
            ("t5/flan-tokenizer", "tokenizer.json"),
        ] {
            std::fs::copy(golden.join(from).join(file), path.join(file)).unwrap();
        }
        settings.local_models.push(LocalModelSettings {
            name: "tiny".to_owned(),
            path,
            licence: Some("apache-2.0".to_owned()),
            sha256: None,
            tokenizer_sha256: None,
            adapters: ["qv", "all"]
                .map(|name| AdapterSource {
                    name: name.to_owned(),
                    path: golden.join("engine/lora").join(name),
                })
                .to_vec(),
            engine: EngineSettings::default(),
        });
        let plain = settings.targets[0].clone();
        settings.targets = [("plain", None), ("tickets", Some("qv")), ("minutes", Some("all"))]
            .map(|(name, adapter)| ambidex::config::TargetSettings {
                name: name.to_owned(),
                kind: TargetKind::Engine(
                    ModelChoice::Named("tiny".to_owned()),
                    EngineSettings::default(),
                ),
                adapter: adapter.map(str::to_owned),
                ..plain.clone()
            })
            .to_vec();
        let policy = folder.path().join("policy.yaml");
        let routes: String = ["plain", "tickets", "minutes"]
            .map(|name| {
                format!("  - {{ id: {name}, when: {{ request.model: {{ is: {name} }} }}, use: [{name}] }}\n")
            })
            .concat();
        let text = format!(
            "version: 1\nname: voices\nowner: nobody\nroutes:\n{routes}otherwise: {{ refuse: {{ status: 403, \
             say: \"No permitted model can answer this: {{reasons}}\" }} }}\n"
        );
        std::fs::write(&policy, text).unwrap();
        settings.policy = PolicySource::File(policy);
    })
    .await;
    let mut said = Vec::new();
    for _ in 0..2 {
        for name in ["plain", "tickets", "minutes"] {
            let reply = proxy.send(&with(chat("How old are you?"), json!({ "model": name }))).await;
            assert_eq!((reply.status, reply.target()), (200, name), "{}", reply.text());
            said.push(reply.json()["choices"][0]["message"]["content"].clone());
        }
    }
    assert!(said[0] != said[1] && said[1] != said[2] && said[0] != said[2], "{said:?}");
    assert_eq!(said[..3], said[3..]);
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
    let memory =
        |part| format!(r#"ambidex_local_memory_bytes{{model="ambidex-starter",part="{part}"}}"#);
    assert!(proxy.metric(&memory("weights")).await > 1_000.0);
    let running = occupy(&proxy);
    eventually("the arena to hold a sequence", || async {
        (proxy.metric(&memory("arena")).await > 1_000.0).then_some(())
    })
    .await;
    drop(running);
    eventually("the arena to be empty", || async {
        (proxy.metric(&memory("arena")).await < 1.0).then_some(())
    })
    .await;
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
