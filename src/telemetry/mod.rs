//! What the outside may know about the inside: metrics and logs, neither with content.

pub mod catalog;
pub mod genai;
pub mod logs;
mod metrics;
pub mod names;
pub mod traces;

pub use metrics::{Drops, LocalAnswer, Metrics, Outcome, RequestLabels, Sums};
pub use names::Names;
