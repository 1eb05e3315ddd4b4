//! Looking for rows: the latest that are like this.

use jiff::Timestamp;
use rusqlite::named_params;

use super::error::LedgerError;
use super::read::{Reader, read};
use super::row::LedgerRow;

/// What rows must be like. Empty parts ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The target that answered, or was to; `none` for refusals.
    pub target: String,
    /// The level that the policy saw.
    pub sensitivity: String,
    /// Who paid.
    pub team: String,
    /// How it ended, or the state of what has not ended.
    pub outcome: String,
    /// How the id begins.
    pub id: String,
    /// Only what was decided before.
    pub before: Option<Timestamp>,
}

impl Reader {
    /// The latest rows that are like this, newest first.
    pub fn find(&self, wanted: &Wanted, limit: u32) -> Result<Vec<LedgerRow>, LedgerError> {
        let mut query = self.connection().prepare_cached(
            "SELECT * FROM ledger
             WHERE (:target = '' OR coalesce(answered_target, target, 'none') = :target)
               AND (:sensitivity = '' OR sensitivity = :sensitivity)
               AND (:team = '' OR team = :team)
               AND (:outcome = '' OR coalesce(outcome, state) = :outcome)
               AND substr(id, 1, length(:id)) = :id
               AND at_us < :before
             ORDER BY seq DESC LIMIT :limit",
        )?;
        let before = wanted.before.unwrap_or(Timestamp::MAX).as_microsecond();
        let mut found = query.query(named_params! {
            ":target": wanted.target, ":sensitivity": wanted.sensitivity, ":team": wanted.team,
            ":outcome": wanted.outcome, ":id": wanted.id, ":before": before, ":limit": limit,
        })?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(read(row)?);
        }
        Ok(rows)
    }
}
