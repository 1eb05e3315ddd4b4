//! A crash loses nothing that was promised.

use ambidex::gateway::Gateway;
use ambidex::record::State;

use crate::support::{Proxy, Say, Upstream, chat, eventually, settings};

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
