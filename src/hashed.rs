//! Digests over fields, each with its kind and its length, so that no two lists of fields have the same
//! bytes.

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub(crate) type Digest = [u8; 32];

/// What goes into a digest. Fields are gathered and hashed in one go, which for many short ones takes half
/// the time.
#[derive(Default)]
pub(crate) struct Hashed {
    bytes: Vec<u8>,
}

impl Hashed {
    /// No fields yet, and room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// One field.
    pub(crate) fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.bytes.push(kind);
        self.bytes.extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.bytes.extend(bytes);
    }

    /// The digest of all of them.
    pub(crate) fn digest(&self) -> Digest {
        Sha256::digest(&self.bytes).into()
    }
}
