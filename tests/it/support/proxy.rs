//! A gateway with a local model and one upstream, and a client for it.

use std::time::Duration;

use ambidex::caller::CallerSettings;
use ambidex::config::settings::{ModelChoice, Power};
use ambidex::config::{PolicySource, Settings, StoreSettings, TargetKind, TargetSettings};
use ambidex::engine::EngineSettings;
use ambidex::gateway::Gateway;
use ambidex::money::NanoUsd;
use ambidex::record::evidence::{Known, verify};
use ambidex::record::{LedgerRow, State};
use ambidex::secret::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Upstream, eventually};

/// The caller's key.
pub const KEY: &str = "caller-key-5f2c81";
/// The upstream's key.
pub const UPSTREAM_KEY: &str = "upstream-key-93ab07";

/// A running gateway.
#[derive(Debug)]
pub struct Proxy {
    pub gateway: Gateway,
    pub client: reqwest::Client,
    pub folder: TempDir,
}

/// A reply that was read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn decision(&self) -> &str {
        self.header("x-ambidex-decision")
    }

    pub fn target(&self) -> &str {
        self.header("x-ambidex-target")
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A chat request with one message.
pub fn chat(prompt: &str) -> Value {
    json!({ "model": "gpt-4o-mini", "max_tokens": 20, "messages": [{ "role": "user", "content": prompt }] })
}

/// The same as a stream that asks for usage.
pub fn streamed(prompt: &str) -> Value {
    let mut body = chat(prompt);
    body["stream"] = true.into();
    body["stream_options"] = json!({ "include_usage": true });
    body
}

impl Proxy {
    /// A gateway with the embedded policy.
    pub async fn start(upstream: &Upstream) -> Self {
        Self::with(upstream, |_, _| {}).await
    }

    /// A gateway with a policy of the test's own.
    pub async fn with_policy(upstream: &Upstream, policy: &str) -> Self {
        let policy = policy.to_owned();
        Self::with(upstream, move |settings, folder| {
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, &policy).unwrap();
            settings.policy = PolicySource::File(path);
        })
        .await
    }

    /// A gateway whose settings the test changes.
    pub async fn with(upstream: &Upstream, change: impl FnOnce(&mut Settings, &TempDir)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(upstream, &folder);
        change(&mut settings, &folder);
        Self::of(&settings, folder).await
    }

    /// A gateway with these settings.
    pub async fn of(settings: &Settings, folder: TempDir) -> Self {
        let gateway = Gateway::start(settings).await.unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self { gateway, client, folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address)
    }

    /// Sends a chat request and reads the reply to its end.
    pub async fn send(&self, body: &Value) -> Reply {
        self.send_raw(body.to_string().into_bytes()).await
    }

    pub async fn send_raw(&self, body: Vec<u8>) -> Reply {
        let reply = self.open(body).await;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let body = reply.bytes().await.unwrap().to_vec();
        Reply { status, headers, body }
    }

    /// Sends a chat request and leaves the reply's body unread.
    pub async fn open(&self, body: Vec<u8>) -> reqwest::Response {
        self.client
            .post(self.url("/v1/chat/completions"))
            .header("authorization", format!("Bearer {KEY}"))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// The row of a decision, once it is no longer held.
    pub async fn row(&self, id: &str) -> LedgerRow {
        eventually("the end of the request", || async {
            let row = self.gateway.app.store.reader().unwrap().row(id).unwrap()?;
            (row.state != State::Held).then_some(row)
        })
        .await
    }

    /// Every row, once none is held.
    pub async fn rows(&self) -> Vec<LedgerRow> {
        eventually("the end of all requests", || async {
            let rows = self.gateway.app.store.reader().unwrap().rows(1_000).unwrap();
            rows.iter().all(|row| row.state != State::Held).then_some(rows)
        })
        .await
    }

    /// What is promised to requests that still run, over all budgets.
    pub fn reserved(&self) -> NanoUsd {
        let pots = self.gateway.app.budgets.snapshot(ambidex::clock::now()).pots;
        pots.iter().map(|pot| pot.standing.reserved).sum()
    }

    /// What a budget has spent.
    pub fn spent(&self, budget: &str) -> NanoUsd {
        let pots = self.gateway.app.budgets.snapshot(ambidex::clock::now()).pots;
        pots.iter().filter(|pot| *pot.budget == *budget).map(|pot| pot.standing.spent).sum()
    }

    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.gateway.admin_address);
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// The value of a metric's line that begins like this.
    pub async fn metric(&self, line: &str) -> f64 {
        let page = self.metrics().await;
        let found = page.lines().find_map(|it| it.strip_prefix(line));
        found.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Stops and checks that nothing is left open.
    pub async fn stop(self) -> TempDir {
        let Self { gateway, folder, .. } = self;
        let (store, budgets) = (gateway.app.store.clone(), gateway.app.budgets.clone());
        gateway.stop().await;
        let reader = store.reader().unwrap();
        let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
        assert!(verified.is_whole(), "the ledger's chain is broken: {:?}", verified.faults);
        let held = reader.sums().unwrap().held;
        assert_eq!(held, 0, "rows are still held after shutdown");
        let pots = budgets.snapshot(ambidex::clock::now()).pots;
        let reserved: NanoUsd = pots.iter().map(|pot| pot.standing.reserved).sum();
        assert_eq!(reserved, NanoUsd::ZERO, "money is still reserved after shutdown");
        folder
    }
}

/// A tiny local model (random weights), one upstream, one caller.
pub fn settings(upstream: &Upstream, folder: &TempDir) -> Settings {
    let mut local = TargetSettings::starter();
    local.kind = TargetKind::Engine(ModelChoice::Starter, EngineSettings::default());
    let mut cloud = TargetSettings { zone: "eu".to_owned(), ..TargetSettings::cloud() };
    cloud.power = Power::On;
    if let TargetKind::Remote(remote) = &mut cloud.kind {
        remote.base_url = format!("http://{}/v1", upstream.address);
        remote.key = Some(Secret::new(UPSTREAM_KEY.to_owned()));
    }
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        store: StoreSettings::Sqlite(folder.path().join("ledger.db")),
        targets: vec![local, cloud],
        callers: vec![CallerSettings::with_key(
            "support-bot",
            "support",
            &Secret::new(KEY.to_owned()),
        )],
        ..Settings::default()
    }
}
