//! The thread that writes the ledger: takes what is queued, writes it in one transaction, tells everyone.
//!
//! Three kinds of failure. A row that the database refuses concerns nobody else. A file that cannot be
//! written now (full disk, a lock of another process) fails the decisions of this commit, while the
//! settlements wait for the next one: a request that ran must not be forgotten. Anything else, such as a
//! failed `fsync`, leaves the file in doubt and poisons the store: it is never tried again, since the
//! system may report success for pages that it has thrown away.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Statement, params};
use tokio::sync::{mpsc, oneshot};

use super::error::LedgerError;
use super::evidence::Chain;
use super::row::{DecidedRow, SettledRow, State};
use super::store::{Health, Job, QUEUE_ROWS_MAX, Recovery};
use crate::clock;
use crate::money::NanoUsd;

/// How many rows share a commit at most, so that the first does not wait long for the last.
const COMMIT_ROWS_MAX: usize = 512;
/// How long to wait before settlements are tried again on a file that could not be written.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// How often a closing store tries again before it gives settlements up.
const TRIES_AT_CLOSE: u32 = 20;

// Numbered parameters: looking names up costs more than binding the values.
const INSERT: &str = "
INSERT INTO ledger (id, at_us, caller, team, key, surface, model_asked, route, target, zone, model,
  sensitivity, task, policy_rev, price_digest, refused, reserved_nanos, reserved_imputed_nanos,
  trace_json, state, facts_json)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
  ?12, ?13, ?14, ?15, ?16, ?17, ?18,
  ?19, ?20, ?21)";

const SETTLE: &str = "
UPDATE ledger SET state = ?2, outcome = ?3, answered_route = ?4,
  answered_target = ?5, answered_zone = ?6, answered_model = ?7, cost_nanos = ?8,
  avoided_nanos = ?9, imputed_nanos = ?10, usage_source = ?11,
  input_uncached = ?12, cache_read = ?13, cache_write = ?14,
  cache_write_1h = ?15, output = ?16, reasoning = ?17,
  latency_us = ?18, ttft_us = ?19, answered_licence = ?20, answered_sha256 = ?21,
  verify_score = ?22, verify_verdict = ?23, sent_to = ?24
WHERE id = ?1 AND state = 'held'
RETURNING seq";

/// Charges the rows that a dead process left behind at what they had reserved.
pub(super) fn expire(
    connection: &Connection,
    chain: &mut Chain,
    now: Timestamp,
) -> Result<Recovery, LedgerError> {
    let change = connection.unchecked_transaction()?;
    let (expired, nanos): (i64, i64) = change.query_row(
        "SELECT count(*), coalesce(sum(reserved_nanos), 0) FROM ledger WHERE state = 'held'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut held = change.prepare("SELECT seq FROM ledger WHERE state = 'held' ORDER BY seq")?;
    let seqs: Vec<i64> = held.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    drop(held);
    change.execute(
        "UPDATE ledger SET state = 'expired', outcome = 'process_died',
           cost_nanos = reserved_nanos, imputed_nanos = reserved_imputed_nanos
         WHERE state = 'held'",
        [],
    )?;
    for seq in seqs {
        chain.ended(connection, seq)?;
    }
    chain.seal(connection, now)?;
    change.commit()?;
    chain.committed();
    Ok(Recovery {
        expired: u64::try_from(expired).unwrap_or(0),
        charged: NanoUsd::new(i128::from(nanos)),
    })
}

/// Starts the thread. It ends when the store is closed or every handle is gone.
pub(super) fn start(
    (connection, chain): (Connection, Chain),
    lock: File,
    jobs: mpsc::Receiver<Job>,
    health: Arc<Health>,
) -> io::Result<()> {
    thread::Builder::new()
        .name("ledger".to_owned())
        .spawn(move || {
            let closing = run(&connection, chain, jobs, &health);
            // Closing folds the log into the database; the lock goes last.
            let closed = connection.close().map_err(|(_, error)| LedgerError::Sql(error));
            drop(lock);
            if let Some(done) = closing {
                let _gone = done.send(health.check().and(closed));
            }
        })
        .map(|_thread| ())
}

type Ack = (oneshot::Sender<Result<(), LedgerError>>, Result<(), LedgerError>);

struct Writer<'c> {
    connection: &'c Connection,
    insert: Statement<'c>,
    settle: Statement<'c>,
    chain: Chain,
    health: &'c Health,
}

