//! Who shares a ledger: nodes with leases, and what becomes of one that is not heard of any more.
//!
//! A node is one run of a gateway. It says every moment that it lives; when its lease has run out, any
//! other node may take over: in one transaction the dead node is marked as ended, what it had not settled
//! is booked at the reserved amount, and what it had been given of budgets shrinks to what it spent. From
//! then on it can write nothing: every commit of a node holds its own mark, so that the two cannot pass
//! each other. Time is the server's, of which there is one.

use std::time::Duration;

use super::error::LedgerError;
use super::evidence::{Chain, ONLY_NODE};
use super::place::StoreSettings;
use super::slices;
use super::sql::{Sql, SqlError};
use super::store::Recovery;
use crate::budget::BudgetSpec;
use crate::money::NanoUsd;

/// The server's time in microseconds.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// The nodes of a ledger.
#[derive(Debug)]
pub(super) struct Nodes;

impl Nodes {
    /// Becomes a node. A file has one, which needs no lease.
    pub(super) fn join(sql: &Sql, place: &StoreSettings, name: &str) -> Result<i64, LedgerError> {
        let StoreSettings::Postgres(settings) = place else { return Ok(ONLY_NODE) };
        let insert = format!(
            "INSERT INTO nodes (name, started_us, lease_until_us)
             VALUES (?1, {NOW}, {NOW} + ?2) RETURNING node"
        );
        Ok(sql.value(&insert, &[name.into(), micros(settings.lease).into()])?)
    }

    /// Ends a node in good order, unless requests of it have not ended: those are for whoever takes over.
    pub(super) fn leave(sql: &Sql, node: i64) -> Result<(), LedgerError> {
        if node == ONLY_NODE {
            return Ok(());
        }
        sql.transaction(|| {
            slices::give_back(sql, node)?;
            sql.execute(
                &format!(
                    "UPDATE nodes SET ended_us = {NOW} WHERE node = ?1 AND ended_us IS NULL
                     AND NOT EXISTS (SELECT 1 FROM ledger WHERE node = ?1 AND state = 'held')"
                ),
                &[node.into()],
            )?;
            Ok(())
        })
    }

    /// Whether this node may still write. Until the transaction ends nobody can take it over.
    pub(super) fn is_alive(sql: &Sql, node: i64) -> Result<bool, SqlError> {
        if node == ONLY_NODE {
            return Ok(true);
        }
        let query = "SELECT node FROM nodes WHERE node = ?1 AND ended_us IS NULL FOR SHARE";
        Ok(sql.first(query, &[node.into()], |row| row.get::<i64>(0))?.is_some())
    }

    /// The nodes that have not ended, those whose lease has run out, too.
    pub(super) fn there(sql: &Sql) -> Result<Vec<i64>, SqlError> {
        sql.all("SELECT node FROM nodes WHERE ended_us IS NULL", &[], |row| row.get(0))
    }

    /// Renews the lease; `false` if others have taken over.
    pub(super) fn renew(sql: &Sql, node: i64, lease: Duration) -> Result<bool, SqlError> {
        let update = format!(
            "UPDATE nodes SET lease_until_us = {NOW} + ?2 WHERE node = ?1 AND ended_us IS NULL"
        );
        Ok(sql.execute(&update, &[node.into(), micros(lease).into()])? > 0)
    }

    /// Gateways whose lease is good.
    pub(super) fn count(sql: &Sql) -> Result<u32, SqlError> {
        let query = format!(
            "SELECT count(*) FROM nodes WHERE ended_us IS NULL AND lease_until_us >= {NOW}
             AND name <> 'upkeep'"
        );
        sql.value(&query, &[])
    }

    /// Nodes whose lease has run out.
    pub(super) fn lapsed(sql: &Sql) -> Result<Vec<i64>, SqlError> {
        let query = format!(
            "SELECT node FROM nodes WHERE ended_us IS NULL AND lease_until_us < {NOW} ORDER BY node"
        );
        sql.all(&query, &[], |row| row.get(0))
    }

    /// Takes over from a dead node, in the transaction that is running. `None` if it lives after all or
    /// somebody else was faster.
    pub(super) fn take_over(
        sql: &Sql,
        chain: &mut Chain,
        dead: i64,
        specs: &[BudgetSpec],
    ) -> Result<Option<Recovery>, LedgerError> {
        let end = format!(
            "UPDATE nodes SET ended_us = {NOW}
             WHERE node = ?1 AND ended_us IS NULL AND lease_until_us < {NOW}"
        );
        if sql.execute(&end, &[dead.into()])? == 0 {
            return Ok(None);
        }
        let recovery = expire(sql, chain, Some(dead))?;
        slices::shrink(sql, dead, specs)?;
        Ok(Some(recovery))
    }
}

/// Charges the requests that a dead process left behind at what they had reserved.
pub(super) fn expire(
    sql: &Sql,
    chain: &mut Chain,
    node: Option<i64>,
) -> Result<Recovery, LedgerError> {
    let (whose, values) = match node {
        Some(node) => ("state = 'held' AND node = ?1", vec![node.into()]),
        None => ("state = 'held'", Vec::new()),
    };
    let query = format!(
        "SELECT seq, reserved_nanos + coalesce(raised_nanos, 0) FROM ledger WHERE {whose} ORDER BY seq"
    );
    let held = sql
        .all(&query, &values, |row| Ok::<_, SqlError>((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    let expire = format!(
        "UPDATE ledger SET state = 'expired', outcome = 'process_died',
           cost_nanos = reserved_nanos + coalesce(raised_nanos, 0),
           imputed_nanos = reserved_imputed_nanos
         WHERE {whose}"
    );
    sql.execute(&expire, &values)?;
    let mut recovery = Recovery::default();
    for (seq, nanos) in held {
        chain.row_ended_as_stored(sql, seq)?;
        recovery.expired = recovery.expired.saturating_add(1);
        recovery.charged += NanoUsd::new(i128::from(nanos));
    }
    Ok(recovery)
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
