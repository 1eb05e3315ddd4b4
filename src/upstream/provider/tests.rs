//! Every provider against files in its vendor's form (`tests/golden/provider/NAME`): what it is sent,
//! what its answers are told as in every caller's interface, what they used and what that costs.
//!
//! `UPDATE=1 cargo test provider` writes the `out` sides anew.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;

use super::{PROVIDERS, Provider};
use crate::chat::talk::Said;
use crate::chat::{Part, Request, Surface, Usage, UsageSource};
use crate::dialect::translate::About;
use crate::dialect::{self, sse};
use crate::money::{NanoUsd, Tokens};
use crate::route::price::PriceBook;

const ROOT: &str = "tests/golden/provider";
/// Who asks. Every interface that reads a request into a conversation.
const CALLERS: [Surface; 2] = [Surface::OpenAiChat, Surface::AnthropicMessages];

struct Case {
    provider: &'static dyn Provider,
    folder: PathBuf,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let case = |provider: &&'static dyn Provider| {
        let folder = Path::new(ROOT).join(provider.name());
        let expected = serde_json::from_slice(&read(&folder.join("expected.json"))).unwrap();
        Case { provider: *provider, folder, expected }
    };
    PROVIDERS.iter().map(case).collect()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Case {
    fn model(&self) -> &str {
        self.expected["model"].as_str().unwrap()
    }

    fn usage(&self) -> Usage {
        let count = |kind: &str| {
            let count = self.expected["usage"][kind].as_u64().unwrap();
            Tokens(u32::try_from(count).unwrap())
        };
        let billed = self.expected.get("billed_usd").and_then(Value::as_str);
        Usage {
            input_uncached: count("input_uncached"),
            cache_read: count("cache_read"),
            cache_write: count("cache_write"),
            cache_write_1h: count("cache_write_1h"),
            output: count("output"),
            reasoning: count("reasoning"),
            billed: billed.map(|usd| NanoUsd::from_decimal_usd(usd).unwrap()),
            source: UsageSource::Reported,
        }
    }

    /// The data of a stream's events.
    fn events(&self, name: &str) -> Vec<Vec<u8>> {
        let lines = self.folder.join(format!("{name}.jsonl"));
        if lines.exists() {
            return read(&lines)
                .split(|it| *it == b'\n')
                .filter(|it| !it.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
        }
        let mut splitter = sse::Splitter::default();
        splitter.push(&read(&self.folder.join(format!("{name}.sse"))));
        let mut all = Vec::new();
        while let Some(event) = splitter.next_event().unwrap() {
            all.extend(sse::data(&event).map(|it| it.to_vec()));
        }
        all
    }

    fn check(&self, name: &str, told: &str) {
        let path = self.folder.join("out").join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, told).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(told, expected, "{} differs", path.display());
    }
}

fn asked(name: &str, surface: Surface) -> Request {
    let path = Path::new(ROOT).join(format!("{name}.{}.json", surface.word()));
    dialect::of(surface).read(Bytes::from(read(&path))).unwrap()
}

fn pretty(json: &[u8]) -> String {
    let value: Value = serde_json::from_slice(json).unwrap();
    format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
}

fn about() -> About {
    let (id, model) = ("D".to_owned(), "asked-model".to_owned());
    About { id, created: 5, model, asked: Bytes::new() }
}

#[test]
fn every_provider_is_sent_what_its_files_say() {
    for case in cases() {
        for surface in CALLERS {
            for name in ["request", "format"] {
                let request = asked(name, surface);
                let (model, most) = (case.model(), Tokens(4_096));
                let sent = if case.provider.surface() == Some(surface) {
                    case.provider.outgoing(&request, model, most)
                } else {
                    let talk = dialect::of(surface).talk(request.body()).unwrap();
                    case.provider.write(&talk, model, most).map(|it| it.body)
                };
                // What cannot be said is refused by name, and that is part of the file, too.
                let told = match sent {
                    Ok(body) => pretty(&body),
                    Err(refused) => format!("{refused}\n"),
                };
                case.check(&format!("{name}.{}.json", surface.word()), &told);
            }
        }
    }
}

