//! The store against real files: what it promises about commits, crashes and second settlements.

use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::row::{Chosen, Compared, Ending, State, Sums};
use super::*;
use crate::budget::{BudgetSpec, Firmness, Imputed, Subject, Window};
use crate::chat::{Usage, UsageSource};
use crate::money::Tokens;

fn at() -> Timestamp {
    "2026-03-04T15:45:00.25Z".parse().unwrap()
}

fn decided(id: &str, reserved: i128) -> DecidedRow {
    DecidedRow { reserved: NanoUsd::new(reserved), ..DecidedRow::example(id, at()) }
}

fn settled(id: &str, cost: i128) -> SettledRow {
    SettledRow {
        cost: NanoUsd::new(cost),
        avoided: NanoUsd::new(7),
        imputed: NanoUsd::new(3),
        usage: Some(Usage {
            input_uncached: Tokens(10),
            cache_read: Tokens(20),
            output: Tokens(5),
            reasoning: Tokens(2),
            ..Usage::none(UsageSource::Reported)
        }),
        latency: Duration::from_micros(1_234),
        ttft: Some(Duration::from_micros(567)),
        verified: None,
        compared: Some(Compared {
            with: "cloud".to_owned(),
            cost: NanoUsd::new(2),
            agreement: Some(0.75),
        }),
        read_in: 3,
        cached_from: None,
        ..SettledRow::example(id)
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> (Store, Recovery) {
    Store::open(&folder.path().join("ledger.db"), at()).unwrap()
}

fn reader(folder: &TempDir) -> Reader {
    Reader::open(&folder.path().join("ledger.db")).unwrap()
}

#[tokio::test]
async fn a_row_comes_back_as_it_went_in() {
    let folder = folder();
    let (store, recovery) = open(&folder);
    assert_eq!(recovery, Recovery::default());
    store.decided(decided("a", 500)).await.unwrap();
    // On disk by now, without a flush: another connection sees it.
    let row = reader(&folder).row("a").unwrap().unwrap();
    assert_eq!((row.seq, row.state, row.settled), (1, State::Held, None));
    assert_eq!(row.decided, decided("a", 500));

    store.settled(settled("a", 420)).await.unwrap();
    store.flush().await.unwrap();
    let row = reader(&folder).row("a").unwrap().unwrap();
    assert_eq!((row.state, row.settled), (State::Settled, Some(settled("a", 420))));
    assert_eq!(reader(&folder).row("b").unwrap(), None);
}

#[tokio::test]
async fn every_kind_of_ending_is_kept() {
    let folder = folder();
    let (store, _) = open(&folder);
    let refusal = DecidedRow {
        chosen: None,
        task: None,
        refused: Some("policy_refused".to_owned()),
        ..decided("refused", 0)
    };
    store.decided(refusal.clone()).await.unwrap();
    store.decided(decided("released", 9)).await.unwrap();
    store.decided(decided("elsewhere", 9)).await.unwrap();
    store.decided(decided("running", 11)).await.unwrap();
    let unspent = SettledRow {
        ending: Ending::Released,
        outcome: "upstream_error".to_owned(),
        usage: None,
        ttft: None,
        verified: None,
        ..settled("released", 0)
    };
    let fallback = SettledRow {
        answered_by: Some(Chosen {
            route: "everything-else".to_owned(),
            target: "local".to_owned(),
            zone: "on-host".to_owned(),
            model: "starter".to_owned(),
        }),
        ..settled("elsewhere", 0)
    };
    store.settled(unspent.clone()).await.unwrap();
    store.settled(fallback.clone()).await.unwrap();
    store.flush().await.unwrap();

    let rows = reader(&folder).rows(10).unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.seq, row.state)).collect();
    let expected =
        [(4, State::Held), (3, State::Settled), (2, State::Released), (1, State::Refused)];
    assert_eq!(found, expected);
    assert_eq!(rows[3].decided, refusal);
    assert_eq!(rows[2].settled.as_ref(), Some(&unspent));
    assert_eq!(rows[1].settled.as_ref(), Some(&fallback));
    let sums = reader(&folder).sums().unwrap();
    assert_eq!((sums.rows, sums.held, sums.refused, sums.released), (4, 1, 1, 1));
    assert_eq!((sums.reserved, sums.avoided), (NanoUsd::new(11), NanoUsd::new(14)));
    assert_eq!(reader(&folder).rows(2).unwrap().len(), 2);
}

#[tokio::test]
async fn a_row_is_settled_once() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.decided(decided("a", 500)).await.unwrap();
    store.settled(settled("a", 100)).await.unwrap();
    store.settled(settled("a", 999)).await.unwrap();
    store.settled(settled("never-decided", 999)).await.unwrap();
    store.flush().await.unwrap();
    let counts = store.counts();
    assert_eq!((counts.decided, counts.settled, counts.settled_twice), (1, 1, 2));
    let sums = reader(&folder).sums().unwrap();
    assert_eq!((sums.cost, sums.rows), (NanoUsd::new(100), 1));
}

