//! Chinese unified social credit codes (GB 32100): registration office, region, organisation code
//! with its own check character (GB 11714) and a check character mod 31.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::BusinessCnUscc],
    pack: Pack::Cn,
    names: NAMES,
    shapes: &["########??????????"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "统一社会信用代码",
    "社会信用代码",
    "信用代码",
    "纳税人识别号",
    "税号",
    "组织机构代码",
    "营业执照",
    "uscc",
    "unified social credit",
    "unified social credit code",
    "credit code",
    "taxpayer identification",
    "xydm",
    "shxydm",
];

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

fn grade(code: &[u8]) -> Grade {
    let values: Option<Vec<usize>> =
        code.iter().map(|byte| ALPHABET.iter().position(|known| known == byte)).collect();
    let Some((last, body)) = values.as_deref().and_then(<[usize]>::split_last) else {
        return Grade::Wrong;
    };
    let is_office = matches!(code.first(), Some(b'1' | b'5' | b'9' | b'Y' | b'A' | b'N'));
    let sum: usize = body.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    let is_region = matches!(check::part(code, 2, 4), 10..=82);
    if is_office && is_region && (31 - sum % 31) % 31 == *last {
        Grade::Proven
    } else {
        Grade::Wrong
    }
}
