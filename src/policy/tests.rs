//! The language as a whole: cases from `tests/policy/`, messages, and what must never happen.

mod cases;
mod cel;
mod detect;
mod messages;
mod properties;

use super::*;

/// A world with one local target, one in the EU and one anywhere.
pub(super) fn world() -> World {
    let target = |name: &str, zone: &str| TargetWords::new(name, zone);
    World {
        targets: vec![target("local", "on-host"), target("cloud", "eu"), target("world", "global")],
        teams: Vec::new(),
        masking: Masking::Unavailable,
    }
}

pub(super) fn compile(source: &str) -> Policy {
    // What is proved of policies has its own tests.
    Policy::compile_unproved("policy.yaml", source, &world())
        .unwrap_or_else(|problems| panic!("{problems}"))
}
