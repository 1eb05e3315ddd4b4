//! The commands around policies, run as they are typed: library, tests, explanations.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the built command in a folder.
pub fn ambidex(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ambidex"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The output of a command that must succeed.
fn told(folder: &Path, arguments: &[&str]) -> String {
    let output = ambidex(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}{error}", stdout(&output));
    stdout(&output)
}

const TEMPLATES: [&str; 8] = [
    "default",
    "core-business-stays-open",
    "cost-saver",
    "gdpr-eu",
    "pipl-cross-border",
    "finance",
    "healthcare",
    "air-gapped",
];

#[test]
fn every_rule_of_the_library_is_held_by_a_test() {
    let report = told(root(), &["policy", "test", "policies", "--coverage", "--format", "json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["failed"], 0);
    assert!(report["passed"].as_u64().unwrap() > 60, "{}", report["passed"]);
    let covered = report["coverage"].as_array().unwrap();
    assert_eq!(covered.len(), TEMPLATES.len());
    for policy in covered {
        assert_eq!(policy["unreached"], serde_json::json!([]), "{policy:#}");
        assert_eq!(policy["unnoticed"], serde_json::json!([]), "{policy:#}");
    }
}

#[test]
fn a_template_is_written_with_its_tests_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let list = told(folder.path(), &["policy", "new", "--list"]);
    for name in TEMPLATES {
        assert!(list.contains(name), "{list}");
        told(folder.path(), &["policy", "new", "--template", name]);
        told(folder.path(), &["policy", "test", &format!("{name}.yaml")]);
    }
    let again = ambidex(folder.path(), &["policy", "new", "--template", "finance"]);
    assert_eq!(again.status.code(), Some(2));
    let renamed = ["policy", "new", "--template", "finance", "--to", "ours.yaml"];
    told(folder.path(), &renamed);
    assert!(told(folder.path(), &["policy", "test", "ours_test.yaml"]).contains("ours_test.yaml"));
    let unknown = ambidex(folder.path(), &["policy", "new", "--template", "finanse"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `finance`?"));
}

const WEAK: &str = "version: 1
name: weak
restricted_may_reach: { zones: any, why: tested elsewhere }
limits:
  - { id: never, why: no such team, when: { caller.team: { is: nobody } }, allow_zones: on-host }
  - { id: idle, why: caps nothing here, max_cost_usd: 100 }
routes:
  - { id: code, when: { task.type: { is: code } }, use: [cloud, local] }
  - { id: rest, use: [cloud, local] }
tests:
  - { name: right, caller: { team: sales }, given: { task.type: code }, expect: { target: cloud } }
  - { name: 'wrong <&>', caller: { team: sales }, given: { task.type: chat }, expect: { target: local } }
";

#[test]
fn a_failing_case_says_expected_got_and_the_way() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weak.yaml"), WEAK).unwrap();
    let output = ambidex(folder.path(), &["policy", "test", "weak.yaml", "--coverage"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for line in [
        "ok    right",
        "FAIL  wrong <&>: expected local, got cloud",
        "code: no, task.type is code (saw chat)",
        "1 passed, 1 failed",
        "no test reaches never",
        "no test would notice if code were taken out",
        "no test would notice if idle were taken out",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let output = ambidex(folder.path(), &["policy", "test", "weak.yaml", "--format", "junit"]);
    let xml = stdout(&output);
    assert!(xml.contains(r#"<testsuite name="weak.yaml" tests="2" failures="1">"#), "{xml}");
    assert!(xml.contains(r#"name="wrong &lt;&amp;&gt;""#), "{xml}");
    assert!(xml.contains(r#"<failure message="expected local, got cloud">policy weak"#), "{xml}");
}

#[test]
fn explanations_come_from_prompts_requests_and_facts() {
    let folder = tempfile::tempdir().unwrap();
    let card = "Summarize: paid with 4111 1111 1111 1111";
    let text = told(folder.path(), &["policy", "explain", "--prompt", card]);
    let stays = "Goes to local (on-host) and nowhere else";
    assert!(text.lines().last().unwrap().starts_with(stays), "{text}");
    assert!(
        text.contains("regulated-stays-here: Regulated data and secrets never leave"),
        "{text}"
    );
    assert!(!text.contains("4111"), "no text of the prompt");

    let body = r#"{"model":"auto","tools":[{"type":"function","function":{"name":"f"}}],
        "messages":[{"role":"user","content":"What is the weather?"}]}"#;
    std::fs::write(folder.path().join("request.json"), body).unwrap();
    let json = told(folder.path(), &["policy", "explain", "--request", "request.json", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["targets"][0]["target"], "cloud");
    assert_eq!(json["struck"][0]["because"], "cannot call tools");

    let given = ["policy", "explain", "--given", "task.type=code", "--given", "data.scan=partial"];
    let text = told(folder.path(), &given);
    assert!(text.contains("because data.scan is not complete (saw partial)"), "{text}");
    let wrong = ["policy", "explain", "--given", "task.typ=code"];
    let output = ambidex(folder.path(), &wrong);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `task.type`?"));
    let assumed = ["policy", "explain", "--targets", "local=on-host,cloud=eu", "--given"];
    let text = told(folder.path(), &[&assumed[..], &["data.sensitivity=confidential"]].concat());
    assert!(text.contains("Goes to cloud (eu)"), "{text}");
}

#[test]
fn tests_of_prompts_are_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let tests = "tests:\n  - { name: a card, prompt: 'card 4111 1111 1111 1111', expect: { target: cloud } }\n";
    told(folder.path(), &["policy", "new", "--template", "default", "--to", "p.yaml"]);
    std::fs::write(folder.path().join("p_test.yaml"), tests).unwrap();
    let output = ambidex(folder.path(), &["policy", "test", "p_test.yaml"]);
    assert!(stdout(&output).contains("FAIL  a card: expected cloud, got local"));
    std::fs::write(folder.path().join("p_test.yaml"), tests.replace("cloud", "clout")).unwrap();
    let output = ambidex(folder.path(), &["policy", "test", "p_test.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("p_test.yaml:2:") && error.contains("did you mean `cloud`?"), "{error}");
}

#[test]
fn the_library_is_laid_out_as_fmt_does() {
    told(root(), &["policy", "fmt", "--check", "policies"]);
}

#[test]
fn fmt_shows_what_differs_changes_it_and_is_then_content() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    let untidy = "version: 1\nname:  p # its name\n\n\nroutes:\n- {id: a, use: [local]}\n";
    let tidy = "version: 1\nname: p  # its name\n\nroutes:\n  - { id: a, use: [local] }\n";
    std::fs::write(&file, untidy).unwrap();
    let output = ambidex(folder.path(), &["policy", "fmt", "--check", "p.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = stdout(&output);
    assert!(
        shown.contains("    2 - name:  p # its name\n")
            && shown.contains(" + name: p  # its name\n"),
        "{shown}"
    );
    assert!(shown.contains("    6 - - {id: a, use: [local]}\n"), "{shown}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 file(s) are laid out otherwise"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), untidy, "--check changed the file");
    assert_eq!(told(folder.path(), &["policy", "fmt", "p.yaml"]), "laid out p.yaml\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), tidy);
    assert_eq!(told(folder.path(), &["policy", "fmt", "--check", "."]), "");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ambidex"))
        .args(["policy", "fmt", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(untidy.as_bytes()).unwrap();
    assert_eq!(stdout(&child.wait_with_output().unwrap()), tidy);
    // What is not YAML is left alone and told with its place.
    std::fs::write(&file, "routes: [\n").unwrap();
    let output = ambidex(folder.path(), &["policy", "fmt", "p.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("p.yaml:"));
}

#[test]
fn the_schema_knows_every_key_and_fact() {
    let schema: Value = serde_json::from_str(&told(root(), &["policy", "schema"])).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    // What nobody described would be `true`.
    let text = schema.to_string();
    let text = text.replace("\"uniqueItems\":true", "");
    assert!(!text.contains(":true,") && !text.contains(":true}"), "something is not described");
    let verify = schema.pointer("/properties/routes/items/properties/verify/properties/of");
    assert!(verify.is_some_and(Value::is_object), "`verify` is described");
    for fact in told(root(), &["policy", "facts"]).lines() {
        let name = fact.split(' ').next().unwrap();
        let known = schema["$defs"]["condition"]["properties"][name].is_object();
        assert!(known, "{name} is not in the schema");
        assert!(schema["$defs"]["given"]["properties"][name].is_object(), "{name} cannot be given");
    }
    let tests: Value =
        serde_json::from_str(&told(root(), &["policy", "schema", "--tests"])).unwrap();
    assert!(tests["properties"]["targets"].is_object());
}
