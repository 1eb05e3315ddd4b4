//! What the ledger proves, of a gateway that runs and by the commands that auditors use.

use std::process::{Command, Output};

use ambidex::clock;
use ambidex::record::Reader;
use ambidex::record::egress::egress;
use ambidex::record::evidence::Known;
use ambidex::record::report::Period;
use serde_json::Value;

use crate::support::{Proxy, Say, Upstream, answer, chat, eventually};

const OPEN: &str = "Write a poem about the sea";
const CARD: &str = "Extract the card number: paid with 4111 1111 1111 1111 on Monday.";

/// (passage, level, target, requests) of everything in the ledger.
fn passages(ledger: &Reader) -> Vec<(&'static str, String, String, u64)> {
    let period = Period { since: "2026-01-01T00:00:00Z".parse().unwrap(), until: clock::now() };
    let egress = egress(ledger, period, None, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(egress.verified.is_whole(), "{:?}", egress.verified.faults);
    let groups = egress.groups.into_iter();
    groups
        .map(|(kind, count)| {
            let target = kind.passage.place().1.to_owned();
            (kind.passage.name(), kind.sensitivity, target, count.requests)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_and_what_stayed_is_told_apart() {
    let upstream = Upstream::script([
        Say::Whole(200, answer("waves", 5, 2)),
        Say::Whole(501, "{}".to_owned()),
        Say::Silence,
    ])
    .await;
    let proxy = Proxy::start(&upstream).await;
    assert_eq!(proxy.send(&chat(OPEN)).await.target(), "cloud");
    // The upstream fails after it has seen the request, and the local model answers.
    let failed_over = proxy.send(&chat(OPEN)).await;
    assert_ne!(failed_over.target(), "cloud");
    assert_eq!(proxy.send(&chat(CARD)).await.target(), "local");
    let (client, url) = (proxy.client.clone(), proxy.url("/v1/chat/completions"));
    let hanging = tokio::task::spawn(async move {
        let body = chat(OPEN).to_string();
        client.post(url).bearer_auth(crate::support::KEY).body(body).send().await
    });
    let reader = || proxy.gateway.app.store.reader().unwrap();
    let told = eventually("four decisions, one of them running", || async {
        proxy.gateway.app.store.flush().await.unwrap();
        let told = passages(&reader());
        let all: u64 = told.iter().map(|(.., requests)| requests).sum();
        (all == 4 && reader().sums().unwrap().held == 1).then_some(told)
    })
    .await;
    let expected = [
        ("left", "internal", "cloud", 2),
        ("may have left", "internal", "cloud", 1),
        ("stayed", "restricted", "local", 1),
    ];
    let expected = expected.map(|(passage, level, target, count)| {
        (passage, level.to_owned(), target.to_owned(), count)
    });
    assert_eq!(told, expected);
    hanging.abort();
    proxy.stop().await;
}

struct Cli {
    proxy_folder: tempfile::TempDir,
}

impl Cli {
    fn run(&self, arguments: &[&str]) -> Output {
        let config = self.proxy_folder.path().join("ambidex.yaml");
        let ledger = self.proxy_folder.path().join("ledger.db");
        std::fs::write(&config, format!("store: sqlite:{}\n", ledger.display())).unwrap();
        Command::new(env!("CARGO_BIN_EXE_ambidex"))
            .args(arguments)
            .arg("--config")
            .arg(&config)
            .output()
            .unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, error) = (output.stdout, String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(out).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_verify_keep_heads_export_and_forget() {
    let upstream = Upstream::script([Say::Whole(200, answer("waves", 5, 2))]).await;
    let proxy = Proxy::start(&upstream).await;
    for body in [chat(OPEN), chat(CARD)] {
        assert_eq!(proxy.send(&body).await.status, 200);
    }
    let folder = proxy.stop().await;
    let cli = Cli { proxy_folder: folder };

    let text = cli.text(&["ledger", "verify"]);
    assert!(text.contains("nothing was changed, removed, added or reordered"), "{text}");
    let head: Value =
        serde_json::from_str(&cli.text(&["ledger", "head", "--format", "json"])).unwrap();
    let (anchor, key) = (head["head"].as_str().unwrap(), head["key"].as_str().unwrap());
    let text = cli.text(&["ledger", "verify", "--head", anchor, "--key", key]);
    assert!(text.trim_end().ends_with("added or reordered"), "no caveat is left: {text}");

    let report = cli.text(&["report", "egress", "--from", "1d", "--sensitivity", "restricted"]);
    assert!(report.contains("stayed") && !report.contains("cloud"), "{report}");
    let csv = cli.text(&["report", "egress", "--from", "1d", "--format", "csv"]);
    assert!(csv.contains("\nleft,internal,eu,cloud,1,"), "{csv}");
    let json: Value =
        serde_json::from_str(&cli.text(&["report", "egress", "--format", "json"])).unwrap();
    assert_eq!((&json["requests"], &json["proof"]["whole"]), (&2.into(), &true.into()));

    let rows = cli.text(&["ledger", "export"]);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["sent_to"], r#"[{"target":"cloud","zone":"eu"}]"#);
    let caller = rows[0]["caller"].as_str().unwrap().to_owned();

    assert_eq!(
        cli.text(&["ledger", "erase", "--caller", &caller]),
        "2 row(s) no longer say who asked\n"
    );
    assert!(cli.text(&["ledger", "verify", "--head", anchor]).contains("2 without their caller"));
    for file in std::fs::read_dir(cli.proxy_folder.path()).unwrap() {
        let path = file.unwrap().path();
        let is_ledger = path.display().to_string().contains("ledger.db");
        let found =
            is_ledger && String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(&caller);
        assert!(!found, "{} still has the caller's name", path.display());
    }
    let refused = cli.run(&["ledger", "prune", "--before", "3d"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("needed for the budgets"));

    let ledger = cli.proxy_folder.path().join("ledger.db");
    rusqlite::Connection::open(&ledger)
        .unwrap()
        .execute("UPDATE ledger SET zone = 'on-host' WHERE zone = 'eu'", [])
        .unwrap();
    for command in [&["ledger", "verify"][..], &["report", "egress"]] {
        let output = cli.run(command);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("row 1 (decision") && text.contains("what was decided"), "{text}");
    }
}
