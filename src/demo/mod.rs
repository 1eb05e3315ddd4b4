//! `ambidex demo`: the main job, shown on embedded defaults without keys and without a network.
//!
//! Everything is real but the vendor: real sockets, the embedded policy, the starter model, a real
//! ledger. In place of a commercial API stands a labelled sandbox (see [`sandbox`]).

pub mod sandbox;
mod scenes;
mod table;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::caller::{CallerSettings, KeyDigest};
use crate::chat::UsageSource;
use crate::cli::CliError;
use crate::cli::arguments::DemoOptions;
use crate::cli::policy::arguments::ADMIN_KEY;
use crate::cli::serve::{runtime, told_to_stop};
use crate::clock;
use crate::config::settings::{AdminKey, Power};
use crate::config::{PolicySource, Settings, StoreSettings, TargetKind, TargetSettings};
use crate::gateway::{self, Gateway};
use crate::money::NanoUsd;
use crate::record::{Chosen, DecidedRow, Ending, SentTo, SettledRow, Store};
use crate::secret::Secret;
use crate::server::Shutdown;
use crate::tasks::Tasks;

/// A key of the demonstration; it opens nothing else.
const SUPPORT_KEY: &str = "demo-support";
/// A key of the team whose money is gone.
const RESEARCH_KEY: &str = "demo-research";
/// The team whose money is gone.
const RESEARCH: &str = "research";

/// Shows the requests in a table, then serves until told to stop.
pub fn run(options: &DemoOptions) -> Result<(), CliError> {
    crate::telemetry::logs::start("warn", crate::telemetry::logs::Format::Text);
    runtime(None)?.block_on(show(options))
}

async fn show(options: &DemoOptions) -> Result<(), CliError> {
    let mut out = std::io::stdout();
    let (background, sandbox_stop) = (Tasks::default(), Shutdown::default());
    let upstream = sandbox::start(&background, sandbox_stop.clone())
        .await
        .context("the sandbox upstream could not be started")?;
    let folder = tempfile::tempdir().context("a temporary folder could not be made")?;
    let store = folder.path().join("ledger.db");
    let settings = settings(options, upstream, &store);
    spend_the_research_budget(&store, &settings).await?;
    let gateway = Gateway::start(&settings).await?;

    writeln!(out, "{}\n", opening(&gateway, upstream))?;
    let rows = scenes::play(&gateway).await?;
    writeln!(out, "{}\n", table::render(&rows))?;
    let stop = told_to_stop()?;
    writeln!(out, "{}", closing(&gateway))?;
    out.flush()?;
    if !options.once {
        stop.await;
        writeln!(out, "stopping")?;
    }
    gateway.stop().await;
    sandbox_stop.drain.cancel();
    background.drained().await;
    Ok(())
}

fn opening(gateway: &Gateway, upstream: SocketAddr) -> String {
    let policy = gateway.app.policy();
    format!(
        "Ambidex demo: policy {} (rev {}), local model {}, and at {upstream} a SANDBOX\n\
         in place of a commercial API: it is no model, and no money is spent.",
        policy.name(),
        policy.rev(),
        gateway.app.destinations.first().map_or("none", |it| it.model()),
    )
}

fn closing(gateway: &Gateway) -> String {
    let (data, admin) = (gateway.address, gateway.admin_address);
    format!(
        "gateway  http://{data}/v1\n\
         console  http://{admin}/console\n\
         admin    http://{admin}\n\
         metrics  http://{admin}/metrics\n\
         try      curl -s http://{data}/v1/chat/completions -H 'Authorization: Bearer {SUPPORT_KEY}' \
         -H 'Content-Type: application/json' -d '{{\"model\":\"auto\",\"messages\":[{{\"role\":\"user\",\
         \"content\":\"Extract the invoice number: Invoice INV-2207 is due on 14 March.\"}}]}}'"
    )
}

