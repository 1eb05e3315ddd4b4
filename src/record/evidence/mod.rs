//! Evidence: a ledger that tells when somebody has changed it.
//!
//! Every change of the ledger (a decision, its end, a caller forgotten, old rows removed) is a link of
//! a chain: it holds a digest of what the row says and, through its own hash, everything before it.
//! The end of the chain is signed with a key of this node at every commit. Whoever changes, removes,
//! adds or reorders rows without the key leaves a place where the chain does not fit; [`verify`] finds
//! it without the gateway. Who has the key and the file can write another history: compare with a
//! [`SignedHead`] that was kept elsewhere.
//!
//! Where several nodes share a ledger, each has a chain of its own, with its own signatures, and what a
//! node did to another's rows (it booked them after that node had died) is in the chain of the node that
//! did it. [`verify`] reads all chains and wants every row in them exactly as in one. A chain begins by
//! saying where the others end: one that is gone, or was cut off, is missed by those that began later.
//!
//! Hashes are SHA-256, signatures Ed25519 (RFC 8032).

mod chain;
mod content;
mod key;
mod rows;
mod upkeep;
mod verify;

pub use chain::{Anchor, SignedHead};
pub(super) use chain::{Chain, ONLY_NODE};
pub use key::{Fingerprint, SigningKey};
pub use upkeep::{Removed, Upkeep};
pub(super) use verify::verify_within;
pub use verify::{Fault, Known, Place, SetBack, Verified, verify};

#[cfg(test)]
mod tests;
