//! Where records are kept.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::secret::Secret;

/// Where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSettings {
    /// An SQLite file, of one gateway.
    Sqlite(PathBuf),
    /// A PostgreSQL database, of one gateway or many.
    Postgres(PostgresSettings),
}

/// A database that several gateways may share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresSettings {
    /// `postgres://USER@HOST/DATABASE`, which may hold a password.
    pub url: Secret,
    /// The file with the key that this node signs its evidence with.
    pub signing_key: PathBuf,
    /// How long a node that is not heard of keeps what it has been given.
    pub lease: Duration,
}

impl PostgresSettings {
    /// How long a silent node keeps what it has, unless the configuration says otherwise.
    pub const LEASE: Duration = Duration::from_secs(15);

    /// Host and database, without user and password.
    fn server(&self) -> &str {
        let url = self.url.expose();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
        rest.rsplit_once('@').map_or(rest, |(_, server)| server)
    }
}

impl StoreSettings {
    /// The file of an SQLite store.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// For people: a path, or a server and its database. Never a password.
impl fmt::Display for StoreSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(out),
            Self::Postgres(settings) => write!(out, "PostgreSQL at {}", settings.server()),
        }
    }
}

impl From<&Self> for StoreSettings {
    fn from(settings: &Self) -> Self {
        settings.clone()
    }
}

impl From<&Path> for StoreSettings {
    fn from(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }
}

impl From<&PathBuf> for StoreSettings {
    fn from(path: &PathBuf) -> Self {
        Self::Sqlite(path.clone())
    }
}

/// What a committed row survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: one `fsync` before requests that share a commit go on.
    #[default]
    Strict,
    /// The death of the process, but not a power cut.
    Relaxed,
}

impl Durability {
    /// Both, by their words in the configuration.
    pub const ALL: [(&'static str, Self); 2] =
        [("strict", Self::Strict), ("relaxed", Self::Relaxed)];
}

/// What a gateway answers while its ledger cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerDown {
    /// Nothing.
    Refuse,
    /// What the policy lets models in this process answer: that costs nobody's money and leaves no host.
    /// It is in no record, which is said with every answer.
    Local,
}

impl LedgerDown {
    /// Both, by their words in the configuration.
    pub const ALL: [(&'static str, Self); 2] = [("refuse", Self::Refuse), ("local", Self::Local)];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_printed() {
        let url = "postgres://gateway:hunter2@db.example:5433/ambidex?sslmode=require";
        let settings = StoreSettings::Postgres(PostgresSettings {
            url: Secret::new(url.to_owned()),
            signing_key: PathBuf::from("key"),
            lease: PostgresSettings::LEASE,
        });
        assert_eq!(settings.to_string(), "PostgreSQL at db.example:5433/ambidex");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