#[tokio::test]
async fn a_second_decision_of_one_id_is_an_error_for_itself_only() {
    let folder = folder();
    let (store, _) = open(&folder);
    let (first, second, other) = tokio::join!(
        store.decided(decided("a", 1)),
        store.decided(decided("a", 2)),
        store.decided(decided("b", 3)),
    );
    first.unwrap();
    other.unwrap();
    assert!(matches!(second, Err(LedgerError::Duplicate { id }) if id == "a"));
    assert_eq!(reader(&folder).row("a").unwrap().unwrap().decided.reserved, NanoUsd::new(1));
    assert_eq!(reader(&folder).sums().unwrap().rows, 2);
    assert_eq!(store.counts().rejected, 1);
    store.healthy().unwrap();
}

#[tokio::test]
async fn many_requests_share_a_commit() {
    let folder = folder();
    let (store, _) = open(&folder);
    let tasks = (0..400).map(|number| {
        let store = store.clone();
        async move {
            let id = format!("r{number}");
            store.decided(decided(&id, 10)).await.unwrap();
            store.settled(settled(&id, 4)).await.unwrap();
        }
    });
    futures_util::future::join_all(tasks).await;
    store.flush().await.unwrap();
    let counts = store.counts();
    assert_eq!((counts.decided, counts.settled), (400, 400));
    assert!(counts.commits < 200, "{} commits for 800 writes", counts.commits);
    let sums = reader(&folder).sums().unwrap();
    assert_eq!((sums.settled, sums.cost), (400, NanoUsd::new(1600)));
}

#[tokio::test]
async fn closing_writes_what_is_queued() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.decided(decided("a", 10)).await.unwrap();
    store.settled(settled("a", 4)).await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.decided(decided("b", 1)).await, Err(LedgerError::Closed)));
    assert!(matches!(store.healthy(), Err(LedgerError::Closed)));
    assert!(store.settled(settled("b", 1)).await.is_err());
    assert_eq!(store.counts().lost, 1);
    assert_eq!(reader(&folder).sums().unwrap().settled, 1);
    // The lock is free again and there is nothing to recover.
    assert_eq!(open(&folder).1, Recovery::default());
}

#[tokio::test]
async fn two_processes_cannot_share_a_file() {
    let folder = folder();
    let (_store, _) = open(&folder);
    let second = Store::open(&folder.path().join("ledger.db"), at());
    assert!(matches!(second, Err(LedgerError::InUse { .. })));
}

fn budget(name: &str, per: Subject) -> BudgetSpec {
    BudgetSpec {
        whom: crate::budget::Whom::All,
        name: name.to_owned(),
        per,
        window: Window::Day,
        tz: TimeZone::UTC,
        limit: NanoUsd::new(1000),
        firmness: Firmness::Hard,
        warn_at: Vec::new(),
        imputed: Imputed::Excluded,
    }
}

#[tokio::test]
async fn budgets_start_from_what_the_rows_say() {
    let folder = folder();
    let (store, _) = open(&folder);
    let yesterday = "2026-03-03T23:59:59.999999Z".parse().unwrap();
    store.decided(DecidedRow { at: yesterday, ..decided("old", 500) }).await.unwrap();
    store.settled(settled("old", 500)).await.unwrap();
    store.decided(decided("done", 100)).await.unwrap();
    store.settled(settled("done", 60)).await.unwrap();
    store.decided(DecidedRow { team: "legal".to_owned(), ..decided("open", 30) }).await.unwrap();
    store.decided(decided("given-back", 70)).await.unwrap();
    store
        .settled(SettledRow {
            ending: Ending::Released,
            imputed: NanoUsd::ZERO,
            ..settled("given-back", 0)
        })
        .await
        .unwrap();
    store.flush().await.unwrap();

    let full = BudgetSpec { imputed: Imputed::Included, ..budget("full", Subject::Target) };
    let specs = [budget("all", Subject::Everyone), budget("team", Subject::Team), full];
    let recovered = reader(&folder).recovered(&specs, at()).unwrap();
    let found: Vec<_> = recovered
        .iter()
        .map(|sum| (sum.budget.as_str(), sum.subject.as_str(), sum.spent.nanos()))
        .collect();
    let expected =
        [("all", "", 90), ("team", "legal", 30), ("team", "support", 60), ("full", "cloud-eu", 93)];
    assert_eq!(found, expected);
    assert_eq!(recovered[0].span, Window::Day.span(&TimeZone::UTC, at()));
}

