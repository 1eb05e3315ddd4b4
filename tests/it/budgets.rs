//! Money is promised before it is spent.

use ambidex::caller::CallerSettings;
use ambidex::config::{PolicySource, TargetKind, TargetSettings};
use ambidex::money::NanoUsd;
use ambidex::route::price::{Kind as Sold, Price};
use ambidex::secret::Secret;

use crate::support::{Proxy, Say, Upstream, answer, chat, events};

const OPEN: &str = "Write a poem about the sea";

/// One request may cost up to `20` answer tokens and as many prompt tokens as its body has bytes.
fn policy(limit_usd: &str, over_budget: &str) -> String {
    format!(
        r#"
version: 1
name: tight
owner: finance
restricted_may_reach: {{ zones: any, why: tested elsewhere }}
budgets:
  - {{ name: pot, window: month, limit_usd: {limit_usd} }}
limits:
  - id: pot-empty
    why: "The pot is empty: no paid calls"
    when: {{ budget.pot.used: {{ at_least: 100% }} }}
    max_cost_usd: 0
routes:
  - id: all
    use: [{over_budget}]
otherwise: {{ refuse: {{ status: 403, say: "No permitted model can answer this: {{reasons}}" }} }}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn over_budget_means_local_if_the_policy_says_so() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    // 200 × 0.15 + 5 × 0.60 = 33 millionths of a dollar; the pot holds three such answers.
    let proxy = Proxy::with_policy(&upstream, &policy("0.000100", "cloud, local")).await;
    let mut targets = Vec::new();
    for _ in 0..5 {
        targets.push(proxy.send(&chat(OPEN)).await.target().to_owned());
    }
    assert_eq!(targets, ["cloud", "cloud", "cloud", "local", "local"]);
    assert_eq!(proxy.spent("pot"), NanoUsd::new(99_000));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_budget_is_refused_with_the_numbers_if_the_policy_knows_no_other_way() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    let proxy = Proxy::with_policy(&upstream, &policy("0.000040", "cloud")).await;
    assert_eq!(proxy.send(&chat(OPEN)).await.status, 200);
    let refused = proxy.send(&chat(OPEN)).await;
    assert_eq!((refused.status, refused.code().as_str()), (402, "budget_exceeded"));
    assert_eq!(refused.header("x-should-retry"), "false", "an SDK must not try again by itself");
    let message = refused.json()["error"]["message"].to_string();
    assert!(
        message.contains("The pot is empty") && message.contains("$0.000033 spent"),
        "{message}"
    );
    for part in ["$0.00 reserved", "of $0.00004", "does not fit before 20"] {
        assert!(message.contains(part), "`{part}` is missing: {message}");
    }
    assert_eq!(upstream.seen().len(), 1);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_cannot_overdraw() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let body = chat(OPEN);
    // What one request reserves: its body's bytes as prompt tokens, and 20 answer tokens.
    let bytes = i128::try_from(body.to_string().len()).unwrap();
    let reserved = NanoUsd::new(bytes * 150 + 20 * 600);
    let three_and_a_bit = NanoUsd::new(reserved.nanos() * 3 + 1);
    let proxy = Proxy::with_policy(&upstream, &policy(&three_and_a_bit.to_string(), "cloud")).await;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(24));
    let (proxy, body) = (std::sync::Arc::new(proxy), body.to_string().into_bytes());
    let sending = (0..24).map(|_| {
        let (proxy, body, barrier) = (proxy.clone(), body.clone(), barrier.clone());
        tokio::task::spawn(async move {
            barrier.wait().await;
            let status = proxy.send_raw(body).await.status;
            let pots = proxy.gateway.app.budgets.snapshot(ambidex::clock::now()).pots;
            let fits = pots.iter().all(|pot| pot.standing.used() <= pot.standing.limit);
            (status, fits)
        })
    });
    let mut answered = 0;
    for sent in sending.collect::<Vec<_>>() {
        let (status, fits) = sent.await.unwrap();
        assert!(fits, "more is promised than there is");
        answered += i32::from(status == 200);
    }
    // An answer costs less than it reserved, so a few more than three fit one after the other.
    let spent = proxy.spent("pot");
    assert_eq!(spent, NanoUsd::new(27_000 * i128::from(answered)));
    assert!(spent <= three_and_a_bit && (3..=6).contains(&answered), "{answered} were answered");
    assert_eq!(upstream.seen().len(), usize::try_from(answered).unwrap());
    std::sync::Arc::into_inner(proxy).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_came_gives_the_money_back() {
    for say in [Say::Whole(500, "{}".to_owned()), Say::Whole(400, "{}".to_owned())] {
        let upstream = Upstream::script([say]).await;
        let proxy = Proxy::with_policy(&upstream, &policy("1.00", "cloud")).await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert!(reply.status >= 400);
        proxy.row(reply.decision()).await;
        assert_eq!((proxy.spent("pot"), proxy.reserved()), (NanoUsd::ZERO, NanoUsd::ZERO));
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_upstream_costs_nothing_and_says_so() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, policy("1.00", "cloud")).unwrap();
        settings.policy = ambidex::config::PolicySource::File(path);
        if let ambidex::config::TargetKind::Remote(remote) = &mut settings.targets[1].kind {
            // Nothing listens on the discard port.
            "http://127.0.0.1:9/v1".clone_into(&mut remote.base_url);
        }
    })
    .await;
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"));
    assert_eq!(proxy.spent("pot"), NanoUsd::ZERO);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_of_its_own_is_a_targets_own() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        let policy = policy("1", "cloud").replace("use: [cloud]", "use: [cloud, contract]");
        std::fs::write(&path, policy).unwrap();
        settings.policy = PolicySource::File(path);
        let cloud = settings.targets.iter().find(|it| it.name == "cloud").unwrap().clone();
        let price = Some(Price::flat(0, 0));
        settings.targets.push(TargetSettings { name: "contract".to_owned(), price, ..cloud });
    })
    .await;
    assert_eq!(proxy.send(&chat(OPEN)).await.target(), "cloud");
    assert_eq!(proxy.spent("pot"), NanoUsd::new(33_000), "the book's price, not the contract's");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_price_is_not_bought_from_a_hard_budget() {
    for (firmness, price, status) in [
        ("false", None, 402),
        ("true", None, 200),
        ("false", Some(Price::flat(0, 0)), 200),
        ("false", Some(Price::flat(1_000_000_000, 0)), 402),
    ] {
        let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
        let policy =
            policy("0.000100", "cloud").replace("0.000100", &format!("0.000100, soft: {firmness}"));
        let proxy = Proxy::with(&upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, &policy).unwrap();
            settings.policy = PolicySource::File(path);
            let cloud = settings.targets.iter_mut().find(|it| it.name == "cloud").unwrap();
            cloud.price = price.clone();
            let TargetKind::Remote(remote) = &mut cloud.kind else { panic!("cloud is remote") };
            "our-own-model".clone_into(&mut remote.model);
        })
        .await;
        let reply = proxy.send(&chat(OPEN)).await;
        assert_eq!(reply.status, status, "soft: {firmness}, {price:?}: {}", reply.json());
        assert_eq!(upstream.seen().len(), usize::from(status == 200));
        if price.is_none() && status == 402 {
            let said = reply.json()["error"]["message"].to_string();
            assert!(said.contains("no known price"), "{said}");
        }
        proxy.stop().await;
    }
}

