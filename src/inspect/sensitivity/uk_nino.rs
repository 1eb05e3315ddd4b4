//! British national insurance numbers: two letters that are in use, six digits, a suffix A to D.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityUkNino],
    pack: Pack::Uk,
    names: NAMES,
    shapes: &["@@ ## ## ## @", "@@######@", "@@ ###### @"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "national insurance",
    "national insurance number",
    "national insurance no",
    "nino",
    "ni number",
    "ni no",
    "ni no.",
    "national_insurance",
    "insurance number",
    "nin",
];

fn grade(code: &[u8]) -> Grade {
    let Some(([first, second], rest)) = code.split_first_chunk() else { return Grade::Wrong };
    let prefix = [*first, *second];
    let is_used = !b"DFIQUV".contains(first)
        && !b"DFIQUVO".contains(second)
        && ![*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"].contains(&prefix);
    let is_suffix = matches!(rest.last(), Some(b'A'..=b'D'));
    let digits = rest.get(..6).unwrap_or_default();
    // `QQ123456C` is the official example and not in use; so are runs like 123456 in templates.
    if is_used && is_suffix && check::distinct(digits) > 1 { Grade::Proven } else { Grade::Wrong }
}
