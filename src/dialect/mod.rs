//! What clients speak: each public interface as bytes in, [`chat`](crate::chat) values out, and back.
//!
//! Pure and without I/O. To add a dialect: write its file, add it to [`Dialect`]'s implementors and
//! to [`of`].

mod collect;
mod fields;
mod hosted;
mod inputs;

mod walk;
pub mod json;
pub mod completions;
pub mod embeddings;
pub mod messages;
pub mod near;
pub mod openai;
pub mod responses;
pub mod sse;
pub mod translate;

use bytes::Bytes;

use self::translate::{About, Teller, Untranslatable};
use crate::chat::talk::{Said, Talk};
use crate::chat::{Answer, Event, Request, Surface, Usage};

/// What a client sees of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// The HTTP status that goes with it.
    pub status: u16,
    /// The machine-readable reason, such as `policy_refused`.
    pub code: &'a str,
    /// One sentence for a person, with a way out.
    pub message: &'a str,
    /// The decision, when one was made.
    pub decision: Option<&'a str>,
}

/// A body that is not a request of the dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or JSON that two readers could understand differently.
    #[error("the body is not valid JSON: {0}")]
    Json(String),
    /// A field has a value that cannot be used.
    #[error("`{field}` {problem}")]
    Field {
        /// Its path.
        field: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
}

/// A public interface.
pub trait Dialect: Sync + std::fmt::Debug {
    /// The interface that it is spoken at.
    fn surface(&self) -> Surface;
    /// Reads a request. The body is walked once.
    fn read(&self, body: Bytes) -> Result<Request, Unreadable>;
    /// Who writes an answer that is made in this process; `None` where answers are not texts.
    fn scribe(&self, about: About) -> Option<Box<dyn Scribe>>;
    /// Writes an error body.
    fn complaint(&self, complaint: &Complaint<'_>) -> Vec<u8>;
    /// Writes the error that ends a stream which is not whole.
    fn broken(&self, complaint: &Complaint<'_>) -> Vec<u8>;
    /// Writes the data of one event as an event of a stream.
    fn frame(&self, data: &[u8]) -> Vec<u8>;
    /// Reads what is asked, to ask it through another interface.
    ///
    /// # Errors
    /// A field that no other interface can say.
    fn talk<'a>(&self, _body: &'a [u8]) -> Result<Talk<'a>, Untranslatable> {
        Err(translate::no("model", translate::UNKNOWN))
    }
    /// Writes a whole answer of another interface; `None` where it cannot be said.
    fn told(&self, _said: &[Said<'_>], _about: &About, _used: &Usage) -> Option<Vec<u8>> {
        None
    }
    /// Writes a streamed answer of another interface, if the interface has those.
    fn teller(&self, _about: About) -> Option<Box<dyn Teller>> {
        None
    }
}

/// Writes one answer in a dialect, whole or as it is made.
pub trait Scribe: Send + std::fmt::Debug {
    /// Writes a whole answer.
    fn whole(&mut self, answer: &Answer) -> Vec<u8>;
    /// Writes the opening of a stream, which names the speaker.
    fn opening(&mut self, answer: &Answer) -> Vec<u8>;
    /// Writes one event of a stream.
    fn event(&mut self, answer: &Answer, event: &Event) -> Vec<u8>;
    /// Writes what ends a stream; with usage, if its cost is to be told.
    fn closing(&mut self, answer: &Answer, cost_usd: Option<&str>) -> Vec<u8>;
}

/// The field that tells a stream's cost, beside its usage.
const COST_FIELD: &[u8] = b"\"x_ambidex_cost_usd\":\"";

/// The data of an event with the cost beside the usage.
pub fn with_cost(data: &[u8], cost_usd: &str) -> Option<Vec<u8>> {
    let end = data.iter().rposition(|byte| *byte == b'}')?;
    let (head, _) = data.split_at_checked(end)?;
    Some([head, b",", COST_FIELD, cost_usd.as_bytes(), b"\"}"].concat())
}

/// The events of a whole stream as they are told once more: at no cost, and without the comments that
/// kept the connection open.
pub fn told_again(events: &[u8]) -> Bytes {
    let mut splitter = sse::Splitter::default();
    splitter.push(events);
    let mut out = Vec::with_capacity(events.len());
    while let Ok(Some(event)) = splitter.next_event() {
        if sse::data(&event).is_none() {
            continue;
        }
        let mut rest = &*event;
        // Inside of a text its quotes would be escaped, so this is the field and nothing else.
        while let Some(at) = memchr::memmem::find(rest, COST_FIELD) {
            let (told, cost) = rest.split_at(at + COST_FIELD.len());
            let end = memchr::memchr(b'"', cost).unwrap_or(cost.len());
            out.extend_from_slice(told);
            out.extend_from_slice(b"0.00");
            rest = cost.get(end..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
    }
    out.extend_from_slice(&splitter.rest());
    out.into()
}

/// The dialect of a surface.
pub fn of(surface: Surface) -> &'static dyn Dialect {
    match surface {
        Surface::OpenAiChat => &openai::Chat,
        Surface::AnthropicMessages => &messages::Messages,
        Surface::OpenAiCompletions => &completions::Completions,
        Surface::OpenAiResponses => &responses::Responses,
        Surface::OpenAiEmbeddings => &embeddings::Embeddings,
    }
}

#[cfg(test)]
mod tests {
    use super::{told_again, with_cost};

    #[test]
    fn a_stream_that_is_told_again_costs_nothing() {
        let usage = with_cost(br#"{"usage":{"n":1}}"#, "0.0123").unwrap();
        let said = r#"data: {"text":"\"x_ambidex_cost_usd\":\"9\""}"#;
        let usage = String::from_utf8(usage).unwrap();
        let stream = format!(": waiting\n\n{said}\n\ndata: {usage}\r\n\r\ndata: [DONE]\n\n");
        let again = String::from_utf8(told_again(stream.as_bytes()).to_vec()).unwrap();
        let free = usage.replace("0.0123", "0.00");
        assert_eq!(again, format!("{said}\n\ndata: {free}\r\n\r\ndata: [DONE]\n\n"));
    }
}
