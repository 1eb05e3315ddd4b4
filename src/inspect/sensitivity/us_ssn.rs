//! US social security numbers. There is no check digit, so only the structure rules of the Social
//! Security Administration and the words beside the number speak: `ddd-dd-dddd` is believed, other
//! spellings only when named.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityUsSsn],
    pack: Pack::Us,
    names: NAMES,
    shapes: &["### ## ####", "#########"],
    grade,
    alone: Alone::Hyphens,
};

const NAMES: &[&str] = &[
    "ssn",
    "ssns",
    "social security",
    "social security no",
    "social security number",
    "social sec",
    "socialsecurity",
    "social_security",
    "socialsecuritynumber",
    "soc sec",
    "ss#",
    "ss no",
    "ss number",
    "ssn#",
    "ssnumber",
    "ssn_last",
    "社会安全号",
    "社安号",
    "社会保障号",
    "seguro social",
    "número de seguro social",
    "soc. sec",
    "soc. sec. no",
    "soc. sec. no.",
    "soc sec no",
    "social is",
    "social:",
    "his social",
    "her social",
    "my social",
    "their social",
    "ssn is",
    "social-security",
    "social-security-no",
    "social-security-no.",
    "social-security number",
];

/// Areas 000, 666 and 900 to 999, group 00 and serial 0000 were never issued; two numbers became
/// famous on advertisements, and one stands in every tutorial.
fn grade(digits: &[u8]) -> Grade {
    let (area, group, serial) =
        (check::part(digits, 0, 3), check::part(digits, 3, 5), check::part(digits, 5, 9));
    let is_issued = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    let is_famous = [b"078051120", b"219099999", b"123456789"].iter().any(|known| digits == *known);
    if is_issued && !is_famous { Grade::Fits } else { Grade::Wrong }
}
