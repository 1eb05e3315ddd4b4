//! Requests that a route shares out: by weight, by conversation, recorded, and with somebody to step in.

use ambidex::config::{PolicySource, TargetKind};
use ambidex::policy::{Estimate, Explanation};
use ambidex::record::{RecordedFacts, Replay, Replayed, trace};
use serde_json::json;

use crate::support::{Proxy, Say, Upstream, answer, chat};

const POLICY: &str = "
version: 1
name: shared
owner: platform
restricted_may_reach: { zones: any, why: tested elsewhere }
routes: [{ id: out, use: [cloud, other, local], split: { cloud: 1, other: 1 } }]
";

async fn gateway(upstream: &Upstream, cloud_at: Option<&str>) -> Proxy {
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, POLICY).unwrap();
        settings.policy = PolicySource::File(path);
        let mut other = settings.targets[1].clone();
        other.name = "other".to_owned();
        settings.targets.push(other);
        if let (Some(address), TargetKind::Remote(remote)) =
            (cloud_at, &mut settings.targets[1].kind)
        {
            address.clone_into(&mut remote.base_url);
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_stays_where_it_began_and_others_go_elsewhere() {
    let upstream = Upstream::script([Say::Whole(200, answer("Noted.", 9, 9))]).await;
    let proxy = gateway(&upstream, None).await;
    let policy = proxy.gateway.app.policy();
    let mut went = Vec::new();
    for number in 0..40 {
        let first = chat(&format!("Question {number}"));
        let mut second = first.clone();
        let turns = second["messages"].as_array_mut().unwrap();
        turns.push(json!({ "role": "assistant", "content": "Noted." }));
        turns.push(json!({ "role": "user", "content": "And then?" }));
        let (one, two) = (proxy.send(&first).await, proxy.send(&second).await);
        assert_eq!(one.target(), two.target(), "conversation {number}");
        went.push(one.target().to_owned());

        let row = proxy.row(one.decision()).await.decided;
        let explanation = trace::read(&row.trace_json).unwrap();
        let drawn = explanation.drawn.clone().unwrap();
        assert!(drawn.ends_with(&format!("which is the share of {}", one.target())), "{drawn}");
        let facts = RecordedFacts::read(&row.facts_json).unwrap();
        let none = |_, _: &RecordedFacts<'_>| Estimate::Unpriced;
        let Replayed::Decided(again) = Replay::new(&policy).decide(&facts, None, &none) else {
            panic!("it cannot be replayed");
        };
        assert_eq!(Explanation::of(&policy, &again), explanation, "what was drawn is on record");
    }
    for target in ["cloud", "other"] {
        assert!(went.iter().any(|it| it == target), "{target} never had its share: {went:?}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_share_of_one_that_is_down_goes_to_the_next() {
    let upstream = Upstream::script([Say::Whole(200, answer("Noted.", 9, 9))]).await;
    // Nobody listens there.
    let proxy = gateway(&upstream, Some("http://127.0.0.1:9/v1")).await;
    let mut drew_cloud = 0;
    for number in 0..20 {
        let reply = proxy.send(&chat(&format!("Question {number}"))).await;
        assert_eq!((reply.status, reply.target()), (200, "other"));
        let row = proxy.row(reply.decision()).await.decided;
        let drawn = trace::read(&row.trace_json).unwrap().drawn.unwrap();
        drew_cloud += usize::from(drawn.ends_with("the share of cloud"));
    }
    assert!(drew_cloud > 0, "nobody fell to it");
    proxy.stop().await;
}
