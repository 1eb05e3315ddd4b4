//! The installation's own terms, in a running gateway.

use ambidex::config::PolicySource;
use ambidex::inspect::Label;
use ambidex::inspector::TermFile;
use std::time::{Duration, Instant};

use crate::support::{Proxy, Say, Upstream, answer};
use crate::surfaces::{ask, message};

const POLICY: &str = "version: 1
name: terms
owner: nobody
restricted_may_reach: { zones: any, why: tested elsewhere }
limits:
  - { id: ours, why: Our projects stay here, when: { data.labels: { any_of: custom.term } }, allow_zones: [on-host] }
routes:
  - { id: all, use: [cloud, local] }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_of_terms_is_in_force_without_a_restart() {
    let upstream = Upstream::script([Say::Whole(200, answer("Noted.", 5, 5))]).await;
    let folder = tempfile::tempdir().unwrap();
    let terms = folder.path().join("terms.txt");
    std::fs::write(&terms, "Project Falcon\n").unwrap();
    let file = TermFile { path: terms.clone(), label: Label::CustomTerm };
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, POLICY).unwrap();
        settings.policy = PolicySource::File(path);
        settings.inspection.terms = vec![file];
    })
    .await;
    let target = async |text: &str| {
        let reply = ask(&proxy, "/v1/chat/completions", &message(text)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.target().to_owned()
    };
    let (falcon, heron) = ("When does project falcon start?", "When does project heron start?");
    assert_eq!((target(falcon).await, target(heron).await), ("local".into(), "cloud".into()));

    std::fs::write(&terms, "# a new name\nProject Heron\n").unwrap();
    let begun = Instant::now();
    while target(heron).await != "local" {
        assert!(begun.elapsed() < Duration::from_mins(1), "the new terms are not read");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(target(falcon).await, "cloud", "the old ones are gone");

    std::fs::remove_file(&terms).unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(target(heron).await, "local", "what was good stays");
    proxy.stop().await;
}
