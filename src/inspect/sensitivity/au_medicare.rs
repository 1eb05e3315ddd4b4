//! Australian Medicare cards: ten or eleven digits, the ninth a check digit mod 10.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::HealthAuMedicare],
    pack: Pack::Au,
    names: NAMES,
    shapes: &["#### ##### #", "#### ##### # #", "##########"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "medicare",
    "medicare card",
    "medicare number",
    "medicare no",
    "medicare card number",
    "medicare_number",
];

fn grade(digits: &[u8]) -> Grade {
    let sum = check::weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]);
    let fits = matches!(digits.first(), Some(b'2'..=b'6'))
        && sum % 10 == check::part(digits, 8, 9)
        && digits.get(9) != Some(&b'0');
    if fits { Grade::Checked } else { Grade::Wrong }
}
