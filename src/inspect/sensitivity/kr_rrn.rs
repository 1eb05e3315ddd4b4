//! South Korean resident registration numbers: date of birth, sex and century, and, for those
//! issued before October 2020, a check digit.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityKrRrn],
    pack: Pack::Kr,
    names: NAMES,
    shapes: &["######-#######", "#############"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "주민등록번호",
    "주민번호",
    "주민등록",
    "외국인등록번호",
    "rrn",
    "resident registration",
    "resident registration number",
    "jumin",
];

fn grade(digits: &[u8]) -> Grade {
    let century = match digits.get(6) {
        Some(b'1' | b'2' | b'5' | b'6') => 1900,
        Some(b'3' | b'4' | b'7' | b'8') => 2000,
        Some(b'9' | b'0') => 1800,
        _ => return Grade::Wrong,
    };
    let (month, day) = (check::part(digits, 2, 4), check::part(digits, 4, 6));
    if !check::is_date((century + check::part(digits, 0, 2)).max(1880), month, day) {
        return Grade::Wrong;
    }
    let sum = check::weighted(digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    let is_checked = (11 - sum % 11) % 10 == check::part(digits, 12, 13);
    // The date and the hyphen in its place make up for a check digit that newer numbers lack.
    if is_checked { Grade::Checked } else { Grade::Fits }
}
