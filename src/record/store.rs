//! The one door to the ledger: rows go in through a bounded queue, one thread writes them.
//!
//! Many requests share one commit and so one `fsync`: while a commit runs, the next rows queue up and go
//! together. [`Store::decided`] returns once its row is on disk; [`Store::settled`] only waits when the
//! queue is full. After a write that leaves the file in doubt the store is poisoned and every later
//! reservation fails, because money that cannot be recorded must not be spent.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::error::LedgerError;
use super::evidence::{Chain, ONLY_NODE, SigningKey};
use super::nodes::{self, Nodes};
use super::place::{Durability, StoreSettings};
use super::read::Reader;
use super::row::{DecidedRow, SettledRow};
use super::schema;
use super::writer::{self, Writer};
use crate::budget::BudgetSpec;
use crate::money::NanoUsd;

/// How many rows may wait for the writer. Beyond it, requests wait.
pub const QUEUE_ROWS_MAX: usize = 4096;

/// The ledger of the running process. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Store {
    queue: mpsc::Sender<Job>,
    health: Arc<Health>,
    place: Arc<StoreSettings>,
    node: i64,
}

/// What the last run left behind, and what was done about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Rows that were still held. They are `expired` now.
    pub expired: u64,
    /// What they are charged: the amounts they had reserved, since nobody knows what was bought.
    pub charged: NanoUsd,
}

/// What the writer has seen since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commits, each with one `fsync` if durability is strict.
    pub commits: u64,
    /// Rows decided and on disk.
    pub decided: u64,
    /// Rows settled or released and on disk.
    pub settled: u64,
    /// Settlements of rows that are not held: unknown, or settled before. Nothing was changed.
    pub settled_twice: u64,
    /// Settlements that could not be written. The next start charges those rows as reserved.
    pub lost: u64,
    /// Rows that the database refused.
    pub rejected: u64,
}

/// A row for the writer, with where to say that it is on disk.
#[derive(Debug)]
pub(super) enum Job {
    Decided(Box<DecidedRow>, oneshot::Sender<Result<(), LedgerError>>),
    /// More is set aside for a request that runs: how much beyond its decision, in all.
    Raised(String, NanoUsd, oneshot::Sender<Result<(), LedgerError>>),
    Settled(Box<SettledRow>),
    /// Take over from a dead node, which may have been forestalled.
    TakeOver(Box<(i64, Vec<BudgetSpec>)>, oneshot::Sender<TakenOver>),
    /// Everything before it is on disk.
    Flush(oneshot::Sender<Result<(), LedgerError>>),
    /// Write what is queued, then end.
    Close(oneshot::Sender<Result<(), LedgerError>>),
}

/// What taking over from a dead node came to; `None` if there was nothing to take over.
pub(super) type TakenOver = Result<Option<Recovery>, LedgerError>;

/// What the writer tells everyone.
#[derive(Debug, Default)]
pub(super) struct Health {
    pub(super) poison: OnceLock<String>,
    /// Why nothing can be written at the moment.
    trouble: Mutex<Option<String>>,
    pub(super) commits: AtomicU64,
    pub(super) decided: AtomicU64,
    pub(super) settled: AtomicU64,
    pub(super) settled_twice: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) rejected: AtomicU64,
}

impl Health {
    /// Whether the last commit failed for a while only.
    pub(super) fn is_troubled(&self) -> bool {
        self.locked().is_some()
    }

    /// Notes that nothing can be written, or that it can again; tells what was so before.
    pub(super) fn note(&self, trouble: Option<&str>) -> Option<String> {
        std::mem::replace(&mut *self.locked(), trouble.map(str::to_owned))
    }

    fn locked(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn check(&self) -> Result<(), LedgerError> {
        match self.poison.get() {
            Some(reason) => Err(LedgerError::Poisoned { reason: reason.clone() }),
            None => Ok(()),
        }
    }
}

impl Store {
    /// Opens or creates the ledger, books what a dead process left behind in a file, and starts the
    /// writer. Committed rows survive a power cut.
    pub fn open(
        place: impl Into<StoreSettings>,
        now: Timestamp,
    ) -> Result<(Self, Recovery), LedgerError> {
        Self::open_as(place, Durability::Strict, now)
    }

