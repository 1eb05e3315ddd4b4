//! Exact sums: money in nano-dollars and token counts, as types that cannot be confused.
//!
//! Every amount inside Ambidex is an integer number of nano-USD (1 USD = 10⁹ nano-USD), so that a
//! price of $0.15 per million tokens (150 nano-USD a token) has no rounding at all. Floating point
//! appears only at the edge, in metrics and reports.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// An amount of money in nano-USD. Arithmetic saturates: a sum may be wrong by being too large to
/// represent (170 octillion dollars), never by wrapping round.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsd(i128);

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The amount of this many nano-dollars.
    pub const fn new(nanos: i128) -> Self {
        Self(nanos)
    }

    /// The amount as nano-dollars.
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// Reads a decimal number of dollars, such as `0.50` or `400`, exactly. At most nine decimals.
    pub fn from_decimal_usd(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let fraction_nanos = match fraction.len() {
            0 => 0,
            length @ 1..=9 => {
                let scale = 10_i128.checked_pow(9 - u32::try_from(length).ok()?)?;
                fraction.parse::<i128>().ok()?.checked_mul(scale)?
            }
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        Some(Self(whole.checked_mul(1_000_000_000)?.checked_add(fraction_nanos)?))
    }

    /// Reads a number of dollars as JSON writes it (`0.00014`, `1.4e-4`), rounded up to a nano-dollar.
    pub fn from_json_usd(text: &str) -> Option<Self> {
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.trim_start_matches('+').parse().ok()?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let number: i128 = format!("{whole}{fraction}").parse().ok()?;
        let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(9)?;
        let scale = 10_i128.checked_pow(shift.unsigned_abs());
        if shift >= 0 {
            return number.checked_mul(scale?).map(Self);
        }
        // What is smaller than every power of ten that can be written is still not nothing.
        let Some(scale) = scale else { return Some(Self(i128::from(number > 0))) };
        Some(Self(number.checked_add(scale - 1)?.div_euclid(scale)))
    }

    /// The amount in dollars, for metrics and for people; never for further sums.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a display value")]
    pub fn as_usd_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The larger of the difference and zero.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// This many times the amount.
    #[must_use]
    pub const fn times(self, count: i128) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// Whether anything is left to spend.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for NanoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for NanoUsd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Dollars with as many decimals as the amount needs, at least two: `0.50`, `0.00001275`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (whole, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let fraction = format!("{fraction:09}");
        let fraction = fraction.trim_end_matches('0');
        write!(out, "{sign}{whole}.{fraction:0<2}")
    }
}

impl fmt::Debug for NanoUsd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "${self}")
    }
}

/// A number of model tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tokens(pub u32);

impl Tokens {
    /// A count of the wire's; what is beyond all bounds is the largest.
    pub fn counted(count: u64) -> Self {
        Self(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The count as a signed wide integer, for multiplication with prices.
    pub fn wide(self) -> i128 {
        i128::from(self.0)
    }

    /// Counts a length; more than `u32::MAX` is that.
    pub fn of(length: usize) -> Self {
        Self(u32::try_from(length).unwrap_or(u32::MAX))
    }
}

impl Add for Tokens {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_and_written_exactly() {
        for (text, nanos) in [("0.50", 500_000_000), ("400", 400_000_000_000), (".000000001", 1)] {
            assert_eq!(NanoUsd::from_decimal_usd(text), Some(NanoUsd::new(nanos)), "{text}");
        }
        for text in ["", ".", "-1", "1e3", "0.0000000001", "1,5"] {
            assert_eq!(NanoUsd::from_decimal_usd(text), None, "{text}");
        }
        for (text, nanos) in [
            ("0.95", 950_000_000),
            ("0.00014", 140_000),
            ("1.4e-4", 140_000),
            ("2E+1", 20_000_000_000),
            ("0", 0),
            ("0.0000000001", 1),
            ("1e-60", 1),
            ("0e-60", 0),
        ] {
            assert_eq!(NanoUsd::from_json_usd(text), Some(NanoUsd::new(nanos)), "{text}");
        }
        for text in ["", "-1", "x", "1e", "1e99", "null", ".5"] {
            assert_eq!(NanoUsd::from_json_usd(text), None, "{text}");
        }
        assert_eq!(NanoUsd::new(12_750).to_string(), "0.00001275");
        assert_eq!(NanoUsd::new(-1_500_000_000).to_string(), "-1.50");
        assert_eq!(NanoUsd::ZERO.to_string(), "0.00");
    }
}