async fn asked(proxy: &Proxy, key: &str, body: &serde_json::Value) -> crate::support::Reply {
    let sent = proxy
        .client
        .post(proxy.url("/v1/chat/completions"))
        .header("authorization", format!("Bearer {}", crate::support::KEY))
        .header("idempotency-key", key)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let (status, headers) = (sent.status().as_u16(), sent.headers().clone());
    let body = sent.bytes().await.unwrap().to_vec();
    crate::support::Reply { status, headers, body }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_under_the_same_key_pays_once_and_gets_the_same_answer() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    let proxy = Proxy::with_policy(&upstream, &policy("1.00", "cloud")).await;
    let first = asked(&proxy, "k1", &chat(OPEN)).await;
    let again = asked(&proxy, "k1", &chat(OPEN)).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(
        (first.body, first.headers["x-ambidex-decision"].clone()),
        (again.body, again.headers["x-ambidex-decision"].clone())
    );
    assert_eq!(again.headers["x-ambidex-replayed"], "true");
    assert_eq!((upstream.seen().len(), proxy.spent("pot")), (1, NanoUsd::new(33_000)));
    let other = asked(&proxy, "k1", &chat("Write a poem about a hill")).await;
    assert_eq!((other.status, other.code().as_str()), (409, "idempotency_conflict"));
    assert_eq!(other.header("x-should-retry"), "false");
    // A stream is not given again, and not bought again.
    upstream.then(Say::Events(events(&["x"], Some((200, 5)))));
    let stream = asked(&proxy, "k2", &crate::support::streamed(OPEN)).await;
    assert_eq!(stream.status, 200);
    proxy.rows().await;
    let gone = asked(&proxy, "k2", &crate::support::streamed(OPEN)).await;
    assert_eq!((gone.status, upstream.seen().len()), (409, 2));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_runs_a_second_one_under_its_key_waits_outside() {
    let upstream = Upstream::script([Say::Silence, Say::Whole(200, answer("x", 200, 5))]).await;
    let proxy = std::sync::Arc::new(Proxy::with_policy(&upstream, &policy("1.00", "cloud")).await);
    let hanging = tokio::task::spawn({
        let proxy = std::sync::Arc::clone(&proxy);
        async move { asked(&proxy, "k1", &chat(OPEN)).await }
    });
    crate::support::eventually("the first one under way", || async {
        (upstream.seen().len() == 1).then_some(())
    })
    .await;
    let second = asked(&proxy, "k1", &chat(OPEN)).await;
    assert_eq!((second.status, second.code().as_str()), (409, "idempotency_conflict"));
    assert!(!second.header("retry-after").is_empty(), "it will be answered before long");
    assert_eq!(upstream.seen().len(), 1);
    // The first client leaves; nobody was answered, so the key is free again.
    hanging.abort();
    let _aborted = hanging.await;
    crate::support::eventually("an answer under the same key", || async {
        (asked(&proxy, "k1", &chat(OPEN)).await.status == 200).then_some(())
    })
    .await;
    std::sync::Arc::into_inner(proxy).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_window_counts_what_a_restart_finds_in_the_ledger() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    let rolling = policy("0.000100", "cloud").replace("window: month", "window: rolling_hour");
    let start = |folder| {
        let rolling = rolling.clone();
        let upstream = upstream.clone();
        async move {
            let mut settings = crate::support::settings(&upstream, &folder);
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, rolling).unwrap();
            settings.policy = PolicySource::File(path);
            Proxy::of(&settings, folder).await
        }
    };
    let proxy = start(tempfile::tempdir().unwrap()).await;
    assert_eq!(proxy.send(&chat(OPEN)).await.status, 200);
    let folder = proxy.stop().await;
    let proxy = start(folder).await;
    assert_eq!(proxy.spent("pot"), NanoUsd::new(33_000));
    let statuses = [
        proxy.send(&chat(OPEN)).await.status,
        proxy.send(&chat(OPEN)).await.status,
        proxy.send(&chat(OPEN)).await.status,
    ];
    assert_eq!(statuses, [200, 200, 402]);
    proxy.stop().await;
}

