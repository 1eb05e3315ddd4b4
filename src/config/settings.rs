//! The typed configuration, with its defaults.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::cache;
use crate::caller::{Anonymous, CallerSettings, KeyDigest, Rates, TeamRates};
use crate::chat::usage::Tier;
use crate::destination::Serves;
use crate::engine::prompt::Templates;
use crate::engine::{AdapterSource, EngineSettings, TaggerSettings};
use crate::inspector::InspectionSettings;
use crate::money::NanoUsd;
use crate::record::{Durability, LedgerDown, StoreSettings};
use crate::route::breaker::Rules;
use crate::route::price::{Factor, Kind as Sold, Price};
use crate::secret::Secret;
use crate::server::Limits;
use crate::telemetry::genai;
use crate::upstream::RemoteSettings;
use crate::upstream::provider;

/// Everything that a gateway needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where operators connect.
    pub admin_listen: SocketAddr,
    /// Threads that serve requests; `None` is one per core.
    pub workers: Option<usize>,
    /// Limits of both listeners.
    pub limits: Limits,
    /// Where records are kept.
    pub store: StoreSettings,
    /// What its rows survive.
    pub durability: Durability,
    /// What is answered while it cannot be written.
    pub ledger_down: LedgerDown,
    /// Where the policy is.
    pub policy: PolicySource,
    /// The local models that targets name.
    pub local_models: Vec<LocalModelSettings>,
    /// The licences that local models may have; empty means any.
    pub licences_allowed: Vec<String>,
    /// Where requests can go.
    pub targets: Vec<TargetSettings>,
    /// Who may ask; empty means everyone, as `anonymous`.
    pub callers: Vec<CallerSettings>,
    /// Whether somebody without a key may ask while there are no keys.
    pub anonymous: Anonymous,
    /// Who may operate the gateway; empty means everybody on this machine.
    pub admin_keys: Vec<AdminKey>,
    /// Whether somebody without a key may operate while there are no keys.
    pub sign_in: Anonymous,
    /// What reads the metrics; `None` means everybody who reaches the admin listener.
    pub metrics_key: Option<KeyDigest>,
    /// Whether metrics are told under OpenTelemetry's names, too, and of which version.
    pub genai: Option<genai::Version>,
    /// Where traces go; `None` means nowhere.
    pub traces: Option<TracesSettings>,
    /// How fast the callers of a team together may ask.
    pub team_rates: Vec<TeamRates>,
    /// Limits of inspection.
    pub inspection: InspectionSettings,
    /// The language model that inspection reads with, if any.
    pub tagger: Option<TaggerSettings>,
    /// How the local model is asked, by task.
    pub local_prompts: Templates,
    /// What an hour of this machine costs, for the imputed cost of local answers.
    pub machine_hour: NanoUsd,
    /// Which answers are given again; `None` means none.
    pub cache: Option<cache::Rules>,
}

/// A collector of traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracesSettings {
    /// Its address for traces as OTLP over HTTP.
    pub endpoint: String,
    /// What it wants as a bearer token.
    pub key: Option<Secret>,
}

/// A key that opens the admin API and the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminKey {
    /// Whose it is.
    pub name: String,
    /// What is kept of it.
    pub digest: KeyDigest,
}

/// Where the policy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// The one in the binary.
    Embedded,
    /// A file.
    File(PathBuf),
}

impl PolicySource {
    /// The policy in the binary, `policies/default.yaml`.
    pub const EMBEDDED: &'static str = include_str!("../../policies/default.yaml");

    /// Its text.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self) -> std::io::Result<String> {
        match self {
            Self::Embedded => Ok(Self::EMBEDDED.to_owned()),
            Self::File(path) => std::fs::read_to_string(path),
        }
    }

    /// The name that messages use.
    pub fn name(&self) -> String {
        match self {
            Self::Embedded => "policies/default.yaml (embedded)".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// A target as configured.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// The name that policies use.
    pub name: String,
    /// Where its processing happens.
    pub zone: String,
    /// How it is reached.
    pub kind: TargetKind,
    /// The LoRA adapter that a local model answers with.
    pub adapter: Option<String>,
    /// What it charges, where the user knows better than the price book.
    pub price: Option<Price>,
    /// What service tiers charge there, where the user knows better.
    pub service_tiers: BTreeMap<Tier, Factor>,
    /// What its region multiplies.
    pub uplift: Factor,
    /// What one use of a tool costs that the provider runs, where the price book does not know.
    pub tool_usd: BTreeMap<Sold, NanoUsd>,
    /// What it can do.
    pub serves: Serves,
    /// Most requests at a time.
    pub concurrency: usize,
    /// The most requests and tokens that it is sent in a minute.
    pub rates: Rates,
    /// Most requests that wait for one of those to end; a local engine has a line of its own.
    pub queue: usize,
    /// How long its first word is waited for before another target is asked, too; `None` means as long
    /// as its timeouts say.
    pub hedge: Option<Duration>,
    /// When it is left alone, and for how long.
    pub breaker: Rules,
    /// Whether it can be used.
    pub power: Power,
}

/// Whether a target can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It can.
    On,
    /// Its key is not there yet; policies may name it, requests never reach it.
    Off,
}

