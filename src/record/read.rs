//! Reading the ledger: single rows, the latest rows, sums, and what the budgets had spent at a restart.
//!
//! Everything here blocks on the file and belongs on a thread that may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::error::LedgerError;
use super::evidence::SignedHead;
use super::place::StoreSettings;
use super::report::Period;
use super::row::{
    Chosen, Compared, DecidedRow, Ending, LedgerRow, SentTo, SettledRow, State, Sums, Verified,
    Weights,
};
use super::schema;
use super::sql::{Row, Sql, SqlError, Value};
use crate::budget::{BudgetSpec, Imputed, Recovered, Subject, SubjectKeys, Whom, own};
use crate::chat::usage::{Extra, Extras, Tier};
use crate::chat::{Usage, UsageSource};
use crate::money::{NanoUsd, Tokens};

/// The ledger with the texts of its rows. Rows of older versions have theirs in the ledger.
pub(super) const ROWS: &str = "ledger LEFT JOIN texts ON texts.row = ledger.seq";

/// Whole rows, for [`read`].
pub(super) const WHOLE: &str =
    "SELECT ledger.*, texts.trace_json AS trace, texts.facts_json AS facts
     FROM ledger LEFT JOIN texts ON texts.row = ledger.seq";

/// A read-only connection to a ledger, of this process or others.
#[derive(Debug)]
pub struct Reader {
    sql: Sql,
}

impl Reader {
    /// Opens an existing ledger.
    pub fn open(place: impl Into<StoreSettings>) -> Result<Self, LedgerError> {
        Ok(Self { sql: schema::open_reader(&place.into())? })
    }

    /// The connection, for queries of this module's siblings.
    pub(super) const fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Lets several queries see the ledger as it is at one moment.
    pub(super) fn at_one_moment<T>(
        &self,
        look: impl FnOnce(&Sql) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.sql.snapshot()?;
        let seen = look(&self.sql);
        self.sql.roll_back();
        seen
    }

    /// Reads the whole file for damage; an error says what was found first.
    pub fn check(&self) -> Result<(), LedgerError> {
        match self.sql.damage()? {
            None => Ok(()),
            Some(what) => Err(LedgerError::Damaged { seq: 0, what }),
        }
    }

    /// The row of this decision.
    pub fn row(&self, id: &str) -> Result<Option<LedgerRow>, LedgerError> {
        self.sql.first(&format!("{WHOLE} WHERE id = ?1"), &[id.into()], read)
    }

    /// The latest rows, newest first.
    pub fn rows(&self, limit: u32) -> Result<Vec<LedgerRow>, LedgerError> {
        let query = format!("{WHOLE} ORDER BY seq DESC LIMIT ?1");
        self.sql.all(&query, &[i64::from(limit).into()], read)
    }

