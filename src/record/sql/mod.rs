//! The one seam between the records and what keeps them: an SQLite file or a PostgreSQL server.
//!
//! Statements are written once, with numbered parameters (`?1`), in what both databases understand.
//! Where they differ, [`Sql`] says how. Everything here blocks: it belongs on a thread that may.

mod postgres;
mod sqlite;
mod value;

use std::path::Path;

pub(super) use postgres::{ASYNCHRONOUS, SYNCHRONOUS, Server};
pub(super) use sqlite::File;
pub(super) use value::{FromValue, Row, Type, Value};

use super::error::LedgerError;

/// A connection.
#[derive(Debug)]
pub(super) enum Sql {
    /// To a file.
    Sqlite(File),
    /// To a server.
    Postgres(Box<Server>),
}

/// What a database said.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// SQLite.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    /// A column holds something else than expected.
    #[error("column {0} holds something unexpected")]
    Column(String),
}

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// One row.
    Row,
    /// This transaction; the next one may do better.
    Transaction,
    /// The connection is gone, and whether the transaction was committed is not known.
    Connection,
    /// Everything: the state of the database is not known.
    Everything,
}

impl SqlError {
    pub(super) fn reach(&self) -> Reach {
        match self {
            Self::Sqlite(error) => sqlite::reach(error),
            Self::Postgres(error) => postgres::reach(error),
            Self::Column(_) => Reach::Everything,
        }
    }
}

/// One statement for many rows, which are written in one go where the database can.
#[derive(Debug)]
pub(super) struct Many {
    /// For one row, with a parameter for every column; of changes, what finds the number of the row.
    one: String,
    /// The same for a row whose number is known, which is a further parameter; only for changes.
    numbered: Option<String>,
    /// Whether such rows are not changed again.
    is_last: bool,
    /// For all rows, with an array for every column.
    all: String,
    types: Vec<Type>,
    answers: Answers,
}

/// What a statement for many rows says about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// Nothing.
    Nothing,
    /// The number of the row, by the text in its first parameter; rows without one were not written.
    Numbers,
}

/// What became of one row of many: its number, or `None` where nothing was written. An error concerns
/// this row alone.
pub(super) type Written = Result<Option<i64>, SqlError>;

impl Many {
    /// Inserts rows; where the first column, which is unique, is there already, nothing happens.
    pub(super) fn insert(table: &str, columns: &[(&str, Type)], answers: Answers) -> Self {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let (conflict, returning) = match answers {
            Answers::Nothing => (String::new(), ""),
            Answers::Numbers => {
                let first = columns.first().map_or("", |(name, _)| *name);
                (format!(" ON CONFLICT ({first}) DO NOTHING"), " RETURNING seq, id")
            }
        };
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        let one = format!("INSERT INTO {table} ({names}) VALUES ({}){conflict}", places.join(", "));
        let all = format!(
            "INSERT INTO {table} ({names}) SELECT * FROM unnest({}){conflict}{returning}",
            arrays(columns)
        );
        Self { one, numbered: None, is_last: false, all, types: types(columns), answers }
    }

    /// Changes the rows whose first column, a text, has the given value and for which `also` holds.
    pub(super) fn update(table: &str, columns: &[(&str, Type)], also: &str) -> Self {
        let (first, rest) = match columns.split_first() {
            Some(((first, _), rest)) => (*first, rest),
            None => ("", columns),
        };
        let set = |from: &dyn Fn(usize, &str) -> String| {
            let all =
                (2..).zip(rest).map(|(place, (name, _))| format!("{name} = {}", from(place, name)));
            all.collect::<Vec<_>>().join(", ")
        };
        let one = format!("SELECT seq FROM {table} WHERE {first} = ?1");
        let numbered = format!(
            "UPDATE {table} SET {} WHERE seq = ?{} AND {first} = ?1 AND {also}",
            set(&|place, _| format!("?{place}")),
            columns.len() + 1
        );
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("new_{name}")).collect();
        let all = format!(
            "UPDATE {table} SET {} FROM unnest({}) AS new ({}) WHERE {first} = new_{first}
             AND {also} RETURNING seq, id",
            set(&|_, name| format!("new_{name}")),
            arrays(columns),
            names.join(", ")
        );
        let (numbered, answers) = (Some(numbered), Answers::Numbers);
        Self { one, numbered, is_last: false, all, types: types(columns), answers }
    }

    /// Rows that were changed so are not changed again.
    pub(super) fn for_the_last_time(self) -> Self {
        Self { is_last: true, ..self }
    }
}

fn arrays(columns: &[(&str, Type)]) -> String {
    let arrays =
        (1..).zip(columns).map(|(place, (_, of))| format!("${place}::{}[]", of.postgres()));
    arrays.collect::<Vec<_>>().join(", ")
}

fn types(columns: &[(&str, Type)]) -> Vec<Type> {
    columns.iter().map(|(_, of)| *of).collect()
}

