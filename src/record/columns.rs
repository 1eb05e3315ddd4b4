//! The columns of the ledger: what a row of values is in the database, for writing it and for its digest.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::row::{DecidedRow, SettledRow, State};
use super::sql::{Answers, Many, Type, Value};
use crate::chat::Usage;
use crate::chat::usage::{Side, Tier};
use crate::money::{NanoUsd, Tokens};

/// A column: its name and what it holds.
pub(super) type Column = (&'static str, Type);

/// What is known when a request is decided, but for its number and for who asked.
pub(super) const DECIDED: &[Column] = &[
    ("id", Type::Text),
    ("at_us", Type::Integer),
    ("team", Type::Text),
    ("surface", Type::Text),
    ("model_asked", Type::Text),
    ("route", Type::Text),
    ("target", Type::Text),
    ("zone", Type::Text),
    ("model", Type::Text),
    ("sensitivity", Type::Text),
    ("task", Type::Text),
    ("policy_rev", Type::Text),
    ("price_digest", Type::Text),
    ("refused", Type::Text),
    ("reserved_nanos", Type::Integer),
    ("reserved_imputed_nanos", Type::Integer),
];

/// The same, of later versions: where there is nothing, the digest is as it was before they were there.
pub(super) const DECIDED_LATER: &[Column] = &[("node", Type::Integer)];

/// Who asked, and the texts that may name them: forgotten when a caller is. The texts are kept in a table
/// of their own, so that a request's end does not write them once more.
pub(super) const CALLER: &[Column] = &[
    ("caller", Type::Text),
    ("key", Type::Text),
    ("trace_json", Type::Text),
    ("facts_json", Type::Text),
];

/// How a request ended, but for its number.
pub(super) const ENDED: &[Column] = &[
    ("state", Type::Text),
    ("outcome", Type::Text),
    ("answered_route", Type::Text),
    ("answered_target", Type::Text),
    ("answered_zone", Type::Text),
    ("answered_model", Type::Text),
    ("cost_nanos", Type::Integer),
    ("avoided_nanos", Type::Integer),
    ("imputed_nanos", Type::Integer),
    ("usage_source", Type::Text),
    ("input_uncached", Type::Integer),
    ("cache_read", Type::Integer),
    ("cache_write", Type::Integer),
    ("cache_write_1h", Type::Integer),
    ("output", Type::Integer),
    ("reasoning", Type::Integer),
    ("latency_us", Type::Integer),
    ("ttft_us", Type::Integer),
    ("answered_licence", Type::Text),
    ("answered_sha256", Type::Text),
    ("verify_score", Type::Real),
    ("verify_verdict", Type::Text),
    ("sent_to", Type::Text),
];

/// The same, of later versions, as for [`DECIDED_LATER`].
pub(super) const ENDED_LATER: &[Column] = &[
    RAISED,
    ("compared_with", Type::Text),
    ("compared_nanos", Type::Integer),
    ("agreement", Type::Real),
    ("read_in", Type::Integer),
    ("cached_from", Type::Text),
    ("input_extra", Type::Integer),
    ("output_extra", Type::Integer),
    ("usage_extras", Type::Text),
    ("service_tier", Type::Text),
];

/// The one of them that is written before the end.
const RAISED: Column = ("raised_nanos", Type::Integer);

/// The columns of [`CALLER`] that stand in the ledger itself, followed by the state.
const STANDING: &[Column] = &[("caller", Type::Text), ("key", Type::Text), ("state", Type::Text)];

/// Inserts decisions, [`decided`], but for their texts.
pub(super) static INSERT: LazyLock<Many> = LazyLock::new(|| {
    let columns = [DECIDED, DECIDED_LATER, STANDING].concat();
    // What older rows have here, newer ones have in `texts`.
    let columns = [&columns[..], &[("trace_json", Type::Text)]].concat();
    Many::insert("ledger", &columns, Answers::Numbers)
});

/// Inserts the texts of decisions, [`texts`].
pub(super) static TEXTS: LazyLock<Many> = LazyLock::new(|| {
    let columns = [("row", Type::Integer), ("trace_json", Type::Text), ("facts_json", Type::Text)];
    Many::insert("texts", &columns, Answers::Nothing)
});

/// Ends requests that run, [`ended`].
pub(super) static SETTLE: LazyLock<Many> = LazyLock::new(|| {
    let columns = [&[("id", Type::Text)], ENDED, ENDED_LATER].concat();
    Many::update("ledger", &columns, "state = 'held'").for_the_last_time()
});

/// A decision, in the order of [`DECIDED`], [`DECIDED_LATER`] and [`STANDING`].
pub(super) fn decided(row: &DecidedRow, node: Option<i64>) -> Vec<Value<'_>> {
    let chosen = row.chosen.as_ref();
    let state = if row.refused.is_some() { State::Refused } else { State::Held };
    vec![
        (&row.id).into(),
        row.at.as_microsecond().into(),
        (&row.team).into(),
        (&row.surface).into(),
        (&row.model_asked).into(),
        chosen.map(|to| to.route.as_str()).into(),
        chosen.map(|to| to.target.as_str()).into(),
        chosen.map(|to| to.zone.as_str()).into(),
        chosen.map(|to| to.model.as_str()).into(),
        (&row.sensitivity).into(),
        row.task.as_deref().into(),
        (&row.policy_rev).into(),
        (&row.price_digest).into(),
        row.refused.as_deref().into(),
        nanos(row.reserved).into(),
        nanos(row.reserved_imputed).into(),
        node.into(),
        (&row.caller).into(),
        (&row.key).into(),
        state.name().into(),
        "".into(),
    ]
}

