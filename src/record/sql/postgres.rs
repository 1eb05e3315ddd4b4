//! PostgreSQL: a server that several gateways share.
//!
//! Each connection has a small runtime of its own, so that whoever may block can use it: a plain thread,
//! a command, or a thread of the gateway, which then lets another one take over its tasks.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use sqlx::{Postgres, Row as _};
use tokio::runtime::{Builder, Runtime};

use super::{Answers, Many, Reach, Row, SqlError, Type, Value, Written};

/// Our tables have a schema of their own, so that a database can be shared with others.
const SCHEMA: &str = "ambidex";
/// How long a connection may take to be made.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// A connection to a server.
pub(in crate::record) struct Server {
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
    connection: Mutex<Option<PgConnection>>,
}

/// A runtime must not be waited for where tasks run.
impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Server")
    }
}

/// How sure commits must be.
pub(in crate::record) const SYNCHRONOUS: &str = "SET synchronous_commit TO on";
/// Commits that survive the process, not the server's power cut.
pub(in crate::record) const ASYNCHRONOUS: &str = "SET synchronous_commit TO off";

pub(super) fn reach(error: &sqlx::Error) -> Reach {
    let sqlx::Error::Database(error) = error else { return Reach::Connection };
    let code = error.code().unwrap_or(Cow::Borrowed(""));
    match code.get(..2).unwrap_or_default() {
        // Data, constraints, aborted transactions, rights of others, resources, locks, cancelled.
        "22" | "23" | "25" | "40" | "53" | "54" | "55" => Reach::Transaction,
        "57" if code == "57014" => Reach::Transaction,
        // The server stops, or something happened to it.
        "08" | "57" | "58" => Reach::Connection,
        _ => Reach::Everything,
    }
}

impl Server {
    /// Connects.
    pub(in crate::record) fn connect(url: &str) -> Result<Self, SqlError> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("ambidex")
            .options([("search_path", SCHEMA)])
            .disable_statement_logging();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(sqlx::Error::Io)?;
        let connecting = async {
            let late = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
            let connecting = PgConnection::connect_with(&options);
            tokio::time::timeout(CONNECT_PATIENCE, connecting).await.map_err(|_| late())?
        };
        let connection = wait(&runtime, connecting);
        let runtime = Some(runtime);
        match connection {
            Ok(connection) => Ok(Self { runtime, connection: Mutex::new(Some(connection)) }),
            Err(error) => {
                drop(Self { runtime, connection: Mutex::new(None) });
                Err(error.into())
            }
        }
    }

    /// Makes room for our tables, of which only one process at a time may be the maker.
    pub(in crate::record) fn prepare(&self) -> Result<(), SqlError> {
        self.batch(&format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    }

    fn locked(&self) -> MutexGuard<'_, Option<PgConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the connection, to the end of what is done with it.
    fn with<T, E: From<SqlError>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut held = self.locked();
        match (&self.runtime, &mut *held) {
            (Some(runtime), Some(connection)) => wait(runtime, work(connection)),
            _ => Err(SqlError::Postgres(sqlx::Error::WorkerCrashed).into()),
        }
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, SqlError> {
        self.with(async |connection| {
            Ok(bound(sql, values).execute(connection).await?.rows_affected())
        })
    }

    pub(super) fn batch(&self, statements: &str) -> Result<(), SqlError> {
        self.with(async |connection| {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
            Ok(())
        })
    }

    pub(super) fn each<E: From<SqlError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error| E::from(SqlError::Postgres(error));
        self.with(async |connection| {
            let mut rows = bound(sql, values).fetch(connection);
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                each(&Row::Postgres(&row))?;
            }
            Ok(())
        })
    }

    pub(super) fn many(
        &self,
        statement: &Many,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<Written>, SqlError> {
        let mut query = sqlx::query(AssertSqlSafe(statement.all.as_str()));
        for (place, of) in statement.types.iter().enumerate() {
            query = bind_column(query, *of, rows, place);
        }
        if statement.answers == Answers::Nothing {
            self.with::<_, SqlError>(async |connection| Ok(query.execute(connection).await?))?;
            return Ok(rows.iter().map(|_| Ok(None)).collect());
        }
        let found =
            self.with::<_, SqlError>(async |connection| Ok(query.fetch_all(connection).await?))?;
        let mut numbers = HashMap::with_capacity(found.len());
        for row in &found {
            numbers.insert(row.try_get::<&str, _>(1)?, row.try_get::<i64, _>(0)?);
        }
        let first = |row: &Vec<Value<'_>>| match row.first() {
            // Of two rows with the same text one was written.
            Some(Value::Text(Some(text))) => Ok(numbers.remove(text.as_ref())),
            _ => Ok(None),
        };
        Ok(rows.iter().map(first).collect())
    }

    pub(super) fn close(self) {
        if let (Some(runtime), Some(connection)) = (&self.runtime, self.locked().take()) {
            // A server that is gone already does not want to know.
            let _gone = wait(runtime, connection.close());
        }
    }
}

/// Runs to the end, also on a thread of the gateway.
fn wait<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| runtime.block_on(work))
}

type Bound<'q> = Query<'q, Postgres, PgArguments>;

fn bound<'q>(sql: &str, values: &'q [Value<'q>]) -> Bound<'q> {
    let mut query = sqlx::query(AssertSqlSafe(sql.replace('?', "$")));
    for value in values {
        query = match value {
            Value::Integer(value) => query.bind(*value),
            Value::Real(value) => query.bind(*value),
            Value::Text(value) => query.bind(value.as_deref()),
            Value::Blob(value) => query.bind(value.as_deref()),
        };
    }
    query
}

/// One column of all rows, as an array.
fn bind_column<'q>(
    query: Bound<'q>,
    of: Type,
    rows: &'q [Vec<Value<'q>>],
    place: usize,
) -> Bound<'q> {
    let column = rows.iter().map(|row| row.get(place));
    match of {
        Type::Integer => query.bind(
            column
                .map(|value| if let Some(Value::Integer(it)) = value { *it } else { None })
                .collect::<Vec<_>>(),
        ),
        Type::Real => query.bind(
            column
                .map(|value| if let Some(Value::Real(it)) = value { *it } else { None })
                .collect::<Vec<_>>(),
        ),
        Type::Text => query.bind(
            column
                .map(|value| if let Some(Value::Text(it)) = value { it.as_deref() } else { None })
                .collect::<Vec<_>>(),
        ),
        Type::Blob => query.bind(
            column
                .map(|value| if let Some(Value::Blob(it)) = value { it.as_deref() } else { None })
                .collect::<Vec<_>>(),
        ),
    }
}
