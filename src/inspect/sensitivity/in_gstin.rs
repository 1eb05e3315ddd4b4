//! Indian goods and services tax numbers: state, PAN, entity, Z, and a check character in base 36.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::BusinessInGstin],
    pack: Pack::In,
    names: NAMES,
    shapes: &["##@@@@@####@?@?"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "gstin",
    "gst",
    "gst number",
    "gst no",
    "gstin/uin",
    "goods and services tax",
    "जीएसटी",
    "जीएसटीआईएन",
];

fn grade(code: &[u8]) -> Grade {
    let Some((last, body)) = code.split_last() else { return Grade::Wrong };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            let product = check::value_36(*byte) * if index % 2 == 0 { 1 } else { 2 };
            product / 36 + product % 36
        })
        .sum();
    let is_state = matches!(check::part(code, 0, 2), 1..=38 | 97 | 99);
    if is_state && (36 - sum % 36) % 36 == check::value_36(*last) {
        Grade::Proven
    } else {
        Grade::Wrong
    }
}
