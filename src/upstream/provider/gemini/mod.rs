//! Google's Gemini, through `generateContent` and `streamGenerateContent`.

mod hear;
mod write;

use super::{Ear, Place, Provider, Refusal, Written, in_path, said_in_error};
use crate::chat::talk::{Said, Talk};
use crate::chat::{Surface, Usage};
use crate::dialect::translate::Untranslatable;
use crate::money::Tokens;

pub(super) const PROVIDER: &dyn Provider = &Gemini;

#[derive(Debug)]
struct Gemini;

impl Provider for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn book(&self) -> &'static str {
        "google"
    }

    fn surface(&self) -> Option<Surface> {
        None
    }

    fn base_url(&self) -> &'static str {
        "https://generativelanguage.googleapis.com/v1beta"
    }

    fn path(&self, place: &Place<'_>) -> String {
        let model = place.model.split('/').map(in_path).collect::<Vec<_>>().join("/");
        let folder = if model.contains('/') { "" } else { "models/" };
        let how = if place.delivery.is_stream() {
            "streamGenerateContent?alt=sse"
        } else {
            "generateContent"
        };
        format!("/{folder}{model}:{how}")
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn write(
        &self,
        talk: &Talk<'_>,
        model: &str,
        output_max: Tokens,
    ) -> Result<Written, Untranslatable> {
        write::written(talk, model, output_max)
    }

    fn usage(&self, reply: &[u8]) -> Option<Usage> {
        hear::usage(reply)
    }

    fn whole<'a>(&self, reply: &'a [u8]) -> Option<Vec<Said<'a>>> {
        hear::whole(reply)
    }

    fn ear(&self) -> Box<dyn Ear> {
        Box::new(hear::Listening::default())
    }

    fn refusal(&self, body: &[u8]) -> Option<Refusal> {
        // A list of one, where a stream was asked for.
        let body = body.trim_ascii();
        let inside = body.strip_prefix(b"[").and_then(|it| it.strip_suffix(b"]"));
        said_in_error(inside.unwrap_or(body))
    }
}
