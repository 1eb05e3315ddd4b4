//! British NHS numbers: ten digits, the last a check digit mod 11.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::HealthUkNhs],
    pack: Pack::Uk,
    names: NAMES,
    shapes: &["### ### ####", "##########"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "nhs",
    "nhs number",
    "nhs no",
    "nhs no.",
    "nhs_number",
    "nhsnumber",
    "nhsno",
    "nhs id",
    "national health service",
];

fn grade(digits: &[u8]) -> Grade {
    let rest = check::weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = (11 - rest) % 11;
    let is_real =
        expected < 10 && check::part(digits, 9, 10) == expected && check::distinct(digits) > 2;
    if is_real { Grade::Checked } else { Grade::Wrong }
}
