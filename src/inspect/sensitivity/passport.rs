//! Passport numbers: no country's rule is strict enough, so the word beside the number decides.

use super::number::{Loose, digits};
use super::{Detector, Label, Pack};

pub(super) const DETECTOR: &dyn Detector =
    &Loose { labels: &[Label::IdentityPassport], pack: Pack::Generic, names: NAMES, fits };

const NAMES: &[&str] = &[
    "passport",
    "passport no",
    "passport number",
    "passport no.",
    "passport_no",
    "passportnumber",
    "passportno",
    "passport id",
    "travel document",
    "护照",
    "护照号",
    "护照号码",
    "护照编号",
    "hzh",
    "huzhao",
    "reisepass",
    "reisepassnummer",
    "passnummer",
    "passeport",
    "numéro de passeport",
    "n° de passeport",
    "pasaporte",
    "número de pasaporte",
    "passaporto",
    "numero passaporto",
    "passaporte",
    "número do passaporte",
    "paspoort",
    "paspoortnummer",
    "paszport",
    "paszportu",
    "numer paszportu",
    "паспорт",
    "загранпаспорт",
    "パスポート",
    "旅券",
    "旅券番号",
    "여권",
    "여권번호",
    "جواز السفر",
    "جواز سفر",
    "رقم جواز",
    "pasaport",
    "पासपोर्ट",
    "hộ chiếu",
    "passnummer",
    "pass nr",
    "護照",
    "護照號碼",
    "الجواز",
    "passnr",
    "pass-nr",
    "pass no",
    "passport #",
    "pasaport no",
    "reisepass-nr",
    "numéro passeport",
    "nº de pasaporte",
    "number of passport",
    "旅行证件",
    "護照號",
];

fn fits(code: &[u8]) -> bool {
    let letters = code.len() - digits(code);
    let is_mixed = code.len() == 9 && digits(code) >= 1;
    (6..=12).contains(&code.len()) && (is_mixed || digits(code) >= 4 && letters <= 5)
}
