//! Money is promised before it is spent: limits, holds and their settlement.

pub mod spec;

pub use spec::{BudgetSpec, Firmness, Imputed, Subject, Window};
