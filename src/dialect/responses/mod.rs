//! The OpenAI responses interface.

mod read;

use bytes::Bytes;
use serde_json::json;

use super::translate::About;
use super::{Complaint, Dialect, Scribe, Unreadable, near, openai, sse};
use crate::chat::{Request, Surface};

/// `POST /v1/responses`.
#[derive(Clone, Copy, Debug)]
pub struct Responses;

impl Dialect for Responses {
    fn surface(&self) -> Surface {
        Surface::OpenAiResponses
    }

    fn read(&self, body: Bytes) -> Result<Request, Unreadable> {
        read::request(body)
    }

    fn scribe(&self, about: About) -> Option<Box<dyn Scribe>> {
        near::scribe(Surface::OpenAiResponses, about)
    }

    fn complaint(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        openai::Chat.complaint(complaint)
    }

    /// An error is the last event: `response.completed` would say that the answer is whole. The
    /// fields stand where the interface defines them and where its clients look for them.
    fn broken(&self, complaint: &Complaint<'_>) -> Vec<u8> {
        let (code, message) = (complaint.code, complaint.message);
        let error = json!({
            "type": "error", "code": code, "message": message, "param": null,
            "error": {
                "type": "server_error", "code": code, "message": message, "param": null,
                "decision": complaint.decision,
            },
        });
        self.frame(error.to_string().as_bytes())
    }

    /// An event bears the name that its data has as `type`.
    fn frame(&self, data: &[u8]) -> Vec<u8> {
        sse::named(data)
    }
}

#[cfg(test)]
mod tests;