fn settings(options: &DemoOptions, upstream: SocketAddr, store: &Path) -> Settings {
    let mut cloud = TargetSettings { zone: "eu".to_owned(), ..TargetSettings::cloud() };
    if let TargetKind::Remote(remote) = &mut cloud.kind {
        remote.base_url = format!("http://{upstream}/v1");
        remote.key = Some(Secret::new("sandbox-key".to_owned()));
        cloud.power = Power::On;
    }
    Settings {
        listen: options.listen,
        admin_listen: options.admin_listen,
        store: StoreSettings::Sqlite(store.to_path_buf()),
        policy: PolicySource::Embedded,
        targets: vec![TargetSettings::starter(), cloud],
        admin_keys: admin_key(std::env::var(ADMIN_KEY).ok()),
        callers: vec![caller("support", SUPPORT_KEY), caller(RESEARCH, RESEARCH_KEY)],
        ..Settings::default()
    }
}

/// The key of whoever wants to see the console from another machine, such as the host of a container.
fn admin_key(key: Option<String>) -> Vec<AdminKey> {
    let key = key.map(|key| Secret::new(key.trim().to_owned()));
    let named = |key: Secret| AdminKey { name: "demo".to_owned(), digest: KeyDigest::of(&key) };
    key.filter(|key| !key.expose().is_empty()).map(named).into_iter().collect()
}

fn caller(team: &str, key: &str) -> CallerSettings {
    CallerSettings::with_key(&format!("{team}-app"), team, &Secret::new(key.to_owned()))
}

/// Writes last week's spending of a whole team budget into the ledger, as a gateway would have.
async fn spend_the_research_budget(path: &Path, settings: &Settings) -> Result<(), CliError> {
    let policy = gateway::policy(settings)?;
    let limit = policy.budgets().iter().find(|budget| budget.name == "team-month");
    let limit = limit.map_or(NanoUsd::ZERO, |budget| budget.limit);
    let at = clock::now();
    let (store, _) = Store::open(path, at).context("the demo's ledger could not be made")?;
    let chosen = Chosen {
        route: "everything-else".to_owned(),
        target: "cloud".to_owned(),
        zone: "eu".to_owned(),
        model: "gpt-4o-mini".to_owned(),
    };
    for (index, part) in SHARES.iter().enumerate() {
        let id = format!("demo-past-{index}");
        let amount = NanoUsd::new(limit.nanos().saturating_mul(*part).div_euclid(100));
        let row = past_row(id.clone(), at, chosen.clone(), amount);
        store.decided(row).await.context("the demo's ledger could not be written")?;
        let ending = SettledRow {
            id,
            ending: Ending::Settled,
            outcome: "answered".to_owned(),
            answered_by: Some(chosen.clone()),
            weights: None,
            sent_to: vec![SentTo { target: chosen.target.clone(), zone: chosen.zone.clone() }],
            raised: NanoUsd::ZERO,
            cost: amount,
            avoided: NanoUsd::ZERO,
            imputed: NanoUsd::ZERO,
            usage: Some(crate::chat::Usage::none(UsageSource::Reported)),
            latency: std::time::Duration::from_secs(1),
            ttft: None,
            verified: None,
            compared: None,
            read_in: 0,
            cached_from: None,
        };
        store.settled(ending).await.context("the demo's ledger could not be written")?;
    }
    store.close().await.context("the demo's ledger could not be closed")?;
    Ok(())
}

/// Yesterday, so that today's company budget is untouched; on the first of a month, just now.
fn earlier_this_month(now: Timestamp) -> Timestamp {
    let month = |at: Timestamp| at.to_zoned_datetime(TimeZone::UTC).month();
    let yesterday = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
    if month(yesterday) == month(now) { yesterday } else { now }
}

/// Parts of the budget, in percent, that past requests used.
const SHARES: [i128; 2] = [60, 40];

fn past_row(id: String, now: Timestamp, chosen: Chosen, reserved: NanoUsd) -> DecidedRow {
    let at = earlier_this_month(now);
    DecidedRow {
        id,
        at,
        caller: format!("{RESEARCH}-app"),
        team: RESEARCH.to_owned(),
        key: format!("{RESEARCH}-app"),
        surface: "openai_chat".to_owned(),
        model_asked: "auto".to_owned(),
        chosen: Some(chosen),
        sensitivity: "internal".to_owned(),
        task: None,
        policy_rev: "demo".to_owned(),
        price_digest: "demo".to_owned(),
        refused: None,
        reserved,
        reserved_imputed: NanoUsd::ZERO,
        trace_json: "{}".to_owned(),
        facts_json: String::new(),
    }
}
