//! What can fail while an answer is on its way, over interface, whole and streamed: F1 to F18 of the
//! table in docs/resilience.md. Every row is one case for every interface.

use std::time::Duration;

use ambidex::chat::{Surface, UsageSource};
use ambidex::config::{PolicySource, TargetKind};
use ambidex::money::NanoUsd;
use ambidex::record::State;
use ambidex::upstream::provider;
use serde_json::{Value, json};

use crate::interfaces::{continued, continuing, question, responding, response};
use crate::support::{KEY, Proxy, Reply, Say, Upstream, answer, events, eventually};
use crate::surfaces::{message, said, saying};

const ANY: &str = "
version: 1
name: any
owner: security@acme.example
restricted_may_reach: { zones: any, why: tested elsewhere }
budgets:
  - { name: pot, window: month, limit_usd: 100.00 }
routes:
  - { id: everything, use: [TARGET] }
otherwise: { refuse: { status: 403, say: \"No permitted model can answer this: {reasons}\" } }
";

/// An interface with a provider that speaks it.
#[derive(Clone, Copy)]
struct Tongue {
    path: &'static str,
    provider: &'static str,
    surface: Surface,
    whole: fn(&str) -> String,
    stream: fn(&[&str]) -> Vec<Vec<u8>>,
    /// An error inside a stream.
    error: &'static str,
    /// What an answer's stream ends with.
    end: &'static str,
}

const TONGUES: [Tongue; 4] = [
    Tongue {
        path: "/v1/chat/completions",
        provider: "openai",
        surface: Surface::OpenAiChat,
        whole: |text| answer(text, 1000, 200),
        stream: |words| events(words, Some((1000, 200))),
        error: "data: {\"error\":{\"message\":\"busy\"}}\n\n",
        end: "data: [DONE]\n\n",
    },
    Tongue {
        path: "/v1/messages",
        provider: "anthropic",
        surface: Surface::AnthropicMessages,
        whole: said,
        stream: saying,
        error: "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"busy\"}}\n\n",
        end: "event: message_stop",
    },
    Tongue {
        path: "/v1/completions",
        provider: "openai",
        surface: Surface::OpenAiCompletions,
        whole: continued,
        stream: continuing,
        error: "data: {\"error\":{\"message\":\"busy\"}}\n\n",
        end: "data: [DONE]\n\n",
    },
    Tongue {
        path: "/v1/responses",
        provider: "openai",
        surface: Surface::OpenAiResponses,
        whole: |text| response(text).to_string(),
        stream: responding,
        error: "event: error\ndata: {\"type\":\"error\",\"message\":\"busy\",\"sequence_number\":9}\n\n",
        end: "event: response.completed",
    },
];

impl Tongue {
    fn body(&self, stream: &'static str) -> Value {
        let is_near = self.path == "/v1/completions" || self.path == "/v1/responses";
        let mut body = if is_near { question(self.path, "Hi") } else { message("Hi") };
        body["stream"] = (stream == STREAMED).into();
        body
    }

    /// A gateway with a provider of this interface, of whom it wants an answer within this time.
    async fn gateway(&self, upstream: &Upstream, target: &str, patience: Duration) -> Proxy {
        let policy = ANY.replace("TARGET", target);
        let (provider, surface) = (provider::named(self.provider).unwrap(), self.surface);
        Proxy::with(upstream, |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, policy).unwrap();
            settings.policy = PolicySource::File(path);
            if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
                remote.provider = provider;
                remote.speaks = Some(vec![surface]);
                if provider.name() == "anthropic" {
                    "claude-haiku-4-5".clone_into(&mut remote.model);
                }
                remote.timeouts.first_byte = patience;
                remote.timeouts.idle = patience;
                remote.timeouts.total = patience * 2;
            }
        })
        .await
    }

    async fn ask(&self, proxy: &Proxy, stream: &'static str) -> Reply {
        let reply = self.open(proxy, stream).await;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Reply { status, headers, body: reply.bytes().await.unwrap().to_vec() }
    }

    async fn open(&self, proxy: &Proxy, stream: &'static str) -> reqwest::Response {
        let request = proxy.client.post(proxy.url(self.path)).header("x-api-key", KEY);
        request.body(self.body(stream).to_string()).send().await.unwrap()
    }
}

/// For those who fall silent.
const SHORT: Duration = Duration::from_millis(700);
/// For those who do not.
const LONG: Duration = Duration::from_secs(20);

const WHOLE: &str = "whole";
const STREAMED: &str = "streamed";

