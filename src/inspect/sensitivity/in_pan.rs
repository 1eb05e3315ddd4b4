//! Indian permanent account numbers: five letters, of which the fourth tells the kind of holder,
//! four digits, a letter.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityInPan],
    pack: Pack::In,
    names: NAMES,
    shapes: &["@@@@@####@"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "pan",
    "pan card",
    "pan number",
    "pan no",
    "permanent account",
    "permanent account number",
    "income tax",
    "पैन",
    "पैन कार्ड",
    "पैन नंबर",
];

fn grade(code: &[u8]) -> Grade {
    let is_holder = code.get(3).is_some_and(|kind| b"PCHFATBLJGE".contains(kind));
    // Five equal letters or digits like 0000 are placeholders.
    let is_drawn =
        check::distinct(code.get(..5).unwrap_or_default()) > 1 && code.get(5..9) != Some(b"0000");
    if is_holder && is_drawn { Grade::Proven } else { Grade::Wrong }
}