#[test]
fn other_files_are_left_alone() {
    let folder = folder();
    let path = folder.path().join("ledger.db");
    std::fs::write(&path, "this is a letter, not a database; it is long enough to be read")
        .unwrap();
    assert!(matches!(Store::open(&path, at()), Err(LedgerError::Open { .. })));

    let path = folder.path().join("foreign.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(Store::open(&path, at()), Err(LedgerError::Foreign { .. })));

    let path = folder.path().join("newer.db");
    drop(Store::open(&path, at()).unwrap());
    wait_for_lock(&path);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = Store::open(&path, at());
    assert!(matches!(newer, Err(LedgerError::Newer { found: 99, .. })), "{newer:?}");
    assert!(matches!(Reader::open(&path), Err(LedgerError::Newer { found: 99, .. })));
}

/// A dropped store ends on its own thread; the lock tells when.
fn wait_for_lock(path: &Path) {
    while matches!(lock(path), Err(LedgerError::InUse { .. })) {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_locked_file_fails_decisions_and_keeps_settlements() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.decided(decided("a", 10)).await.unwrap();
    let other = Connection::open(folder.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.settled(settled("a", 4)).await.unwrap();
    let refused = store.decided(decided("b", 10)).await;
    assert!(matches!(refused, Err(LedgerError::Unwritable { .. })), "{refused:?}");
    assert!(matches!(store.healthy(), Err(LedgerError::Unwritable { .. })));
    other.execute_batch("COMMIT").unwrap();
    // Decisions go on, and the settlement was not forgotten.
    store.decided(decided("c", 10)).await.unwrap();
    store.healthy().unwrap();
    store.flush().await.unwrap();
    let sums = reader(&folder).sums().unwrap();
    assert_eq!((sums.settled, sums.held, sums.cost), (1, 1, NanoUsd::new(4)));
}

#[tokio::test]
async fn a_damaged_file_stops_the_store() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.decided(decided("a", 10)).await.unwrap();
    let other = Connection::open(folder.path().join("ledger.db")).unwrap();
    other.execute_batch("DROP TABLE ledger").unwrap();
    let stopped = store.decided(decided("b", 10)).await;
    assert!(matches!(stopped, Err(LedgerError::Poisoned { .. })), "{stopped:?}");
    // From now on everything fails at once, and what is not written is counted.
    assert!(matches!(store.healthy(), Err(LedgerError::Poisoned { .. })));
    assert!(matches!(store.decided(decided("c", 1)).await, Err(LedgerError::Poisoned { .. })));
    assert!(matches!(store.settled(settled("a", 1)).await, Err(LedgerError::Poisoned { .. })));
    assert_eq!(store.counts().lost, 1);
    assert!(store.flush().await.is_err());
    assert!(store.close().await.is_err());
}

/// The folder in which the child process of the next test works.
const CHILD: &str = "AMBIDEX_TEST_LEDGER_CHILD";

fn say(line: &str) {
    use std::io::Write;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// Writes rows and says so line by line until it is killed. Does nothing in an ordinary run.
#[tokio::test]
async fn child_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let (store, _) = Store::open(&Path::new(&folder).join("ledger.db"), at()).unwrap();
    for round in 0.. {
        let ids: Vec<_> = (0..8).map(|number| format!("{round}-{number}")).collect();
        let writes = ids.iter().map(|id| store.decided(decided(id, 100)));
        for (id, written) in ids.iter().zip(futures_util::future::join_all(writes).await) {
            written.unwrap();
            say(&format!("decided {id}"));
        }
        for id in ids.iter().take(5) {
            store.settled(settled(id, 40)).await.unwrap();
        }
        store.flush().await.unwrap();
        for id in ids.iter().take(5) {
            say(&format!("settled {id}"));
        }
    }
}

#[test]
fn what_was_acknowledged_survives_kill_nine() {
    use std::io::{BufRead, BufReader};

    let folder = folder();
    let mut acknowledged = Sums::default();
    let mut known_before = 0;
    for lines in [1, 9, 40, 77] {
        let ledger = tempfile::tempdir_in(folder.path()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "record::store::tests::child_that_is_killed", "--nocapture"])
            .env(CHILD, ledger.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut decided, mut settled) = (Vec::new(), Vec::new());
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in said.map(Result::unwrap) {
            // The harness writes the test's name on the line of the first acknowledgement.
            if let Some((_, id)) = line.split_once("decided ") {
                decided.push(id.to_owned());
            } else if let Some((_, id)) = line.split_once("settled ") {
                settled.push(id.to_owned());
            }
            if decided.len() + settled.len() >= lines {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let (_store, recovery) = open(&ledger);
        let reader = reader(&ledger);
        for id in &decided {
            let row = reader.row(id).unwrap();
            assert!(row.is_some(), "{id} was acknowledged and is lost");
        }
        for id in &settled {
            assert_eq!(reader.row(id).unwrap().unwrap().state, State::Settled, "{id}");
        }
        let sums = reader.sums().unwrap();
        assert_eq!(sums.held, 0, "every row has an end after a restart");
        assert_eq!(sums.expired, recovery.expired);
        assert_eq!(recovery.charged, NanoUsd::new(100).times(i128::from(recovery.expired)));
        let cost = 40 * i128::from(sums.settled) + 100 * i128::from(sums.expired);
        assert_eq!(sums.cost, NanoUsd::new(cost));
        assert_eq!(sums.rows, sums.settled + sums.expired);
        let last = reader.rows(1).unwrap()[0].seq;
        assert_eq!(u64::try_from(last).unwrap(), sums.rows, "numbers without gaps");
        known_before += decided.len();
        acknowledged.rows += sums.rows;
    }
    assert!(acknowledged.rows >= u64::try_from(known_before).unwrap());
}
