//! A commercial API that does as it is told, byte for byte, and remembers what it saw.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What to answer one request with.
#[derive(Clone, Debug)]
pub enum Say {
    /// A whole JSON reply.
    Whole(u16, String),
    /// A whole JSON reply, or an event stream in these pieces where one was asked for.
    InKind(String, Vec<Vec<u8>>),
    /// A whole reply that repeats the last message.
    Echo,
    /// An event stream in these pieces, properly ended.
    Events(Vec<Vec<u8>>),
    /// An event stream in these pieces, then the connection breaks.
    Cut(Vec<Vec<u8>>),
    /// An event stream in these pieces, then nothing until the other side leaves.
    Stall(Vec<Vec<u8>>),
    /// No reply at all until the other side leaves.
    Silence,
    /// These bytes, head and all, then the connection breaks.
    Raw(String),
    /// These bytes, head and all, then nothing until the other side leaves.
    RawStall(String),
    /// An event stream in pieces, each sent when [`Upstream::go_on`] says so.
    Stepwise(Vec<Vec<u8>>),
}

impl Say {
    /// What depends on what was asked.
    fn in_kind(self, asked: &str) -> Self {
        if let Self::InKind(_, pieces) = &self
            && asked.contains("\"stream\":true")
        {
            return Self::Events(pieces.clone());
        }
        if matches!(self, Self::Echo) {
            let asked: Value = serde_json::from_str(asked).unwrap();
            let last = asked["messages"].as_array().unwrap().last().unwrap();
            return Self::Whole(200, answer(last["content"].as_str().unwrap(), 20, 5));
        }
        self
    }
}

/// What a request looked like.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    script: Vec<Say>,
    seen: Vec<Seen>,
    connections: usize,
    left: usize,
}

/// The upstream.
#[derive(Clone, Debug)]
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    steps: Arc<Notify>,
}

impl Upstream {
    /// Answers the first request with the first entry and so on; the last entry repeats.
    pub async fn script(script: impl IntoIterator<Item = Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { script: script.into_iter().collect(), ..State::default() };
        let upstream =
            Self { address, state: Arc::new(Mutex::new(state)), steps: Arc::new(Notify::new()) };
        let accepting = upstream.clone();
        tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.state.lock().unwrap().connections += 1;
                let upstream = accepting.clone();
                tokio::task::spawn(async move { upstream.serve(stream).await });
            }
        });
        upstream
    }

    /// Adds an answer to the script.
    pub fn then(&self, say: Say) {
        self.state.lock().unwrap().script.push(say);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// How often the other side left before the answer was over.
    pub fn left(&self) -> usize {
        self.state.lock().unwrap().left
    }

    /// Lets a stepwise answer send its next piece.
    pub fn go_on(&self) {
        self.steps.notify_one();
    }

    /// The promise, checked on the wire.
    pub fn never_saw(&self, canary: &str) {
        for seen in self.seen() {
            let body = String::from_utf8_lossy(&seen.body);
            assert!(!body.contains(canary) && !seen.head.contains(canary), "the canary left");
        }
    }

    async fn serve(&self, mut stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        while let Some(seen) = read_request(&mut stream).await {
            let say = {
                let mut state = self.state.lock().unwrap();
                let index = state.seen.len().min(state.script.len() - 1);
                let body = String::from_utf8_lossy(&seen.body).into_owned();
                state.seen.push(seen);
                state.script[index].clone().in_kind(&body)
            };
            if !self.answer(&mut stream, say).await {
                return;
            }
        }
    }

    /// Whether the connection goes on.
    async fn answer(&self, stream: &mut TcpStream, say: Say) -> bool {
        match say {
            // It was made a whole reply.
            Say::Echo => false,
            Say::InKind(body, _) => Box::pin(self.answer(stream, Say::Whole(200, body))).await,
            Say::Whole(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(format!("{head}{body}").as_bytes()).await.is_ok()
            }
            Say::Events(pieces) => {
                send_pieces(stream, &pieces).await && stream.write_all(b"0\r\n\r\n").await.is_ok()
            }
            Say::Cut(pieces) => {
                send_pieces(stream, &pieces).await;
                false
            }
            Say::Stall(pieces) => {
                send_pieces(stream, &pieces).await;
                self.wait_until_left(stream).await;
                false
            }
            Say::Silence => {
                self.wait_until_left(stream).await;
                false
            }
            Say::Raw(bytes) => {
                stream.write_all(bytes.as_bytes()).await.unwrap();
                false
            }
            Say::RawStall(bytes) => {
                stream.write_all(bytes.as_bytes()).await.unwrap();
                self.wait_until_left(stream).await;
                false
            }
            Say::Stepwise(pieces) => {
                if stream.write_all(HEAD.as_bytes()).await.is_err() {
                    return false;
                }
                for piece in pieces {
                    self.steps.notified().await;
                    if stream.write_all(&chunk(&piece)).await.is_err() {
                        self.state.lock().unwrap().left += 1;
                        return false;
                    }
                }
                stream.write_all(b"0\r\n\r\n").await.is_ok()
            }
        }
    }

    async fn wait_until_left(&self, stream: &mut TcpStream) {
        let mut byte = [0];
        // Nothing more is ever sent, so this ends when the other side closes.
        let _ = stream.read(&mut byte).await;
        self.state.lock().unwrap().left += 1;
    }
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

async fn send_pieces(stream: &mut TcpStream, pieces: &[Vec<u8>]) -> bool {
    if stream.write_all(HEAD.as_bytes()).await.is_err() {
        return false;
    }
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        if stream.write_all(&chunk(piece)).await.is_err() {
            return false;
        }
        stream.flush().await.unwrap();
    }
    true
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length: usize = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase().strip_prefix("content-length:").map(str::to_owned)
                })
                .map_or(0, |length| length.trim().parse().unwrap());
            while bytes.len() < end + 4 + length {
                let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
                bytes.extend_from_slice(&buffer[..count]);
            }
            return Some(Seen { head, body: bytes[end + 4..].to_vec() });
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// A whole reply with this text and usage.
pub fn answer(text: &str, prompt: u32, completion: u32) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": prompt, "completion_tokens": completion,
                   "total_tokens": prompt + completion },
    })
    .to_string()
}

/// A stream that says these words, one event each, with usage at its end if it is given.
pub fn events(words: &[&str], usage: Option<(u32, u32)>) -> Vec<Vec<u8>> {
    let chunk = |choices: Value, usage: Value| {
        let value = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": "gpt-4o-mini", "choices": choices, "usage": usage });
        format!("data: {value}\n\n").into_bytes()
    };
    let mut all: Vec<Vec<u8>> = words
        .iter()
        .map(|word| chunk(json!([{ "index": 0, "delta": { "content": word } }]), Value::Null))
        .collect();
    all.push(chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), Value::Null));
    if let Some((prompt, completion)) = usage {
        let usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion });
        all.push(chunk(json!([]), usage));
    }
    all.push(b"data: [DONE]\n\n".to_vec());
    all
}
