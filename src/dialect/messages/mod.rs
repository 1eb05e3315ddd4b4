//! The Anthropic Messages interface.

mod read;
mod talk;
mod tell;
mod write;

use bytes::Bytes;
use serde::Deserialize;

use crate::chat::talk::{Said, Talk};
use crate::chat::{Answer, Event, Request, Surface, Usage};
use crate::dialect::translate::{About, Teller, Untranslatable};
use crate::dialect::{Complaint, Dialect, Unreadable};

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

    fn answer(&self, answer: &Answer) -> Vec<u8> {
        write::answer(answer)
    }

    fn opening(&self, answer: &Answer) -> Vec<u8> {
        write::opening(answer)
    }

    fn event(&self, answer: &Answer, event: &Event) -> Vec<u8> {
        write::event(answer, event)
    }

    fn closing_usage(&self, answer: &Answer, cost_usd: &str) -> Vec<u8> {
        write::closing_usage(answer, cost_usd)
    }

    fn end(&self) -> &'static [u8] {
        b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
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
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow, rename = "type")]
            name: Option<&'a str>,
        }
        let named = serde_json::from_slice::<Named<'_>>(data).ok().and_then(|it| it.name);
        // A name that is not a plain word is not written into a line of its own.
        let is_word = |name: &&str| name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
        match named.filter(is_word) {
            Some(name) => [b"event: ", name.as_bytes(), b"\ndata: ", data, b"\n\n"].concat(),
            None => [b"data: ", data, b"\n\n"].concat(),
        }
    }

    fn talk<'a>(&self, body: &'a [u8]) -> Result<Talk<'a>, Untranslatable> {
        talk::read(body)
    }

    fn told(&self, said: &[Said<'_>], about: &About, used: &Usage) -> Option<Vec<u8>> {
        tell::whole(said, about, used)
    }

    fn teller(&self, about: About) -> Box<dyn Teller> {
        Box::new(tell::Events::new(about))
    }
}

/// The usage object of the interface.
pub(super) use write::usage;

#[cfg(test)]
mod tests;
