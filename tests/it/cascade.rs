//! `verify`: the cheap answer wins only when it deserves to. The real starter model answers here; how
//! sure it is of what is measured first, so that another starter passes, too.

use std::num::NonZeroU32;

use ambidex::cli::report::cascade::cascades;
use ambidex::config::PolicySource;
use ambidex::inspect::Task;
use ambidex::money::NanoUsd;
use ambidex::policy::agreement;
use ambidex::record::report::Period;
use ambidex::record::{LedgerRow, Reader, State};
use serde_json::Value;

use crate::support::{Proxy, Reply, Say, Upstream, answer, chat, events, eventually, streamed};

/// Prompts that a small model is more or less sure of.
const PROMPTS: [&str; 6] = [
    "Classify this ticket as billing, technical or account: The app crashes.",
    "Classify this review as positive or negative: I love it, works great.",
    "Classify this ticket as billing, technical or account: I was charged twice.",
    "Who led the work?\n\nThe bridge in Lisbon was repaired in May. The work was led by Ana Silva.",
    "Translate this to German: the committee postponed its decision",
    "Explain why the monsoon of 1874 mattered to the tea trade",
];

fn policy(threshold: f64, routes: &str) -> String {
    format!(
        "version: 1\nname: cascade\nowner: nobody\nrestricted_may_reach: {{ zones: any, why: tested elsewhere }}\n{routes}routes:\n  - id: cheap\n    use: [local, cloud]\n    \
         verify: {{ of: local, min_token_prob_p10: {threshold:.4}, extractive: false, otherwise: next }}\n\
         otherwise: {{ refuse: {{ status: 403, say: \"No: {{reasons}}\" }} }}\n"
    )
}

async fn proxy(upstream: &Upstream, threshold: f64, limits: &str) -> Proxy {
    let policy = policy(threshold, limits);
    Proxy::with(upstream, move |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, &policy).unwrap();
        settings.policy = PolicySource::File(path);
    })
    .await
}

fn said(reply: &Reply) -> String {
    reply.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

/// The text of a stream of chunks.
fn told(reply: &Reply) -> String {
    let text = reply.text();
    let chunks = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let chunks = chunks.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let words = chunks
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned));
    words.collect()
}

