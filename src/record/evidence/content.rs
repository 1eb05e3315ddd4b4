//! What a link says about a row: digests over named columns, in the form in which the database holds
//! them.

use std::sync::LazyLock;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub(super) type Digest = [u8; 32];

/// What is known when a request is decided, but for who asked.
const DECIDED: &[&str] = &[
    "seq",
    "id",
    "at_us",
    "team",
    "surface",
    "model_asked",
    "route",
    "target",
    "zone",
    "model",
    "sensitivity",
    "task",
    "policy_rev",
    "price_digest",
    "refused",
    "reserved_nanos",
    "reserved_imputed_nanos",
];

/// Who asked, and the texts that may name them: forgotten when a caller is.
pub(super) const CALLER: &[&str] = &["caller", "key", "trace_json", "facts_json"];

/// How a request ended.
pub(super) const ENDED: &[&str] = &[
    "seq",
    "state",
    "outcome",
    "answered_route",
    "answered_target",
    "answered_zone",
    "answered_model",
    "cost_nanos",
    "avoided_nanos",
    "imputed_nanos",
    "usage_source",
    "input_uncached",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "output",
    "reasoning",
    "latency_us",
    "ttft_us",
    "answered_licence",
    "answered_sha256",
    "verify_score",
    "verify_verdict",
    "sent_to",
];

static SELECT_DECIDED: LazyLock<String> = LazyLock::new(|| select(&[DECIDED, CALLER].concat()));
static SELECT_ENDED: LazyLock<String> = LazyLock::new(|| select(ENDED));

fn select(columns: &[&str]) -> String {
    format!("SELECT {} FROM ledger WHERE seq = ?1", columns.join(", "))
}

/// What a row says about a decision, in two digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// What was decided.
    pub content: Digest,
    /// Who asked. Salted, so that a name that is forgotten cannot be found by trying names.
    pub caller: Digest,
}

/// What a row says about the decision.
pub(super) fn decided(connection: &Connection, seq: i64, salt: &[u8]) -> rusqlite::Result<Decided> {
    connection.prepare_cached(&SELECT_DECIDED)?.query_row([seq], |row| {
        let content = digest(row, (0, DECIDED), &[])?;
        Ok(Decided { content, caller: digest(row, (DECIDED.len(), CALLER), salt)? })
    })
}

/// What a row says about the end.
pub(super) fn ended(connection: &Connection, seq: i64) -> rusqlite::Result<Digest> {
    connection.prepare_cached(&SELECT_ENDED)?.query_row([seq], |row| digest(row, (0, ENDED), &[]))
}

/// Names, types and values, each with its length, so that no two rows have the same bytes.
fn digest(
    row: &Row<'_>,
    (first, columns): (usize, &[&str]),
    salt: &[u8],
) -> rusqlite::Result<Digest> {
    let mut digest = Sha256::new();
    put(&mut digest, b's', salt);
    for (place, name) in (first..).zip(columns) {
        put(&mut digest, b'c', name.as_bytes());
        match row.get_ref(place)? {
            ValueRef::Null => put(&mut digest, b'n', &[]),
            ValueRef::Integer(value) => put(&mut digest, b'i', &value.to_le_bytes()),
            ValueRef::Real(value) => put(&mut digest, b'r', &value.to_bits().to_le_bytes()),
            ValueRef::Text(value) => put(&mut digest, b't', value),
            ValueRef::Blob(value) => put(&mut digest, b'b', value),
        }
    }
    Ok(digest.finalize().into())
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
    use crate::record::schema;
    use std::collections::BTreeSet;

    /// A column that no link covers could be changed by anybody.
    #[test]
    fn every_column_of_the_ledger_is_covered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let connection = schema::open_writer(&path, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let mut query = connection.prepare("SELECT name FROM pragma_table_info('ledger')").unwrap();
        let columns: BTreeSet<String> =
            query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let covered = DECIDED.iter().chain(CALLER).chain(ENDED);
        let covered: BTreeSet<String> = covered.map(|name| (*name).to_owned()).collect();
        assert_eq!(columns, covered);
    }
}
