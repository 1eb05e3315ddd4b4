//! The disk is full, or somebody holds the ledger: a real gateway on a file system of its own, of a few
//! megabytes. It refuses, or answers locally, as the configuration says; loudly, and never for nothing.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ambidex::record::evidence::{Known, verify};
use ambidex::record::{Reader, State};

use crate::support::{Process, Reply, Say, Upstream, answer, chat, client, eventually, send};

/// Room for the tables and some hundreds of rows.
const DISK: &str = "3m";
const PROMPT: &str = "Write a poem about the sea";

/// A gateway's files. `ledger_down` is what it does without a ledger.
fn configure(folder: &Path, upstream: &Upstream, ledger_down: &str) {
    let config = format!(
        "store: sqlite:./disk/ledger.db\npolicy: policy.yaml\nserver: {{ workers: 1 }}\n{ledger_down}targets:\n  \
         - {{ name: cloud, provider: openai, model: gpt-4o-mini, zone: eu, key: 'file:key', \
         base_url: 'http://{}/v1' }}\n  - {{ name: local, engine: starter, zone: on-host }}\n",
        upstream.address
    );
    let policy = "version: 1\nname: full\nowner: finance\n\
         restricted_may_reach: { zones: any, why: tested elsewhere }\nbudgets:\n  \
         - { name: pot, window: month, limit_usd: 100 }\nroutes:\n  - { id: all, use: [cloud, local] }\n\
         otherwise: { refuse: { status: 402, say: 'no money' } }\n";
    fs::write(folder.join("ambidex.yaml"), config).unwrap();
    fs::write(folder.join("policy.yaml"), policy).unwrap();
    fs::write(folder.join("key"), "sk-test").unwrap();
    fs::create_dir(folder.join("disk")).unwrap();
}

/// Starts it where `disk` is a small file system that only it sees; nobody needs rights for that.
fn start_on_small_disk(folder: &Path) -> (Process, PathBuf) {
    let mount = format!("mount -t tmpfs -o size={DISK} tmpfs disk && exec \"$0\" \"$@\"");
    let under = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &mount];
    let gateway = Process::start_under(folder, &under);
    let seen_from_here = PathBuf::from(format!("/proc/{}/root", gateway.id()));
    let disk = seen_from_here.join(folder.strip_prefix("/").unwrap()).join("disk");
    (gateway, disk)
}

