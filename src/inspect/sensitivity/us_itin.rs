//! US individual taxpayer numbers: nine digits that begin with 9, with a middle group that the
//! Internal Revenue Service assigns.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityUsItin],
    pack: Pack::Us,
    names: NAMES,
    shapes: &["### ## ####", "#########"],
    grade,
    alone: Alone::Hyphens,
};

const NAMES: &[&str] = &[
    "itin",
    "taxpayer id",
    "taxpayer identification",
    "taxpayer identification number",
    "individual taxpayer",
    "individual taxpayer identification number",
    "tax id",
    "tin",
    "tax identification",
    "irs number",
];

fn grade(digits: &[u8]) -> Grade {
    let group = check::part(digits, 3, 5);
    let is_assigned = digits.first() == Some(&b'9')
        && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
        && check::distinct(digits) > 3;
    if is_assigned { Grade::Checked } else { Grade::Wrong }
}
