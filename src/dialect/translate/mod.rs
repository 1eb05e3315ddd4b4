//! Translates between dialects: a request on its way out, its answer on its way back.
//!
//! What means the same is translated, what has no effect on the answer is left out, and everything
//! else is refused by name: a parameter that is silently dropped would be a lie. No text is made up:
//! the strings of a translated request are those of the request (docs/providers.md says which move
//! where), and whoever sends it reads and inspects it again as if it had come from a caller.

mod chat_request;
mod messages_request;
mod reply;
mod to_chat;
mod to_messages;

use bytes::Bytes;
use serde_json::Value;

use super::fields::{Fields, each, is_empty, list};

use crate::chat::{Part, Request, Surface, Usage};

/// A field that the other interface cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct Untranslatable {
    /// Its path.
    pub field: String,
    /// Why not.
    pub problem: &'static str,
}

/// What the other side does not say about an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct About {
    /// The decision's id, from which the answer's id is made.
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    /// The model, should the answer not name it.
    pub model: String,
    /// The body of the caller's request: some interfaces repeat its settings in the answer.
    pub asked: Bytes,
}

/// What was asked is content.
impl std::fmt::Debug for About {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "About({}, {} bytes)", self.id, self.asked.len())
    }
}

/// An event of a stream in the caller's dialect.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is to the stream.
    pub part: Part,
    /// Its data, one line.
    pub data: String,
}

/// An event holds text of an answer.
impl std::fmt::Debug for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Told({:?}, {} bytes)", self.part, self.data.len())
    }
}

/// Translates a streamed answer, event by event. Nothing is held back but the reason of the end.
pub trait Translator: Send + std::fmt::Debug {
    /// Takes the data of the next event; `used` is what is known about usage by now.
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told>;
}

/// The body that asks the same through another interface.
pub fn request(request: &Request, to: Surface) -> Result<Bytes, Untranslatable> {
    let body = match (request.surface, to) {
        (Surface::OpenAiChat, Surface::AnthropicMessages) => {
            chat_request::translate(request.body())?
        }
        (Surface::AnthropicMessages, Surface::OpenAiChat) => {
            messages_request::translate(request.body())?
        }
        (from, to) if from == to => return Ok(request.body().clone()),
        _ => return Err(no("model", UNKNOWN)),
    };
    Ok(Value::Object(body).to_string().into())
}

/// A whole answer; `None` if it is not one of the dialect that it should be in.
pub fn reply(body: &[u8], to: Surface, about: &About, used: &Usage) -> Option<Vec<u8>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let new = match to {
        Surface::OpenAiChat => reply::as_chat(&body, about, used)?,
        Surface::AnthropicMessages => reply::as_message(&body, about, used)?,
        Surface::OpenAiCompletions | Surface::OpenAiResponses | Surface::OpenAiEmbeddings => {
            return None;
        }
    };
    Some(new.to_string().into_bytes())
}

/// The translator of a streamed answer into the caller's dialect.
pub fn stream(to: Surface, about: About) -> Box<dyn Translator> {
    match to {
        Surface::AnthropicMessages => Box::new(to_messages::ToMessages::new(about)),
        Surface::OpenAiChat
        | Surface::OpenAiCompletions
        | Surface::OpenAiResponses
        | Surface::OpenAiEmbeddings => Box::new(to_chat::ToChat::new(about)),
    }
}

/// What an error body of either dialect says.
pub fn said(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("error")?.get("message")?.as_str()?.to_owned())
}

/// Refuses a field.
pub(super) fn no(field: impl Into<String>, problem: &'static str) -> Untranslatable {
    Untranslatable { field: field.into(), problem }
}

pub(super) const UNKNOWN: &str = "has no counterpart in the interface of the target";
pub(super) const MALFORMED: &str = "is not what the interface defines there";

#[cfg(test)]
mod tests;
