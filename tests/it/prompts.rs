//! How the local model is asked: templates, and long texts in parts. The real starter model answers.

use ambidex::caller::TaskHints;
use ambidex::engine::prompt::Template;
use ambidex::inspect::Task;
use ambidex::policy::agreement;
use serde_json::{Value, json};

use crate::support::{Proxy, Reply, Say, Upstream, answer, chat, events, streamed};

/// A gateway whose caller is trusted with hints, with a way of its own to ask for summaries.
async fn proxy(upstream: &Upstream, order: &str, own: Option<Template>) -> Proxy {
    let policy = format!(
        "version: 1\nname: open\nowner: nobody\nrestricted_may_reach: {{ zones: any, why: tested elsewhere }}\n\
         routes:\n  - {{ id: all, use: [{order}] }}\n"
    );
    Proxy::with(upstream, move |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, &policy).unwrap();
        settings.policy = ambidex::config::PolicySource::File(path);
        settings.callers[0].task_hints = TaskHints::Trusted;
        if let Some(own) = own {
            settings.local_prompts.set(Task::Summarize, own);
        }
    })
    .await
}

fn raw() -> Template {
    Template { words: Some("{text}".to_owned()), ..Template::default() }
}

fn hinted(mut body: Value, task: &str) -> Value {
    body["metadata"] = json!({ "task": task });
    body
}

fn said(reply: &Reply) -> String {
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    reply.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

/// Texts without a request, with the summary that belongs to each.
fn bare() -> Vec<Value> {
    let rows = include_str!("../../examples/train-starter/bare.jsonl");
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_text_is_answered_far_better_with_the_template_than_without() {
    let upstream = Upstream::script([]).await;
    let mut scores = Vec::new();
    for own in [Some(raw()), None] {
        let proxy = proxy(&upstream, "local", own).await;
        let (mut sum, mut count) = (0.0, 0.0);
        for row in bare().iter().filter(|row| row["task"] == "summarize").take(24) {
            let asked = hinted(chat(row["input"].as_str().unwrap()), "summarize");
            let answer = said(&proxy.send(&asked).await);
            sum += agreement(Task::Summarize, &answer, row["output"].as_str().unwrap());
            count += 1.0;
        }
        scores.push(sum / count);
        proxy.stop().await;
    }
    assert!(scores[1] > scores[0] + 0.3, "without and with the template: {scores:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_passage_in_the_system_text_is_read() {
    let upstream = Upstream::script([]).await;
    let proxy = proxy(&upstream, "local", None).await;
    let (mut right, mut blind) = (0, 0);
    for row in bare().iter().filter(|row| row["task"] == "answer").take(24) {
        let question = hinted(chat(row["input"].as_str().unwrap()), "qa_context");
        let mut asked = question.clone();
        asked["messages"]
            .as_array_mut()
            .unwrap()
            .insert(0, json!({ "role": "system", "content": row["system"] }));
        right += usize::from(said(&proxy.send(&asked).await) == row["output"]);
        blind += usize::from(said(&proxy.send(&question).await) == row["output"]);
    }
    assert!(right >= blind + 4, "{right} right with the passage, {blind} without");
    proxy.stop().await;
}

/// Many messages, far beyond the 512 tokens that the starter reads.
fn long() -> String {
    let texts = bare().into_iter().filter(|row| row["task"] == "summarize");
    let texts: Vec<String> =
        texts.take(40).map(|row| row["input"].as_str().unwrap().replace('\n', " ")).collect();
    format!("Summarize these messages in one sentence:\n\n{}", texts.join("\n\n"))
}

fn wished(mut body: Value, wish: &str) -> Value {
    body["metadata"] = json!({ "summarize_in_parts": wish });
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_too_long_is_never_cut_unasked() {
    let upstream = Upstream::script([Say::Whole(200, answer("From the cloud.", 20, 5))]).await;
    let alone = proxy(&upstream, "local", None).await;
    for body in [chat(&long()), wished(chat(&long()), "false"), wished(chat(&long()), "maybe")] {
        let reply = alone.send(&body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (413, "request_too_long"),
            "{}",
            reply.text()
        );
    }
    alone.stop().await;
    let both = proxy(&upstream, "local, cloud", None).await;
    let body = chat(&long());
    assert_eq!(both.send(&body).await.target(), "cloud");
    assert_eq!(upstream.seen()[0].body, body.to_string().into_bytes(), "as it came");
    both.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_summarised_in_parts_where_that_is_asked_for() {
    let upstream = Upstream::script([]).await;
    let proxy = proxy(&upstream, "local", None).await;
    let engine = proxy.gateway.app.destinations[0].engine().unwrap().clone();
    let tokens = engine.measure(&long()).unwrap().tokens.0;
    assert!(tokens > 1_024, "{tokens}");

    let before = engine.load_now().finished;
    let reply = proxy.send(&wished(chat(&long()), "true")).await;
    let text = said(&reply);
    assert!(!text.is_empty() && text.split_whitespace().count() < 60, "{text}");
    let parts: u32 = reply.header("x-ambidex-parts").parse().unwrap();
    assert!(parts >= 3 && parts > tokens / 512, "{parts} parts of {tokens} tokens");
    assert_eq!(engine.load_now().finished - before, u64::from(parts) + 1, "each part, then all");
    // Every token that was read and said is counted, of the parts, too.
    let usage = reply.json()["usage"].clone();
    assert!(usage["prompt_tokens"].as_u64().unwrap() > u64::from(tokens), "{usage}");
    let last = engine.measure(&text).unwrap().tokens.0;
    assert!(usage["completion_tokens"].as_u64().unwrap() > u64::from(last + parts), "{usage}");
    let row = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(row.read_in, parts);
    assert_eq!(
        u64::from(row.usage.unwrap().input_total().0),
        usage["prompt_tokens"].as_u64().unwrap()
    );

    let stream = proxy.send(&wished(streamed(&long()), "true")).await;
    assert_eq!(
        (stream.status, stream.header("x-ambidex-parts")),
        (200, parts.to_string().as_str())
    );
    let chunks = stream.text();
    let chunks = chunks.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let told: String = chunks
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .filter_map(|it| it["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(told, text);
    // What fits is read whole, whoever asks.
    let short = proxy.send(&wished(chat("Summarize: The parcel is late."), "true")).await;
    said(&short);
    assert_eq!(short.header("x-ambidex-parts"), "");
    assert_eq!(proxy.row(short.decision()).await.settled.unwrap().read_in, 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_may_ask_for_parts_and_bounds_them() {
    let upstream = Upstream::script([Say::Events(events(&["x"], Some((1, 1))))]).await;
    let own = |parts| Template { parts_max: Some(parts), ..Template::default() };
    let many = proxy(&upstream, "local", Some(own(16))).await;
    let reply = many.send(&chat(&long())).await;
    said(&reply);
    assert!(reply.header("x-ambidex-parts").parse::<u32>().unwrap() >= 3);
    assert_eq!(many.send(&wished(chat(&long()), "false")).await.status, 413);
    let code = "Write a Python function for this:\n\n";
    let other = hinted(chat(&format!("{code}{}", long())), "code");
    assert_eq!(many.send(&other).await.status, 413, "only summaries are made in parts");
    many.stop().await;
    let few = proxy(&upstream, "local", Some(own(2))).await;
    for body in [chat(&long()), wished(chat(&long()), "true")] {
        assert_eq!(few.send(&body).await.code(), "request_too_long", "two parts are not enough");
    }
    few.stop().await;
}
