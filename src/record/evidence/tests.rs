//! A ledger of a few rows, changed in every way that somebody with the file could think of.

mod attacks;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::money::NanoUsd;
use crate::record::read::ROWS;
use crate::record::sql::{Row, Sql, SqlError, Value};
use crate::record::{DecidedRow, LedgerError, Reader, SettledRow, Store};

/// Months before the clock of the machine that runs the test.
fn long_ago() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

struct Ledger {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Ledger {
    /// Five decisions in one sitting: three settled, one refused, one cut off by a crash.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (store, _) = Store::open(&path, long_ago()).unwrap();
        for id in ["a", "b", "c"] {
            store.decided(DecidedRow::example(id, long_ago())).await.unwrap();
            let cost = NanoUsd::new(1_000);
            store.settled(SettledRow { cost, ..SettledRow::example(id) }).await.unwrap();
        }
        let refused = Some("policy_refused".to_owned());
        let refused = DecidedRow { refused, chosen: None, ..DecidedRow::example("d", long_ago()) };
        store.decided(refused).await.unwrap();
        store.decided(DecidedRow::example("e", long_ago())).await.unwrap();
        store.close().await.unwrap();
        let (store, recovery) = Store::open(&path, long_ago()).unwrap();
        assert_eq!(recovery.expired, 1);
        store.decided(DecidedRow::example("f", long_ago())).await.unwrap();
        store.close().await.unwrap();
        Self { _folder: folder, path }
    }

    fn sql(&self, statements: &str) {
        Connection::open(&self.path).unwrap().execute_batch(statements).unwrap();
    }

    fn verified(&self, known: &Known) -> Verified {
        verify(&Reader::open(&self.path).unwrap(), known, &mut |_, _| ()).unwrap()
    }

    /// The first fault, in words.
    fn fault(&self) -> String {
        let verified = self.verified(&Known::default());
        verified.faults.first().map(ToString::to_string).unwrap_or_default()
    }

    fn key_file(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".signing-key");
        name.into()
    }

    fn head(&self) -> SignedHead {
        self.verified(&Known::default()).head.unwrap()
    }
}

#[tokio::test]
async fn an_untouched_ledger_is_whole() {
    let ledger = Ledger::new().await;
    let verified = ledger.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    // The key, six decisions, three ends and the one of the crash.
    assert_eq!((verified.links, verified.rows, verified.running), (11, 6, 1));
    assert_eq!(verified.keys.len(), 1);
    let head = ledger.head();
    let known = Known { keys: vec![head.key], heads: vec![head.anchor] };
    assert!(ledger.verified(&known).is_whole());
}

