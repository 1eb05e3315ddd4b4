//! What the law asks of a ledger that must not change: to forget who somebody was, and to keep rows no
//! longer than needed. Both leave a link behind, so that the chain still accounts for every row.

use std::fs::File;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::chain::{Chain, Event};
use super::key::SigningKey;
use crate::record::columns::CALLER;
use crate::record::error::LedgerError;
use crate::record::nodes::Nodes;
use crate::record::place::{Durability, StoreSettings};
use crate::record::sql::{Sql, SqlError, Value};
use crate::record::{schema, store};

/// Younger rows are needed to know what budgets have spent: a month, and a day for time zones.
const KEEP_AT_LEAST: SignedDuration = SignedDuration::from_hours(33 * 24);

/// A ledger that is open for upkeep: a file whose gateway is not running, or a server beside those
/// that are.
#[derive(Debug)]
pub struct Upkeep {
    sql: Sql,
    chain: Chain,
    node: i64,
    _lock: Option<File>,
}

/// What was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// How many rows it concerned.
    pub rows: u64,
}

impl Upkeep {
    /// Opens the ledger; fails while a gateway writes the file.
    pub fn open(place: impl Into<StoreSettings>, now: Timestamp) -> Result<Self, LedgerError> {
        let place = place.into();
        let lock = place.file().map(store::lock).transpose()?;
        let sql = schema::open_writer(&place, Durability::Strict, now)?;
        if lock.is_some() {
            // What is taken out must not linger in free pages.
            sql.batch("PRAGMA secure_delete = on")?;
        }
        let node = Nodes::join(&sql, &place, "upkeep")?;
        let key = SigningKey::of_ledger(&place)?;
        let chain = Chain::open(&sql, (key, node), now)?;
        Ok(Self { sql, chain, node, _lock: lock })
    }

    /// Takes a caller's name out of all rows of ended requests, and with it the traces and facts that
    /// may name it. What was decided, sent and spent stays.
    pub fn erase(&mut self, caller: &str, now: Timestamp) -> Result<Removed, LedgerError> {
        let rows = "caller = ?1 AND state <> 'held'";
        let forget: Vec<String> =
            CALLER.iter().map(|(column, _)| format!("{column} = ''")).collect();
        self.change(Event::Erased, now, |sql| {
            let unsalt = format!(
                "UPDATE chain SET salt = NULL WHERE event = 'decided'
                 AND row IN (SELECT seq FROM ledger WHERE {rows})"
            );
            let whose: [Value<'_>; 1] = [caller.into()];
            sql.execute(&unsalt, &whose)?;
            let texts =
                format!("DELETE FROM texts WHERE row IN (SELECT seq FROM ledger WHERE {rows})");
            sql.execute(&texts, &whose)?;
            sql.execute(&format!("UPDATE ledger SET {} WHERE {rows}", forget.join(", ")), &whose)
        })
    }

    /// Removes rows of ended requests from before a moment, which must lie far enough back.
    pub fn prune(&mut self, before: Timestamp, now: Timestamp) -> Result<Removed, LedgerError> {
        if now.duration_since(before) < KEEP_AT_LEAST {
            let days = KEEP_AT_LEAST.as_hours() / 24;
            return Err(LedgerError::TooYoung { days });
        }
        self.change(Event::Pruned, now, |sql| {
            // The last row stays: the next one's number follows from it.
            let old = "at_us < ?1 AND state <> 'held' AND seq < (SELECT max(seq) FROM ledger)";
            let before = [before.as_microsecond().into()];
            let texts =
                format!("DELETE FROM texts WHERE row IN (SELECT seq FROM ledger WHERE {old})");
            sql.execute(&texts, &before)?;
            sql.execute(&format!("DELETE FROM ledger WHERE {old}"), &before)
        })
    }

    fn change(
        &mut self,
        event: Event,
        now: Timestamp,
        act: impl FnOnce(&Sql) -> Result<u64, SqlError>,
    ) -> Result<Removed, LedgerError> {
        let (sql, chain) = (&self.sql, &mut self.chain);
        let rows = sql.transaction(|| {
            let rows = act(sql)?;
            if rows > 0 {
                let note = json!({ "rows": rows, "at": now.to_string() }).to_string();
                chain.note(event, &note);
                chain.seal(sql, now)?;
            }
            Ok::<_, LedgerError>(rows)
        })?;
        self.chain.committed();
        self.sql.fold()?;
        Ok(Removed { rows })
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        // A node that nobody hears of is taken for dead, which is as good.
        let _gone = Nodes::leave(&self.sql, self.node);
    }
}
