//! Where a request could go, what it would cost there, and whether it should be asked now.

pub mod breaker;
pub mod price;
pub mod retry;
