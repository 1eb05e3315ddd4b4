//! End-to-end tests: a real gateway on a free port, real HTTP, scripted upstreams. One binary, so that
//! it links once.

#![expect(
    clippy::clone_on_ref_ptr,
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::large_futures,
    unreachable_pub,
    reason = "a test binary: nothing waits for its tasks, nothing counts its bytes"
)]

#[cfg(test)]
mod admin;
#[cfg(test)]
mod agree;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod cascade;
#[cfg(test)]
mod config;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod egress;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod hedge;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod interfaces;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod local;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod ner;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod prompts;
#[cfg(test)]
mod prove;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod receive;
#[cfg(test)]
mod resilience;
#[cfg(test)]
mod rollout;
#[cfg(test)]
mod route;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod split;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod surfaces;
#[cfg(test)]
mod support;
#[cfg(test)]
mod task;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod traces;
