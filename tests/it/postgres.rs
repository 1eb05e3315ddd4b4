//! A server keeps what a file keeps: the same rows, sums, keys, evidence and reports.

use std::time::Duration;

use ambidex::chat::{Usage, UsageSource};
use ambidex::money::{NanoUsd, Tokens};
use ambidex::record::evidence::{Anchor, Known, Upkeep, verify};
use ambidex::record::keys::{Grants, KeyRow, Keys, Opens};
use ambidex::record::report::{Dimension, Period};
use ambidex::record::{
    Chosen, Compared, DecidedRow, Ending, LedgerError, LedgerRow, Reader, SentTo, SettledRow,
    State, Store, StoreSettings, Verified,
};
use jiff::{SignedDuration, Timestamp};

use crate::support::{Postgres, eventually};

fn now() -> Timestamp {
    "2026-03-04T15:45:00.25Z".parse().unwrap()
}

fn decided(id: &str, team: &str, at: Timestamp) -> DecidedRow {
    DecidedRow {
        id: id.to_owned(),
        at,
        caller: format!("{team}-bot"),
        team: team.to_owned(),
        key: "k1".to_owned(),
        surface: "chat".to_owned(),
        model_asked: "auto".to_owned(),
        chosen: Some(Chosen {
            route: "all".to_owned(),
            target: "cloud".to_owned(),
            zone: "eu".to_owned(),
            model: "gpt-4o-mini".to_owned(),
        }),
        sensitivity: "internal".to_owned(),
        task: None,
        policy_rev: "0123456789ab".to_owned(),
        price_digest: "9ad20eb995ca92dd".to_owned(),
        refused: None,
        reserved: NanoUsd::new(500),
        reserved_imputed: NanoUsd::ZERO,
        trace_json: r#"{"route":"all? $1"}"#.to_owned(),
        facts_json: String::new(),
    }
}

fn settled(id: &str, cost: i128) -> SettledRow {
    SettledRow {
        id: id.to_owned(),
        ending: if cost == 0 { Ending::Released } else { Ending::Settled },
        outcome: "ok".to_owned(),
        answered_by: None,
        weights: None,
        sent_to: vec![SentTo { target: "cloud".to_owned(), zone: "eu".to_owned() }],

        raised: NanoUsd::ZERO,
        cost: NanoUsd::new(cost),
        avoided: NanoUsd::new(7),
        imputed: NanoUsd::new(3),
        usage: (cost > 0).then(|| Usage {
            input_uncached: Tokens(10),
            output: Tokens(5),
            ..Usage::none(UsageSource::Reported)
        }),
        latency: Duration::from_micros(1_234),
        ttft: None,
        verified: (cost > 100).then(|| Verified { score: 0.25, verdict: "accepted".to_owned() }),
        compared: (cost > 100).then(|| Compared {
            with: "cloud".to_owned(),
            cost: NanoUsd::new(cost),
            agreement: Some(0.75),
        }),
        read_in: if cost > 100 { 3 } else { 0 },
        cached_from: (cost > 100).then(|| "earlier".to_owned()),
    }
}

/// Everything that can be read of a ledger which has seen the same things.
async fn seen(place: &StoreSettings) -> String {
    let (store, _) = Store::open(place, now()).unwrap();
    let yesterday = now() - SignedDuration::from_hours(24);
    for (id, team, at, cost) in
        [("a", "support", yesterday, 120), ("b", "support", now(), 40), ("c", "legal", now(), 0)]
    {
        store.decided(decided(id, team, at)).await.unwrap();
        store.settled(settled(id, cost)).await.unwrap();
        store.settled(settled(id, 999)).await.unwrap();
    }
    let refused = Some("policy_refused".to_owned());
    let refusal = DecidedRow { refused, chosen: None, ..decided("d", "legal", now()) };
    store.decided(refusal).await.unwrap();
    let again = store.decided(decided("a", "legal", now())).await;
    assert!(matches!(again, Err(LedgerError::Duplicate { id }) if id == "a"));
    store.flush().await.unwrap();
    store.decided(decided("e", "support", now())).await.unwrap();

    let reader = store.reader().unwrap();
    let rows = reader.rows(10).unwrap();
    assert_eq!(rows.last().unwrap().settled, Some(settled("a", 120)));
    assert_eq!(rows[0].decided, decided("e", "support", now()));
    let period = Period { since: yesterday, until: now() + SignedDuration::from_hours(1) };
    let by = [Dimension::Team, Dimension::Day, Dimension::Month, Dimension::Target];
    // A server's numbers have gaps where something was refused.
    let rows: Vec<_> = rows.into_iter().map(|row| LedgerRow { seq: 0, ..row }).collect();
    let mut out = format!("{rows:#?}\n{:?}\n", reader.sums().unwrap());
    out += &format!("{:#?}\n", reader.costs(&by, period).unwrap());
    out += &format!("{:?}\n", reader.costs(&[], period).unwrap());
    out += &format!("{:?} {:?}\n", reader.work(period).unwrap(), reader.looked_at(period).unwrap());
    let mut past = 0;
    reader.past(yesterday, |row| past += usize::from(row.cost.is_positive())).unwrap();
    let mut exported = Vec::new();
    reader
        .columns(period, |columns| {
            exported.push(columns.len());
            Ok::<_, LedgerError>(())
        })
        .unwrap();
    out += &format!("{past} {exported:?} {:?}\n", store.counts().settled_twice);
    let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole(), "{:?}", verified.faults);
    out += &format!(
        "{} links, {} rows, {} running\n",
        verified.links, verified.rows, verified.running
    );
    drop(reader);
    store.settled(settled("e", 1)).await.unwrap();
    store.close().await.unwrap();
    out
}

