//! What left our hosts, and what stayed: every decision of a period by where its request went, for
//! people who have to prove it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::error::LedgerError;
use super::evidence::{Known, Verified, verify_within};
use super::read::Reader;
use super::report::Period;
use super::row::{LedgerRow, State};
use super::trace;
use crate::policy::is_remote;

/// Where a request went, or did not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passage {
    /// A server outside may have seen it.
    Left {
        /// The server's zone.
        zone: String,
        /// The target.
        target: String,
    },
    /// The process died, or has not finished, before it could be written down whether it was sent.
    MayHaveLeft {
        /// The zone of the server that it was meant for.
        zone: String,
        /// The target.
        target: String,
    },
    /// It went no further than our own hosts.
    Stayed {
        /// The zone, ours; empty if nobody got it.
        zone: String,
        /// The target, ours; empty if nobody got it.
        target: String,
    },
    /// The policy refused it.
    Refused {
        /// The refusal's code.
        code: String,
    },
}

impl Passage {
    /// The word for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Left { .. } => "left",
            Self::MayHaveLeft { .. } => "may have left",
            Self::Stayed { .. } => "stayed",
            Self::Refused { .. } => "refused",
        }
    }

    /// Zone and target, or the code of a refusal.
    pub fn place(&self) -> (&str, &str) {
        match self {
            Self::Left { zone, target }
            | Self::MayHaveLeft { zone, target }
            | Self::Stayed { zone, target } => (zone, target),
            Self::Refused { code } => ("", code),
        }
    }

    /// All of a row. A request that was tried at two servers outside left twice.
    fn of(row: &LedgerRow) -> Vec<Self> {
        if let Some(code) = &row.decided.refused {
            return vec![Self::Refused { code: code.clone() }];
        }
        let chosen = row.decided.chosen.as_ref();
        if matches!(row.state, State::Held | State::Expired) {
            let place = chosen.map(|it| (it.zone.clone(), it.target.clone()));
            let (zone, target) = place.unwrap_or_default();
            return vec![if is_remote(&zone) {
                Self::MayHaveLeft { zone, target }
            } else {
                Self::Stayed { zone, target }
            }];
        }
        let settled = row.settled.as_ref();
        let sent_to = settled.map(|it| it.sent_to.as_slice()).unwrap_or_default();
        let outside = sent_to.iter().filter(|it| is_remote(&it.zone));
        let left: Vec<Self> = outside
            .map(|it| Self::Left { zone: it.zone.clone(), target: it.target.clone() })
            .collect();
        if !left.is_empty() {
            return left;
        }
        let answered = settled.and_then(|it| it.answered_by.as_ref());
        let ours = answered.filter(|it| !is_remote(&it.zone));
        let place = ours.map(|it| (it.zone.clone(), it.target.clone())).unwrap_or_default();
        vec![Self::Stayed { zone: place.0, target: place.1 }]
    }
}

/// What a group of requests has in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Where they went.
    pub passage: Passage,
    /// The level that the policy saw.
    pub sensitivity: String,
    /// The ids of the limits that applied; `None` where a caller was forgotten and the trace with it.
    pub limits: Option<Vec<String>>,
}

/// A group of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub requests: u64,
    /// When the first of them was decided.
    pub first: Timestamp,
    /// And the last.
    pub last: Timestamp,
}

/// What left and what stayed, with what proves the rows.
#[derive(Debug)]
pub struct Egress {
    /// The chain over all rows of the ledger, at the same moment.
    pub verified: Verified,
    /// Requests by kind, those that left first.
    pub groups: BTreeMap<Kind, Count>,
    /// All requests of the period. Those that left twice are in two groups.
    pub requests: u64,
}

/// Verifies the whole ledger and sums up a period of it; of one level only, where one is given.
pub fn egress(
    ledger: &Reader,
    period: Period,
    sensitivity: Option<&str>,
    known: &Known,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Egress, LedgerError> {
    ledger.at_one_moment(|sql| {
        let verified = verify_within(sql, known, progress)?;
        summed(ledger, period, sensitivity, verified)
    })
}

fn summed(
    ledger: &Reader,
    period: Period,
    sensitivity: Option<&str>,
    verified: Verified,
) -> Result<Egress, LedgerError> {
    let mut out = Egress { verified, groups: BTreeMap::new(), requests: 0 };
    ledger.each(period, |row| {
        if sensitivity.is_some_and(|level| level != row.decided.sensitivity) {
            return;
        }
        out.requests += 1;
        let limits = trace::read(&row.decided.trace_json)
            .map(|it| it.limits.into_iter().map(|limit| limit.id.into_owned()).collect());
        for passage in Passage::of(&row) {
            let sensitivity = row.decided.sensitivity.clone();
            let kind = Kind { passage, sensitivity, limits: Option::clone(&limits) };
            let at = row.decided.at;
            let count =
                out.groups.entry(kind).or_insert(Count { requests: 0, first: at, last: at });
            count.requests += 1;
            count.first = count.first.min(at);
            count.last = count.last.max(at);
        }
    })?;
    Ok(out)
}
