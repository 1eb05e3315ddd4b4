//! Budgets that several nodes share, by slices.
//!
//! For every budget, subject and window the server keeps how much it has given to all nodes together,
//! never more than the limit. A node spends what it was given without asking, gives back what it does
//! not need, and asks for more when it runs short. What a node has been given is reduced only by that
//! node, or by whoever takes over from it when it is dead. So `spent + reserved <= limit` holds over all
//! nodes at all times; the only excess is what upstreams bill beyond a hold.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::error::LedgerError;
use super::evidence::ONLY_NODE;
use super::nodes::Nodes;
use super::place::{Durability, StoreSettings};
use super::read::{self, Whose};
use super::schema;
use super::sql::{Reach, Sql, SqlError, Value};
use super::store::Store;
use crate::budget::{BudgetSpec, Grant, PotKey, Recovered, Report, Want};
use crate::money::NanoUsd;

/// Whoever changes what was given holds this lock of the server, so that it can count in peace.
const POTS: i64 = 0x416d_6279;
/// Pots of windows that ended this long ago are forgotten.
const KEEP_US: i64 = 40 * 24 * 3_600_000_000;

/// The door to the shared budgets, with a connection of its own.
#[derive(Debug)]
pub struct Slices {
    sql: Mutex<Option<Sql>>,
    place: StoreSettings,
    node: i64,
    /// When this node began.
    since: Timestamp,
    lease: Duration,
}

/// What a round of reporting brought.
#[derive(Debug, Default)]
pub struct Round {
    /// What other nodes use of the pots that were reported.
    pub others: Vec<(PotKey, NanoUsd)>,
    /// Gateways that are there.
    pub nodes: u32,
    /// Nodes that were not heard of for longer than their lease.
    pub lapsed: Vec<i64>,
}

impl Slices {
    /// The shared budgets of a store; `None` for a file, which is not shared.
    pub fn of(store: &Store) -> Option<Self> {
        let StoreSettings::Postgres(settings) = store.place() else { return None };
        Some(Self {
            sql: Mutex::new(None),
            place: store.place().clone(),
            node: store.node(),
            since: crate::clock::now(),
            lease: settings.lease,
        })
    }

    /// How long a silent node keeps what it has.
    pub const fn lease(&self) -> Duration {
        self.lease
    }

    /// Makes budgets of a policy known. What all nodes had spent before a budget was is read from the ledger and counted once. Of one
    /// that is known, what nodes spent that had no such budget and are no more is counted; what this node has spent since then,
    /// with such a budget or without, is given back, for it alone knows how much of that it has counted.
    pub fn register(
        &self,
        specs: &[BudgetSpec],
        now: Timestamp,
    ) -> Result<Vec<Recovered>, LedgerError> {
        self.register_since(specs, now, Timestamp::MIN)
    }

    /// The same for budgets that keys have of their own, however many: all nodes know them at once, so nobody
    /// before this node has left anything out.
    pub fn register_own(
        &self,
        specs: &[BudgetSpec],
        now: Timestamp,
    ) -> Result<Vec<Recovered>, LedgerError> {
        self.register_since(specs, now, self.since)
    }