    /// Hands over every decision since a moment, in the order of the ledger, without keeping them.
    pub fn past(
        &self,
        since: Timestamp,
        mut each: impl FnMut(PastRow<'_>),
    ) -> Result<(), LedgerError> {
        let query = format!(
            "SELECT id, at_us, team, route, target, zone,
               coalesce(texts.facts_json, ledger.facts_json), answered_target,
               cost_nanos, latency_us, usage_source, input_uncached, cache_read, cache_write,
               cache_write_1h, output, reasoning, usage_extras, service_tier, seq,
               coalesce(texts.trace_json, ledger.trace_json)
             FROM {ROWS} WHERE at_us >= ?1 ORDER BY seq"
        );
        self.sql.each(&query, &[since.as_microsecond().into()], |row| {
            let at = Timestamp::from_microsecond(row.get(1)?).unwrap_or(Timestamp::UNIX_EPOCH);
            each(PastRow {
                id: row.text(0)?.unwrap_or_default(),
                at,
                team: row.text(2)?.unwrap_or_default(),
                route: row.text(3)?,
                target: row.text(4)?,
                zone: row.text(5)?,
                facts_json: row.text(6)?.unwrap_or_default(),
                answered_by: row.text(7)?.or(row.text(4)?),
                cost: nanos(row, 8)?,
                latency_ms: row.get::<Option<i64>>(9)?.map(millis),
                usage: usage(row)?,
                trace_json: row.text(20)?.unwrap_or_default(),
            });
            Ok(())
        })
    }

    /// Hands over every row of a period, in the order of the ledger, without keeping them.
    pub fn each(&self, period: Period, mut each: impl FnMut(LedgerRow)) -> Result<(), LedgerError> {
        self.sql.each(&of_period(), &bounds(period), |row| {
            each(read(row)?);
            Ok(())
        })
    }

    /// The same as names and values of the columns.
    pub fn columns<E: From<LedgerError>>(
        &self,
        period: Period,
        mut each: impl FnMut(Vec<(String, serde_json::Value)>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failed = None;
        let done = self.sql.each(&of_period(), &bounds(period), |row| {
            let mut columns = Vec::new();
            let names = row.names();
            for (place, name) in names.iter().enumerate() {
                // What stands in the table of texts takes the place of the ledger's own.
                let place = match name.as_str() {
                    "trace" | "facts" => continue,
                    "trace_json" => text_place(row, &names, "trace", place)?,
                    "facts_json" => text_place(row, &names, "facts", place)?,
                    _ => place,
                };
                let value = match row.value(place)? {
                    Value::Integer(Some(value)) => value.into(),
                    Value::Real(Some(value)) => value.into(),
                    Value::Text(Some(text)) => text.into(),
                    Value::Integer(None)
                    | Value::Real(None)
                    | Value::Text(None)
                    | Value::Blob(_) => serde_json::Value::Null,
                };
                columns.push((name.clone(), value));
            }
            each(columns).map_err(|error| {
                failed = Some(error);
                LedgerError::Closed
            })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(done?),
        }
    }

    /// The signed ends of the chains, with the nodes that they are of.
    pub fn heads(&self) -> Result<Vec<(i64, SignedHead)>, LedgerError> {
        let nodes = "SELECT DISTINCT node FROM heads ORDER BY 1";
        let mut heads = Vec::new();
        for node in self.sql.all(nodes, &[], |row| row.get::<i64>(0))? {
            heads.extend(SignedHead::last(&self.sql, node)?.map(|head| (node, head)));
        }
        Ok(heads)
    }

    /// Sums over all rows.
    pub fn sums(&self) -> Result<Sums, LedgerError> {
        let query = "SELECT state, count(*), CAST(sum(cost_nanos) AS BIGINT),
               CAST(sum(avoided_nanos) AS BIGINT), CAST(sum(imputed_nanos) AS BIGINT),
               CAST(sum(reserved_nanos) AS BIGINT) FROM ledger GROUP BY state";
        let mut sums = Sums::default();
        self.sql.each(query, &[], |row| {
            let count = u64::try_from(row.get::<i64>(1)?).unwrap_or(0);
            sums.rows = sums.rows.saturating_add(count);
            sums.cost += nanos(row, 2)?;
            sums.avoided += nanos(row, 3)?;
            sums.imputed += nanos(row, 4)?;
            match State::from_name(&row.get::<String>(0)?) {
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
            Ok::<_, LedgerError>(())
        })?;
        Ok(sums)
    }

    /// What every budget had spent in its window at `now`. Rows still held count as reserved: at a
    /// start there are none, at a reload that is the careful answer.
    pub fn recovered(
        &self,
        specs: &[BudgetSpec],
        now: Timestamp,
    ) -> Result<Vec<Recovered>, LedgerError> {
        let mut all = Vec::new();
        for spec in specs {
            all.extend(recovered(&self.sql, spec, now, None)?);
        }
        Ok(all)
    }

    /// The same for budgets that keys have of their own, however many: those that differ in the key alone
    /// are read together.
    pub fn recovered_own(
        &self,
        specs: &[BudgetSpec],
        now: Timestamp,
    ) -> Result<Vec<Recovered>, LedgerError> {
        let mut kinds: Vec<BudgetSpec> = Vec::new();
        for spec in specs.iter().map(own::of_every_key) {
            if !kinds.contains(&spec) {
                kinds.push(spec);
            }
        }
        let mut all = Vec::new();
        for kind in &kinds {
            let of_kind = specs.iter().filter(|spec| own::of_every_key(spec) == *kind);
            let keys: BTreeSet<&str> = of_kind.filter_map(|spec| spec.whom.one_key()).collect();
            let sums = recovered(&self.sql, kind, now, None)?.into_iter();
            all.extend(sums.filter(|sum| keys.contains(&*sum.subject)));
        }
        Ok(all)
    }
}

/// What a budget had spent in its window at `now`, by its subjects; of one node only, where one is given.
pub(super) fn recovered(
    sql: &Sql,
    spec: &BudgetSpec,
    now: Timestamp,
    node: Option<i64>,
) -> Result<Vec<Recovered>, LedgerError> {
    let all = recovered_of(sql, spec, now, node.map_or(Whose::Everyones, Whose::Nodes))?;
    Ok(all.into_iter().map(|(_, sum)| sum).collect())
}

/// Whose requests are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// All together.
    Everyones,
    /// Those of one node.
    Nodes(i64),
    /// Those of every node apart, decided at this moment or later.
    EachNodesSince(Timestamp),
}

/// The same, with the node where each is apart.
pub(super) fn recovered_of(
    sql: &Sql,
    spec: &BudgetSpec,
    now: Timestamp,
    of: Whose,
) -> Result<Vec<(i64, Recovered)>, LedgerError> {
    let span = spec.window.span(&spec.tz, now);
    let since = spec.window.since(now).map(|since| spec.window.span(&spec.tz, since));
    // A rolling window is counted in parts, a calendar window in one piece.
    let part = spec
        .window
        .rolling()
        .map_or(i64::MAX, |rolling| i64::try_from(rolling.part.as_micros()).unwrap_or(i64::MAX));
    let query = format!(
        "SELECT {subject}, at_us / ?3,
           CAST(sum(CASE state WHEN 'held' THEN {reserved} ELSE {cost} END) AS BIGINT),
           {callers}, {node}
         FROM ledger WHERE at_us >= ?1 AND at_us < ?2 AND state <> 'refused' {whose}
         GROUP BY 7, 1, 2 {by_caller} ORDER BY 7, 1, 2 {by_caller}",
        node = if matches!(of, Whose::EachNodesSince(_)) { "node" } else { "0" },
        callers = if spec.whom == Whom::All { "'', '', ''" } else { "team, key, caller" },
        by_caller = if spec.whom == Whom::All { "" } else { ", 4, 5, 6" },
        subject = subject_column(spec.per),
        reserved = match spec.imputed {
            Imputed::Excluded => "reserved_nanos + coalesce(raised_nanos, 0)",
            Imputed::Included => {
                "reserved_nanos + coalesce(raised_nanos, 0) + reserved_imputed_nanos"
            }
        },
        cost = match spec.imputed {
            Imputed::Excluded => "cost_nanos",
            Imputed::Included => "cost_nanos + imputed_nanos",
        },
        whose = if matches!(of, Whose::Nodes(_)) { "AND node = ?4" } else { "" },
    );
    let mut start = since.map_or(span.start, |since| since.start);
    let mut node = None;
    match of {
        Whose::Everyones => {}
        Whose::Nodes(one) => node = Some(one),
        Whose::EachNodesSince(moment) => start = start.max(moment),
    }
    let mut values: Vec<Value<'_>> =
        vec![start.as_microsecond().into(), span.end.as_microsecond().into(), part.into()];
    values.extend(node.map(Value::from));
    let mut all: Vec<(i64, Recovered)> = Vec::new();
    sql.each(&query, &values, |row| {
        let (subject, part_number, spent) =
            (row.get::<String>(0)?, row.get::<i64>(1)?, nanos(row, 2)?);
        let (team, key, caller): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let keys =
            SubjectKeys { team: &team, key: &key, caller: &caller, ..SubjectKeys::default() };
        if !spec.whom.concerns(&keys) {
            return Ok(());
        }
        let span = if since.is_some() {
            let at = Timestamp::from_microsecond(part_number.saturating_mul(part));
            spec.window.span(&spec.tz, at.unwrap_or(now))
        } else {
            span
        };
        let node: i64 = row.get(6)?;
        let is_same = |(of, it): &&mut (i64, Recovered)| {
            *of == node && it.subject == subject && it.span == span
        };
        match all.last_mut().filter(is_same) {
            Some((_, of_other_callers)) => of_other_callers.spent += spent,
            None => {
                all.push((node, Recovered { budget: spec.name.clone(), subject, span, spent }));
            }
        }
        Ok::<_, LedgerError>(())
    })?;
    Ok(all)
}

fn of_period() -> String {
    format!("{WHOLE} WHERE at_us >= ?1 AND at_us < ?2 ORDER BY seq")
}

/// Where the text of a row stands: in the table of texts, else in the ledger.
fn text_place(
    row: &Row<'_>,
    names: &[String],
    name: &str,
    in_ledger: usize,
) -> Result<usize, SqlError> {
    let apart = names.iter().position(|other| other == name);
    Ok(match apart {
        Some(apart) if !row.value(apart)?.is_null() => apart,
        Some(_) | None => in_ledger,
    })
}

/// A period as the parameters `?1` and `?2`, the first after the last excluded.
pub(super) fn bounds(period: Period) -> [Value<'static>; 2] {
    [period.since.as_microsecond().into(), period.until.as_microsecond().into()]
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
    /// How it was decided, for [`trace::read`](super::trace::read).
    pub trace_json: &'r str,
}

/// Microseconds as milliseconds, for people.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a display value")]
fn millis(micros: i64) -> f64 {
    micros as f64 / 1e3
}

/// The expression whose value names the pot, as `SubjectKeys` does when it is reserved.
fn subject_column(subject: Subject) -> &'static str {
    match subject {
        Subject::Everyone => "CAST('' AS TEXT)",
        Subject::Team => "team",
        Subject::Key => "key",
        Subject::Caller => "caller",
        Subject::Target => "coalesce(target, '')",
        Subject::Route => "coalesce(route, '')",
        Subject::Model => "coalesce(model, '')",
    }
}

fn nanos(row: &Row<'_>, column: usize) -> Result<NanoUsd, SqlError> {
    Ok(NanoUsd::new(i128::from(row.get::<i64>(column)?)))
}

fn nanos_of(row: &Row<'_>, column: &str) -> Result<NanoUsd, SqlError> {
    Ok(NanoUsd::new(i128::from(row.get::<i64>(column)?)))
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
        trace_json: text(row, "trace", "trace_json")?,
        facts_json: text(row, "facts", "facts_json")?,
    };
    let ending = match state {
        State::Settled | State::Expired => Some(Ending::Settled),
        State::Released => Some(Ending::Released),
        State::Held | State::Refused => None,
    };
    let settled = ending.map(|ending| settled(row, &decided.id, ending)).transpose()?;
    Ok(LedgerRow { seq, decided, state, settled })
}

fn text(row: &Row<'_>, apart: &str, in_ledger: &str) -> Result<String, SqlError> {
    row.get::<Option<String>>(apart)?.map_or_else(|| row.get(in_ledger), Ok)
}

fn settled(row: &Row<'_>, id: &str, ending: Ending) -> Result<SettledRow, LedgerError> {
    let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or(0));
    let names = ["answered_route", "answered_target", "answered_zone", "answered_model"];
    Ok(SettledRow {
        id: id.to_owned(),
        ending,
        outcome: row.get::<Option<String>>("outcome")?.unwrap_or_default(),
        answered_by: chosen(row, names)?,
        weights: weights(row)?,
        sent_to: sent_to(row)?,
        raised: NanoUsd::new(i128::from(row.get::<Option<i64>>("raised_nanos")?.unwrap_or(0))),
        cost: nanos_of(row, "cost_nanos")?,
        avoided: nanos_of(row, "avoided_nanos")?,
        imputed: nanos_of(row, "imputed_nanos")?,
        usage: usage(row)?,
        latency: micros(row.get::<Option<i64>>("latency_us")?.unwrap_or(0)),
        ttft: row.get::<Option<i64>>("ttft_us")?.map(micros),
        verified: verified(row)?,
        compared: compared(row)?,
        read_in: row.get::<Option<u32>>("read_in")?.unwrap_or(0),
        cached_from: row.get("cached_from")?,
    })
}

