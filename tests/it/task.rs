//! The task of a request: who may say it, what of a conversation counts, and what the local model is
//! asked.

use ambidex::caller::TaskHints;
use ambidex::config::{self, PolicySource};
use ambidex::engine::prompt::{Template, Templates};
use ambidex::inspect::task::{Example, Training, train};
use ambidex::inspect::{Lang, Task};
use ambidex::money::Tokens;
use serde_json::{Value, json};

use crate::support::{KEY, Proxy, Say, Upstream, answer, chat};

const ROUTES: &str = "version: 1\nname: tasks\nowner: nobody\nrestricted_may_reach: { zones: any, why: tested elsewhere }\ntasks:\n  code: [abap]\n  summarize: [weekly digest]\n\
    routes:\n  - { id: here, when: { task.type: { in: [summarize, classify] } }, use: [local, cloud] }\n  \
    - { id: hard, when: { task.type: { in: [code, reasoning] } }, use: [cloud] }\n  - { id: rest, use: [cloud, local] }\n\
    otherwise: { refuse: { status: 403, say: \"No: {reasons}\" } }\n";

const CODE: &str = "Write a Python function that reverses a linked list.";
const SUMMARY: &str = "Summarize the following article in one sentence: The river rose again.";

async fn proxy(upstream: &Upstream, hints: TaskHints) -> Proxy {
    Proxy::with(upstream, move |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, ROUTES).unwrap();
        settings.policy = PolicySource::File(path);
        settings.callers[0].task_hints = hints;
    })
    .await
}

async fn cloud() -> Upstream {
    Upstream::script([Say::Whole(200, answer("From the cloud.", 20, 5))]).await
}

/// The task and the route of the decision on a request.
async fn decided(proxy: &Proxy, body: &Value) -> (String, String) {
    let reply = proxy.send(body).await;
    let row = proxy.row(reply.decision()).await.decided;
    (row.task.unwrap(), row.chosen.unwrap().route)
}

fn hinted(prompt: &str, task: &str) -> Value {
    let mut body = chat(prompt);
    body["metadata"] = json!({ "task": task });
    body
}