/// A gateway whose callers have these names and teams; each one's key is its name.
async fn with_callers(upstream: &Upstream, policy: String, names: &[(&str, &str)]) -> Proxy {
    let callers: Vec<CallerSettings> = names
        .iter()
        .map(|(name, team)| {
            let key = Secret::new(format!("{name}-key-of-the-test"));
            CallerSettings::with_key(name, team, &key)
        })
        .collect();
    Proxy::with(upstream, move |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, &policy).unwrap();
        settings.policy = PolicySource::File(path);
        settings.callers.clone_from(&callers);
    })
    .await
}

async fn status_for(proxy: &Proxy, caller: &str) -> u16 {
    let sent = crate::support::client()
        .post(proxy.url("/v1/chat/completions"))
        .bearer_auth(format!("{caller}-key-of-the-test"))
        .header("content-type", "application/json")
        .body(chat(OPEN).to_string())
        .send()
        .await
        .unwrap();
    sent.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_gives_each_key_a_budget_and_who_fits_none_has_the_default() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    // An answer costs 33 millionths of a dollar: three of them for each key of the data teams together,
    // one for the rest, and whatever it likes for who may do anything.
    let budgets = "budgets:
  - { name: data, per: caller.key, match: { caller.team: data-* }, window: month, limit_usd: 0.000100 }
  - { name: free, per: caller.key, match: { caller.id: [boss, vip-*] }, window: month, limit_usd: 100 }
  - { name: others, per: caller.key, match: rest, window: month, limit_usd: 0.000040 }
routes:
  - { id: all, use: [cloud] }
otherwise: { refuse: { status: 403, say: 'no: {reasons}' } }
";
    let policy = format!(
        "version: 1\nname: chosen\nowner: finance\nrestricted_may_reach: {{ zones: any, why: tested elsewhere }}\n{budgets}"
    );
    let names = [("lab-1", "data-lab"), ("lab-2", "data-lab"), ("boss", "board"), ("new", "sales")];
    let proxy = with_callers(&upstream, policy, &names).await;
    for (caller, answers) in [("lab-1", 3), ("lab-2", 3), ("new", 1)] {
        for number in 0..answers {
            assert_eq!(status_for(&proxy, caller).await, 200, "{caller} {number}");
        }
        assert_eq!(status_for(&proxy, caller).await, 402, "{caller} has nothing left");
    }
    for _ in 0..6 {
        assert_eq!(status_for(&proxy, "boss").await, 200, "no other budget counts this one");
    }
    let pots = proxy.gateway.app.budgets.snapshot(ambidex::clock::now()).pots;
    let pots: Vec<_> = pots
        .iter()
        .map(|pot| (pot.budget.as_str(), pot.subject.as_str(), pot.standing.spent.nanos()))
        .collect();
    assert_eq!(
        pots,
        [
            ("data", "lab-1", 99_000),
            ("data", "lab-2", 99_000),
            ("free", "boss", 198_000),
            ("others", "new", 33_000)
        ]
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_means_the_same_requests_after_a_restart() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 5))]).await;
    let policy = policy("0.000100", "cloud")
        .replace("window: month", "per: everyone, match: { caller.team: sup* }, window: month");
    let start = |folder| {
        let (policy, upstream) = (policy.clone(), upstream.clone());
        async move {
            let mut settings = crate::support::settings(&upstream, &folder);
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, policy).unwrap();
            settings.policy = PolicySource::File(path);
            let key = Secret::new("other-key-of-the-test".to_owned());
            settings.callers.push(CallerSettings::with_key("other", "legal", &key));
            Proxy::of(&settings, folder).await
        }
    };
    let proxy = start(tempfile::tempdir().unwrap()).await;
    assert_eq!(proxy.send(&chat(OPEN)).await.status, 200);
    assert_eq!(status_for(&proxy, "other").await, 200);
    assert_eq!(proxy.spent("pot"), NanoUsd::new(33_000));
    let proxy = start(proxy.stop().await).await;
    assert_eq!(proxy.spent("pot"), NanoUsd::new(33_000), "another team's answer does not count");
    proxy.stop().await;
}

