//! US national provider identifiers: ten digits with a Luhn digit over the prefix 80840.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::HealthUsNpi],
    pack: Pack::Us,
    names: NAMES,
    shapes: &["##########"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "npi",
    "npi number",
    "npi no",
    "national provider",
    "national provider identifier",
    "provider id",
    "provider number",
    "provider identifier",
];

fn grade(digits: &[u8]) -> Grade {
    // The prefix 80840 adds 24 to the Luhn sum.
    let fits = matches!(digits.first(), Some(b'1' | b'2'))
        && (check::luhn_sum(digits) + 24).is_multiple_of(10);
    if fits { Grade::Checked } else { Grade::Wrong }
}