/// Ends with whoever asked for the end.
fn run(
    connection: &Connection,
    chain: Chain,
    mut jobs: mpsc::Receiver<Job>,
    health: &Health,
) -> Option<oneshot::Sender<Result<(), LedgerError>>> {
    let mut writer = match Writer::new(connection, chain, health) {
        Ok(writer) => Some(writer),
        Err(error) => {
            poison(health, &error);
            None
        }
    };
    let mut queued = Vec::with_capacity(COMMIT_ROWS_MAX);
    let mut unwritten: Vec<SettledRow> = Vec::new();
    loop {
        if unwritten.is_empty() {
            if jobs.blocking_recv_many(&mut queued, COMMIT_ROWS_MAX) == 0 {
                return None;
            }
        } else {
            thread::sleep(RETRY_AFTER);
            // With many rows unwritten take no more, so that the queue fills and requests wait.
            while unwritten.len() < QUEUE_ROWS_MAX && queued.len() < COMMIT_ROWS_MAX {
                match jobs.try_recv() {
                    Ok(job) => queued.push(job),
                    Err(_) => break,
                }
            }
        }
        let closing = take_closing(&mut queued);
        commit(writer.as_mut(), &mut queued, &mut unwritten, health);
        if closing.is_some() {
            jobs.close();
            finish(writer.as_mut(), &mut jobs, &mut unwritten, health);
            return closing;
        }
    }
}

/// Writes the rest; what cannot be written after some patience is counted as lost.
fn finish(
    mut writer: Option<&mut Writer<'_>>,
    jobs: &mut mpsc::Receiver<Job>,
    unwritten: &mut Vec<SettledRow>,
    health: &Health,
) {
    let mut queued = Vec::new();
    while let Ok(job) = jobs.try_recv() {
        queued.push(job);
    }
    for _ in 0..TRIES_AT_CLOSE {
        commit(writer.as_deref_mut(), &mut queued, unwritten, health);
        if unwritten.is_empty() {
            return;
        }
        thread::sleep(RETRY_AFTER);
    }
    lose(health, unwritten.len());
}

/// Splits off the request to close. What was queued behind it is written all the same.
fn take_closing(queued: &mut Vec<Job>) -> Option<oneshot::Sender<Result<(), LedgerError>>> {
    let position = queued.iter().position(|job| matches!(job, Job::Close(_)))?;
    match queued.remove(position) {
        Job::Close(done) => Some(done),
        Job::Decided(..) | Job::Settled(_) | Job::Flush(_) => None,
    }
}

/// One transaction for everything queued, then the answers.
fn commit(
    writer: Option<&mut Writer<'_>>,
    queued: &mut Vec<Job>,
    unwritten: &mut Vec<SettledRow>,
    health: &Health,
) {
    let mut acks: Vec<Ack> = Vec::with_capacity(queued.len());
    let mut settled = std::mem::take(unwritten);
    let written = match writer {
        Some(writer) if health.poison.get().is_none() => {
            writer.transaction(queued, &mut settled, &mut acks)
        }
        Some(_) | None => Err(Failure::Poisoned),
    };
    // Jobs that the transaction did not reach before it failed.
    for job in queued.drain(..) {
        match job {
            Job::Decided(_, done) | Job::Flush(done) | Job::Close(done) => {
                acks.push((done, Ok(())));
            }
            Job::Settled(row) => settled.push(*row),
        }
    }
    match written {
        Ok(()) => {}
        Err(Failure::Later(reason)) => {
            *unwritten = settled;
            for (_, result) in &mut acks {
                *result = Err(LedgerError::Unwritable { reason: reason.clone() });
            }
        }
        Err(Failure::Poisoned) => {
            lose(health, settled.len());
            for (_, result) in &mut acks {
                *result = health.check().and(Err(LedgerError::Closed));
            }
        }
    }
    for (done, result) in acks {
        // A request that is gone does not want to know.
        let _gone = done.send(result);
    }
}

