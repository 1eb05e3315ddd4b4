//! House rules that the compiler cannot check.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders and files that decide but never act.
const PURE: &[&str] = &[
    "src/policy",
    "src/inspect",
    "src/dialect",
    "src/mask",
    "src/route",
    "src/chat",
    "src/yaml",
    "src/money.rs",
    "src/budget/ledger.rs",
    "src/budget/window.rs",
    "src/budget/spec.rs",
    "src/upstream/provider",
];
/// What would let them act.
const EFFECTS: &[&str] = &[
    "tokio::",
    "hyper::",
    "reqwest::",
    "candle",
    "std::fs",
    "std::env",
    "std::net",
    "SystemTime",
    "Instant::now",
    "rand::",
    "HashMap",
    "Timestamp::now",
    "crate::engine",
    "crate::server",
    "crate::record",
    "crate::telemetry",
    "crate::clock",
];
/// Parts with effects. They meet in the story and do not know each other.
const SHELL: &[&str] =
    &["server", "receive", "caller", "inspector", "upstream", "engine", "record", "telemetry"];
/// Arrows between them that exist for a reason.
const KNOWN_ARROWS: &[(&str, &str, &str)] =
    &[("receive", "server", "the limits of a listener are its settings")];
/// Lines allowed per file, tests aside.
const FILE_LINES_MAX: usize = 600;

/// The page of promises names tests; each must be one, in a file or folder of that name.
#[test]
fn every_promise_names_tests_that_are_there() {
    let page = fs::read_to_string("docs/promises.md").unwrap();
    let mut files = rust_files(Path::new("src"));
    files.extend(rust_files(Path::new("tests")));
    let files: Vec<_> = files
        .into_iter()
        .map(|path| {
            let code = fs::read_to_string(&path).unwrap();
            (path, code)
        })
        .collect();
    let words = page.split('`').skip(1).step_by(2).filter(|word| word.contains("::"));
    let words: Vec<_> = words.map(|word| word.split_once("::").unwrap()).collect();
    assert!(words.len() > 50, "the page was not read");
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("| Test |"));
    for row in rows {
        assert!(row.contains("::"), "a promise without a test: {row}");
    }
    let is_there = |(place, name): &(&str, &str)| {
        files.iter().any(|(path, code)| {
            let mut parts = path.with_extension("");
            while parts.file_name().is_some_and(|it| it != *place) {
                parts.pop();
            }
            parts.file_name().is_some() && code.contains(&format!("fn {name}("))
        })
    };
    let missing: Vec<_> = words.iter().filter(|it| !is_there(it)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

#[test]
fn pure_code_does_not_act() {
    let mut offences = Vec::new();
    for place in PURE {
        for file in rust_files(Path::new(place)) {
            for (number, code) in code_lines(&file) {
                let found = EFFECTS.iter().find(|effect| code.contains(**effect));
                offences
                    .extend(found.map(|effect| format!("{}:{number}: {effect}", file.display())));
            }
        }
    }
    assert!(offences.is_empty(), "pure code reaches for effects:\n{}", offences.join("\n"));
}

#[test]
fn shell_siblings_do_not_know_each_other() {
    let mut offences = Vec::new();
    for part in SHELL {
        let place = Path::new("src").join(part);
        let place = if place.is_dir() { place } else { place.with_extension("rs") };
        for file in rust_files(&place) {
            for (number, code) in code_lines(&file) {
                for other in SHELL.iter().filter(|other| *other != part) {
                    let known =
                        KNOWN_ARROWS.iter().any(|(from, to, _)| (from, to) == (part, other));
                    if code.contains(&format!("crate::{other}::")) && !known {
                        offences.push(format!("{}:{number}: {other}", file.display()));
                    }
                }
            }
        }
    }
    assert!(offences.is_empty(), "shell parts know each other:\n{}", offences.join("\n"));
}

#[test]
fn only_the_engine_names_candle_and_only_the_upstream_sends() {
    for file in rust_files(Path::new("src")) {
        let name = file.display().to_string();
        for (number, code) in code_lines(&file) {
            let candle = code.contains("candle_") && !name.starts_with("src/engine");
            assert!(!candle, "{name}:{number} names candle");
            let sends = code.contains("reqwest::Client");
            // The demonstration's client talks to the gateway itself; `models pull` is an operator's
            // command that fetches a model and has no prompt to send.
            let may = ["src/upstream/client.rs", "src/demo/", "src/cli/models/pull/hub.rs"]
                .iter()
                .any(|place| name.starts_with(place));
            assert!(!sends || may, "{name}:{number} builds a client of its own");
        }
    }
}

#[test]
fn files_stay_short_and_open_with_a_sentence() {
    for file in rust_files(Path::new("src")) {
        let text = read(&file);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines().count();
        let is_tests = file.components().any(|part| part.as_os_str() == "tests")
            || file.file_stem().is_some_and(|stem| stem == "tests");
        assert!(is_tests || code <= FILE_LINES_MAX, "{} has {code} lines", file.display());
        assert!(text.starts_with("//!"), "{} does not say what it is for", file.display());
    }
}

#[test]
fn every_part_of_a_registry_is_registered() {
    for (folder, macro_name) in
        [("src/inspect/sensitivity", "detectors!["), ("src/upstream/provider", "providers![")]
    {
        let text = read(&Path::new(folder).join("mod.rs"));
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            if stem == "mod" || stem == "tests" || file.is_dir() {
                continue;
            }
            let list = text.split(macro_name).skip(1).filter_map(|rest| rest.split(']').next());
            let listed = list.flat_map(|list| list.split(',')).any(|word| word.trim() == stem);
            let helper = text.contains(&format!("mod {stem};"));
            assert!(listed || helper, "{} is not registered", file.display());
        }
    }
}

#[test]
fn every_detector_has_cases() {
    for name in ambidex::inspect::sensitivity::DETECTOR_NAMES {
        let cases = read(&Path::new("tests/golden/detect").join(format!("{name}.jsonl")));
        assert!(cases.lines().count() >= 12, "{name} has too few cases");
    }
}

#[test]
fn no_text_reaches_a_log_macro() {
    for file in rust_files(Path::new("src")) {
        for (number, code) in code_lines(&file) {
            let logs = ["trace!(", "debug!(", "info!(", "warn!(", "error!("];
            let is_log = logs.iter().any(|name| code.contains(name));
            let content = ["body", "prompt", "text", "leaf", "answer"];
            let named = content.iter().find(|name| {
                code.contains(&format!("%{name}")) || code.contains(&format!("?{name}"))
            });
            assert!(!is_log || named.is_none(), "{}:{number} logs {named:?}", file.display());
        }
    }
}

/// The lines of a file that are code, tests aside.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    if file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs") {
        return Vec::new();
    }
    let text = read(file);
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().enumerate();
    lines
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap().to_owned()))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

fn rust_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_path_buf()];
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
