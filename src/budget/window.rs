//! When a budget's window begins and ends: half-open spans of instants, cut by the calendar of a time zone.
//!
//! The spans of one window kind and zone cover time without gap or overlap, also where clocks change:
//! a day is 23 or 25 hours long when it is, and an hour that the clock shows twice is two windows.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::spec::Window;

/// One window: from `start`, included, to `end`, excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant that belongs to the window.
    pub start: Timestamp,
    /// The first instant that does not.
    pub end: Timestamp,
}

impl Span {
    /// Whether this instant lies in the window.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

impl Window {
    /// The window of this kind that contains `now` on the calendar of `tz`; of a rolling window, the
    /// part that contains it.
    pub fn span(self, tz: &TimeZone, now: Timestamp) -> Span {
        match (self, self.rolling()) {
            (_, Some(rolling)) => part(rolling.part, now),
            (Self::Hour, None) => hour(tz, now),
            (_, None) => self.calendar(tz, now),
        }
    }

    /// Where a rolling window begins that ends at `now`; `None` for a calendar window.
    pub fn since(self, now: Timestamp) -> Option<Timestamp> {
        let Rolling { length, .. } = self.rolling()?;
        Some(now.saturating_sub(length).unwrap_or(Timestamp::MIN))
    }

    /// The length of a rolling window and of the parts that it is counted in.
    pub fn rolling(self) -> Option<Rolling> {
        let hours = |length, part| Rolling {
            length: SignedDuration::from_hours(length),
            part: SignedDuration::from_mins(part),
        };
        match self {
            Self::Hour | Self::Day | Self::Week | Self::Month => None,
            Self::RollingHour => Some(hours(1, 1)),
            Self::RollingDay => Some(hours(24, 20)),
            Self::RollingWeek => Some(hours(7 * 24, 2 * 60)),
            Self::RollingMonth => Some(hours(30 * 24, 6 * 60)),
        }
    }

    fn calendar(self, tz: &TimeZone, now: Timestamp) -> Span {
        let mut first = self.first_date(tz.to_datetime(now).date());
        // The local date can run ahead of or behind the window by one, where a clock change at
        // midnight shows the end of a day twice: step until the instant is inside.
        for _ in 0..2 {
            let span = Span { start: midnight(tz, first), end: midnight(tz, self.next(first)) };
            if now >= span.end {
                first = self.next(first);
            } else if now < span.start {
                first = self.first_date(first.saturating_sub(1.day()));
            } else {
                return span;
            }
        }
        Span { start: midnight(tz, first), end: midnight(tz, self.next(first)) }
    }

    /// The date on which the window that holds `date` begins.
    fn first_date(self, date: Date) -> Date {
        match self {
            Self::Week => {
                let days = date.weekday().since(Weekday::Monday);
                date.saturating_sub(i64::from(days).days())
            }
            Self::Month => date.first_of_month(),
            Self::Hour
            | Self::Day
            | Self::RollingHour
            | Self::RollingDay
            | Self::RollingWeek
            | Self::RollingMonth => date,
        }
    }

    /// The date on which the next window begins, given a first date.
    fn next(self, first: Date) -> Date {
        match self {
            Self::Week => first.saturating_add(1.week()),
            Self::Month => first.saturating_add(1.month()),
            Self::Hour
            | Self::Day
            | Self::RollingHour
            | Self::RollingDay
            | Self::RollingWeek
            | Self::RollingMonth => first.saturating_add(1.day()),
        }
    }
}

/// How a rolling window is counted: it forgets whole parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// How far it reaches back.
    pub length: SignedDuration,
    /// How long its parts are.
    pub part: SignedDuration,
}

/// The part that contains `now`: whole multiples of its length since 1970.
fn part(length: SignedDuration, now: Timestamp) -> Span {
    let into = now.as_second().rem_euclid(length.as_secs().max(1));
    let into = SignedDuration::new(into, now.subsec_nanosecond().max(0));
    let start = now.saturating_sub(into).unwrap_or(Timestamp::MIN);
    Span { start, end: start.saturating_add(length).unwrap_or(Timestamp::MAX) }
}

/// The first instant of a date. Where clocks skip midnight that is the instant after the gap.
fn midnight(tz: &TimeZone, date: Date) -> Timestamp {
    match date.to_zoned_datetime(tz.clone()) {
        Ok(zoned) => zoned.timestamp(),
        Err(_) if date.year() < 0 => Timestamp::MIN,
        Err(_) => Timestamp::MAX,
    }
}

/// From full hour to full hour on the zone's clock. A change by part of an hour cuts its hour in two.
fn hour(tz: &TimeZone, now: Timestamp) -> Span {
    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    let shown = now.as_second().saturating_add(i64::from(tz.to_offset(now).seconds()));
    let into = SignedDuration::new(shown.rem_euclid(3600), now.subsec_nanosecond().max(0));
    let start = now.saturating_sub(into).unwrap_or(Timestamp::MIN);
    let end = start.saturating_add(HOUR).unwrap_or(Timestamp::MAX);
    let changed = tz.preceding(end).next().map(|change| change.timestamp());
    match changed {
        Some(change) if start < change && change <= now => Span { start: change, end },
        Some(change) if now < change && change < end => Span { start, end: change },
        Some(_) | None => Span { start, end },
    }
}

#[cfg(test)]
mod tests;