fn compared(row: &Row<'_>) -> Result<Option<Compared>, LedgerError> {
    let Some(with) = row.get("compared_with")? else { return Ok(None) };
    let cost = row.get::<Option<i64>>("compared_nanos")?.unwrap_or(0);
    let agreement = row.get("agreement")?;
    Ok(Some(Compared { with, cost: NanoUsd::new(i128::from(cost)), agreement }))
}

fn verified(row: &Row<'_>) -> Result<Option<Verified>, LedgerError> {
    let Some(verdict) = row.get("verify_verdict")? else { return Ok(None) };
    // A score that was no number is stored as nothing.
    let score = row.get::<Option<f64>>("verify_score")?.unwrap_or(0.0);
    Ok(Some(Verified { score, verdict }))
}

fn weights(row: &Row<'_>) -> Result<Option<Weights>, LedgerError> {
    let Some(licence) = row.get("answered_licence")? else { return Ok(None) };
    Ok(Some(Weights { licence, sha256: row.get("answered_sha256")? }))
}

fn sent_to(row: &Row<'_>) -> Result<Vec<SentTo>, LedgerError> {
    let Some(list) = row.get::<Option<String>>("sent_to")? else { return Ok(Vec::new()) };
    let damaged = |seq| LedgerError::Damaged { seq, what: "unreadable list of servers".to_owned() };
    serde_json::from_str(&list).or_else(|_| Err(damaged(row.get("seq")?)))
}

