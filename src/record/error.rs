//! What can go wrong with the ledger file.

use std::path::PathBuf;

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
        source: rusqlite::Error,
    },
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
    /// A query or a row's write failed; nothing else is affected.
    #[error("the ledger refused an operation: {0}")]
    Sql(#[from] rusqlite::Error),
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