impl Sql {
    /// Runs a statement; returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, SqlError> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql, values),
            Self::Postgres(server) => server.execute(sql, values),
        }
    }

    /// Runs several statements without parameters.
    pub(super) fn batch(&self, statements: &str) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(statements)?),
            Self::Postgres(server) => server.batch(statements),
        }
    }

    /// Hands over the rows of a query one by one. `each` must not use this connection.
    pub(super) fn each<E: From<SqlError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Sqlite(connection) => sqlite::each(connection, sql, values, each),
            Self::Postgres(server) => server.each(sql, values, each),
        }
    }

    /// All rows of a query.
    pub(super) fn all<T, E: From<SqlError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut found = Vec::new();
        self.each(sql, values, |row| {
            found.push(read(row)?);
            Ok::<_, E>(())
        })?;
        Ok(found)
    }

    /// The first row of a query, which should have no other.
    pub(super) fn first<T, E: From<SqlError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        Ok(self.all(sql, values, read)?.into_iter().next())
    }

    /// The value of a query with one row and one column.
    pub(super) fn value<T: FromValue>(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<T, SqlError> {
        let found = self.first(sql, values, |row| row.get::<T>(0))?;
        found.ok_or_else(|| SqlError::Column("of a query without a row".to_owned()))
    }

    /// Writes rows; says of each what became of it.
    pub(super) fn many(
        &self,
        statement: &Many,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<Written>, SqlError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(file) => file.many(statement, rows),
            Self::Postgres(server) => server.many(statement, rows),
        }
    }

    /// Begins a transaction that will write.
    pub(super) fn begin(&self) -> Result<(), SqlError> {
        self.batch(match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        })
    }

    /// Begins a transaction that sees the database as it is now, whatever happens to it.
    pub(super) fn snapshot(&self) -> Result<(), SqlError> {
        self.batch(match self {
            Self::Sqlite(_) => "BEGIN",
            Self::Postgres(_) => "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
    }

    /// Ends a transaction.
    pub(super) fn commit(&self) -> Result<(), SqlError> {
        self.batch("COMMIT")
    }

    /// Does all of it, or nothing.
    pub(super) fn transaction<T, E: From<SqlError>>(
        &self,
        act: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin()?;
        match act() {
            Ok(done) => {
                self.commit()?;
                Ok(done)
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    /// Writes something that changes nothing, to see whether that is possible.
    pub(super) fn try_to_write(&self) -> Result<(), SqlError> {
        self.execute("UPDATE migrations SET applied_us = applied_us", &[]).map(|_| ())
    }

    /// Undoes a transaction. The database may have done so already.
    pub(super) fn roll_back(&self) {
        let _already = self.batch("ROLLBACK");
        if let Self::Sqlite(file) = self {
            file.forget();
        }
    }

    /// The UTC hour, day or month of a column of microseconds, as text.
    pub(super) fn date(&self, column: &str, fineness: Fineness) -> String {
        let (of_file, of_server) = match fineness {
            Fineness::Hours => ("%Y-%m-%dT%H", "YYYY-MM-DD\"T\"HH24"),
            Fineness::Days => ("%Y-%m-%d", "YYYY-MM-DD"),
            Fineness::Months => ("%Y-%m", "YYYY-MM"),
        };
        match self {
            Self::Sqlite(_) => format!("strftime('{of_file}', {column} / 1000000, 'unixepoch')"),
            Self::Postgres(_) => format!(
                "to_char(to_timestamp({column} / 1000000) AT TIME ZONE 'UTC', '{of_server}')"
            ),
        }
    }

    /// Writes what is committed to its final place, so that nothing old lingers in a log.
    pub(super) fn fold(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(connection) => {
                Ok(connection.pragma_update(None, "wal_checkpoint", "TRUNCATE")?)
            }
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Reads everything for damage; says what was found first.
    pub(super) fn damage(&self) -> Result<Option<String>, SqlError> {
        match self {
            Self::Sqlite(connection) => {
                let found: String =
                    connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
                Ok((found != "ok").then_some(found))
            }
            // The server looks after its pages itself (`initdb --data-checksums`).
            Self::Postgres(_) => Ok(None),
        }
    }

    /// The server, if it is one.
    pub(super) const fn server(&self) -> Option<&Server> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(server) => Some(server),
        }
    }

    /// Closes the connection, after the last commit has found its place.
    pub(super) fn close(self) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(file) => file.close(),
            Self::Postgres(server) => {
                server.close();
                Ok(())
            }
        }
    }
}

/// How finely a date is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fineness {
    /// The hour.
    Hours,
    /// The day.
    Days,
    /// The month only.
    Months,
}

/// A file, for reading and writing.
pub(super) fn file(path: &Path) -> Result<rusqlite::Connection, SqlError> {
    Ok(sqlite::open(path)?)
}
