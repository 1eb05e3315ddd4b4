//! JSON web tokens: the first part decodes to a JSON object with `alg` (RFC 7519).

use super::text::Hit;
use super::{Anchor, Ask, Confidence, Detector, Evidence, Found, Label, Pack, Wake};

pub(super) const DETECTOR: &dyn Detector = &Jwt;

struct Jwt;

/// The signature of the sample that jwt.io shows.
const SAMPLE: &[u8] = b".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

impl Detector for Jwt {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretJwt]
    }

    fn pack(&self) -> Pack {
        Pack::Secrets
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(&["eyJ"])]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        let Anchor::Word(word) = anchor else { return };
        if text.part(word.clone()) != b"eyJ" || !text.opens(word.start) {
            return;
        }
        let part_end = |start| text.run(start, |byte| sextet(byte).is_some());
        let header_end = part_end(word.start);
        let payload_end = part_end(header_end + 1);
        let has_parts = text.at(header_end) == b'.' && payload_end - header_end > 8;
        if !has_parts || !names_algorithm(text.part(word.start..header_end)) {
            return;
        }
        let end =
            if text.at(payload_end) == b'.' { part_end(payload_end + 1) } else { payload_end };
        if text.part(word.start..end).ends_with(SAMPLE) {
            return;
        }
        found.push(Hit {
            label: Label::SecretJwt,
            span: word.start..end,
            confidence: Confidence::Certain,
            evidence: Evidence::Checksum,
            is_named: false,
        });
    }
}

/// The value of a base64url character (RFC 4648 §5).
const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

/// Whether the decoded header holds the key that every such token must have.
fn names_algorithm(header: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(header.len());
    let (mut bits, mut count) = (0_u32, 0);
    for byte in header.iter().take(512) {
        let Some(value) = sextet(*byte) else { return false };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.extend(u8::try_from(bits >> count & 0xFF));
        }
    }
    memchr::memmem::find(&decoded, b"\"alg\"").is_some()
        || memchr::memmem::find(&decoded, b"\"typ\"").is_some()
}
