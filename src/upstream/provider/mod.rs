//! One file per provider: pure codecs, bytes in and values out.
//!
//! The client sends for all of them, so none can forget a timeout, a limit or a clearance.
//! To add a provider: write its file, add its name to the list below.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use bytes::Bytes;
use smallvec::SmallVec;

pub use crate::chat::Part;
use crate::chat::talk::{Said, Talk};
use crate::chat::{Delivery, Request, Surface, Usage};
use crate::dialect::sse::{self, Splitter};
use crate::dialect::translate::{UNKNOWN, Untranslatable, no};
use crate::money::Tokens;

mod blocks;
mod chat;
mod ids;
mod openai_more;

macro_rules! providers {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every provider in this build, in alphabetical order.
        pub const PROVIDERS: &[&dyn Provider] = &[$($module::PROVIDER),*];
    };
}

providers![
    anthropic, azure, bedrock, deepseek, gemini, minimax, mistral, openai, openrouter, zhipu
];

/// The provider of a gateway that nobody configured.
pub const OPENAI: &dyn Provider = openai::PROVIDER;

/// Finds a provider by the name that a configuration uses.
pub fn named(name: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.name() == name)
}

/// The providers' names, for messages.
pub fn names() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| provider.name()).collect()
}

/// What an event of a streamed reply says, as far as the gateway needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard<'a> {
    /// What the model says in it.
    pub said: SmallVec<[Said<'a>; 2]>,
    /// The usage, where the event reports it.
    pub usage: Option<Usage>,
    /// Where the event says what the prompt is billed as, but not yet the answer.
    pub prompt: Option<Usage>,
    /// What the event is to the stream.
    pub part: Part,
}

/// Listens to a streamed reply.
pub trait Ear: Send + fmt::Debug {
    /// Reads the data of the next event.
    fn hear<'a>(&mut self, data: &'a [u8]) -> Heard<'a>;
    /// The stream was ended in good order, but no event said so: whether the answer is whole.
    fn is_whole(&self) -> bool {
        false
    }
}

/// Cuts a byte stream into events, however the network cut it into chunks.
pub trait Cutter: Send + fmt::Debug {
    /// Takes the next chunk of the stream.
    fn push(&mut self, chunk: &[u8]);
    /// The next whole event, as it came where callers know its form.
    ///
    /// # Errors
    /// The bytes are not a stream of events.
    fn next_event(&mut self) -> Result<Option<Bytes>, Uncut>;
    /// The data of an event, if it has any.
    fn data<'a>(&self, event: &'a [u8]) -> Option<Cow<'a, [u8]>>;
}

/// The bytes are not a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncut {
    /// An event has no end.
    #[error("an event of the stream is too long")]
    TooLong,
    /// An event is damaged.
    #[error("an event of the stream is damaged")]
    Damaged,
}

impl Cutter for Splitter {
    fn push(&mut self, chunk: &[u8]) {
        Self::push(self, chunk);
    }

    fn next_event(&mut self) -> Result<Option<Bytes>, Uncut> {
        Self::next_event(self).map_err(|sse::TooLong| Uncut::TooLong)
    }

    fn data<'a>(&self, event: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        sse::data(event)
    }
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The model's name at the provider.
    pub model: &'a str,
    /// The version of the API, where a target names one.
    pub api_version: Option<&'a str>,
    /// How the answer is wanted.
    pub delivery: Delivery,
}

/// A request for the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// Its body.
    pub body: Bytes,
    /// Whether the answer comes as the arguments of a tool that the caller does not know.
    pub is_wrapped: bool,
}

/// Sizes only.
impl fmt::Debug for Written {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Written({} bytes)", self.body.len())
    }
}

/// What an error body says.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status that it stands for, where the reply had a better one.
    pub status: Option<u16>,
    /// The provider's words.
    pub message: String,
}

/// An upstream's words may quote the request.
impl fmt::Debug for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Refusal({:?}, {} bytes)", self.status, self.message.len())
    }
}

/// How an API of a vendor is spoken.
pub trait Provider: Sync + fmt::Debug {
    /// The name that configurations use.
    fn name(&self) -> &'static str;
    /// The name that the price book uses.
    fn book(&self) -> &'static str {
        self.name()
    }
    /// The interface that it speaks, if callers can speak it, too: then their bytes are passed on.
    /// Requests that come in another are translated.
    fn surface(&self) -> Option<Surface>;
    /// How it speaks another interface besides; requests of those are not translated.
    fn also(&self, _surface: Surface) -> Option<&'static dyn Provider> {
        None
    }
    /// Where the vendor's API is; `{region}` stands for the target's. Nothing where every customer
    /// has an address of its own.
    fn base_url(&self) -> &'static str;
    /// Where requests go, below the base URL.
    fn path(&self, place: &Place<'_>) -> String;
    /// What a `GET` that costs nothing asks for, below the base URL: the list of models, mostly.
    fn probe_path(&self) -> &'static str {
        "/models"
    }
    /// Whether the body of a reply to that, whose status says that something is not allowed, shows that
    /// the key is known all the same: it may just not be allowed to ask that.
    fn knows_key(&self, _body: &[u8]) -> bool {
        false
    }
    /// The header that carries the key.
    fn authorization(&self, key: &str) -> (&'static str, String);
    /// The service of Amazon's whose requests are signed, if they can be.
    fn signs_for(&self) -> Option<&'static str> {
        None
    }
    /// Headers that it wants besides.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// The body of a request in its interface, for `model` and at most `output_max` tokens per choice.
    ///
    /// # Errors
    /// A field that the vendor would ignore, although it changes the answer.
    fn outgoing(
        &self,
        _request: &Request,
        _model: &str,
        _output_max: Tokens,
    ) -> Result<Bytes, Untranslatable> {
        // Callers cannot speak it, so nothing passes as it came.
        Err(no("body", UNKNOWN))
    }
    /// Writes a request of another interface in its own.
    ///
    /// # Errors
    /// A field that its interface cannot say.
    fn write(
        &self,
        talk: &Talk<'_>,
        model: &str,
        output_max: Tokens,
    ) -> Result<Written, Untranslatable>;
    /// Reads the usage of a whole reply.
    fn usage(&self, reply: &[u8]) -> Option<Usage>;
    /// Reads what a whole reply says; `None` if it is not one of its interface.
    fn whole<'a>(&self, reply: &'a [u8]) -> Option<Vec<Said<'a>>>;
    /// Cuts a streamed reply into events.
    fn cutter(&self) -> Box<dyn Cutter> {
        Box::<Splitter>::default()
    }
    /// Listens to a streamed reply.
    fn ear(&self) -> Box<dyn Ear>;
    /// Reads an error body; `None` if it does not say anything.
    fn refusal(&self, body: &[u8]) -> Option<Refusal>;
    /// Whether callers of its interface understand its error bodies.
    fn has_usual_errors(&self) -> bool {
        true
    }
    /// A reply that has a good status and is an error all the same.
    fn disguised(&self, _reply: &[u8]) -> Option<Refusal> {
        None
    }
}

/// A name as a part of an address.
fn in_path(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What `{"error": {"message": …}}` says, which most vendors write.
fn said_in_error(body: &[u8]) -> Option<Refusal> {
    let body = crate::dialect::json::Json::read(body)?;
    let message = body.get("error")?.get("message")?.as_text()?.to_owned();
    Some(Refusal { status: None, message })
}

#[cfg(test)]
mod tests;
