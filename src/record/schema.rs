//! The ledger's tables and how older files are brought up to date.
//!
//! Migrations only ever go forward and are listed in order; the table `migrations` says which ones a file
//! has seen. `application_id` marks the file as ours, so that no foreign database is written to.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::error::LedgerError;

/// `Ambx` in ASCII.
const APPLICATION_ID: i64 = 0x416d_6278;

/// How long the writer waits for a lock of another process. Requests wait with it, so not for long.
const WRITER_PATIENCE: Duration = Duration::from_secs(1);
/// How long a reader waits.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// (name, statements), in order; the version of a file is how many of them it has seen.
const MIGRATIONS: &[(&str, &str)] = &[
    ("ledger", LEDGER),
    ("facts", FACTS),
    ("weights", WEIGHTS),
    ("verified", VERIFIED),
    ("evidence", EVIDENCE),
    ("api keys", API_KEYS),
];

const LEDGER: &str = "
CREATE TABLE ledger (
  seq                    INTEGER PRIMARY KEY,
  id                     TEXT NOT NULL UNIQUE,
  at_us                  INTEGER NOT NULL,
  caller                 TEXT NOT NULL,
  team                   TEXT NOT NULL,
  key                    TEXT NOT NULL,
  surface                TEXT NOT NULL,
  model_asked            TEXT NOT NULL,
  route                  TEXT,
  target                 TEXT,
  zone                   TEXT,
  model                  TEXT,
  sensitivity            TEXT NOT NULL,
  task                   TEXT,
  policy_rev             TEXT NOT NULL,
  price_digest           TEXT NOT NULL,
  refused                TEXT,
  reserved_nanos         INTEGER NOT NULL,
  reserved_imputed_nanos INTEGER NOT NULL,
  trace_json             TEXT NOT NULL,
  state                  TEXT NOT NULL,
  outcome                TEXT,
  answered_route         TEXT,
  answered_target        TEXT,
  answered_zone          TEXT,
  answered_model         TEXT,
  cost_nanos             INTEGER NOT NULL DEFAULT 0,
  avoided_nanos          INTEGER NOT NULL DEFAULT 0,
  imputed_nanos          INTEGER NOT NULL DEFAULT 0,
  usage_source           TEXT,
  input_uncached         INTEGER,
  cache_read             INTEGER,
  cache_write            INTEGER,
  cache_write_1h         INTEGER,
  output                 INTEGER,
  reasoning              INTEGER,
  latency_us             INTEGER,
  ttft_us                INTEGER
) STRICT;
CREATE INDEX ledger_by_time ON ledger (at_us);
CREATE INDEX ledger_held ON ledger (seq) WHERE state = 'held';
";

/// Empty for decisions that were made before facts were kept.
const FACTS: &str = "ALTER TABLE ledger ADD COLUMN facts_json TEXT NOT NULL DEFAULT '';";

/// Empty for targets outside of this process, and for answers from before they were kept.
const WEIGHTS: &str = "
ALTER TABLE ledger ADD COLUMN answered_licence TEXT;
ALTER TABLE ledger ADD COLUMN answered_sha256 TEXT;
";

/// Empty where no local answer was looked at.
const VERIFIED: &str = "
ALTER TABLE ledger ADD COLUMN verify_score REAL;
ALTER TABLE ledger ADD COLUMN verify_verdict TEXT;
";

