//! A gateway from its settings: everything is checked and loaded first, sockets come second.

pub(crate) mod admin;
mod data;
pub mod keys;
mod models;
mod operator_keys;
mod traces;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::app::{App, Ids};
use crate::budget::Budgets;
use crate::cache::Cache;
use crate::caller::{Callers, Meter};
use crate::clock;
use crate::config::{PolicySource, Settings, TargetKind, TargetSettings};
use crate::destination::{Destination, Health, Kind, Line};
use crate::dispatch::Comparisons;
use crate::engine::{EngineError, TaggerError, TokenTagger};
use crate::idempotency::Idempotency;
use crate::inspect::Tagger;
use crate::inspector::{Inspector, TermsError};
use crate::mask::Key;
use crate::policy::{Masking, Policy, TargetWords, World};
use crate::record::{Durability, LedgerError, Store};
use crate::rollout::{self, Rollout};
use crate::route::price::{Factor, Listing, PriceBook, Rate};
use crate::server::{self, Shutdown};
use crate::shared::{self, Shared};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::upstream::{Client, Remote, RemoteError, RemoteSettings};
use crate::warnings;
use crate::yaml::Problems;

use self::admin::{Admin, Denied, Operators};
use self::keys::ManagedKeys;
pub use self::models::LocalModels;
use self::operator_keys::OperatorKeys;
use self::traces::Exporter;

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policy file cannot be read.
    #[error("the policy `{name}` could not be read: {source}")]
    PolicyUnreadable {
        /// The file.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// The policy has mistakes.
    #[error("{0}")]
    Policy(Problems),
    /// A model cannot be loaded.
    #[error("target `{target}`: {source}")]
    Engine {
        /// The target.
        target: String,
        /// Why.
        source: EngineError,
    },
    /// A remote target cannot be used.
    #[error("target `{target}`: {source}")]
    Remote {
        /// The target.
        target: String,
        /// Why.
        source: RemoteError,
    },
    /// A file of terms cannot be used.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The language model of inspection cannot be used.
    #[error("`inspection.ner`: {0}")]
    Tagger(#[from] TaggerError),
    /// Everybody who reaches the admin listener could operate the gateway.
    #[error(
        "error: `{0}` is reachable from outside without an admin key\n\
         help: add `console: {{ keys: [{{ name: …, key: env:… }}] }}`, or listen for operators on 127.0.0.1"
    )]
    AdminOpen(SocketAddr),
    /// No sessions can be made.
    #[error("the console cannot be set up: the system gave no random bytes")]
    NoRandom,
    /// The ledger cannot be opened.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The client cannot be built.
    #[error("the HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// The metrics cannot be registered.
    #[error("the metrics could not be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    /// An address cannot be used.
    #[error(
        "`{address}` cannot be listened on: {source}; choose another port or stop what uses it"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// The policy of these settings, checked against their targets.
pub fn policy(settings: &Settings) -> Result<Policy, StartError> {
    let source = policy_text(&settings.policy)?;
    Policy::compile(&settings.policy.name(), &source, &world(settings)).map_err(StartError::Policy)
}

/// What reads requests under these settings, with its terms and its language model loaded.
///
/// # Errors
/// A file of terms or of the model cannot be used.
pub fn inspector(settings: &Settings) -> Result<Inspector, StartError> {
    let load = |settings| TokenTagger::load(settings).map(|it| -> Arc<dyn Tagger> { Arc::new(it) });
    let tagger = settings.tagger.as_ref().map(load).transpose()?;
    Ok(Inspector::new(settings.inspection.clone())?.with_tagger(tagger))
}

/// The text of a policy.
pub fn policy_text(policy: &PolicySource) -> Result<String, StartError> {
    let name = || policy.name();
    policy.read().map_err(|source| StartError::PolicyUnreadable { name: name(), source })
}

/// What a policy may name under these settings.
pub fn world(settings: &Settings) -> World {
    let words = |it: &TargetSettings| TargetWords {
        name: it.name.clone(),
        zone: it.zone.clone(),
        is_priced: !matches!(it.kind, TargetKind::Remote(_)) || listing(it).is_some(),
    };
    World {
        targets: settings.targets.iter().map(words).collect(),
        teams: teams(settings),
        masking: Masking::Available,
    }
}

/// The teams of the configuration's callers, each once.
fn teams(settings: &Settings) -> Vec<String> {
    let mut teams: Vec<String> = settings.callers.iter().map(|it| it.team.clone()).collect();
    teams.sort();
    teams.dedup();
    teams
}

/// How often files of terms are looked at for changes.
const TERMS_INTERVAL: std::time::Duration = std::time::Duration::from_secs(5);

/// A gateway that serves.
#[derive(Debug)]
pub struct Gateway {
    /// Where clients connect.
    pub address: SocketAddr,
    /// Where operators connect.
    pub admin_address: SocketAddr,
    /// What it consists of.
    pub app: Arc<App>,
    listeners: Tasks,
    /// What goes on until the last request has ended.
    keepers: Tasks,
    /// Every request has come to its end.
    over: CancellationToken,
}

