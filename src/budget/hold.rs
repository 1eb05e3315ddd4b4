//! The promise that money for one request is set aside.
//!
//! A hold ends exactly once: settled at the real cost, released unspent or, when a panic or a lost task
//! drops it, settled at the reserved amount, because nobody can say that nothing was bought. Only
//! [`Budgets::reserve`](super::Budgets::reserve) makes one; it cannot be copied:
//!
//! ```compile_fail,E0599
//! fn twice(hold: ambidex::budget::Hold) {
//!     let copy = hold.clone();
//! }
//! ```
//!
//! or made elsewhere:
//!
//! ```compile_fail,E0451
//! let hold = ambidex::budget::Hold { ticket: None, ledger: todo!() };
//! ```
//!
//! or used once it has ended:
//!
//! ```compile_fail,E0382
//! use ambidex::money::NanoUsd;
//!
//! fn settle_twice(hold: ambidex::budget::Hold) {
//!     hold.settle(NanoUsd::new(5));
//!     hold.release();
//! }
//! ```

use std::fmt;
use std::sync::Arc;

use super::ledger::{Charge, Ending, Ticket};
use super::{Shared, locked};
use crate::money::NanoUsd;

/// Money set aside for one request.
#[must_use = "a hold that is not settled counts as spent"]
pub struct Hold {
    ticket: Option<Ticket>,
    ledger: Arc<Shared>,
}

impl Hold {
    pub(super) fn new(ticket: Ticket, ledger: Arc<Shared>) -> Self {
        Self { ticket: Some(ticket), ledger }
    }

    /// What is set aside.
    pub fn charge(&self) -> Charge {
        self.ticket.as_ref().map(Ticket::charge).unwrap_or_default()
    }

    /// Books the real cost and frees the rest. Returns what was billed beyond the hold; it is counted
    /// as overrun.
    pub fn settle(mut self, actual: impl Into<Charge>) -> NanoUsd {
        self.end(Ending::Settled(actual.into()))
    }

    /// Gives the money back: nothing was bought.
    pub fn release(mut self) {
        self.end(Ending::Released);
    }

    fn end(&mut self, ending: Ending) -> NanoUsd {
        match self.ticket.take() {
            Some(ticket) => locked(&self.ledger).close(ticket, ending),
            None => NanoUsd::ZERO,
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.end(Ending::Abandoned);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hold").field("charge", &self.charge()).finish_non_exhaustive()
    }
}
