//! Numbers, amounts and times as people read them.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::money::NanoUsd;

/// An amount: cents from a dollar on, three digits that matter below.
pub(super) fn usd(amount: NanoUsd) -> String {
    let dollars = amount.as_usd_f64();
    let digits = match dollars.abs() {
        0.0 => return "$0".to_owned(),
        1.0.. => 2,
        0.1..1.0 => 3,
        0.01..0.1 => 4,
        0.001..0.01 => 5,
        0.000_000_5..0.001 => 6,
        _ => return "<$0.000001".to_owned(),
    };
    let text = format!("{dollars:.digits$}");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let (cents, rest) = part.split_at(part.len().min(2));
    format!("${}.{cents}{}", grouped(whole), rest.trim_end_matches('0'))
}

/// A count with its thousands apart.
pub(super) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut out = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A part of a whole, in percent.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a display value")]
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    if share > 0.0 && share < 10.0 { format!("{share:.1}%") } else { format!("{share:.0}%") }
}

/// A duration in the unit that suits it.
pub(super) fn duration(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        10.0.. => format!("{seconds:.0} s"),
        1.0..10.0 => format!("{seconds:.2} s"),
        0.01..1.0 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{:.1} ms", seconds * 1e3),
    }
}

/// A size in the unit that suits it.
pub(super) fn bytes(size: u64) -> String {
    match size {
        1_073_741_824.. => format!("{:.1} GiB", mebi(size) / 1024.0),
        1_048_576.. => format!("{:.1} MiB", mebi(size)),
        _ => format!("{} KiB", size >> 10),
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a display value")]
fn mebi(size: u64) -> f64 {
    size as f64 / 1_048_576.0
}

/// A moment in UTC, for people and for programs; the day only if it is another than today's.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Markup {
    let day = |at: Timestamp| at.strftime("%m-%d").to_string();
    let is_today = now.as_second().div_euclid(86_400) == at.as_second().div_euclid(86_400);
    html! {
        time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(at.strftime("%Y-%m-%d %H:%M:%S UTC")) {
            @if !is_today { span.day { (day(at)) } " " }
            (at.strftime("%H:%M:%S"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_that_matter() {
        for (nanos, text) in [
            (0, "$0"),
            (1_234_567_890_000, "$1,234.57"),
            (1_000_000_000, "$1.00"),
            (42_000_000, "$0.042"),
            (600_000_000, "$0.60"),
            (112_400_000, "$0.112"),
            (33_000, "$0.000033"),
            (3, "<$0.000001"),
            (-2_500_000_000, "$-2.50"),
        ] {
            assert_eq!(usd(NanoUsd::new(nanos)), text);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(
            (percent(1, 3), percent(1, 100), percent(0, 0)),
            ("33%".into(), "1.0%".into(), "–".into())
        );
        assert_eq!(duration(Duration::from_micros(1_500)), "1.5 ms");
        assert_eq!(duration(Duration::from_millis(2_500)), "2.50 s");
        assert_eq!(bytes(3 << 20), "3.0 MiB");
    }
}
