//! What money costs: reserve and settle, with every decision on disk before its request goes on.
//! `cargo bench --bench store`; pin it to one core (`taskset -c 0`) for the rate of one core.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints and ends")]

use std::time::Duration;

use ambidex::budget::{BudgetSpec, Budgets, Firmness, Imputed, Subject, SubjectKeys, Window};
use ambidex::chat::{Usage, UsageSource};
use ambidex::clock;
use ambidex::money::{NanoUsd, Tokens};
use ambidex::record::{Chosen, DecidedRow, Durability, Ending, SettledRow, Store};
use jiff::tz::TimeZone;

/// Requests at the same time.
const CLIENTS: usize = 256;
/// Requests of one round.
const REQUESTS: usize = 40_000;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    println!("durability   requests/s   CPU µs/request   commits   requests/commit");
    for (name, durability) in Durability::ALL {
        let mut best: Option<Round> = None;
        for _ in 0..ROUNDS {
            let round = runtime.block_on(round(durability))?;
            if best.as_ref().is_none_or(|best| round.cpu < best.cpu) {
                best = Some(round);
            }
        }
        if let Some(Round { wall, cpu, commits }) = best {
            let requests = f64::from(u32::try_from(REQUESTS)?);
            let commits = f64::from(u32::try_from(commits)?);
            println!(
                "{name:<10} {:>12.0} {:>16.1} {commits:>9} {:>17.1}",
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

async fn round(durability: Durability) -> Result<Round, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(".")?;
    let path = folder.path().join("ledger.db");
    let (store, _) = Store::open_as(&path, durability, clock::now())?;
    let budgets = Budgets::new(
        vec![spec("company", Subject::Everyone), spec("team", Subject::Team)],
        Vec::new(),
    );
    let (wall, cpu) = (clock::instant(), cpu_time());
    let clients = (0..CLIENTS).map(|client| {
        let (store, budgets) = (store.clone(), budgets.clone());
        tokio::task::spawn(async move {
            for number in (client..REQUESTS).step_by(CLIENTS) {
                one(&store, &budgets, number).await;
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
async fn one(store: &Store, budgets: &Budgets, number: usize) {
    let now = clock::now();
    let keys = SubjectKeys { team: "support", key: "k1", caller: "bot", ..SubjectKeys::default() };
    let Ok(hold) = budgets.reserve(&keys, NanoUsd::new(50_000), now) else { return };
    let id = format!("{number:028x}");
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
