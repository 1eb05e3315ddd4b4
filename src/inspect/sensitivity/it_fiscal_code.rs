//! Italian fiscal codes: letters of the name, date of birth, municipality and a check letter.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityItFiscalCode],
    pack: Pack::Eu,
    names: NAMES,
    shapes: &["@@@@@@ ## @ ## @ ### @"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "codice fiscale",
    "cod. fiscale",
    "cod fiscale",
    "c.f.",
    "codicefiscale",
    "codice_fiscale",
    "fiscal code",
    "italian fiscal code",
    "tessera sanitaria",
];

/// The values of characters in odd places, digits and letters alike.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn grade(code: &[u8]) -> Grade {
    let Some((last, body)) = code.split_last() else { return Grade::Wrong };
    let index = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte.wrapping_sub(b'A'),
    };
    let value = |(place, byte): (usize, &u8)| {
        let index = index(*byte);
        if place % 2 == 0 {
            ODD.get(usize::from(index)).copied().unwrap_or(0)
        } else {
            u32::from(index)
        }
    };
    let sum: u32 = body.iter().enumerate().map(value).sum();
    let is_month = code.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month));
    // Digits may be replaced by letters when two people would have the same code.
    let is_day = code.get(9..11).is_some_and(|day| {
        !day.iter().all(u8::is_ascii_digit) || matches!(check::number(day), 1..=31 | 41..=71)
    });
    if is_month && is_day && sum % 26 == u32::from(index(*last)) {
        Grade::Proven
    } else {
        Grade::Wrong
    }
}
