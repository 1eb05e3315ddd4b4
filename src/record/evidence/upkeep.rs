//! What the law asks of a ledger that must not change: to forget who somebody was, and to keep rows no
//! longer than needed. Both leave a link behind, so that the chain still accounts for every row.

use std::fs::File;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::chain::{Chain, Event};
use super::key::SigningKey;
use super::rows::Rows;
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
        let rows = "caller = ?1 AND caller <> '' AND state <> 'held'";
        let forget: Vec<String> =
            CALLER.iter().map(|(column, _)| format!("{column} = ''")).collect();
        self.change(Event::Erased, now, |sql| {
            let whose: [Value<'_>; 1] = [caller.into()];
            let numbers = numbers(sql, rows, &whose)?;
            let unsalt = format!(
                "UPDATE chain SET salt = NULL WHERE event = 'decided'
                 AND row IN (SELECT seq FROM ledger WHERE {rows})"
            );
            sql.execute(&unsalt, &whose)?;
            let texts =
                format!("DELETE FROM texts WHERE row IN (SELECT seq FROM ledger WHERE {rows})");
            sql.execute(&texts, &whose)?;
            sql.execute(&format!("UPDATE ledger SET {} WHERE {rows}", forget.join(", ")), &whose)?;
            Ok(numbers)
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
            let rows = "at_us < ?1 AND state <> 'held' AND seq < (SELECT max(seq) FROM ledger)";
            let before: [Value<'_>; 1] = [before.as_microsecond().into()];
            let numbers = numbers(sql, rows, &before)?;
            let texts =
                format!("DELETE FROM texts WHERE row IN (SELECT seq FROM ledger WHERE {rows})");
            sql.execute(&texts, &before)?;
            sql.execute(&format!("DELETE FROM ledger WHERE {rows}"), &before)?;
            Ok(numbers)
        })
    }

    fn change(
        &mut self,
        event: Event,
        now: Timestamp,
        act: impl FnOnce(&Sql) -> Result<Vec<i64>, SqlError>,
    ) -> Result<Removed, LedgerError> {
        let (sql, chain) = (&self.sql, &mut self.chain);
        let rows = sql.transaction(|| {
            let rows = Rows::of(&act(sql)?);
            for part in rows.parts() {
                let (rows, which) = (part.count(), Some(part.name()));
                let upkept = Upkept { rows, which, at: now.to_string() };
                chain.note(event, &json!(upkept).to_string());
            }
            chain.seal(sql, now)?;
            Ok::<_, LedgerError>(rows.count())
        })?;
        self.chain.committed();
        self.sql.fold()?;
        Ok(Removed { rows })
    }
}

/// The numbers of such rows, in their order.
fn numbers(sql: &Sql, rows: &str, values: &[Value<'_>]) -> Result<Vec<i64>, SqlError> {
    let query = format!("SELECT seq FROM ledger WHERE {rows} ORDER BY seq");
    sql.all(&query, values, |row| row.get(0))
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        // A node that nobody hears of is taken for dead, which is as good.
        let _gone = Nodes::leave(&self.sql, self.node);
    }
}

/// What a link about many rows says. Earlier versions did not say which; without that, one of them could be
/// put back and another one taken.
#[derive(Deserialize, Serialize)]
struct Upkept {
    rows: u64,
    #[serde(default)]
    which: Option<String>,
    at: String,
}

/// What all links of one kind say.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub rows: u64,
    /// Of those, the ones that are named.
    which: Rows,
}

impl Stated {
    /// Takes a link in; `None` if it does not say what was done.
    pub(super) fn add(&mut self, note: &str) -> Option<()> {
        let Upkept { rows, which, .. } = serde_json::from_str(note).ok()?;
        if let Some(which) = which {
            let which = Rows::parse(&which).filter(|which| which.count() == rows)?;
            self.which.add(which);
        }
        self.rows = self.rows.saturating_add(rows);
        Some(())
    }

    /// The first row that is named and not among these, which are in order.
    pub(super) fn first_back(&self, rows: &[i64]) -> Option<i64> {
        self.which.first_beyond(rows)
    }

    /// Whether it is about these rows, which are in order: all that are named, and as many others.
    pub(super) fn are(&self, rows: &[i64]) -> bool {
        let named = rows.iter().filter(|row| self.which.have(**row)).count();
        let is_all = u64::try_from(named).is_ok_and(|named| named == self.which.count());
        is_all && u64::try_from(rows.len()).is_ok_and(|all| all == self.rows)
    }
}
