//! The Anthropic Messages interface.

mod read;
mod talk;
mod tell;
mod write;

use bytes::Bytes;

use crate::chat::talk::{Said, Talk};
use crate::chat::{Answer, Event, Request, Surface, Usage};
use crate::dialect::translate::{About, Teller, Untranslatable};
use crate::dialect::{Complaint, Dialect, Scribe, Unreadable, sse};

/// `POST /v1/messages`.
#[derive(Clone, Copy, Debug)]
pub struct Messages;

impl Dialect for Messages {
    fn surface(&self) -> Surface {
        Surface::AnthropicMessages
    }

    fn read(&self, body: Bytes) -> Result<Request, Unreadable> {
        read::request(body)
    }

    fn scribe(&self, _: About) -> Option<Box<dyn Scribe>> {
        Some(Box::new(Writer))
    }

    fn complaint(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        write::complaint(complaint)
    }

    /// An error is the last event: `message_stop` would say that the answer is whole.
    fn broken(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        self.frame(&write::complaint(complaint))
    }

    /// An event bears the name that its data has as `type`.
    fn frame(&self, data: &[u8]) -> Vec<u8> {
        sse::named(data)
    }

    fn talk<'a>(&self, body: &'a [u8]) -> Result<Talk<'a>, Untranslatable> {
        talk::read(body)
    }

    fn told(&self, said: &[Said<'_>], about: &About, used: &Usage) -> Option<Vec<u8>> {
        tell::whole(said, about, used)
    }

    fn teller(&self, about: About) -> Option<Box<dyn Teller>> {
        Some(Box::new(tell::Events::new(about)))
    }
}

/// A local answer has one block of text.
#[derive(Clone, Copy, Debug)]
struct Writer;

impl Scribe for Writer {
    fn whole(&mut self, answer: &Answer) -> Vec<u8> {
        write::answer(answer)
    }

    fn opening(&mut self, answer: &Answer) -> Vec<u8> {
        write::opening(answer)
    }

    fn event(&mut self, answer: &Answer, event: &Event) -> Vec<u8> {
        write::event(answer, event)
    }

    fn closing(&mut self, answer: &Answer, cost_usd: Option<&str>) -> Vec<u8> {
        let usage = write::closing_usage(answer, cost_usd.unwrap_or_default());
        [usage.as_slice(), b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"].concat()
    }
}

/// The usage object of the interface.
pub(super) use write::usage;

#[cfg(test)]
mod tests;
