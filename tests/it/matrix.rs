//! Every caller's interface at every provider, whole and streamed, with text and with a tool: over real
//! HTTP, against an upstream that answers as the vendor's documentation shows. The answer, the kinds of
//! usage in the ledger and the exact cost are checked.
//!
//! To add an interface: write its `Caller` and add its name to `CALLERS`. A provider of the build that has
//! no folder in `tests/golden/provider` fails here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ambidex::chat::UsageSource;
use ambidex::config::{PolicySource, TargetKind};
use ambidex::money::NanoUsd;
use ambidex::route::price::{Kind, Price, Rate};
use ambidex::secret::Secret;
use ambidex::upstream::AwsKeys;
use ambidex::upstream::provider::{PROVIDERS, Provider};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

use crate::support::{Proxy, Reply, Say, Seen, Upstream};
use crate::surfaces::ask;

/// What every upstream says.
const TEXT: &str = "Hello 你好 🦀";
/// What every upstream calls.
const TOOL: &str = "get_weather";

/// A caller's interface.
struct Caller {
    name: &'static str,
    path: &'static str,
    /// Asks for something.
    body: fn() -> Value,
    /// A tool that is offered, if the interface has any.
    tool: Option<fn() -> Value>,
    /// The text of an answer, whole (one value) or streamed (its events).
    text: fn(&[Value]) -> String,
    /// The name and arguments of the call in an answer.
    call: fn(&[Value]) -> (String, String),
    /// Why the answer ended.
    end: fn(&[Value]) -> String,
    /// The words for the end of a text and of a call.
    ends: [&'static str; 2],
    /// What the last line of a stream begins with.
    last: &'static str,
}

const CALLERS: &[&Caller] = &[&CHAT, &MESSAGES, &COMPLETIONS, &RESPONSES];

const CHAT: Caller = Caller {
    name: "chat",
    path: "/v1/chat/completions",
    body: || json!({ "model": "auto", "messages": [{ "role": "user", "content": "Hi" }], "max_tokens": 20 }),
    tool: Some(
        || json!({ "type": "function", "function": { "name": TOOL, "parameters": { "type": "object" } } }),
    ),
    // One vendor says the whole answer once more at the end of its streams.
    text: |parts| match parts {
        [whole] => all(std::slice::from_ref(whole), &["/choices/0/message/content"]),
        chunks => all(chunks, &["/choices/0/delta/content"]),
    },
    call: |parts| {
        let said = if parts.len() == 1 { "message" } else { "delta" };
        let of =
            |name: &str| all(parts, &[&format!("/choices/0/{said}/tool_calls/0/function/{name}")]);
        (of("name"), of("arguments"))
    },
    end: |parts| last(parts, "/choices/0/finish_reason"),
    ends: ["stop", "tool_calls"],
    last: "data: [DONE]",
};

const MESSAGES: Caller = Caller {
    name: "messages",
    path: "/v1/messages",
    body: || json!({ "model": "auto", "messages": [{ "role": "user", "content": "Hi" }], "max_tokens": 20 }),
    tool: Some(|| json!({ "name": TOOL, "input_schema": { "type": "object" } })),
    text: |parts| all(parts, &["/content/0/text", "/delta/text"]),
    call: |parts| {
        let whole = parts.iter().find_map(|it| it.pointer("/content/0/input"));
        let arguments = match whole {
            Some(input) => input.to_string(),
            None => all(parts, &["/delta/partial_json"]),
        };
        (all(parts, &["/content/0/name", "/content_block/name"]), arguments)
    },
    end: |parts| all(parts, &["/stop_reason", "/delta/stop_reason"]),
    ends: ["end_turn", "tool_use"],
    last: "data: {\"type\":\"message_stop\"}",
};

const COMPLETIONS: Caller = Caller {
    name: "completions",
    path: "/v1/completions",
    body: || json!({ "model": "auto", "prompt": "Hi", "max_tokens": 20 }),
    tool: None,
    text: |parts| all(parts, &["/choices/0/text"]),
    call: |_| Default::default(),
    end: |parts| last(parts, "/choices/0/finish_reason"),
    ends: ["stop", ""],
    last: "data: [DONE]",
};

const RESPONSES: Caller = Caller {
    name: "responses",
    path: "/v1/responses",
    body: || json!({ "model": "auto", "input": "Hi", "max_output_tokens": 20 }),
    tool: Some(|| json!({ "type": "function", "name": TOOL, "parameters": { "type": "object" } })),
    text: |parts| {
        let is_text = |it: &&Value| it["type"] == "response.output_text.delta";
        let pieces: Vec<Value> = parts.iter().filter(is_text).cloned().collect();
        let whole: Vec<Value> = items(parts, "message").collect();
        let text = all(&whole, &["/content/0/text"]);
        if !pieces.is_empty() {
            assert_eq!(all(&pieces, &["/delta"]), text, "the pieces are the whole");
        }
        text
    },
    call: |parts| {
        let call: Vec<Value> = items(parts, "function_call").collect();
        (all(&call, &["/name"]), all(&call, &["/arguments"]))
    },
    end: |parts| all(&[response(parts)], &["/status"]),
    ends: ["completed", "completed"],
    last: "data: {",
};

/// The whole response: the answer itself, or what the last event holds.
fn response(parts: &[Value]) -> Value {
    let last = parts.last().cloned().unwrap_or_default();
    last.get("response").cloned().unwrap_or(last)
}

fn items(parts: &[Value], kind: &'static str) -> impl Iterator<Item = Value> {
    let output = response(parts)["output"].as_array().cloned().unwrap_or_default();
    output.into_iter().filter(move |item| item["type"] == kind)
}

/// The last text at a place.
fn last(parts: &[Value], place: &str) -> String {
    let found = parts.iter().rev().find_map(|part| part.pointer(place)?.as_str());
    found.unwrap_or_default().to_owned()
}

/// Every text at these places, one behind the other.
fn all(parts: &[Value], places: &[&str]) -> String {
    let found = parts.iter().flat_map(|part| places.iter().map(|place| part.pointer(place)));
    found.flatten().filter_map(Value::as_str).collect()
}

/// A whole answer, or the events of a stream.
fn parts(reply: &Reply) -> Vec<Value> {
    if reply.text().starts_with('{') {
        return vec![reply.json()];
    }
    let text = reply.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

const POLICY: &str = "
version: 1
name: matrix
owner: security@acme.example
restricted_may_reach: { zones: any, why: tested elsewhere }
routes:
  - { id: everything, use: [cloud] }
otherwise: { refuse: { status: 403, say: \"No permitted model can answer this: {reasons}\" } }
";

/// What a million tokens of each kind cost, in nano-USD: different for every kind, so that no two can be
/// confused.
const RATES: [(Kind, u64, &str); 6] = [
    (Kind::Input, 1_000_000_000, "input_uncached"),
    (Kind::CacheRead, 100_000_000, "cache_read"),
    (Kind::CacheWrite, 1_250_000_000, "cache_write"),
    (Kind::CacheWrite1h, 2_000_000_000, "cache_write_1h"),
    (Kind::Output, 5_000_000_000, "output"),
    (Kind::Reasoning, 7_000_000_000, "reasoning"),
];

/// A provider and its files.
struct Vendor {
    provider: &'static dyn Provider,
    folder: PathBuf,
    expected: Value,
}

impl Vendor {
    fn of(provider: &'static dyn Provider) -> Self {
        let folder = Path::new("tests/golden/provider").join(provider.name());
        let expected = fs::read(folder.join("expected.json")).unwrap();
        Self { provider, folder, expected: serde_json::from_slice(&expected).unwrap() }
    }

    fn model(&self) -> &str {
        self.expected["model"].as_str().unwrap()
    }

    fn count(&self, kind: &str) -> u64 {
        self.expected["usage"][kind].as_u64().unwrap()
    }

    fn cost(&self) -> NanoUsd {
        let nanos =
            RATES.iter().map(|(_, rate, kind)| rate / 1_000_000 * self.count(kind)).sum::<u64>();
        NanoUsd::new(nanos.into())
    }

    /// What the upstream answers.
    fn says(&self, stream: Streams, about: About) -> Say {
        let kind = match about {
            About::Text => "",
            About::Tool => "_tools",
        };
        match stream {
            Streams::No => Say::Whole(
                200,
                fs::read_to_string(self.folder.join(format!("reply{kind}.json"))).unwrap(),
            ),
            Streams::Yes => {
                let lines = self.folder.join(format!("stream{kind}.jsonl"));
                let bytes = match fs::read_to_string(lines) {
                    Ok(lines) => lines.lines().flat_map(frame).collect(),
                    Err(_) => fs::read(self.folder.join(format!("stream{kind}.sse"))).unwrap(),
                };
                // Cut where nothing ends: in the middle of characters and frames.
                Say::Events(bytes.chunks(97).map(<[u8]>::to_vec).collect())
            }
        }
    }

    async fn gateway(&self, upstream: &Upstream) -> Proxy {
        Proxy::with(upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            fs::write(&path, POLICY).unwrap();
            settings.policy = PolicySource::File(path);
            for target in &mut settings.targets {
                let TargetKind::Remote(remote) = &mut target.kind else { continue };
                remote.provider = self.provider;
                self.model().clone_into(&mut remote.model);
                remote.speaks = self.provider.surface().map(|it| vec![it]);
                if self.provider.signs_for().is_some() {
                    remote.signing = Some(AwsKeys {
                        access_key_id: Secret::new("AKIDEXAMPLE".to_owned()),
                        secret_access_key: Secret::new(
                            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
                        ),
                        session_token: Some(Secret::new("a-session-token".to_owned())),
                    });
                    remote.region = Some("eu-central-1".to_owned());
                }
                let rates = RATES.map(|(kind, rate, _)| (kind, Rate::flat(rate)));
                target.price = Price::new(BTreeMap::from(rates));
            }
        })
        .await
    }
}

/// A line of a file as a frame of Amazon's event stream.
fn frame(line: &str) -> Vec<u8> {
    let event: Value = serde_json::from_str(line).unwrap();
    let (name, payload) = event.as_object().unwrap().iter().next().unwrap();
    let text =
        |name: &'static str, value: String| Header::new(name, HeaderValue::String(value.into()));
    let headers = vec![
        text(":message-type", "event".to_owned()),
        text(":event-type", name.clone()),
        text(":content-type", "application/json".to_owned()),
    ];
    let mut out = Vec::new();
    write_message_to(&Message::new_from_parts(headers, payload.to_string()), &mut out).unwrap();
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Streams {
    No,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Text,
    Tool,
}

#[tokio::test(flavor = "multi_thread")]
async fn any_interface_at_any_provider_whole_and_streamed_with_text_and_tools() {
    for provider in PROVIDERS {
        let vendor = Vendor::of(*provider);
        let upstream = Upstream::script([]).await;
        let proxy = vendor.gateway(&upstream).await;
        for caller in CALLERS {
            for stream in [Streams::No, Streams::Yes] {
                for about in [About::Text, About::Tool] {
                    let case =
                        format!("{} at {}, {stream:?}, {about:?}", caller.name, provider.name());
                    let mut body = (caller.body)();
                    body["stream"] = (stream == Streams::Yes).into();
                    if about == About::Tool {
                        let Some(tool) = caller.tool else { continue };
                        body["tools"] = json!([tool()]);
                    }
                    upstream.then(vendor.says(stream, about));
                    let reply = ask(&proxy, caller.path, &body).await;
                    assert_eq!(reply.status, 200, "{case}: {}", reply.text());
                    check_answer(caller, &reply, (stream, about), &case);
                    check_ledger(&vendor, &proxy, &reply, &case).await;
                    let seen = upstream.seen();
                    check_request(&vendor, seen.last().unwrap(), stream, &case);
                }
            }
        }
        proxy.stop().await;
    }
}

fn check_answer(caller: &Caller, reply: &Reply, (stream, about): (Streams, About), case: &str) {
    let parts = parts(reply);
    match about {
        About::Text => {
            assert_eq!((caller.text)(&parts), TEXT, "{case}: {}", reply.text());
            assert_eq!((caller.end)(&parts), caller.ends[0], "{case}: {}", reply.text());
        }
        About::Tool => {
            let (name, arguments) = (caller.call)(&parts);
            let arguments: Value = serde_json::from_str(&arguments)
                .unwrap_or_else(|_| panic!("{case}: {}", reply.text()));
            assert_eq!((&*name, arguments), (TOOL, json!({ "location": "Paris" })), "{case}");
            assert_eq!((caller.end)(&parts), caller.ends[1], "{case}: {}", reply.text());
        }
    }
    if stream == Streams::Yes {
        let text = reply.text();
        let last = text.lines().rfind(|line| !line.is_empty()).unwrap();
        assert!(last.starts_with(caller.last), "{case}: {text}");
    }
}

async fn check_ledger(vendor: &Vendor, proxy: &Proxy, reply: &Reply, case: &str) {
    let settled = proxy.row(reply.decision()).await.settled.unwrap();
    let usage = settled.usage.unwrap();
    assert_eq!(usage.source, UsageSource::Reported, "{case}");
    let counts = [
        usage.input_uncached,
        usage.cache_read,
        usage.cache_write,
        usage.cache_write_1h,
        usage.output,
        usage.reasoning,
    ];
    for ((_, _, kind), count) in RATES.iter().zip(counts) {
        assert_eq!(u64::from(count.0), vendor.count(kind), "{case}: {kind}");
    }
    assert_eq!(settled.cost, vendor.cost(), "{case}");
}

/// Where the request went, and how it proved who sent it.
fn check_request(vendor: &Vendor, seen: &Seen, stream: Streams, case: &str) {
    let (line, headers) = seen.head.split_once("\r\n").unwrap();
    let expected = match (vendor.provider.name(), stream) {
        ("anthropic", _) => "/v1/messages".to_owned(),
        ("azure", _) => "/v1/openai/v1/chat/completions".to_owned(),
        ("bedrock", Streams::No) => {
            "/v1/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse".to_owned()
        }
        ("bedrock", Streams::Yes) => {
            "/v1/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse-stream".to_owned()
        }
        ("gemini", Streams::No) => "/v1/models/gemini-2.5-flash:generateContent".to_owned(),
        ("gemini", Streams::Yes) => {
            "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse".to_owned()
        }
        _ => "/v1/chat/completions".to_owned(),
    };
    assert_eq!(line, format!("POST {expected} HTTP/1.1"), "{case}");
    let headers = headers.to_lowercase();
    let key = match vendor.provider.name() {
        "anthropic" => "x-api-key: upstream-key-",
        "azure" => "api-key: upstream-key-",
        "gemini" => "x-goog-api-key: upstream-key-",
        "bedrock" => "authorization: aws4-hmac-sha256 credential=akidexample/",
        _ => "authorization: bearer upstream-key-",
    };
    assert!(headers.contains(key), "{case}: {headers}");
    if vendor.provider.name() == "bedrock" {
        check_signature(seen, &expected);
    }
}

/// The signature, computed once more from what arrived, after Amazon's description and without the
/// crate that made it.
fn check_signature(seen: &Seen, path: &str) {
    let header = |name: &str| {
        let lines = seen.head.lines();
        let found = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("no {name}")).1.trim().to_owned()
    };
    let authorization = header("authorization");
    let part = |name: &str| {
        let rest = authorization.split_once(name).unwrap().1;
        rest.split([',', ' ']).next().unwrap().to_owned()
    };
    let (signed, signature) = (part("SignedHeaders="), part("Signature="));
    assert!(signed.contains("host") && signed.contains("x-amz-security-token"), "{signed}");
    let listed = signed.split(';').map(|name| format!("{name}:{}", header(name)));
    let listed = listed.collect::<Vec<_>>().join("\n");
    // A path is encoded once more than it is sent.
    let path = path.replace('%', "%25");
    let body = sha256(&seen.body);
    let canonical = format!("POST\n{path}\n\n{listed}\n\n{signed}\n{body}");
    let date = header("x-amz-date");
    let day = date.get(..8).unwrap();
    let scope = format!("{day}/eu-central-1/bedrock/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
    for word in [day, "eu-central-1", "bedrock", "aws4_request"] {
        key = hmac(&key, word.as_bytes());
    }
    assert_eq!(ambidex::hex::encode(&hmac(&key, to_sign.as_bytes())), signature);
}

fn sha256(bytes: &[u8]) -> String {
    ambidex::hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

fn hmac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    ring::hmac::sign(&key, bytes).as_ref().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_any_provider_come_back_in_any_interface_without_our_key() {
    for provider in PROVIDERS {
        let vendor = Vendor::of(*provider);
        let upstream = Upstream::script([]).await;
        let proxy = vendor.gateway(&upstream).await;
        let body = fs::read_to_string(vendor.folder.join("error.json")).unwrap();
        let message = vendor.expected["error"]["message"].as_str().unwrap();
        let status = vendor.expected["error"]["status"].as_u64().unwrap();
        for caller in CALLERS {
            let case = format!("{} at {}", caller.name, provider.name());
            for (told, expected) in [
                (body.clone(), message.to_owned()),
                // Some vendors repeat the key that they were sent.
                (
                    body.replace(message, &format!("{message} {}", crate::support::UPSTREAM_KEY)),
                    format!("{message} [key]"),
                ),
            ] {
                // Some messages are put together, so there is nothing to replace.
                if told == body && expected != message {
                    continue;
                }
                let sent = if vendor.expected.get("disguised").is_some() { 200 } else { status };
                upstream.then(Say::Whole(u16::try_from(sent).unwrap(), told));
                let reply = ask(&proxy, caller.path, &(caller.body)()).await;
                assert_eq!(u64::from(reply.status), status, "{case}: {}", reply.text());
                let said = reply
                    .json()
                    .pointer("/error/message")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                assert_eq!(said.as_deref(), Some(expected.as_str()), "{case}: {}", reply.text());
                assert!(!reply.text().contains(crate::support::UPSTREAM_KEY), "{case}");
                let settled = proxy.row(reply.decision()).await.settled.unwrap();
                assert_eq!(settled.cost, NanoUsd::ZERO, "{case}: a refusal costs nothing");
            }
        }
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_breaks_in_any_form_is_never_a_whole_answer() {
    for provider in PROVIDERS {
        let vendor = Vendor::of(*provider);
        let Say::Events(pieces) = vendor.says(Streams::Yes, About::Text) else {
            panic!("no stream")
        };
        let upstream = Upstream::script([]).await;
        let proxy = vendor.gateway(&upstream).await;
        for caller in CALLERS {
            let case = format!("{} at {}", caller.name, provider.name());
            let half = pieces.len().div_ceil(2);
            upstream.then(Say::Cut(pieces[..half].to_vec()));
            let mut body = (caller.body)();
            body["stream"] = true.into();
            let reply = ask(&proxy, caller.path, &body).await;
            assert!(reply.text().contains("upstream_truncated"), "{case}: {}", reply.text());
            let settled = proxy.row(reply.decision()).await.settled.unwrap();
            // Some say nothing in the first half that a caller would see: then there is no stream to break.
            let outcome = if reply.status == 200 { "truncated" } else { "target_failed" };
            assert_eq!(settled.outcome, outcome, "{case}");
            assert!(settled.cost.is_positive(), "{case}: an answer that began is never free");
        }
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_json_looks_as_the_caller_expects_it() {
    let format = json!({ "type": "json_object" });
    let call = json!({ "type": "tool_use", "id": "toolu_1", "name": "answer_in_json", "input": { "city": "Paris" } });
    let reply = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
        "content": [call], "stop_reason": "tool_use", "usage": { "input_tokens": 9, "output_tokens": 5 } });
    let vendor = Vendor::of(ambidex::upstream::provider::named("anthropic").unwrap());
    let upstream = Upstream::script([Say::Whole(200, reply.to_string())]).await;
    let proxy = vendor.gateway(&upstream).await;
    let mut body = (CHAT.body)();
    body["response_format"] = format;
    let reply = ask(&proxy, CHAT.path, &body).await;
    let parts = parts(&reply);
    assert_eq!((CHAT.text)(&parts), r#"{"city":"Paris"}"#, "{}", reply.text());
    assert_eq!((CHAT.end)(&parts), "stop");
    assert!(!reply.text().contains("answer_in_json"), "the tool is ours: {}", reply.text());
    let sent: Value = serde_json::from_slice(&upstream.seen()[0].body).unwrap();
    assert_eq!(sent["tool_choice"], json!({ "type": "tool", "name": "answer_in_json" }));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_router_bills_is_what_it_cost_unless_the_user_knows_better() {
    let vendor = Vendor::of(ambidex::upstream::provider::named("openrouter").unwrap());
    let upstream = Upstream::script([vendor.says(Streams::No, About::Text)]).await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        fs::write(&path, POLICY).unwrap();
        settings.policy = PolicySource::File(path);
        for target in &mut settings.targets {
            let TargetKind::Remote(remote) = &mut target.kind else { continue };
            remote.provider = vendor.provider;
            vendor.model().clone_into(&mut remote.model);
        }
    })
    .await;
    let reply = ask(&proxy, CHAT.path, &(CHAT.body)()).await;
    let settled = proxy.row(reply.decision()).await.settled.unwrap();
    assert_eq!(settled.cost, NanoUsd::new(95_000), "{}", reply.text());
    proxy.stop().await;
}
