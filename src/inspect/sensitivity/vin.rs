//! Vehicle identification numbers: seventeen characters without I, O, Q. North American ones have a
//! check digit in the ninth place; others are told by the words beside them.

use super::number::Grade;
use super::text::Hit;
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use smallvec::SmallVec;

pub(super) const DETECTOR: &dyn Detector = &Vin;

struct Vin;

impl Detector for Vin {
    fn labels(&self) -> &'static [Label] {
        &[Label::DeviceVin]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Tokens]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Token(token) = anchor else { return };
        let text = ask.text;
        // The name may be glued to it with `=` or `-`.
        let end = text.run_back(token.end, |byte| !byte.is_ascii_alphanumeric()).max(token.start);
        let start = text.run_back_max(end, 18, |byte| byte.is_ascii_alphanumeric());
        let span = start..end;
        if span.len() != 17 || !text.opens(start) || !text.closes(end) {
            return;
        }
        let code: SmallVec<[u8; 17]> =
            text.part(span.clone()).iter().map(u8::to_ascii_uppercase).collect();
        let is_capital = !text.part(span.clone()).iter().any(u8::is_ascii_lowercase);
        match grade(&code) {
            // In small letters it is a digest far more often.
            Grade::Proven if is_capital || ask.named(&span) => {
                found.push(Hit::by_checksum(Label::DeviceVin, span));
            }
            Grade::Fits | Grade::Checked if ask.named(&span) => {
                found.push(Hit::by_context(Label::DeviceVin, span));
            }
            Grade::Wrong | Grade::Fits | Grade::Checked | Grade::Proven => {}
        }
    }
}

const NAMES: &[&str] = &[
    "vin",
    "vin number",
    "vin no",
    "vin码",
    "vehicle identification",
    "vehicle identification number",
    "chassis",
    "chassis number",
    "车架号",
    "车辆识别代号",
    "车辆识别代码",
    "fahrgestellnummer",
    "fahrzeug-identifizierungsnummer",
    "fin",
    "numéro de châssis",
    "bastidor",
    "telaio",
];

const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

fn grade(code: &[u8]) -> Grade {
    if code.iter().any(|byte| matches!(byte, b'I' | b'O' | b'Q'))
        || !code.iter().any(u8::is_ascii_alphabetic)
    {
        return Grade::Wrong;
    }
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        _ => u32::from(byte.wrapping_sub(b'S')) + 2,
    };
    let sum: u32 = code.iter().zip(WEIGHTS).map(|(byte, weight)| value(*byte) * weight).sum();
    let expected = if sum % 11 == 10 { b'X' } else { b'0' + u8::try_from(sum % 11).unwrap_or(0) };
    let letters = code.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if code.get(8) == Some(&expected) && letters >= 3 && check::distinct(code) > 6 {
        Grade::Proven
    } else {
        Grade::Fits
    }
}