fn keys(place: &StoreSettings) -> String {
    let keys = Keys::open(place, now()).unwrap();
    let row = KeyRow {
        opens: Opens::Models,
        name: "bot".to_owned(),
        team: "support".to_owned(),
        digest: [1; 32],
        hint: "abcd".to_owned(),
        before: None,
        grants: Grants { requests_per_minute: Some(60), ..Grants::default() },
        created: now(),
        expires: None,
        revoked: None,
    };
    keys.create(&row).unwrap();
    assert!(keys.create(&row).is_err());
    keys.rotate("bot", ([2; 32], "efgh"), SignedDuration::from_hours(1), now()).unwrap();
    let rotated = format!("{:?}", keys.list().unwrap());
    keys.revoke("bot", now()).unwrap();
    assert!(keys.revoke("bot", now()).is_err());
    format!("{rotated}\n{:?} {:?}", keys.list().unwrap(), keys.revision().unwrap())
}

fn upkept(place: &StoreSettings) -> String {
    let later = now() + SignedDuration::from_hours(60 * 24);
    let mut upkeep = Upkeep::open(place, later).unwrap();
    let erased = upkeep.erase("legal-bot", later).unwrap();
    let pruned = upkeep.prune(now() - SignedDuration::from_hours(1), later).unwrap();
    drop(upkeep);
    let reader = Reader::open(place).unwrap();
    let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole(), "{:?}", verified.faults);
    format!("{erased:?} {pruned:?} {} {}", verified.erased, verified.pruned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_keeps_what_a_file_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreSettings::Sqlite(folder.path().join("ledger.db"));
    let postgres = Postgres::start();
    let server = postgres.place();
    assert_eq!(seen(&server).await, seen(&file).await);
    assert_eq!(keys(&server), keys(&file));
    assert_eq!(upkept(&server), upkept(&file));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_and_comes_back_loses_nothing_and_doubles_nothing() {
    let mut postgres = Postgres::start();
    let (store, _) = Store::open(postgres.place(), now()).unwrap();
    store.decided(decided("before", "support", now())).await.unwrap();
    postgres.crash_and_restart();
    // The end of a request that ran while the server was away, and new requests until one gets through.
    store.settled(settled("before", 40)).await.unwrap();
    let mut refused = 0;
    let mut number = 0;
    let written = eventually("a decision that gets through", || {
        number += 1;
        let (store, id) = (store.clone(), format!("after-{number}"));
        async move { store.decided(decided(&id, "support", now())).await.ok().map(|()| id) }
    })
    .await;
    refused += number - 1;
    store.flush().await.unwrap();
    store.healthy().unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.row("before").unwrap().unwrap().state, State::Settled);
    assert_eq!(reader.row(&written).unwrap().unwrap().state, State::Held);
    let sums = reader.sums().unwrap();
    // Whatever was refused while the server was away holds no money.
    assert_eq!(sums.held, 1, "{refused} refused, {sums:?}");
    let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole(), "{:?}", verified.faults);
}