    fn register_since(
        &self,
        specs: &[BudgetSpec],
        now: Timestamp,
        from: Timestamp,
    ) -> Result<Vec<Recovered>, LedgerError> {
        self.with(|sql| {
            // Reading a month of rows takes a while, and all nodes would wait for the lock meanwhile.
            let mut sums = Vec::new();
            for spec in specs {
                let Some(since) = known_since(sql, spec)? else { continue };
                let whose = Whose::EachNodesSince(since.max(from));
                let found = read::recovered_of(sql, spec, now, whose)?;
                sums.extend(found.into_iter().map(|(node, sum)| (node, spec, sum)));
            }
            // Asked last: who has come since the rows were read is there.
            let there = Nodes::there(sql)?;
            sql.transaction(|| {
                lock(sql)?;
                for (node, spec, sum) in sums.iter().filter(|it| !there.contains(&it.0)) {
                    settle(sql, (spec, *node), sum)?;
                }
                for spec in specs {
                    register(sql, spec, now)?;
                }
                let old = now.as_microsecond().saturating_sub(KEEP_US);
                sql.execute("DELETE FROM pots WHERE end_us < ?1", &[old.into()])?;
                sql.execute(
                    "DELETE FROM slices WHERE NOT EXISTS (SELECT 1 FROM pots
                       WHERE pots.budget = slices.budget AND pots.subject = slices.subject
                       AND pots.start_us = slices.start_us)",
                    &[],
                )?;
                Ok::<_, LedgerError>(())
            })?;
            let ours = sums.into_iter().filter(|(node, ..)| *node == self.node);
            Ok(ours.map(|(.., sum)| sum).collect())
        })
    }

    /// Asks for more. Of each pot that has enough left this node gets at least what it needs.
    pub fn take(&self, wants: &[Want], nodes: u32) -> Result<Vec<Grant>, LedgerError> {
        self.with(|sql| {
            sql.transaction(|| {
                lock(sql)?;
                if !Nodes::is_alive(sql, self.node)? {
                    return Err(LedgerError::Lapsed);
                }
                wants.iter().map(|want| self.take_one(sql, want, nodes)).collect()
            })
        })
    }

    fn take_one(&self, sql: &Sql, want: &Want, nodes: u32) -> Result<Grant, LedgerError> {
        let key = key(&want.pot);
        sql.execute(
            "INSERT INTO pots (budget, subject, start_us, end_us, granted, used)
             VALUES (?1, ?2, ?3, ?4, 0, 0) ON CONFLICT DO NOTHING",
            &[key[0].clone(), key[1].clone(), key[2].clone(), want.end.as_microsecond().into()],
        )?;
        let found = sql.first(
            "SELECT pots.granted, pots.used - coalesce(slices.used, 0) FROM pots
             LEFT JOIN slices ON slices.budget = pots.budget AND slices.subject = pots.subject
               AND slices.start_us = pots.start_us AND slices.node = ?4
             WHERE pots.budget = ?1 AND pots.subject = ?2 AND pots.start_us = ?3",
            &[key[0].clone(), key[1].clone(), key[2].clone(), self.node.into()],
            |row| Ok::<_, SqlError>((nanos(row.get(0)?), nanos(row.get(1)?))),
        )?;
        let (granted, others) = found.unwrap_or_default();
        let left = want.limit.less(granted + earlier_parts(sql, want)?);
        // A share of what is left, so that the last of a budget does not lie idle with one node.
        let share = left.nanos().div_euclid(i128::from(nodes.max(1)).saturating_mul(4));
        let more = want.need.max(NanoUsd::new(share)).min(left);
        let more = if more < want.need { NanoUsd::ZERO } else { more };
        if more.is_positive() {
            let more = super::columns::nanos(more);
            sql.execute(
                "UPDATE pots SET granted = granted + ?4
                 WHERE budget = ?1 AND subject = ?2 AND start_us = ?3",
                &[key[0].clone(), key[1].clone(), key[2].clone(), more.into()],
            )?;
            sql.execute(
                "INSERT INTO slices (budget, subject, start_us, node, granted, used)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0)
                 ON CONFLICT (node, budget, subject, start_us)
                 DO UPDATE SET granted = slices.granted + excluded.granted",
                &[key[0].clone(), key[1].clone(), key[2].clone(), self.node.into(), more.into()],
            )?;
        }
        Ok(Grant { pot: want.pot.clone(), more, others })
    }

    /// Renews the lease, says what this node uses and keeps of its pots, and learns what others use.
    pub fn report(&self, reports: &[Report]) -> Result<Round, LedgerError> {
        self.with(|sql| {
            let round = sql.transaction(|| {
                lock(sql)?;
                if !Nodes::renew(sql, self.node, self.lease)? {
                    return Err(LedgerError::Lapsed);
                }
                let mut others = Vec::with_capacity(reports.len());
                for report in reports {
                    others.push((report.pot.clone(), self.report_one(sql, report)?));
                }
                let nodes = Nodes::count(sql)?;
                Ok(Round { others, nodes, lapsed: Vec::new() })
            })?;
            Ok(Round { lapsed: Nodes::lapsed(sql)?, ..round })
        })
    }

    fn report_one(&self, sql: &Sql, report: &Report) -> Result<NanoUsd, LedgerError> {
        let key = key(&report.pot);
        let [budget, subject, start] = &key;
        let (granted, used) = (
            super::columns::nanos(report.granted.max(report.used)),
            super::columns::nanos(report.used),
        );
        begin(sql, (&key, self.node), report.end)?;
        set_slice(sql, (&key, self.node), granted, used)?;
        let others: i64 = sql.value(
            "SELECT used - ?4 FROM pots WHERE budget = ?1 AND subject = ?2 AND start_us = ?3",
            &[budget.clone(), subject.clone(), start.clone(), used.into()],
        )?;
        Ok(nanos(others))
    }

    /// Uses the connection, a new one if the last was lost.
    fn with<T>(&self, act: impl FnOnce(&Sql) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let mut held = self.locked();
        let sql = match held.take() {
            Some(sql) => sql,
            None => schema::open_writer(&self.place, Durability::Strict, crate::clock::now())?,
        };
        let done = act(&sql);
        let is_lost = match &done {
            Err(LedgerError::Sql(error)) => error.reach() == Reach::Connection,
            Ok(_) | Err(_) => false,
        };
        if !is_lost {
            *held = Some(sql);
        }
        done
    }

    fn locked(&self) -> MutexGuard<'_, Option<Sql>> {
        self.sql.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all nodes have of the other parts of a rolling window.
