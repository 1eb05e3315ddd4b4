//! Reading the ledger: single rows, the latest rows, sums, and what the budgets had spent at a restart.
//!
//! Everything here blocks on the file and belongs on a thread that may.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::LedgerError;
use super::evidence::SignedHead;
use super::report::Period;
use super::row::{
    Chosen, DecidedRow, Ending, LedgerRow, SentTo, SettledRow, State, Sums, Verified, Weights,
};
use super::schema;
use crate::budget::{BudgetSpec, Imputed, Recovered, Subject};
use crate::chat::{Usage, UsageSource};
use crate::money::{NanoUsd, Tokens};

/// A read-only connection to a ledger, of this process or another.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens an existing ledger.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Ok(Self { connection: schema::open_reader(path)? })
    }

    /// The connection, for queries of this module's siblings.
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads the whole file for damage; an error says what was found first.
    pub fn check(&self) -> Result<(), LedgerError> {
        let found: String =
            self.connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if found == "ok" { Ok(()) } else { Err(LedgerError::Damaged { seq: 0, what: found }) }
    }

    /// The row of this decision.
    pub fn row(&self, id: &str) -> Result<Option<LedgerRow>, LedgerError> {
        self.connection
            .prepare_cached("SELECT * FROM ledger WHERE id = ?1")?
            .query_row([id], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// The latest rows, newest first.
    pub fn rows(&self, limit: u32) -> Result<Vec<LedgerRow>, LedgerError> {
        let mut query =
            self.connection.prepare_cached("SELECT * FROM ledger ORDER BY seq DESC LIMIT ?1")?;
        let mut found = query.query([limit])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(read(row)?);
        }
        Ok(rows)
    }

    /// Hands over every decision since a moment, in the order of the ledger, without keeping them.
    pub fn past(
        &self,
        since: Timestamp,
        mut each: impl FnMut(PastRow<'_>),
    ) -> Result<(), LedgerError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, at_us, team, route, target, zone, facts_json, answered_target,
               cost_nanos, latency_us, usage_source, input_uncached, cache_read, cache_write,
               cache_write_1h, output, reasoning, seq
             FROM ledger WHERE at_us >= ?1 ORDER BY seq",
        )?;
        let mut found = query.query([since.as_microsecond()])?;
        while let Some(row) = found.next()? {
            let at = Timestamp::from_microsecond(row.get(1)?).unwrap_or(Timestamp::UNIX_EPOCH);
            each(PastRow {
                id: text(row, 0)?.unwrap_or_default(),
                at,
                team: text(row, 2)?.unwrap_or_default(),
                route: text(row, 3)?,
                target: text(row, 4)?,
                zone: text(row, 5)?,
                facts_json: text(row, 6)?.unwrap_or_default(),
                answered_by: text(row, 7)?.or(text(row, 4)?),
                cost: nanos(row, 8)?,
                latency_ms: row.get::<_, Option<i64>>(9)?.map(millis),
                usage: usage(row)?,
            });
        }
        Ok(())
    }

    /// Hands over every row of a period, in the order of the ledger, without keeping them.
    pub fn each(&self, period: Period, mut each: impl FnMut(LedgerRow)) -> Result<(), LedgerError> {
        let mut query = self.connection.prepare_cached(OF_PERIOD)?;
        let mut found = query.query(bounds(period))?;
        while let Some(row) = found.next()? {
            each(read(row)?);
        }
        Ok(())
    }

    /// The same as names and values of the columns.
    pub fn columns<E: From<LedgerError>>(
        &self,
        period: Period,
        mut each: impl FnMut(Vec<(String, serde_json::Value)>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(LedgerError::Sql(error));
        let mut query = self.connection.prepare_cached(OF_PERIOD).map_err(failed)?;
        let names: Vec<String> = query.column_names().map(str::to_owned).collect();
        let mut found = query.query(bounds(period)).map_err(failed)?;
        while let Some(row) = found.next().map_err(failed)? {
            let mut columns = Vec::with_capacity(names.len());
            for (place, name) in names.iter().enumerate() {
                let value = match row.get_ref(place).map_err(failed)? {
                    ValueRef::Null | ValueRef::Blob(_) => serde_json::Value::Null,
                    ValueRef::Integer(value) => value.into(),
                    ValueRef::Real(value) => value.into(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
                };
                columns.push((name.clone(), value));
            }
            each(columns)?;
        }
        Ok(())
    }

    /// The signed end of the chain.
    pub fn head(&self) -> Result<Option<SignedHead>, LedgerError> {
        Ok(SignedHead::last(&self.connection)?)
    }

    /// Sums over all rows.
    pub fn sums(&self) -> Result<Sums, LedgerError> {
        let mut query = self.connection.prepare_cached(
            "SELECT state, count(*), sum(cost_nanos), sum(avoided_nanos), sum(imputed_nanos),
               sum(reserved_nanos) FROM ledger GROUP BY state",
        )?;
        let mut found = query.query([])?;
        let mut sums = Sums::default();
        while let Some(row) = found.next()? {
            let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            sums.rows = sums.rows.saturating_add(count);
            sums.cost += nanos(row, 2)?;
            sums.avoided += nanos(row, 3)?;
            sums.imputed += nanos(row, 4)?;
            match State::from_name(&row.get::<_, String>(0)?) {
                Some(State::Held) => {
                    sums.held = count;
                    sums.reserved = nanos(row, 5)?;
                }
                Some(State::Settled) => sums.settled = count,
                Some(State::Released) => sums.released = count,
                Some(State::Refused) => sums.refused = count,
                Some(State::Expired) => sums.expired = count,
                None => {}
            }
        }
        Ok(sums)
    }

    /// What every budget had spent in its window at `now`. Rows still held count as reserved: at a
    /// start there are none, at a reload that is the careful answer.
    pub fn recovered(
        &self,
        specs: &[BudgetSpec],
        now: Timestamp,
    ) -> Result<Vec<Recovered>, LedgerError> {
        let mut recovered = Vec::new();
        for spec in specs {
            let span = spec.window.span(&spec.tz, now);
            let query = format!(
                "SELECT {subject}, sum(CASE state WHEN 'held' THEN {reserved} ELSE {cost} END)
                 FROM ledger WHERE at_us >= :start AND at_us < :end AND state <> 'refused'
                 GROUP BY 1 ORDER BY 1",
                subject = subject_column(spec.per),
                reserved = match spec.imputed {
                    Imputed::Excluded => "reserved_nanos",
                    Imputed::Included => "reserved_nanos + reserved_imputed_nanos",
                },
                cost = match spec.imputed {
                    Imputed::Excluded => "cost_nanos",
                    Imputed::Included => "cost_nanos + imputed_nanos",
                },
            );
            let mut query = self.connection.prepare_cached(&query)?;
            let mut found = query.query(named_params! {
                ":start": span.start.as_microsecond(),
                ":end": span.end.as_microsecond(),
            })?;
            while let Some(row) = found.next()? {
                recovered.push(Recovered {
                    budget: spec.name.clone(),
                    subject: row.get(0)?,
                    span,
                    spent: nanos(row, 1)?,
                });
            }
        }
        Ok(recovered)
    }
}

const OF_PERIOD: &str = "SELECT * FROM ledger WHERE at_us >= ?1 AND at_us < ?2 ORDER BY seq";

/// A period as the parameters `?1` and `?2`, the first after the last excluded.
pub(super) fn bounds(period: Period) -> (i64, i64) {
    (period.since.as_microsecond(), period.until.as_microsecond())
}

/// A decision of the past, borrowed while it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct PastRow<'r> {
    /// The decision id.
    pub id: &'r str,
    /// When.
    pub at: Timestamp,
    /// Who paid; empty without a team.
    pub team: &'r str,
    /// The route; `None` for a refusal.
    pub route: Option<&'r str>,
    /// The target that was chosen first; `None` for a refusal.
    pub target: Option<&'r str>,
    /// Its zone.
    pub zone: Option<&'r str>,
    /// The facts; empty when not kept.
    pub facts_json: &'r str,
    /// The target that answered in the end.
    pub answered_by: Option<&'r str>,
    /// What was billed.
    pub cost: NanoUsd,
    /// How long it took; `None` while it runs and for refusals.
    pub latency_ms: Option<f64>,
    /// What was used, where that is known.
    pub usage: Option<Usage>,
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<Option<&'r str>, rusqlite::Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    })
}

