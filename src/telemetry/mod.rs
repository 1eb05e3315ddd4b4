//! What the outside may know about the inside: metrics and logs, neither with content.

pub mod catalog;
pub mod logs;
mod metrics;

pub use metrics::{LocalAnswer, Metrics, Outcome, RequestLabels, Sums};
