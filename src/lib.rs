//! Ambidex, a hybrid routing proxy between open and closed models.
//!
//! The modules stand in the order in which a request meets them.

pub mod money;
pub mod chat;
pub mod inspect;
pub mod policy;
pub mod budget;
pub mod route;
pub mod engine;
pub mod record;
pub mod cli;
