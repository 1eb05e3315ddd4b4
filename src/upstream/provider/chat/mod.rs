//! Chat completions, as OpenAI defined them and many vendors speak them. What a vendor does
//! otherwise is stated in one value, its [`Vendor`], in its own file.

pub(super) mod edit;
pub(super) mod hear;
pub(super) mod write;

use bytes::Bytes;

use super::ids::Ids;
use super::{Ear, Place, Provider, Refusal, Written, said_in_error};
use crate::chat::talk::{Said, Talk};
use crate::chat::{Request, Surface, Usage};
use crate::dialect::translate::Untranslatable;
use crate::money::{NanoUsd, Tokens};

/// A vendor whose interface is chat completions, and how it differs.
pub(super) struct Vendor {
    /// The name that configurations use.
    pub(super) name: &'static str,
    /// The name that the price book uses.
    pub(super) book: &'static str,
    /// Where its API is.
    pub(super) base_url: &'static str,
    /// Where requests go below that.
    pub(super) path: fn(&Place<'_>) -> String,
    /// What a `GET` that costs nothing asks for.
    pub(super) probe_path: &'static str,
    /// The header that holds the key, where it is not a bearer's.
    pub(super) key_header: Option<&'static str>,
    /// What it calls the limit on answer tokens.
    pub(super) limit: &'static str,
    /// How the usage of a stream is got.
    pub(super) stream_usage: StreamUsage,
    /// Fields that it has another name for.
    pub(super) renames: &'static [(&'static str, &'static str)],
    /// Fields that change no answer and that it does not take.
    pub(super) omits: &'static [&'static str],
    /// Fields that change the answer and that it ignores.
    pub(super) refuses: &'static [&'static str],
    /// What it takes for the name of a call.
    pub(super) ids: Ids,
    /// How an answer is made to follow a JSON schema.
    pub(super) schemas: Schemas,
    /// Why an answer ended that is not whole.
    pub(super) broken: &'static [&'static str],
    /// What an error body says, where it is not written like OpenAI's.
    pub(super) refusal: Option<Reads<Refusal>>,
    /// What a reply with a good status says that is an error.
    pub(super) disguised: Option<Reads<Refusal>>,
    /// What a reply or event says that it is billed with.
    pub(super) billed: Option<Reads<NanoUsd>>,
    /// Whether a stream may end without saying so.
    pub(super) ends_silently: bool,
    /// How it speaks other interfaces besides.
    pub(super) also: fn(Surface) -> Option<&'static dyn Provider>,
}

/// Looks for something in a reply or an event.
pub(super) type Reads<T> = fn(&[u8]) -> Option<T>;

/// How the usage of a stream is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamUsage {
    /// By `stream_options`.
    Asked,
    /// It comes without being asked for.
    Told,
}

/// How an answer is made to follow a JSON schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schemas {
    /// By `response_format`.
    Known,
    /// By a tool that must be called.
    ByTool,
    /// Not at all, and no tool can be forced to be called.
    Unknown,
}

impl Vendor {
    /// As OpenAI does it.
    pub(super) const USUAL: Self = Self {
        name: "openai",
        book: "openai",
        base_url: "https://api.openai.com/v1",
        path: |_| "/chat/completions".to_owned(),
        probe_path: "/models",
        key_header: None,
        limit: "max_completion_tokens",
        stream_usage: StreamUsage::Asked,
        renames: &[],
        omits: &[],
        refuses: &[],
        ids: Ids::Any,
        schemas: Schemas::Known,
        broken: &[],
        refusal: None,
        disguised: None,
        billed: None,
        ends_silently: false,
        also: |_| None,
    };
}

/// Embeddings, which many vendors write as OpenAI does.
pub(super) fn embeddings(surface: Surface) -> Option<&'static dyn Provider> {
    let more: &'static dyn Provider = &super::openai_more::EMBEDDINGS;
    (surface == Surface::OpenAiEmbeddings).then_some(more)
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Vendor({})", self.name)
    }
}

impl Provider for Vendor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn book(&self) -> &'static str {
        self.book
    }

    fn surface(&self) -> Option<Surface> {
        Some(Surface::OpenAiChat)
    }

    fn also(&self, surface: Surface) -> Option<&'static dyn Provider> {
        (self.also)(surface)
    }

    fn base_url(&self) -> &'static str {
        self.base_url
    }

    fn path(&self, place: &Place<'_>) -> String {
        (self.path)(place)
    }

    fn probe_path(&self) -> &'static str {
        self.probe_path
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        match self.key_header {
            Some(name) => (name, key.to_owned()),
            None => ("authorization", format!("Bearer {key}")),
        }
    }

    fn outgoing(
        &self,
        request: &Request,
        model: &str,
        output_max: Tokens,
    ) -> Result<Bytes, Untranslatable> {
        let changes = edit::Changes {
            model,
            limit: (self.limit, output_max),
            asks_usage: self.stream_usage == StreamUsage::Asked,
            renames: self.renames,
            omits: self.omits,
            refuses: self.refuses,
            ids: self.ids,
        };
        edit::edited(request, changes)
    }

    fn write(
        &self,
        talk: &Talk<'_>,
        model: &str,
        output_max: Tokens,
    ) -> Result<Written, Untranslatable> {
        write::written(self, talk, (model, output_max))
    }

    fn usage(&self, reply: &[u8]) -> Option<Usage> {
        hear::usage(self, reply)
    }

    fn whole<'a>(&self, reply: &'a [u8]) -> Option<Vec<Said<'a>>> {
        hear::whole(self, reply)
    }

    fn ear(&self) -> Box<dyn Ear> {
        Box::new(hear::Listening::new(hear::Ways::of(self)))
    }

    fn refusal(&self, body: &[u8]) -> Option<Refusal> {
        self.refusal.unwrap_or(said_in_error)(body)
    }

    fn has_usual_errors(&self) -> bool {
        self.refusal.is_none()
    }

    fn disguised(&self, reply: &[u8]) -> Option<Refusal> {
        self.disguised.and_then(|it| it(reply))
    }
}

#[cfg(test)]
mod tests;
