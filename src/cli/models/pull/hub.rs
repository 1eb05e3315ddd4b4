//! The hub's protocol: what a model consists of, and its files, with ranges and digests.
//!
//! Redirects are followed by hand: the digest is in the headers of the first answer, which a client
//! that follows by itself throws away, and the token must not go to where they lead.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt as _;
use indicatif::ProgressBar;
use reqwest::header::{
    AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, LOCATION, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;

use super::chosen::Remote;
use super::stage::{Part, Stage};
use super::{Patience, PullError, PullOptions};
use crate::engine::manifest::Entry;

/// The longest description of a model that is read.
const INFO_BYTES_MAX: usize = 16 << 20;
/// Redirects from one file that are followed.
const REDIRECTS_MAX: usize = 5;

/// What the hub says about a model.
#[derive(Debug)]
pub(super) struct Info {
    pub(super) commit: String,
    pub(super) licence: Option<String>,
    pub(super) files: Vec<Remote>,
}

#[derive(Deserialize)]
struct Described {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

/// A model at a commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) name: &'a str,
    pub(super) commit: &'a str,
}

/// A hub or its mirror.
pub(super) struct Hub {
    client: reqwest::Client,
    endpoint: Url,
    token: Option<HeaderValue>,
    patience: Patience,
}

impl Hub {
    pub(super) fn new(options: &PullOptions) -> Result<Self, PullError> {
        let wrong = || PullError::Endpoint(options.endpoint.clone());
        let base = format!("{}/", options.endpoint.trim_end_matches('/'));
        let endpoint = Url::parse(&base).map_err(|_| wrong())?;
        let is_here = matches!(endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        // A token, and a model, are not for everyone on the way.
        if endpoint.scheme() != "https" && !is_here {
            return Err(wrong());
        }
        let token = options.token.as_ref().and_then(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        // The process-wide TLS provider; a second call finds it set, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.patience.silence.min(Duration::from_secs(10)))
            .read_timeout(options.patience.silence)
            .user_agent(concat!("ambidex/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(PullError::Client)?;
        Ok(Self { client, endpoint, token, patience: options.patience })
    }

    /// Asks what a model is at a revision.
    pub(super) async fn info(&self, name: &str, revision: &str) -> Result<Info, PullError> {
        let what = format!("{name}@{revision}");
        let path = format!("api/models/{name}/revision/{}", escaped(revision));
        let mut url = self.url(&path)?;
        url.set_query(Some("blobs=true"));
        let (answer, _) = self.get(&url, 0, &what).await?;
        let odd = |reason: String| PullError::Answer { what: what.clone(), reason };
        let mut body = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let broke = "the connection broke";
            let piece =
                piece.map_err(|_| PullError::Connection { what: what.clone(), reason: broke })?;
            if body.len().saturating_add(piece.len()) > INFO_BYTES_MAX {
                return Err(odd("it is too long".to_owned()));
            }
            body.extend_from_slice(&piece);
        }
        let described: Described =
            serde_json::from_slice(&body).map_err(|error| odd(error.to_string()))?;
        let is_commit =
            described.sha.len() >= 7 && described.sha.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_commit {
            return Err(odd("it names no commit".to_owned()));
        }
        let licence = described.tags.iter().find_map(|tag| tag.strip_prefix("license:"));
        let files = described.siblings.into_iter().map(|it| Remote {
            name: it.rfilename,
            size: it.size,
            sha256: it.lfs.map(|lfs| lfs.sha256),
            blob: it.blob,
        });
        Ok(Info {
            commit: described.sha,
            licence: licence.map(str::to_owned),
            files: files.collect(),
        })
    }

    /// Fetches one file into the stage, going on where an earlier attempt stopped.
    pub(super) async fn fetch(
        &self,
        at: &At<'_>,
        file: &Remote,
        stage: &Stage,
        bar: &ProgressBar,
    ) -> Result<Entry, PullError> {
        if let Some(entry) = stage.finished(file)? {
            bar.inc(entry.bytes);
            return Ok(entry);
        }
        let At { name, commit } = at;
        let what = format!("{name}/{}", file.name);
        let url = self.url(&format!("{name}/resolve/{commit}/{}", escaped(&file.name)))?;
        let mut part = stage.part(file)?;
        bar.inc(part.length());
        let mut fruitless = 0;
        while !part.is_whole() {
            let before = part.length();
            let outcome = self.go_on(&url, &what, &mut part, bar).await;
            fruitless = if part.length() > before { 0 } else { fruitless + 1 };
            match outcome {
                Ok(()) => {
                    part.end();
                }
                Err(error @ PullError::Connection { .. }) if fruitless < self.patience.attempts => {
                    tracing::debug!(%error, "trying again");
                    tokio::time::sleep(self.pause(fruitless)).await;
                }
                Err(error) => return Err(error),
            }
        }
        part.finish()
    }

    /// One request for the rest of a file.
    async fn go_on(
        &self,
        url: &Url,
        what: &str,
        part: &mut Part,
        bar: &ProgressBar,
    ) -> Result<(), PullError> {
        let broken = || PullError::Connection {
            what: what.to_owned(),
            reason: "the connection broke before the file was whole",
        };
        let (answer, first) = self.get(url, part.length(), what).await?;
        part.expect(first);
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            bar.set_position(bar.position().saturating_sub(part.length()));
            part.restart()?;
            return Err(broken());
        }
        let starts = match answer.status() {
            StatusCode::PARTIAL_CONTENT => range_start(answer.headers()),
            _ => Some(0),
        };
        if starts != Some(part.length()) {
            // The hub would not go on from here, or somewhere else: begin again.
            bar.set_position(bar.position().saturating_sub(part.length()));
            part.restart()?;
            if starts != Some(0) {
                return Err(broken());
            }
        }
        let expected = answer.content_length();
        let (mut pieces, mut came) = (answer.bytes_stream(), 0_u64);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| broken())?;
            part.write(&piece)?;
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            came = came.saturating_add(length);
            bar.inc(length);
        }
        if expected.is_some_and(|expected| came < expected) || part.is_short() {
            return Err(broken());
        }
        Ok(())
    }

    /// Sends a request, follows redirects, waits where the hub asks for it.
    async fn get(&self, url: &Url, from: u64, what: &str) -> Result<(Response, Stated), PullError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.follow(url, from, what).await;
            let wait = match &outcome {
                Ok((answer, _)) if is_busy(answer.status()) => {
                    let asked = answer.headers().get(RETRY_AFTER);
                    let seconds = asked.and_then(|it| it.to_str().ok()?.trim().parse().ok());
                    let asked = seconds.map(Duration::from_secs);
                    asked.unwrap_or_else(|| self.pause(attempt)).min(self.patience.silence)
                }
                Err(PullError::Connection { .. }) => self.pause(attempt),
                Ok(_) | Err(_) => return Self::judge(outcome?, what),
            };
            if attempt >= self.patience.attempts {
                return Self::judge(outcome?, what);
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn judge(
        (answer, stated): (Response, Stated),
        what: &str,
    ) -> Result<(Response, Stated), PullError> {
        let (status, what) = (answer.status().as_u16(), what.to_owned());
        match answer.status() {
            status if status.is_success() => Ok((answer, stated)),
            // What is there is longer than the file: it is thrown away.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok((answer, stated)),
            StatusCode::NOT_FOUND => Err(PullError::NotFound { what, status }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(PullError::Refused { what, status })
            }
            _ => Err(PullError::Busy { what, status }),
        }
    }

    async fn follow(
        &self,
        url: &Url,
        from: u64,
        what: &str,
    ) -> Result<(Response, Stated), PullError> {
        let (mut url, mut stated) = (url.clone(), Stated::default());
        for _ in 0..=REDIRECTS_MAX {
            let mut request = self.client.get(url.clone());
            if let Some(token) = self.token.as_ref().filter(|_| self.is_hub(&url)) {
                request = request.header(AUTHORIZATION, token.clone());
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let reason = "no connection could be made";
            let answer = request
                .send()
                .await
                .map_err(|_| PullError::Connection { what: what.to_owned(), reason })?;
            stated.note(answer.headers());
            if !answer.status().is_redirection() {
                return Ok((answer, stated));
            }
            let to = answer.headers().get(LOCATION).and_then(|it| it.to_str().ok());
            let to = to.and_then(|to| url.join(to).ok()).filter(|to| {
                // From an encrypted hub nothing may lead to an open line.
                to.scheme() == "https" || (to.scheme() == "http" && url.scheme() == "http")
            });
            url = to.ok_or_else(|| PullError::Answer {
                what: what.to_owned(),
                reason: "it redirects to nowhere".to_owned(),
            })?;
        }
        let reason = "it redirects again and again".to_owned();
        Err(PullError::Answer { what: what.to_owned(), reason })
    }

    fn is_hub(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    fn url(&self, path: &str) -> Result<Url, PullError> {
        self.endpoint.join(path).map_err(|_| PullError::Endpoint(self.endpoint.to_string()))
    }

    fn pause(&self, attempt: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.patience.pause.saturating_mul(doubled).min(self.patience.silence)
    }
}

/// What the headers on the way to a file say about it.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) sha256: Option<String>,
    pub(super) blob: Option<String>,
    pub(super) size: Option<u64>,
}

impl Stated {
    fn note(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        let etag = text("x-linked-etag").or_else(|| headers.get(ETAG)?.to_str().ok());
        let etag = etag.map(|it| it.trim_start_matches("W/").trim_matches('"'));
        let is_hex = |it: &&str| it.bytes().all(|byte| byte.is_ascii_hexdigit());
        let of_length = |length| etag.filter(|it| it.len() == length).filter(is_hex);
        if self.sha256.is_none() && self.blob.is_none() {
            self.sha256 = of_length(64).map(str::to_owned);
            self.blob = of_length(40).map(str::to_owned);
        }
        if self.size.is_none() {
            self.size = text("x-linked-size").and_then(|it| it.parse().ok());
        }
    }
}

fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// The first byte of a partial answer: 7 of `bytes 7-99/100`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// A revision or file name as one part of an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
