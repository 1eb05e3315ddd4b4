//! What money costs: reserve and settle, with every decision on disk before its request goes on.
//! `cargo bench --bench store`; pin it to one core (`taskset -c 0`) for the rate of one core. With
//! `AMBIDEX_BENCH_POSTGRES=postgres://…` (a database of its own) the same on that server, too, with shared budgets.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints and ends")]

use std::sync::Arc;
use std::time::Duration;

use ambidex::budget::{
    BudgetSpec, Budgets, Firmness, Grant, Hold, Imputed, OverBudget, Subject, SubjectKeys, Window,
};
use ambidex::chat::{Usage, UsageSource};
use ambidex::clock;
use ambidex::money::{NanoUsd, Tokens};
use ambidex::record::{
    Chosen, DecidedRow, Durability, Ending, PostgresSettings, SettledRow, Store, StoreSettings,
};
use ambidex::secret::Secret;
use ambidex::shared::Shared;
use jiff::tz::TimeZone;

/// Requests at the same time.
const CLIENTS: usize = 256;
/// Requests of one round.
const REQUESTS: usize = 40_000;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    budgets_alone()?;
    let server = std::env::var("AMBIDEX_BENCH_POSTGRES").ok();
    let mut places = vec![None];
    places.extend(server.map(Some));
    println!("store      durability   requests/s   CPU µs/request   commits   requests/commit");
    for (place, (name, durability)) in
        places.iter().flat_map(|place| Durability::ALL.map(|durability| (place, durability)))
    {
        let mut best: Option<Round> = None;
        for _ in 0..ROUNDS {
            let round = runtime.block_on(round(place.as_deref(), durability))?;
            if best.as_ref().is_none_or(|best| round.cpu < best.cpu) {
                best = Some(round);
            }
        }
        let store = if place.is_some() { "postgres" } else { "sqlite" };
        if let Some(Round { wall, cpu, commits }) = best {
            let requests = f64::from(u32::try_from(REQUESTS)?);
            let commits = f64::from(u32::try_from(commits)?);
            println!(
                "{store:<10} {name:<10} {:>12.0} {:>16.1} {commits:>9} {:>17.1}",
                requests / wall.as_secs_f64(),
                cpu.as_secs_f64() * 1e6 / requests,
                requests / commits
            );
        }
    }
    Ok(())
}

struct Round {
    wall: Duration,
    cpu: Duration,
    commits: u64,
}

/// What the budgets take by themselves, in memory: alone, and with a slice of what others share.
fn budgets_alone() -> Result<(), Box<dyn std::error::Error>> {
    const TIMES: u32 = 200_000;
    let specs = specs();
    let (keys, amount) = (keys(), NanoUsd::new(50_000));
    for (name, budgets) in [
        ("alone", Budgets::new(specs.clone(), Vec::new())),
        ("with a slice", Budgets::shared(specs)),
    ] {
        let now = clock::now();
        let grants: Vec<Grant> = budgets
            .wants(&keys, amount, now)
            .into_iter()
            .map(|want| Grant { pot: want.pot, more: want.limit, others: NanoUsd::ZERO })
            .collect();
        budgets.grant(&grants);
        let cpu = cpu_time();
        for _ in 0..TIMES {
            let hold = budgets.reserve(&keys, amount, now)?;
            hold.settle(NanoUsd::new(33));
        }
        let nanos = cpu_time().saturating_sub(cpu).as_secs_f64() * 1e9 / f64::from(TIMES);
        println!("reserve and settle two budgets in memory, {name}: {nanos:.0} ns");
    }
    Ok(())
}

fn specs() -> Vec<BudgetSpec> {
    vec![spec("company", Subject::Everyone), spec("team", Subject::Team)]
}

fn keys() -> SubjectKeys<'static> {
    SubjectKeys { team: "support", key: "k1", caller: "bot", ..SubjectKeys::default() }
}

/// The budgets of one process, or a slice of those that others share.
#[derive(Clone)]
struct Money {
    budgets: Budgets,
    shared: Option<Arc<Shared>>,
}

impl Money {
    fn of(store: &Store) -> Result<Self, Box<dyn std::error::Error>> {
        let Some(shared) = Shared::of(store) else {
            return Ok(Self { budgets: Budgets::new(specs(), Vec::new()), shared: None });
        };
        shared.slices().register(&specs(), clock::now())?;
        Ok(Self { budgets: Budgets::shared(specs()), shared: Some(Arc::new(shared)) })
    }

