//! The one place that reads the clock; everything else takes `now` as an argument.

use std::time::Duration;

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

/// Whole microseconds of a duration, as records keep them.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