fn extras(row: &Row<'_>) -> Result<Extras, LedgerError> {
    let Some(json) = row.get::<Option<String>>("usage_extras")? else { return Ok(Extras::NONE) };
    let damaged = |seq| LedgerError::Damaged { seq, what: "unreadable usage".to_owned() };
    let kinds: BTreeMap<String, u64> =
        serde_json::from_str(&json).or_else(|_| Err(damaged(row.get("seq")?)))?;
    let known = kinds.iter().filter_map(|(name, count)| Some((Extra::from_name(name)?, *count)));
    Ok(known.fold(Extras::NONE, |all, (extra, count)| all.with(extra, count)))
}

fn chosen(row: &Row<'_>, names: [&str; 4]) -> Result<Option<Chosen>, LedgerError> {
    let [route, target, zone, model] = names;
    let (Some(route), Some(target)) = (row.get(route)?, row.get(target)?) else {
        return Ok(None);
    };
    let zone = row.get::<Option<String>>(zone)?.unwrap_or_default();
    let model = row.get::<Option<String>>(model)?.unwrap_or_default();
    Ok(Some(Chosen { route, target, zone, model }))
}

fn usage(row: &Row<'_>) -> Result<Option<Usage>, LedgerError> {
    let Some(source) = row.get::<Option<String>>("usage_source")? else {
        return Ok(None);
    };
    let sources = [UsageSource::Reported, UsageSource::Counted, UsageSource::Estimated];
    let Some(source) = sources.into_iter().find(|known| known.name() == source) else {
        let what = "unknown usage source".to_owned();
        return Err(LedgerError::Damaged { seq: row.get("seq")?, what });
    };
    let tokens =
        |column: &str| row.get::<Option<u32>>(column).map(|count| Tokens(count.unwrap_or(0)));
    Ok(Some(Usage {
        input_uncached: tokens("input_uncached")?,
        cache_read: tokens("cache_read")?,
        cache_write: tokens("cache_write")?,
        cache_write_1h: tokens("cache_write_1h")?,
        output: tokens("output")?,
        reasoning: tokens("reasoning")?,
        extras: extras(row)?,
        tier: row
            .get::<Option<String>>("service_tier")?
            .map_or(Tier::Standard, |name| Tier::from_name(&name)),
        // The row has its cost.
        billed: None,
        source,
    }))
}