impl Gateway {
    /// Checks and loads everything, then listens.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let operators = operators(settings)?;
        let (mut app, keys) = load(settings, operators.keys())?;
        let (traces, exporter) = Exporter::new(settings.traces.as_ref()).unzip();
        app.traces = traces;
        let (app, keys) = (Arc::new(app), Arc::new(keys));
        let data = listen(settings.listen).await?;
        let admin = listen(settings.admin_listen).await?;
        let address = data.local_addr().unwrap_or(settings.listen);
        let admin_address = admin.local_addr().unwrap_or(settings.admin_listen);
        let listeners = Tasks::default();
        let (limits, shutdown) = (settings.limits, app.shutdown.clone());
        let for_data = Arc::clone(&app);
        let handler = move |request| {
            let app = Arc::clone(&for_data);
            async move { data::handle(&app, request).await }
        };
        listeners.spawn(server::serve(data, limits, shutdown.clone(), handler));
        let remotes = settings.targets.iter().filter_map(|target| match &target.kind {
            TargetKind::Remote(remote) => {
                Some((target.name.clone(), RemoteSettings::clone(remote)))
            }
            TargetKind::Engine(..) => None,
        });
        let remotes = remotes.collect();
        let desk = Admin { app: Arc::clone(&app), operators, keys: Arc::clone(&keys), remotes };
        let for_admin = Arc::new(desk);
        let handler = move |request| {
            let admin = Arc::clone(&for_admin);
            async move { admin::handle(&admin, request).await }
        };
        listeners.spawn(server::serve(admin, limits, shutdown, handler));
        if app.inspector.has_terms() {
            app.tasks.spawn(look_after_terms(Arc::clone(&app)));
        }
        if app.rollout.file().is_some() {
            app.tasks.spawn(rollout::look_after_file(Arc::clone(&app)));
        }
        app.tasks.spawn(keys::look_after(Arc::clone(&app), keys));
        let (keepers, over) = (Tasks::default(), CancellationToken::new());
        keepers.spawn(shared::look_after(Arc::clone(&app), over.clone()));
        keepers.spawn(warnings::look_after(Arc::clone(&app), over.clone()));
        if let Some(exporter) = exporter {
            app.tasks.spawn(exporter.run(Arc::clone(&app), over.clone()));
        }
        info!(%address, %admin_address, policy = app.policy().rev(), "listening");
        Ok(Self { address, admin_address, app, listeners, keepers, over })
    }

    /// Stops accepting, lets open requests come to their end, and closes the ledger.
    pub async fn stop(self) {
        self.app.shutdown.drain.cancel();
        self.listeners.drained().await;
        self.over.cancel();
        self.app.tasks.drained().await;
        for destination in &self.app.destinations {
            if let Some(engine) = destination.engine() {
                engine.stop();
            }
        }
        self.keepers.drained().await;
        if let Some(shared) = &self.app.shared {
            shared.leave(&self.app.budgets).await;
        }
        if let Err(error) = self.app.store.close().await {
            warn!(%error, "the ledger could not be closed cleanly");
        }
    }
}

/// Reads files of terms again when they change, until the gateway stops.
async fn look_after_terms(app: Arc<App>) {
    let stop = app.shutdown.drain.clone();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TERMS_INTERVAL) => {}
        }
        let app = Arc::clone(&app);
        // A million terms take seconds to arrange.
        if tokio::task::spawn_blocking(move || app.inspector.refresh()).await.is_err() {
            return;
        }
    }
}