/// How a target is reached.
#[derive(Clone, Debug)]
pub enum TargetKind {
    /// In this process.
    Engine(ModelChoice, EngineSettings),
    /// Over the network.
    Remote(Box<RemoteSettings>),
}

/// Which local model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// The one in the binary.
    Starter,
    /// One of `local_models`, which targets share.
    Named(String),
    /// A Hugging Face folder or a GGUF file.
    Folder(PathBuf),
}

/// A local model as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalModelSettings {
    /// The name that targets use.
    pub name: String,
    /// A Hugging Face folder or a GGUF file.
    pub path: PathBuf,
    /// Its licence, where its files do not say.
    pub licence: Option<String>,
    /// The digest that its weights must have.
    pub sha256: Option<String>,
    /// The digest that its `tokenizer.json` must have.
    pub tokenizer_sha256: Option<String>,
    /// The LoRA adapters that are loaded with it.
    pub adapters: Vec<AdapterSource>,
    /// How it computes.
    pub engine: EngineSettings,
}

/// Most requests that wait for a seat at a remote target.
pub const QUEUE: usize = 64;

/// Default port of the data listener.
pub const PORT: u16 = 8080;
/// Default port of the admin listener.
pub const ADMIN_PORT: u16 = 9090;

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, PORT).into(),
            admin_listen: (Ipv4Addr::LOCALHOST, ADMIN_PORT).into(),
            workers: None,
            limits: Limits::default(),
            store: StoreSettings::Sqlite(PathBuf::from("ambidex.db")),
            durability: Durability::Strict,
            ledger_down: LedgerDown::Refuse,
            policy: PolicySource::Embedded,
            local_models: Vec::new(),
            licences_allowed: Vec::new(),
            targets: vec![TargetSettings::starter(), TargetSettings::cloud()],
            callers: Vec::new(),
            anonymous: Anonymous::WithoutKeys,
            admin_keys: Vec::new(),
            sign_in: Anonymous::WithoutKeys,
            metrics_key: None,
            genai: None,
            traces: None,
            team_rates: Vec::new(),
            inspection: InspectionSettings::default(),
            tagger: None,
            // A small cloud machine with two cores, on demand.
            local_prompts: Templates::default(),
            machine_hour: NanoUsd::new(80_000_000),
            cache: None,
        }
    }
}

impl TargetSettings {
    /// The local engine with the model in the binary.
    pub fn starter() -> Self {
        Self {
            name: "local".to_owned(),
            zone: crate::policy::ZONE_ON_HOST.to_owned(),
            kind: TargetKind::Engine(ModelChoice::Starter, EngineSettings::default()),
            adapter: None,
            price: None,
            service_tiers: BTreeMap::new(),
            uplift: Factor::ONE,
            tool_usd: BTreeMap::new(),
            serves: Serves::text_only(),
            concurrency: 256,
            rates: Rates::default(),
            queue: 0,
            hedge: None,
            breaker: Rules::DEFAULT,
            power: Power::On,
        }
    }

    /// The commercial API of a gateway that nobody configured: off until it is given a key.
    pub fn cloud() -> Self {
        Self {
            name: "cloud".to_owned(),
            zone: "us".to_owned(),
            kind: TargetKind::Remote(Box::new(RemoteSettings::of(provider::OPENAI, "gpt-4o-mini"))),
            adapter: None,
            price: None,
            service_tiers: BTreeMap::new(),
            uplift: Factor::ONE,
            tool_usd: BTreeMap::new(),
            serves: Serves::default(),
            concurrency: 64,
            rates: Rates::default(),
            queue: QUEUE,
            hedge: None,
            breaker: Rules::DEFAULT,
            power: Power::Off,
        }
    }
}
