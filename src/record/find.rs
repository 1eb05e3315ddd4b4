//! Looking for rows: the latest that are like this.

use jiff::Timestamp;

use super::error::LedgerError;
use super::read::{Reader, WHOLE, read};
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
        let query = format!(
            "{WHOLE}
             WHERE (?1 = '' OR coalesce(answered_target, target, 'none') = ?1)
               AND (?2 = '' OR sensitivity = ?2)
               AND (?3 = '' OR team = ?3)
               AND (?4 = '' OR coalesce(outcome, state) = ?4)
               AND substr(id, 1, length(?5)) = ?5
               AND at_us < ?6
             ORDER BY seq DESC LIMIT ?7"
        );
        let before = wanted.before.unwrap_or(Timestamp::MAX).as_microsecond();
        let values = [
            (&wanted.target).into(),
            (&wanted.sensitivity).into(),
            (&wanted.team).into(),
            (&wanted.outcome).into(),
            (&wanted.id).into(),
            before.into(),
            i64::from(limit).into(),
        ];
        self.sql().all(&query, &values, read)
    }
}