#[tokio::test]
async fn every_change_is_found_where_it_was_made() {
    let row_of_b = "row 2 (decision b)";
    for (change, place) in [
        ("UPDATE ledger SET cost_nanos = 1 WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET reserved_nanos = 1 WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET zone = 'on-host' WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET sensitivity = 'public' WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET sent_to = '[]' WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET cached_from = 'a' WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET at_us = at_us + 1 WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET caller = 'someone-else' WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET trace_json = '{}' WHERE id = 'b'", row_of_b),
        ("UPDATE texts SET trace_json = '{}' WHERE row = 2", row_of_b),
        ("DELETE FROM texts WHERE row = 2", row_of_b),
        ("UPDATE ledger SET state = 'released' WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET id = 'x' WHERE id = 'b'", "row 2 (decision x)"),
        // The same digits as text are another value.
        ("UPDATE ledger SET route = NULL WHERE id = 'b'", row_of_b),
        ("UPDATE ledger SET cost_nanos = 7 WHERE id = 'd'", "row 4 (decision d)"),
        ("UPDATE ledger SET state = 'held', refused = NULL WHERE id = 'd'", "row 4 (decision d)"),
        ("UPDATE ledger SET state = 'settled' WHERE id = 'f'", "row 6 (decision f)"),
        ("DELETE FROM ledger WHERE id = 'b'", "ledger: 1 row(s) are gone"),
        ("DELETE FROM ledger WHERE id = 'f'", "ledger: 1 row(s) are gone"),
        (
            "UPDATE ledger SET seq = 99 WHERE id = 'b'; UPDATE ledger SET seq = 2 WHERE id = 'c';
             UPDATE ledger SET seq = 3 WHERE id = 'b';",
            "row 2 (decision c)",
        ),
        (
            "INSERT INTO ledger SELECT 7, 'g', at_us, caller, team, key, surface, model_asked, route,
               target, zone, model, sensitivity, task, policy_rev, price_digest, refused,
               reserved_nanos, reserved_imputed_nanos, trace_json, state, outcome, answered_route, answered_target, answered_zone, answered_model, cost_nanos, avoided_nanos,
               imputed_nanos, usage_source, input_uncached, cache_read, cache_write, cache_write_1h,
               output, reasoning, latency_us, ttft_us, facts_json, answered_licence,
               answered_sha256, verify_score, verify_verdict, sent_to, node, raised_nanos, compared_with,
               compared_nanos, agreement, read_in, cached_from, input_extra, output_extra, usage_extras, service_tier FROM ledger WHERE id = 'f'",
            "row 7 (decision g): it is in no link",
        ),
        // The chain itself.
        ("DELETE FROM chain WHERE n = 4", "link 5: links are missing from 4 on"),
        ("UPDATE chain SET note = 'x' WHERE n = 4", "link 4: it does not follow"),
        ("UPDATE chain SET event = 'ended' WHERE n = 4", "link 4: it does not follow"),
        ("UPDATE chain SET event = 'other' WHERE n = 4", "link 4: it is about something"),
        ("UPDATE chain SET hash = zeroblob(32) WHERE n = 4", "link 4: it does not follow"),
        ("UPDATE chain SET content = zeroblob(32) WHERE n = 4", "link 4: it does not follow"),
        ("UPDATE chain SET caller = zeroblob(32) WHERE n = 4", "link 4: it does not follow"),
        ("UPDATE chain SET salt = zeroblob(16) WHERE n = 4", row_of_b),
        ("UPDATE chain SET salt = NULL WHERE n = 4", row_of_b),
        (
            "UPDATE chain SET n = 99 WHERE n = 4; UPDATE chain SET n = 4 WHERE n = 5;
             UPDATE chain SET n = 5 WHERE n = 99;",
            "link 4: it does not follow",
        ),
        ("DELETE FROM chain WHERE n = 11", "row 6 (decision f): it is in no link"),
        ("DELETE FROM chain", "row 1 (decision a): it is in no link"),
        // The heads.
        ("DELETE FROM heads WHERE n = 11", "ledger: links 11 to 11 are not signed"),
        ("DELETE FROM heads", "ledger: links 1 to 11 are not signed"),
        ("UPDATE heads SET at_us = at_us + 1 WHERE n = 11", "signed head of link 11: the signature"),
        ("UPDATE heads SET signature = zeroblob(64) WHERE n = 11", "signed head of link 11"),
        ("UPDATE heads SET hash = zeroblob(32) WHERE n = 11", "signed head of link 11"),
        ("UPDATE heads SET key = zeroblob(32) WHERE n = 11", "signed head of link 11: it is signed"),
        // A caller forgotten by hand.
        (
            "UPDATE ledger SET caller = '', key = '', trace_json = '', facts_json = ''
               WHERE id = 'b'; DELETE FROM texts WHERE row = 2;
             UPDATE chain SET salt = NULL WHERE n = 4;",
            "ledger: 1 row(s) have no caller, and 0 were forgotten by rule",
        ),
    ] {
        let ledger = Ledger::new().await;
        ledger.sql(change);
        let fault = ledger.fault();
        assert!(fault.starts_with(place), "{change}\n  gave {fault:?}");
    }
}

/// Who can write the links anew still cannot sign them.
#[tokio::test]
async fn a_history_written_anew_is_not_signed() {
    let ledger = Ledger::new().await;
    let before = ledger.head();
    ledger.sql("UPDATE ledger SET cost_nanos = 1 WHERE id = 'b'");
    forge(&ledger.path, None);
    let faults = ledger.verified(&Known::default()).faults;
    assert!(faults.iter().all(|it| matches!(it.place, Place::Head(..))), "{faults:?}");
    assert!(!faults.is_empty());

    // With a key of their own they can, and the key that was known tells.
    let folder = tempfile::tempdir().unwrap();
    let other = SigningKey::of_ledger(&folder.path().join("other").as_path().into()).unwrap();
    forge(&ledger.path, Some(&other));
    assert!(ledger.verified(&Known::default()).is_whole(), "it has to be known from elsewhere");
    let known = Known { keys: vec![before.key], heads: vec![] };
    let fault = ledger.verified(&known).faults.first().unwrap().to_string();
    assert!(fault.contains("another key signs"), "{fault}");
    let known = Known { keys: vec![], heads: vec![before.anchor] };
    let fault = ledger.verified(&known).faults.first().unwrap().to_string();
    assert!(fault.contains("the head that you kept is not in it"), "{fault}");
}