/// What the client is told.
enum Told {
    /// A status with a code.
    Status(u16, &'static str),
    /// An error with this word inside the stream, and never the end of an answer.
    Inside(&'static str),
    /// The whole answer.
    Answer,
}

/// What is owed in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owed {
    Nothing,
    Something,
    AllThatWasReserved,
}

struct Row {
    name: &'static str,
    delivery: &'static str,
    say: fn(&Tongue) -> Say,
    told: Told,
    owed: Owed,
}

fn rejoined(tongue: &Tongue, change: fn(&str) -> String) -> Say {
    let whole = String::from_utf8((tongue.stream)(&["one ", "你好 🦀"]).concat()).unwrap();
    Say::Events(vec![change(&whole).into_bytes()])
}

/// A whole reply of which only the beginning comes.
fn half(tongue: &Tongue) -> String {
    let body = (tongue.whole)("one two");
    let (half, _) = body.split_at(body.len() / 2);
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{half}",
        body.len()
    )
}

const ROWS: &[Row] = &[
    Row {
        name: "F3 accepts and never answers",
        delivery: WHOLE,
        say: |_| Say::Silence,
        told: Told::Status(504, "upstream_timeout"),
        owed: Owed::AllThatWasReserved,
    },
    Row {
        name: "F3 accepts and never answers",
        delivery: STREAMED,
        say: |_| Say::Silence,
        told: Told::Status(504, "upstream_timeout"),
        owed: Owed::AllThatWasReserved,
    },
    Row {
        name: "F3 answers and never says a word",
        delivery: STREAMED,
        say: |_| Say::Stall(Vec::new()),
        told: Told::Status(504, "upstream_timeout"),
        owed: Owed::AllThatWasReserved,
    },
    Row {
        name: "F3 falls silent in the middle",
        delivery: STREAMED,
        say: |it| Say::Stall((it.stream)(&["one ", "two"])[..2].to_vec()),
        told: Told::Inside("upstream_timeout"),
        owed: Owed::Something,
    },
    Row {
        name: "F3 falls silent in the middle",
        delivery: WHOLE,
        say: |it| Say::RawStall(half(it)),
        told: Told::Status(504, "upstream_timeout"),
        owed: Owed::AllThatWasReserved,
    },
    Row {
        name: "F5 breaks in the middle",
        delivery: WHOLE,
        say: |it| Say::Raw(half(it)),
        told: Told::Status(502, "upstream_truncated"),
        owed: Owed::AllThatWasReserved,
    },
    Row {
        name: "F5 breaks before the first word",
        delivery: STREAMED,
        say: |_| Say::Cut(Vec::new()),
        told: Told::Status(502, "upstream_truncated"),
        owed: Owed::AllThatWasReserved,
    },
    Row {
        name: "F5 breaks in the middle",
        delivery: STREAMED,
        say: |it| Say::Cut((it.stream)(&["one ", "two"])[..2].to_vec()),
        told: Told::Inside("upstream_truncated"),
        owed: Owed::Something,
    },
    Row {
        name: "F5 ends in good order, but too early",
        delivery: STREAMED,
        say: |it| Say::Events((it.stream)(&["one ", "two"])[..2].to_vec()),
        told: Told::Inside("upstream_truncated"),
        owed: Owed::Something,
    },
    Row {
        name: "F6 says that it failed instead of answering",
        delivery: STREAMED,
        say: |it| Say::Events(vec![it.error.as_bytes().to_vec()]),
        told: Told::Status(502, "upstream_error"),
        owed: Owed::Nothing,
    },
    Row {
        name: "F6 says in the middle that it failed",
        delivery: STREAMED,
        say: |it| {
            let mut begun = (it.stream)(&["one ", "two"])[..2].to_vec();
            begun.push(it.error.as_bytes().to_vec());
            Say::Events(begun)
        },
        told: Told::Inside("busy"),
        owed: Owed::Something,
    },
    Row {
        name: "F7 an event without an end",
        delivery: STREAMED,
        say: |_| Say::Stall(vec![vec![b'x'; 300 << 10]; 5]),
        told: Told::Status(502, "upstream_error"),
        owed: Owed::Nothing,
    },
    Row {
        name: "F7 ends twice, and junk behind",
        delivery: STREAMED,
        say: |it| rejoined(it, |whole| format!("{whole}data: [DONE]\n\ndata: {{{{\n\njunk")),
        told: Told::Answer,
        owed: Owed::Something,
    },
    Row {
        name: "F7 lines that end as on other systems",
        delivery: STREAMED,
        say: |it| rejoined(it, |whole| whole.replace('\n', "\r\n")),
        told: Told::Answer,
        owed: Owed::Something,
    },
    Row {
        name: "F7 lines that end as they used to",
        delivery: STREAMED,
        say: |it| rejoined(it, |whole| format!("{}: end\r\r\n", whole.replace('\n', "\r"))),
        told: Told::Answer,
        owed: Owed::Something,
    },
    Row {
        name: "F7 no blank behind the colon, comments in between",
        delivery: STREAMED,
        say: |it| rejoined(it, |whole| whole.replace("data: ", ": ping\ndata:")),
        told: Told::Answer,
        owed: Owed::Something,
    },
    Row {
        name: "F8 F9 byte by byte",
        delivery: STREAMED,
        say: |it| {
            let whole = (it.stream)(&["one ", "你好 🦀"]).concat();
            Say::Events(whole.into_iter().map(|byte| vec![byte]).collect())
        },
        told: Told::Answer,
        owed: Owed::Something,
    },
    Row {
        name: "F10 no usage",
        delivery: STREAMED,
        say: |it| rejoined(it, |whole| whole.replace("\"usage\"", "\"other\"")),
        told: Told::Answer,
        owed: Owed::Something,
    },
    Row {
        name: "F10 no usage",
        delivery: WHOLE,
        say: |it| Say::Whole(200, (it.whole)("one two").replace("\"usage\"", "\"other\"")),
        told: Told::Answer,
        owed: Owed::AllThatWasReserved,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_told_recorded_and_paid_once_in_every_interface() {
    let rows = ROWS.iter().flat_map(|row| TONGUES.map(|tongue| (row, tongue)));
    let mut running = tokio::task::JoinSet::new();
    for (row, tongue) in rows {
        running.spawn(check(row, tongue));
        if running.len() == 8 {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

async fn check(row: &'static Row, tongue: Tongue) {
    let case = format!("{} ({}, {})", row.name, row.delivery, tongue.path);
    let upstream = Upstream::script([(row.say)(&tongue)]).await;
    let patience = if row.name.starts_with("F3") { SHORT } else { LONG };
    let proxy = tongue.gateway(&upstream, "cloud", patience).await;
    let reply = tongue.ask(&proxy, row.delivery).await;
    let text = reply.text();
    let outcome = match row.told {
        Told::Status(status, code) => {
            assert_eq!((reply.status, reply.code().as_str()), (status, code), "{case}: {text}");
            "target_failed"
        }
        Told::Inside(word) => {
            assert!(reply.status == 200 && text.contains(word), "{case}: {text}");
            let is_chat = tongue.end.contains("DONE");
            assert!(is_chat || !text.contains(tongue.end), "{case}: {text}");
            assert!(!text.contains("\"finish_reason\":\"stop\""), "{case}: {text}");
            "truncated"
        }
        Told::Answer => {
            assert_eq!(reply.status, 200, "{case}: {text}");
            let words = if row.delivery == WHOLE { "one two" } else { "你好 🦀" };
            assert!(text.contains(words), "{case}: {text}");
            assert!(!text.contains("junk"), "{case}: {text}");
            "answered"
        }
    };
    assert_eq!(upstream.seen().len(), 1, "{case}: what may have been billed is not sent again");
    let row_of_ledger = proxy.row(reply.decision()).await;
    let settled = row_of_ledger.settled.unwrap();
    assert_eq!(settled.outcome, outcome, "{case}");
    let reserved = row_of_ledger.decided.reserved;
    let owed = match settled.cost {
        NanoUsd::ZERO => Owed::Nothing,
        cost if cost == reserved => Owed::AllThatWasReserved,
        _ => Owed::Something,
    };
    assert_eq!(owed, row.owed, "{case}: {:?} of {reserved:?}", settled.cost);
    if row.name.starts_with("F10") {
        assert_eq!(settled.usage.unwrap().source, UsageSource::Estimated, "{case}");
    }
    assert_eq!(proxy.reserved(), NanoUsd::ZERO, "{case}");
    assert_eq!(proxy.spent("pot"), settled.cost, "{case}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_keep_nothing_alive_for_ever() {
    for tongue in TONGUES {
        let comments = vec![b": ping\n\n".to_vec(); 400];
        let upstream = Upstream::script([Say::Stepwise(comments)]).await;
        let proxy = tongue.gateway(&upstream, "cloud", SHORT).await;
        let dripping = upstream.clone();
        let drip = tokio::task::spawn(async move {
            loop {
                dripping.go_on();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let reply = tongue.ask(&proxy, STREAMED).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (504, "upstream_timeout"),
            "{}",
            tongue.path
        );
        drip.abort();
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_cancels_the_upstream_and_pays_for_what_was_said() {
    for tongue in TONGUES {
        let begun = (tongue.stream)(&["one ", "two"])[..2].to_vec();
        for (delivery, say) in
            [(WHOLE, Say::Silence), (STREAMED, Say::Silence), (STREAMED, Say::Stall(begun))]
        {
            let case = format!("{} {delivery} {say:?}", tongue.path);
            let upstream = Upstream::script([say.clone()]).await;
            let proxy = tongue.gateway(&upstream, "cloud", LONG).await;
            if matches!(say, Say::Silence) {
                let asking = tongue.open(&proxy, delivery);
                tokio::select! {
                    _ = asking => panic!("{case}: an answer out of silence"),
                    () = async {
                        eventually("the request", || async {
                            (upstream.seen().len() == 1).then_some(())
                        })
                        .await;
                    } => {}
                }
            } else {
                let mut reply = tongue.open(&proxy, delivery).await;
                assert!(reply.chunk().await.unwrap().is_some(), "{case}");
                drop(reply);
            }
            eventually("the upstream's cancellation", || async {
                (upstream.left() == 1).then_some(())
            })
            .await;
            let rows = proxy.rows().await;
            let settled = rows[0].settled.clone().unwrap();
            assert_eq!((rows.len(), settled.outcome.as_str()), (1, "client_gone"), "{case}");
            assert!(settled.cost.is_positive(), "{case}");
            assert_eq!(
                (proxy.spent("pot"), proxy.reserved()),
                (settled.cost, NanoUsd::ZERO),
                "{case}"
            );
            // Who leaves says nothing about the target.
            let up = proxy.metric("ambidex_target_up{target=\"cloud\"}").await;
            assert!((up - 1.0).abs() < 1e-9, "{case}");
            proxy.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_engine_fails_and_is_left_in_every_interface() {
    let upstream = Upstream::script([Say::Silence]).await;
    for tongue in TONGUES {
        for delivery in [WHOLE, STREAMED] {
            let case = format!("{} {delivery}", tongue.path);
            let proxy = tongue.gateway(&upstream, "local", LONG).await;
            // F1: the client leaves with the first piece.
            let mut reply = tongue.open(&proxy, delivery).await;
            assert_eq!(reply.status(), 200, "{case}");
            reply.chunk().await.unwrap();
            drop(reply);
            proxy.rows().await;
            // F26: it is gone.
            proxy.gateway.app.destinations[0].engine().unwrap().stop();
            let reply = tongue.ask(&proxy, delivery).await;
            assert!(reply.status >= 500, "{case}: {}", reply.text());
            assert_eq!(reply.code(), "local_failed", "{case}");
            let row = proxy.row(reply.decision()).await;
            assert_eq!(row.state, State::Released, "{case}");
            assert_eq!(proxy.reserved(), NanoUsd::ZERO, "{case}");
            proxy.stop().await;
        }
    }
    assert_eq!(upstream.connections(), 0, "what was meant to stay here stays here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_went_stale_is_not_a_failure() {
    // The upstream closes after every answer; the pool must not hand out what is closed.
    let tongue = TONGUES[0];
    let body = (tongue.whole)("one");
    let say = Say::Raw(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let upstream = Upstream::script([say]).await;
    let proxy = tongue.gateway(&upstream, "cloud", LONG).await;
    for _ in 0..5 {
        let reply = tongue.ask(&proxy, WHOLE).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(upstream.seen().len(), 5);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_to_the_byte() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 1, 1))]).await;
    let proxy = Proxy::with(&upstream, |settings, _| settings.limits.body_bytes_max = 1_000).await;
    let padded = |bytes: usize| {
        let mut body = json!({ "model": "gpt-4o-mini", "max_tokens": 5, "user": "",
            "messages": [{ "role": "user", "content": "Write a poem" }] });
        let missing = bytes - body.to_string().len();
        body["user"] = "x".repeat(missing).into();
        body.to_string().into_bytes()
    };
    for (bytes, status) in [(999, 200), (1_000, 200), (1_001, 413)] {
        let body = padded(bytes);
        assert_eq!(body.len(), bytes);
        assert_eq!(proxy.send_raw(body).await.status, status, "{bytes}");
    }
    let deep = |depth: usize| {
        let (open, close) = ("{\"a\":".repeat(depth), "}".repeat(depth));
        format!(
            r#"{{"model":"auto","messages":[{{"role":"user","content":"Hi"}}],"x":{open}1{close}}}"#
        )
    };
    let proxy_of_deep = Proxy::start(&upstream).await;
    for (depth, status) in [(60, 200), (70, 400)] {
        let reply = proxy_of_deep.send_raw(deep(depth).into_bytes()).await;
        assert_eq!(reply.status, status, "{depth}: {}", reply.text());
    }
    let wide = |keys: usize| {
        let entries: Vec<String> = (0..keys).map(|key| format!("\"k{key}\":1")).collect();
        format!(
            r#"{{"model":"auto","messages":[{{"role":"user","content":"Hi"}}],"x":{{{}}}}}"#,
            entries.join(",")
        )
    };
    for (keys, status) in [(256, 200), (257, 400)] {
        let reply = proxy_of_deep.send_raw(wide(keys).into_bytes()).await;
        assert_eq!(reply.status, status, "{keys}: {}", reply.text());
    }
    proxy_of_deep.stop().await;
    proxy.stop().await;
}
