//! Translates between dialects: a request on its way out, its answer on its way back.
//!
//! What means the same is translated, what has no effect on the answer is left out, and everything
//! else is refused by name: a parameter that is silently dropped would be a lie. No text is made up:
//! the strings of a translated request are those of the request (docs/providers.md says which move
//! where), and whoever sends it reads and inspects it again as if it had come from a caller.

mod chat_request;
mod completions;
mod messages_request;
mod reply;
mod responses_reply;
mod responses_request;
mod to_chat;
mod to_messages;
mod to_responses;

use bytes::Bytes;
use serde_json::{Map, Value};

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

/// The body that asks the same through another interface. What is not said there already is said as
/// chat completions, and from there as whatever else.
pub fn request(request: &Request, to: Surface) -> Result<Bytes, Untranslatable> {
    if request.surface == to {
        return Ok(request.body().clone());
    }
    let body = object(request.body())?;
    let chat = match request.surface {
        Surface::OpenAiChat => body,
        Surface::AnthropicMessages => messages_request::translate(body)?,
        Surface::OpenAiCompletions => completions::translate(body)?,
        Surface::OpenAiResponses => responses_request::translate(body)?,
        Surface::OpenAiEmbeddings => return Err(no("input", UNKNOWN)),
    };
    let body = match to {
        Surface::OpenAiChat => chat,
        Surface::AnthropicMessages => chat_request::translate(chat)?,
        Surface::OpenAiCompletions | Surface::OpenAiResponses | Surface::OpenAiEmbeddings => {
            return Err(no("model", UNKNOWN));
        }
    };
    Ok(Value::Object(body).to_string().into())
}

/// Whether requests of one interface can be said in another.
pub const fn can(from: Surface, to: Surface) -> bool {
    !matches!(from, Surface::OpenAiEmbeddings)
        && matches!(to, Surface::OpenAiChat | Surface::AnthropicMessages)
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Untranslatable> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(top)) => Ok(top),
        _ => Err(no("body", MALFORMED)),
    }
}

/// A whole answer; `None` if it is not one of the dialect that it should be in.
pub fn reply(
    body: &[u8],
    (from, to): (Surface, Surface),
    about: &About,
    used: &Usage,
) -> Option<Vec<u8>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let chat = match from {
        Surface::AnthropicMessages => reply::as_chat(&body, about, used)?,
        Surface::OpenAiChat
        | Surface::OpenAiCompletions
        | Surface::OpenAiResponses
        | Surface::OpenAiEmbeddings => body,
    };
    let new = match to {
        Surface::OpenAiChat | Surface::OpenAiEmbeddings => chat,
        Surface::AnthropicMessages => reply::as_message(&chat, about, used)?,
        Surface::OpenAiCompletions => completions::answer(&chat, about, used)?,
        Surface::OpenAiResponses => responses_reply::response(&chat, about, used)?,
    };
    Some(new.to_string().into_bytes())
}

/// The translator of a streamed answer into the caller's dialect.
pub fn stream((from, to): (Surface, Surface), about: About) -> Box<dyn Translator> {
    let last: Box<dyn Translator> = match to {
        Surface::OpenAiChat | Surface::OpenAiEmbeddings => {
            return Box::new(to_chat::ToChat::new(about));
        }
        Surface::AnthropicMessages => Box::new(to_messages::ToMessages::new(about.clone())),
        Surface::OpenAiCompletions => Box::new(completions::ToCompletions::new(about.clone())),
        Surface::OpenAiResponses => Box::new(to_responses::ToResponses::new(about.clone())),
    };
    if from == Surface::AnthropicMessages {
        Box::new(Chain(Box::new(to_chat::ToChat::new(about)), last))
    } else {
        last
    }
}

/// Two translators, one behind the other.
#[derive(Debug)]
struct Chain(Box<dyn Translator>, Box<dyn Translator>);

impl Translator for Chain {
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told> {
        let Self(first, last) = self;
        let told = first.hear(data, used);
        told.into_iter().flat_map(|told| last.hear(told.data.as_bytes(), used)).collect()
    }
}

/// What an error body of either dialect says.
pub fn said(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("error")?.get("message")?.as_str()?.to_owned())
}

fn no(field: impl Into<String>, problem: &'static str) -> Untranslatable {
    Untranslatable { field: field.into(), problem }
}

const UNKNOWN: &str = "has no counterpart in the interface of the target";
const MALFORMED: &str = "is not what the interface defines there";

/// The fields of an object that are taken one by one; what is left in the end is refused.
struct Fields {
    at: String,
    map: Map<String, Value>,
}

impl Fields {
    fn of(value: Value, at: &str) -> Result<Self, Untranslatable> {
        let Value::Object(map) = value else { return Err(no(at, MALFORMED)) };
        Ok(Self { at: at.to_owned(), map })
    }

    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.at)
    }

    /// A field that is there and says something.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Result<String, Untranslatable> {
        match self.take(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(no(self.path(key), MALFORMED)),
        }
    }

    /// Nothing may be left that says something.
    fn done(self) -> Result<(), Untranslatable> {
        let left = self.map.iter().find(|(_, value)| !is_empty(value));
        left.map_or(Ok(()), |(key, _)| Err(no(self.path(key), UNKNOWN)))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

fn list(value: Value, at: &str) -> Result<Vec<Value>, Untranslatable> {
    let Value::Array(items) = value else { return Err(no(at, MALFORMED)) };
    Ok(items)
}

/// Every item of a list in other words, with its path.
fn each(
    value: Value,
    at: &str,
    translate: impl Fn(Value, &str) -> Result<Value, Untranslatable>,
) -> Result<Vec<Value>, Untranslatable> {
    let items = list(value, at)?.into_iter().enumerate();
    items.map(|(index, item)| translate(item, &format!("{at}[{index}]"))).collect()
}

#[cfg(test)]
mod tests;
