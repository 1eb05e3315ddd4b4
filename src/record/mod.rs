//! What happened: the ledger on disk and the records that explain each decision.

pub mod error;
pub mod read;
pub mod row;
mod schema;
pub mod store;
pub mod trace;
mod writer;

pub use error::LedgerError;
pub use read::Reader;
pub use row::{Chosen, DecidedRow, Ending, LedgerRow, SettledRow, State, Sums, Weights};
pub use store::{Counts, Recovery, Store};
