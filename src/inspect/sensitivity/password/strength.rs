//! Whether a value looks like a password: by its length, its kinds of characters, and what else it
//! could be.

use super::super::api_key::is_placeholder;
use super::super::check;

/// Whether a byte begins a Cyrillic letter.
const fn is_cyrillic(byte: u8) -> bool {
    matches!(byte, 0xD0 | 0xD1)
}

/// Kinds of characters in a value: small, capital, digit, sign. Cyrillic letters count as small.
pub(super) fn kinds(value: &[u8]) -> usize {
    let has = |kind: fn(&u8) -> bool| usize::from(value.iter().any(kind));
    has(|byte| byte.is_ascii_lowercase() || is_cyrillic(*byte))
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(u8::is_ascii_punctuation)
}

/// A drawn or chosen password mixes kinds of characters; a word of prose does not.
pub(super) fn is_password(value: &[u8]) -> bool {
    let is_call = value.iter().any(|byte| matches!(byte, b'(' | b'{'))
        && (value.contains(&b'(') || value.starts_with(b"$") || value.starts_with(b"{"));
    let is_variable = value.starts_with(b"$")
        && value.iter().skip(1).all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    let is_path = value.starts_with(b"os.")
        || value.starts_with(b"process.")
        || value.starts_with(b"self.")
        || value.starts_with(b"env.")
        || value.starts_with(b"env:")
        || value.starts_with(b"file:")
        || value.starts_with(b"SHA256:")
        || value.starts_with(b"MD5:")
        || value.starts_with(b"vault:")
        || value.starts_with(b"http")
        || value.starts_with(b"!")
        || value.starts_with(b"?");
    // Types and paths of a program's source: `&str`, `Error::InvalidPassword`.
    let is_hexadecimal =
        value.strip_prefix(b"0x").is_some_and(|rest| rest.iter().all(u8::is_ascii_hexdigit));
    let is_code = is_hexadecimal
        || value.starts_with(b"#[")
        || memchr::memmem::find(value, b"[:").is_some()
        || memchr::memmem::find(value, b"::").is_some()
        || value.strip_prefix(b"&").is_some_and(|rest| {
            rest.starts_with(b"[")
                || rest.starts_with(b"'")
                || rest.iter().all(u8::is_ascii_alphabetic)
        });
    let is_number = value.len() >= 6 && value.iter().all(u8::is_ascii_digit);
    let has_digit_or_sign =
        value.iter().any(|byte| byte.is_ascii_digit() || b"!@#%^&*+?~$".contains(byte));
    let is_drawn = value.len() >= 12 && kinds(value) >= 2 && has_inner_capital(value);
    let is_dotted = kinds(value) == 2
        && value.iter().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_' | b'-'));
    (4..=128).contains(&value.len())
        && (is_number || (kinds(value) >= 2 && has_digit_or_sign) || is_drawn)
        && !is_call
        && !is_variable
        && !is_path
        && !is_code
        && !is_dotted
        && !is_dull(value)
        && value.iter().any(u8::is_ascii_alphanumeric)
}

/// A stand-in, or one character over and over.
fn is_dull(value: &[u8]) -> bool {
    check::distinct(value) < 2 || (check::distinct(value) >= 4 && is_placeholder(value))
}

fn has_inner_capital(value: &[u8]) -> bool {
    value.windows(2).filter(|pair| matches!(pair, [one, two] if one.is_ascii_lowercase() && two.is_ascii_uppercase())).count() >= 2
}

/// A value that shows by itself that it is a password.
pub(in crate::inspect::sensitivity) fn is_strong(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters =
        value.iter().filter(|byte| byte.is_ascii_alphabetic() || is_cyrillic(**byte)).count();
    let is_date = value.iter().all(|byte| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b':' | b'.' | b'T' | b'Z')
    });
    let is_address = memchr::memchr(b'@', value)
        .is_some_and(|at| value.get(at..).is_some_and(|tail| tail.contains(&b'.')));
    is_password(value)
        && !value.iter().any(|byte| matches!(byte, b'[' | b']' | b'(' | b')'))
        && value.len() >= 8
        && kinds(value) >= 3
        && digits >= 1
        && letters >= 3
        && !is_date
        && !is_address
        && !is_release(value)
}

/// A program and its version: `ubuntu-22.04`.
fn is_release(value: &[u8]) -> bool {
    let head = value.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let tail = value.get(head..).unwrap_or_default();
    head >= 2
        && tail.strip_prefix(b"-").is_some_and(|version| {
            version.contains(&b'.')
                && version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        })
}

/// Letters and digits as people choose them, behind the name without any sign: `password mnb12345`.
pub(super) fn is_chosen(value: &[u8]) -> bool {
    const TERMS: [&[u8]; 10] =
        [b"sha", b"md5", b"aes", b"base64", b"argon", b"crypt", b"utf", b"v1", b"v2", b"iso"];
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let lower = value.to_ascii_lowercase();
    // Six and seven characters have to change between letters and digits as drawn ones do.
    let is_digit =
        |pair: &&[u8]| matches!(pair, [one, two] if one.is_ascii_digit() != two.is_ascii_digit());
    let is_mixed =
        value.len() >= 6 && digits >= 2 && value.windows(2).filter(is_digit).count() >= 3;
    (value.len() >= 8 || is_mixed)
        && value.iter().all(u8::is_ascii_alphanumeric)
        && (digits >= 3 || is_mixed)
        && value.len() - digits >= 2
        && is_password(value)
        && !TERMS.iter().any(|term| lower.starts_with(term))
}

/// The secret of an authenticator: sixteen characters or more of base 32 (RFC 4648), digits among them.
pub(super) fn is_seed(value: &[u8]) -> bool {
    value.len() >= 16
        && value.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
        && value.iter().any(u8::is_ascii_digit)
        && check::distinct(value) > 6
}
