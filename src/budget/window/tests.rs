//! Windows against the calendar: known days, changing clocks, and that windows tile time.

use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn check(window: Window, tz: &str, now: &str, expected: (&str, &str)) {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let span = window.span(&zone(tz), at(now));
    assert_eq!(span, Span { start: at(expected.0), end: at(expected.1) }, "{window:?} {tz} {now}");
}

#[test]
fn windows_follow_the_calendar_of_their_zone() {
    let now = "2026-03-04T15:45:00Z"; // a Wednesday
    check(Window::Hour, "UTC", now, ("2026-03-04T15:00:00Z", "2026-03-04T16:00:00Z"));
    check(Window::Day, "UTC", now, ("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"));
    check(Window::Week, "UTC", now, ("2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"));
    check(Window::Month, "UTC", now, ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"));
    // In Kolkata (+05:30) it is 21:15 of the same day; hours begin at half past in UTC.
    check(Window::Hour, "Asia/Kolkata", now, ("2026-03-04T15:30:00Z", "2026-03-04T16:30:00Z"));
    check(Window::Day, "Asia/Kolkata", now, ("2026-03-03T18:30:00Z", "2026-03-04T18:30:00Z"));
    // A window's end belongs to the next one.
    let midnight = "2026-03-05T00:00:00Z";
    check(Window::Day, "UTC", midnight, (midnight, "2026-03-06T00:00:00Z"));
}

#[test]
fn days_are_as_long_as_the_clock_makes_them() {
    // Berlin: 23 hours on 29 March 2026, 25 on 25 October.
    check(
        Window::Day,
        "Europe/Berlin",
        "2026-03-29T12:00:00Z",
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
    );
    check(
        Window::Day,
        "Europe/Berlin",
        "2026-10-25T12:00:00Z",
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    );
    // The hour that Berlin shows twice is two windows.
    check(
        Window::Hour,
        "Europe/Berlin",
        "2026-10-25T00:30:00Z",
        ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
    );
    check(
        Window::Hour,
        "Europe/Berlin",
        "2026-10-25T01:30:00Z",
        ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"),
    );
    // Havana skips midnight: its day begins at one o'clock.
    check(
        Window::Day,
        "America/Havana",
        "2026-03-08T12:00:00Z",
        ("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
    );
    // Samoa had no 30 December 2011.
    check(
        Window::Day,
        "Pacific/Apia",
        "2011-12-30T10:30:00Z",
        ("2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"),
    );
    // Lord Howe moves by half an hour, in the middle of an hour.
    check(
        Window::Hour,
        "Australia/Lord_Howe",
        "2026-10-03T15:15:00Z",
        ("2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z"),
    );
    check(
        Window::Hour,
        "Australia/Lord_Howe",
        "2026-10-03T15:45:00Z",
        ("2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"),
    );
}

#[test]
fn the_ends_of_time_have_windows() {
    for window in Window::ALL {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let span = window.span(&zone("Europe/Berlin"), now);
            assert!(span.start <= now && now <= span.end, "{window:?} {now}");
        }
    }
}

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/Havana",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
];

proptest! {
    /// Every instant lies in its window, and so do the window's ends as far as they belong to it; the
    /// neighbours begin and end where it does.
    #[test]
    fn windows_tile_time(
        second in 0_i64..4_000_000_000,
        zone_index in 0..ZONES.len(),
        window in prop::sample::select(Window::ALL.to_vec()),
    ) {
        let tz = zone(ZONES[zone_index]);
        let now = Timestamp::from_second(second).unwrap();
        let span = window.span(&tz, now);
        prop_assert!(span.contains(now), "{:?} {}", span, now);
        let last = span.end.saturating_sub(SignedDuration::from_nanos(1)).unwrap();
        prop_assert_eq!(window.span(&tz, span.start), span);
        prop_assert_eq!(window.span(&tz, last), span);
        prop_assert_eq!(window.span(&tz, span.end).start, span.end);
    }
}