/// What somebody with the server's password could do, and the fault that tells.
const CHANGES: &[(&str, &str)] = &[
    (
        "UPDATE ambidex.ledger SET cost_nanos = 1 WHERE id = 'b'",
        "(decision b): how the request ended",
    ),
    ("UPDATE ambidex.ledger SET node = 1 WHERE id = 'b'", "(decision b): what was decided"),
    (
        "UPDATE ambidex.chain SET note = 'x' WHERE node = 2 AND n = 3",
        "link 3 of node 2: it does not follow",
    ),
    // The chains of two nodes are swapped, whole.
    (
        "UPDATE ambidex.chain SET node = node + 10; UPDATE ambidex.chain SET node = 13 - node;
     UPDATE ambidex.heads SET node = node + 10; UPDATE ambidex.heads SET node = 13 - node;",
        "link 1 of node 1: it is the key of another node",
    ),
    (
        "UPDATE ambidex.heads SET (hash, at_us, signature) =
       (SELECT hash, at_us, signature FROM ambidex.heads WHERE node = 1 ORDER BY n DESC LIMIT 1)
     WHERE node = 2 AND n = (SELECT max(n) FROM ambidex.heads WHERE node = 2)",
        "of node 2: the chain has another link there",
    ),
    // One link goes into the chain of another node.
    (
        "UPDATE ambidex.chain SET node = 1, n = 9 WHERE node = 2 AND event = 'ended'",
        "link 9 of node 1: links are missing",
    ),
    (
        "DELETE FROM ambidex.chain WHERE node = 1 AND event = 'ended'",
        "signed head of link 3 of node 1: the chain has another link there",
    ),
    (
        "DELETE FROM ambidex.ledger WHERE id = 'a'",
        "ledger: 1 row(s) are gone, and 0 were removed by rule",
    ),
    // Everything of a node goes, with its heads: the node that came later has seen it.
    (
        "DELETE FROM ambidex.ledger WHERE node = 1; DELETE FROM ambidex.chain WHERE node = 1;
     DELETE FROM ambidex.heads WHERE node = 1; DELETE FROM ambidex.nodes WHERE node = 1;",
        "link 3 of node 1: node 2 saw it, and it is not there",
    ),
    // And all but its key, which has a head of its own.
    (
        "DELETE FROM ambidex.ledger WHERE node = 1;
     DELETE FROM ambidex.chain WHERE node = 1 AND n > 1;
     DELETE FROM ambidex.heads WHERE node = 1 AND n > 1;",
        "link 3 of node 1: node 2 saw it, and it is not there",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_change_on_a_server_is_found_in_the_chain_of_its_node() {
    let postgres = Postgres::start();
    let place = postgres.place();
    for (id, team) in [("a", "support"), ("b", "legal")] {
        let (store, _) = Store::open(&place, now()).unwrap();
        store.decided(decided(id, team, now())).await.unwrap();
        store.settled(settled(id, 40)).await.unwrap();
        store.close().await.unwrap();
    }
    let StoreSettings::Postgres(settings) = &place else { panic!("it is a server") };
    let change = |sql: &str| {
        let url = settings.url.expose().to_owned();
        let sql = sql.to_owned();
        async move {
            use sqlx::Connection as _;
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    };
    let faults = || {
        let reader = Reader::open(&place).unwrap();
        let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
        verified.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(faults(), "");
    let tables = ["ledger", "chain", "heads", "nodes"];
    for table in tables {
        change(&format!("CREATE TABLE saved_{table} AS TABLE ambidex.{table}")).await;
    }
    let restore = tables.map(|table| {
        format!(
            "DELETE FROM ambidex.{table}; INSERT INTO ambidex.{table} SELECT * FROM saved_{table};"
        )
    });
    for (sql, found) in CHANGES {
        change(sql).await;
        let seen = faults();
        assert!(seen.contains(found), "{sql}: {seen}");
        change(&restore.concat()).await;
        assert_eq!(faults(), "");
    }
    // What was seen once is not written again: a chain of many nodes grows by one link per node.
    for _ in 0..3 {
        let (store, _) = Store::open(&place, now()).unwrap();
        store.close().await.unwrap();
    }
    let reader = Reader::open(&place).unwrap();
    let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole(), "{:?}", verified.faults);
    // Each has an end of its own; all of them are looked for, and one that was never there is missed.
    let mut heads: Vec<Anchor> =
        reader.heads().unwrap().iter().map(|(_, head)| head.anchor).collect();
    let keys: Vec<_> = verified.keys.iter().map(|(_, key)| *key).collect();
    let known = Known { keys: keys.clone(), heads: heads.clone() };
    assert!(verify(&reader, &known, &mut |_, _| ()).unwrap().is_whole());
    heads[1].hash[0] ^= 1;
    let lost = verify(&reader, &Known { keys: vec![], heads }, &mut |_, _| ()).unwrap();
    assert_eq!(lost.faults.len(), 1, "{:?}", lost.faults);
    assert!(lost.faults[0].to_string().contains("the head that you kept is not in it"));
    // A key, a decision and an end twice, and three keys; each of the four later nodes saw the one before.
    assert_eq!((verified.chains, verified.links), (5, 6 + 3 + 4));
}
