//! What a policy takes out of answers, over HTTP: either dialect, whole and streamed, from another
//! provider and from the local model; its own kinds of values; and placeholders over turns.

use ambidex::config::{PolicySource, TargetKind};
use ambidex::upstream::provider;
use serde_json::{Value, json};

use crate::policies::ambidex;
use crate::support::{Proxy, Say, Upstream, answer, events};
use crate::surfaces::{ask, message, placeholder, said, saying, text_of};

const SURFACES: [&str; 2] = ["/v1/messages", "/v1/chat/completions"];

/// What an upstream says, in pieces that cut its values.
const WORDS: [&str; 9] = [
    "The ca",
    "rd is 4111 11",
    "11 1111 1",
    "111, code PX-",
    "2041, pass",
    "word: Kx9#",
    "mQ2!v",
    "T8z",
    " and bye.",
];
/// What a caller may read of it.
const SHOWN: &str = "The card is [CARD], code [TERM], password: [SECRET] and bye.";

/// A policy that takes these kinds out of answers, with kinds of its own.
fn policy(patterns: &str, answers: &str, rules: &str) -> String {
    format!(
        "version: 1\nname: guarded\nowner: nobody\nrestricted_may_reach: {{ zones: any, why: tested elsewhere }}\ndetect:\n  packs: [all]\n  \
         labels: {{ acme.project_code: restricted, acme.word: internal }}\n  \
         patterns: {patterns}\n  answers: {answers}\n{rules}"
    )
}

const CODES: &str = "[{ name: code, pattern: 'PX-\\d{4}', label: acme.project_code }]";
const TAKEN: &str = "[financial.*, secret.*, acme.*]";

fn to(target: &str) -> String {
    format!("routes:\n  - {{ id: all, use: [{target}] }}\n")
}

