//! Numbers of passports and of identity cards that serve as such: no country's rule is strict enough,
//! so the word beside the number decides.

use super::number::{Loose, digits};
use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &Passport;

/// What stands beside a word such as "passport".
const NAMED: Loose =
    Loose { labels: &[Label::IdentityPassport], pack: Pack::Generic, names: NAMES, fits };

struct Passport;

impl Detector for Passport {
    fn labels(&self) -> &'static [Label] {
        NAMED.labels
    }

    fn pack(&self) -> Pack {
        NAMED.pack
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Numbers, Wake::Words(&["<<"])]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(sign) = anchor else {
            return NAMED.look(ask, anchor, found);
        };
        let span = machine_readable(ask.text, sign);
        found.extend(span.map(|span| Hit::by_checksum(Label::IdentityPassport, span)));
    }
}

/// The number in the second line of a passport's machine-readable zone (ICAO 9303 part 4): nine places,
/// a check digit, the country, the date of birth with a check digit.
fn machine_readable(text: &Text<'_>, sign: &Range<usize>) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<';
    let start = text.run_back_max(sign.start, 44, is_part);
    let line = text.part(start..text.run_max(start, 45, is_part));
    let (number, birth) = (line.get(..10)?, line.get(13..20)?);
    let is_line = matches!(line.len(), 36 | 44)
        && line.get(10..13)?.iter().all(|byte| !byte.is_ascii_digit());
    (is_line && is_summed(number) && is_summed(birth)).then_some(start..start + 9)
}

/// Whether the last digit is the sum with weights 7, 3, 1, where `<` counts nothing.
fn is_summed(field: &[u8]) -> bool {
    let Some((last, body)) = field.split_last() else {
        return false;
    };
    let weights = [7, 3, 1].iter().cycle();
    let sum: u32 =
        body.iter().zip(weights).map(|(byte, weight)| check::value_36(*byte) * weight).sum();
    last.is_ascii_digit() && sum % 10 == check::value(*last)
}

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
    "personalausweis",
    "personalausweisnummer",
    "ausweisnummer",
    "numer dowodu",
    "numer dowodu osobistego",
    "dowód osobisty",
    "carta d'identità",
    "numéro de carte d'identité",
    "军官证",
    "军官证号",
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