/// Makes the chain fit the rows again, with a key or without.
fn forge(path: &Path, key: Option<&SigningKey>) {
    let connection = Connection::open(path).unwrap();
    let sql = Sql::Sqlite(Connection::open(path).unwrap().into());
    let query = format!("SELECT {} FROM chain ORDER BY n", chain::Link::COLUMNS.join(", "));
    let links: Vec<_> =
        sql.all(&query, &[], chain::Link::read).unwrap().into_iter().map(Option::unwrap).collect();
    let (decided, ended) = content::columns();
    let digest = |columns: &[&str], seq: i64, of: &dyn Fn(&[Value<'_>]) -> [u8; 32]| {
        let columns_of = content::selected(columns);
        let query = format!("SELECT {columns_of} FROM {ROWS} WHERE seq = ?1");
        let read = |row: &Row<'_>| Ok::<_, SqlError>(of(&content::values(row, 0, columns.len())?));
        sql.first(&query, &[seq.into()], read).unwrap().unwrap().to_vec()
    };
    let mut before = [0; 32];
    for mut link in links {
        match link.event {
            chain::Event::Decided => {
                let seq = link.row;
                link.content =
                    digest(&decided, seq, &|values| content::decided(seq, values, &[]).content)
                        .into();
            }
            chain::Event::Ended => {
                let seq = link.row;
                link.content = digest(&ended, seq, &|values| content::ended(seq, values)).into();
            }
            chain::Event::Key => {
                link.note = key.map_or(link.note, |key| key.fingerprint().to_string());
            }
            chain::Event::Erased | chain::Event::Pruned | chain::Event::Seen => {}
        }
        before = link.hash_behind(&before);
        let change = "UPDATE chain SET content = ?2, note = ?3, hash = ?4 WHERE n = ?1";
        connection.execute(change, (link.n, link.content.to_vec(), link.note, before)).unwrap();
        connection.execute("UPDATE heads SET hash = ?2 WHERE n = ?1", (link.n, before)).unwrap();
        if let Some(key) = key {
            let at: Option<i64> = connection
                .query_row("SELECT at_us FROM heads WHERE n = ?1", [link.n], |row| row.get(0))
                .ok();
            if let Some(at) = at {
                let anchor = Anchor { n: link.n, hash: before };
                let at = Timestamp::from_microsecond(at).unwrap();
                let signature = key.sign(&chain::message(anchor, at));
                let change = "UPDATE heads SET key = ?2, signature = ?3 WHERE n = ?1";
                connection.execute(change, (link.n, key.fingerprint().0, signature)).unwrap();
            }
        }
    }
}

/// What was cut off leaves no trace in the file; a head kept elsewhere tells.
#[tokio::test]
async fn a_tail_that_was_cut_off_is_told_by_a_head_kept_elsewhere() {
    let ledger = Ledger::new().await;
    let kept = ledger.head().anchor;
    let path = ledger.path.with_extension("kept");
    std::fs::copy(&ledger.path, &path).unwrap();
    let key = ledger.key_file();
    let mut other = path.clone().into_os_string();
    other.push(".signing-key");
    std::fs::copy(&key, &other).unwrap();
    let (store, _) = Store::open(&path, long_ago()).unwrap();
    store.decided(DecidedRow::example("late", long_ago())).await.unwrap();
    store.close().await.unwrap();
    let known = Known { keys: vec![], heads: vec![kept] };
    let longer = verify(&Reader::open(&path).unwrap(), &known, &mut |_, _| ()).unwrap();
    assert!(longer.is_whole(), "{:?}", longer.faults);
    let later = Known { keys: vec![], heads: longer.head.iter().map(|head| head.anchor).collect() };
    let fault = ledger.verified(&later).faults.first().unwrap().to_string();
    assert!(fault.contains("the head that you kept is not in it"), "{fault}");
}

#[tokio::test]
async fn nothing_is_added_to_a_chain_whose_end_was_changed() {
    for change in [
        "DELETE FROM chain WHERE n = 11",
        "DELETE FROM heads",
        "DELETE FROM heads WHERE n = 11",
        "DELETE FROM chain",
        // What was changed must not become the first links of a chain that we sign.
        "UPDATE ledger SET cost_nanos = 1 WHERE id = 'b'; DELETE FROM chain; DELETE FROM heads;",
    ] {
        let ledger = Ledger::new().await;
        ledger.sql(change);
        let opened = Store::open(&ledger.path, long_ago());
        assert!(matches!(opened, Err(LedgerError::Tampered)), "{change}");
    }
}

#[tokio::test]
async fn a_caller_can_be_forgotten_and_the_chain_still_holds() {
    let ledger = Ledger::new().await;
    ledger.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut upkeep = Upkeep::open(&ledger.path, long_ago()).unwrap();
    // The row that runs keeps its caller: its end is still to come.
    assert_eq!(upkeep.erase("bot", long_ago()).unwrap(), Removed { rows: 5 });
    assert_eq!(upkeep.erase("bot", long_ago()).unwrap(), Removed { rows: 0 });
    drop(upkeep);
    let verified = ledger.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    assert_eq!(verified.erased, 5);
    let row = Reader::open(&ledger.path).unwrap().row("b").unwrap().unwrap();
    assert_eq!((&*row.decided.caller, &*row.decided.facts_json), ("", ""));
    assert_eq!(row.decided.chosen.unwrap().target, "cloud-eu");
    // A name put back into a row is a change.
    ledger.sql("UPDATE ledger SET caller = 'bot' WHERE id = 'b'");
    assert!(ledger.fault().starts_with("row 2 (decision b): a forgotten caller"));
}

#[tokio::test]
async fn old_rows_can_be_removed_and_the_chain_still_holds() {
    let ledger = Ledger::new().await;
    let mut upkeep = Upkeep::open(&ledger.path, long_ago()).unwrap();
    let day = |days: i64| long_ago() + jiff::SignedDuration::from_hours(24 * days);
    let young = upkeep.prune(day(1), day(20));
    assert!(matches!(young, Err(LedgerError::TooYoung { .. })));
    assert_eq!(upkeep.prune(day(1), day(60)).unwrap(), Removed { rows: 5 });
    drop(upkeep);
    let verified = ledger.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    assert_eq!((verified.rows, verified.pruned), (1, 5));
    // Numbers are not used twice.
    let (store, _) = Store::open(&ledger.path, day(61)).unwrap();
    store.decided(DecidedRow::example("new", day(61))).await.unwrap();
    store.close().await.unwrap();
    assert!(ledger.verified(&Known::default()).is_whole());
    ledger.sql("DELETE FROM ledger WHERE id = 'new'");
    assert!(ledger.fault().starts_with("ledger: 6 row(s) are gone, and 5 were removed by rule"));
}

#[tokio::test]
async fn rows_from_before_there_was_a_chain_become_its_first_links() {
    let ledger = Ledger::new().await;
    ledger.sql("DELETE FROM chain; DELETE FROM heads;");
    // A version without a chain had no key, either.
    std::fs::remove_file(ledger.key_file()).unwrap();
    let (store, _) = Store::open(&ledger.path, long_ago()).unwrap();
    store.close().await.unwrap();
    let verified = ledger.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    assert_eq!(verified.links, 12, "the key, six decisions, four ends before and one now");
}

#[tokio::test]
async fn a_new_key_goes_on_with_the_chain_and_is_named() {
    let ledger = Ledger::new().await;
    let key = ledger.key_file();
    std::fs::remove_file(&key).unwrap();
    let (store, _) = Store::open(&ledger.path, long_ago()).unwrap();
    store.close().await.unwrap();
    let verified = ledger.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    assert_eq!(verified.keys.len(), 2);
    std::fs::write(&key, b"no key").unwrap();
    assert!(matches!(Store::open(&ledger.path, long_ago()), Err(LedgerError::Key { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let ledger = Ledger::new().await;
    let key = ledger.key_file();
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}