/// The texts of a decision, which begin with the number of its row; `None` if there are none.
pub(super) fn texts(seq: i64, row: &DecidedRow) -> Option<Vec<Value<'_>>> {
    let is_empty = row.trace_json.is_empty() && row.facts_json.is_empty();
    (!is_empty).then(|| vec![seq.into(), (&row.trace_json).into(), (&row.facts_json).into()])
}

/// What a link says of a decision: its values in the order of [`DECIDED`], [`DECIDED_LATER`] and
/// [`CALLER`].
pub(super) fn linked<'v>(values: &[Value<'v>], row: &'v DecidedRow) -> Vec<Value<'v>> {
    let kept = values.len().saturating_sub(2);
    let texts = [(&row.trace_json).into(), (&row.facts_json).into()];
    values.iter().take(kept).cloned().chain(texts).collect()
}

/// Sets more money aside for requests that run: the decision's id and how much more there is in all.
pub(super) static RAISE: LazyLock<Many> =
    LazyLock::new(|| Many::update("ledger", &[("id", Type::Text), RAISED], "state = 'held'"));

/// An end: the decision's id, then in the order of [`ENDED`] and [`ENDED_LATER`].
pub(super) fn ended(row: &SettledRow) -> Vec<Value<'_>> {
    let by = row.answered_by.as_ref();
    let (usage, weights) = (row.usage.as_ref(), row.weights.as_ref());
    let sent_to = (!row.sent_to.is_empty()).then(|| serde_json::to_string(&row.sent_to));
    // Serialising plain strings cannot fail.
    let sent_to = sent_to.map(Result::unwrap_or_default);
    vec![
        (&row.id).into(),
        row.ending.state().name().into(),
        (&row.outcome).into(),
        by.map(|by| by.route.as_str()).into(),
        by.map(|by| by.target.as_str()).into(),
        by.map(|by| by.zone.as_str()).into(),
        by.map(|by| by.model.as_str()).into(),
        nanos(row.cost).into(),
        nanos(row.avoided).into(),
        nanos(row.imputed).into(),
        usage.map(|usage| usage.source.name()).into(),
        usage.map(|usage| usage.input_uncached.0).into(),
        usage.map(|usage| usage.cache_read.0).into(),
        usage.map(|usage| usage.cache_write.0).into(),
        usage.map(|usage| usage.cache_write_1h.0).into(),
        usage.map(|usage| usage.output.0).into(),
        usage.map(|usage| usage.reasoning.0).into(),
        micros(row.latency).into(),
        row.ttft.map(micros).into(),
        weights.map(|weights| weights.licence.as_str()).into(),
        weights.and_then(|weights| weights.sha256.as_deref()).into(),
        row.verified.as_ref().map(|it| it.score).into(),
        row.verified.as_ref().map(|it| it.verdict.as_str()).into(),
        sent_to.map_or(Value::Text(None), Value::from),
        raised(row.raised),
        row.compared.as_ref().map(|it| it.with.as_str()).into(),
        row.compared.as_ref().map(|it| nanos(it.cost)).into(),
        row.compared.as_ref().and_then(|it| it.agreement).into(),
        (row.read_in > 0).then_some(row.read_in).into(),
        row.cached_from.as_deref().into(),
        usage.and_then(|usage| some(usage.extras.sum(Side::Prompt))).into(),
        usage.and_then(|usage| some(usage.extras.sum(Side::Answer))).into(),
        usage.and_then(extras).map_or(Value::Text(None), Value::from),
        usage.filter(|it| it.tier != Tier::Standard).map(|usage| usage.tier.name()).into(),
    ]
}

fn some(count: Tokens) -> Option<u32> {
    (count > Tokens(0)).then_some(count.0)
}

/// The rarer kinds of a usage by their names, as JSON; nothing where there are none.
fn extras(usage: &Usage) -> Option<String> {
    let kinds: BTreeMap<&str, u32> =
        usage.extras.iter().map(|(extra, count)| (extra.name(), count.0)).collect();
    // Serialising names and numbers cannot fail.
    (!kinds.is_empty()).then(|| serde_json::to_string(&kinds).unwrap_or_default())
}

/// Nothing more is told by nothing.
pub(super) fn raised(amount: NanoUsd) -> Value<'static> {
    amount.is_positive().then(|| nanos(amount)).into()
}

/// Columns hold 64 bits, up to nine billion dollars; more is that.
pub(super) fn nanos(amount: NanoUsd) -> i64 {
    let nanos = amount.nanos();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
