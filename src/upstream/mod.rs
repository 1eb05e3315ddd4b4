//! Commercial APIs and other servers: one HTTP client for all of them, one codec for each.
//!
//! INVARIANT: [`send`] is the only function that writes to a remote server, and it consumes a
//! [`Clearance`](crate::policy::Clearance): no byte leaves without the policy's word.

mod client;
pub mod provider;
mod target;

pub use client::{Client, Reply, SendError, send};
pub use target::{Remote, RemoteError, RemoteSettings, Timeouts};