/// Microseconds as milliseconds, for people.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a display value")]
fn millis(micros: i64) -> f64 {
    micros as f64 / 1e3
}

/// The expression whose value names the pot, as `SubjectKeys` does when it is reserved.
fn subject_column(subject: Subject) -> &'static str {
    match subject {
        Subject::Everyone => "''",
        Subject::Team => "team",
        Subject::Key => "key",
        Subject::Caller => "caller",
        Subject::Target => "coalesce(target, '')",
        Subject::Route => "coalesce(route, '')",
        Subject::Model => "coalesce(model, '')",
    }
}

fn nanos(row: &Row<'_>, column: usize) -> Result<NanoUsd, rusqlite::Error> {
    Ok(NanoUsd::new(i128::from(row.get::<_, i64>(column)?)))
}

fn nanos_of(row: &Row<'_>, column: &str) -> Result<NanoUsd, rusqlite::Error> {
    Ok(NanoUsd::new(i128::from(row.get::<_, i64>(column)?)))
}

pub(super) fn read(row: &Row<'_>) -> Result<LedgerRow, LedgerError> {
    let seq = row.get("seq")?;
    let damaged = |what: &str| LedgerError::Damaged { seq, what: what.to_owned() };
    let state: String = row.get("state")?;
    let state = State::from_name(&state).ok_or_else(|| damaged("unknown state"))?;
    let at = Timestamp::from_microsecond(row.get("at_us")?);
    let decided = DecidedRow {
        id: row.get("id")?,
        at: at.map_err(|_| damaged("impossible time"))?,
        caller: row.get("caller")?,
        team: row.get("team")?,
        key: row.get("key")?,
        surface: row.get("surface")?,
        model_asked: row.get("model_asked")?,
        chosen: chosen(row, ["route", "target", "zone", "model"])?,
        sensitivity: row.get("sensitivity")?,
        task: row.get("task")?,
        policy_rev: row.get("policy_rev")?,
        price_digest: row.get("price_digest")?,
        refused: row.get("refused")?,
        reserved: nanos_of(row, "reserved_nanos")?,
        reserved_imputed: nanos_of(row, "reserved_imputed_nanos")?,
        trace_json: row.get("trace_json")?,
        facts_json: row.get("facts_json")?,
    };
    let ending = match state {
        State::Settled | State::Expired => Some(Ending::Settled),
        State::Released => Some(Ending::Released),
        State::Held | State::Refused => None,
    };
    let settled = ending.map(|ending| settled(row, &decided.id, ending)).transpose()?;
    Ok(LedgerRow { seq, decided, state, settled })
}

