//! Passwords written beside their name: `password: …`, `pwd=…`, 密码：…

use super::api_key::is_placeholder;
use super::text::{Hit, Text};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};

pub(super) const DETECTOR: &dyn Detector = &Password;

struct Password;

/// The colon of Chinese punctuation.
const WIDE_COLON: &[u8] = "：".as_bytes();

impl Detector for Password {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretPassword]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Words(&["password", "passwd", "passphrase", "pwd", "passcode", "密码", "口令"])
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return };
        let Some(start) = value_start(text, word.end) else { return };
        let end = text.run(start, |byte| {
            byte.is_ascii_graphic()
                && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'&')
        });
        let end = text.run_back(end, |byte| matches!(byte, b'.' | b')' | b'}' | b']')).max(start);
        let value = text.part(start..end);
        if is_password(value) {
            found.push(Hit {
                label: Label::SecretPassword,
                span: start..end,
                confidence: Confidence::Likely,
                evidence: Evidence::Context,
            });
        }
    }
}

/// Where the value begins, if something is assigned here.
fn value_start(text: &Text<'_>, name_end: usize) -> Option<usize> {
    let is_quote = |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\');
    let sign = text.run(name_end, is_quote);
    let after = if text.part(sign..sign + 3) == WIDE_COLON {
        sign + 3
    } else if matches!(text.at(sign), b':' | b'=') {
        text.run(sign, |byte| matches!(byte, b':' | b'=' | b'>'))
    } else if let Some(verb) = [&b"is "[..], "是".as_bytes(), "为".as_bytes()]
        .iter()
        .find(|verb| text.part(sign..sign + verb.len()) == **verb)
    {
        sign + verb.len()
    } else {
        return None;
    };
    let start = text.run(after, is_quote);
    (start - after <= 4).then_some(start)
}

/// A drawn or chosen password mixes kinds of characters; a word of prose does not.
fn is_password(value: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| usize::from(value.iter().any(kind));
    let kinds = has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(u8::is_ascii_punctuation);
    let is_code = value.iter().any(|byte| matches!(byte, b'(' | b'{' | b'$'))
        && value.iter().any(|byte| matches!(byte, b')' | b'}' | b'_' | b'.' | b'('));
    let is_number = value.len() >= 6 && value.iter().all(u8::is_ascii_digit);
    let has_digit_or_sign =
        value.iter().any(|byte| byte.is_ascii_digit() || b"!@#%^&*+?~$".contains(byte));
    (4..=128).contains(&value.len())
        && (is_number || (kinds >= 2 && has_digit_or_sign))
        && !is_code
        && !is_placeholder(value)
}
