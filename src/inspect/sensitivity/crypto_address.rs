//! Addresses of crypto currencies: base58 with a double SHA-256 checksum (Bitcoin, Litecoin, Tron,
//! Dogecoin), bech32 and bech32m (BIP 173, BIP 350), Ethereum's `0x` and forty digits.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use sha2::{Digest, Sha256};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &CryptoAddress;

struct CryptoAddress;

impl Detector for CryptoAddress {
    fn labels(&self) -> &'static [Label] {
        &[Label::FinancialCryptoAddress]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Tokens]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Token(token) = anchor else { return };
        if !(26..=120).contains(&token.len()) {
            return;
        }
        // A scheme such as `bitcoin:` or a key may be glued to the address, and so may a suffix.
        let text = ask.text;
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric();
        let mut at = token.start;
        while at < token.end {
            let start = text.run(at, |byte| !is_inner(byte)).min(token.end);
            let end = text.run(start, is_inner).min(token.end);
            let span = start..end;
            found.extend(judge(text, &span));
            at = end.max(at + 1);
        }
    }
}

fn judge(text: &Text<'_>, span: &Range<usize>) -> Option<Hit> {
    let address = text.part(span.clone());
    let label = Label::FinancialCryptoAddress;
    match address {
        [b'0', b'x', digits @ ..] if digits.len() == 40 => {
            let is_address =
                digits.iter().all(u8::is_ascii_hexdigit) && check::distinct(digits) > 6;
            is_address.then(|| Hit::by_shape(label, span.clone()))
        }
        [b'b', b'c', b'1', ..] | [b't', b'b', b'1', ..] | [b'l', b't', b'c', b'1', ..] => {
            is_bech32(address).then(|| Hit::by_checksum(label, span.clone()))
        }
        [b'1' | b'3' | b'T' | b'L' | b'M' | b'D', ..] if (26..=35).contains(&address.len()) => {
            is_base58(address).then(|| Hit::by_checksum(label, span.clone()))
        }
        _ if matches!(address.len(), 43 | 44) => {
            let is_drawn =
                address.iter().all(|byte| BASE58.contains(byte)) && check::distinct(address) > 15;
            let near = || text.part(span.start.saturating_sub(64)..span.end + 32);
            let is_said =
                || memchr::memmem::find(&near().to_ascii_lowercase(), b"solana").is_some();
            (is_drawn && is_said()).then(|| Hit::by_context(label, span.clone()))
        }
        _ => None,
    }
}

/// Digits and letters without those that look alike.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Whether 25 bytes come out, the last four of them the checksum.
fn is_base58(address: &[u8]) -> bool {
    let mut bytes = [0_u8; 25];
    for byte in address {
        let Some(value) = BASE58.iter().position(|known| known == byte) else { return false };
        let mut carry = u32::try_from(value).unwrap_or(0);
        for place in bytes.iter_mut().rev() {
            carry += u32::from(*place) * 58;
            *place = u8::try_from(carry & 0xFF).unwrap_or(0);
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let (payload, sum) = bytes.split_at(21);
    Sha256::digest(Sha256::digest(payload)).get(..4) == Some(sum)
}

/// The checksum of a code over 32 symbols.
fn is_bech32(address: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3];
    let Some(split) = address.iter().rposition(|byte| *byte == b'1') else { return false };
    let (prefix, data) = address.split_at(split);
    let mut state = 1_u32;
    let mut feed = |value: u32| {
        let top = state >> 25;
        state = (state & 0x01FF_FFFF) << 5 ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                state ^= generator;
            }
        }
    };
    for byte in prefix {
        feed(u32::from(byte >> 5));
    }
    feed(0);
    for byte in prefix {
        feed(u32::from(byte & 31));
    }
    for byte in data.iter().skip(1) {
        let symbol = ALPHABET.iter().position(|known| *known == byte.to_ascii_lowercase());
        let Some(symbol) = symbol.and_then(|index| u32::try_from(index).ok()) else { return false };
        feed(symbol);
    }
    matches!(state, 1 | 0x2BC8_30A3)
}
