//! The thread that writes the ledger: takes what is queued, writes it in one transaction, tells everyone.
//!
//! Four kinds of failure. A row that the database refuses concerns nobody else. A ledger that cannot be
//! written now (full disk, a lock of another process) fails the decisions of this commit, while the
//! settlements wait for the next one: a request that ran must not be forgotten. A server that is lost
//! does the same, until it can be reached again; whether its last commit happened is then looked up.
//! Anything else, such as a failed `fsync`, leaves the ledger in doubt and poisons the store: it is never
//! tried again, since the system may report success for pages that it has thrown away.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::columns;
use super::error::LedgerError;
use super::evidence::{Chain, ONLY_NODE};
use super::nodes::Nodes;
use super::place::{Durability, StoreSettings};
use super::row::{DecidedRow, SettledRow};
use super::schema;
use super::sql::{Reach, Sql};
use super::store::{Health, Job, QUEUE_ROWS_MAX, TakenOver};
use crate::budget::BudgetSpec;
use crate::clock;
use crate::money::NanoUsd;

/// How many rows share a commit at most, so that the first does not wait long for the last.
const COMMIT_ROWS_MAX: usize = 512;
/// How long to wait before settlements are tried again on a ledger that could not be written.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// How often a closing store tries again before it gives settlements up.
const TRIES_AT_CLOSE: u32 = 20;

/// Starts the thread. It ends when the store is closed or every handle is gone.
pub(super) fn start(
    mut writer: Writer,
    lock: Option<File>,
    mut jobs: mpsc::Receiver<Job>,
) -> Result<(), LedgerError> {
    let path = writer.place.file().map(std::path::Path::to_owned).unwrap_or_default();
    thread::Builder::new()
        .name("ledger".to_owned())
        .spawn(move || {
            let closing = writer.run(&mut jobs);
            let health = Arc::clone(&writer.health);
            // Closing folds the log into the database; the lock goes last.
            let closed = writer.close();
            drop(lock);
            if let Some(done) = closing {
                let _gone = done.send(health.check().and(closed));
            }
        })
        .map(|_thread| ())
        .map_err(|source| LedgerError::Lock { path, source })
}

type Done = oneshot::Sender<Result<(), LedgerError>>;
type Ack = (Done, Result<(), LedgerError>);

/// What the thread owns.
pub(super) struct Writer {
    /// `None` while a server is lost.
    sql: Option<Sql>,
    chain: Chain,
    place: Arc<StoreSettings>,
    durability: Durability,
    node: i64,
    health: Arc<Health>,
    /// Settlements that could not be written yet.
    unwritten: Vec<SettledRow>,
}

/// Why a transaction did not happen.
enum Failure {
    Later(String),
    Poisoned,
}

#[derive(Default)]
struct Tally {
    commits: u64,
    decided: u64,
    settled: u64,
    settled_twice: u64,
    rejected: u64,
}

/// The jobs of one commit, by kind.
#[derive(Default)]
struct Batch {
    decided: Vec<(Box<DecidedRow>, Done)>,
    raised: Vec<(String, NanoUsd)>,
    settled: Vec<SettledRow>,
    acks: Vec<Ack>,
}

impl Batch {
    const fn is_empty(&self) -> bool {
        self.decided.is_empty() && self.raised.is_empty() && self.settled.is_empty()
    }
}

impl Writer {
    pub(super) fn new(
        sql: Sql,
        chain: Chain,
        (place, durability, node): (Arc<StoreSettings>, Durability, i64),
        health: &Arc<Health>,
    ) -> Self {
        let health = Arc::clone(health);
        Self { sql: Some(sql), chain, place, durability, node, health, unwritten: Vec::new() }
    }

