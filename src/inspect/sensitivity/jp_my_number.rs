//! Japanese individual numbers: twelve digits, the last a check digit mod 11.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityJpMyNumber],
    pack: Pack::Jp,
    names: NAMES,
    shapes: &["#### #### ####", "############"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "マイナンバー",
    "個人番号",
    "個人識別番号",
    "my number",
    "mynumber",
    "my_number",
    "individual number",
    "kojin bango",
];

fn grade(digits: &[u8]) -> Grade {
    let rest = check::weighted(digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = if rest <= 1 { 0 } else { 11 - rest };
    let fits = expected == check::part(digits, 11, 12) && check::distinct(digits) > 2;
    if fits { Grade::Checked } else { Grade::Wrong }
}
