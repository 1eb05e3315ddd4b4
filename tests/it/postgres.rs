//! A server keeps what a file keeps: the same rows, sums, keys, evidence and reports.

use std::time::Duration;

use ambidex::chat::{Usage, UsageSource};
use ambidex::money::{NanoUsd, Tokens};
use ambidex::record::evidence::{Known, Upkeep, verify};
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
    let verified = verify(&reader, Known::default(), &mut |_, _| ()).unwrap();
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
    let verified = verify(&reader, Known::default(), &mut |_, _| ()).unwrap();
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
    assert!(refused >= 1 && sums.held == 1, "{refused} refused, {sums:?}");
    let verified = verify(&reader, Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole(), "{:?}", verified.faults);
}

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
        let verified = verify(&reader, Known::default(), &mut |_, _| ()).unwrap();
        verified.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(faults(), "");
    for (there, back, found) in [
        (
            "UPDATE ambidex.ledger SET cost_nanos = 1 WHERE id = 'b'",
            "UPDATE ambidex.ledger SET cost_nanos = 40 WHERE id = 'b'",
            "(decision b): how the request ended",
        ),
        (
            "UPDATE ambidex.ledger SET node = 1 WHERE id = 'b'",
            "UPDATE ambidex.ledger SET node = 2 WHERE id = 'b'",
            "(decision b): what was decided",
        ),
        (
            "UPDATE ambidex.chain SET note = 'x' WHERE node = 2 AND n = 2",
            "UPDATE ambidex.chain SET note = '' WHERE node = 2 AND n = 2",
            "link 2 of node 2: it does not follow",
        ),
    ] {
        change(there).await;
        let seen = faults();
        assert!(seen.contains(found), "{there}: {seen}");
        change(back).await;
        assert_eq!(faults(), "");
    }
}
