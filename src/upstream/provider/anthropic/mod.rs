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

    fn path(&self, _: &Place<'_>) -> String {
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
        edited(request, Changes { model, limit, ..Changes::NONE })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Part, UsageSource};
    use crate::dialect;
    use crate::upstream::provider::Heard;
    use serde_json::{Value, json};

    fn sent(body: &Value) -> (Bytes, Bytes) {
        let bytes = Bytes::from(body.to_string());
        let request = dialect::of(Surface::AnthropicMessages).read(bytes.clone()).unwrap();
        (bytes, PROVIDER.outgoing(&request, "claude-x", Tokens(99)).unwrap())
    }

    #[test]
    fn the_body_is_forwarded_as_it_came_but_for_model_and_limit() {
        let messages = json!([{"role": "user", "content": "é"}]);
        let body = json!({"model": "claude-x", "max_tokens": 5, "messages": messages});
        let (came, left) = sent(&body);
        assert_eq!(left.as_ptr(), came.as_ptr(), "the very same memory");
        let body = json!({"model": "auto", "stream": true, "messages": messages});
        let out: Value = serde_json::from_slice(&sent(&body).1).unwrap();
        let expected =
            json!({"model": "claude-x", "stream": true, "messages": messages, "max_tokens": 99});
        assert_eq!(out, expected, "no wish for usage: it comes anyway");
    }

    #[test]
    fn usage_is_the_prompt_of_the_start_and_the_answer_of_the_end() {
        let mut ear = PROVIDER.ear();
        let start = br#"{"type":"message_start","message":{"usage":{"input_tokens":25,
            "cache_read_input_tokens":10,"output_tokens":1}}}"#;
        let heard = ear.hear(start);
        assert_eq!((heard.usage, heard.prompt.unwrap().cache_read), (None, Tokens(10)));
        let delta = br#"{"type":"content_block_delta","index":0,
            "delta":{"type":"text_delta","text":"Hello there"}}"#;
        let heard = ear.hear(delta);
        let said: Vec<&str> = heard.said.iter().filter_map(Said::text).collect();
        assert_eq!((said, heard.part), (vec!["Hello there"], Part::Answer));
        let end = br#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}"#;
        let heard = ear.hear(end);
        assert_eq!(heard.part, Part::Final);
        let usage = heard.usage.unwrap();
        assert_eq!((usage.input_uncached, usage.output), (Tokens(25), Tokens(15)));
        assert_eq!(usage.source, UsageSource::Reported);
        assert_eq!(ear.hear(br#"{"type":"message_stop"}"#).part, Part::End);
        assert_eq!(ear.hear(br#"{"type":"error","error":{}}"#).part, Part::Error);
        assert_eq!(ear.hear(br#"{"type":"ping"}"#), Heard::default());
    }
}
