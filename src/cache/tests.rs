//! What is kept, for whom and how long.

use super::*;
use crate::caller::{Anonymous, CallerSettings, Callers};
use crate::inspect::{Findings, Task, TaskGuess};
use crate::policy::{self, Policy, Scenario, TargetWords, World};
use crate::secret::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_mins(1);

fn rules() -> Rules {
    Rules { kept_for: MINUTE, answers_max: 3, bytes_max: 100, ..Rules::default() }
}

fn answer(bytes: usize, at: Instant) -> Kept {
    Kept {
        told: Told::Whole(Bytes::from(vec![b'x'; bytes])),
        decision: "d1".to_owned(),
        caller: "bot".to_owned(),
        target: TargetId(0),
        worth: NanoUsd::ZERO,
        at,
    }
}

fn request(surface: Surface, body: &Value) -> Request {
    dialect::of(surface).read(body.to_string().into()).unwrap()
}

fn chat(more: &Value) -> Request {
    let mut body = json!({ "model": "auto", "messages": [{ "role": "user", "content": "Hello" }] });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    request(Surface::OpenAiChat, &body)
}

#[test]
fn requests_with_one_answer_are_told_from_the_others() {
    let takes = |request: &Request| Rules::default().takes(request, Level::Internal);
    for more in
        [json!({ "temperature": 0 }), json!({ "seed": 7 }), json!({ "temperature": 0.0, "n": 2 })]
    {
        assert!(takes(&chat(&more)), "{more}");
    }
    let image = json!([{ "type": "image_url", "image_url": { "url": "https://a.example/1.png" } }]);
    for more in [
        json!({}),
        json!({ "temperature": 0.1 }),
        json!({ "temperature": 0, "tools": [{ "type": "function", "function": { "name": "pay" } }] }),
        json!({ "temperature": 0, "messages": [{ "role": "user", "content": image }] }),
    ] {
        assert!(!takes(&chat(&more)), "{more}");
    }
    let vectors = json!({ "model": "m", "input": "Hello" });
    assert!(takes(&request(Surface::OpenAiEmbeddings, &vectors)));
    let later =
        json!({ "model": "m", "input": "Go on", "temperature": 0, "previous_response_id": "r1" });
    assert!(!takes(&request(Surface::OpenAiResponses, &later)));
    let all = Rules { requests: Repeatable::All, ..Rules::default() };
    assert!(all.takes(&chat(&json!({})), Level::Internal));
    assert!(!all.takes(&request(Surface::OpenAiResponses, &later), Level::Internal));
}

#[test]
fn restricted_answers_are_never_kept() {
    let settled = chat(&json!({ "temperature": 0 }));
    let rules = Rules { sensitivity_max: Level::Restricted, ..Rules::default() };
    assert!(!rules.takes(&settled, Level::Restricted), "not even if the rules are wrong");
    assert!(rules.takes(&settled, Level::Confidential));
    let rules = Rules { sensitivity_max: Level::Internal, ..Rules::default() };
    assert!(!rules.takes(&settled, Level::Confidential));
}

#[test]
fn answers_age_and_make_room() {
    let now = clock::instant();
    let mut table = Table::new(rules());
    table.insert([1; 32], answer(10, now));
    assert_eq!(table.find(&[1; 32], now + MINUTE / 2).unwrap().told.bytes().len(), 10);
    assert!(table.find(&[1; 32], now + MINUTE).is_none(), "too old");
    for key in 2..=5 {
        table.insert([key; 32], answer(10, now + Duration::from_secs(key.into())));
    }
    assert!(table.find(&[2; 32], now).is_none(), "a fourth had to make room");
    assert!(table.find(&[3; 32], now).is_some());
    table.insert([6; 32], answer(90, now + Duration::from_secs(6)));
    assert_eq!(table.standing(now), Standing { answers: 2, bytes: 100, aged: 1, displaced: 3 });
    // One key holds one answer, however often it is asked for.
    for second in 7..50 {
        table.insert([6; 32], answer(20, now + Duration::from_secs(second)));
    }
    assert_eq!(table.standing(now), Standing { answers: 2, bytes: 30, aged: 1, displaced: 3 });
    assert_eq!(table.standing(now + MINUTE * 2).answers, 0);
    assert_eq!(table.standing(now + MINUTE * 2).bytes, 0);
}

