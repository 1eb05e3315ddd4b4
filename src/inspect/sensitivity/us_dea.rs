//! US Drug Enforcement Administration registrations: two letters, six digits and a check digit.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::HealthUsDea],
    pack: Pack::Us,
    names: NAMES,
    shapes: &["@@#######", "@########"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] =
    &["dea", "dea number", "dea no", "dea registration", "dea #", "dea reg", "drug enforcement"];

fn grade(code: &[u8]) -> Grade {
    let Some(([kind, _], digits)) = code.split_first_chunk() else { return Grade::Wrong };
    let odd = check::weighted(digits, &[1, 0, 1, 0, 1, 0]);
    let even = check::weighted(digits, &[0, 1, 0, 1, 0, 1]);
    let is_checked = (odd + 2 * even) % 10 == check::part(digits, 6, 7);
    let is_kind = b"ABCDEFGHJKLMPRSTUX".contains(kind);
    if is_checked && is_kind { Grade::Checked } else { Grade::Wrong }
}
