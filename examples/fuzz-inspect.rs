//! Any text through inspection and masking, on stable: `cargo run --release --example fuzz-inspect --
//! MINUTES [SEED]`. Takes the labelled texts apart, joins, encodes and repeats them; the first text
//! that breaks a promise ends it, and is printed. At the end it tells the memory of the threads.
#![expect(clippy::print_stdout, reason = "it reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "it runs for so many minutes of real time")]

#[path = "../fuzz/chance.rs"]
mod chance;
#[path = "../fuzz/checks.rs"]
mod checks;

use chance::Chance;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest text.
const SIZE_MAX: usize = 32 << 10;
/// Threads whose memory is measured.
const THREADS: u64 = 32;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1.0);
    let seed: u64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1);
    let corpus = corpus();
    let mut chance = Chance(seed);
    let (start, mut texts, mut bytes, mut values, mut left) = (Instant::now(), 0_u64, 0, 0, 0_u64);
    while start.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
        let text = invent(&corpus, &mut chance);
        match checks::check(&text) {
            Ok(found) => {
                values += found.values;
                left += u64::from(found.left > 0);
            }
            Err(broken) => {
                println!("{broken} (seed {seed}, text {texts})\n{text:?}");
                return ExitCode::FAILURE;
            }
        }
        texts += 1;
        bytes += text.len();
    }
    println!(
        "{texts} texts, {bytes} bytes, {values} values, no promise broken; {left} texts would not be sent after masking"
    );
    memory(&corpus);
    ExitCode::SUCCESS
}

/// The labelled texts and the golden cases.
fn corpus() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/detect");
    let golden = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path());
    let labelled = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sensitivity/handwritten.jsonl");
    let mut texts = vec![String::new()];
    for file in golden.chain([labelled.into()]) {
        let lines = std::fs::read_to_string(file).unwrap_or_default();
        for line in lines.lines() {
            let case: Option<serde_json::Value> = serde_json::from_str(line).ok();
            let text = case.as_ref().and_then(|case| case.get("text")?.as_str());
            texts.extend(text.map(str::to_owned));
        }
    }
    texts
}

/// Characters that folding, decoding and the detectors look at.
const SIGNS: &[&str] = &[
    "0",
    "7",
    "-",
    " ",
    ".",
    ":",
    "=",
    "@",
    "/",
    "\\",
    "\"",
    "'",
    "%",
    "&#x31;",
    "\\u0031",
    "%31",
    "\u{200b}",
    "\u{ad}",
    "\u{ff11}",
    "\u{2460}",
    "\u{1d7d8}",
    "\u{661}",
    "\u{ff20}",
    "\u{3002}",
    "\u{feff}",
    "\u{1f511}",
    "é",
    "中",
    "ß",
    "İ",
    "\n",
    "\t",
    "[",
    "]",
    "{",
    "}",
    "<",
    "(",
    "_",
    "[EMAIL_",
    "ssn ",
    "密码：",
    "-----BEGIN ",
    "eyJ",
    "AKIA",
    "://",
    "card ",
    "\u{0}",
    "1\u{20e3}",
];

fn invent(corpus: &[String], chance: &mut Chance) -> String {
    let pick = |chance: &mut Chance| {
        corpus.get(chance.below(corpus.len())).map_or("", String::as_str).to_owned()
    };
    let mut text = pick(chance);
    for _ in 0..=chance.below(5) {
        let at = text.floor_char_boundary(chance.below(text.len() + 1));
        let to = text.floor_char_boundary((at + chance.below(12)).min(text.len()));
        match chance.below(9) {
            0 => text.insert_str(at, &pick(chance)),
            1 => text.replace_range(at..to, ""),
            2 => text = text.repeat(1 + chance.below(8)),
            3 => text = escaped(&text, chance),
            4 => {
                let part = text.get(at..to).unwrap_or_default().repeat(1 + chance.below(200));
                text.insert_str(at, &part);
            }
            5 => text.insert_str(at, &random(chance)),
            _ => {
                let sign = SIGNS.get(chance.below(SIGNS.len())).copied().unwrap_or_default();
                let to = text.floor_char_boundary(to.min(at + 4)).max(at);
                text.replace_range(at..to, sign);
            }
        }
        text.truncate(text.floor_char_boundary(SIZE_MAX));
    }
    text
}

fn random(chance: &mut Chance) -> String {
    let size = chance.below(64);
    let scalar = |chance: &mut Chance| {
        let most = [0x80, 0x800, 0x1_0000, 0x11_0000].get(chance.below(4)).copied().unwrap_or(0x80);
        u32::try_from(chance.below(most)).ok().and_then(char::from_u32)
    };
    (0..size).filter_map(|_| scalar(chance)).collect()
}

/// The text in one of the encodings that inspection undoes.
fn escaped(text: &str, chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => serde_json::Value::from(text).to_string(),
        1 => coded(text, "%"),
        2 => coded(text, ""),
        _ => coded(text, "\\x"),
    }
}

fn coded(text: &str, mark: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{mark}{byte:02x}");
        out
    })
}

/// Threads look at everything and stay; what they hold is what the process grew by.
fn memory(corpus: &[String]) {
    let before = resident();
    std::thread::scope(|scope| {
        let (ready, all_ready) = mpsc::channel();
        let mut gates = Vec::new();
        for seed in 0..THREADS {
            let (gate, wait) = mpsc::channel::<()>();
            gates.push(gate);
            let ready = ready.clone();
            scope.spawn(move || {
                let mut chance = Chance(seed);
                for _ in 0..500 {
                    // What breaks was told before; here only memory counts.
                    let _ = checks::check(&invent(corpus, &mut chance));
                }
                let _ = ready.send(());
                let _ = wait.recv();
            });
        }
        for _ in 0..THREADS {
            let _ = all_ready.recv();
        }
        let grown = resident().saturating_sub(before);
        println!("{THREADS} threads that looked at 500 texts each: {} KB each", grown / THREADS);
        drop(gates);
    });
}

/// Kilobytes in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
