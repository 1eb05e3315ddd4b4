//! What a link says about a row: digests over named columns, in the form in which the database holds
//! them.

use crate::hashed::{Digest, Hashed};
use crate::record::columns::{CALLER, Column, DECIDED, DECIDED_LATER, ENDED, ENDED_LATER};
use crate::record::sql::{Row, SqlError, Value};

/// What a row says about a decision, in two digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// What was decided.
    pub content: Digest,
    /// Who asked. Salted, so that a name that is forgotten cannot be found by trying names.
    pub caller: Digest,
}

/// What a row of this number says about the decision: values in the order in which they are written.
pub(super) fn decided(seq: i64, values: &[Value<'_>], salt: &[u8]) -> Decided {
    let mut content = of_row(seq);
    let mut values = values.iter();
    put_all(&mut content, DECIDED, values.by_ref());
    put_later(&mut content, DECIDED_LATER, values.by_ref());
    let mut caller = Hashed::with_capacity(2048);
    caller.put(b's', salt);
    put_all(&mut caller, CALLER, values);
    Decided { content: content.digest(), caller: caller.digest() }
}

/// What a row of this number says about the end: values in the order in which they are written.
pub(super) fn ended(seq: i64, values: &[Value<'_>]) -> Digest {
    let mut content = of_row(seq);
    let mut values = values.iter();
    put_all(&mut content, ENDED, values.by_ref());
    put_later(&mut content, ENDED_LATER, values);
    content.digest()
}

/// The columns that [`decided`] wants, and those that [`ended`] wants.
pub(super) fn columns() -> (Vec<&'static str>, Vec<&'static str>) {
    let names = |columns: &[Column]| columns.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    (names(&[DECIDED, DECIDED_LATER, CALLER].concat()), names(&[ENDED, ENDED_LATER].concat()))
}

/// Such columns for a query of [`ROWS`](crate::record::read::ROWS). A text that stands in both places is
/// none that this program wrote.
pub(super) fn selected(columns: &[&str]) -> String {
    let one = |column: &&str| match *column {
        "trace_json" | "facts_json" => format!("coalesce(texts.{column}, '') || ledger.{column}"),
        column => format!("ledger.{column}"),
    };
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Values of a row from a column on.
pub(super) fn values<'r>(
    row: &Row<'r>,
    from: usize,
    count: usize,
) -> Result<Vec<Value<'r>>, SqlError> {
    (from..from + count).map(|place| row.value(place)).collect()
}

fn put_all<'v, 'a: 'v>(
    hashed: &mut Hashed,
    columns: &[Column],
    values: impl Iterator<Item = &'v Value<'a>>,
) {
    for ((name, _), value) in columns.iter().zip(values) {
        column(hashed, name, value);
    }
}

/// Columns of later versions count where they say something.
fn put_later<'v, 'a: 'v>(
    hashed: &mut Hashed,
    columns: &[Column],
    values: impl Iterator<Item = &'v Value<'a>>,
) {
    for ((name, _), value) in columns.iter().zip(values) {
        if !value.is_null() {
            column(hashed, name, value);
        }
    }
}

/// The fields of a row begin with its number.
fn of_row(seq: i64) -> Hashed {
    let mut row = Hashed::with_capacity(1024);
    row.put(b's', &[]);
    column(&mut row, "seq", &seq.into());
    row
}

/// Name, type and value.
fn column(hashed: &mut Hashed, name: &str, value: &Value<'_>) {
    hashed.put(b'c', name.as_bytes());
    match value {
        Value::Integer(Some(value)) => hashed.put(b'i', &value.to_le_bytes()),
        Value::Real(Some(value)) => hashed.put(b'r', &value.to_bits().to_le_bytes()),
        Value::Text(Some(value)) => hashed.put(b't', value.as_bytes()),
        Value::Blob(Some(value)) => hashed.put(b'b', value),
        Value::Integer(None) | Value::Real(None) | Value::Text(None) | Value::Blob(None) => {
            hashed.put(b'n', &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::place::Durability;
    use crate::record::schema;
    use std::collections::BTreeSet;

    /// A column that no link covers could be changed by anybody.
    #[test]
    fn every_column_of_the_ledger_is_covered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let place = (&path).into();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let sql = schema::open_writer(&place, Durability::Strict, now).unwrap();
        let query = "SELECT name FROM pragma_table_info('ledger')";
        let found: BTreeSet<String> =
            sql.all(query, &[], |row| row.get::<String>(0)).unwrap().into_iter().collect();
        let (decided, ended) = columns();
        let covered = decided.into_iter().chain(ended).chain(["seq"]);
        let covered: BTreeSet<String> = covered.map(str::to_owned).collect();
        assert_eq!(found, covered);
    }
}
