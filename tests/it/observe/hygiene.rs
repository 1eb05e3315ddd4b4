//! Whatever clients send, the number of series stays what the configuration makes it.

use ambidex::caller::CallerSettings;
use ambidex::config::PolicySource;
use ambidex::secret::Secret;
use serde_json::json;

use crate::support::{Proxy, Say, Upstream, answer, chat};

/// The series of a page, without their values.
fn series(page: &str) -> Vec<String> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_make_up_makes_no_series() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 9, 9))]).await;
    let proxy = Proxy::start(&upstream).await;
    let send = async |name: &str| {
        let mut body = chat("Write a poem about the sea");
        body["model"] = name.into();
        body["user"] = name.into();
        body["metadata"] = json!({ "team": name, "user": name, "task": name });
        let request = proxy.client.post(proxy.url("/v1/chat/completions"));
        let request = request.bearer_auth(crate::support::KEY).header("x-ambidex-team", name);
        let reply = request.header("user-agent", name).body(body.to_string()).send().await.unwrap();
        reply.bytes().await.unwrap();
        // A path, a method and a key of one's own, too.
        let url = proxy.url(&format!("/v1/{name}"));
        proxy.client.get(&url).bearer_auth(name).send().await.unwrap().bytes().await.unwrap();
        let url = proxy.url("/v1/chat/completions");
        proxy.client.post(&url).bearer_auth(name).send().await.unwrap().bytes().await.unwrap();
    };
    for first in ["auto", "gpt-4o-mini", "made-up-name-0"] {
        send(first).await;
    }
    proxy.rows().await;
    let before = series(&proxy.metrics().await);
    for number in 1..60 {
        send(&format!("made-up-name-{number}")).await;
    }
    proxy.rows().await;
    let page = proxy.metrics().await;
    let mut new = series(&page);
    new.retain(|it| !before.contains(it));
    assert_eq!(new, [""; 0], "series that a client made");
    assert!(!page.contains("made-up-name"));
    proxy.stop().await;
}

const BY_CALLER: &str = "version: 1
name: by-caller
restricted_may_reach: { zones: any, why: tested elsewhere }
budgets: [{ name: each-caller, per: caller.id, window: month, limit_usd: 1 }]
routes: [{ id: out, use: [cloud, local] }]
";

/// More teams and callers than anybody wants as series.
#[tokio::test(flavor = "multi_thread")]
async fn teams_and_subjects_beyond_the_bound_share_a_series() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 200, 50))]).await;
    let key = |number: usize| Secret::new(format!("key-of-team-{number}"));
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, BY_CALLER).unwrap();
        settings.policy = PolicySource::File(path);
        settings.callers = (0..130)
            .map(|it| {
                CallerSettings::with_key(
                    &format!("bot-{it:03}"),
                    &format!("team-{it:03}"),
                    &key(it),
                )
            })
            .collect();
    })
    .await;
    for number in 0..130 {
        let request =
            proxy.client.post(proxy.url("/v1/chat/completions")).bearer_auth(key(number).expose());
        let body = chat("Write a poem about the sea").to_string();
        assert_eq!(request.body(body).send().await.unwrap().status(), 200);
    }
    proxy.rows().await;
    let page = proxy.metrics().await;
    let count = |start: &str| page.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("ambidex_cost_usd_total{"), 101, "a hundred teams and `other`");
    assert_eq!(count("ambidex_budget_spent_usd{"), 101, "a hundred callers and `other`");
    // 200 × 0.15 + 50 × 0.60 millionths of a dollar, thirty times, against thirty dollars.
    let spent =
        proxy.metric("ambidex_budget_spent_usd{budget=\"each-caller\",subject=\"other\"}").await;
    assert!((spent - 30.0 * 60e-6).abs() < 1e-12, "{spent}");
    let limit =
        proxy.metric("ambidex_budget_limit_usd{budget=\"each-caller\",subject=\"other\"}").await;
    assert!((limit - 30.0).abs() < 1e-12, "{limit}");
    let cost =
        proxy.metric("ambidex_cost_usd_total{route=\"out\",target=\"cloud\",team=\"other\"}").await;
    assert!((cost - 30.0 * 60e-6).abs() < 1e-12, "{cost}");
    proxy.stop().await;
}