    /// The same, with as much durability as wanted.
    pub fn open_as(
        place: impl Into<StoreSettings>,
        durability: Durability,
        now: Timestamp,
    ) -> Result<(Self, Recovery), LedgerError> {
        let place = place.into();
        let lock = place.file().map(lock).transpose()?;
        let sql = schema::open_writer(&place, durability, now)?;
        let key = SigningKey::of_ledger(&place)?;
        let node = Nodes::join(&sql, &place, "gateway")?;
        let mut chain = Chain::open(&sql, (key, node), now)?;
        let mut recovery = Recovery::default();
        if node == ONLY_NODE {
            // Of a file this is the only writer. On a server, leases tell who is dead.
            recovery = sql.transaction(|| {
                let recovery = nodes::expire(&sql, &mut chain, None)?;
                chain.seal(&sql, now)?;
                Ok::<_, LedgerError>(recovery)
            })?;
            chain.committed();
        }
        let (queue, jobs) = mpsc::channel(QUEUE_ROWS_MAX);
        let health = Arc::new(Health::default());
        let place = Arc::new(place);
        let writer = Writer::new(sql, chain, (Arc::clone(&place), durability, node), &health);
        writer::start(writer, lock, jobs)?;
        Ok((Self { queue, health, place, node }, recovery))
    }

    /// Where it is kept.
    pub fn place(&self) -> &StoreSettings {
        &self.place
    }

    /// The number of this node; 0 for a file.
    pub const fn node(&self) -> i64 {
        self.node
    }

    /// Books what a dead node left behind and frees what it had been given of these budgets. `None` if
    /// it lives after all, or somebody else was faster.
    pub async fn take_over(
        &self,
        node: i64,
        specs: Vec<BudgetSpec>,
    ) -> Result<Option<Recovery>, LedgerError> {
        let (done, answer) = oneshot::channel();
        self.send(Job::TakeOver(Box::new((node, specs)), done)).await?;
        answer.await.map_err(|_| self.gone())?
    }

    /// Nothing more may be written: others have taken this node for dead.
    pub fn lapse(&self) {
        let _first = self.health.poison.set(LedgerError::Lapsed.to_string());
    }

    /// Writes a decision and returns when it is on disk: from then on a crash cannot lose it.
    pub async fn decided(&self, row: DecidedRow) -> Result<(), LedgerError> {
        self.health.check()?;
        let (done, on_disk) = oneshot::channel();
        self.send(Job::Decided(Box::new(row), done)).await?;
        on_disk.await.map_err(|_| self.gone())?
    }

    /// Sets more aside for a request that runs, `raised` in all beyond what its decision had, and returns
    /// when that is on disk: a crash then charges both.
    pub async fn raised(&self, id: &str, raised: NanoUsd) -> Result<(), LedgerError> {
        self.health.check()?;
        let (done, on_disk) = oneshot::channel();
        self.send(Job::Raised(id.to_owned(), raised, done)).await?;
        on_disk.await.map_err(|_| self.gone())?
    }

    /// Queues how a request ended. Waits only for room in the queue; the row is written even if the
    /// caller goes away. Exactly once: a row that is not held is left as it is, and counted.
    pub async fn settled(&self, row: SettledRow) -> Result<(), LedgerError> {
        let sent = match self.health.check() {
            Ok(()) => self.send(Job::Settled(Box::new(row))).await,
            Err(poisoned) => Err(poisoned),
        };
        if sent.is_err() {
            self.health.lost.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// Returns when everything queued before is on disk.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        let (done, on_disk) = oneshot::channel();
        self.send(Job::Flush(done)).await?;
        on_disk.await.map_err(|_| self.gone())?
    }

    /// Writes what is queued and closes the file. Later calls fail with [`LedgerError::Closed`].
    pub async fn close(&self) -> Result<(), LedgerError> {
        let (done, closed) = oneshot::channel();
        self.send(Job::Close(done)).await?;
        closed.await.map_err(|_| self.gone())?
    }

    /// Whether rows can be written; the readiness check asks.
    pub fn healthy(&self) -> Result<(), LedgerError> {
        self.health.check()?;
        if let Some(reason) = self.health.locked().clone() {
            return Err(LedgerError::Unwritable { reason });
        }
        if self.queue.is_closed() { Err(LedgerError::Closed) } else { Ok(()) }
    }

    /// What the writer has seen so far.
    pub fn counts(&self) -> Counts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            commits: of(&self.health.commits),
            decided: of(&self.health.decided),
            settled: of(&self.health.settled),
            settled_twice: of(&self.health.settled_twice),
            lost: of(&self.health.lost),
            rejected: of(&self.health.rejected),
        }
    }

    /// A connection of its own for reports. Blocks: not for the async threads.
    pub fn reader(&self) -> Result<Reader, LedgerError> {
        Reader::open(&*self.place)
    }

    async fn send(&self, job: Job) -> Result<(), LedgerError> {
        self.queue.send(job).await.map_err(|_| self.gone())
    }

    fn gone(&self) -> LedgerError {
        self.health.check().err().unwrap_or(LedgerError::Closed)
    }
}

/// Two writers would take each other's running requests for the remains of a crash.
pub(super) fn lock(path: &Path) -> Result<File, LedgerError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |source| LedgerError::Lock { path: path.to_owned(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(name);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests;
