//! Our own words for a conversation: what every dialect is read into and every provider written from.

pub mod usage;

pub use usage::{Usage, UsageSource};
