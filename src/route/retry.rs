//! Whether and when the same target is asked again.
//!
//! The pause is drawn from all that it could be (full jitter), so that many who failed together do not
//! come back together. Retries are paid from what ordinary requests put aside, so that they cannot
//! become a storm. Time and dice are arguments.

use std::time::Duration;

use jiff::Timestamp;

/// How often and how patiently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Retries of one request at one target.
    pub retries_max: u32,
    /// The longest pause before the first retry; twice as long before each further one.
    pub base: Duration,
    /// The longest pause at all that is ours.
    pub pause_max: Duration,
    /// The longest pause that a server can ask for while a client waits.
    pub asked_max: Duration,
    /// The same if another target could answer meanwhile.
    pub asked_max_with_others: Duration,
}

impl Rules {
    /// What holds for every target.
    pub const DEFAULT: Self = Self {
        retries_max: 2,
        base: Duration::from_millis(200),
        pause_max: Duration::from_secs(2),
        asked_max: Duration::from_secs(8),
        asked_max_with_others: Duration::from_millis(500),
    };

    /// The pause before retry number `retry`, counted from 0; `None` if there is none. `asked` is what
    /// the server asks for; `roll` is drawn from all numbers.
    pub fn pause(
        &self,
        retry: u32,
        (asked, others): (Option<Duration>, Others),
        roll: u64,
    ) -> Option<Duration> {
        if retry >= self.retries_max {
            return None;
        }
        let longest = self.base.saturating_mul(1 << retry.min(16)).min(self.pause_max);
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX).saturating_add(1);
        let jitter = Duration::from_nanos(roll % nanos);
        let Some(asked) = asked else { return Some(jitter) };
        let most = match others {
            Others::None => self.asked_max,
            Others::Some => self.asked_max_with_others,
        };
        // Those who were told the same time do not come back at the same time.
        (asked <= most).then(|| asked.saturating_add(jitter / 4))
    }
}

/// Whether another target may answer instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// None may.
    None,
    /// One may.
    Some,
}

/// What requests put aside for retries, in hundredths of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savings(u32);

/// What every request puts aside: one retry for five requests.
const SHARE: u32 = 20;
/// What is there in the beginning.
const START: u32 = 500;
/// The most that is put aside.
const MOST: u32 = 2_000;

impl Default for Savings {
    fn default() -> Self {
        Self(START)
    }
}

impl Savings {
    /// A request is sent for the first time.
    pub fn add(&mut self) {
        self.0 = self.0.saturating_add(SHARE).min(MOST);
    }

    /// Pays for a retry, if there is enough.
    pub fn take(&mut self) -> bool {
        let rest = self.0.checked_sub(100);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

/// The pause that a server asks for: `retry-after-ms`, or `retry-after` in seconds or as a date.
/// What cannot be read asks for nothing, what has passed for none.
pub fn asked(after_ms: Option<&str>, after: Option<&str>, now: Timestamp) -> Option<Duration> {
    let millis = after_ms.and_then(|text| text.trim().parse::<f64>().ok());
    if let Some(millis) = millis {
        return seconds(millis / 1e3);
    }
    let text = after?.trim();
    if let Ok(number) = text.parse::<f64>() {
        return seconds(number);
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn seconds(number: f64) -> Option<Duration> {
    if number.is_nan() {
        return None;
    }
    Some(Duration::try_from_secs_f64(number.max(0.0)).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: Rules = Rules::DEFAULT;
    const ALONE: (Option<Duration>, Others) = (None, Others::None);

    #[test]
    fn what_a_server_asks_for_is_read_in_every_form() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let of = |text| asked(None, Some(text), now);
        assert_eq!(of("3"), Some(Duration::from_secs(3)));
        assert_eq!(of(" 1.5 "), Some(Duration::from_millis(1_500)));
        assert_eq!(of("Thu, 01 Jan 2026 00:00:07 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(of("Wed, 31 Dec 2025 00:00:00 GMT"), Some(Duration::ZERO), "it has passed");
        assert_eq!(of("-5"), Some(Duration::ZERO));
        assert_eq!(of("1e300"), Some(Duration::MAX), "huge, and refused by its size");
        for text in ["", "soon", "NaN", "3 s"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(asked(Some("250"), Some("3"), now), Some(Duration::from_millis(250)));
        assert_eq!(asked(None, None, now), None);
    }

    #[test]
    fn long_pauses_are_not_waited_for_and_shorter_ones_if_others_can_answer() {
        let asked =
            |seconds, others| RULES.pause(0, (Some(Duration::from_secs(seconds)), others), 7);
        assert!(asked(8, Others::None).is_some() && asked(9, Others::None).is_none());
        assert!(asked(0, Others::Some).is_some() && asked(1, Others::Some).is_none());
        assert_eq!(RULES.pause(RULES.retries_max, ALONE, 0), None);
    }

    #[test]
    fn retries_are_a_share_of_requests() {
        let mut savings = Savings::default();
        let mut retries = 0;
        for _ in 0..1_000 {
            savings.add();
            retries += u32::from(savings.take());
        }
        assert!((195..=210).contains(&retries), "{retries}");
    }

    proptest! {
        /// Every pause from none to the longest can be drawn, and none longer.
        #[test]
        fn pauses_are_drawn_within_their_bound(retry in 0_u32..2, roll: u64) {
            let pause = RULES.pause(retry, ALONE, roll).unwrap();
            prop_assert!(pause <= RULES.base * (1 << retry));
            prop_assert!(pause <= RULES.pause_max);
        }

        #[test]
        fn a_server_is_never_asked_before_the_time_it_named(millis in 0_u64..8_000, roll: u64) {
            let asked = Duration::from_millis(millis);
            let pause = RULES.pause(0, (Some(asked), Others::None), roll).unwrap();
            prop_assert!(pause >= asked && pause <= asked + RULES.pause_max);
        }

        #[test]
        fn no_header_makes_it_panic(text in ".{0,40}") {
            let _ = asked(Some(&text), Some(&text), Timestamp::UNIX_EPOCH);
        }
    }
}