/// Who may operate, if that is safe where operators connect.
fn operators(settings: &Settings) -> Result<Operators, StartError> {
    let keys = OperatorKeys::new(settings.admin_keys.clone(), settings.sign_in);
    if !settings.admin_listen.ip().is_loopback() && keys.are_needless() {
        return Err(StartError::AdminOpen(settings.admin_listen));
    }
    let made = Operators::new(Arc::new(keys), settings.metrics_key);
    made.map_err(|_: Denied| StartError::NoRandom)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn load(
    settings: &Settings,
    operators: Arc<OperatorKeys>,
) -> Result<(App, ManagedKeys), StartError> {
    let policy = policy(settings)?;
    let own_prices = settings.targets.iter().filter_map(own_price).collect();
    let book = PriceBook::embedded().with_overrides(own_prices);
    let mut models = LocalModels::new(settings);
    let destinations = settings.targets.iter().map(|it| destination(it, &mut models));
    let destinations = destinations.collect::<Result<Vec<_>, _>>()?;
    let now = clock::now();
    let (store, recovery) = Store::open_as(&settings.store, settings.durability, now)?;
    if settings.durability == Durability::Relaxed {
        warn!("`durability: relaxed`: a power cut may lose the last decisions and what they cost");
    }
    if recovery.expired > 0 {
        warn!(requests = recovery.expired, "requests were cut off by a crash; charged as reserved");
    }
    let callers = Callers::new(settings.callers.clone(), &settings.team_rates, settings.anonymous);
    let keys = ManagedKeys::open(&settings.store, operators, now)?;
    let specs = policy.budgets().to_vec();
    let shared = Shared::of(&store);
    let budgets = if let Some(shared) = &shared {
        shared.slices().register(&specs, now)?;
        Budgets::shared(specs)
    } else {
        let recovered = store.reader()?.recovered(&specs, now)?;
        Budgets::new(specs, recovered)
    };
    let mut metrics = Metrics::new(teams(settings))?;
    if let Some(version) = settings.genai {
        let names = destinations.iter().map(|it| [it.name.as_str(), it.model(), it.provider()]);
        metrics.speak_genai(version, names)?;
    }
    for target in &destinations {
        metrics.target([&target.name, target.model(), &target.zone, target.provider()]);
    }
    metrics.policy_info.with_label_values(&[policy.rev()]).set(1.0);
    let app = App {
        limits: settings.limits,
        callers,
        inspector: inspector(settings)?,
        budgets,
        shared,
        rollout: Rollout::new(settings.policy.clone(), world(settings), policy),
        destinations,
        client: Client::new(std::time::Duration::from_secs(5))?,
        store,
        metrics,
        traces: None,
        tasks: Tasks::default(),
        shutdown: Shutdown::default(),
        templates: settings.local_prompts.clone(),
        machine_hour: settings.machine_hour,
        ledger_down: settings.ledger_down,
        price_digest: book.digest().to_owned(),
        mask_key: mask_key(),
        ids: Ids::new(random()),
        idempotency: Idempotency::default(),
        comparisons: Comparisons::default(),
        cache: settings.cache.and_then(|rules| Some(Cache::new(rules, secret()?))),
    };
    keys.refresh(&app)?;
    Ok((app, keys))
}

fn destination(
    settings: &TargetSettings,
    models: &mut LocalModels<'_>,
) -> Result<Destination, StartError> {
    let target = || settings.name.clone();
    let (kind, listing) = match &settings.kind {
        TargetKind::Engine(choice, engine) => {
            let engine = models
                .engine(choice, engine, settings.adapter.as_deref())
                .map_err(|source| StartError::Engine { target: target(), source })?;
            (Kind::Local(engine), None)
        }
        TargetKind::Remote(remote) => {
            let listing = listing(settings);
            if listing.is_none() {
                warn!(
                    target = settings.name,
                    model = remote.model,
                    "no price is known; hard budgets keep requests away from it: set `price:`"
                );
            }
            let remote = Remote::new(remote)
                .map_err(|source| StartError::Remote { target: target(), source })?;
            (Kind::Remote(Box::new(remote)), listing)
        }
    };
    let patience = match &kind {
        Kind::Remote(remote) => remote.timeouts.queue,
        Kind::Local(_) => Duration::ZERO,
    };
    let line = Line::new(settings.queue, patience);
    Ok(Destination {
        name: settings.name.clone(),
        zone: settings.zone.clone(),
        kind,
        serves: settings.serves,
        listing,
        has_own_price: settings.price.is_some(),
        power: settings.power,
        seats: Arc::new(Semaphore::new(settings.concurrency.min(Semaphore::MAX_PERMITS))),
        line,
        meter: Meter::new(format!("target {}", settings.name), settings.rates),
        hedge: settings.hedge,
        health: Arc::new(Health::new(settings.breaker)),
    })
}

/// What a target charges, by its own `price:` or by the book; `None` for local and unpriced ones.
pub fn listing(target: &TargetSettings) -> Option<Arc<Listing>> {
    let TargetKind::Remote(remote) = &target.kind else { return None };
    let book = || PriceBook::embedded().listing(remote.provider.book(), &remote.model);
    own_price(target).map(Arc::new).or_else(|| book().map(|(listing, _)| listing))
}

/// The price that a target states, or what it says about the book's; it wins for this target and no other.
fn own_price(target: &TargetSettings) -> Option<Listing> {
    let TargetKind::Remote(remote) = &target.kind else { return None };
    let (tiers, uplift) = (&target.service_tiers, target.uplift);
    let listing = match target.price.clone() {
        Some(price) => Listing::fixed(remote.provider.book(), &remote.model, price),
        None if tiers.is_empty() && uplift == Factor::ONE && target.tool_usd.is_empty() => {
            return None;
        }
        None => {
            let book = PriceBook::embedded().listing(remote.provider.book(), &remote.model)?;
            Listing::clone(&book.0)
        }
    };
    Some(listing.map(|price| {
        let price = price.with_tiers(tiers).with_uplift(uplift);
        target
            .tool_usd
            .iter()
            .fold(price, |price, (tool, usd)| price.with_rate(*tool, Rate::apiece(*usd)))
    }))
}

/// What placeholders are made with.
fn mask_key() -> Option<Key> {
    secret().map(Key::new)
}

/// Drawn at every start and never written down; `None` if the system gives no random bytes.
fn secret() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

/// Tells this process's ids from another's; nothing secret hangs on it.
fn random() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => std::process::id(),
    }
}
