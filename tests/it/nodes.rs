//! Gateways that share a ledger, its budgets and rates: real processes on a real PostgreSQL.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ambidex::money::NanoUsd;
use ambidex::record::evidence::{Known, verify};
use ambidex::record::{Reader, State};

use crate::support::{Postgres, Process, Say, Upstream, answer, chat, client, eventually, send};

/// 100 prompt tokens at 0.15 and 20 answer tokens at 0.60 dollars per million.
const BILL: i128 = 100 * 150 + 20 * 600;

/// A gateway's files: one paid target, one hard budget of so many nano-dollars.
fn configure(folder: &Path, upstream: &Upstream, postgres: &Postgres, limit: NanoUsd) {
    let config = format!(
        "store: {{ url: '{}', lease: 2s }}\npolicy: policy.yaml\nrate_limits: []\ntargets:\n  - {{ name: cloud, provider: openai, \
         model: gpt-4o-mini, zone: eu, key: 'file:key', base_url: 'http://{}/v1', concurrency: 256 }}\n",
        postgres.url(),
        upstream.address
    );
    let policy = format!(
        "version: 1\nname: shared\nowner: finance\n\
         restricted_may_reach: {{ zones: any, why: tested elsewhere }}\nbudgets:\n  \
         - {{ name: pot, window: month, limit_usd: {limit} }}\nroutes:\n  - {{ id: all, use: [cloud] }}\n\
         otherwise: {{ refuse: {{ status: 402, say: 'no money' }} }}\n"
    );
    std::fs::write(folder.join("ambidex.yaml"), config).unwrap();
    std::fs::write(folder.join("policy.yaml"), policy).unwrap();
    std::fs::write(folder.join("key"), "sk-test").unwrap();
}

/// What every client together was answered.
#[derive(Debug, Default)]
struct Told {
    answered: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
}

