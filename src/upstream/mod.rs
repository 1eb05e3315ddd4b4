//! Commercial APIs and other servers: one HTTP client for all of them, one codec for each.
//!
//! INVARIANT: [`send`] is the only function that writes a request of a client to a remote server, and
//! it consumes a [`Clearance`](crate::policy::Clearance): no byte leaves without the policy's word.
//! [`probe`] knows no request: `ambidex doctor` and the console ask with it whether a server is there.
//! [`Client::export`] takes traces of ours to the operator's collector; they are names and numbers.

mod client;
mod probe;
mod resolve;
pub mod provider;
mod scrub;
mod sign;
mod target;

pub use client::{Client, Collector, Failed, Outgoing, Reply, SendError, send};
pub use probe::{ProbeError, Probed, probe};
pub use sign::AwsKeys;
pub use target::{Remote, RemoteError, RemoteSettings, Speaker, Timeouts};
