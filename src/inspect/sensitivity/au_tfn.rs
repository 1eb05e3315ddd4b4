//! Australian tax file numbers: nine digits (eight in old ones), weighted sum mod 11.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityAuTfn],
    pack: Pack::Au,
    names: NAMES,
    shapes: &["### ### ###", "#########"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "tfn",
    "tax file",
    "tax file number",
    "tax file no",
    "tax_file_number",
    "taxfile",
    "australian tax",
];

fn grade(digits: &[u8]) -> Grade {
    let sum = check::weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]);
    if sum != 0 && sum.is_multiple_of(11) { Grade::Checked } else { Grade::Wrong }
}