    async fn reserve(&self, amount: NanoUsd, now: jiff::Timestamp) -> Result<Hold, OverBudget> {
        match &self.shared {
            Some(shared) => shared.reserve(&self.budgets, (&keys(), amount.into()), now).await,
            None => self.budgets.reserve(&keys(), amount, now),
        }
    }
}

async fn round(
    server: Option<&str>,
    durability: Durability,
) -> Result<Round, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(".")?;
    let place = match server {
        Some(url) => StoreSettings::Postgres(PostgresSettings {
            url: Secret::new(url.to_owned()),
            signing_key: folder.path().join("signing-key"),
            lease: Duration::from_mins(1),
        }),
        None => StoreSettings::Sqlite(folder.path().join("ledger.db")),
    };
    let (store, _) = Store::open_as(&place, durability, clock::now())?;
    let money = Money::of(&store)?;
    let began = clock::now().as_microsecond();
    let (wall, cpu) = (clock::instant(), cpu_time());
    let clients = (0..CLIENTS).map(|client| {
        let (store, money) = (store.clone(), money.clone());
        tokio::task::spawn(async move {
            for number in (client..REQUESTS).step_by(CLIENTS) {
                one(&store, &money, format!("{began:014x}{number:014x}")).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await?;
    }
    store.flush().await?;
    let (wall, cpu) = (wall.elapsed(), cpu_time().saturating_sub(cpu));
    let counts = store.counts();
    let written = u64::try_from(REQUESTS)?;
    assert_eq!((counts.decided, counts.settled), (written, written), "rows are missing");
    store.close().await?;
    Ok(Round { wall, cpu, commits: counts.commits })
}

fn spec(name: &str, per: Subject) -> BudgetSpec {
    BudgetSpec {
        whom: ambidex::budget::Whom::All,
        name: name.to_owned(),
        per,
        window: Window::Month,
        tz: TimeZone::UTC,
        limit: NanoUsd::new(1_000_000_000_000),
        firmness: Firmness::Hard,
        warn_at: Vec::new(),
        imputed: Imputed::Excluded,
    }
}

/// The life of one request, as far as money goes.
async fn one(store: &Store, money: &Money, id: String) {
    let now = clock::now();
    let Ok(hold) = money.reserve(NanoUsd::new(50_000), now).await else { return };
    let decided = DecidedRow {
        id: id.clone(),
        at: now,
        caller: "bot".to_owned(),
        team: "support".to_owned(),
        key: "k1".to_owned(),
        surface: "chat".to_owned(),
        model_asked: "auto".to_owned(),
        chosen: Some(chosen()),
        sensitivity: "internal".to_owned(),
        task: Some("chat".to_owned()),
        policy_rev: "0123456789ab".to_owned(),
        price_digest: "9ad20eb995ca92dd".to_owned(),
        refused: None,
        reserved: NanoUsd::new(50_000),
        reserved_imputed: NanoUsd::ZERO,
        // As long as those of the embedded policy are.
        trace_json: "t".repeat(900),
        facts_json: "f".repeat(500),
    };
    if store.decided(decided).await.is_err() {
        hold.release();
        return;
    }
    hold.settle(NanoUsd::new(33_000));
    let _stopped = store.settled(settled(id)).await;
}

fn chosen() -> Chosen {
    Chosen {
        route: "everything-else".to_owned(),
        target: "cloud-eu".to_owned(),
        zone: "eu".to_owned(),
        model: "gpt-4o-mini".to_owned(),
    }
}

fn settled(id: String) -> SettledRow {
    SettledRow {
        id,
        ending: Ending::Settled,
        outcome: "answered".to_owned(),
        answered_by: Some(chosen()),
        weights: None,
        sent_to: Vec::new(),

        raised: NanoUsd::ZERO,
        cost: NanoUsd::new(33_000),
        avoided: NanoUsd::ZERO,
        imputed: NanoUsd::ZERO,
        usage: Some(Usage {
            input_uncached: Tokens(200),
            output: Tokens(5),
            ..Usage::none(UsageSource::Reported)
        }),
        latency: Duration::from_millis(700),
        ttft: None,
        verified: None,
        compared: None,
        read_in: 0,
        cached_from: None,
    }
}

/// CPU time of all threads of this process, from the kernel.
fn cpu_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
