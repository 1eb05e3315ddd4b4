//! What can go wrong with the ledger.

use std::path::PathBuf;

use super::sql::{Reach, SqlError};

/// A failure of the ledger, with a way out where there is one.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be opened or created.
    #[error("cannot open the ledger `{path}`: {source}; check the folder and its permissions")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: SqlError,
    },
    /// The server cannot be reached, or does not let us in.
    #[error(
        "cannot use the ledger in {place}: {source}; check the server, the user and its rights"
    )]
    Connect {
        /// Server and database.
        place: String,
        /// Why.
        #[source]
        source: SqlError,
    },
    /// No gateway has written there yet.
    #[error("there is no ledger in {place} yet; a gateway that serves makes it")]
    Missing {
        /// Server and database.
        place: String,
    },
    /// Other nodes have taken this one for dead: what it had was booked and given to others.
    #[error(
        "this node was not heard of for longer than its lease, and others took over what it had; \
         restart it"
    )]
    Lapsed,
    /// The lock file beside it cannot be made.
    #[error("cannot lock the ledger `{path}`: {source}; check the folder and its permissions")]
    Lock {
        /// The ledger file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it.
    #[error(
        "another process is using the ledger `{path}`; stop it or give this one its own `store:`"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is a database, but not a ledger.
    #[error("`{path}` is a database of another program; choose another file for `store:`")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version wrote it.
    #[error(
        "the ledger has schema version {found} and this program knows versions up to {known}; \
         run a newer ambidex or choose another file for `store:`"
    )]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest version this build reads.
        known: i64,
    },
    /// An earlier version wrote it, and reading changes nothing.
    #[error(
        "the ledger has schema version {found}, of an earlier ambidex, and this program reads version {known}: \
         a gateway of this version brings it up to date when it starts (`ambidex serve`); to look at it \
         as it is, use the ambidex that wrote it"
    )]
    Older {
        /// The file's version.
        found: i64,
        /// The version that this build reads.
        known: i64,
    },
    /// A query or a row's write failed; nothing else is affected.
    #[error("the ledger refused an operation: {0}")]
    Sql(#[from] SqlError),
    /// A write could not be committed now; a later one may be.
    #[error("the ledger cannot be written at the moment: {reason}")]
    Unwritable {
        /// What the database said.
        reason: String,
    },
    /// A row of this id exists.
    #[error("the decision `{id}` is in the ledger already")]
    Duplicate {
        /// The decision id.
        id: String,
    },
    /// Writing failed in a way that leaves the file's state unknown. Nothing more is written.
    #[error("the ledger stopped after a failed write ({reason}); check the disk, then restart")]
    Poisoned {
        /// What the database said.
        reason: String,
    },
    /// The writer has been closed.
    #[error("the ledger is closed")]
    Closed,
    /// The key for signing cannot be had.
    #[error(
        "cannot use the signing key `{path}`: {what}; restore it, or move it away for a new one"
    )]
    Key {
        /// The key's file.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// The chain does not end where it was signed.
    #[error(
        "the ledger has been changed from outside: its chain does not end where it was signed; \
         `ambidex ledger verify` says more; to go on without it, move the file away"
    )]
    Tampered,
    /// Rows that budgets need were to be removed.
    #[error("rows of the last {days} days are needed for the budgets; choose an earlier day")]
    TooYoung {
        /// How many days must be kept.
        days: i64,
    },
    /// A row holds something that no version of this program writes.
    #[error("row {seq} of the ledger is damaged: {what}")]
    Damaged {
        /// The row's number.
        seq: i64,
        /// What is wrong.
        what: String,
    },
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error.into())
    }
}

impl LedgerError {
    /// How far it reaches when it happens while rows are written.
    pub(super) fn reach(&self) -> Reach {
        if let Self::Sql(error) = self {
            error.reach()
        } else if matches!(self, Self::Connect { .. }) {
            Reach::Connection
        } else {
            Reach::Everything
        }
    }
}
