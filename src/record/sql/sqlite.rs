//! SQLite: a file beside the gateway.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, Statement};

use super::{Many, Reach, Row, SqlError, Value, Written};

/// Statements that stay prepared.
const STATEMENTS_MAX: usize = 64;

pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

pub(super) fn reach(error: &rusqlite::Error) -> Reach {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
            Reach::Row
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::OutOfMemory,
        ) => Reach::Transaction,
        Some(_) | None => Reach::Everything,
    }
}

fn bind(statement: &mut Statement<'_>, values: &[Value<'_>]) -> rusqlite::Result<()> {
    for (place, value) in (1..).zip(values) {
        statement.raw_bind_parameter(place, value)?;
    }
    Ok(())
}

pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64, SqlError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    let changed = statement.raw_execute()?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

pub(super) fn each<E: From<SqlError>>(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
    mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(SqlError::Sqlite(error));
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    bind(&mut statement, values).map_err(failed)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        each(&Row::Sqlite(row))?;
    }
    Ok(())
}

pub(super) fn many(
    connection: &Connection,
    statement: &Many,
    rows: &[Vec<Value<'_>>],
) -> Result<Vec<Written>, SqlError> {
    let mut prepared = connection.prepare_cached(&statement.one)?;
    let mut written = Vec::with_capacity(rows.len());
    for row in rows {
        bind(&mut prepared, row)?;
        let done = match statement.answers {
            super::Answers::Nothing => prepared.raw_execute().map(|_| None),
            super::Answers::Numbers => {
                let mut answered = prepared.raw_query();
                let number = match answered.next() {
                    Ok(row) => row.map(|row| row.get::<_, i64>(0)).transpose(),
                    Err(error) => Err(error),
                };
                // The statement is done when it says that there is no other row.
                number.and_then(|number| answered.next().map(|_| number))
            }
        };
        match done.map_err(SqlError::Sqlite) {
            Err(error) if error.reach() != Reach::Row => return Err(error),
            done => written.push(done),
        }
    }
    Ok(written)
}