/// What a request of 200 prompt and 5 answer tokens cost, treated at this tier.
async fn cost_at(asked: Option<&str>, told: &str) -> Result<NanoUsd, u16> {
    let whole = answer("x", 200, 5).replacen('{', &format!("{{\"service_tier\":\"{told}\","), 1);
    let upstream = Upstream::script([Say::Whole(200, whole)]).await;
    let proxy = Proxy::with_policy(&upstream, &policy("1", "cloud")).await;
    let mut body = chat(OPEN);
    if let Some(asked) = asked {
        body["service_tier"] = asked.into();
    }
    let reply = proxy.send(&body).await;
    let seen = upstream.seen().len();
    let cost = if reply.status == 200 {
        Ok(proxy.row(reply.decision()).await.settled.unwrap().cost)
    } else {
        assert_eq!(seen, 0, "it was bought all the same");
        Err(reply.status)
    };
    proxy.stop().await;
    cost
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_tier_has_its_own_price_or_none() {
    assert_eq!(cost_at(None, "default").await, Ok(NanoUsd::new(33_000)));
    assert_eq!(cost_at(Some("flex"), "flex").await, Ok(NanoUsd::new(16_500)));
    // Who asked for a cheaper tier and got the usual one pays the usual price.
    assert_eq!(cost_at(Some("flex"), "default").await, Ok(NanoUsd::new(33_000)));
    // Nobody knows what this tier costs: it is not asked for, and if it comes unasked it is not cheap.
    assert!(cost_at(Some("priority"), "priority").await.is_err());
    let body = i128::try_from(chat(OPEN).to_string().len()).unwrap();
    let reserved = NanoUsd::new(body * 150 + 20 * 600);
    assert_eq!(cost_at(None, "priority").await, Ok(reserved.max(NanoUsd::new(33_000))));
}

/// A response for which the provider searched the web so often.
fn searched(times: usize) -> String {
    let call = serde_json::json!({ "type": "web_search_call", "status": "completed", "action": { "type": "search" } });
    let text = serde_json::json!({ "type": "message", "content": [{ "type": "output_text", "text": "waves" }] });
    let mut output = vec![call; times];
    output.push(text);
    let usage =
        serde_json::json!({ "input_tokens": 1_000, "output_tokens": 5, "total_tokens": 1_005 });
    serde_json::json!({ "object": "response", "status": "completed", "output": output, "usage": usage }).to_string()
}

/// An address of a few bytes can be billed as thousands of tokens, and a file as more than its bytes.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_image_or_a_file_may_be_billed_as_is_promised_before_it_is_sent() {
    let upstream = Upstream::script([Say::Whole(200, answer("a cat", 37_000, 3))]).await;
    let image = serde_json::json!({ "type": "image_url", "image_url": { "url": "https://images.example/a.png" } });
    let file = serde_json::json!({ "type": "file", "file": { "file_id": "file-1" } });
    let sound = serde_json::json!({ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } });
    for (stated, each) in [(None, (40_000, 260_000)), (Some((1_600, 30_000)), (1_600, 30_000))] {
        let proxy = Proxy::with(&upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, policy("1.00", "cloud")).unwrap();
            settings.policy = PolicySource::File(path);
            if let Some((image, file)) = stated {
                settings.targets[1].serves.image_tokens_max = ambidex::money::Tokens(image);
                settings.targets[1].serves.file_tokens_max = ambidex::money::Tokens(file);
            }
        })
        .await;
        for (images, files, sounds) in [(0, 0, 0), (1, 0, 0), (3, 0, 0), (0, 2, 0), (1, 1, 1)] {
            let mut parts = vec![serde_json::json!({ "type": "text", "text": OPEN })];
            parts.extend(std::iter::repeat_n(image.clone(), images));
            parts.extend(std::iter::repeat_n(file.clone(), files));
            parts.extend(std::iter::repeat_n(sound.clone(), sounds));
            let message = serde_json::json!({ "role": "user", "content": parts });
            let body =
                serde_json::json!({ "model": "auto", "max_tokens": 20, "messages": [message] });
            let bytes = i128::try_from(body.to_string().len()).unwrap();
            let reply = proxy.send(&body).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            let row = proxy.row(reply.decision()).await;
            let [images, files] = [images, files].map(|it| i128::try_from(it).unwrap());
            let tokens = bytes + images * each.0 + files * each.1;
            let reserved = NanoUsd::new(tokens * 150 + 20 * 600);
            assert_eq!(row.decided.reserved, reserved, "{images} {files}");
        }
        proxy.stop().await;
    }
}

