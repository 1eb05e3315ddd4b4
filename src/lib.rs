//! Ambidex, a hybrid routing proxy between open and closed models.
//!
//! The modules stand in the order in which a request meets them.

pub mod money;
pub mod chat;
pub mod yaml;
pub mod inspect;
pub mod policy;
pub mod budget;
pub mod route;
pub mod engine;
pub mod record;
pub mod dialect;
pub mod failure;
pub mod secret;
pub mod clock;
pub mod tasks;
pub mod server;
pub mod receive;
pub mod caller;
pub mod telemetry;
