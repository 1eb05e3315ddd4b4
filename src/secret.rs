//! A value that nobody may read in a log: no `Display`, no `Serialize`, and `Debug` shows `***`.

use std::fmt;

/// A password, an API key or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that was read from its reference.
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that sends or hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}
