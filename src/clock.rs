//! The one place that reads the clock; everything else takes `now` as an argument.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
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

/// Why a moment that somebody typed cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// Not one of the ways to say it.
    #[error("`{0}` is neither a time back (`30d`, `12h`) nor a day (`2026-03-01`, UTC)")]
    NoPast(String),
    /// The same, for what lies ahead.
    #[error("`{0}` is neither a time from now (`90d`) nor a day (`2027-01-31`)")]
    NoFuture(String),
    /// It does not lie ahead.
    #[error("`{0}` is over")]
    Over(String),
}

/// A time back from `now` (`30d`), a day, or an instant.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    let back = |span: Span| now.to_zoned_datetime(TimeZone::UTC).checked_sub(span);
    let found = fixed(text).or_else(|| Some(back(span(text)?).ok()?.timestamp()));
    found.ok_or_else(|| MomentError::NoPast(text.to_owned()))
}

/// A time from `now` on (`90d`), a day, or an instant; it must lie ahead.
pub fn ahead(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    let later = |span: Span| now.to_zoned_datetime(TimeZone::UTC).checked_add(span);
    let found = fixed(text).or_else(|| Some(later(span(text)?).ok()?.timestamp()));
    match found {
        None => Err(MomentError::NoFuture(text.to_owned())),
        Some(at) if at <= now => Err(MomentError::Over(text.to_owned())),
        Some(at) => Ok(at),
    }
}

fn fixed(text: &str) -> Option<Timestamp> {
    let day = |text: &str| {
        Some(text.parse::<Date>().ok()?.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
    };
    text.parse::<Timestamp>().ok().or_else(|| day(text))
}

fn span(text: &str) -> Option<Span> {
    text.parse::<Span>().ok().filter(Span::is_positive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_lies_ahead() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(ahead("90d", now).unwrap().to_string(), "2026-05-30T12:00:00Z");
        assert_eq!(ahead("2027-01-31", now).unwrap().to_string(), "2027-01-31T00:00:00Z");
        for wrong in ["2026-01-31", "soon", ""] {
            assert!(ahead(wrong, now).is_err(), "{wrong}");
        }
        assert_eq!(moment("1d", now).unwrap().to_string(), "2026-02-28T12:00:00Z");
        assert!(moment("-1d", now).is_err());
    }
}