#[test]
fn every_answer_is_told_in_every_interface() {
    for case in cases() {
        for name in ["reply", "reply_tools"] {
            let body = read(&case.folder.join(format!("{name}.json")));
            let usage = case.provider.usage(&body).unwrap();
            assert_eq!(usage, case.usage(), "{}", case.provider.name());
            let said = case.provider.whole(&body).unwrap();
            for surface in CALLERS {
                let told = dialect::of(surface).told(&said, &about(), &usage).unwrap();
                case.check(&format!("{name}.{}.json", surface.word()), &pretty(&told));
            }
        }
    }
}

#[test]
fn every_stream_is_told_in_every_interface() {
    for case in cases() {
        for name in ["stream", "stream_tools"] {
            for surface in CALLERS {
                let mut ear = case.provider.ear();
                let mut teller = dialect::of(surface).teller(about()).unwrap();
                let mut usage = Usage::none(UsageSource::Estimated);
                let (mut out, mut has_ended) = (String::new(), false);
                let mut told = Vec::new();
                for data in case.events(name) {
                    let heard = ear.hear(&data);
                    usage = heard.usage.unwrap_or(usage);
                    for said in &heard.said {
                        assert!(!matches!(said, Said::Failed(_)), "{}", case.provider.name());
                        teller.tell(said, &usage, &mut told);
                    }
                    if heard.part == Part::End {
                        has_ended = true;
                        teller.end(&usage, &mut told);
                    }
                }
                if !has_ended {
                    assert!(ear.is_whole(), "{} {name}", case.provider.name());
                    teller.end(&usage, &mut told);
                }
                for told in told {
                    let frame = dialect::of(surface).frame(told.data.as_bytes());
                    out.push_str(std::str::from_utf8(&frame).unwrap());
                }
                assert_eq!(usage, case.usage(), "{} {name}", case.provider.name());
                case.check(&format!("{name}.{}.sse", surface.word()), &out);
            }
        }
    }
}

#[test]
fn every_error_is_understood() {
    for case in cases() {
        let body = read(&case.folder.join("error.json"));
        let refusal = case.provider.refusal(&body).unwrap();
        assert_eq!(refusal.message, case.expected["error"]["message"], "{}", case.provider.name());
        let is_disguised = case.expected.get("disguised").is_some();
        if is_disguised {
            let status = case.provider.disguised(&body).unwrap().status.map(u64::from);
            assert_eq!(status, case.expected["error"]["status"].as_u64());
        }
        let reply = read(&case.folder.join("reply.json"));
        assert_eq!(case.provider.disguised(&reply), None, "{}", case.provider.name());
    }
}

/// The payloads of the files at the prices of the book, added up by hand.
#[test]
fn payloads_cost_what_the_book_says() {
    let at = "2026-06-01T12:00:00Z".parse().unwrap();
    for (name, nanos) in [
        // 86 at $0.15, 1920 at $0.075, 300 at $0.60 per million.
        ("openai", 12_900 + 144_000 + 180_000),
        // 58 at $2.50, 15 at $10.
        ("azure", 145_000 + 150_000),
        // 21 at $1, 188 at $0.10, 200 at $1.25, 100 at $2, 15 at $5.
        ("anthropic", 21_000 + 18_800 + 250_000 + 200_000 + 75_000),
        // 128 at $0.30, 1024 at $0.03, 340 at $2.50.
        ("gemini", 38_400 + 30_720 + 850_000),
    ] {
        let case = cases().into_iter().find(|it| it.provider.name() == name).unwrap();
        let book = PriceBook::embedded();
        let price = book.find(case.provider.book(), case.model(), at);
        let price = price.unwrap_or_else(|| panic!("{name}: the book does not know the model"));
        assert_eq!(price.cost(&case.usage()), NanoUsd::new(nanos), "{name}");
    }
    for case in cases() {
        let known = PriceBook::embedded().find(case.provider.book(), case.model(), at);
        assert!(known.is_some(), "{}: {}", case.provider.name(), case.model());
    }
}
