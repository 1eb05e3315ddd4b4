//! The one place that reads the clock; everything else takes `now` as an argument.

use jiff::Timestamp;
/// Monotonic time. Tokio's, so that tests can pause it.
pub use tokio::time::Instant;

/// The wall clock, in UTC.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The monotonic clock.
pub fn instant() -> Instant {
    Instant::now()
}
