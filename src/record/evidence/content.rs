//! What a link says about a row: digests over named columns, in the form in which the database holds
//! them.

use sha2::{Digest as _, Sha256};

use crate::record::columns::{CALLER, Column, DECIDED, DECIDED_LATER, ENDED, ENDED_LATER};
use crate::record::sql::{Row, SqlError, Value};

/// A SHA-256 digest.
pub(super) type Digest = [u8; 32];

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
    let mut content = Sha256::new();
    put(&mut content, b's', &[]);
    column(&mut content, "seq", &seq.into());
    let mut values = values.iter();
    put_all(&mut content, DECIDED, values.by_ref());
    put_later(&mut content, DECIDED_LATER, values.by_ref());
    let mut caller = Sha256::new();
    put(&mut caller, b's', salt);
    put_all(&mut caller, CALLER, values);
    Decided { content: content.finalize().into(), caller: caller.finalize().into() }
}

/// What a row of this number says about the end: values in the order in which they are written.
pub(super) fn ended(seq: i64, values: &[Value<'_>]) -> Digest {
    let mut digest = Sha256::new();
    put(&mut digest, b's', &[]);
    column(&mut digest, "seq", &seq.into());
    let mut values = values.iter();
    put_all(&mut digest, ENDED, values.by_ref());
    put_later(&mut digest, ENDED_LATER, values);
    digest.finalize().into()
}

/// The columns that [`decided`] wants, and those that [`ended`] wants, for a query.
pub(super) fn columns() -> (Vec<&'static str>, Vec<&'static str>) {
    let names = |columns: &[Column]| columns.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    (names(&[DECIDED, DECIDED_LATER, CALLER].concat()), names(&[ENDED, ENDED_LATER].concat()))
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
    digest: &mut Sha256,
    columns: &[Column],
    values: impl Iterator<Item = &'v Value<'a>>,
) {
    for ((name, _), value) in columns.iter().zip(values) {
        column(digest, name, value);
    }
}

/// Columns of later versions count where they say something.
fn put_later<'v, 'a: 'v>(
    digest: &mut Sha256,
    columns: &[Column],
    values: impl Iterator<Item = &'v Value<'a>>,
) {
    for ((name, _), value) in columns.iter().zip(values) {
        if !value.is_null() {
            column(digest, name, value);
        }
    }
}

/// Name, type and value, each with its length, so that no two rows have the same bytes.
fn column(digest: &mut Sha256, name: &str, value: &Value<'_>) {
    put(digest, b'c', name.as_bytes());
    match value {
        Value::Integer(Some(value)) => put(digest, b'i', &value.to_le_bytes()),
        Value::Real(Some(value)) => put(digest, b'r', &value.to_bits().to_le_bytes()),
        Value::Text(Some(value)) => put(digest, b't', value.as_bytes()),
        Value::Blob(Some(value)) => put(digest, b'b', value),
        Value::Integer(None) | Value::Real(None) | Value::Text(None) | Value::Blob(None) => {
            put(digest, b'n', &[]);
        }
    }
}

/// One field of what is hashed.
pub(super) fn put(digest: &mut Sha256, tag: u8, bytes: &[u8]) {
    digest.update([tag]);
    digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
    digest.update(bytes);
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