/// What a search costs, and what it finds becomes prompt: both are set aside before anything is sent.
#[tokio::test(flavor = "multi_thread")]
async fn searches_of_the_web_are_promised_before_they_are_made() {
    let upstream = Upstream::script([Say::Whole(200, searched(2))]).await;
    let start = async |usd: Option<i128>| {
        Proxy::with(&upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, policy("1.00", "cloud")).unwrap();
            settings.policy = PolicySource::File(path);
            if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
                remote.speaks = Some(vec![ambidex::chat::Surface::OpenAiResponses]);
            }
            let rates = usd.map(|usd| (Sold::WebSearch, NanoUsd::new(usd)));
            settings.targets[1].tool_usd = rates.into_iter().collect();
            settings.targets[1].serves.tool_calls_max = 7;
            settings.targets[1].serves.tool_tokens_max = ambidex::money::Tokens(1_000);
        })
        .await
    };
    let ask = async |proxy: &Proxy, more: &serde_json::Value| {
        let mut body =
            serde_json::json!({ "model": "auto", "input": OPEN, "max_output_tokens": 20 });
        for (key, value) in more.as_object().unwrap() {
            body[key.as_str()] = value.clone();
        }
        let body = body.to_string();
        let bytes = i128::try_from(body.len()).unwrap();
        let request =
            proxy.client.post(proxy.url("/v1/responses")).bearer_auth(crate::support::KEY);
        (request.body(body).send().await.unwrap(), bytes)
    };
    let search = serde_json::json!([{ "type": "web_search" }]);
    let proxy = start(Some(10_000_000)).await;
    for (more, searches) in [
        (serde_json::json!({}), 0),
        (serde_json::json!({ "tools": search }), 7),
        (serde_json::json!({ "tools": search, "max_tool_calls": 3 }), 3),
    ] {
        let (reply, bytes) = ask(&proxy, &more).await;
        assert_eq!(reply.status(), 200, "{more}");
        let id = reply.headers()["x-ambidex-decision"].to_str().unwrap().to_owned();
        let row = proxy.row(&id).await;
        let tokens = (bytes + searches * 1_000) * 150 + 20 * 600;
        assert_eq!(row.decided.reserved, NanoUsd::new(tokens + searches * 10_000_000), "{more}");
        let cost = row.settled.unwrap().cost;
        // A thousand tokens at 0.15, five at 0.60 dollars per million, and two searches at a cent.
        assert_eq!(cost, NanoUsd::new(1_000 * 150 + 5 * 600 + 20_000_000), "{more}");
        assert_eq!(cost > row.decided.reserved, searches == 0, "what nobody offered was made");
    }
    proxy.stop().await;
    // Without a price for a search, or for any other tool that the provider runs, no hard budget could hold.
    let proxy = start(None).await;
    assert_eq!(ask(&proxy, &serde_json::json!({})).await.0.status(), 200);
    let sent = upstream.seen().len();
    for tool in ["web_search", "file_search", "code_interpreter", "mcp", "whatever_is_next"] {
        let more = serde_json::json!({ "tools": [{ "type": tool }] });
        assert_eq!(ask(&proxy, &more).await.0.status(), 402, "{tool}");
    }
    assert_eq!(upstream.seen().len(), sent);
    let own = serde_json::json!({ "tools": [{ "type": "custom", "name": "mine" }] });
    assert_eq!(ask(&proxy, &own).await.0.status(), 200, "what the client runs has no fee");
    proxy.stop().await;
}

