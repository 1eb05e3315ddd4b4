//! `ambidex inspect`: for people, line by line, and over a labelled file.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Runs the command in an empty folder, so that the embedded policy is in force.
fn inspect(arguments: &[&str], input: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ambidex"))
        .arg("inspect")
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_line_of_json_gets_a_line_with_offsets_in_characters_and_no_text() {
    let lines = [
        json!({ "text": "我的卡号是 4111 1111 1111 1111，谢谢 😀 jane@contoso.com" }),
        json!({ "text": "When does the sea freeze?" }),
    ];
    let output = inspect(&["--jsonl"], &format!("{}\n\n{}\n", lines[0], lines[1]));
    let shown = text(&output.stdout);
    let rows: Vec<Value> = shown.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    let finding =
        |label: &str, start: u32, end: u32| json!({ "label": label, "start": start, "end": end });
    let found = [finding("financial.credit_card", 6, 25), finding("contact.email_address", 31, 47)];
    assert_eq!(
        rows,
        [
            json!({ "sensitivity": "restricted", "scan": "complete", "findings": found }),
            json!({ "sensitivity": "internal", "scan": "complete", "findings": [] }),
        ]
    );
}

#[test]
fn people_are_shown_what_was_found_and_why() {
    let shown = inspect(&[], "My SSN is 536-22-8145, the order is 4111111111111112.");
    let shown = text(&shown.stdout);
    for part in ["«536-22-8145»[identity.us_ssn]", "restricted", "\"SSN is\" at 1:4 names it"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("«4111111111111112»"), "a card without its check digit: {shown}");
    let coloured = inspect(&["--color", "always"], "My SSN is 536-22-8145.");
    assert!(text(&coloured.stdout).contains("\u{1b}["), "no colours");
}

#[test]
fn a_labelled_file_is_scored_and_judged() {
    let case = |text: &str, level: &str, labels: &[&str]| {
        let labels: Vec<Value> = labels.iter().map(|label| json!({ "label": label })).collect();
        json!({ "text": text, "level": level, "findings": labels }).to_string()
    };
    let cases = [
        case("My SSN is 536-22-8145", "restricted", &["identity.us_ssn"]),
        case("The colour of my door is green", "restricted", &["identity.us_ssn"]),
        case("Mail jane@contoso.com", "confidential", &["contact.email_address"]),
        case("Mail joe@contoso.com", "public", &[]),
        case("Why is the sky blue?", "public", &[]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.jsonl");
    std::fs::write(&path, cases.join("\n")).unwrap();
    let path = path.to_str().unwrap();
    let output = inspect(&["eval", path], "");
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in ["33.3 %", "50.0 %", "identity.us_ssn"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let strict = inspect(&["eval", path, "--out-max", "5", "--blocked-max", "50"], "");
    assert!(!strict.status.success(), "a third let out is too much");
    let lenient = inspect(&["eval", path, "--out-max", "34", "--blocked-max", "50"], "");
    assert!(lenient.status.success(), "{}", text(&lenient.stderr));
}

#[test]
fn a_wrong_line_is_named_and_not_repeated() {
    for line in ["\"4111 1111 1111 1111\"", "{\"text\": 4111111111111111}", "4111111111111111"] {
        let output = inspect(&["--jsonl"], &format!("{{\"text\": \"a\"}}\n{line}\n"));
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains("line 2"), "{told}");
        assert!(!told.contains("4111"), "{told}");
    }
}
