//! US Medicare beneficiary identifiers: eleven places of fixed kinds, without the letters S, L, O,
//! I, B, Z.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::HealthUsMbi],
    pack: Pack::Us,
    names: NAMES,
    shapes: &["#@?# @?# @@##"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "mbi",
    "medicare",
    "medicare id",
    "medicare number",
    "medicare no",
    "medicare beneficiary",
    "medicare beneficiary identifier",
    "beneficiary id",
    "beneficiary identifier",
    "hicn",
];

fn grade(code: &[u8]) -> Grade {
    let is_letter = |byte: &u8| b"ACDEFGHJKMNPQRTUVWXY".contains(byte);
    let fits = |(index, byte): (usize, &u8)| match index {
        0 => matches!(byte, b'1'..=b'9'),
        1 | 4 | 7 | 8 => is_letter(byte),
        2 | 5 => is_letter(byte) || byte.is_ascii_digit(),
        _ => byte.is_ascii_digit(),
    };
    if code.iter().enumerate().all(fits) { Grade::Proven } else { Grade::Wrong }
}
