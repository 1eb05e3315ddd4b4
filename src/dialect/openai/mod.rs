//! The OpenAI chat completions interface.

mod read;
pub(super) mod sampling;
pub(super) mod schema;
mod talk;
mod tell;
mod write;

use bytes::Bytes;

use crate::chat::talk::{Said, Talk};
use crate::chat::{Answer, Event, Request, Surface, Usage};
use crate::dialect::translate::{About, Teller, Untranslatable};
use crate::dialect::{Complaint, Dialect, Scribe, Unreadable};

/// `POST /v1/chat/completions`.
#[derive(Clone, Copy, Debug)]
pub struct Chat;

impl Dialect for Chat {
    fn surface(&self) -> Surface {
        Surface::OpenAiChat
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

    fn broken(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        [self.frame(&write::complaint(complaint)).as_slice(), END].concat()
    }

    fn frame(&self, data: &[u8]) -> Vec<u8> {
        [b"data: ", data, b"\n\n"].concat()
    }

    fn talk<'a>(&self, body: &'a [u8]) -> Result<Talk<'a>, Untranslatable> {
        talk::read(body)
    }

    fn told(&self, said: &[Said<'_>], about: &About, used: &Usage) -> Option<Vec<u8>> {
        tell::whole(said, about, used)
    }

    fn teller(&self, about: About) -> Option<Box<dyn Teller>> {
        Some(Box::new(tell::Chunks::new(about)))
    }
}

const END: &[u8] = b"data: [DONE]\n\n";

/// Every chunk speaks for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer;

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
        let usage = cost_usd.map(|cost| write::closing_usage(answer, cost)).unwrap_or_default();
        [&usage, END].concat()
    }
}

/// The usage object of the interface.
pub(super) use write::usage;

#[cfg(test)]
mod tests;