/// The prompts whose answers the starter is surest and least sure of, with a threshold between them.
async fn measured() -> (&'static str, &'static str, f64) {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = proxy(&upstream, 0.0, "").await;
    let mut scores: Vec<(f64, &str)> = Vec::new();
    for prompt in PROMPTS {
        let reply = proxy.send(&chat(prompt)).await;
        let row = proxy.row(reply.decision()).await;
        let verified = row.settled.unwrap().verified.unwrap();
        if verified.verdict == "accepted" {
            scores.push((verified.score, prompt));
        }
    }
    proxy.stop().await;
    scores.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (low, high) = (scores[0], scores[scores.len() - 1]);
    assert!(high.0 - low.0 > 0.02, "the starter is equally sure of everything: {scores:?}");
    (high.1, low.1, f64::midpoint(low.0, high.0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sure_answer_wins_and_an_unsure_one_goes_on() {
    let (sure, unsure, threshold) = measured().await;
    let upstream = Upstream::script([Say::Whole(200, answer("From the cloud.", 20, 5))]).await;
    let proxy = proxy(&upstream, threshold, "").await;

    let local = proxy.send(&chat(sure)).await;
    assert_eq!((local.status, local.target()), (200, "local"), "{}", local.text());
    let row = proxy.row(local.decision()).await.settled.unwrap();
    let verified = row.verified.unwrap();
    assert_eq!(verified.verdict, "accepted");
    assert!(verified.score >= threshold);
    assert!(upstream.seen().is_empty(), "a sure answer stays");

    let remote = proxy.send(&chat(unsure)).await;
    assert_eq!((remote.status, remote.target()), (200, "cloud"), "{}", remote.text());
    assert_eq!(said(&remote), "From the cloud.");
    assert_eq!(upstream.seen().len(), 1);
    // One decision, one row: the local attempt's machine time and the bill stand in it together.
    let row = proxy.row(remote.decision()).await;
    let settled = row.settled.unwrap();
    let verified = settled.verified.unwrap();
    assert_eq!(verified.verdict, "unsure");
    assert!(verified.score < threshold);
    assert_eq!(row.decided.chosen.unwrap().target, "local");
    assert_eq!(settled.answered_by.unwrap().target, "cloud");
    assert!(settled.cost.is_positive());
    assert!(settled.imputed.is_positive(), "the machine worked for nothing, but it worked");
    assert!(!settled.avoided.is_positive(), "nothing was avoided");
    assert_eq!(proxy.rows().await.len(), 2);

    let count = |verdict: &str| {
        format!("ambidex_cascade_answers_total{{route=\"cheap\",verdict=\"{verdict}\"}}")
    };
    for verdict in ["accepted", "unsure"] {
        assert!((proxy.metric(&count(verdict)).await - 1.0).abs() < 1e-9, "{verdict}");
    }
    let scores = proxy.metric("ambidex_cascade_score_count{route=\"cheap\"}").await;
    assert!((scores - 2.0).abs() < 1e-9);
    let attempts = "ambidex_attempts_total{result=\"not_accepted\",target=\"local\"}";
    assert!((proxy.metric(attempts).await - 1.0).abs() < 1e-9);

    // The recorded scores say which threshold would have accepted both.
    let folder = proxy.stop().await;
    let reader = Reader::open(&folder.path().join("ledger.db")).unwrap();
    let period = Period {
        since: "2000-01-01T00:00:00Z".parse().unwrap(),
        until: "2100-01-01T00:00:00Z".parse().unwrap(),
    };
    let it = cascades(&reader.looked_at(period).unwrap(), Some(1.0)).remove(0);
    assert_eq!((it.answers, it.verdicts["accepted"], it.verdicts["unsure"]), (2, 1, 1));
    assert!(it.calibrated.unwrap() <= verified.score);
    assert_eq!(it.at[0].accept_rate.to_bits(), 1.0_f64.to_bits());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_says_one_answer_only() {
    let (sure, unsure, threshold) = measured().await;
    let upstream =
        Upstream::script([Say::Events(events(&["From ", "the ", "cloud."], Some((20, 5))))]).await;
    let proxy = proxy(&upstream, threshold, "").await;
    let whole = proxy.send(&chat(sure)).await;
    let local = proxy.send(&streamed(sure)).await;
    assert_eq!((local.status, local.target()), (200, "local"));
    assert_eq!(told(&local), said(&whole), "the stream tells what was judged");
    assert!(local.text().ends_with("data: [DONE]\n\n"));
    let remote = proxy.send(&streamed(unsure)).await;
    assert_eq!((remote.status, remote.target()), (200, "cloud"), "{}", remote.text());
    assert_eq!(told(&remote), "From the cloud.");
    let row = proxy.row(remote.decision()).await.settled.unwrap();
    assert_eq!(row.verified.unwrap().verdict, "unsure");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsure_answer_is_kept_where_nothing_else_may_answer() {
    const CARD: &str = "4111 1111 1111 1111";
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let limits = "limits:\n  - { id: stays, why: secret, when: { data.labels: { any_of: [financial.*] } }, allow_zones: [on-host] }\n";
    let proxy = proxy(&upstream, 1.0, limits).await;
    let reply = proxy.send(&chat(&format!("Classify as billing or other: card {CARD}"))).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    let row = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(row.verified.unwrap().verdict, "kept");
    upstream.never_saw(CARD);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsure_answer_is_kept_where_the_others_fail() {
    let upstream = Upstream::script([Say::Whole(500, "{}".to_owned())]).await;
    let proxy = proxy(&upstream, 1.0, "").await;
    let reply = proxy.send(&chat(PROMPTS[0])).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    assert_eq!(upstream.seen().len(), 3, "the next target was asked first, and asked again");
    let row = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(row.verified.unwrap().verdict, "kept");
    assert_eq!(proxy.rows().await.len(), 1);
    proxy.stop().await;
}

/// A server in the zone of this machine cannot be looked at, so it is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_this_machine_is_passed_over() {
    let upstream = Upstream::script([Say::Whole(200, answer("From the server.", 20, 5))]).await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        let policy = policy(0.0, "").replace("[local, cloud]", "[cloud, local]");
        std::fs::write(&path, policy.replace("of: local", "of: cloud")).unwrap();
        settings.policy = PolicySource::File(path);
        settings.targets[1].zone = "on-host".to_owned();
    })
    .await;
    let reply = proxy.send(&chat(PROMPTS[0])).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    assert!(upstream.seen().is_empty());
    proxy.stop().await;
}

/// A policy that compares every accepted answer.
async fn comparing(upstream: &Upstream, limits: &str) -> Proxy {
    let policy = policy(0.0, limits).replace("otherwise: next", "otherwise: next, agreement: 1");
    Proxy::with_policy(upstream, &policy).await
}

fn compared(row: &LedgerRow) -> (f64, NanoUsd) {
    let compared = row.settled.as_ref().unwrap().compared.clone().unwrap();
    assert_eq!(compared.with, "cloud");
    (compared.agreement.unwrap(), compared.cost)
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_answers_are_compared_after_the_client_has_them() {
    // What the starter says is found out first, so that the upstream can agree.
    let upstream = Upstream::script([Say::Silence]).await;
    let alone = proxy(&upstream, 0.0, "").await;
    let words = said(&alone.send(&chat(PROMPTS[0])).await);
    alone.stop().await;
    assert!(upstream.seen().is_empty(), "nothing is compared unless the policy says so");

    let upstream = Upstream::script([
        Say::Whole(200, answer(&format!("The {}.", words.to_uppercase()), 20, 5)),
        Say::Events(events(&["Something ", "else."], Some((20, 5)))),
        Say::Whole(400, "{}".to_owned()),
    ])
    .await;
    let proxy = comparing(&upstream, "").await;
    let bodies = [chat(PROMPTS[0]), streamed(PROMPTS[0]), chat(PROMPTS[2])];
    let mut rows = Vec::new();
    for (number, body) in (1..).zip(&bodies) {
        let reply = proxy.send(body).await;
        assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
        if number == 1 {
            assert_eq!((said(&reply), reply.header("x-ambidex-cost-usd")), (words.clone(), "0.00"));
        }
        rows.push(proxy.row(reply.decision()).await);
        assert_eq!(upstream.seen().len(), number);
    }
    assert_eq!(upstream.seen()[0].body, bodies[0].to_string().into_bytes(), "as it came");
    let (agreement, cost) = compared(&rows[0]);
    assert!((agreement - 1.0).abs() < 1e-9 && cost.is_positive(), "{agreement}");
    assert!(compared(&rows[1]).0 < 1e-9);
    let last = rows[2].settled.clone().unwrap();
    assert_eq!(last.compared.clone().unwrap().agreement, None, "a refusal says nothing");
    for row in &rows {
        let settled = row.settled.clone().unwrap();
        assert_eq!(
            (&*settled.outcome, settled.verified.unwrap().verdict),
            ("answered", "accepted".to_owned())
        );
        assert_eq!(settled.answered_by.unwrap().target, "local");
        assert_eq!(settled.cost, settled.compared.unwrap().cost, "booked with the request");
        let servers: Vec<_> = settled.sent_to.iter().map(|it| (&*it.target, &*it.zone)).collect();
        assert_eq!(servers, [("cloud", "eu")], "egress is on record");
        assert!(settled.avoided.is_positive() && settled.raised.is_positive());
    }
    for (line, expected) in [
        ("ambidex_cascade_agreement_count{route=\"cheap\",task=\"classify\"}", 2.0),
        ("ambidex_cascade_agreement_sum{route=\"cheap\",task=\"classify\"}", 1.0),
        ("ambidex_cascade_compared_total{result=\"compared\",route=\"cheap\"}", 2.0),
        ("ambidex_cascade_compared_total{result=\"no_answer\",route=\"cheap\"}", 1.0),
        ("ambidex_attempts_total{result=\"compared\",target=\"cloud\"}", 2.0),
        ("ambidex_attempts_total{result=\"missed\",target=\"cloud\"}", 1.0),
        ("ambidex_tokens_total{kind=\"output\",source=\"reported\",target=\"cloud\"}", 10.0),
    ] {
        assert!((proxy.metric(line).await - expected).abs() < 1e-9, "{line}");
    }
    let bill: NanoUsd = rows.iter().map(|row| row.settled.as_ref().unwrap().cost).sum();
    let counted = "ambidex_cost_usd_total{route=\"cheap\",target=\"cloud\",team=\"support\"}";
    assert!((proxy.metric(counted).await - bill.as_usd_f64()).abs() < 1e-12);

    let folder = proxy.stop().await;
    let reader = Reader::open(&folder.path().join("ledger.db")).unwrap();
    let period = Period {
        since: "2000-01-01T00:00:00Z".parse().unwrap(),
        until: "2100-01-01T00:00:00Z".parse().unwrap(),
    };
    let it = cascades(&reader.looked_at(period).unwrap(), None).remove(0);
    let answers: usize = it.agreement.iter().map(|it| it.answers).sum();
    let unanswered: usize = it.agreement.iter().map(|it| it.unanswered).sum();
    assert_eq!((answers, unanswered, it.compared), (3, 1, bill));
    assert!(it.agreement.iter().all(|it| it.task == "classify"));
}

/// The promise, checked on the wire: what may not leave is not compared, whatever the share.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_leave_is_never_compared() {
    const CARD: &str = "4111 1111 1111 1111";
    let upstream = Upstream::script([Say::Whole(200, answer("billing", 20, 5))]).await;
    let limits = "limits:\n  - { id: stays, why: secret, when: { data.labels: { any_of: [financial.*] } }, allow_zones: [on-host] }\n";
    let proxy = comparing(&upstream, limits).await;
    for body in [chat, streamed].map(|of| of(&format!("Classify as billing or other: card {CARD}")))
    {
        let reply = proxy.send(&body).await;
        assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
        let row = proxy.row(reply.decision()).await.settled.unwrap();
        assert_eq!(row.verified.unwrap().verdict, "accepted");
        assert_eq!((row.compared, row.sent_to), (None, Vec::new()));
    }
    // The next one may leave, and does.
    let reply = proxy.send(&chat(PROMPTS[0])).await;
    compared(&proxy.row(reply.decision()).await);
    upstream.never_saw(CARD);
    assert_eq!(upstream.seen().len(), 1);
    proxy.stop().await;
}

/// A value that must be masked leaves masked, and the other answer is compared with its values put back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_masked_on_its_way_is_compared_unmasked() {
    const MAIL: &str = "jane.doe@contoso.org";
    let upstream = Upstream::script([Say::Echo]).await;
    let limits = "limits:\n  - { id: masked, why: contacts, when: { data.labels: { any_of: [contact.*] } }, mask: [contact.*] }\n";
    let proxy = comparing(&upstream, limits).await;
    let prompt = format!("Summarize in one line: My order is late. Please write to {MAIL} today.");
    let reply = proxy.send(&chat(&prompt)).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    let row = proxy.row(reply.decision()).await;
    upstream.never_saw(MAIL);
    // The upstream repeats what it sees.
    let expected = agreement(Task::Summarize, &said(&reply), &prompt);
    assert!((compared(&row).0 - expected).abs() < 1e-9, "{}", said(&reply));
    assert!(expected > 0.0, "{}", said(&reply));
    proxy.stop().await;
}

/// Comparing costs money like anything that is sent: a budget without room stops it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_compared_without_money() {
    let upstream = Upstream::script([Say::Whole(200, answer("billing", 20, 5))]).await;
    let budget = "budgets:\n  - { name: day, window: day, limit_usd: 0.000001 }\n";
    let proxy = comparing(&upstream, budget).await;
    let reply = proxy.send(&chat(PROMPTS[0])).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    let row = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!((row.compared, row.sent_to, row.cost), (None, Vec::new(), NanoUsd::ZERO));
    let line = "ambidex_cascade_compared_total{result=\"no_budget\",route=\"cheap\"}";
    assert!((proxy.metric(line).await - 1.0).abs() < 1e-9);
    assert!(upstream.seen().is_empty());
    proxy.stop().await;
}

/// The client has its answer while the other target still thinks, and its place is free again. Stopping
/// waits for the comparison.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_comparison_but_shutdown() {
    let words = events(&["bill", "ing"], Some((20, 5)));
    let upstream = Upstream::script([Say::Stepwise(words)]).await;
    let policy = policy(0.0, "").replace("otherwise: next", "otherwise: next, agreement: 1");
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, &policy).unwrap();
        settings.policy = PolicySource::File(path);
        settings.callers[0].rates.concurrent = NonZeroU32::new(1);
    })
    .await;
    let reply = proxy.send(&streamed(PROMPTS[0])).await;
    let id = reply.decision().to_owned();
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    eventually("the other target is asked", || async {
        (upstream.seen().len() == 1).then_some(())
    })
    .await;
    let state = || proxy.gateway.app.store.reader().unwrap().row(&id).unwrap().unwrap().state;
    assert_eq!(state(), State::Held, "the row is written when all of it is known");
    let again = proxy.send(&chat(PROMPTS[0])).await;
    assert_eq!(again.status, 200, "the caller's only place is free: {}", again.text());
    let stopping = tokio::task::spawn(proxy.stop());
    eventually("the end of both comparisons", || async {
        upstream.go_on();
        stopping.is_finished().then_some(())
    })
    .await;
    let folder = stopping.await.unwrap();
    let reader = Reader::open(&folder.path().join("ledger.db")).unwrap();
    let row = reader.row(&id).unwrap().unwrap();
    assert!(compared(&row).1.is_positive());
}
