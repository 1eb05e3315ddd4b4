//! What a model is: the facts that lists, records and audits name it by.

use super::digest::Digest;
use crate::money::Tokens;

/// The identity of a loaded model.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// The name it is served under: the embedded model's own, or the folder's.
    pub name: String,
    /// How many numbers it was built from.
    pub parameters: u64,
    /// The size of the weights file in bytes.
    pub bytes: u64,
    pub(super) digest: Digest,
    /// Its licence as the model card names it; `unknown` if nothing does.
    pub licence: String,
    /// The longest prompt in tokens.
    pub context_tokens: Tokens,
    /// The number of tokens that the tokenizer knows.
    pub vocabulary: usize,
    /// What it can be asked for.
    pub serves: Serves,
    /// What computes it and in which numbers.
    pub backend: String,
    /// The names of its adapters, in the order in which they were loaded.
    pub adapters: Vec<String>,
}

impl ModelCard {
    /// The SHA-256 of the weights, in hexadecimal; for weights in several files that of the list
    /// which `sha256sum` prints for them. Computed beside the loading: shortly after it, this waits.
    pub fn digest(&self) -> &str {
        self.digest.wait()
    }

    /// The same, if it is known yet.
    pub fn digest_known(&self) -> Option<&str> {
        self.digest.known()
    }
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
