//! German tax identification numbers: eleven digits, one or two of the first ten repeated, ISO 7064
//! mod 11,10.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityDeTaxId],
    pack: Pack::Eu,
    names: NAMES,
    shapes: &["## ### ### ###", "###########"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "steuer-id",
    "steuerid",
    "steuer id",
    "steueridentifikationsnummer",
    "steuer-identifikationsnummer",
    "steuernummer",
    "idnr",
    "idnr.",
    "id-nr",
    "identifikationsnummer",
    "tin",
    "german tax id",
    "german tax",
    "tax id",
    "steuer-idnr",
    "steuerliche",
];

fn grade(digits: &[u8]) -> Grade {
    let body = digits.get(..10).unwrap_or_default();
    let repeats = (b'0'..=b'9').map(|digit| check::count(body, digit));
    let fits = digits.first() != Some(&b'0')
        && repeats.max().is_some_and(|most| most == 2 || most == 3)
        && check::mod_11_10(digits);
    if fits { Grade::Checked } else { Grade::Wrong }
}