fn lose(health: &Health, rows: usize) {
    health.lost.fetch_add(u64::try_from(rows).unwrap_or(u64::MAX), Ordering::Relaxed);
}

fn poison(health: &Health, error: &rusqlite::Error) {
    // The first reason stands.
    let _first = health.poison.set(error.to_string());
}

/// Why a transaction did not happen.
enum Failure {
    Later(String),
    Poisoned,
}

/// How far a database error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Row,
    Transaction,
    File,
}

fn reach(error: &rusqlite::Error) -> Reach {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
            Reach::Row
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::OutOfMemory,
        ) => Reach::Transaction,
        Some(_) | None => Reach::File,
    }
}

impl<'c> Writer<'c> {
    fn new(
        connection: &'c Connection,
        chain: Chain,
        health: &'c Health,
    ) -> Result<Self, rusqlite::Error> {
        let insert = connection.prepare(INSERT)?;
        let settle = connection.prepare(SETTLE)?;
        Ok(Self { connection, insert, settle, chain, health })
    }

    /// Writes and commits. Rows that were written move from `queued` to `settled` or `acks`, so that
    /// they can be kept or answered if the commit fails.
    fn transaction(
        &mut self,
        queued: &mut Vec<Job>,
        settled: &mut Vec<SettledRow>,
        acks: &mut Vec<Ack>,
    ) -> Result<(), Failure> {
        let mut tally = Tally::default();
        let result = self.write(queued, settled, acks, &mut tally);
        match result {
            Ok(()) => {
                self.chain.committed();
                let health = self.health;
                health.commits.fetch_add(u64::from(tally.is_begun), Ordering::Relaxed);
                health.decided.fetch_add(tally.decided, Ordering::Relaxed);
                health.settled.fetch_add(tally.settled, Ordering::Relaxed);
                health.settled_twice.fetch_add(tally.settled_twice, Ordering::Relaxed);
                health.rejected.fetch_add(tally.rejected, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                // It may have been rolled back by the database already.
                let _already = self.connection.execute_batch("ROLLBACK");
                self.chain.rolled_back();
                // A row's own failure has been answered; one that comes here is the chain's.
                if reach(&error) != Reach::Transaction {
                    poison(self.health, &error);
                    return Err(Failure::Poisoned);
                }
                Err(Failure::Later(error.to_string()))
            }
        }
    }

    fn write(
        &mut self,
        queued: &mut Vec<Job>,
        settled: &mut Vec<SettledRow>,
        acks: &mut Vec<Ack>,
        tally: &mut Tally,
    ) -> Result<(), rusqlite::Error> {
        tally.is_begun =
            !settled.is_empty() || queued.iter().any(|job| !matches!(job, Job::Flush(_)));
        if tally.is_begun {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        for row in settled.iter() {
            self.settle(row, tally)?;
        }
        for job in queued.drain(..) {
            match job {
                Job::Decided(row, done) => {
                    let inserted = self.insert(&row, tally);
                    let (result, failed) = match inserted {
                        Ok(result) => (result, None),
                        Err(error) => (Ok(()), Some(error)),
                    };
                    acks.push((done, result));
                    if let Some(error) = failed {
                        return Err(error);
                    }
                }
                Job::Settled(row) => {
                    let written = self.settle(&row, tally);
                    settled.push(*row);
                    written?;
                }
                Job::Flush(done) | Job::Close(done) => acks.push((done, Ok(()))),
            }
        }
        if tally.is_begun {
            self.chain.seal(self.connection, clock::now())?;
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// The outer error concerns the transaction, the inner one this row.
    fn insert(
        &mut self,
        row: &DecidedRow,
        tally: &mut Tally,
    ) -> Result<Result<(), LedgerError>, rusqlite::Error> {
        let chosen = row.chosen.as_ref();
        let state = if row.refused.is_some() { State::Refused } else { State::Held };
        let inserted = self.insert.execute(params![
            row.id,
            row.at.as_microsecond(),
            row.caller,
            row.team,
            row.key,
            row.surface,
            row.model_asked,
            chosen.map(|to| &to.route),
            chosen.map(|to| &to.target),
            chosen.map(|to| &to.zone),
            chosen.map(|to| &to.model),
            row.sensitivity,
            row.task,
            row.policy_rev,
            row.price_digest,
            row.refused,
            column(row.reserved),
            column(row.reserved_imputed),
            row.trace_json,
            state.name(),
            row.facts_json,
        ]);
        match inserted {
            Ok(_) => {
                self.chain.decided(self.connection, self.connection.last_insert_rowid())?;
                tally.decided = tally.decided.saturating_add(1);
                Ok(Ok(()))
            }
            Err(error) if reach(&error) == Reach::Row => {
                tally.rejected = tally.rejected.saturating_add(1);
                let is_known = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
                Ok(Err(if is_known {
                    LedgerError::Duplicate { id: row.id.clone() }
                } else {
                    LedgerError::Sql(error)
                }))
            }
            Err(error) => Err(error),
        }
    }

    fn settle(&mut self, row: &SettledRow, tally: &mut Tally) -> Result<(), rusqlite::Error> {
        let by = row.answered_by.as_ref();
        let (usage, weights) = (row.usage.as_ref(), row.weights.as_ref());
        let sent_to = (!row.sent_to.is_empty()).then(|| serde_json::to_string(&row.sent_to));
        let changed = self.settle.query_row(
            params![
                row.id,
                row.ending.state().name(),
                row.outcome,
                by.map(|by| &by.route),
                by.map(|by| &by.target),
                by.map(|by| &by.zone),
                by.map(|by| &by.model),
                column(row.cost),
                column(row.avoided),
                column(row.imputed),
                usage.map(|usage| usage.source.name()),
                usage.map(|usage| usage.input_uncached.0),
                usage.map(|usage| usage.cache_read.0),
                usage.map(|usage| usage.cache_write.0),
                usage.map(|usage| usage.cache_write_1h.0),
                usage.map(|usage| usage.output.0),
                usage.map(|usage| usage.reasoning.0),
                micros(row.latency),
                row.ttft.map(micros),
                weights.map(|weights| &weights.licence),
                weights.and_then(|weights| weights.sha256.as_ref()),
                row.verified.as_ref().map(|it| it.score),
                row.verified.as_ref().map(|it| &it.verdict),
                // Serialising plain strings cannot fail.
                sent_to.map(Result::unwrap_or_default),
            ],
            |row| row.get(0),
        );
        match changed.optional() {
            Ok(None) => tally.settled_twice = tally.settled_twice.saturating_add(1),
            Ok(Some(seq)) => {
                self.chain.ended(self.connection, seq)?;
                tally.settled = tally.settled.saturating_add(1);
            }
            Err(error) if reach(&error) == Reach::Row => {
                tally.rejected = tally.rejected.saturating_add(1);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Tally {
    is_begun: bool,
    decided: u64,
    settled: u64,
    settled_twice: u64,
    rejected: u64,
}

/// Columns hold 64 bits, up to nine billion dollars; more is that.
fn column(amount: NanoUsd) -> i64 {
    let nanos = amount.nanos();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
