//! Hong Kong identity cards: one or two letters, six digits and a check digit, mostly in brackets.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityHkId],
    pack: Pack::Hk,
    names: NAMES,
    shapes: &["@######(?)", "@@######(?)", "@######?", "@@######?"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "hkid",
    "hkid card",
    "hong kong id",
    "hong kong identity",
    "hk id",
    "香港身份证",
    "香港身份證",
    "身份证",
    "身份证号",
    "身份证号码",
    "身份證",
    "身份證號碼",
    "香港居民身份证",
    "identity card",
];

fn grade(code: &[u8]) -> Grade {
    let Some((last, body)) = code.split_last() else { return Grade::Wrong };
    // A single letter stands behind a space, which counts 36.
    let mut sum = if body.len() == 7 { 36 * 9 } else { 0 };
    for (index, byte) in body.iter().rev().enumerate() {
        let weight = u32::try_from(index).unwrap_or(0) + 2;
        sum += check::value_36(*byte) * weight;
    }
    let check = (11 - sum % 11) % 11;
    if check == check::value_36(*last) { Grade::Checked } else { Grade::Wrong }
}
