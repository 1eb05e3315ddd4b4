//! Any bytes as a request, on stable: `cargo run --release --example fuzz-body -- MINUTES [SEED]`. Takes
//! the golden requests apart and joins them; the first body that breaks a promise ends it, and is
//! printed.
#![expect(clippy::print_stdout, reason = "it reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "it runs for so many minutes of real time")]

#[path = "../fuzz/body_checks.rs"]
mod body_checks;
#[path = "../fuzz/chance.rs"]
mod chance;

use chance::Chance;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest body.
const SIZE_MAX: usize = 16 << 10;

/// Requests of the interfaces that have no golden files.
const MORE: &[&str] = &[
    r#"{"model":"m","prompt":["a","b"],"suffix":"c","n":2,"stream":true,"stream_options":null}"#,
    r#"{"model":"m","input":["a",[1,2]],"dimensions":3,"encoding_format":"base64","user":"u"}"#,
    r#"{"model":"m","instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"t"},
        {"type":"input_image","image_url":"data:image/png;base64,AA"}]},{"type":"function_call","call_id":"c",
        "name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"o"}],"stream":true,
        "tools":[{"type":"function","name":"f","parameters":{}}],"text":{"format":{"type":"json_schema",
        "name":"n","schema":{"enum":["a"]}}},"max_output_tokens":null,"metadata":{"K":"v"}}"#,
];

/// What is put in between: signs of JSON, and what readers take for the same.
const SIGNS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83e\\udd80",
    "\\u",
    "null",
    "true",
    "1e9",
    "-0",
    "1234567890123456789012",
    "\"model\":",
    "\"Model\":",
    "\"input\":",
    "\"stream\":true,",
    "\"n\":",
    "\u{feff}",
    "é",
    "\u{0}",
    " ",
    "\n",
    "[[[[",
    "{\"a\":",
    "\"x-y\":1,",
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1.0);
    let seed: u64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1);
    let mut corpus: Vec<Vec<u8>> = MORE.iter().map(|text| text.as_bytes().to_vec()).collect();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")), &mut corpus);
    let mut chance = Chance(seed);
    let (start, mut count, mut understood, mut translated) = (Instant::now(), 0_u64, 0, 0);
    while start.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
        let body = invent(&corpus, &mut chance);
        match body_checks::check(&body) {
            Ok(found) => {
                understood += found.read;
                translated += found.translated;
            }
            Err(broken) => {
                println!("{broken} (seed {seed}, body {count})\n{}", body.escape_ascii());
                return ExitCode::FAILURE;
            }
        }
        count += 1;
    }
    println!(
        "{count} bodies from {} of the corpus, {understood} times read, {translated} times translated, no promise broken",
        corpus.len()
    );
    ExitCode::SUCCESS
}

/// Requests among the golden files.
fn collect(folder: &Path, corpus: &mut Vec<Vec<u8>>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()) {
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, corpus);
        } else if name.starts_with("request") && path.extension().is_some_and(|it| it == "json") {
            corpus.extend(std::fs::read(&path).ok().filter(|bytes| bytes.len() < SIZE_MAX));
        }
    }
}

fn invent(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let pick =
        |chance: &mut Chance| corpus.get(chance.below(corpus.len())).cloned().unwrap_or_default();
    let mut body = pick(chance);
    for _ in 0..chance.below(5) {
        let at = chance.below(body.len() + 1);
        let to = (at + chance.below(24)).min(body.len());
        let sign = SIGNS.get(chance.below(SIGNS.len())).copied().unwrap_or_default();
        let new: Vec<u8> = match chance.below(6) {
            0 => Vec::new(),
            1 => {
                let other = pick(chance);
                let from = chance.below(other.len() + 1);
                other
                    .get(from..(from + chance.below(64)).min(other.len()))
                    .unwrap_or_default()
                    .to_vec()
            }
            2 => body.get(at..to).unwrap_or_default().repeat(1 + chance.below(8)),
            3 => vec![u8::try_from(chance.below(256)).unwrap_or(0)],
            _ => sign.as_bytes().to_vec(),
        };
        body.splice(at..to, new);
        body.truncate(SIZE_MAX);
    }
    body
}