proptest! {
    /// Whatever is kept and however old it becomes, the bounds hold.
    #[test]
    fn bounds_hold(steps in proptest::collection::vec((any::<u8>(), 0_usize..60, 0_u64..90), 1..60)) {
        let mut table = Table::new(rules());
        let mut now = clock::instant();
        for (key, bytes, seconds) in steps {
            now += Duration::from_secs(seconds);
            table.insert([key; 32], answer(bytes, now));
            let standing = table.standing(now);
            prop_assert!(standing.answers <= 3 && standing.bytes <= 100);
        }
    }
}

/// The key of a chat request by this caller of this team, under a policy and at a level, decided with the
/// task that inspection found.
fn key_of(
    (name, team): (&str, &str),
    policy: &str,
    level: Level,
    request: &Request,
    (secret, task): (u8, Task),
) -> Digest {
    let api_key = Secret::new("a key".to_owned());
    let settings = CallerSettings::with_key(name, team, &api_key);
    let callers = Callers::new(vec![settings], &[], Anonymous::Never);
    let admitted = callers.identify(Some(&api_key), clock::now()).unwrap();
    let targets = vec![TargetWords::new("local", "on-host"), TargetWords::new("cloud", "eu")];
    let world = World { targets, ..World::default() };
    let policy = Policy::compile_unproved("policy.yaml", policy, &world).unwrap();
    let mut decision = policy::evaluate(&policy, &Scenario::ordinary(&policy).facts());
    decision.sensitivity = level;
    let guess = TaskGuess { task, confidence: 1.0, runner_up: Task::Unknown };
    let findings = Findings { task: Some(guess), ..Findings::default() };
    let asked = Asked {
        caller: &admitted.caller,
        request,
        findings: &findings,
        policy: &policy,
        decision: &decision,
        freshness: Freshness::Any,
    };
    key::of(&[secret; 32], &asked).unwrap()
}

#[test]
fn everything_that_an_answer_depends_on_is_in_its_key() {
    const POLICY: &str = "version: 1\nname: a\nroutes: [{ id: all, use: [local, cloud] }]\n";
    let me = ("bot", "support");
    let asked = chat(&json!({ "temperature": 0 }));
    let (level, how) = (Level::Internal, (1, Task::Chat));
    let mine = key_of(me, POLICY, level, &asked, how);
    assert_eq!(mine, key_of(me, POLICY, level, &asked, how), "the same comes to the same");
    let spread: Value = serde_json::from_slice(asked.body()).unwrap();
    let spread = Bytes::from(serde_json::to_string_pretty(&spread).unwrap());
    let spread = dialect::of(Surface::OpenAiChat).read(spread).unwrap();
    assert_eq!(mine, key_of(me, POLICY, level, &spread, how), "blanks say nothing");
    let elsewhere = POLICY.replace("[local, cloud]", "[cloud, local]");
    let renamed = POLICY.replace("id: all", "id: every");
    let limited =
        format!("{POLICY}limits: [{{ id: masks, why: because, mask: contact.email_address }}]\n");
    let messages = json!({ "model": "auto", "max_tokens": 9, "temperature": 0,
        "messages": [{ "role": "user", "content": "Hello" }] });
    let others = [
        ("caller", key_of(("bot2", "support"), POLICY, level, &asked, how)),
        ("team", key_of(("bot", "sales"), POLICY, level, &asked, how)),
        ("level", key_of(me, POLICY, Level::Confidential, &asked, how)),
        ("task", key_of(me, POLICY, level, &asked, (1, Task::Code))),
        ("secret", key_of(me, POLICY, level, &asked, (2, Task::Chat))),
        ("policy", key_of(me, &POLICY.replace("name: a", "name: b"), level, &asked, how)),
        ("target", key_of(me, &elsewhere, level, &asked, how)),
        ("route", key_of(me, &renamed, level, &asked, how)),
        ("limit", key_of(me, &limited, level, &asked, how)),
        (
            "interface",
            key_of(me, POLICY, level, &request(Surface::AnthropicMessages, &messages), how),
        ),
        (
            "model",
            key_of(me, POLICY, level, &chat(&json!({ "temperature": 0, "model": "m" })), how),
        ),
        ("field", key_of(me, POLICY, level, &chat(&json!({ "temperature": 0, "user": "u" })), how)),
        (
            "stream",
            key_of(me, POLICY, level, &chat(&json!({ "temperature": 0, "stream": true })), how),
        ),
    ];
    let mut seen = vec![("first", mine)];
    for (name, key) in others {
        let same = seen.iter().find(|(_, other)| *other == key);
        assert!(same.is_none(), "{name} and {:?} share a key", same.map(|it| it.0));
        seen.push((name, key));
    }
}
