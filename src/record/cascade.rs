//! What became of the local answers that a route looked at, for choosing its threshold.

use super::error::LedgerError;
use super::read::{Reader, bounds};
use super::report::Period;
use super::row::Compared;
use crate::money::NanoUsd;

/// One local answer that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// The route that looked.
    pub route: String,
    /// What was asked for; empty if that is not known.
    pub task: String,
    /// The tenth percentile of its token probabilities.
    pub score: f64,
    /// What became of it.
    pub verdict: String,
    /// What the request was billed.
    pub cost: NanoUsd,
    /// What the local answer saved.
    pub avoided: NanoUsd,
    /// How it compares with another target's.
    pub compared: Option<Compared>,
}

impl Reader {
    /// The local answers of a period that were looked at, in the order of time.
    pub fn looked_at(&self, period: Period) -> Result<Vec<Looked>, LedgerError> {
        let query = "SELECT coalesce(route, ''), coalesce(verify_score, 0.0), verify_verdict,
               cost_nanos, avoided_nanos, coalesce(task, ''), compared_with,
               coalesce(compared_nanos, 0), agreement
             FROM ledger
             WHERE verify_verdict IS NOT NULL AND at_us >= ?1 AND at_us < ?2
             ORDER BY seq";
        let nanos = |nanos: i64| NanoUsd::new(i128::from(nanos));
        self.sql().all(query, &bounds(period), |row| {
            Ok(Looked {
                route: row.get(0)?,
                score: row.get(1)?,
                verdict: row.get(2)?,
                cost: nanos(row.get(3)?),
                avoided: nanos(row.get(4)?),
                task: row.get(5)?,
                compared: match row.get(6)? {
                    Some(with) => {
                        Some(Compared { with, cost: nanos(row.get(7)?), agreement: row.get(8)? })
                    }
                    None => None,
                },
            })
        })
    }
}
