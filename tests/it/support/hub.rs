//! A model hub that speaks the protocol (description, redirect to storage, digests, ranges) and
//! misbehaves as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha1::Digest as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The commit that the hub is at.
pub const COMMIT: &str = "0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab";

#[derive(Debug, Default)]
pub struct State {
    /// The files of the one model.
    pub files: BTreeMap<String, Vec<u8>>,
    /// These are kept in storage, to which the hub redirects.
    pub large: Vec<String>,
    /// After how many bytes of body the next answers about a large file break off.
    pub cuts: VecDeque<usize>,
    /// What to answer the next requests with instead: status and `Retry-After`.
    pub troubles: VecDeque<(u16, Option<u64>)>,
    /// Whether storage ignores ranges.
    pub no_ranges: bool,
    /// Tags of the description.
    pub tags: Vec<String>,
    /// Whether the description leaves out sizes and digests, as plain mirrors do.
    pub is_terse: bool,
    /// The heads of all requests, storage's with a `cdn ` before them.
    pub seen: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Hub,
    Storage,
}

/// The hub and its storage, on two ports.
#[derive(Clone, Debug)]
pub struct HubServer {
    pub address: SocketAddr,
    storage: SocketAddr,
    pub state: Arc<Mutex<State>>,
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn git_name(bytes: &[u8]) -> String {
    let mut hasher = sha1::Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(bytes);
    hex(&hasher.finalize())
}

impl HubServer {
    pub async fn start(state: State) -> Self {
        let (hub, storage) = (listener().await, listener().await);
        let server = Self {
            address: hub.local_addr().unwrap(),
            storage: storage.local_addr().unwrap(),
            state: Arc::new(Mutex::new(state)),
        };
        for (listener, side) in [(hub, Side::Hub), (storage, Side::Storage)] {
            let server = server.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let server = server.clone();
                    tokio::spawn(async move { server.answer(stream, side).await });
                }
            });
        }
        server
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// The heads of requests for a file, in order.
    pub fn seen(&self, part: &str) -> Vec<String> {
        self.with(|state| state.seen.iter().filter(|head| head.contains(part)).cloned().collect())
    }

    async fn answer(&self, mut stream: TcpStream, side: Side) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let (reply, cut) = self.with(|state| {
            let is_storage = side == Side::Storage;
            let origin = if is_storage { "cdn " } else { "" };
            state.seen.push(format!("{origin}{head}"));
            match state.troubles.pop_front() {
                Some((status, wait)) => (trouble(status, wait), None),
                None if is_storage => storage(state, &path, &head),
                None => (self.describe_or_resolve(state, &path), None),
            }
        });
        let _ = stream.write_all(&reply[..cut.unwrap_or(reply.len())]).await;
        let _ = stream.shutdown().await;
    }

    fn describe_or_resolve(&self, state: &State, path: &str) -> Vec<u8> {
        if path.starts_with("/api/models/google/tiny/revision/main") {
            return whole("200 OK", "", describe(state).to_string().as_bytes());
        }
        let file = path.strip_prefix(&format!("/google/tiny/resolve/{COMMIT}/"));
        let Some((name, bytes)) = file.and_then(|file| state.files.get_key_value(file)) else {
            return whole("404 Not Found", "X-Error-Code: RepoNotFound\r\n", b"");
        };
        if state.large.contains(name) {
            let headers = format!(
                "Location: http://{}/blob/{name}?signed=1\r\nX-Repo-Commit: {COMMIT}\r\n\
                 X-Linked-Size: {}\r\nX-Linked-Etag: \"{}\"\r\nETag: \"{}\"\r\n",
                self.storage,
                bytes.len(),
                sha256(bytes),
                git_name(b"pointer"),
            );
            return whole("302 Found", &headers, b"");
        }
        let headers = format!("ETag: \"{}\"\r\nX-Repo-Commit: {COMMIT}\r\n", git_name(bytes));
        whole("200 OK", &headers, bytes)
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn describe(state: &State) -> Value {
    let siblings = state.files.iter().map(|(name, bytes)| {
        if state.is_terse {
            json!({ "rfilename": name })
        } else if state.large.contains(name) {
            json!({ "rfilename": name, "size": bytes.len(), "blobId": git_name(b"pointer"),
                    "lfs": { "sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 134 } })
        } else {
            json!({ "rfilename": name, "size": bytes.len(), "blobId": git_name(bytes) })
        }
    });
    json!({ "id": "google/tiny", "sha": COMMIT, "gated": false, "tags": state.tags,
            "siblings": siblings.collect::<Vec<_>>() })
}

fn storage(state: &mut State, path: &str, head: &str) -> (Vec<u8>, Option<usize>) {
    let name = path.trim_start_matches("/blob/").split('?').next().unwrap();
    let bytes = state.files[name].clone();
    let from = head.lines().find_map(|line| {
        let (key, value) = line.split_once(": bytes=")?;
        key.eq_ignore_ascii_case("range").then(|| value.trim_end_matches('-').parse().unwrap())
    });
    let reply = match from.filter(|_| !state.no_ranges) {
        Some(from) if from >= bytes.len() => whole("416 Range Not Satisfiable", "", b"no"),
        Some(from) => {
            let range = format!(
                "Content-Range: bytes {from}-{}/{}\r\nAccept-Ranges: bytes\r\n",
                bytes.len() - 1,
                bytes.len()
            );
            whole("206 Partial Content", &range, &bytes[from..])
        }
        None => whole("200 OK", "Accept-Ranges: bytes\r\n", &bytes),
    };
    let body = reply.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let cut = state.cuts.pop_front().map(|cut| (body + cut).min(reply.len()));
    (reply, cut)
}

fn trouble(status: u16, wait: Option<u64>) -> Vec<u8> {
    let wait = wait.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    whole(&format!("{status} Trouble"), &wait, b"{\"error\":\"no\"}")
}

fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
