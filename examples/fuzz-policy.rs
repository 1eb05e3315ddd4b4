//! Any text as a policy, on stable: `cargo run --release --example fuzz-policy -- MINUTES [SEED]`. Takes
//! the policies of the library and of the tests apart, joins and repeats them, changes words for words,
//! writes structures and bytes of its own, and has each checked, decided by, explained and laid out.
//! The first text that breaks a promise ends it, and is printed. At the end it tells the memory used.
#![expect(clippy::print_stdout, reason = "it reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "it runs for so many minutes of real time")]

#[path = "../fuzz/chance.rs"]
mod chance;
#[path = "../fuzz/policy_checks.rs"]
mod policy_checks;

use chance::Chance;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest text.
const SIZE_MAX: usize = 48 << 10;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1.0);
    let seed: u64 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1);
    let corpus = corpus();
    let words = words(&corpus);
    let mut chance = Chance(seed);
    let start = Instant::now();
    let (mut texts, mut bytes, mut decisions) = (0_u64, 0_usize, 0_usize);
    let (mut yaml, mut policies, mut laid_out) = (0_u64, 0_u64, 0_u64);
    while start.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
        let text = invent((&corpus, &words), &mut chance);
        // What panics is printed by its panic; this says by which text.
        let checked = std::panic::catch_unwind(|| policy_checks::check(&text));
        match checked.unwrap_or_else(|_| Err("it panicked".to_owned())) {
            Ok(found) => {
                yaml += u64::from(found.is_yaml);
                policies += u64::from(found.is_policy);
                laid_out += u64::from(found.is_laid_out);
                decisions += found.decisions;
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
        "{texts} texts, {bytes} bytes: {yaml} were YAML, {laid_out} laid out, {policies} policies with \
         {decisions} decisions; no promise broken, {} KB of memory at most",
        peak()
    );
    ExitCode::SUCCESS
}

/// The library and the policies of the tests.
fn corpus() -> Vec<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folders = ["policies", "tests/policy"].map(|folder| format!("{root}/{folder}"));
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten())
        .map(|file| file.path())
        .collect();
    files.sort();
    files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect()
}

/// Every word in them, once.
fn words(corpus: &[String]) -> Vec<String> {
    let split = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '*' | '%'));
    let words: std::collections::BTreeSet<&str> =
        corpus.iter().flat_map(|text| text.split(split)).filter(|word| !word.is_empty()).collect();
    words.into_iter().map(str::to_owned).collect()
}

impl Chance {
    fn of<'t>(&mut self, all: &'t [String]) -> &'t str {
        all.get(self.below(all.len())).map_or("", String::as_str)
    }
}

/// What YAML, the language and CEL look at.
const SIGNS: &[&str] = &[
    "\n",
    "  ",
    "- ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "|\n",
    ">\n",
    "&a ",
    "*a ",
    "!t ",
    "# c\n",
    " #",
    ",",
    "\t",
    "---\n",
    "? ",
    "~",
    "\r\n",
    "\u{feff}",
    "é",
    "中",
    "\u{0}",
    "\u{85}",
    "\u{2028}",
    "0x1f",
    "1e999",
    "-1",
    "99999999999999999999",
    "0.1",
    "100%",
    "true",
    "null",
    "unknown",
    "cel: 'lang == \"en\"'",
    "data.labels.exists(l, l == \"secret.jwt\")",
    " && ",
    " || ",
    "!",
    "? 1 : 2",
    "(",
    ")",
    "caller.team",
    "tokens.input > 3",
    "matches: '(a|b)*'",
    "assert: []",
    "verify: {}",
    "all: ",
    "any: ",
    "not: ",
];

fn invent((corpus, words): (&[String], &[String]), chance: &mut Chance) -> String {
    let mut text = match chance.below(10) {
        0 => structure(words, chance),
        1 => random(chance),
        _ => chance.of(corpus).to_owned(),
    };
    for _ in 0..chance.below(7) {
        let at = text.floor_char_boundary(chance.below(text.len() + 1));
        let to = text.floor_char_boundary((at + chance.below(16)).min(text.len()));
        match chance.below(12) {
            0 => text.insert_str(at, chance.of(corpus)),
            1 => text.replace_range(at..to, ""),
            2 => lines_again(&mut text, chance),
            3 => text.insert_str(at, &random(chance)),
            4 => text.insert_str(at, &structure(words, chance)),
            5 => text.truncate(to),
            6..=8 => word_for_word(&mut text, at, chance.of(words)),
            _ => {
                let sign = SIGNS.get(chance.below(SIGNS.len())).copied().unwrap_or_default();
                let to = text.floor_char_boundary(to.min(at + 3)).max(at);
                text.replace_range(at..to, sign);
            }
        }
        text.truncate(text.floor_char_boundary(SIZE_MAX));
    }
    text
}

/// Changes the word at a place for another, which often leaves a policy that can be read.
fn word_for_word(text: &mut String, at: usize, word: &str) {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let (before, after) = text.split_at(at);
    let start = before.trim_end_matches(is_word).len();
    let end = at + after.find(|c| !is_word(c)).unwrap_or(after.len());
    text.replace_range(start..end, word);
}

/// Some lines once more, or many times.
fn lines_again(text: &mut String, chance: &mut Chance) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let start = chance.below(lines.len());
    let end = (start + 1 + chance.below(8)).min(lines.len());
    let part = lines.get(start..end).unwrap_or_default().concat();
    let head = lines.get(..end).unwrap_or_default().concat();
    let tail = lines.get(end..).unwrap_or_default().concat();
    let times = if chance.below(4) == 0 { chance.below(200) } else { 1 };
    *text = format!("{head}{}{tail}", part.repeat(times));
}

/// Lists and maps of the language's own words.
fn structure(words: &[String], chance: &mut Chance) -> String {
    let mut text = "version: 1\nname: p\n".to_owned();
    for _ in 0..chance.below(12) {
        let key = chance.of(words).to_owned();
        let value = value(words, chance, 5);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key}: {value}");
    }
    text
}

fn value(words: &[String], chance: &mut Chance, depth: usize) -> String {
    let count = chance.below(4);
    match chance.below(if depth == 0 { 2 } else { 4 }) {
        0 => chance.of(words).to_owned(),
        1 => format!("\"{}\"", chance.of(words)),
        2 => {
            let items: Vec<String> = (0..count).map(|_| value(words, chance, depth - 1)).collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let pair = |chance: &mut Chance| {
                let key = chance.of(words).to_owned();
                format!("{key}: {}", value(words, chance, depth - 1))
            };
            let pairs: Vec<String> = (0..count).map(|_| pair(chance)).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

fn random(chance: &mut Chance) -> String {
    let size = chance.below(64);
    let scalar = |chance: &mut Chance| {
        let most = [0x80, 0x800, 0x1_0000, 0x11_0000].get(chance.below(4)).copied().unwrap_or(0x80);
        u32::try_from(chance.below(most)).ok().and_then(char::from_u32)
    };
    (0..size).filter_map(|_| scalar(chance)).collect()
}

/// The most memory that the process had, in kilobytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
