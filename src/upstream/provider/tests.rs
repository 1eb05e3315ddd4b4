//! Every provider against files in its vendor's form (`tests/golden/provider/NAME`): what it is sent,
//! what its answers are told as in every caller's interface, what they used and what that costs.
//!
//! `UPDATE=1 cargo test provider` writes the `out` sides anew.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{PROVIDERS, Provider};
use crate::chat::talk::{Reason, Said};
use crate::chat::usage::{Extra, Extras, Tier};
use crate::chat::{Part, Request, Surface, Usage, UsageSource};
use crate::dialect::translate::About;
use crate::dialect::{self, sse};
use crate::money::{NanoUsd, Tokens};
use crate::route::price::{Factor, Kind, Price, PriceBook, Rate};

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
            let count = self.expected["usage"][kind].as_u64().unwrap_or(0);
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
            extras: self.extras(),
            tier: Tier::of_wire(self.expected["tier"].as_str().unwrap_or("standard")),
            source: UsageSource::Reported,
        }
    }

    /// The rarer kinds, which most files do not have.
    fn extras(&self) -> Extras {
        let count = |extra: Extra| self.expected["usage"][extra.name()].as_u64().unwrap_or(0);
        Extra::ALL.into_iter().fold(Extras::NONE, |all, extra| all.with(extra, count(extra)))
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
        assert_eq!(price.cost(&case.usage()).unwrap(), NanoUsd::new(nanos), "{name}");
    }
    for case in cases() {
        let known = PriceBook::embedded().find(case.provider.book(), case.model(), at);
        assert!(known.is_some(), "{}: {}", case.provider.name(), case.model());
    }
}

/// Replies and streams with service tiers and rarer kinds of usage, each worked out by hand.
#[test]
fn recorded_payloads_cost_what_was_worked_out_by_hand() {
    let at = "2026-06-01T12:00:00Z".parse().unwrap();
    for line in include_str!("../../../tests/golden/usage/payloads.jsonl").lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let why = expected["why"].as_str().unwrap().to_owned();
        let provider: &dyn Provider = match expected["provider"].as_str().unwrap() {
            "openai-responses" => &super::openai_more::RESPONSES,
            name => named(name),
        };
        let (whole, events) = (expected["whole"].to_string(), expected["stream"].clone());
        let model = expected["model"].as_str().unwrap();
        let price = PriceBook::embedded().find(provider.book(), model, at).unwrap();
        let price = stated(price, &expected);
        let case = Case { provider: named("openai"), folder: PathBuf::new(), expected };
        let wanted = case.usage();
        assert_eq!(provider.usage(whole.as_bytes()), Some(wanted), "{why}");
        let mut ear = provider.ear();
        let mut streamed = None;
        for event in events.as_array().unwrap() {
            streamed = ear.hear(event.to_string().as_bytes()).usage.or(streamed);
        }
        assert_eq!(streamed, Some(wanted), "streamed: {why}");
        let nanos = case.expected["cost_nanos"].as_i64();
        assert_eq!(price.cost(&wanted).map(NanoUsd::nanos), nanos.map(i128::from), "{why}");
    }
}

/// A price with what a target states beside the book.
fn stated(price: Price, target: &Value) -> Price {
    let factor = |value: &Value| Factor(value.as_u64().unwrap().try_into().unwrap());
    let tiers = target["tiers"].as_object().into_iter().flatten();
    let tiers = tiers.map(|(name, value)| (Tier::of_wire(name), factor(value))).collect();
    let price = price.with_tiers(&tiers);
    let uplift = target.get("uplift").map_or(Factor::ONE, factor);
    let price = price.with_uplift(uplift);
    let tools = target["tool_usd"].as_object().into_iter().flatten();
    tools.fold(price, |price, (tool, usd)| {
        let usd = NanoUsd::from_decimal_usd(usd.as_str().unwrap()).unwrap();
        price.with_rate(Kind::from_name(tool).unwrap(), Rate::apiece(usd))
    })
}

fn named(name: &str) -> &'static dyn Provider {
    super::named(name).unwrap()
}

/// A chat completions request in a provider's own words, or the field that it cannot say.
fn written(name: &str, model: &str, body: &Value) -> Result<(Value, bool), String> {
    let body = body.to_string();
    let talk = dialect::of(Surface::OpenAiChat).talk(body.as_bytes()).unwrap();
    let written = named(name).write(&talk, model, Tokens(9)).map_err(|it| it.field)?;
    Ok((serde_json::from_slice(&written.body).unwrap(), written.is_wrapped))
}

