//! Ambidex, a hybrid routing proxy between open and closed models.
//!
//! A request goes through eight stages, told in [`pipeline`], and the modules stand in their order:
//! **receive → identify → inspect → decide → reserve → dispatch → stream back → settle & record.**

// The story.
pub mod pipeline;
pub mod gateway;
pub mod console;
pub mod app;
// receive
pub mod server;
pub mod receive;
pub mod idempotency;
pub mod dialect;
// identify
pub mod caller;
// inspect
pub mod inspector;
pub mod inspect;
// decide
pub mod decide;
pub mod rollout;
pub mod policy;
// reserve
pub mod budget;
pub mod shared;
pub mod warnings;
pub mod route;
// dispatch
pub mod dispatch;
pub mod mask;
pub mod destination;
pub mod upstream;
pub mod engine;
// stream back
pub mod reply;
pub mod cache;
// settle & record
pub mod trail;
pub mod record;
pub mod telemetry;
// What surrounds them.
pub mod config;
pub mod cli;
pub mod demo;
// Words that all of them share.
pub mod chat;
pub mod money;
pub mod failure;
pub mod secret;
pub mod clock;
mod hashed;
pub mod hex;
mod spread;
pub mod tasks;
pub mod yaml;
