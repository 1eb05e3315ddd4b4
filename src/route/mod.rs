//! Where a request could go and what it would cost there.

pub mod price;
