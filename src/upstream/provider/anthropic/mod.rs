//! Anthropic, and every server that speaks its messages interface.

mod hear;
mod write;

use bytes::Bytes;

use super::chat::edit::{Changes, edited};
use super::{Ear, Place, Provider, Refusal, Written, said_in_error};
use crate::chat::talk::{Said, Talk};
use crate::chat::{Request, Surface, Usage};
use crate::dialect::translate::Untranslatable;
use crate::money::Tokens;

pub(super) const PROVIDER: &dyn Provider = &Anthropic;

#[derive(Debug)]
struct Anthropic;

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn surface(&self) -> Option<Surface> {
        Some(Surface::AnthropicMessages)
    }

    fn base_url(&self) -> &'static str {
        "https://api.anthropic.com/v1"
    }

    fn path(&self, _: &Place<'_>, _: bool) -> String {
        "/messages".to_owned()
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn outgoing(
        &self,
        request: &Request,
        model: &str,
        output_max: Tokens,
    ) -> Result<Bytes, Untranslatable> {
        let limit = ("max_tokens", output_max);
        // Usage is told unasked.
        let asks_usage = false;
        edited(request, Changes { model, limit, asks_usage, renames: &[], omits: &[], refuses: &[] })
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
        said_in_error(body)
    }
}
