//! The OpenAI embeddings interface: texts in, vectors out.

mod read;
mod write;

use bytes::Bytes;

pub use write::{Encoding, Wanted, vectors};

use super::translate::About;
use super::{Complaint, Dialect, Scribe, Unreadable, openai};
use crate::chat::{Request, Surface};

/// `POST /v1/embeddings`.
#[derive(Clone, Copy, Debug)]
pub struct Embeddings;

impl Dialect for Embeddings {
    fn surface(&self) -> Surface {
        Surface::OpenAiEmbeddings
    }

    fn read(&self, body: Bytes) -> Result<Request, Unreadable> {
        read::request(body)
    }

    /// Its answers are vectors, not texts.
    fn scribe(&self, _: About) -> Option<Box<dyn Scribe>> {
        None
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
