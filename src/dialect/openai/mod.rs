//! The OpenAI chat completions interface.

mod read;
mod sampling;
mod schema;
mod talk;
mod tell;
mod write;

use bytes::Bytes;

use crate::chat::talk::{Said, Talk};
use crate::chat::{Answer, Event, Request, Surface, Usage};
use crate::dialect::translate::{About, Teller, Untranslatable};
use crate::dialect::{Complaint, Dialect, Unreadable};

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
        b"data: [DONE]\n\n"
    }

    fn complaint(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        write::complaint(complaint)
    }

    fn broken(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        [&self.frame(&write::complaint(complaint)), self.end()].concat()
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

    fn teller(&self, about: About) -> Box<dyn Teller> {
        Box::new(tell::Chunks::new(about))
    }
}

/// The usage object of the interface.
pub(super) use write::usage;

#[cfg(test)]
mod tests;