/// Keeps one gateway busy with several clients until it refuses for want of money, or is gone.
async fn keep_busy(address: String, clients: usize, told: Arc<Told>) {
    let client = client();
    let work = (0..clients).map(|_| {
        let (client, address, told) = (client.clone(), address.clone(), Arc::clone(&told));
        async move {
            loop {
                let reply = send(&client, &address, &chat("Write a poem about the sea")).await;
                let Some(reply) = reply else {
                    told.lost.fetch_add(1, Ordering::Relaxed);
                    return;
                };
                match reply.status {
                    200 => told.answered.fetch_add(1, Ordering::Relaxed),
                    402 => {
                        told.refused.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    other => panic!("{other}: {}", reply.text()),
                };
            }
        }
    });
    futures_util::future::join_all(work).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_hold_one_budget_and_one_of_them_is_killed() {
    let postgres = Postgres::start();
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    // Room for some six hundred answers.
    let limit = NanoUsd::new(BILL * 600 + 1);
    configure(folder.path(), &upstream, &postgres, limit);
    let mut gateways: Vec<_> = (0..3).map(|_| Process::start(folder.path())).collect();
    let told = Arc::new(Told::default());
    let busy: Vec<_> = gateways
        .iter()
        .map(|it| tokio::task::spawn(keep_busy(it.address.clone(), 8, Arc::clone(&told))))
        .collect();
    eventually("some answers", || async {
        (told.answered.load(Ordering::Relaxed) > 150).then_some(())
    })
    .await;
    gateways.remove(1).kill();
    for work in busy {
        work.await.unwrap();
    }
    let place = postgres.place();
    let billed = || NanoUsd::new(BILL * i128::try_from(upstream.seen().len()).unwrap());
    assert!(billed() <= limit, "{} were billed of {limit}", billed());
    assert!(told.lost.load(Ordering::Relaxed) > 0, "the killed gateway was not busy");

    // Its lease runs out: what it had open is charged as reserved, the rest of its share is free.
    let reader = Reader::open(&place).unwrap();
    eventually("the end of the lease", || async {
        let rows = reader.rows(10_000).unwrap();
        rows.iter().all(|row| row.state != State::Held).then_some(())
    })
    .await;
    let expired = reader.sums().unwrap().expired;
    // What comes back can be spent, up to less than what one request may cost at most.
    let told = Arc::new(Told::default());
    for _ in 0..5 {
        keep_busy(gateways[0].address.clone(), 1, Arc::clone(&told)).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert!(billed() <= limit, "{} were billed of {limit}", billed());

    for gateway in gateways {
        assert!(gateway.stop(), "a gateway did not end in good order");
    }
    let sums = reader.sums().unwrap();
    let seen = u64::try_from(upstream.seen().len()).unwrap();
    assert_eq!((sums.held, sums.expired), (0, expired));
    assert!(sums.cost <= limit, "{sums:?}");
    assert!(billed() <= sums.cost, "the upstream billed more than the ledger knows: {sums:?}");
    // Every answer that was sent for is in the ledger, once.
    assert!(sums.settled <= seen && seen <= sums.settled + sums.expired, "{seen} seen, {sums:?}");
    let exact = NanoUsd::new(BILL * i128::from(sums.settled));
    let rows = reader.rows(10_000).unwrap();
    let reserved: NanoUsd =
        rows.iter().filter(|row| row.state == State::Expired).map(|row| row.decided.reserved).sum();
    assert_eq!(sums.cost, exact + reserved);
    // Nearly all of the budget could be used although one share was lost for a while.
    let left = limit.less(sums.cost);
    assert!(left < NanoUsd::new(BILL * 3), "{left} of {limit} could not be used");
    let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole() && verified.chains == 3, "{:?}", verified.faults);
}

/// A key made at run time, with a budget of its own: three gateways hold it together, also when it grows.
#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_hold_the_budget_of_a_key() {
    let postgres = Postgres::start();
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream, &postgres, NanoUsd::new(BILL * 1_000_000));
    let path = folder.path().join("ambidex.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config + "api_keys: required\n").unwrap();
    let keys = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ambidex"));
        let output =
            command.current_dir(folder.path()).arg("keys").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let gateways: Vec<_> = (0..3).map(|_| Process::start(folder.path())).collect();
    let client = client();
    let budget = |answers: i128| format!("{}/month", NanoUsd::new(BILL * answers));
    let made = keys(&["create", "bot", "--budget", &budget(60)]);
    let key = made.lines().next().unwrap();
    let spend = async || {
        for gateway in &gateways {
            eventually("the key", || async {
                (ask_with(&client, &gateway.address, key).await.status() != 401).then_some(())
            })
            .await;
        }
        // Every gateway, until each has refused in three rounds: what one does not need goes to the others.
        for _ in 0..3 {
            let all = gateways.iter().map(|gateway| async {
                while ask_with(&client, &gateway.address, key).await.status() == 200 {}
            });
            futures_util::future::join_all(all).await;
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
        i128::try_from(upstream.seen().len()).unwrap()
    };
    // A request may cost more than it does, so the last few answers' worth is left.
    let answered = spend().await;
    assert!((55..=60).contains(&answered), "{answered} answers of 60");
    assert!(keys(&["list"]).contains(&budget(60)));
    keys(&["budget", "bot", &budget(90)]);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let answered = spend().await;
    assert!((85..=90).contains(&answered), "{answered} answers of 90");
    for gateway in gateways {
        assert!(gateway.stop(), "a gateway did not end in good order");
    }
}

/// Requests and tokens that the callers of the next test may use in a minute, over all gateways.
const REQUESTS: u32 = 90;
const TOKENS: u32 = 3_000;

async fn ask_with(client: &reqwest::Client, address: &str, key: &str) -> reqwest::Response {
    client
        .post(format!("http://{address}/v1/chat/completions"))
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(chat("Write a poem about the sea").to_string())
        .send()
        .await
        .unwrap()
}

fn number(reply: &reqwest::Response, name: &str) -> u32 {
    let value = reply.headers().get(name).unwrap_or_else(|| panic!("no {name}"));
    value.to_str().unwrap().parse().unwrap()
}

/// Asks one gateway until its rate is used up. Returns how many were answered.
async fn use_up(client: reqwest::Client, address: String, key: &'static str) -> u32 {
    let mut answered = 0;
    loop {
        let reply = ask_with(&client, &address, key).await;
        match reply.status().as_u16() {
            200 => answered += 1,
            429 => {
                assert!(reply.headers().contains_key("retry-after"), "when may it come back?");
                return answered;
            }
            other => panic!("{other}: {}", reply.text().await.unwrap()),
        }
        assert!(answered <= REQUESTS.max(TOKENS), "nothing stops it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_share_request_and_token_rates() {
    let postgres = Postgres::start();
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream, &postgres, NanoUsd::new(BILL * 1_000_000));
    let path = folder.path().join("ambidex.yaml");
    let callers = format!(
        "callers:\n  - {{ name: fast, key: 'file:fast', team: t, requests_per_minute: {REQUESTS} }}\n  \
         - {{ name: wide, key: 'file:wide', team: t, tokens_per_minute: {TOKENS} }}\n"
    );
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config + &callers).unwrap();
    for name in ["fast", "wide"] {
        std::fs::write(folder.path().join(name), format!("{name}-key-of-the-test")).unwrap();
    }
    let gateways: Vec<_> = (0..3).map(|_| Process::start(folder.path())).collect();
    let client = client();
    // Each has heard of the others when it counts a third.
    for gateway in &gateways {
        eventually("three gateways", || async {
            let reply = ask_with(&client, &gateway.address, "fast-key-of-the-test").await;
            let limit = number(&reply, "x-ratelimit-limit-requests");
            (limit == REQUESTS / 3).then_some(())
        })
        .await;
    }
    let wide = ask_with(&client, &gateways[0].address, "wide-key-of-the-test").await;
    assert_eq!(number(&wide, "x-ratelimit-limit-tokens"), TOKENS / 3);
    let each = TOKENS / 3 - number(&wide, "x-ratelimit-remaining-tokens");

    for (key, limit, cost) in
        [("fast-key-of-the-test", REQUESTS, 1), ("wide-key-of-the-test", TOKENS, each)]
    {
        let began = ambidex::clock::instant();
        let asked = gateways
            .iter()
            .map(|it| tokio::task::spawn(use_up(client.clone(), it.address.clone(), key)));
        let mut answered = 0;
        for asked in futures_util::future::join_all(asked).await {
            answered += asked.unwrap();
        }
        // What a minute allows, and what grew meanwhile; each gateway rounds its share up.
        let grown = began.elapsed().as_secs_f64() / 60.0;
        let most = f64::from(limit + 3) * (1.0 + grown);
        let used = f64::from(answered * cost);
        assert!(used <= most, "{key}: {used} of {limit} in {grown} minutes");
        // A few were used while the gateways got to know each other; a share is used up but for less than
        // one request.
        let least = f64::from(limit) - f64::from(cost * 3) - f64::from(cost * 9);
        assert!(used >= least, "{key}: only {used} of {limit}");
    }
    for gateway in gateways {
        assert!(gateway.stop(), "a gateway did not end in good order");
    }
}

/// A budget that leaves the policy and comes back within its window: what was spent meanwhile counts, once, however many
/// gateways bring it back or start later.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_spent_while_no_policy_has_a_budget_counts_when_it_is_back() {
    let postgres = Postgres::start();
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream, &postgres, NanoUsd::new(BILL * 1_000));
    let policy = folder.path().join("policy.yaml");
    let with = std::fs::read_to_string(&policy).unwrap();
    let without: Vec<&str> =
        with.lines().filter(|line| !line.contains("budgets:") && !line.contains("pot")).collect();
    let mut gateways: Vec<_> = (0..2).map(|_| Process::start(folder.path())).collect();
    let client = client();
    let ask = async |gateways: &[Process], times: usize| {
        for gateway in gateways {
            for _ in 0..times {
                let body = chat("Write a poem about the sea");
                assert_eq!(send(&client, &gateway.address, &body).await.unwrap().status, 200);
            }
        }
    };
    let reader = Reader::open(postgres.place()).unwrap();
    let reload = async |gateways: &[Process], text: &str| {
        // What still runs would be counted as it was reserved: an answer is there before it is settled.
        eventually("every settlement", || async {
            (reader.sums().unwrap().held == 0).then_some(())
        })
        .await;
        std::fs::write(&policy, text).unwrap();
        for gateway in gateways {
            let url = format!("http://{}/admin/api/policy/reload", gateway.admin);
            let reply = client.post(url).send().await.unwrap();
            assert_eq!(reply.status(), 200, "{}", reply.text().await.unwrap());
        }
    };
    // Every gateway has heard of all the others, so each tells the whole sum.
    let spent = async |gateways: &[Process], answers: i128| {
        let wanted = NanoUsd::new(BILL * answers).as_usd_f64();
        for gateway in gateways {
            // What another gateway has not settled counts as it was reserved, which is a little more.
            eventually("the whole sum", || async {
                let told = gateway.spent(&client, "pot").await;
                let most = NanoUsd::new(BILL * (answers + 1)).as_usd_f64();
                assert!(told < most, "{told} of {wanted}: something was counted twice");
                ((told - wanted).abs() < 1e-9).then_some(())
            })
            .await;
        }
    };
    ask(&gateways, 2).await;
    spent(&gateways, 4).await;
    reload(&gateways, &without.join("\n")).await;
    ask(&gateways, 3).await;
    reload(&gateways, &with).await;
    ask(&gateways, 1).await;
    spent(&gateways, 12).await;
    gateways.push(Process::start(folder.path()));
    ask(&gateways, 1).await;
    spent(&gateways, 15).await;
    // The same when those that spent it are no more.
    reload(&gateways, &without.join("\n")).await;
    ask(&gateways, 2).await;
    for gateway in gateways {
        assert!(gateway.stop(), "a gateway did not end in good order");
    }
    std::fs::write(&policy, &with).unwrap();
    let gateways = [Process::start(folder.path()), Process::start(folder.path())];
    ask(&gateways, 1).await;
    spent(&gateways, 23).await;
    for gateway in gateways {
        assert!(gateway.stop(), "a gateway did not end in good order");
    }
}
