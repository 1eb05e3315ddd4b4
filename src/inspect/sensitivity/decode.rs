//! Base64 and hexadecimal tokens that hide text: found in strides, decoded within limits.

use super::text::Text;
use std::ops::Range;

/// Shorter tokens hide nothing that a detector would know.
const TOKEN_MIN: usize = 12;
/// A stride that no token of that length can slip through.
const STRIDE: usize = TOKEN_MIN / 2;
/// Most bytes of one token that are decoded.
pub(super) const TOKEN_MAX: usize = 96 * 1024;
/// An undecodable token from this length on hides something that nobody has read.
const OPAQUE_MIN: usize = 1024;

/// What a token turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// Text.
    Text(String),
    /// Nothing that can be decoded, or random bytes: keys, digests.
    Nothing,
    /// So much of something else that it counts as not read.
    Opaque,
}

/// Calls `found` with every run of characters of base64, URL-safe or not, line ends inside
/// included.
pub(super) fn tokens(bytes: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut at = STRIDE;
    while let Some(byte) = bytes.get(at) {
        if !is_code(*byte) {
            at += STRIDE;
            continue;
        }
        let head = bytes.get(..at).unwrap_or_default();
        let start = head.iter().rposition(|byte| !is_code(*byte)).map_or(0, |place| place + 1);
        let rest = bytes.get(at..).unwrap_or_default();
        let mut end = at + rest.iter().position(|byte| !is_code(*byte)).unwrap_or(rest.len());
        if end - start >= 60 {
            end = wrapped(bytes, start, end);
        }
        if end - start >= TOKEN_MIN {
            found(start..end);
        }
        at = end + STRIDE;
    }
}

/// Goes on over line ends while lines of the same length follow, as in e-mail and PEM.
fn wrapped(bytes: &[u8], start: usize, first_end: usize) -> usize {
    let width = first_end - start;
    let mut end = first_end;
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let gap = match rest {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => return end,
        };
        let line = rest.get(gap..).unwrap_or_default();
        let size = line.iter().position(|byte| !is_code(*byte)).unwrap_or(line.len());
        let is_end = matches!(line.get(size), None | Some(b'\n' | b'\r' | b'"'));
        if size == 0 || size > width || !is_end {
            return end;
        }
        end += gap + size;
        if size < width {
            return end;
        }
    }
}

const fn is_code(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// Decodes a token if it hides text.
pub(super) fn decode(text: &Text<'_>, token: &Range<usize>) -> Decoded {
    let whole = text.part(token.start..token.end.min(token.start + TOKEN_MAX));
    if in_public_block(text, token.start) {
        return Decoded::Nothing;
    }
    // A key such as `data=` may be glued to it, or a path lie before it.
    let inner = trim(whole);
    let decoded = hexadecimal(inner).or_else(|| base64(inner)).or_else(|| {
        let cut = inner.iter().rposition(|byte| matches!(byte, b'=' | b'/'))?;
        base64(inner.get(cut + 1..)?)
    });
    match decoded {
        Some(decoded) => Decoded::Text(decoded),
        None if token.len() >= OPAQUE_MIN => Decoded::Opaque,
        None => Decoded::Nothing,
    }
}

/// Without padding at the end and what cannot begin a value.
fn trim(token: &[u8]) -> &[u8] {
    let start = token.iter().position(|byte| !matches!(byte, b'=' | b'-' | b'_')).unwrap_or(0);
    let end = token.iter().rposition(|byte| !matches!(byte, b'=' | b'\n' | b'\r'));
    let token = end.and_then(|end| token.get(start..=end)).unwrap_or_default();
    match memchr::memchr(b'=', token) {
        Some(sign) if sign + 9 < token.len() => token.get(sign + 1..).unwrap_or_default(),
        _ => token,
    }
}

/// Certificates and public keys are meant to be seen.
fn in_public_block(text: &Text<'_>, start: usize) -> bool {
    let head = text.part(start.saturating_sub(64)..start);
    let Some(begin) = memchr::memmem::rfind(head, b"-----BEGIN ") else {
        return head.ends_with(b"ssh-rsa ")
            || head.ends_with(b"ssh-ed25519 ")
            || head.ends_with(b"ecdsa-sha2-nistp256 ")
            || head.ends_with(b"base64,") && is_font(head);
    };
    let kind = head.get(begin..).unwrap_or_default();
    memchr::memmem::find(kind, b"CERTIFICATE").is_some()
        || memchr::memmem::find(kind, b"PUBLIC").is_some()
}

/// Fonts and style sheets inside pages.
fn is_font(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"font").is_some()
}

/// The value of a character of base64, URL-safe or not (RFC 4648).
fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Bytes looked at before a token is decoded whole: random ones betray themselves at once.
const PROBE: usize = 24;

fn base64(token: &[u8]) -> Option<String> {
    let probe = base64_bytes(token.get(..token.len().min(PROBE))?)?;
    if probe.len() < 6 || !is_text_like(&probe) {
        return None;
    }
    as_text(base64_bytes(token)?)
}

/// The bytes that base64 stands for; `None` if it is none. Bits left over are dropped.
pub(super) fn base64_bytes(token: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(token.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in token.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        bits = (bits << 6 | sextet(*byte)?) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.extend(u8::try_from(bits >> count & 0xFF));
        }
    }
    Some(decoded)
}

fn hexadecimal(token: &[u8]) -> Option<String> {
    let token = token.strip_prefix(b"0x").unwrap_or(token);
    if token.len() < TOKEN_MIN || !token.len().is_multiple_of(2) {
        return None;
    }
    let probe = hex_bytes(token.get(..token.len().min(PROBE))?)?;
    if !is_text_like(&probe) {
        return None;
    }
    as_text(hex_bytes(token)?)
}

fn hex_bytes(token: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    token.chunks(2).map(pair).collect()
}

/// Whether the first bytes are those of text: no control characters, and UTF-8 as far as it goes.
fn is_text_like(bytes: &[u8]) -> bool {
    let is_plain =
        |byte: &u8| *byte >= 0x20 && *byte != 0x7F || matches!(byte, b'\n' | b'\r' | b'\t');
    let is_cut = |error: std::str::Utf8Error| error.error_len().is_none();
    bytes.iter().all(is_plain) && std::str::from_utf8(bytes).map_or_else(is_cut, |_| true)
}

fn as_text(mut bytes: Vec<u8>) -> Option<String> {
    // A token that was cut off may end inside a character.
    if let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    let text = String::from_utf8(bytes).ok()?;
    text.chars().all(|letter| !letter.is_control() || letter.is_whitespace()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{base64, hexadecimal, tokens};

    #[test]
    fn hidden_text_is_read() {
        assert_eq!(base64(b"NTM2LTIyLTgxNDU").as_deref(), Some("536-22-8145"));
        assert_eq!(hexadecimal(b"3533362d32322d38313435").as_deref(), Some("536-22-8145"));
        assert_eq!(base64(b"6Lqr5Lu96K-B5Y-3").as_deref(), Some("身份证号"));
        assert_eq!(base64(b"getUserAccountById"), None);
        assert_eq!(hexadecimal(b"9f86d081884c7d65"), None);
    }

    #[test]
    fn tokens_are_found_in_strides() {
        let mut found = Vec::new();
        tokens(b"a short word, then NTM2LTIyLTgxNDU=, end", |token| found.push(token));
        assert_eq!(found.len(), 1);
        assert_eq!(found.first().map(|token| (token.start, token.end)), Some((19, 35)));
    }
}
