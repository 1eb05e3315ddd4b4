//! Vehicle registration plates: Chinese ones by province, letter and number, new-energy ones with a
//! place more; those of other countries only when the words beside them say so.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &LicensePlate;

struct LicensePlate;

/// Provinces, and the words that end plates of special kinds.
const PROVINCES: &[&str] = &[
    "京", "津", "沪", "渝", "冀", "豫", "云", "辽", "黑", "湘", "皖", "鲁", "新", "苏", "浙", "赣",
    "鄂", "桂", "甘", "晋", "蒙", "陕", "吉", "闽", "贵", "粤", "青", "藏", "川", "宁", "琼",
];

const NAMES: &[&str] = &[
    "license plate",
    "licence plate",
    "license_plate",
    "licenseplate",
    "plate number",
    "plate no",
    "number plate",
    "plate",
    "registration plate",
    "registration number",
    "vehicle registration",
    "car registration",
    "reg no",
    "tag number",
    "车牌",
    "车牌号",
    "车牌号码",
    "号牌",
    "chepai",
    "cph",
    "kennzeichen",
    "autokennzeichen",
    "nummernschild",
    "plaque d'immatriculation",
    "plaque d’immatriculation",
    "immatriculation",
    "plaque",
    "matrícula",
    "matricula",
    "placa",
    "patente del auto",
    "targa",
    "kenteken",
    "numer rejestracyjny",
    "tablica rejestracyjna",
    "госномер",
    "номер машины",
    "номерной знак",
    "ナンバープレート",
    "車両番号",
    "번호판",
    "차량번호",
    "لوحة السيارة",
    "plaka",
    "biển số",
    "registreringsnummer",
    "नंबर प्लेट",
];

/// Words right before a plate that say whose car it is.
const CARS: &[&str] = &["my car ", "your car ", "his car ", "her car ", "our car ", "the car "];

impl Detector for LicensePlate {
    fn labels(&self) -> &'static [Label] {
        &[Label::DeviceLicensePlate]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(PROVINCES), Wake::Words(CARS), Wake::Names, Wake::Numbers]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let label = Label::DeviceLicensePlate;
        match anchor {
            Anchor::Word(car) if ask.text.at(car.start).is_ascii() => {
                let span = of_car(ask.text, car.end);
                found.extend(span.map(|span| Hit::by_context(label, span).likely()));
            }
            Anchor::Word(province) => {
                found.extend(chinese(ask.text, province).map(|span| Hit::by_shape(label, span)));
            }
            Anchor::Name(name) => {
                let span = named(ask.text, name);
                found.extend(span.map(|span| Hit::by_context(label, span).likely()));
            }
            // In a table, or under a key of JSON, the word may be further away.
            Anchor::Number(span, compact) => {
                let letters = compact.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
                let fits =
                    (5..=9).contains(&compact.len()) && (1..compact.len()).contains(&letters);
                if fits && ask.named(span) {
                    found.push(Hit::by_context(label, span.clone()).likely());
                }
            }
            Anchor::Token(_) | Anchor::Digits(_) | Anchor::Code(_) | Anchor::Shape(..) => {}
        }
    }
}

/// A letter and five or six letters and digits behind the province.
fn chinese(text: &Text<'_>, province: &Range<usize>) -> Option<Range<usize>> {
    let letter = text.at(province.end);
    if !letter.is_ascii_uppercase() || letter == b'I' {
        return None;
    }
    let is_dot = |from: usize| text.part(from..from + 2) == "·".as_bytes();
    let mut start = province.end + 1;
    if is_dot(start) {
        start += 2;
    } else if text.part(start..start + 3) == "•".as_bytes() {
        start += 3;
    } else if matches!(text.at(start), b' ' | b'-' | b'.') {
        start += 1;
    }
    let end = text.run_max(start, 8, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let body = text.part(start..end);
    let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
    let fits = match body.len() {
        5 => digits >= 1,
        6 => digits >= 4,
        _ => false,
    };
    // `挂`, `学`, `警`, `港`, `澳` end plates of trailers, driving schools, police.
    (fits && text.closes(end)).then_some(province.start..end)
}

/// Letters and digits behind (or before) a word for plates.
fn named(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    after(text, name.end).or_else(|| before(text, name.start))
}

/// "my car GG21 ZDV": at least six characters with two digits before the letters or three in all, as
/// names of models hardly have.
fn of_car(text: &Text<'_>, start: usize) -> Option<Range<usize>> {
    let start = start + usize::from(text.at(start) == b'(');
    let end = plate(text, start)?;
    let part = text.part(start..end);
    let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
    let size = part.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let is_british =
        matches!(part, [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9', b' ', _, _, _]);
    (size >= 6 && (digits >= 3 || is_british)).then_some(start..end)
}

fn after(text: &Text<'_>, from: usize) -> Option<Range<usize>> {
    let to = (from + 40).min(text.bytes.len());
    let mut at = from;
    while at < to {
        let byte = text.at(at);
        if matches!(byte, b'\n' | b';' | b'.' | b'?') {
            return None;
        }
        if byte.is_ascii_uppercase() || byte.is_ascii_digit() {
            if let Some(end) = plate(text, at) {
                return Some(at..end);
            }
            at = text.run(at, |byte| byte.is_ascii_alphanumeric());
        } else {
            at += 1;
        }
    }
    None
}

fn before(text: &Text<'_>, until: usize) -> Option<Range<usize>> {
    // "8TTJ950, plate was misread"
    let is_plate = text.part(until..until + 5).eq_ignore_ascii_case(b"plate");
    let is_parted = |between: &[u8]| {
        !(is_plate && between == b", ")
            && between.iter().any(|byte| matches!(byte, b',' | b';' | b':'))
    };
    let mut at = until.saturating_sub(32);
    while at < until {
        if text.opens(at)
            && text.at(at).is_ascii_alphanumeric()
            && let Some(end) = plate(text, at).filter(|end| *end < until)
            && !is_parted(text.part(end..until))
        {
            return Some(at..end);
        }
        at += 1;
    }
    None
}

/// Up to three groups of capitals and digits, five to nine characters in all, both kinds in them.
fn plate(text: &Text<'_>, start: usize) -> Option<usize> {
    let mut end = start;
    let (mut letters, mut digits) = (0, 0);
    for _ in 0..3 {
        let group = text.run_max(end, 9, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if group == end || !text.closes(group) {
            break;
        }
        let part = text.part(end..group);
        digits += part.iter().filter(|byte| byte.is_ascii_digit()).count();
        letters += part.iter().filter(|byte| byte.is_ascii_uppercase()).count();
        end = group;
        let is_join =
            matches!(text.at(end), b' ' | b'-' | b'.') && text.at(end + 1).is_ascii_alphanumeric();
        if !is_join {
            break;
        }
        let next =
            text.run_max(end + 1, 9, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if next == end + 1 || !text.closes(next) || letters + digits + (next - end - 1) > 9 {
            break;
        }
        end += 1;
    }
    let fits = letters >= 1 && digits >= 1 && (5..=9).contains(&(letters + digits));
    fits.then_some(end)
}
