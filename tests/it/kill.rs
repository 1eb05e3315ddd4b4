//! `kill -9` at any moment, hundreds of times under load: nothing that was promised is lost, nothing is
//! booked twice, and what was open is charged as it was reserved.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambidex::money::NanoUsd;
use ambidex::record::evidence::{Known, verify};
use ambidex::record::{LedgerRow, Reader, State};

use crate::support::{
    Process, Say, Upstream, answer, chat, client, events, eventually, send, streamed,
};

/// Gateways at the same time, and how often each is killed.
const LANES: u64 = 4;
const KILLS: u64 = 55;
/// 100 prompt tokens at 0.15 and 20 answer tokens at 0.60 dollars per million.
const BILL: i128 = 100 * 150 + 20 * 600;

fn configure(folder: &Path, upstream: &Upstream) {
    let config = format!(
        "store: sqlite:./ledger.db\npolicy: policy.yaml\nserver: {{ workers: 1 }}\ntargets:\n  \
         - {{ name: cloud, provider: openai, model: gpt-4o-mini, zone: eu, key: 'file:key', \
         base_url: 'http://{}/v1' }}\n",
        upstream.address
    );
    let policy = "version: 1\nname: kill\nowner: finance\n\
         restricted_may_reach: { zones: any, why: tested elsewhere }\nbudgets:\n  \
         - { name: pot, window: month, limit_usd: 100 }\nroutes:\n  - { id: all, use: [cloud] }\n\
         otherwise: { refuse: { status: 402, say: 'no money' } }\n";
    std::fs::write(folder.join("ambidex.yaml"), config).unwrap();
    std::fs::write(folder.join("policy.yaml"), policy).unwrap();
    std::fs::write(folder.join("key"), "sk-test").unwrap();
}

/// Numbers that differ from run to run of the loop and not from run to run of the test.
fn scatter(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// Asks again and again; notes the decisions of answers that came whole.
async fn keep_asking(address: String, acknowledged: Arc<Mutex<BTreeSet<String>>>, number: usize) {
    let client = client();
    let body =
        if number.is_multiple_of(2) { chat("Write a poem") } else { streamed("Write a poem") };
    while let Some(reply) = send(&client, &address, &body).await {
        assert_eq!(reply.status, 200, "{}", reply.text());
        acknowledged.lock().unwrap().insert(reply.decision().to_owned());
    }
}

/// What the ledger says after a restart, against what clients and upstream know.
fn check(rows: &[LedgerRow], acknowledged: &BTreeSet<String>, upstream: &Upstream) -> NanoUsd {
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.decided.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "a decision is in the ledger twice");
    let lost: Vec<_> = acknowledged.iter().filter(|id| !ids.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "answered and not in the ledger: {lost:?}");
    let (mut settled, mut expired, mut cost) = (0_usize, 0_usize, NanoUsd::ZERO);
    for row in rows {
        let booked = row.settled.as_ref().map_or(NanoUsd::ZERO, |it| it.cost);
        cost += booked;
        match row.state {
            State::Expired => {
                expired += 1;
                assert_eq!(booked, row.decided.reserved, "open requests cost what was reserved");
            }
            State::Settled => {
                settled += 1;
                assert!(booked == NanoUsd::new(BILL), "{row:?}");
            }
            State::Held | State::Released | State::Refused => panic!("{row:?}"),
        }
    }
    let numbers: Vec<i64> = rows.iter().rev().map(|row| row.seq).collect();
    let expected: Vec<i64> = (1..).take(rows.len()).collect();
    assert_eq!(numbers, expected, "numbers without gaps");
    let seen = upstream.seen().len();
    assert!(settled <= seen, "{settled} settled, and the upstream saw {seen}");
    assert!(seen <= settled + expired, "{seen} were sent, {settled} settled, {expired} expired");
    cost
}

async fn lane(number: u64) -> (usize, usize) {
    let stream = events(&["a", "b", "c"], Some((100, 20)));
    let upstream = Upstream::script([Say::InKind(answer("x", 100, 20), stream)]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let (client, mut seed) = (client(), 1 + number * 7_919);
    let mut expired = 0;
    for kill in 0..=KILLS {
        let gateway = Process::start(folder.path());
        let reader = Reader::open(&folder.path().join("ledger.db")).unwrap();
        let rows = reader.rows(u32::MAX).unwrap();
        let cost = check(&rows, &acknowledged.lock().unwrap(), &upstream);
        // Budgets know what the ledger knows.
        let told = gateway.spent(&client, "pot").await;
        assert!((told - cost.as_usd_f64()).abs() < 1e-9, "lane {number}: {told} of {cost}");
        expired = rows.iter().filter(|row| row.state == State::Expired).count();
        if kill == KILLS {
            gateway.kill();
            let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
            assert!(verified.is_whole(), "{:?}", verified.faults);
            return (rows.len(), expired);
        }
        drop(reader);
        let asking = (0..6).map(|number| {
            let work = keep_asking(gateway.address.clone(), Arc::clone(&acknowledged), number);
            tokio::task::spawn(work)
        });
        let asking: Vec<_> = asking.collect();
        // Every other time not before something was answered, so that all stages are met.
        let before = acknowledged.lock().unwrap().len();
        if kill % 2 == 1 {
            eventually("an answer", || async {
                (acknowledged.lock().unwrap().len() > before).then_some(())
            })
            .await;
        }
        tokio::time::sleep(Duration::from_millis(scatter(&mut seed) % 90)).await;
        gateway.kill();
        for work in asking {
            work.await.unwrap();
        }
    }
    (0, expired)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_hundreds_of_times_the_ledger_knows_everything_that_was_sent() {
    let lanes = (0..LANES).map(|number| tokio::task::spawn(lane(number)));
    let (mut rows, mut expired) = (0, 0);
    for lane in lanes.collect::<Vec<_>>() {
        let (in_lane, open) = lane.await.unwrap();
        rows += in_lane;
        expired += open;
    }
    // Otherwise the kills came when nothing was under way, and nothing was tried.
    let whole = rows - expired;
    assert!(expired > 50 && whole > 50, "{rows} rows, {expired} of them cut off");
}