    /// Ends with whoever asked for the end.
    fn run(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Done> {
        let mut queued = Vec::with_capacity(COMMIT_ROWS_MAX);
        loop {
            if self.unwritten.is_empty() && !self.health.is_troubled() {
                if jobs.blocking_recv_many(&mut queued, COMMIT_ROWS_MAX) == 0 {
                    return None;
                }
            } else {
                thread::sleep(RETRY_AFTER);
                // With many rows unwritten take no more, so that the queue fills and requests wait.
                while self.unwritten.len() < QUEUE_ROWS_MAX && queued.len() < COMMIT_ROWS_MAX {
                    match jobs.try_recv() {
                        Ok(job) => queued.push(job),
                        Err(_) => break,
                    }
                }
            }
            let closing = self.commit(&mut queued);
            if closing.is_some() {
                jobs.close();
                self.finish(jobs);
                return closing;
            }
        }
    }

    /// Writes the rest; what cannot be written after some patience is counted as lost.
    fn finish(&mut self, jobs: &mut mpsc::Receiver<Job>) {
        let mut queued = Vec::new();
        while let Ok(job) = jobs.try_recv() {
            queued.push(job);
        }
        for _ in 0..TRIES_AT_CLOSE {
            let _also_closing = self.commit(&mut queued);
            if self.unwritten.is_empty() {
                return;
            }
            thread::sleep(RETRY_AFTER);
        }
        lose(&self.health, self.unwritten.len());
    }

    /// A node of a server leaves in good order.
    fn close(self) -> Result<(), LedgerError> {
        let Some(sql) = self.sql else { return Ok(()) };
        let left = Nodes::leave(&sql, self.node);
        left.and(sql.close())
    }

    /// One transaction for everything queued, then the answers. Returns who wants it to end.
    fn commit(&mut self, queued: &mut Vec<Job>) -> Option<Done> {
        let mut closing = None;
        let mut batch = Batch { settled: std::mem::take(&mut self.unwritten), ..Batch::default() };
        for job in queued.drain(..) {
            match job {
                Job::Decided(row, done) => batch.decided.push((row, done)),
                Job::Raised(id, amount, done) => {
                    batch.raised.push((id, amount));
                    batch.acks.push((done, Ok(())));
                }
                Job::Settled(row) => batch.settled.push(*row),
                Job::TakeOver(what, done) => {
                    let (dead, specs) = *what;
                    let _gone = done.send(self.take_over(dead, &specs));
                }
                // What was queued behind it is written all the same.
                Job::Close(done) if closing.is_none() => closing = Some(done),
                Job::Flush(done) | Job::Close(done) => batch.acks.push((done, Ok(()))),
            }
        }
        let written = if self.health.poison.get().is_some() {
            Err(Failure::Poisoned)
        } else if batch.is_empty() && !self.health.is_troubled() {
            Ok(())
        } else {
            self.transaction(&mut batch)
        };
        let Batch { decided, settled, mut acks, .. } = batch;
        acks.extend(decided.into_iter().map(|(_, done)| (done, Ok(()))));
        match written {
            Ok(()) => {}
            Err(Failure::Later(reason)) => {
                self.unwritten = settled;
                for (_, result) in &mut acks {
                    *result = Err(LedgerError::Unwritable { reason: reason.clone() });
                }
            }
            Err(Failure::Poisoned) => {
                lose(&self.health, settled.len());
                for (_, result) in &mut acks {
                    *result = self.health.check().and(Err(LedgerError::Closed));
                }
            }
        }
        for (done, result) in acks {
            // A request that is gone does not want to know.
            let _gone = done.send(result);
        }
        closing
    }

    /// Writes and commits. Decisions that were written move to the answers, with what became of them.
    fn transaction(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        let mut tally = Tally::default();
        let done = self.connected().and_then(|()| self.write(batch, &mut tally));
        match done {
            Ok(()) => {
                self.chain.committed();
                let health = &self.health;
                if health.note(None).is_some() {
                    info!("the ledger can be written again");
                }
                health.commits.fetch_add(tally.commits, Ordering::Relaxed);
                health.decided.fetch_add(tally.decided, Ordering::Relaxed);
                health.settled.fetch_add(tally.settled, Ordering::Relaxed);
                health.settled_twice.fetch_add(tally.settled_twice, Ordering::Relaxed);
                health.rejected.fetch_add(tally.rejected, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => self.failed(&error, batch),
        }
    }

    /// How far a failure reaches, and what follows from it.
    fn failed(&mut self, error: &LedgerError, batch: &mut Batch) -> Result<(), Failure> {
        let reach = error.reach();
        if let Some(sql) = self.sql.as_ref().filter(|_| reach != Reach::Connection) {
            sql.roll_back();
        }
        self.chain.rolled_back();
        if matches!(reach, Reach::Transaction | Reach::Connection)
            && self.health.note(Some(&error.to_string())).is_none()
        {
            error!(%error, "the ledger cannot be written; it is tried again and again");
        }
        match reach {
            Reach::Transaction => Err(Failure::Later(error.to_string())),
            Reach::Connection => {
                if self.sql.take().is_some() {
                    // If the commit happened all the same: these requests are refused and not sent.
                    let unsure = batch.decided.iter().map(|(row, _)| SettledRow::not_sent(&row.id));
                    batch.settled.extend(unsure);
                }
                Err(Failure::Later(error.to_string()))
            }
            // A row's own failure has been answered; one that comes here is the chain's.
            Reach::Row | Reach::Everything => {
                // The first reason stands.
                if self.health.poison.set(error.to_string()).is_ok() {
                    error!(%error, "the ledger cannot be written any more; check it, then restart");
                }
                Err(Failure::Poisoned)
            }
        }
    }

    /// Reaches a lost server again, and looks where the chain ends.
    fn connected(&mut self) -> Result<(), LedgerError> {
        if self.sql.is_none() {
            let sql = schema::open_writer(&self.place, self.durability, clock::now())?;
            self.chain.look_again(&sql)?;
            self.sql = Some(sql);
        }
        Ok(())
    }

    fn write(&mut self, batch: &mut Batch, tally: &mut Tally) -> Result<(), LedgerError> {
        let Some(sql) = &self.sql else { return Err(LedgerError::Closed) };
        let (chain, node) = (&mut self.chain, self.node);
        sql.begin()?;
        if !Nodes::is_alive(sql, node)? {
            return Err(LedgerError::Lapsed);
        }
        // Ends of earlier requests come before new ones, in the order in which they were queued.
        let new: HashSet<&str> = batch.decided.iter().map(|(row, _)| row.id.as_str()).collect();
        let is_new = |row: &&SettledRow| new.contains(row.id.as_str());
        let (of_new, earlier): (Vec<_>, Vec<_>) = batch.settled.iter().partition(is_new);
        settle(sql, chain, &earlier, tally)?;
        let answers = insert(sql, chain, (&batch.decided, node), tally)?;
        let raised: Vec<_> = batch
            .raised
            .iter()
            .map(|(id, amount)| vec![id.into(), columns::raised(*amount)])
            .collect();
        // One that does not run any more needs nothing.
        for written in sql.many(&columns::RAISE, &raised)? {
            written?;
        }
        settle(sql, chain, &of_new, tally)?;
        chain.seal(sql, clock::now())?;
        if batch.is_empty() {
            sql.try_to_write()?;
        }
        sql.commit()?;
        tally.commits = 1;
        let decided = std::mem::take(&mut batch.decided);
        batch.acks.extend(decided.into_iter().zip(answers).map(|((_, done), it)| (done, it)));
        Ok(())
    }

    /// Takes over from a dead node, in a transaction of its own.
    fn take_over(&mut self, dead: i64, specs: &[BudgetSpec]) -> TakenOver {
        self.health.check()?;
        self.connected()?;
        let Some(sql) = &self.sql else { return Err(LedgerError::Closed) };
        let (chain, node) = (&mut self.chain, self.node);
        let taken = sql.transaction(|| {
            if !Nodes::is_alive(sql, node)? {
                return Err(LedgerError::Lapsed);
            }
            let taken = Nodes::take_over(sql, chain, dead, specs)?;
            chain.seal(sql, clock::now())?;
            Ok(taken)
        });
        match &taken {
            Ok(_) => chain.committed(),
            Err(LedgerError::Sql(error)) if error.reach() == Reach::Connection => {
                chain.rolled_back();
                self.sql = None;
            }
            Err(_) => chain.rolled_back(),
        }
        taken
    }
}

/// Inserts decisions; says of each what became of it.
fn insert(
    sql: &Sql,
    chain: &mut Chain,
    (decided, node): (&[(Box<DecidedRow>, Done)], i64),
    tally: &mut Tally,
) -> Result<Vec<Result<(), LedgerError>>, LedgerError> {
    let node = (node != ONLY_NODE).then_some(node);
    let rows: Vec<_> = decided.iter().map(|(row, _)| columns::decided(row, node)).collect();
    let mut answers = Vec::with_capacity(rows.len());
    let all_written = sql.many(&columns::INSERT, &rows)?;
    let mut texts = Vec::with_capacity(rows.len());
    for (((row, _), values), written) in decided.iter().zip(&rows).zip(all_written) {
        if let Ok(Some(seq)) = written {
            chain.decided(seq, &columns::linked(values, row));
            texts.extend(columns::texts(seq, row));
            tally.decided = tally.decided.saturating_add(1);
            answers.push(Ok(()));
        } else {
            tally.rejected = tally.rejected.saturating_add(1);
            let duplicate = |_| LedgerError::Duplicate { id: row.id.clone() };
            answers.push(Err(written.map_or_else(LedgerError::Sql, duplicate)));
        }
    }
    sql.many(&columns::TEXTS, &texts)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(answers)
}

/// Ends requests. Of two ends of one request the first counts.
fn settle(
    sql: &Sql,
    chain: &mut Chain,
    settled: &[&SettledRow],
    tally: &mut Tally,
) -> Result<(), LedgerError> {
    let mut ids = HashSet::with_capacity(settled.len());
    let mut rows = Vec::with_capacity(settled.len());
    for row in settled {
        if ids.insert(row.id.as_str()) {
            rows.push(columns::ended(row));
        } else {
            tally.settled_twice = tally.settled_twice.saturating_add(1);
        }
    }
    for (values, written) in rows.iter().zip(sql.many(&columns::SETTLE, &rows)?) {
        let count = match written {
            Ok(Some(seq)) => {
                chain.row_ended(seq, values.get(1..).unwrap_or_default());
                &mut tally.settled
            }
            Ok(None) => &mut tally.settled_twice,
            Err(_) => &mut tally.rejected,
        };
        *count = count.saturating_add(1);
    }
    Ok(())
}

fn lose(health: &Health, rows: usize) {
    health.lost.fetch_add(u64::try_from(rows).unwrap_or(u64::MAX), Ordering::Relaxed);
}
