//! Brazilian taxpayer numbers (CPF): eleven digits with two check digits mod 11.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityBrCpf],
    pack: Pack::Br,
    names: NAMES,
    shapes: &["###.###.###-##", "### ### ### ##", "###########"],
    grade,
    alone: Alone::Grouped,
};

const NAMES: &[&str] = &[
    "cpf",
    "cpf nº",
    "cpf n",
    "cpf no",
    "cadastro de pessoas",
    "cadastro de pessoas físicas",
    "brazilian cpf",
    "documento",
    "chave pix",
    "pix",
];

fn grade(digits: &[u8]) -> Grade {
    let check = |weights: &[u32]| check::weighted(digits, weights) * 10 % 11 % 10;
    let first = check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let second = check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let fits = check::part(digits, 9, 10) == first
        && check::part(digits, 10, 11) == second
        && check::distinct(digits) > 1;
    if fits { Grade::Checked } else { Grade::Wrong }
}
