//! One file per provider: pure codecs, bytes in and values out.
//!
//! The client sends for all of them, so none can forget a timeout, a limit or a clearance.
//! To add a provider: write its file, add its name to the list below.

use bytes::Bytes;

pub use crate::chat::Part;
use crate::chat::{Request, Surface, Usage};
use crate::money::Tokens;

mod openai_more;
mod splice;

macro_rules! providers {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every provider in this build, in alphabetical order.
        pub const PROVIDERS: &[&dyn Provider] = &[$($module::PROVIDER),*];
    };
}

providers![anthropic, openai];

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
    /// Where the event says what the prompt is billed as, but not yet the answer.
    pub prompt: Option<Usage>,
    /// What the event is to the stream.
    pub part: Part,
}

/// Listens to a streamed reply.
pub trait Ear: Send + std::fmt::Debug {
    /// Reads the data of the next event.
    fn hear(&mut self, data: &[u8]) -> Heard;
}

/// How an API of a vendor is spoken.
pub trait Provider: Sync + std::fmt::Debug {
    /// The name that configurations and the price book use.
    fn name(&self) -> &'static str;
    /// The interface that it speaks: requests that come in another are translated.
    fn surface(&self) -> Surface;
    /// How it speaks another interface besides; requests of those are not translated.
    fn also(&self, _: Surface) -> Option<&'static dyn Provider> {
        None
    }
    /// Where the vendor's API is.
    fn base_url(&self) -> &'static str;
    /// Where chat requests go, below the base URL.
    fn chat_path(&self) -> &'static str;
    /// The headers that carry the key.
    fn authorization(&self, key: &str) -> (&'static str, String);
    /// Headers that it wants besides.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// Writes the body of a request in its interface for `model` that produces at most `output_max` tokens per choice.
    fn outgoing(&self, request: &Request, model: &str, output_max: Tokens) -> Bytes;
    /// Reads the usage of a whole reply.
    fn usage(&self, reply: &[u8]) -> Option<Usage>;
    /// Listens to a streamed reply.
    fn ear(&self) -> Box<dyn Ear>;
}

/// The providers' names, for messages.
pub fn names() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| provider.name()).collect()
}
