//! One file per provider: pure codecs, bytes in and values out.
//!
//! The client sends for all of them, so none can forget a timeout, a limit or a clearance.
//! To add a provider: write its file, add its name to the list below.

use bytes::Bytes;

use crate::chat::{Request, Usage};
use crate::money::Tokens;

macro_rules! providers {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every provider in this build, in alphabetical order.
        pub const PROVIDERS: &[&dyn Provider] = &[$($module::PROVIDER),*];
    };
}

providers![openai];

/// The provider of a gateway that nobody configured.
pub const OPENAI: &dyn Provider = openai::PROVIDER;

/// Finds a provider by the name that a configuration uses.
pub fn named(name: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.name() == name)
}

/// What an event of a streamed reply says, as far as the gateway needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Bytes of answer text in it.
    pub text_bytes: usize,
    /// Estimated tokens of answer text in it.
    pub text_tokens: Tokens,
    /// The usage, where the event reports it.
    pub usage: Option<Usage>,
    /// What the event is to the stream.
    pub part: Part,
}

/// What an event is to its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Part of the answer.
    #[default]
    Answer,
    /// Nothing but usage: only for callers who asked for it.
    UsageOnly,
    /// The upstream reports an error inside the stream.
    Error,
    /// The regular end.
    End,
}

/// How an API of a vendor is spoken.
pub trait Provider: Sync + std::fmt::Debug {
    /// The name that configurations and the price book use.
    fn name(&self) -> &'static str;
    /// Where the vendor's API is.
    fn base_url(&self) -> &'static str;
    /// Where chat requests go, below the base URL.
    fn chat_path(&self) -> &'static str;
    /// The headers that carry the key.
    fn authorization(&self, key: &str) -> (&'static str, String);
    /// Writes the body of a request for `model` that produces at most `output_max` tokens per choice.
    fn outgoing(&self, request: &Request, model: &str, output_max: Tokens) -> Bytes;
    /// Reads the usage of a whole reply.
    fn usage(&self, reply: &[u8]) -> Option<Usage>;
    /// Reads the data of one event of a streamed reply.
    fn hear(&self, data: &[u8]) -> Heard;
    /// Adds the cost to an event that reports usage; `None` leaves the event as it is.
    fn with_cost(&self, data: &[u8], cost_usd: &str) -> Option<Vec<u8>>;
}

/// The providers' names, for messages.
pub fn names() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| provider.name()).collect()
}
