//! Everything that somebody with the file, and without the key, could do to it: column by column, link by
//! link, and by plans of several steps.

use super::*;
use crate::clock;

/// One change at a time, each taken back before the next.
struct Bench {
    sql: Sql,
    _ledger: Ledger,
}

impl Bench {
    fn of(ledger: Ledger) -> Self {
        Self { sql: Sql::Sqlite(Connection::open(&ledger.path).unwrap().into()), _ledger: ledger }
    }

    /// The faults after a change. `None` if it changed nothing.
    fn faults(&self, change: &str) -> Option<Vec<String>> {
        self.sql.batch("BEGIN").unwrap();
        self.sql.batch(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        let changed: i64 = self.sql.value("SELECT changes()", &[]).unwrap();
        let verified = verify_within(&self.sql, &Known::default(), &mut |_, _| ()).unwrap();
        self.sql.roll_back();
        (changed > 0).then(|| verified.faults.iter().map(ToString::to_string).collect())
    }

    /// The columns of a table with their types.
    fn columns(&self, table: &str) -> Vec<(String, String)> {
        let query = format!("SELECT name, type FROM pragma_table_info('{table}')");
        let read = |row: &Row<'_>| Ok::<_, SqlError>((row.get(0)?, row.get(1)?));
        self.sql.all(&query, &[], read).unwrap()
    }

    fn numbers(&self, query: &str) -> Vec<i64> {
        self.sql.all(query, &[], |row| row.get::<i64>(0)).unwrap()
    }
}

/// Other values for a column: a little more, and nothing where there was something.
fn others(column: &str, kind: &str) -> Vec<String> {
    let more = match kind {
        "INTEGER" => format!("coalesce({column}, 0) + 1000"),
        "REAL" => format!("coalesce({column}, 0) + 0.5"),
        "TEXT" => format!("coalesce({column}, '') || 'x'"),
        "BLOB" => format!("CAST(coalesce({column}, X'') || X'00' AS BLOB)"),
        other => panic!("a column of type {other}"),
    };
    vec![more, "NULL".to_owned()]
}

#[tokio::test]
async fn no_column_of_any_row_can_be_changed() {
    let bench = Bench::of(Ledger::new().await);
    let mut tried = 0;
    for (column, kind) in bench.columns("ledger") {
        for seq in bench.numbers("SELECT seq FROM ledger ORDER BY seq") {
            for value in others(&column, &kind) {
                // What is set aside for further attempts of a request that runs is in its end.
                if column == "raised_nanos" && seq == 6 {
                    continue;
                }
                let query = format!(
                    "SELECT count(*) FROM pragma_table_info('ledger') WHERE name = '{column}'
                     AND (\"notnull\" OR pk)"
                );
                let is_required = bench.numbers(&query) == [1];
                if value == "NULL" && is_required {
                    continue;
                }
                let change = format!(
                    "UPDATE ledger SET {column} = {value} WHERE seq = {seq} AND {column} IS NOT {value}"
                );
                let Some(faults) = bench.faults(&change) else { continue };
                tried += 1;
                let place = format!("row {seq} ");
                let is_told = faults.iter().any(|it| it.starts_with(&place) || column == "seq");
                assert!(is_told, "{change}: {faults:?}");
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[tokio::test]
async fn no_column_of_any_link_or_head_can_be_changed() {
    let bench = Bench::of(Ledger::new().await);
    let mut tried = 0;
    for table in ["chain", "heads"] {
        for (column, kind) in bench.columns(table) {
            for n in bench.numbers(&format!("SELECT n FROM {table} ORDER BY n")) {
                let mut values = others(&column, &kind);
                if column != "salt" {
                    values.pop();
                }
                if column == "event" {
                    let events = ["key", "decided", "ended", "erased", "pruned", "seen"];
                    values.extend(events.map(|event| format!("'{event}'")));
                }
                for value in values {
                    let change = format!(
                        "UPDATE {table} SET {column} = {value} WHERE n = {n} AND {column} IS NOT {value}"
                    );
                    let Some(faults) = bench.faults(&change) else { continue };
                    tried += 1;
                    assert!(!faults.is_empty(), "{change}");
                }
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn no_row_and_no_link_can_be_taken_out_doubled_or_swapped() {
    let bench = Bench::of(Ledger::new().await);
    let mut changes = Vec::new();
    for seq in 1..=6 {
        changes.push(format!("DELETE FROM ledger WHERE seq = {seq}"));
        for other in seq + 1..=6 {
            // Everything of two rows but their numbers; and with their links.
            let swap = |table: &str, column: &str| {
                format!(
                    "UPDATE {table} SET {column} = -{column} WHERE {column} IN ({seq}, {other});
                     UPDATE {table} SET {column} = {seq} + {other} + {column} WHERE {column} < 0;"
                )
            };
            changes.push(swap("ledger", "seq"));
            changes.push(swap("ledger", "seq") + &swap("chain", "row"));
        }
    }
    for n in 1..=11 {
        changes.push(format!("DELETE FROM chain WHERE n = {n}"));
        changes.push(format!("DELETE FROM chain WHERE n <= {n}"));
        // The gap is closed.
        changes.push(format!(
            "DELETE FROM chain WHERE n = {n}; UPDATE chain SET n = -n WHERE n > {n};
             UPDATE chain SET n = -n - 1 WHERE n < 0; DELETE FROM heads WHERE n = 10;
             UPDATE heads SET n = 10 WHERE n = 11"
        ));
        changes.push(format!(
            "INSERT INTO chain (n, event, row, content, caller, salt, note, hash, node)
             SELECT 12, event, row, content, caller, salt, note, hash, node FROM chain WHERE n = {n}"
        ));
        for other in n + 1..=11 {
            changes.push(format!(
                "UPDATE chain SET n = -n WHERE n IN ({n}, {other});
                 UPDATE chain SET n = {n} + {other} + n WHERE n < 0;"
            ));
        }
    }
    for change in changes {
        let faults = bench.faults(&change).unwrap();
        assert!(!faults.is_empty(), "{change}");
    }
}

#[tokio::test]
async fn plans_of_several_steps_are_found() {
    let bench = Bench::of(Ledger::new().await);
    for (plan, change, found) in [
        (
            "letters move from one column to the next",
            "UPDATE ledger SET team = team || substr(surface, 1, 1), surface = substr(surface, 2)
               WHERE id = 'b'",
            "row 2 (decision b): what was decided",
        ),
        (
            "two rows swap how they ended",
            "UPDATE ledger SET (state, outcome, cost_nanos) =
               (SELECT state, outcome, cost_nanos FROM ledger WHERE id = 'e') WHERE id = 'b'",
            "row 2 (decision b): how the request ended",
        ),
        (
            "the last link is about an earlier row, again",
            "UPDATE chain SET (event, row, content, caller, salt) =
               (SELECT event, row, content, caller, salt FROM chain WHERE n = 2) WHERE n = 11",
            "link 11: it does not follow",
        ),
        (
            "the last rows go with their links, and the head stays",
            "DELETE FROM ledger WHERE seq = 6; DELETE FROM chain WHERE n = 11;",
            "signed head of link 11: the chain has another link there",
        ),
        (
            "an earlier head is put in the place of the last",
            "UPDATE heads SET (hash, at_us, key, signature) =
               (SELECT hash, at_us, key, signature FROM heads WHERE n < 11 ORDER BY n DESC LIMIT 1)
               WHERE n = 11",
            "signed head of link 11: the signature is not that of its key",
        ),
        (
            "the hour of a head is put back",
            "UPDATE heads SET at_us = at_us - 3600000000 WHERE n = 11",
            "signed head of link 11: the signature is not that of its key",
        ),
        (
            "rows are said to have been removed by rule",
            "DELETE FROM ledger WHERE id = 'a';
             INSERT INTO chain (n, event, row, content, caller, salt, note, hash, node)
             VALUES (12, 'pruned', 0, X'', X'', NULL, '{\"rows\":1,\"which\":\"1\",\"at\":\"\"}',
               zeroblob(32), 0)",
            "link 12: it does not follow",
        ),
        (
            "money is set aside for a request that was refused",
            "UPDATE ledger SET raised_nanos = 5 WHERE id = 'd'",
            "row 4 (decision d): it has an end that is in no link",
        ),
    ] {
        let faults = bench.faults(change).unwrap();
        let is_told = faults.iter().any(|it| it.starts_with(found));
        assert!(is_told, "{plan}: {faults:?}");
    }
}

/// Who has no key writes everything anew, says that another key goes on from here, and signs with that.
#[tokio::test]
async fn a_key_that_the_one_before_did_not_hand_over_to_is_found() {
    let ledger = Ledger::new().await;
    ledger.sql("UPDATE ledger SET cost_nanos = 1 WHERE id = 'b'");
    forge(&ledger.path, None);
    let folder = tempfile::tempdir().unwrap();
    let other = SigningKey::of_ledger(&folder.path().join("other").as_path().into()).unwrap();
    let connection = Connection::open(&ledger.path).unwrap();
    let before: Vec<u8> =
        connection.query_row("SELECT hash FROM chain WHERE n = 11", [], |row| row.get(0)).unwrap();
    let link = chain::Link {
        n: 12,
        event: chain::Event::Key,
        row: 0,
        content: chain::Bytes::new(),
        caller: chain::Bytes::new(),
        salt: None,
        note: other.fingerprint().to_string(),
        hash: chain::Bytes::new(),
    };
    let hash = link.hash_behind(&before);
    let at = clock::now();
    let signature = other.sign(&chain::message(Anchor { n: 12, hash }, at));
    connection.execute("DELETE FROM heads", []).unwrap();
    connection
        .execute(
            "INSERT INTO chain (n, event, row, content, caller, salt, note, hash)
             VALUES (12, 'key', 0, X'', X'', NULL, ?1, ?2)",
            (&link.note, hash),
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO heads (n, hash, at_us, key, signature) VALUES (12, ?1, ?2, ?3, ?4)",
            (hash, at.as_microsecond(), other.fingerprint().0, signature),
        )
        .unwrap();
    let fault = ledger.fault();
    assert!(fault.starts_with("link 12: another key goes on here"), "{fault}");
}

/// A copy from before, to put rows back.
fn copy(ledger: &Ledger) -> PathBuf {
    let copy = ledger.path.with_extension("before");
    ledger.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    std::fs::copy(&ledger.path, &copy).unwrap();
    copy
}

#[tokio::test]
async fn a_removed_row_cannot_be_put_back_for_another() {
    let ledger = Ledger::new().await;
    let before = copy(&ledger);
    let later = long_ago() + jiff::SignedDuration::from_hours(24 * 60);
    let mut upkeep = Upkeep::open(&ledger.path, later).unwrap();
    let young = long_ago() + jiff::SignedDuration::from_hours(24);
    assert_eq!(upkeep.prune(young, later).unwrap(), Removed { rows: 5 });
    drop(upkeep);
    let (store, _) = Store::open(&ledger.path, later).unwrap();
    store.decided(DecidedRow::example("new", later)).await.unwrap();
    store.close().await.unwrap();
    assert!(ledger.verified(&Known::default()).is_whole());
    ledger.sql(&format!(
        "ATTACH '{}' AS before; DELETE FROM ledger WHERE id = 'new';
         INSERT INTO ledger SELECT * FROM before.ledger WHERE id = 'b';
         INSERT INTO texts SELECT * FROM before.texts WHERE row = 2;",
        before.display()
    ));
    let fault = ledger.fault();
    assert!(fault.starts_with("ledger: 5 row(s) are gone, and 5 were removed by rule"), "{fault}");
    assert!(fault.contains("row 2 was, and is there again"), "{fault}");
}

#[tokio::test]
async fn a_forgotten_caller_cannot_be_put_back_for_another() {
    let ledger = Ledger::new().await;
    let (store, _) = Store::open(&ledger.path, long_ago()).unwrap();
    let caller = "eve".to_owned();
    store.decided(DecidedRow { caller, ..DecidedRow::example("g", long_ago()) }).await.unwrap();
    store.settled(SettledRow::example("g")).await.unwrap();
    store.close().await.unwrap();
    let before = copy(&ledger);
    let mut upkeep = Upkeep::open(&ledger.path, long_ago()).unwrap();
    assert!(upkeep.erase("bot", long_ago()).unwrap().rows >= 5);
    // Nobody is nobody's name.
    assert_eq!(upkeep.erase("", long_ago()).unwrap(), Removed { rows: 0 });
    drop(upkeep);
    assert!(ledger.verified(&Known::default()).is_whole());
    ledger.sql(&format!(
        "ATTACH '{}' AS before;
         UPDATE ledger SET (caller, key, trace_json, facts_json) =
           (SELECT caller, key, trace_json, facts_json FROM before.ledger WHERE id = 'b')
           WHERE id = 'b';
         UPDATE chain SET salt = (SELECT salt FROM before.chain WHERE event = 'decided' AND row = 2)
           WHERE event = 'decided' AND row = 2;
         INSERT INTO texts SELECT * FROM before.texts WHERE row = 2;
         DELETE FROM texts WHERE row = (SELECT seq FROM ledger WHERE id = 'g');
         UPDATE ledger SET caller = '', key = '', trace_json = '', facts_json = '' WHERE id = 'g';
         UPDATE chain SET salt = NULL WHERE event = 'decided'
           AND row = (SELECT seq FROM ledger WHERE id = 'g');",
        before.display()
    ));
    let fault = ledger.fault();
    assert!(fault.contains("that of row 2 was, and is there again"), "{fault}");
}

/// Links of a version that did not say which rows it removed still count.
#[tokio::test]
async fn links_that_only_count_are_still_read() {
    let ledger = Ledger::new().await;
    ledger.sql("DELETE FROM ledger WHERE id IN ('a', 'b')");
    let key = SigningKey::of_ledger(&ledger.path.as_path().into()).unwrap();
    let sql = Sql::Sqlite(Connection::open(&ledger.path).unwrap().into());
    let mut chain = Chain::open(&sql, (key, ONLY_NODE), long_ago()).unwrap();
    chain.note(chain::Event::Pruned, r#"{"rows":2,"at":"2026-03-01T12:00:00Z"}"#);
    chain.seal(&sql, long_ago()).unwrap();
    drop(sql);
    let verified = ledger.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    ledger.sql("DELETE FROM ledger WHERE id = 'c'");
    assert!(ledger.fault().starts_with("ledger: 3 row(s) are gone, and 2 were removed by rule"));
}

/// What is changed under a gateway that goes on writing.
#[tokio::test]
async fn what_is_changed_beside_a_running_gateway_is_found() {
    for (change, found) in [
        (
            "DELETE FROM chain WHERE n = (SELECT max(n) FROM chain);
             DELETE FROM heads WHERE n = (SELECT max(n) FROM heads);",
            "links are missing",
        ),
        ("UPDATE ledger SET cost_nanos = 1 WHERE id = 'b'", "row 2 (decision b)"),
        (
            "CREATE TRIGGER cheaper AFTER UPDATE OF cost_nanos ON ledger BEGIN
               UPDATE ledger SET cost_nanos = 1 WHERE seq = new.seq; END;",
            "how the request ended has been changed",
        ),
        (
            "CREATE TRIGGER home AFTER INSERT ON ledger BEGIN
               UPDATE ledger SET zone = 'on-host' WHERE seq = new.seq; END;",
            "what was decided has been changed",
        ),
        (
            "CREATE TRIGGER unsigned AFTER INSERT ON heads BEGIN
               DELETE FROM heads WHERE n = new.n; END;",
            "are not signed",
        ),
    ] {
        let ledger = Ledger::new().await;
        let (store, _) = Store::open(&ledger.path, long_ago()).unwrap();
        store.decided(DecidedRow::example("x", long_ago())).await.unwrap();
        ledger.sql(change);
        store.decided(DecidedRow::example("y", long_ago())).await.unwrap();
        let cost = NanoUsd::new(1_000);
        store.settled(SettledRow { cost, ..SettledRow::example("y") }).await.unwrap();
        store.close().await.unwrap();
        let faults = ledger.verified(&Known::default()).faults;
        assert!(faults.iter().any(|it| it.to_string().contains(found)), "{change}: {faults:?}");
    }
}

#[tokio::test]
async fn a_clock_that_went_back_is_told() {
    // The writer's clock is the machine's; the second sitting began "months before".
    let verified = Ledger::new().await.verified(&Known::default());
    assert!(verified.is_whole(), "{:?}", verified.faults);
    let set_back = verified.set_back.first().unwrap();
    assert!(set_back.to == long_ago() && set_back.from > set_back.to, "{set_back:?}");
    assert!(set_back.to_string().contains("to 2026-03-01T12:00:00Z behind link"), "{set_back}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    for id in ["a", "b"] {
        let (store, _) = Store::open(&path, clock::now()).unwrap();
        store.decided(DecidedRow::example(id, clock::now())).await.unwrap();
        store.close().await.unwrap();
    }
    let verified =
        verify(&Reader::open(&path).unwrap(), &Known::default(), &mut |_, _| ()).unwrap();
    assert_eq!((verified.set_back.len(), verified.faults.len()), (0, 0));
}
