//! What `policy check` and `policy diff` prove, run as they are typed: and every request that they show
//! does what they say.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::policies::ambidex;

const LEAKY: &str = "version: 1
name: leaky
owner: nobody
limits:
  - { id: secrets, why: keys stay, when: { data.labels: { any_of: secret.* } }, allow_zones: [on-host] }
  - { id: legal, why: legal stays, when: { caller.team: { is: legal & co } }, allow_zones: [on-host] }
  - { id: broke, why: no money, when: { budget.all.used: { at_least: 90% } }, max_cost_usd: 0 }
budgets: [{ name: all, window: day, limit_usd: 7 }]
routes: [{ id: rest, use: [cloud, local] }]
assert:
  - never: { data.labels: secret.*, data.scan: complete, zone: remote }
  - never: { data.labels: person.name, caller.team: { is_not: unknown }, zone: remote }
  - never: { budget.all.used: { at_least: 85% }, paid: true }
  - never: { caller.team: { starts_with: legal }, task.confidence: { above: 0.93 }, zone: remote }
  - never: { time.weekday: { at_least: saturday }, time.hour: { at_most: 5 }, lang: unknown, zone: eu }
";

/// Runs a printed command as a person would, and gives the last line that it prints.
fn typed(folder: &Path, command: &str) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_ambidex")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{error}");
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned()
}

#[test]
fn each_request_that_breaks_a_promise_can_be_tried() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leaky policy.yaml"), LEAKY).unwrap();
    let output = ambidex(
        folder.path(),
        &["policy", "check", "leaky policy.yaml", "--targets", "local=on-host,cloud=eu"],
    );
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    // Restricted data, and every assertion but the first, which holds.
    assert_eq!(told.matches("error:").count(), 5, "{told}");
    let commands: Vec<&str> =
        told.lines().filter_map(|line| Some(line.split_once("try: ")?.1)).collect();
    assert_eq!(commands.len(), 5, "{told}");
    for command in commands {
        let last = typed(folder.path(), command);
        assert!(last.starts_with("Goes to cloud (eu), then"), "{command}\n{last}");
    }
}

#[test]
fn the_library_keeps_what_it_asserts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, targets) in [
        ("default", "local=on-host,cloud=global"),
        ("core-business-stays-open", "local=on-host,cloud=us"),
        ("cost-saver", "local=on-host,cloud=global"),
        ("gdpr-eu", "local=on-host,cloud-eu=eu,cloud=us"),
        ("pipl-cross-border", "local=on-host,cloud-cn=cn,cloud=us"),
        ("finance", "local=on-host,cloud=uk"),
        ("healthcare", "local=on-host,cloud=us"),
        ("air-gapped", "local=on-host,cluster=on-prem"),
    ] {
        let file = format!("policies/{name}.yaml");
        let output = ambidex(root, &["policy", "check", &file, "--targets", targets]);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(!told.contains("warning:"), "{told}");
        assert!(told.trim_end().ends_with("assertion(s) proved"), "{told}");
        assert!(!told.contains(" 0 assertion(s)"), "{told}");
    }
}

