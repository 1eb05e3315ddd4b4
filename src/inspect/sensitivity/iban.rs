//! International bank account numbers: country, length and the two check digits mod 97 of
//! ISO 13616; lengths from the SWIFT IBAN registry.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Confidence, Detector, Evidence, Found, Label, Pack, Wake};

pub(super) const DETECTOR: &dyn Detector = &Iban;

struct Iban;

/// Country and length, in the order of the country codes.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

impl Detector for Iban {
    fn labels(&self) -> &'static [Label] {
        &[Label::FinancialIbanCode]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::LettersThenDigits]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        let Anchor::Code(start) = *anchor else { return };
        let country = [text.at(start), text.at(start + 1)].map(|byte| byte.to_ascii_uppercase());
        let Ok(index) = LENGTHS.binary_search_by_key(&&country, |(code, _)| *code) else { return };
        let Some((_, length)) = LENGTHS.get(index) else { return };
        if let Some(end) = read(text, start, *length) {
            found.push(Hit {
                label: Label::FinancialIbanCode,
                span: start..end,
                confidence: Confidence::Certain,
                evidence: Evidence::Checksum,
                is_named: false,
            });
        }
    }
}

/// Reads `length` letters and digits with single spaces or hyphens between them; says where they
/// end if the remainder mod 97 is one.
fn read(text: &Text<'_>, start: usize, length: usize) -> Option<usize> {
    // The first four characters count last.
    let (mut head, mut body) = (0, 0);
    let mut place = start;
    for index in 0..length {
        if index > 0 && matches!(text.at(place), b' ' | b'-' | b'+') {
            place += 1;
        }
        let byte = text.at(place);
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        let sum = if index < 4 { &mut head } else { &mut body };
        *sum = append(*sum, byte);
        place += 1;
    }
    // The country's two letters became four digits, the check digits two more.
    let remainder = (body * (1_000_000 % 97) + head) % 97;
    (remainder == 1 && text.closes(place)).then_some(place)
}

/// Letters count as 10 to 35, that is as two digits.
fn append(sum: u32, byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    }
}
