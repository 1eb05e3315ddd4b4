//! Names of tool calls. Each vendor has its own idea of how they look, and a conversation may have
//! begun at another: a name that the next one would refuse is replaced, by the same one every time.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

/// What a vendor takes for the name of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// Anything.
    Any,
    /// Letters, digits, `_` and `-`, 64 at most.
    Words,
    /// Letters and digits, exactly nine.
    Nine,
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Ids {
    /// The name as the vendor takes it.
    ///
    /// ```text
    /// Nine:  call_abc123 → 9 letters and digits of the name's SHA-256
    /// ```
    pub(super) fn shown(self, id: &str) -> Cow<'_, str> {
        if self.takes(id) {
            return Cow::Borrowed(id);
        }
        match self {
            Self::Any => Cow::Borrowed(id),
            Self::Words => Cow::Owned(format!("call_{}", digest(id, 22))),
            Self::Nine => Cow::Owned(digest(id, 9)),
        }
    }

    /// Whether the vendor takes the name as it is.
    pub(super) fn takes(self, id: &str) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        match self {
            Self::Any => true,
            Self::Words => (1..=64).contains(&id.len()) && id.bytes().all(is_word),
            Self::Nine => id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        }
    }
}

/// So many letters and digits, 5.95 bits each, of a digest; 32 at most.
fn digest(id: &str, length: usize) -> String {
    let bytes = Sha256::digest(id.as_bytes());
    let digit = |byte: u8| char::from(DIGITS.get(usize::from(byte) % 62).copied().unwrap_or(b'0'));
    bytes.iter().take(length).map(|byte| digit(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_vendor_takes_stays() {
        for (ids, id) in [
            (Ids::Any, "é? 1"),
            (Ids::Words, "call_abc-123"),
            (Ids::Words, "toolu_01A09q90qw90lq917835lq9"),
            (Ids::Nine, "D681PevKs"),
        ] {
            assert!(matches!(ids.shown(id), Cow::Borrowed(it) if it == id), "{ids:?} {id}");
        }
    }

    #[test]
    fn what_it_would_refuse_is_replaced() {
        for (ids, id) in [
            (Ids::Words, "functions.get_weather:0"),
            (Ids::Words, ""),
            (Ids::Nine, "call_abc123"),
            (Ids::Nine, "D681PevK"),
            (Ids::Nine, "D681PevK_"),
        ] {
            assert_ne!(ids.shown(id), id);
            assert!(ids.takes(&ids.shown(id)), "{ids:?} {id}");
        }
    }

    proptest! {
        #[test]
        fn two_names_stay_two_and_one_stays_one(one in ".{0,80}", other in ".{0,80}") {
            for ids in [Ids::Any, Ids::Words, Ids::Nine] {
                prop_assert!(ids.takes(&ids.shown(&one)));
                prop_assert_eq!(ids.shown(&one), ids.shown(&one));
                prop_assert_eq!(ids.shown(&one) == ids.shown(&other), one == other);
            }
        }
    }
}