async fn gateway(upstream: &Upstream, named: &str, policy: &str) -> Proxy {
    let provider = provider::named(named).unwrap();
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, policy).unwrap();
        settings.policy = PolicySource::File(path);
        for target in &mut settings.targets {
            if let TargetKind::Remote(remote) = &mut target.kind {
                remote.provider = provider;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_taken_out_of_remote_answers_in_either_dialect() {
    let policy = policy(CODES, TAKEN, &to("cloud"));
    for provider in ["anthropic", "openai"] {
        for stream in [false, true] {
            let upstream = Upstream::script([match (provider, stream) {
                ("anthropic", false) => Say::Whole(200, said(&WORDS.concat())),
                ("anthropic", true) => Say::Events(saying(&WORDS)),
                (_, false) => Say::Whole(200, answer(&WORDS.concat(), 1000, 200)),
                (_, true) => Say::Events(events(&WORDS, Some((1000, 200)))),
            }])
            .await;
            let proxy = gateway(&upstream, provider, &policy).await;
            for path in SURFACES {
                let mut body = message("Tell me.");
                body["stream"] = stream.into();
                let reply = ask(&proxy, path, &body).await;
                let case = format!("{path} at {provider}, stream {stream}: {}", reply.text());
                assert_eq!((reply.status, text_of(&reply).as_str()), (200, SHOWN), "{case}");
                for value in ["4111", "PX-2041", "Kx9", "T8z"] {
                    assert!(!reply.text().contains(value), "{value}: {case}");
                }
            }
            proxy.stop().await;
        }
    }
}

/// The arguments of a tool's call, of either dialect, whole or streamed.
fn arguments_of(text: &str) -> String {
    let parts: Vec<Value> = if text.starts_with('{') {
        vec![serde_json::from_str(text).unwrap()]
    } else {
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    };
    let places = [
        "/choices/0/message/tool_calls/0/function/arguments",
        "/choices/0/delta/tool_calls/0/function/arguments",
        "/delta/partial_json",
    ];
    let whole = parts.iter().find_map(|data| data.pointer("/content/0/input"));
    let found = parts.iter().flat_map(|data| places.map(|place| data.pointer(place)));
    let pieces: String = found.flatten().filter_map(Value::as_str).collect();
    if pieces.is_empty() { whole.unwrap().to_string() } else { pieces }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_taken_out_of_tool_arguments_in_either_dialect() {
    let policy = policy(CODES, TAKEN, &to("cloud"));
    let pieces =
        [r#"{"to": "Ann", "no"#, r#"te": "pay 4111 1111"#, " 1111 1111 for PX-20", r#"41 now"}"#];
    let expected = json!({ "to": "Ann", "note": "pay [CARD] for [TERM] now" });
    let event = |data: Value| {
        let name = data["type"].as_str().map(|name| format!("event: {name}\n")).unwrap_or_default();
        format!("{name}data: {data}\n\n").into_bytes()
    };
    let openai = pieces.iter().enumerate().map(|(index, piece)| {
        let mut call = json!({ "index": 0, "function": { "arguments": piece } });
        if index == 0 {
            call["id"] = "call_1".into();
            call["type"] = "function".into();
            call["function"]["name"] = "pay".into();
        }
        event(json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] }))
    });
    let openai_end = [
        event(json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }] })),
        b"data: [DONE]\n\n".to_vec(),
    ];
    let openai: Vec<Vec<u8>> = openai.chain(openai_end).collect();
    let anthropic_start = [
        event(json!({ "type": "message_start", "message": { "id": "m", "type": "message",
            "role": "assistant", "model": "m", "content": [], "usage": { "input_tokens": 9, "output_tokens": 1 } } })),
        event(json!({ "type": "content_block_start", "index": 0, "content_block":
            { "type": "tool_use", "id": "toolu_1", "name": "pay", "input": {} } })),
    ];
    let deltas = pieces.iter().map(|piece| {
        event(json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "input_json_delta", "partial_json": piece } }))
    });
    let anthropic_end = [
        event(json!({ "type": "content_block_stop", "index": 0 })),
        event(json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" },
            "usage": { "output_tokens": 20 } })),
        event(json!({ "type": "message_stop" })),
    ];
    let anthropic = anthropic_start.into_iter().chain(deltas).chain(anthropic_end).collect();
    for (provider, script) in [("openai", openai), ("anthropic", anthropic)] {
        let upstream = Upstream::script([Say::Events(script)]).await;
        let proxy = gateway(&upstream, provider, &policy).await;
        for path in SURFACES {
            let mut body = message("Pay Ann.");
            body["stream"] = true.into();
            let reply = ask(&proxy, path, &body).await;
            let case = format!("{path} at {provider}: {}", reply.text());
            let arguments: Value = serde_json::from_str(&arguments_of(&reply.text())).expect(&case);
            assert_eq!(arguments, expected, "{case}");
            assert!(!reply.text().contains("4111"), "{case}");
        }
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_taken_out_of_local_answers_in_either_dialect() {
    let upstream = Upstream::script([Say::Silence]).await;
    let open = gateway(&upstream, "openai", &policy(CODES, TAKEN, &to("local"))).await;
    let prompt = "Classify this ticket as billing, technical or account: The app crashes.";
    let told = text_of(&ask(&open, SURFACES[0], &message(prompt)).await);
    open.stop().await;
    let word = told.split(|it: char| !it.is_ascii_alphanumeric()).find(|word| word.len() > 3);
    let word = word.expect("the model says a word");

    // Whatever the model says becomes a value of the policy's own.
    let patterns = format!("[{{ name: word, terms: [{word}], label: acme.word }}]");
    let guarded =
        gateway(&upstream, "openai", &policy(&patterns, "[acme.word]", &to("local"))).await;
    for path in SURFACES {
        for stream in [false, true] {
            let mut body = message(prompt);
            body["stream"] = stream.into();
            let reply = ask(&guarded, path, &body).await;
            let case = format!("{path}, stream {stream}: {}", reply.text());
            assert_eq!((reply.status, reply.target()), (200, "local"), "{case}");
            assert_eq!(text_of(&reply), told.replace(word, "[TERM]"), "{case}");
        }
    }
    assert_eq!(upstream.connections(), 0);
    guarded.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_labels_decide_and_are_told_by_name() {
    let rules = format!(
        "limits:\n  - {{ id: codes, why: Codes stay here, \
         when: {{ data.labels: {{ any_of: acme.* }} }}, allow_zones: [on-host] }}\n{}",
        to("cloud, local")
    );
    let policy = policy(CODES, "[]", &rules);
    let upstream = Upstream::script([Say::Whole(200, answer("Yes.", 5, 5))]).await;
    let proxy = gateway(&upstream, "openai", &policy).await;
    let open = ask(&proxy, SURFACES[1], &message("Is it raining?")).await;
    let held = ask(&proxy, SURFACES[1], &message("What is PX-2041 about?")).await;
    assert_eq!((open.target(), held.target()), ("cloud", "local"), "{}", held.text());
    upstream.never_saw("PX-2041");
    let row = proxy.row(held.decision()).await;
    assert_eq!(row.decided.sensitivity, "restricted");
    assert!(format!("{row:?}").contains("acme.project_code"), "{row:?}");
    let counted = proxy.metric("ambidex_findings_total{label=\"acme.project_code\"}").await;
    assert!(counted >= 1.0, "{counted}");

    // And on the command line.
    let folder = proxy.stop().await;
    std::fs::write(folder.path().join("ambidex.yaml"), "policy: policy.yaml\n").unwrap();
    std::fs::write(folder.path().join("text.txt"), "Project PX-2041 starts.").unwrap();
    // Without `--config`, it is the configuration that stands here.
    let shown = ambidex(folder.path(), &["inspect", "text.txt"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("«PX-2041»[acme.project_code]"), "{shown}");
    assert!(shown.contains("restricted"), "{shown}");
}

const EMAIL: &str = "jane.roe@contoso.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_of_an_earlier_turn_is_known_in_the_next() {
    let rules = format!(
        "limits:\n  - {{ id: contacts, why: Contacts leave masked, \
         when: {{ data.labels: {{ any_of: contact.* }} }}, mask: {{ labels: contact.* }} }}\n{}",
        to("cloud")
    );
    let policy = policy("[]", "[]", &rules);
    for provider in ["openai", "anthropic"] {
        let say = |text: &str| match provider {
            "openai" => Say::Whole(200, answer(text, 5, 5)),
            _ => Say::Whole(200, said(text)),
        };
        let upstream = Upstream::script([say("Noted.")]).await;
        let proxy = gateway(&upstream, provider, &policy).await;
        let first = format!("Write to {EMAIL}");
        ask(&proxy, SURFACES[1], &message(&first)).await;
        let token = placeholder(&upstream.seen()[0].body);
        let token = token.as_str();

        // The earlier answer comes back as it was restored, and, as some clients keep it, as it
        // was before that: the provider reads the same placeholder in all places.
        upstream.then(say(&format!("Again: {token}")));
        let mut body = message(&first);
        body["messages"] = json!([
            { "role": "user", "content": first },
            { "role": "assistant", "content": format!("I wrote to {EMAIL}, that is {token}.") },
            { "role": "user", "content": format!("And once more to {token}?") },
        ]);
        let reply = ask(&proxy, SURFACES[1], &body).await;
        let sent = String::from_utf8_lossy(&upstream.seen()[1].body).into_owned();
        assert_eq!(sent.matches(token).count(), 4, "{sent}");
        assert_eq!(sent.matches("[EMAIL_").count(), 4, "{sent}");
        upstream.never_saw("contoso");
        assert_eq!(text_of(&reply), format!("Again: {EMAIL}"));
        proxy.stop().await;
    }
}
