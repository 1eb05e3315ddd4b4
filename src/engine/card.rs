//! What a model is: the facts that lists, records and audits name it by.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::money::Tokens;

/// The identity of a loaded model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    /// The name it is served under: the embedded model's own, or the folder's.
    pub name: String,
    /// How many numbers it was built from.
    pub parameters: u64,
    /// The size of the weights file in bytes.
    pub bytes: u64,
    /// The SHA-256 of the weights file, in hexadecimal.
    pub digest: String,
    /// Its licence as the model card names it; `unknown` if nothing does.
    pub licence: String,
    /// The longest prompt in tokens.
    pub context_tokens: Tokens,
    /// The number of tokens that the tokenizer knows.
    pub vocabulary: usize,
    /// What it can be asked for.
    pub serves: Serves,
}

/// What a model can be asked for. Every local model streams; none reads images or calls tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serves {
    /// Languages as BCP 47 names, main language first.
    pub languages: Vec<String>,
    /// The longest prompt.
    pub input_tokens_max: Tokens,
    /// The longest answer that the engine's settings allow.
    pub output_tokens_max: Tokens,
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The name that a folder gives its model.
pub(super) fn folder_name(folder: &Path) -> String {
    let named = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    named.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}