fn settled(row: &Row<'_>, id: &str, ending: Ending) -> Result<SettledRow, LedgerError> {
    let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or(0));
    let names = ["answered_route", "answered_target", "answered_zone", "answered_model"];
    Ok(SettledRow {
        id: id.to_owned(),
        ending,
        outcome: row.get::<_, Option<String>>("outcome")?.unwrap_or_default(),
        answered_by: chosen(row, names)?,
        weights: weights(row)?,
        sent_to: sent_to(row)?,
        cost: nanos_of(row, "cost_nanos")?,
        avoided: nanos_of(row, "avoided_nanos")?,
        imputed: nanos_of(row, "imputed_nanos")?,
        usage: usage(row)?,
        latency: micros(row.get::<_, Option<i64>>("latency_us")?.unwrap_or(0)),
        ttft: row.get::<_, Option<i64>>("ttft_us")?.map(micros),
        verified: verified(row)?,
    })
}

fn verified(row: &Row<'_>) -> Result<Option<Verified>, LedgerError> {
    let Some(verdict) = row.get("verify_verdict")? else { return Ok(None) };
    // A score that was no number is stored as nothing.
    let score = row.get::<_, Option<f64>>("verify_score")?.unwrap_or(0.0);
    Ok(Some(Verified { score, verdict }))
}

fn weights(row: &Row<'_>) -> Result<Option<Weights>, LedgerError> {
    let Some(licence) = row.get("answered_licence")? else { return Ok(None) };
    Ok(Some(Weights { licence, sha256: row.get("answered_sha256")? }))
}

fn sent_to(row: &Row<'_>) -> Result<Vec<SentTo>, LedgerError> {
    let Some(list) = row.get::<_, Option<String>>("sent_to")? else { return Ok(Vec::new()) };
    let damaged = |seq| LedgerError::Damaged { seq, what: "unreadable list of servers".to_owned() };
    serde_json::from_str(&list).or_else(|_| Err(damaged(row.get("seq")?)))
}

fn chosen(row: &Row<'_>, names: [&str; 4]) -> Result<Option<Chosen>, LedgerError> {
    let [route, target, zone, model] = names;
    let (Some(route), Some(target)) = (row.get(route)?, row.get(target)?) else {
        return Ok(None);
    };
    let zone = row.get::<_, Option<String>>(zone)?.unwrap_or_default();
    let model = row.get::<_, Option<String>>(model)?.unwrap_or_default();
    Ok(Some(Chosen { route, target, zone, model }))
}

fn usage(row: &Row<'_>) -> Result<Option<Usage>, LedgerError> {
    let Some(source) = row.get::<_, Option<String>>("usage_source")? else {
        return Ok(None);
    };
    let sources = [UsageSource::Reported, UsageSource::Counted, UsageSource::Estimated];
    let Some(source) = sources.into_iter().find(|known| known.name() == source) else {
        let what = "unknown usage source".to_owned();
        return Err(LedgerError::Damaged { seq: row.get("seq")?, what });
    };
    let tokens =
        |column: &str| row.get::<_, Option<u32>>(column).map(|count| Tokens(count.unwrap_or(0)));
    Ok(Some(Usage {
        input_uncached: tokens("input_uncached")?,
        cache_read: tokens("cache_read")?,
        cache_write: tokens("cache_write")?,
        cache_write_1h: tokens("cache_write_1h")?,
        output: tokens("output")?,
        reasoning: tokens("reasoning")?,
        // The row has its cost.
        billed: None,
        source,
    }))
}
