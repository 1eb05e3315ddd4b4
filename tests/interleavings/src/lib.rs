//! The budgets of the gateway, from its own files, with shuttle's lock in place of the standard one.

#[path = "../../../src/budget/mod.rs"]
pub mod budget;
#[path = "../../../src/money.rs"]
pub mod money;
