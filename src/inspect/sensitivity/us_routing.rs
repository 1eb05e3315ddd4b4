//! US bank routing numbers (ABA): Federal Reserve district and the 3-7-1 checksum. One in ten
//! numbers passes, so the words beside it decide.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::FinancialAbaRouting],
    pack: Pack::Us,
    names: NAMES,
    shapes: &["#########", "####-####-#"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "routing",
    "routing number",
    "routing no",
    "routing_number",
    "routingnumber",
    "aba",
    "aba routing",
    "aba number",
    "aba no",
    "rtn",
    "transit number",
    "bank routing",
    "bank routing no",
    "aba/routing",
];

fn grade(digits: &[u8]) -> Grade {
    let is_district = matches!(check::part(digits, 0, 2), 0..=12 | 21..=32 | 61..=72 | 80);
    let sum = check::weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]);
    if is_district && sum != 0 && sum.is_multiple_of(10) { Grade::Checked } else { Grade::Wrong }
}
