//! Indian Aadhaar numbers: twelve digits with Verhoeff's check, not beginning with 0 or 1.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityInAadhaar],
    pack: Pack::In,
    names: NAMES,
    shapes: &["#### #### ####", "############"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "aadhaar",
    "aadhar",
    "adhaar",
    "aadhaar number",
    "aadhaar no",
    "aadhaar_no",
    "uidai",
    "uid number",
    "आधार",
    "आधार संख्या",
    "आधार नंबर",
    "आधार कार्ड",
    "ஆதார்",
    "ఆధార్",
];

fn grade(digits: &[u8]) -> Grade {
    let is_real = matches!(digits.first(), Some(b'2'..=b'9'))
        && check::distinct(digits) > 2
        && check::verhoeff(digits);
    if is_real { Grade::Checked } else { Grade::Wrong }
}
