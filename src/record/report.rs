//! What the ledger adds up to: sums by team, route, model …, for reports.
//!
//! Sums are made by the database over whole numbers of nano-USD, so that a report, the budgets and
//! the metrics agree to the last unit.

use jiff::Timestamp;

use super::error::LedgerError;
use super::read::{Reader, bounds};
use super::sql::{Fineness, Row, Sql, SqlError};
use crate::money::NanoUsd;

/// What rows can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dimension {
    /// The caller's team.
    Team,
    /// The caller.
    Caller,
    /// The route that won.
    Route,
    /// The target that answered, or was to.
    Target,
    /// Its zone.
    Zone,
    /// The model that answered, or was to.
    Model,
    /// The task type.
    Task,
    /// The level that the policy saw.
    Sensitivity,
    /// The API surface.
    Surface,
    /// How requests ended; the state of those that have not, and of refusals.
    Outcome,
    /// The hour, in UTC.
    Hour,
    /// The day, in UTC.
    Day,
    /// The month, in UTC.
    Month,
}

impl Dimension {
    /// The word for it, as heads of columns and JSON keys have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Caller => "caller",
            Self::Route => "route",
            Self::Target => "target",
            Self::Zone => "zone",
            Self::Model => "model",
            Self::Task => "task",
            Self::Sensitivity => "sensitivity",
            Self::Surface => "surface",
            Self::Outcome => "outcome",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    fn expression(self, sql: &Sql) -> String {
        let column = match self {
            Self::Hour => return sql.date("at_us", Fineness::Hours),
            Self::Day => return sql.date("at_us", Fineness::Days),
            Self::Month => return sql.date("at_us", Fineness::Months),
            Self::Team => "team",
            Self::Caller => "caller",
            Self::Route => "coalesce(answered_route, route, 'none')",
            Self::Target => "coalesce(answered_target, target, 'none')",
            Self::Zone => "coalesce(answered_zone, zone, 'none')",
            Self::Model => "coalesce(answered_model, model, 'none')",
            Self::Task => "coalesce(task, 'unknown')",
            Self::Sensitivity => "sensitivity",
            Self::Surface => "surface",
            Self::Outcome => "coalesce(outcome, state)",
        };
        column.to_owned()
    }
}

/// A stretch of time: from, included, to, excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub since: Timestamp,
    /// The first instant after.
    pub until: Timestamp,
}

/// What a group of requests did and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// All requests, refused ones included.
    pub requests: u64,
    /// Those that the policy refused.
    pub refused: u64,
    /// Prompt tokens of all kinds.
    pub input_tokens: u64,
    /// Answer tokens, reasoning included.
    pub output_tokens: u64,
    /// What upstreams bill.
    pub billed: NanoUsd,
    /// The part of it whose usage nobody reported: counted or estimated here, or booked as reserved.
    pub unreported: NanoUsd,
    /// What our own machines cost.
    pub imputed: NanoUsd,
    /// What local answers would have cost at the reference target.
    pub avoided: NanoUsd,
    /// What is set aside for requests that still run.
    pub reserved: NanoUsd,
}

impl Costs {
    /// The sum of two groups.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            refused: self.refused.saturating_add(other.refused),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            billed: self.billed + other.billed,
            unreported: self.unreported + other.unreported,
            imputed: self.imputed + other.imputed,
            avoided: self.avoided + other.avoided,
            reserved: self.reserved + other.reserved,
        }
    }
}

/// One group: the value of every dimension asked for, in that order, and its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostGroup {
    /// The values.
    pub names: Vec<String>,
    /// The sums.
    pub costs: Costs,
}

/// The two ways in which requests were answered, for comparisons between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Answered by the local engine.
    pub local: Costs,
    /// Answered by an upstream.
    pub remote: Costs,
}

const SUMS: &str = "count(*),
  coalesce(sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END), 0),
  CAST(coalesce(sum(coalesce(input_uncached, 0) + coalesce(cache_read, 0)
    + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0) + coalesce(input_extra, 0)), 0) AS BIGINT),
  CAST(coalesce(sum(coalesce(output, 0) + coalesce(reasoning, 0) + coalesce(output_extra, 0)), 0) AS BIGINT),
  CAST(coalesce(sum(cost_nanos), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN usage_source = 'reported' THEN 0 ELSE cost_nanos END), 0) AS BIGINT),
  CAST(coalesce(sum(imputed_nanos), 0) AS BIGINT),
  CAST(coalesce(sum(avoided_nanos), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN state = 'held' THEN reserved_nanos + coalesce(raised_nanos, 0)
    ELSE 0 END), 0) AS BIGINT)";

impl Reader {
    /// The sums of a period by these dimensions, the dearest group first.
    pub fn costs(&self, by: &[Dimension], period: Period) -> Result<Vec<CostGroup>, LedgerError> {
        let mut groups = String::new();
        for dimension in by {
            groups.push_str(&dimension.expression(self.sql()));
            groups.push_str(", ");
        }
        let places: Vec<String> = (1..=by.len()).map(|place| place.to_string()).collect();
        let places = places.join(", ");
        let grouping = if by.is_empty() {
            String::new()
        } else {
            format!("GROUP BY {places} ORDER BY sum(cost_nanos) DESC, {places}")
        };
        let query = format!(
            "SELECT {groups}{SUMS} FROM ledger WHERE at_us >= ?1 AND at_us < ?2 {grouping}"
        );
        self.sql().all(&query, &bounds(period), |row| {
            let names =
                (0..by.len()).map(|place| row.get(place)).collect::<Result<_, SqlError>>()?;
            Ok(CostGroup { names, costs: costs(row, by.len())? })
        })
    }

    /// The answered work of a period, by who did it. Rows that name weights, or machine time, are
    /// local.
    pub fn work(&self, period: Period) -> Result<Work, LedgerError> {
        let query = format!(
            "SELECT imputed_nanos > 0 OR answered_sha256 IS NOT NULL, {SUMS}
             FROM ledger WHERE at_us >= ?1 AND at_us < ?2 AND state = 'settled'
             AND usage_source IS NOT NULL GROUP BY 1"
        );
        let mut work = Work::default();
        self.sql().each(&query, &bounds(period), |row| {
            let sums = costs(row, 1)?;
            if row.get::<bool>(0)? {
                work.local = sums;
            } else {
                work.remote = sums;
            }
            Ok::<_, LedgerError>(())
        })?;
        Ok(work)
    }
}

fn costs(row: &Row<'_>, from: usize) -> Result<Costs, LedgerError> {
    let number = |place: usize| row.get::<i64>(from + place);
    let count = |place: usize| number(place).map(|count| u64::try_from(count).unwrap_or(0));
    let nanos = |place: usize| number(place).map(|nanos| NanoUsd::new(i128::from(nanos)));
    Ok(Costs {
        requests: count(0)?,
        refused: count(1)?,
        input_tokens: count(2)?,
        output_tokens: count(3)?,
        billed: nanos(4)?,
        unreported: nanos(5)?,
        imputed: nanos(6)?,
        avoided: nanos(7)?,
        reserved: nanos(8)?,
    })
}