#[test]
fn what_is_blocked_or_breaks_off_says_so() {
    let gemini = named("gemini");
    let blocked =
        br#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}"#;
    let said = gemini.whole(blocked).unwrap();
    assert!(said.contains(&Said::Finish(Reason::Filtered)), "{said:?}");
    let usage = gemini.usage(blocked).unwrap();
    assert_eq!(usage.input_uncached, Tokens(4));
    let told = dialect::of(Surface::OpenAiChat).told(&said, &about(), &usage).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["choices"][0]["finish_reason"], "content_filter");
    let broken = br#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#;
    let said = gemini.whole(broken).unwrap();
    assert!(said.iter().any(|it| matches!(it, Said::Failed(_))), "{said:?}");
    assert_eq!(dialect::of(Surface::OpenAiChat).told(&said, &about(), &usage), None);
    let listed = br#"[{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}]"#;
    assert_eq!(gemini.refusal(listed).unwrap().message, "no");
    let bedrock = named("bedrock");
    let mut ear = bedrock.ear();
    assert!(!ear.is_whole());
    let heard = ear.hear(br#"{"exception":{"message":"slow down"}}"#);
    assert_eq!(
        (heard.part, &heard.said[..]),
        (Part::Error, &[Said::Failed("slow down".into())][..])
    );
    ear.hear(br#"{"messageStop":{"stopReason":"end_turn"}}"#);
    assert!(ear.is_whole(), "the usage may be missing");
    let mut ear = named("deepseek").ear();
    let cut = br#"{"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}"#;
    assert!(ear.hear(cut).said.iter().any(|it| matches!(it, Said::Failed(_))));
}

#[test]
fn a_signature_goes_back_to_the_model_that_gave_it() {
    let call = |extra: Value| {
        let function = json!({ "name": "f", "arguments": "{}" });
        let mut call = json!({ "id": "c", "type": "function", "function": function });
        call["extra_content"] = extra;
        json!({ "model": "auto", "messages": [{ "role": "assistant", "tool_calls": [call] },
            { "role": "tool", "tool_call_id": "c", "content": "x" }] })
    };
    let own = call(json!({ "google": { "thought_signature": "CrMD" } }));
    let signature = |model: &str, body: &Value| {
        let (sent, _) = written("gemini", model, body).unwrap();
        sent["contents"][0]["parts"][0]["thoughtSignature"].clone()
    };
    assert_eq!(signature("gemini-2.5-flash", &own), "CrMD");
    assert_eq!(signature("gemini-2.5-flash", &call(Value::Null)), Value::Null);
    assert_eq!(signature("gemini-3-pro", &own), "CrMD");
    assert_eq!(signature("gemini-3-pro", &call(Value::Null)), "skip_thought_signature_validator");
    let mut unknown = call(Value::Null);
    unknown["messages"][1]["tool_call_id"] = "other".into();
    assert_eq!(written("gemini", "gemini-3-pro", &unknown).unwrap_err(), "messages[1].content");
}

/// A schema goes where there is a place for it, else through a tool, else nowhere.
#[test]
fn answers_in_json_are_asked_for_as_each_vendor_can() {
    let ask = |format: &Value| json!({ "model": "auto", "messages": [{ "role": "user", "content": "x" }], "response_format": format });
    let object = ask(&json!({ "type": "json_object" }));
    let schema = ask(
        &json!({ "type": "json_schema", "json_schema": { "name": "s", "schema": { "type": "object" } } }),
    );
    let is_wrapped = |name: &str, model: &str, body: &Value| {
        written(name, model, body).map(|(_, is_wrapped)| is_wrapped)
    };
    for (name, model, by_object, by_schema) in [
        ("openai", "gpt-4o", Ok(false), Ok(false)),
        ("mistral", "mistral-small", Ok(false), Ok(false)),
        ("deepseek", "deepseek-chat", Ok(false), Ok(true)),
        ("minimax", "MiniMax-M2", Ok(false), Ok(true)),
        ("zhipu", "glm-4.7", Ok(false), Err("response_format")),
        ("anthropic", "claude-haiku-4-5", Ok(true), Ok(false)),
        ("anthropic", "claude-3-5-haiku-20241022", Ok(true), Ok(true)),
        ("gemini", "gemini-2.5-flash", Ok(false), Ok(false)),
        ("bedrock", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", Ok(true), Ok(false)),
        ("bedrock", "amazon.nova-lite-v1:0", Ok(true), Ok(true)),
    ] {
        let case = format!("{name}, {model}");
        assert_eq!(is_wrapped(name, model, &object), by_object.map_err(str::to_owned), "{case}");
        assert_eq!(is_wrapped(name, model, &schema), by_schema.map_err(str::to_owned), "{case}");
    }
    let tool = json!({ "type": "function", "function": { "name": "f" } });
    let mut both = object;
    both["tools"] = json!([tool]);
    let refused = written("bedrock", "amazon.nova-lite-v1:0", &both).unwrap_err();
    assert_eq!(refused, "response_format");
    let mut forced = both;
    forced["response_format"] = Value::Null;
    forced["tool_choice"] = "required".into();
    assert_eq!(written("zhipu", "glm-4.7", &forced).unwrap_err(), "tool_choice");
}

#[test]
fn settings_that_a_vendor_does_not_have_are_refused_by_the_callers_name() {
    let refused = |name: &str, field: &str, value: Value| {
        let mut body = json!({ "model": "auto", "messages": [{ "role": "user", "content": "x" }],
            "tools": [{ "type": "function", "function": { "name": "f" } }] });
        body[field] = value;
        written(name, "m", &body).map(|_| ()).unwrap_err()
    };
    for (name, field, value) in [
        ("gemini", "parallel_tool_calls", json!(false)),
        ("gemini", "stop", json!(["1", "2", "3", "4", "5", "6"])),
        ("bedrock", "parallel_tool_calls", json!(false)),
        ("bedrock", "seed", json!(1)),
        ("bedrock", "top_k", json!(1)),
        ("bedrock", "presence_penalty", json!(0.5)),
        ("bedrock", "temperature", json!(1.5)),
        ("anthropic", "seed", json!(1)),
        ("zhipu", "parallel_tool_calls", json!(false)),
        ("zhipu", "seed", json!(1)),
        ("minimax", "frequency_penalty", json!(0.5)),
    ] {
        assert_eq!(refused(name, field, value), field, "{name}");
    }
    let address = json!({ "url": "https://example.com/a.png" });
    let image =
        json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": address }] }]);
    for name in ["gemini", "bedrock"] {
        assert_eq!(refused(name, "messages", image.clone()), "messages[0].content", "{name}");
    }
}