/// What `evidence` proves the rows with.
const EVIDENCE: &str = "
ALTER TABLE ledger ADD COLUMN sent_to TEXT;
CREATE TABLE chain (
  n       INTEGER PRIMARY KEY,
  event   TEXT NOT NULL,
  row     INTEGER NOT NULL,
  content BLOB NOT NULL,
  caller  BLOB NOT NULL,
  salt    BLOB,
  note    TEXT NOT NULL,
  hash    BLOB NOT NULL
) STRICT;
CREATE TABLE heads (
  n         INTEGER PRIMARY KEY,
  hash      BLOB NOT NULL,
  at_us     INTEGER NOT NULL,
  key       BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;
";

/// Keys that are made at run time, and what was done with them.
const API_KEYS: &str = "
CREATE TABLE api_keys (
  name                TEXT PRIMARY KEY,
  team                TEXT NOT NULL,
  digest              BLOB NOT NULL UNIQUE,
  hint                TEXT NOT NULL,
  before_digest       BLOB,
  before_until_us     INTEGER,
  models_json         TEXT NOT NULL,
  criticality         TEXT,
  region              TEXT,
  data_floor          TEXT,
  requests_per_minute INTEGER,
  tokens_per_minute   INTEGER,
  concurrent          INTEGER,
  created_us          INTEGER NOT NULL,
  expires_us          INTEGER,
  revoked_us          INTEGER
) STRICT;
CREATE TABLE api_key_changes (
  n     INTEGER PRIMARY KEY AUTOINCREMENT,
  at_us INTEGER NOT NULL,
  name  TEXT NOT NULL,
  what  TEXT NOT NULL
) STRICT;
";

/// Opens the file for its one writer and brings it up to date.
pub(super) fn open_writer(path: &Path, now: Timestamp) -> Result<Connection, LedgerError> {
    let open = |source| LedgerError::Open { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(open)?;
    connection.busy_timeout(WRITER_PATIENCE).map_err(open)?;
    check_owner(&connection, path)?;
    // WAL with FULL syncs the log at every commit: a committed row survives a power cut.
    connection.pragma_update(None, "journal_mode", "WAL").map_err(open)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(open)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(open)?;
    migrate(&mut connection, now)?;
    Ok(connection)
}

/// Opens the file for reading while another connection may write.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LedgerError> {
    let open = |source| LedgerError::Open { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(open)?;
    connection.busy_timeout(READER_PATIENCE).map_err(open)?;
    check_owner(&connection, path)?;
    let found = version(&connection)?;
    if found > newest() {
        Err(LedgerError::Newer { found, known: newest() })
    } else {
        Ok(connection)
    }
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> Result<i64, LedgerError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// An empty file is ours to fill; a ledger carries our mark; anything else is left alone.
fn check_owner(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let open = |source| LedgerError::Open { path: path.to_owned(), source };
    let owner: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(open)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(open)?;
    if owner == APPLICATION_ID || (owner == 0 && tables == 0) {
        Ok(())
    } else {
        Err(LedgerError::Foreign { path: path.to_owned() })
    }
}

fn migrate(connection: &mut Connection, now: Timestamp) -> Result<(), LedgerError> {
    let found = version(connection)?;
    if found > newest() {
        return Err(LedgerError::Newer { found, known: newest() });
    }
    let change = connection.transaction()?;
    change.pragma_update(None, "application_id", APPLICATION_ID)?;
    change.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
           version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_us INTEGER NOT NULL
         ) STRICT;",
    )?;
    for (version, (name, statements)) in (1_i64..).zip(MIGRATIONS) {
        if version > found {
            change.execute_batch(statements)?;
            change.execute(
                "INSERT INTO migrations (version, name, applied_us) VALUES (?1, ?2, ?3)",
                (version, name, now.as_microsecond()),
            )?;
            change.pragma_update(None, "user_version", version)?;
        }
    }
    Ok(change.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the first version with a row in it.
    #[test]
    fn an_older_file_is_brought_up_to_date_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let old = Connection::open(&path).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        old.execute_batch(LEDGER).unwrap();
        old.execute_batch(
            "INSERT INTO ledger (id, at_us, caller, team, key, surface, model_asked, sensitivity,
               policy_rev, price_digest, reserved_nanos, reserved_imputed_nanos, trace_json, state)
             VALUES ('a', 1, '', '', '', '', '', '', '', '', 0, 0, '', 'settled')",
        )
        .unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        let new = open_writer(&path, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(version(&new).unwrap(), newest());
        let query = "SELECT answered_licence, answered_sha256 FROM ledger WHERE id = 'a'";
        let found: (Option<String>, Option<String>) =
            new.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(found, (None, None));
    }
}
