//! Check digits and dates, as their standards define them. Digits are ASCII.

/// The value of an ASCII digit.
pub(super) fn value(digit: u8) -> u32 {
    u32::from(digit.wrapping_sub(b'0'))
}

/// The number that some digits spell.
pub(super) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0_u32, |sum, digit| sum.wrapping_mul(10).wrapping_add(value(*digit)))
}

/// A part of the digits as a number; zero where it does not exist.
pub(super) fn part(digits: &[u8], from: usize, to: usize) -> u32 {
    digits.get(from..to).map_or(0, number)
}

/// The sum of digits times weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

/// The value of a digit or capital letter in base 36.
pub(super) fn value_36(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    }
}

/// The Luhn formula of ISO/IEC 7812-1 annex B.
pub(in crate::inspect) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_multiple_of(10) && digits.iter().any(|digit| *digit != b'0')
}

/// The Luhn sum, beginning at the last digit.
pub(super) fn luhn_sum(digits: &[u8]) -> u32 {
    let double = |digit: u32| if digit >= 5 { digit * 2 - 9 } else { digit * 2 };
    let weighted =
        digits.iter().rev().enumerate().map(|(index, digit)| {
            if index % 2 == 0 { value(*digit) } else { double(value(*digit)) }
        });
    weighted.sum()
}

/// The remainder mod 97 of a number of any length.
pub(in crate::inspect) fn mod_97(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |rest, digit| (rest * 10 + value(*digit)) % 97)
}

/// ISO 7064 mod 11,10.
pub(in crate::inspect) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| match (value(*digit) + product) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10 == value(*last)
}

/// Verhoeff's dihedral check, as Aadhaar uses it.
pub(in crate::inspect) fn verhoeff(digits: &[u8]) -> bool {
    // The group of the pentagon's symmetries, and powers of Verhoeff's permutation.
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let permuted = |digit: u32, power: usize| {
        (0..power % 8).fold(digit, |digit, _| {
            [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
                .get(usize::try_from(digit).unwrap_or(0))
                .copied()
                .unwrap_or(0)
        })
    };
    let places = digits.iter().rev().enumerate();
    places.fold(0, |state, (index, digit)| times(state, permuted(value(*digit), index))) == 0
}

/// ISO 7064 mod 11-2 over digits, the last of which may be written `X` for ten.
pub(in crate::inspect) fn mod_11_2(written: &[u8]) -> bool {
    let is_ten = written.last().is_some_and(|last| last.eq_ignore_ascii_case(&b'X'));
    let digits = written.iter().filter(|byte| byte.is_ascii_digit()).map(|digit| value(*digit));
    let digits = digits.chain(is_ten.then_some(10));
    let (rest, count) =
        digits.fold((0, 0), |(rest, count), digit| ((rest * 2 + digit) % 11, count + 1));
    count > 1 && rest == 1
}

/// Damm's quasigroup of order ten.
pub(in crate::inspect) fn damm(digits: &[u8]) -> bool {
    const TABLE: [[u8; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    let step = |interim: u8, digit: &u8| {
        let row = TABLE.get(usize::from(interim));
        row.and_then(|row| row.get(usize::from(digit.saturating_sub(b'0')))).copied().unwrap_or(1)
    };
    digits.iter().fold(0, step) == 0
}

/// Whether year, month and day exist; years from 1880 on.
pub(super) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    (1880..=2040).contains(&year) && (1..=days).contains(&day)
}

/// How many different bytes there are.
pub(in crate::inspect) fn distinct(value: &[u8]) -> u32 {
    let seen = value.iter().fold(0_u128, |seen, byte| seen | 1 << (byte % 128));
    seen.count_ones()
}

/// How often a byte occurs.
pub(super) fn count(bytes: &[u8], sign: u8) -> usize {
    memchr::memchr_iter(sign, bytes).count()
}

/// Whether the last six characters are the CRC-32 of those before, in base 62 (`0-9A-Za-z`).
pub(super) fn crc_base62(value: &[u8]) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((body, tail)) = value.len().checked_sub(6).and_then(|at| value.split_at_checked(at))
    else {
        return false;
    };
    let mut rest = !body.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }
        })
    });
    tail.iter().rev().all(|letter| {
        let digit = usize::try_from(rest % 62).ok().and_then(|digit| DIGITS.get(digit));
        rest /= 62;
        digit == Some(letter)
    })
}

#[cfg(test)]
mod tests {
    use super::{crc_base62, is_date, luhn, mod_11_10, mod_97, verhoeff};

    #[test]
    fn published_examples_pass() {
        assert!(luhn(b"4111111111111111") && !luhn(b"4111111111111112") && !luhn(b"0000"));
        assert!(verhoeff(b"2363") && !verhoeff(b"2364"));
        assert!(mod_11_10(b"86095742719") && !mod_11_10(b"86095742718"));
        assert_eq!(mod_97(b"3214282912345698765432161182"), 1);
        assert!(crc_base62(b"Kd83hQwZr0TmXyV5uNcB1sLpJ7aEfG1RMffw"));
        assert!(!crc_base62(b"Kd83hQwZr0TmXyV5uNcB1sLpJ7aEfG1RMffx") && !crc_base62(b"abc"));
        assert!(is_date(2000, 2, 29) && !is_date(1900, 2, 29) && !is_date(2001, 13, 1));
    }
}
