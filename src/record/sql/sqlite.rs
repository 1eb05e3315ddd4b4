//! SQLite: a file beside the gateway.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Statement};

use super::{Answers, Many, Reach, Row, SqlError, Value, Written};
use crate::record::error::LedgerError;

/// Statements that stay prepared.
const STATEMENTS_MAX: usize = 64;
/// How many rows' numbers are kept. Some rows are never changed, so all are forgotten beyond that.
const NUMBERS_MAX: usize = 16_384;

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

/// A connection to a file.
#[derive(Debug)]
pub(in crate::record) struct File {
    connection: Connection,
    /// The numbers of rows that were written here and will be changed, by their texts: they need not be
    /// looked for.
    numbers: RefCell<HashMap<String, i64>>,
}

impl From<Connection> for File {
    fn from(connection: Connection) -> Self {
        Self { connection, numbers: RefCell::default() }
    }
}

impl Deref for File {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl File {
    /// What was written may not be there.
    pub(super) fn forget(&self) {
        self.numbers.borrow_mut().clear();
    }

    pub(super) fn close(self) -> Result<(), LedgerError> {
        Ok(self.connection.close().map_err(|(_, error)| SqlError::Sqlite(error))?)
    }

    pub(super) fn many(
        &self,
        statement: &Many,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<Written>, SqlError> {
        let mut prepared = self.connection.prepare_cached(&statement.one)?;
        let change = statement.numbered.as_deref().map(|it| self.connection.prepare_cached(it));
        let mut change = change.transpose()?;
        let mut written = Vec::with_capacity(rows.len());
        for row in rows {
            let done = match &mut change {
                Some(change) => self.change(statement, (&mut prepared, change), row),
                None => self.insert(statement, &mut prepared, row),
            };
            match done.map_err(SqlError::Sqlite) {
                Err(error) if error.reach() != Reach::Row => return Err(error),
                done => written.push(done),
            }
        }
        Ok(written)
    }

    fn insert(
        &self,
        statement: &Many,
        prepared: &mut Statement<'_>,
        row: &[Value<'_>],
    ) -> rusqlite::Result<Option<i64>> {
        bind(prepared, row)?;
        let changed = prepared.raw_execute()?;
        if changed == 0 || statement.answers == Answers::Nothing {
            return Ok(None);
        }
        let number = self.connection.last_insert_rowid();
        if let Some(Value::Text(Some(text))) = row.first() {
            let mut numbers = self.numbers.borrow_mut();
            if numbers.len() >= NUMBERS_MAX {
                numbers.clear();
            }
            numbers.insert(text.as_ref().to_owned(), number);
        }
        Ok(Some(number))
    }

    fn change(
        &self,
        statement: &Many,
        (find, change): (&mut Statement<'_>, &mut Statement<'_>),
        row: &[Value<'_>],
    ) -> rusqlite::Result<Option<i64>> {
        let Some(Value::Text(Some(text))) = row.first() else { return Ok(None) };
        let known = if statement.is_last {
            self.numbers.borrow_mut().remove(text.as_ref())
        } else {
            self.numbers.borrow().get(text.as_ref()).copied()
        };
        let number = match known {
            Some(number) => number,
            None => match find.query_row([text.as_ref()], |row| row.get(0)).optional()? {
                Some(number) => number,
                None => return Ok(None),
            },
        };
        bind(change, row)?;
        change.raw_bind_parameter(row.len() + 1, number)?;
        Ok((change.raw_execute()? > 0).then_some(number))
    }
}
