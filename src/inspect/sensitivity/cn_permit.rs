//! Permits for travel between the mainland, Hong Kong, Macau and Taiwan: a letter and digits, or
//! eight digits for Taiwan's; the words beside them decide.

use super::number::{Alone, Grade, Pattern};
use super::{Detector, Label, Pack};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityCnHkmoPermit],
    pack: Pack::Cn,
    names: NAMES,
    shapes: &["@########", "@@########", "@@#######", "@##########", "########", "##########"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "港澳通行证",
    "往来港澳通行证",
    "港澳居民来往内地通行证",
    "回乡证",
    "回乡卡",
    "台胞证",
    "台湾通行证",
    "往来台湾通行证",
    "台湾居民来往大陆通行证",
    "通行证",
    "通行证号",
    "通行证号码",
    "港澳台通行证",
    "home return permit",
    "hong kong/macau permit",
    "mainland travel permit",
    "exit-entry permit",
    "permit for hong kong",
    "taiwan compatriot",
    "mainland travel permit for taiwan",
    "eep",
    "travel permit",
    "txz",
];

fn grade(code: &[u8]) -> Grade {
    let fits = match code.first() {
        Some(b'H' | b'M') => matches!(code.len(), 9 | 11),
        Some(b'C' | b'W' | b'T' | b'L' | b'D') => code.len() >= 9,
        Some(b'0'..=b'9') => matches!(code.len(), 8 | 10),
        _ => false,
    };
    if fits { Grade::Fits } else { Grade::Wrong }
}
