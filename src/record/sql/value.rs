//! Values on their way into a database and out of it.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, ValueRef};
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

use super::SqlError;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::record) enum Type {
    Integer,
    Real,
    Text,
    Blob,
}

impl Type {
    /// PostgreSQL's word.
    pub(super) const fn postgres(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Real => "double precision",
            Self::Text => "text",
            Self::Blob => "bytea",
        }
    }
}

/// A value, or that there is none.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::record) enum Value<'a> {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<Cow<'a, str>>),
    Blob(Option<Cow<'a, [u8]>>),
}

impl Value<'_> {
    /// Whether there is none.
    pub(in crate::record) const fn is_null(&self) -> bool {
        matches!(self, Self::Integer(None) | Self::Real(None) | Self::Text(None) | Self::Blob(None))
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<Option<u32>> for Value<'_> {
    fn from(value: Option<u32>) -> Self {
        Self::Integer(value.map(i64::from))
    }
}

/// A number that is none is kept as nothing, as SQLite does.
impl From<Option<f64>> for Value<'_> {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value.filter(|value| !value.is_nan()))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(Some(Cow::Borrowed(value)))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(Some(Cow::Owned(value)))
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Integer(Some(value)) => ValueRef::Integer(*value),
            Self::Real(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Blob(Some(value)) => ValueRef::Blob(value),
            Self::Integer(None) | Self::Real(None) | Self::Text(None) | Self::Blob(None) => {
                ValueRef::Null
            }
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// A row of a query.
#[derive(Clone, Copy)]
pub(in crate::record) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r PgRow),
}

impl<'r> Row<'r> {
    /// The names of its columns.
    pub(in crate::record) fn names(&self) -> Vec<String> {
        match self {
            Self::Sqlite(row) => row.as_ref().column_names().map(str::to_owned).collect(),
            Self::Postgres(row) => {
                row.columns().iter().map(|column| column.name().to_owned()).collect()
            }
        }
    }

    /// What a column holds.
    pub(in crate::record) fn value(&self, column: usize) -> Result<Value<'r>, SqlError> {
        match self {
            Self::Sqlite(row) => {
                let text = |bytes| {
                    std::str::from_utf8(bytes).map_err(|_| SqlError::Column(column.to_string()))
                };
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Integer(None),
                    ValueRef::Integer(value) => value.into(),
                    ValueRef::Real(value) => Value::Real(Some(value)),
                    ValueRef::Text(bytes) => text(bytes)?.into(),
                    ValueRef::Blob(bytes) => bytes.into(),
                })
            }
            Self::Postgres(row) => of_server(row, column),
        }
    }

    /// What a column holds, as the wanted type.
    pub(in crate::record) fn get<T: FromValue>(&self, column: impl Place) -> Result<T, SqlError> {
        let place = column.place(self)?;
        T::of(self.value(place)?).ok_or_else(|| SqlError::Column(place.to_string()))
    }

    /// The text of a column, borrowed from the row.
    pub(in crate::record) fn text(&self, column: usize) -> Result<Option<&'r str>, SqlError> {
        Ok(match self.value(column)? {
            Value::Text(Some(Cow::Borrowed(text))) => Some(text),
            Value::Text(_) | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => None,
        })
    }
}

fn of_server(row: &PgRow, column: usize) -> Result<Value<'_>, SqlError> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Value::Integer(None));
    }
    Ok(match raw.type_info().name() {
        "INT8" => row.try_get::<i64, _>(column)?.into(),
        "INT4" => i64::from(row.try_get::<i32, _>(column)?).into(),
        "BOOL" => i64::from(row.try_get::<bool, _>(column)?).into(),
        "FLOAT8" => Value::Real(Some(row.try_get(column)?)),
        "BYTEA" => row.try_get::<&[u8], _>(column)?.into(),
        "TEXT" | "VARCHAR" | "NAME" | "UNKNOWN" => row.try_get::<&str, _>(column)?.into(),
        _ => return Err(SqlError::Column(column.to_string())),
    })
}

/// How a column is named.
pub(in crate::record) trait Place {
    fn place(&self, row: &Row<'_>) -> Result<usize, SqlError>;
}

impl Place for usize {
    fn place(&self, _row: &Row<'_>) -> Result<usize, SqlError> {
        Ok(*self)
    }
}

impl Place for &str {
    fn place(&self, row: &Row<'_>) -> Result<usize, SqlError> {
        match row {
            Row::Sqlite(row) => Ok(row.as_ref().column_index(self)?),
            Row::Postgres(row) => {
                let place = row.columns().iter().position(|column| column.name() == *self);
                place.ok_or_else(|| SqlError::Column((*self).to_owned()))
            }
        }
    }
}

/// What a value can be taken for.
pub(in crate::record) trait FromValue: Sized {
    fn of(value: Value<'_>) -> Option<Self>;
}

impl FromValue for i64 {
    fn of(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(value) = value { value } else { None }
    }
}

impl FromValue for u32 {
    fn of(value: Value<'_>) -> Option<Self> {
        i64::of(value).and_then(|value| Self::try_from(value).ok())
    }
}

impl FromValue for bool {
    fn of(value: Value<'_>) -> Option<Self> {
        i64::of(value).map(|value| value != 0)
    }
}

impl FromValue for f64 {
    fn of(value: Value<'_>) -> Option<Self> {
        if let Value::Real(value) = value { value } else { None }
    }
}

impl FromValue for String {
    fn of(value: Value<'_>) -> Option<Self> {
        if let Value::Text(value) = value { value.map(Cow::into_owned) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn of(value: Value<'_>) -> Option<Self> {
        if let Value::Blob(value) = value { value.map(Cow::into_owned) } else { None }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn of(value: Value<'_>) -> Option<Self> {
        Vec::of(value).and_then(|bytes| bytes.try_into().ok())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn of(value: Value<'_>) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::of(value).map(Some) }
    }
}
