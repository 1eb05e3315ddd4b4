//! What the law asks of a ledger that must not change: to forget who somebody was, and to keep rows no
//! longer than needed. Both leave a link behind, so that the chain still accounts for every row.

use std::fs::File;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::json;

use super::chain::{Chain, Event};
use super::content;
use super::key::SigningKey;
use crate::record::error::LedgerError;
use crate::record::{schema, store};

/// Younger rows are needed to know what budgets have spent: a month, and a day for time zones.
const KEEP_AT_LEAST: SignedDuration = SignedDuration::from_hours(33 * 24);

/// The ledger of a gateway that is not running, open for upkeep.
#[derive(Debug)]
pub struct Upkeep {
    connection: Connection,
    chain: Chain,
    _lock: File,
}

/// What was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// How many rows it concerned.
    pub rows: u64,
}

impl Upkeep {
    /// Opens the ledger; fails while a gateway writes it.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        let lock = store::lock(path)?;
        let connection = schema::open_writer(path, now)?;
        // What is taken out must not linger in free pages.
        connection.pragma_update(None, "secure_delete", true)?;
        let chain = Chain::open(&connection, SigningKey::of_ledger(path)?, now)?;
        Ok(Self { connection, chain, _lock: lock })
    }

    /// Takes a caller's name out of all rows of ended requests, and with it the traces and facts that
    /// may name it. What was decided, sent and spent stays.
    pub fn erase(&mut self, caller: &str, now: Timestamp) -> Result<Removed, LedgerError> {
        let rows = "caller = ?1 AND state <> 'held'";
        let forget: Vec<String> =
            content::CALLER.iter().map(|column| format!("{column} = ''")).collect();
        self.change(Event::Erased, now, |connection| {
            let unsalt = format!(
                "UPDATE chain SET salt = NULL WHERE event = 'decided'
                 AND row IN (SELECT seq FROM ledger WHERE {rows})"
            );
            connection.execute(&unsalt, [caller])?;
            let forget = format!("UPDATE ledger SET {} WHERE {rows}", forget.join(", "));
            connection.execute(&forget, [caller])
        })
    }

    /// Removes rows of ended requests from before a moment, which must lie far enough back.
    pub fn prune(&mut self, before: Timestamp, now: Timestamp) -> Result<Removed, LedgerError> {
        if now.duration_since(before) < KEEP_AT_LEAST {
            let days = KEEP_AT_LEAST.as_hours() / 24;
            return Err(LedgerError::TooYoung { days });
        }
        self.change(Event::Pruned, now, |connection| {
            // The last row stays: the next one's number follows from it.
            connection.execute(
                "DELETE FROM ledger WHERE at_us < ?1 AND state <> 'held'
                 AND seq < (SELECT max(seq) FROM ledger)",
                [before.as_microsecond()],
            )
        })
    }

    fn change(
        &mut self,
        event: Event,
        now: Timestamp,
        act: impl FnOnce(&Connection) -> rusqlite::Result<usize>,
    ) -> Result<Removed, LedgerError> {
        let change = self.connection.unchecked_transaction()?;
        let rows = u64::try_from(act(&self.connection)?).unwrap_or(u64::MAX);
        if rows > 0 {
            let note = json!({ "rows": rows, "at": now.to_string() }).to_string();
            self.chain.note(&self.connection, event, &note)?;
            self.chain.seal(&self.connection, now)?;
        }
        change.commit()?;
        self.chain.committed();
        // The log holds what was taken out until it is folded into the file.
        self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
        Ok(Removed { rows })
    }
}