fn earlier_parts(sql: &Sql, want: &Want) -> Result<NanoUsd, SqlError> {
    let Some(since) = want.since else { return Ok(NanoUsd::ZERO) };
    let key = key(&want.pot);
    let granted: i64 = sql.value(
        "SELECT CAST(coalesce(sum(granted), 0) AS BIGINT) FROM pots
         WHERE budget = ?1 AND subject = ?2 AND start_us <> ?3 AND end_us > ?4",
        &[key[0].clone(), key[1].clone(), key[2].clone(), since.as_microsecond().into()],
    )?;
    Ok(nanos(granted))
}

fn lock(sql: &Sql) -> Result<(), SqlError> {
    sql.value::<Option<String>>("SELECT CAST(pg_advisory_xact_lock(?1) AS TEXT)", &[POTS.into()])
        .map(|_| ())
}

fn key(pot: &PotKey) -> [Value<'_>; 3] {
    [(&pot.budget).into(), (&pot.subject).into(), pot.start.as_microsecond().into()]
}

fn nanos(nanos: i64) -> NanoUsd {
    NanoUsd::new(i128::from(nanos))
}

/// Makes a pot and a node's slice of it, where they are not there yet.
fn begin(
    sql: &Sql,
    ([budget, subject, start], node): (&[Value<'_>; 3], i64),
    end: Timestamp,
) -> Result<(), SqlError> {
    sql.execute(
        "INSERT INTO pots (budget, subject, start_us, end_us, granted, used)
         VALUES (?1, ?2, ?3, ?4, 0, 0) ON CONFLICT DO NOTHING",
        &[budget.clone(), subject.clone(), start.clone(), end.as_microsecond().into()],
    )?;
    sql.execute(
        "INSERT INTO slices (budget, subject, start_us, node, granted, used)
         VALUES (?1, ?2, ?3, ?4, 0, 0) ON CONFLICT DO NOTHING",
        &[budget.clone(), subject.clone(), start.clone(), node.into()],
    )?;
    Ok(())
}

/// Says what a node has been given and uses; the pot's sums follow.
fn set_slice(
    sql: &Sql,
    ([budget, subject, start], node): (&[Value<'_>; 3], i64),
    granted: i64,
    used: i64,
) -> Result<(), SqlError> {
    let values =
        [budget.clone(), subject.clone(), start.clone(), node.into(), granted.into(), used.into()];
    sql.execute(
        "UPDATE pots SET granted = pots.granted + ?5 - slices.granted,
           used = pots.used + ?6 - slices.used
         FROM slices WHERE slices.node = ?4 AND slices.budget = ?1 AND slices.subject = ?2
           AND slices.start_us = ?3
           AND pots.budget = ?1 AND pots.subject = ?2 AND pots.start_us = ?3",
        &values,
    )?;
    sql.execute(
        "UPDATE slices SET granted = ?5, used = ?6
         WHERE budget = ?1 AND subject = ?2 AND start_us = ?3 AND node = ?4",
        &values,
    )?;
    Ok(())
}

fn register(sql: &Sql, spec: &BudgetSpec, now: Timestamp) -> Result<(), LedgerError> {
    let identity = spec.identity();
    let since = now.as_microsecond();
    let insert = "INSERT INTO budgets (budget, since_us) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    if sql.execute(insert, &[(&identity).into(), since.into()])? == 0 {
        return Ok(());
    }
    for sum in read::recovered(sql, spec, now, None)? {
        let spent = super::columns::nanos(sum.spent);
        sql.execute(
            "INSERT INTO pots (budget, subject, start_us, end_us, granted, used)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO NOTHING",
            &[
                (&identity).into(),
                (&sum.subject).into(),
                sum.span.start.as_microsecond().into(),
                sum.span.end.as_microsecond().into(),
                spent.into(),
            ],
        )?;
    }
    Ok(())
}

/// Since when a budget is counted; `None` for one that never was.
fn known_since(sql: &Sql, spec: &BudgetSpec) -> Result<Option<Timestamp>, SqlError> {
    let query = "SELECT since_us FROM budgets WHERE budget = ?1";
    let since = sql.first(query, &[(&spec.identity()).into()], |row| row.get::<i64>(0))?;
    Ok(since.and_then(|since| Timestamp::from_microsecond(since).ok()))
}

/// Counts what a node that is no more has spent without having counted it.
fn settle(sql: &Sql, (spec, node): (&BudgetSpec, i64), sum: &Recovered) -> Result<(), SqlError> {
    let identity = spec.identity();
    let key: [Value<'_>; 3] =
        [(&identity).into(), (&sum.subject).into(), sum.span.start.as_microsecond().into()];
    let [budget, subject, start] = &key;
    let query = "SELECT used FROM slices WHERE budget = ?1 AND subject = ?2 AND start_us = ?3 AND node = ?4";
    let values = [budget.clone(), subject.clone(), start.clone(), node.into()];
    let counted = sql.first(query, &values, |row| row.get::<i64>(0))?;
    let spent = super::columns::nanos(sum.spent);
    if counted.unwrap_or_default() >= spent {
        return Ok(());
    }
    begin(sql, (&key, node), sum.span.end)?;
    set_slice(sql, (&key, node), spent, spent)
}

/// Reduces what a dead node was given to what it spent, by the ledger.
pub(super) fn shrink(sql: &Sql, dead: i64, specs: &[BudgetSpec]) -> Result<(), LedgerError> {
    lock(sql)?;
    let query = "SELECT budget, subject, start_us FROM slices WHERE node = ?1";
    let slices = sql.all(query, &[dead.into()], |row| {
        Ok::<_, SqlError>((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<i64>(2)?))
    })?;
    for (budget, subject, start) in slices {
        // What a policy that we do not have counts stays given, which is the careful answer.
        let Some(spec) = specs.iter().find(|spec| spec.identity() == budget) else { continue };
        let Ok(at) = Timestamp::from_microsecond(start) else { continue };
        let spent = read::recovered(sql, spec, at, Some(dead))?;
        let is_it = |sum: &Recovered| sum.subject == subject && sum.span.start == at;
        let spent = spent.into_iter().find(is_it);
        let spent = super::columns::nanos(spent.map_or(NanoUsd::ZERO, |sum| sum.spent));
        let key = [budget.into(), subject.into(), start.into()];
        set_slice(sql, (&key, dead), spent, spent)?;
    }
    Ok(())
}

/// Gives back what a node that ends in good order does not use.
pub(super) fn give_back(sql: &Sql, node: i64) -> Result<(), LedgerError> {
    if node == ONLY_NODE {
        return Ok(());
    }
    lock(sql)?;
    sql.execute(
        "UPDATE pots SET granted = pots.granted - (slices.granted - slices.used) FROM slices
         WHERE slices.node = ?1 AND slices.budget = pots.budget
           AND slices.subject = pots.subject AND slices.start_us = pots.start_us",
        &[node.into()],
    )?;
    sql.execute("UPDATE slices SET granted = used WHERE node = ?1", &[node.into()])?;
    Ok(())
}
