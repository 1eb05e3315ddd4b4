//! The older OpenAI completions interface: a text in, its continuation out.

mod read;

use bytes::Bytes;

use super::translate::About;
use super::{Complaint, Dialect, Scribe, Unreadable, near, openai};
use crate::chat::{Request, Surface};

/// `POST /v1/completions`.
#[derive(Clone, Copy, Debug)]
pub struct Completions;

impl Dialect for Completions {
    fn surface(&self) -> Surface {
        Surface::OpenAiCompletions
    }

    fn read(&self, body: Bytes) -> Result<Request, Unreadable> {
        read::request(body)
    }

    fn scribe(&self, about: About) -> Option<Box<dyn Scribe>> {
        near::scribe(Surface::OpenAiCompletions, about)
    }

    fn complaint(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        openai::Chat.complaint(complaint)
    }

    fn broken(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        openai::Chat.broken(complaint)
    }

    fn frame(&self, data: &[u8]) -> Vec<u8> {
        openai::Chat.frame(data)
    }
}

#[cfg(test)]
mod tests;