/// Takes every byte that is left.
fn fill(disk: &Path) -> PathBuf {
    let ballast = disk.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    for size in [65_536, 4096, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
    ballast
}

async fn ask(gateway: &Process) -> Reply {
    send(&client(), &gateway.address, &chat(PROMPT)).await.expect("an answer")
}

async fn page(address: &str, path: &str) -> (u16, String) {
    let got = client().get(format!("http://{address}{path}")).send().await.unwrap();
    (got.status().as_u16(), got.text().await.unwrap())
}

/// The value of the one metric that begins so.
async fn metric(gateway: &Process, begin: &str) -> f64 {
    let (_, page) = page(&gateway.admin, "/metrics").await;
    let line = page.lines().find(|line| line.starts_with(begin));
    line.map_or(0.0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

/// Asks until nothing can be written any more; what was reserved in the log may last for a while.
async fn until_refused(gateway: &Process) -> Reply {
    eventually("a ledger without room", || async {
        let reply = ask(gateway).await;
        (reply.status != 200).then_some(reply)
    })
    .await
}

/// The ledger and the upstream agree: every request that was sent is in it, once, and paid.
fn check(ledger: &Path, upstream: &Upstream) {
    let reader = Reader::open(ledger).unwrap();
    let rows = reader.rows(100_000).unwrap();
    let sent = rows.iter().filter(|row| {
        row.settled.as_ref().is_some_and(|it| it.sent_to.iter().any(|to| to.target == "cloud"))
    });
    let paid = sent.filter(|row| row.state == State::Settled).count();
    assert_eq!(paid, upstream.seen().len());
    assert!(rows.iter().all(|row| row.state != State::Held), "something is left open");
    let verified = verify(&reader, &Known::default(), &mut |_, _| ()).unwrap();
    assert!(verified.is_whole(), "{:?}", verified.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_says_so_and_is_left_behind_without_a_loss() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream, "");
    let (gateway, disk) = start_on_small_disk(folder.path());
    assert_eq!(ask(&gateway).await.status, 200);
    assert_eq!(page(&gateway.address, "/readyz").await.0, 200);

    let ballast = fill(&disk);
    let refused = until_refused(&gateway).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "ledger_unavailable"));
    let seen = upstream.seen().len();
    for _ in 0..5 {
        assert_eq!(ask(&gateway).await.code(), "ledger_unavailable");
    }
    assert_eq!(upstream.seen().len(), seen, "something was bought that nobody wrote down");
    assert!(metric(&gateway, "ambidex_fail_closed_total{cause=\"ledger\"}").await >= 6.0);
    let (status, why) = page(&gateway.address, "/readyz").await;
    assert_eq!(status, 503, "{why}");
    assert!(why.contains("cannot be written") && why.contains("full"), "{why}");
    let log = || fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log().contains("the ledger cannot be written"), "{}", log());

    // It comes back by itself, without anybody asking for anything.
    fs::remove_file(ballast).unwrap();
    eventually("a ledger that can be written", || async {
        (page(&gateway.address, "/readyz").await.0 == 200).then_some(())
    })
    .await;
    assert!(log().contains("the ledger can be written again"), "{}", log());
    assert_eq!(ask(&gateway).await.status, 200);
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    // The file system ends with the process, so it is looked at before.
    eventually("the last settlement", || async {
        for name in ["ledger.db", "ledger.db-wal"] {
            fs::copy(disk.join(name), copy.join(name)).ok()?;
        }
        let sums = Reader::open(&copy.join("ledger.db")).ok()?.sums().ok()?;
        (sums.held == 0).then_some(())
    })
    .await;
    check(&copy.join("ledger.db"), &upstream);
    assert!(gateway.stop(), "the gateway did not end in good order");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_the_local_model_answers_if_the_configuration_says_so() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream, "ledger_down: local\n");
    let (gateway, disk) = start_on_small_disk(folder.path());
    assert_eq!(ask(&gateway).await.target(), "cloud");
    let ballast = fill(&disk);
    let degraded = eventually("a ledger without room", || async {
        let reply = ask(&gateway).await;
        // Those who share the first commit that fails are refused: they were on their way out.
        assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
        (reply.status == 200 && reply.target() == "local").then_some(reply)
    })
    .await;
    assert_eq!(degraded.header("x-ambidex-unrecorded"), "ledger_unavailable");
    let seen = upstream.seen().len();
    for _ in 0..3 {
        assert_eq!(ask(&gateway).await.target(), "local", "no answer is refused any more");
    }
    assert_eq!(upstream.seen().len(), seen, "something was bought that nobody wrote down");
    let unrecorded = metric(&gateway, "ambidex_dropped_records_total{reason=\"unrecorded\"}").await;
    assert!(unrecorded >= 4.0, "{unrecorded}");
    assert!(metric(&gateway, "ambidex_fail_closed_total{cause=\"ledger\"}").await >= 4.0);
    fs::remove_file(ballast).unwrap();
    eventually("paid answers", || async {
        (ask(&gateway).await.target() == "cloud").then_some(())
    })
    .await;
    assert!(gateway.stop(), "the gateway did not end in good order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_somebody_holds_refuses_until_it_is_free() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 100, 20))]).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &upstream, "");
    let gateway = Process::start(folder.path());
    assert_eq!(ask(&gateway).await.status, 200);
    let ledger = folder.path().join("disk/ledger.db");
    let other = rusqlite::Connection::open(&ledger).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let seen = upstream.seen().len();
    assert_eq!(ask(&gateway).await.code(), "ledger_unavailable");
    assert_eq!(upstream.seen().len(), seen, "something was bought that nobody wrote down");
    assert!(metric(&gateway, "ambidex_fail_closed_total{cause=\"ledger\"}").await >= 1.0);
    assert_eq!(page(&gateway.address, "/readyz").await.0, 503);
    other.execute_batch("COMMIT").unwrap();
    eventually("a ledger that can be written", || async {
        (ask(&gateway).await.status == 200).then_some(())
    })
    .await;
    assert!(gateway.stop(), "the gateway did not end in good order");
    check(&ledger, &upstream);
}
