//! API keys: what a client sends, and the digest that is kept of it.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::hex;
use crate::secret::Secret;

/// What keys made by us begin with, so that people and scanners know one when they see it.
pub const PREFIX: &str = "amb_";
/// Random bytes of a key: 256 bits, so that a plain digest of it cannot be guessed.
const RANDOM_SIZE: usize = 32;
/// How many characters of a key's end are shown to tell keys apart.
const HINT_CHARS: usize = 4;

/// The SHA-256 of a key, which is all that is kept of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// The digest of a key.
    pub fn of(key: &Secret) -> Self {
        Self(Sha256::digest(key.expose().as_bytes()).into())
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyDigest(***)")
    }
}

/// A new key.
///
/// # Errors
/// The system gives no random bytes.
pub fn new() -> Result<Secret, getrandom::Error> {
    let mut random = [0; RANDOM_SIZE];
    getrandom::fill(&mut random)?;
    Ok(make(random))
}

/// A key of our own making from random bytes.
pub fn make(random: [u8; RANDOM_SIZE]) -> Secret {
    Secret::new(format!("{PREFIX}{}", hex::encode(&random)))
}

/// The last characters of a key, to tell it from others in lists.
pub fn hint(key: &Secret) -> String {
    let chars = key.expose().chars().count();
    key.expose().chars().skip(chars.saturating_sub(HINT_CHARS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_known_by_their_beginning_and_never_shown() {
        let key = make([7; 32]);
        assert!(key.expose().starts_with(PREFIX) && key.expose().len() == 68);
        assert_eq!(hint(&key), "0707");
        assert_ne!(KeyDigest::of(&key), KeyDigest::of(&make([8; 32])));
        assert_eq!(format!("{:?}", KeyDigest::of(&key)), "KeyDigest(***)");
    }
}
