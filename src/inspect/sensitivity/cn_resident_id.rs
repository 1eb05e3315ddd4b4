//! Chinese resident identity numbers: area, date of birth and the check character of
//! ISO 7064 mod 11-2, as GB 11643-1999 defines them; the old 15 digits only when named.

use super::text::Hit;
use super::{Anchor, Ask, Confidence, Detector, Evidence, Found, Label, Pack, Wake, check};
use smallvec::SmallVec;
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &CnResidentId;

struct CnResidentId;

const NAMES: &[&str] = &[
    "身份证",
    "身份证号",
    "公民身份",
    "证件号",
    "证件",
    "居民身份",
    "id card",
    "idcard",
    "resident id",
    "identity card",
    "identity number",
    "id number",
    "id no",
    "idno",
    "id_card",
    "national id",
    "sfz",
    "sfzh",
    "sfzhm",
    "shenfenzheng",
    "cert_no",
    "certno",
];

impl Detector for CnResidentId {
    fn labels(&self) -> &'static [Label] {
        &[Label::IdentityCnResidentId]
    }

    fn pack(&self) -> Pack {
        Pack::Cn
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Digits(15)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Digits(groups) = anchor else { return };
        for first in 0..groups.len() {
            if let Some(hit) = groups.get(first..).and_then(|rest| read(ask, rest)) {
                found.push(hit);
            }
        }
    }
}

/// Reads 18 characters in one piece or as 6-8-4, 6-4-4-4 and similar; 15 in one piece.
fn read(ask: &Ask<'_>, groups: &[Range<usize>]) -> Option<Hit> {
    let text = ask.text;
    let start = groups.first()?.start;
    if !text.opens_after(start, ask.class) || !(3..=18).contains(&groups.first()?.len()) {
        return None;
    }
    let mut digits: SmallVec<[u8; 20]> = SmallVec::new();
    let mut end = start;
    for group in groups {
        if digits.len() >= 17 || digits.len() + group.len() > 18 {
            break;
        }
        digits.extend_from_slice(text.part(group.clone()));
        end = group.end;
        if digits.len() == 15 && group.start == start {
            break;
        }
    }
    match digits.len() {
        17 if matches!(text.at(end), b'X' | b'x') => {
            digits.push(b'X');
            end += 1;
        }
        // The letter may stand behind a separator: `110105 19491231 002 X`.
        17 if matches!(text.at(end), b' ' | b'-') && matches!(text.at(end + 1), b'X' | b'x') => {
            digits.push(b'X');
            end += 2;
        }
        15 | 18 => {}
        _ => return None,
    }
    if !text.closes(end) || !is_area(&digits) {
        return None;
    }
    judge(ask, start..end, &digits)
}

fn judge(ask: &Ask<'_>, span: Range<usize>, digits: &[u8]) -> Option<Hit> {
    let is_old = digits.len() == 15;
    let is_date = if is_old {
        is_birth(1900 + number(digits, 6..8), digits, 8)
    } else {
        is_birth(number(digits, 6..10), digits, 10)
    };
    if !is_date {
        return None;
    }
    let is_checked = !is_old && check::mod_11_2(digits);
    let (confidence, evidence) = if is_checked {
        (Confidence::Certain, Evidence::Checksum)
    } else if ask.named(&span) {
        (Confidence::Likely, Evidence::Context)
    } else {
        return None;
    };
    Some(Hit { label: Label::IdentityCnResidentId, span, confidence, evidence, is_named: false })
}

/// The first two digits name a province (GB/T 2260).
fn is_area(digits: &[u8]) -> bool {
    matches!(
        number(digits, 0..2),
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91
    )
}

fn is_birth(year: u32, digits: &[u8], month_at: usize) -> bool {
    let month = number(digits, month_at..month_at + 2);
    check::is_date(year, month, number(digits, month_at + 2..month_at + 4))
}

fn number(digits: &[u8], part: Range<usize>) -> u32 {
    let part = digits.get(part).unwrap_or_default();
    part.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')))
}
