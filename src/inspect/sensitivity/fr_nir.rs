//! French social security numbers: sex, year, month, department, commune, serial, and a key mod 97.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityFrNir],
    pack: Pack::Eu,
    names: NAMES,
    shapes: &["# ## ## ## ### ### ##", "# ## ## #? ### ### ##", "###############"],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "nir",
    "sécurité sociale",
    "securite sociale",
    "numéro de sécurité sociale",
    "numéro de sécu",
    "n° de sécu",
    "n° sécu",
    "nss",
    "sécu",
    "french social security",
    "social security",
    "insee",
    "carte vitale",
];

fn grade(code: &[u8]) -> Grade {
    // Corsica's departments 2A and 2B count as 19 and 18.
    let mut digits: Vec<u8> = code.to_vec();
    for (from, to) in [(b"2A", b"19"), (b"2B", b"18")] {
        if digits.get(5..7) == Some(from)
            && let Some(department) = digits.get_mut(5..7)
        {
            department.copy_from_slice(to);
        }
    }
    let month = check::part(&digits, 3, 5);
    let is_plausible = digits.iter().all(u8::is_ascii_digit)
        && matches!(digits.first(), Some(b'1' | b'2'))
        && matches!(month, 1..=12 | 20 | 30..=42 | 50..=99)
        && check::part(&digits, 5, 7) > 0;
    let key = 97 - check::mod_97(digits.get(..13).unwrap_or_default());
    if is_plausible && key == check::part(&digits, 13, 15) { Grade::Proven } else { Grade::Wrong }
}