fn pair(task: &str, route: &str) -> (String, String) {
    (task.to_owned(), route.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_narrows_freely_and_widens_only_for_the_trusted() {
    let upstream = cloud().await;
    let anybody = proxy(&upstream, TaskHints::Narrow).await;
    assert_eq!(decided(&anybody, &hinted(CODE, "summarize")).await, pair("summarize", "here"));
    assert_eq!(decided(&anybody, &hinted(SUMMARY, "code")).await, pair("summarize", "here"));
    assert_eq!(decided(&anybody, &hinted(SUMMARY, "nonsense")).await, pair("summarize", "here"));
    let reply = anybody
        .client
        .post(anybody.url("/v1/chat/completions"))
        .header("authorization", format!("Bearer {KEY}"))
        .header("x-ambidex-task", "classify")
        .body(chat(CODE).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(reply.headers()["x-ambidex-route"], "here");
    reply.bytes().await.unwrap();
    anybody.stop().await;

    let trusted = proxy(&upstream, TaskHints::Trusted).await;
    assert_eq!(decided(&trusted, &hinted(SUMMARY, "code")).await, pair("code", "hard"));
    trusted.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_policy_settle_the_task() {
    let upstream = cloud().await;
    let proxy = proxy(&upstream, TaskHints::Narrow).await;
    let prompt = "Please make the Weekly Digest of the mails below.";
    assert_eq!(decided(&proxy, &chat(prompt)).await, pair("summarize", "here"));
    let prompt = "Summarize the following ABAP report.";
    assert_eq!(decided(&proxy, &chat(prompt)).await, pair("code", "hard"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_prompt_and_earlier_turns_count() {
    let upstream = cloud().await;
    let proxy = proxy(&upstream, TaskHints::Narrow).await;
    let said = |turns: &[(&str, &str)]| {
        let turns = turns.iter().map(|(role, text)| json!({ "role": role, "content": text }));
        json!({ "model": "auto", "messages": turns.collect::<Vec<_>>() })
    };
    let labels = "You classify support tickets. Reply with one of: billing, shipping, technical.";
    let ticket = "My parcel has not arrived after ten days.";
    let body = said(&[("system", labels), ("user", ticket)]);
    assert_eq!(decided(&proxy, &body).await, pair("classify", "here"));
    let thanks = said(&[("user", SUMMARY), ("assistant", "It rose."), ("user", "thanks")]);
    assert_eq!(decided(&proxy, &thanks).await, pair("summarize", "here"));
    let harder = said(&[("user", SUMMARY), ("assistant", "It rose."), ("user", CODE)]);
    assert_eq!(decided(&proxy, &harder).await, pair("code", "hard"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_whether_a_text_fits_are_known_before_the_decision() {
    let upstream = cloud().await;
    // The local model is asked about, but not used, by the first route.
    let policy = "version: 1\nname: fits\nowner: nobody\nrestricted_may_reach: { zones: any, why: tested elsewhere }\nroutes:\n  \
        - { id: chinese, when: { lang: { is: zh } }, use: [cloud] }\n  \
        - { id: readable, when: { local.unk_ratio: { below: 0.2 }, local.fits: { is: true } }, use: [cloud] }\n  \
        - { id: other, use: [cloud, local] }\notherwise: { refuse: { status: 403, say: \"No: {reasons}\" } }\n";
    let proxy = Proxy::with_policy(&upstream, policy).await;
    assert_eq!(decided(&proxy, &chat("Write a poem about the sea")).await.1, "readable");
    assert_eq!(decided(&proxy, &chat("写一首关于大海的诗")).await.1, "chinese");
    let long = "the sea rose and fell again ".repeat(4000);
    assert_eq!(decided(&proxy, &chat(&long)).await.1, "other");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_no_longer_than_their_task_allows() {
    let upstream = cloud().await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, ROUTES).unwrap();
        settings.policy = PolicySource::File(path);
        let mut templates = Templates::default();
        let words = Some("Summarize: {text}".to_owned());
        templates
            .set(Task::Summarize, Template { words, output_max: Some(Tokens(2)), parts_max: None });
        settings.local_prompts = templates;
    })
    .await;
    let mut body = chat(SUMMARY);
    body["min_tokens"] = json!(2);
    let reply = proxy.send(&body).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    assert!(reply.json()["usage"]["completion_tokens"].as_u64().unwrap() <= 2);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_may_bring_its_own_weights() {
    let examples: Vec<Example> = (0..400)
        .map(|number| {
            let (task, verb) = if number % 2 == 0 {
                (Task::Summarize, "frobnicate")
            } else {
                (Task::Code, "defrob")
            };
            Example {
                system: String::new(),
                text: format!("{verb} item {} now", number % 7),
                lang: Lang::En,
                has_images: false,
                has_tools: false,
                task,
                source: format!("team {}", number % 4),
            }
        })
        .collect();
    let weights = train(&examples, Training::default()).unwrap().model.to_bytes();
    let upstream = cloud().await;
    let proxy = Proxy::with(&upstream, move |settings, folder| {
        let (policy, model) = (folder.path().join("policy.yaml"), folder.path().join("tasks.bin"));
        std::fs::write(&policy, ROUTES).unwrap();
        std::fs::write(&model, weights).unwrap();
        settings.policy = PolicySource::File(policy);
        settings.inspection.task_model = Some(model);
    })
    .await;
    assert_eq!(decided(&proxy, &chat("frobnicate item 3 now")).await, pair("summarize", "here"));
    assert_eq!(decided(&proxy, &chat("defrob item 3 now")).await, pair("code", "hard"));
    proxy.stop().await;
}

#[test]
fn the_configuration_says_how_the_local_model_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ambidex.yaml");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        config::load(Some(&path))
    };
    let settings = read(
        "local_prompts:\n  summarize: { template: \"In short:\\n\\n{text}\", output_tokens_max: 90 }\n\
         inspection: { task_model: tasks.bin }\n",
    )
    .unwrap();
    assert_eq!(settings.local_prompts.output_max(Task::Summarize), Some(Tokens(90)));
    assert_eq!(settings.inspection.task_model, Some(folder.path().join("tasks.bin")));
    let error = read("local_prompts: { summarise: { template: \"{text}\" } }\n").unwrap_err();
    assert!(error.to_string().contains("summarize"), "{error}");
    let error = read("local_prompts: { summarize: { template: In short }}\n").unwrap_err();
    assert!(error.to_string().contains("{text}"), "{error}");
}
