//! What happened: the ledger on disk and the records that explain each decision.

pub mod cascade;
mod columns;
pub mod egress;
pub mod error;
pub mod evidence;
pub mod facts;
pub mod find;
pub mod keys;
mod nodes;
pub mod place;
pub mod read;
pub mod replay;
pub mod report;
pub mod row;
mod schema;
pub mod slices;
mod sql;
pub mod store;
pub mod trace;
mod writer;

pub use cascade::Looked;
pub use error::LedgerError;
pub use facts::RecordedFacts;
pub use find::Wanted;
pub use place::{Durability, LedgerDown, PostgresSettings, StoreSettings};
pub use read::Reader;
pub use replay::{Replay, Replayed};
pub use row::{
    Chosen, Compared, DecidedRow, Ending, LedgerRow, SentTo, SettledRow, State, Sums, Verified,
    Weights,
};
pub use slices::Slices;
pub use sql::SqlError;
pub use store::{Counts, Recovery, Store};
