//! Amazon Bedrock, through Converse and `ConverseStream`. Requests are signed with `aws` keys, or carry a
//! Bedrock API key as a bearer's.

mod frames;
mod hear;
mod write;

use super::{Cutter, Ear, Place, Provider, Refusal, Written, in_path};
use crate::chat::talk::{Said, Talk};
use crate::chat::{Surface, Usage};
use crate::dialect::json::Json;
use crate::dialect::translate::Untranslatable;
use crate::money::Tokens;

pub(super) const PROVIDER: &dyn Provider = &Bedrock;

#[derive(Debug)]
struct Bedrock;

impl Provider for Bedrock {
    fn name(&self) -> &'static str {
        "bedrock"
    }

    fn book(&self) -> &'static str {
        "aws"
    }

    fn surface(&self) -> Option<Surface> {
        None
    }

    fn base_url(&self) -> &'static str {
        "https://bedrock-runtime.{region}.amazonaws.com"
    }

    fn path(&self, place: &Place<'_>) -> String {
        let how = if place.delivery.is_stream() { "converse-stream" } else { "converse" };
        format!("/model/{}/{how}", in_path(place.model))
    }

    /// This host has no list of models. The list of asynchronous calls is there for everybody, empty or not.
    fn probe_path(&self) -> &'static str {
        "/async-invoke?maxResults=1"
    }

    /// `AccessDeniedException: User: … is not authorized to perform: bedrock:ListAsyncInvokes`: the
    /// signature was checked before that was found out. An unknown key or a wrong signature is another
    /// exception (`UnrecognizedClientException`, `InvalidSignatureException`), and an unknown bearer's key
    /// is not named so.
    fn knows_key(&self, body: &[u8]) -> bool {
        self.refusal(body).is_some_and(|it| it.message.contains("bedrock:ListAsyncInvokes"))
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn signs_for(&self) -> Option<&'static str> {
        Some("bedrock")
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

    fn cutter(&self) -> Box<dyn Cutter> {
        Box::<frames::Frames>::default()
    }

    fn ear(&self) -> Box<dyn Ear> {
        Box::new(hear::Listening::default())
    }

    fn refusal(&self, body: &[u8]) -> Option<Refusal> {
        let body = Json::read(body)?;
        let message = body.get("message").or_else(|| body.get("Message"))?.as_text()?.to_owned();
        Some(Refusal { status: None, message })
    }
}
