//! A crash loses nothing that was promised.

use ambidex::gateway::Gateway;
use ambidex::record::State;

use crate::support::{
    Process, Proxy, Say, Upstream, answer, chat, client, eventually, send, settings,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_open_is_charged_as_reserved_and_budgets_remember() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = Proxy::start(&upstream).await;
    let app = proxy.gateway.app.clone();
    let (client, url) = (proxy.client.clone(), proxy.url("/v1/chat/completions"));
    let _hanging = tokio::task::spawn(async move {
        let body = chat("Write a poem about the sea").to_string();
        client.post(url).bearer_auth(crate::support::KEY).body(body).send().await
    });
    eventually("a held row", || async {
        (app.store.reader().unwrap().sums().unwrap().held == 1).then_some(())
    })
    .await;
    // As if the power went: a copy of the files as they are at this moment.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(proxy.folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let restarted = Gateway::start(&settings(&upstream, &copy)).await.unwrap();
    let rows = restarted.app.store.reader().unwrap().rows(10).unwrap();
    assert_eq!((rows.len(), rows[0].state), (1, State::Expired));
    let reserved = rows[0].decided.reserved;
    assert!(reserved.is_positive());
    let pots = restarted.app.budgets.snapshot(ambidex::clock::now()).pots;
    assert!(!pots.is_empty());
    for pot in pots {
        assert_eq!(pot.standing.spent, reserved, "{}", pot.budget);
    }
    restarted.stop().await;
}

/// What an operator must hear of: that a power cut may lose something, and that a budget comes to its end.
#[tokio::test(flavor = "multi_thread")]
async fn relaxed_durability_and_the_level_of_a_budget_are_told() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let told = async |durability: &str| {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "store: sqlite:./ledger.db\ndurability: {durability}\npolicy: policy.yaml\ntargets:\n  \
             - {{ name: cloud, provider: openai, model: gpt-4o-mini, zone: eu, key: 'file:key', \
             base_url: 'http://{}/v1' }}\n",
            upstream.address
        );
        // An answer costs 27 millionths of a dollar.
        let policy = "version: 1\nname: told\nowner: finance\n\
             restricted_may_reach: { zones: any, why: tested elsewhere }\nbudgets:\n  \
             - { name: pot, window: month, limit_usd: 0.000100, warn_at: [25%, 90%] }\n\
             routes:\n  - { id: all, use: [cloud] }\n\
             otherwise: { refuse: { status: 402, say: 'no money' } }\n";
        std::fs::write(folder.path().join("ambidex.yaml"), config).unwrap();
        std::fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        std::fs::write(folder.path().join("key"), "sk-test").unwrap();
        let gateway = Process::start(folder.path());
        let reply = send(&client(), &gateway.address, &chat("Write a poem")).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
        eventually("the level", || async {
            log().contains("a budget reached a level").then_some(())
        })
        .await;
        assert!(gateway.stop(), "it did not end in good order");
        log()
    };
    let (relaxed, strict) = (told("relaxed").await, told("strict").await);
    assert!(relaxed.contains("a power cut may lose"), "{relaxed}");
    assert!(!strict.contains("a power cut may lose"), "{strict}");
    assert!(strict.contains("25") && !strict.contains("level=90"), "{strict}");
}
