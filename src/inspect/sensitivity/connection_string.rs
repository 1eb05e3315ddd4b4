//! Addresses that carry a password: `scheme://user:password@host`.

use super::api_key::is_placeholder;
use super::text::{Hit, Text};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};

pub(super) const DETECTOR: &dyn Detector = &ConnectionString;

struct ConnectionString;

impl Detector for ConnectionString {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretConnectionString]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Words(&["://"])
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(sign) = anchor else { return };
        let is_scheme =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let start = text.skip_escape(text.run_back(sign.start, is_scheme));
        let end = text.run(sign.end, is_address);
        let address = text.part(sign.end..end.min(sign.end + 512));
        let Some(at) = memchr::memrchr(b'@', address) else { return };
        let login = address.get(..at).unwrap_or_default();
        let Some(colon) = memchr::memchr(b':', login) else { return };
        let user = login.get(..colon).unwrap_or_default();
        let password = login.get(colon + 1..).unwrap_or_default();
        let is_login = start < sign.start
            && !password.is_empty()
            && !user.contains(&b'/')
            && !is_left_open(password);
        if is_login {
            found.push(Hit {
                label: Label::SecretConnectionString,
                span: start..end,
                confidence: Confidence::Certain,
                evidence: Evidence::Structure,
            });
        }
    }
}

/// Whether a template leaves the password to be filled in.
fn is_left_open(password: &[u8]) -> bool {
    let is_template = matches!(password, [b'<' | b'{' | b'$' | b'[' | b'*', ..])
        && matches!(password, [.., b'>' | b'}' | b']' | b'*']);
    is_template || (password.len() > 3 && is_placeholder(password) && is_masked(password))
}

fn is_masked(password: &[u8]) -> bool {
    let is_one_letter = |other: &u8| password.first() == Some(other);
    password.iter().all(is_one_letter) || password.to_ascii_lowercase().starts_with(b"your")
}

fn is_address(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'\\')
}