/// Chat completions do not say whether a tool was used: one use of each that was offered is counted. What a stream
/// that broke off had used by then nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn tools_that_nobody_counts_are_not_free() {
    let said = || events(&["waves"], None);
    let whole = answer("waves", 1_000, 5);
    for (say, more, tools) in [
        (Say::Whole(200, whole.clone()), serde_json::json!({}), Some(0)),
        (Say::Whole(200, whole), serde_json::json!({ "web_search_options": {} }), Some(1)),
        (Say::Cut(said()), serde_json::json!({ "stream": true }), Some(0)),
        (Say::Cut(said()), serde_json::json!({ "stream": true, "web_search_options": {} }), None),
    ] {
        let upstream = Upstream::script([say]).await;
        let proxy = Proxy::with(&upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, policy("1.00", "cloud")).unwrap();
            settings.policy = PolicySource::File(path);
            settings.targets[1].tool_usd = [(Sold::WebSearch, NanoUsd::new(10_000_000))].into();
        })
        .await;
        let mut body = chat(OPEN);
        for (key, value) in more.as_object().unwrap() {
            body[key.as_str()] = value.clone();
        }
        let reply = proxy.send(&body).await;
        let row = proxy.row(reply.decision()).await;
        let cost = row.settled.unwrap().cost;
        match tools {
            Some(tools) => assert_eq!(cost.nanos() / 10_000_000, tools, "{more}: {cost}"),
            None => assert_eq!(cost, row.decided.reserved, "{more}"),
        }
        proxy.stop().await;
    }
}
