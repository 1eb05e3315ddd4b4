//! A token classifier that reads along: from the configuration to the wire.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ambidex::config::PolicySource;
use ambidex::engine::TaggerSettings;

use crate::policies::ambidex;
use crate::support::{Proxy, Say, Upstream, answer};
use crate::surfaces::{ask, message, text_of};

/// The model that was made by hand to know a few names.
fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ner/names")
}

const POLICY: &str = "version: 1
name: names
owner: nobody
restricted_may_reach: { zones: any, why: tested elsewhere }
limits:
  - { id: names-masked, why: Names leave masked, when: { data.labels: { any_of: person.name } }, mask: { labels: person.* } }
  - { id: unread-stays, why: What was not read stays here, when: { data.scan: { is_not: complete } }, allow_zones: [on-host] }
routes:
  - { id: all, use: [cloud, local] }
";

async fn gateway(upstream: &Upstream, time_max: Duration) -> Proxy {
    Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, POLICY).unwrap();
        settings.policy = PolicySource::File(path);
        settings.tagger = Some(TaggerSettings { time_max, ..TaggerSettings::of(model()) });
    })
    .await
}

const PROMPT: &str = "What would please ask for, if not Maria Garcia herself?";

#[tokio::test(flavor = "multi_thread")]
async fn names_in_free_text_are_masked_and_restored() {
    let upstream = Upstream::script([Say::Whole(200, answer("Noted.", 5, 5))]).await;
    let proxy = gateway(&upstream, Duration::from_mins(1)).await;
    let reply = ask(&proxy, "/v1/chat/completions", &message(PROMPT)).await;
    assert_eq!((reply.status, reply.target()), (200, "cloud"), "{}", reply.text());
    upstream.never_saw("Maria");
    let sent = String::from_utf8_lossy(&upstream.seen()[0].body).into_owned();
    let token = sent.split("[NAME_").nth(1).and_then(|rest| rest.split(']').next()).expect(&sent);
    upstream.then(Say::Whole(200, answer(&format!("Ask [NAME_{token}]."), 5, 5)));
    let reply = ask(&proxy, "/v1/chat/completions", &message(PROMPT)).await;
    assert_eq!(text_of(&reply), "Ask Maria Garcia.");
    let row = proxy.row(reply.decision()).await;
    assert!(format!("{row:?}").contains("person.name"), "{row:?}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_the_model_did_not_reach_in_time_is_not_complete() {
    let upstream = Upstream::script([Say::Silence]).await;
    let proxy = gateway(&upstream, Duration::ZERO).await;
    let reply = ask(&proxy, "/v1/chat/completions", &message("Is it raining?")).await;
    assert_eq!((reply.status, reply.target()), (200, "local"), "{}", reply.text());
    assert_eq!(proxy.row(reply.decision()).await.decided.sensitivity, "restricted");
    assert_eq!(upstream.connections(), 0);
    proxy.stop().await;
}

#[test]
fn the_configuration_names_the_model_and_its_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let with = |ner: &str| {
        file("ambidex.yaml", &format!("inspection:\n  ner: {{ {ner} }}\n"));
        ambidex(folder.path(), &["inspect", "--text", "so Wei Zhang of Acme met us in Berlin"])
    };
    let path = format!("path: \"{}\"", model().display());
    let output =
        with(&format!("{path}, labels: {{ LOC: contact.address, ORG: ignore }}, time_max: 60s"));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.contains("so «Wei Zhang»[person.name] of Acme met us in «Berlin»[contact.address]"),
        "{shown}"
    );
    assert!(shown.contains("the language model says so"), "{shown}");
    for (ner, says) in [
        ("path: nowhere".to_owned(), "config.json` cannot be read"),
        (format!("{path}, labels: {{ PERS: person.name }}"), "its kinds are PER, LOC, ORG"),
        (format!("{path}, labels: {{ LOC: contact.place }}"), "contact.place"),
        (format!("{path}, score_min: 2"), "a number from 0 to 1"),
        (format!("{path}, budget: 2s"), "budget"),
    ] {
        let output = with(&ner);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(says), "{ner}: {told}");
    }
}
