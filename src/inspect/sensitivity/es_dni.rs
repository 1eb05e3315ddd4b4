//! Spanish identity numbers: DNI (eight digits) and NIE (X, Y or Z and seven digits), each with the
//! control letter mod 23.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityEsDni],
    pack: Pack::Eu,
    names: NAMES,
    shapes: &[
        "########@",
        "########-@",
        "@#######@",
        "@-#######-@",
        "@#######-@",
        "##.###.###-@",
        "##.###.###@",
    ],
    grade,
    alone: Alone::Proven,
};

const NAMES: &[&str] = &[
    "dni",
    "nie",
    "nif",
    "dni/nie",
    "documento nacional",
    "documento de identidad",
    "número de identidad",
    "spanish dni",
    "spanish id",
    "identidad",
    "tarjeta de residencia",
];

fn grade(code: &[u8]) -> Grade {
    let Some((letter, body)) = code.split_last() else { return Grade::Wrong };
    let lead = match body.first() {
        Some(b'Y') => 10_000_000,
        Some(b'Z') => 20_000_000,
        Some(b'X' | b'0'..=b'9') => 0,
        _ => return Grade::Wrong,
    };
    let digits = if body.len() == 8 && body.first().is_some_and(u8::is_ascii_digit) {
        body
    } else {
        body.get(1..).unwrap_or_default()
    };
    let index = usize::try_from((lead + check::number(digits)) % 23).unwrap_or(0);
    let is_made_up = check::distinct(digits) < 2;
    let is_checked = !is_made_up && b"TRWAGMYFPDXBNJZSQVHLCKE".get(index) == Some(letter);
    if is_checked { Grade::Proven } else { Grade::Wrong }
}
