//! Singapore identity numbers (NRIC and FIN): a letter, seven digits and a check letter.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentitySgNric],
    pack: Pack::Sg,
    names: NAMES,
    shapes: &["@#######@"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "nric",
    "fin",
    "fin number",
    "nric number",
    "nric/fin",
    "singapore id",
    "identity card",
    "ic number",
    "nric no",
];

fn grade(code: &[u8]) -> Grade {
    let (Some(lead), Some(last)) = (code.first(), code.last()) else { return Grade::Wrong };
    let digits = code.get(1..8).unwrap_or_default();
    let sum = check::weighted(digits, &[2, 7, 6, 5, 4, 3, 2]);
    let (sum, letters): (u32, &[u8; 11]) = match lead {
        b'S' => (sum, b"JZIHGFEDCBA"),
        b'T' => (sum + 4, b"JZIHGFEDCBA"),
        b'F' => (sum, b"XWUTRQPNMLK"),
        b'G' => (sum + 4, b"XWUTRQPNMLK"),
        b'M' => (sum + 3, b"KLJNPQRTUWX"),
        _ => return Grade::Wrong,
    };
    // The letters of series M run the other way.
    let rest = if *lead == b'M' { 10 - sum % 11 } else { sum % 11 };
    let expected = usize::try_from(rest).ok().and_then(|rest| letters.get(rest));
    if expected == Some(last) { Grade::Proven } else { Grade::Wrong }
}
