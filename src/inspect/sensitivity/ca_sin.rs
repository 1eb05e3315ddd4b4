//! Canadian social insurance numbers: nine digits with a Luhn digit.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityCaSin],
    pack: Pack::Ca,
    names: NAMES,
    shapes: &["### ### ###", "#########"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "sin",
    "social insurance",
    "social insurance number",
    "social insurance no",
    "social_insurance_number",
    "sin number",
    "nas",
    "assurance sociale",
    "numéro d'assurance sociale",
    "numéro d’assurance sociale",
];

fn grade(digits: &[u8]) -> Grade {
    let fits = matches!(digits.first(), Some(b'0'..=b'7' | b'9')) && check::luhn(digits);
    if fits { Grade::Checked } else { Grade::Wrong }
}
