//! Any bytes as an upstream's stream, cut anywhere, on stable: `cargo run --release --example fuzz-sse --
//! MINUTES [SEED]`. Takes the golden streams apart and joins them; the first that breaks a promise ends
//! it, and is printed.
#![expect(clippy::print_stdout, reason = "it reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "it runs for so many minutes of real time")]

#[path = "../fuzz/chance.rs"]
mod chance;
#[path = "../fuzz/sse_checks.rs"]
mod sse_checks;

use chance::Chance;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest stream.
const SIZE_MAX: usize = 16 << 10;

/// What is put in between: line ends of every kind, halves of characters, fields and comments.
const SIGNS: &[&[u8]] = &[
    b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n", b"data:", b"data: ", b": ping",
    b"event: ", b"id:1", b"retry:", b"\xEF\xBB\xBF", b"\xF0\x9F", b"\xA6\x80", b"\xFF", b"\0", b"{", b"}",
    b"[DONE]", b"data: [DONE]\n\n", b"\"", b"\\n",
    b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n",
    b"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n",
    b"data: {\"error\":{\"message\":\"a\\nb\"}}\n\n",
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1.0);
    let seed: u64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1);
    let mut corpus = vec![b"data: x\n\n".to_vec()];
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")), &mut corpus);
    let mut chance = Chance(seed);
    let (start, mut streams, mut events) = (Instant::now(), 0_u64, 0);
    while start.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
        let stream = invent(&corpus, &mut chance);
        let cuts: Vec<usize> = (0..chance.below(12)).map(|_| chance.below(40)).collect();
        match sse_checks::check(&stream, &cuts) {
            Ok(count) => events += count,
            Err(broken) => {
                println!("{broken} (seed {seed}, stream {streams})\n{}", stream.escape_ascii());
                return ExitCode::FAILURE;
            }
        }
        streams += 1;
    }
    println!(
        "{streams} streams from {} of the corpus, {events} events, no promise broken",
        corpus.len()
    );
    ExitCode::SUCCESS
}

/// Streams among the golden files.
fn collect(folder: &Path, corpus: &mut Vec<Vec<u8>>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()) {
        if path.is_dir() {
            collect(&path, corpus);
        } else if path.extension().is_some_and(|it| it == "sse") {
            corpus.extend(std::fs::read(&path).ok());
        }
    }
}

fn invent(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let pick =
        |chance: &mut Chance| corpus.get(chance.below(corpus.len())).cloned().unwrap_or_default();
    let mut stream = pick(chance);
    for _ in 0..chance.below(6) {
        let at = chance.below(stream.len() + 1);
        let to = (at + chance.below(24)).min(stream.len());
        let new = match chance.below(5) {
            0 => Vec::new(),
            1 => pick(chance),
            2 => vec![u8::try_from(chance.below(256)).unwrap_or(0)],
            _ => SIGNS.get(chance.below(SIGNS.len())).copied().unwrap_or_default().to_vec(),
        };
        stream.splice(at..to, new);
        stream.truncate(SIZE_MAX);
    }
    stream
}