/// Each assertion of the library fails when the limit that keeps it is taken away.
#[test]
fn assertions_of_the_library_have_teeth() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, targets, from, to) in [
        (
            "default",
            "local=on-host,cloud=us",
            "allow_zones: [on-host, on-prem, eu]",
            "allow_zones: [on-host, on-prem, us]",
        ),
        ("default", "local=on-host,cloud=us", "use: [cloud, local]", "use: [cloud]"),
        (
            "core-business-stays-open",
            "local=on-host,cloud=us",
            "when: { data.sensitivity: { at_least: confidential } }",
            "when: { data.sensitivity: { at_least: restricted } }",
        ),
        (
            "gdpr-eu",
            "local=on-host,cloud-eu=eu,cloud=us",
            "mask: direct_identifiers",
            "mask: person.name",
        ),
        (
            "pipl-cross-border",
            "local=on-host,cloud-cn=cn,cloud=us",
            "when: { data.sensitivity: { at_least: restricted } }",
            "when: { data.labels: { any_of: sensitive_personal } }",
        ),
        (
            "finance",
            "local=on-host,cloud=uk",
            "{ caller.team: { in: inside_teams } }",
            "{ caller.team: { in: [trading, advisory] } }",
        ),
        ("healthcare", "local=on-host,cloud=us", "    mask: people", "    mask: contact.*"),
        (
            "air-gapped",
            "local=on-host,cluster=on-prem,mistake=us",
            "    allow_zones: [on-host, on-prem]\n\n  - id: secrets",
            "    allow_zones: [on-host, on-prem, us]\n\n  - id: secrets",
        ),
    ] {
        let source = std::fs::read_to_string(root.join(format!("policies/{name}.yaml"))).unwrap();
        assert!(source.contains(from), "{name}: {from}");
        let mut changed = source.replacen(from, to, 1);
        if name == "air-gapped" {
            changed = changed.replace("use: [cluster, local]", "use: [cluster, local, mistake]");
        }
        if from.starts_with("use:") {
            changed = changed.replace("use: [local, cloud]", "use: [cloud]");
        }
        std::fs::write(folder.path().join("p.yaml"), changed).unwrap();
        let output = ambidex(folder.path(), &["policy", "check", "p.yaml", "--targets", targets]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {from}\n{told}");
        assert!(told.contains("error: this can happen: a request with "), "{told}");
    }
}

#[test]
fn a_widening_is_found_and_can_be_tried() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let old = std::fs::read_to_string(root.join("policies/default.yaml")).unwrap();
    let (rules, rest) = old.split_once("\nassert:").unwrap();
    let tests = rest.split_once("\ntests:").unwrap().1;
    let old = format!("{rules}\ntests:{tests}");
    let new = old.replace("[on-host, on-prem, eu]", "[on-host, on-prem, eu, us]");
    assert_ne!(old, new);
    std::fs::write(folder.path().join("old.yaml"), &old).unwrap();
    std::fs::write(folder.path().join("new.yaml"), &new).unwrap();
    let diff = |from: &str, to: &str, more: &[&str]| {
        let targets = ["--targets", "local=on-host,cloud=us"];
        let arguments: Vec<&str> = ["policy", "diff", from, to]
            .into_iter()
            .chain(targets)
            .chain(more.iter().copied())
            .collect();
        let output = ambidex(folder.path(), &arguments);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = diff("old.yaml", "new.yaml", &["--fail-on", "widening"]);
    assert_eq!(code, Some(3), "{text}");
    let egress = text.find("NEW EGRESS to us: local -> cloud").expect(&text);
    assert_eq!(text.find(" -> "), Some(egress + "NEW EGRESS to us: local".len()), "egress first");
    assert!(text.contains("when data.sensitivity is confidential"), "{text}");
    assert_eq!(diff("old.yaml", "new.yaml", &[]).0, Some(0));
    // The way back narrows, which is a change and no widening.
    assert_eq!(diff("new.yaml", "old.yaml", &["--fail-on", "widening"]).0, Some(0));
    assert_eq!(diff("new.yaml", "old.yaml", &["--fail-on", "change"]).0, Some(3));
    let (code, text) = diff("old.yaml", "old.yaml", &["--fail-on", "change"]);
    assert_eq!(code, Some(0));
    assert!(text.ends_with("No difference: proved for every request.\n"), "{text}");
    let (_, json) = diff("old.yaml", "new.yaml", &["--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["widens"], &json["is_complete"]), (&Value::Bool(true), &Value::Bool(true)));
    let change = &json["changes"][0];
    assert_eq!((&change["kind"], &change["new_zones"][0]), (&"egress".into(), &"us".into()));
    let tried: Vec<String> =
        (0..2).map(|index| typed(folder.path(), change["try"][index].as_str().unwrap())).collect();
    assert!(tried[0].starts_with("Goes to local (on-host) and nowhere else"), "{tried:?}");
    assert!(tried[1].starts_with("Goes to cloud (us), then"), "{tried:?}");
    let missing = diff("old.yaml", "none.yaml", &[]);
    assert_eq!(missing.0, Some(2));
}
