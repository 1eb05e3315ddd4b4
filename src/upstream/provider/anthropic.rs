//! Anthropic, and every server that speaks its messages interface.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::splice::spliced;
use super::{Ear, Heard, Part, Provider};
use crate::chat::usage::AnthropicUsage;
use crate::chat::{Request, Surface, Usage};
use crate::inspect::size;
use crate::money::Tokens;

pub(super) const PROVIDER: &dyn Provider = &Anthropic;

#[derive(Debug)]
struct Anthropic;

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn surface(&self) -> Surface {
        Surface::AnthropicMessages
    }

    fn base_url(&self) -> &'static str {
        "https://api.anthropic.com/v1"
    }

    fn chat_path(&self) -> &'static str {
        "/messages"
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn outgoing(&self, request: &Request, model: &str, output_max: Tokens) -> Bytes {
        spliced(request, model, ("max_tokens", output_max))
    }

    fn usage(&self, reply: &[u8]) -> Option<Usage> {
        #[derive(Deserialize)]
        struct Whole {
            usage: Option<AnthropicUsage>,
        }
        let whole: Whole = serde_json::from_slice(reply).ok()?;
        whole.usage?.read()
    }

    fn ear(&self) -> Box<dyn Ear> {
        Box::new(Listening::default())
    }
}

/// The prompt is counted at the stream's beginning, the answer at its end.
#[derive(Debug, Default)]
struct Listening {
    usage: AnthropicUsage,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    usage: Option<AnthropicUsage>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow)]
    partial_json: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Message {
    usage: Option<AnthropicUsage>,
}

impl Ear for Listening {
    fn hear(&mut self, data: &[u8]) -> Heard {
        let mut heard = Heard::default();
        // Unknown kinds of events are passed on; they are neither text nor usage.
        let Ok(event) = serde_json::from_slice::<Event<'_>>(data) else { return heard };
        match event.kind.as_ref() {
            "message_start" => {
                let message = event.message.map(RawValue::get).unwrap_or_default();
                if let Ok(Message { usage: Some(usage) }) = serde_json::from_str(message) {
                    self.usage.update(&usage);
                    // What it says about the answer is a beginning, not a bill.
                    heard.prompt = self.usage.read();
                }
            }
            "content_block_delta" => {
                let delta = event.delta.iter();
                let texts = delta.flat_map(|it| [&it.text, &it.thinking, &it.partial_json]);
                for text in texts.flatten() {
                    heard.text_bytes += text.len();
                    heard.text_tokens = heard.text_tokens + size::estimate(text);
                }
            }
            "message_delta" => {
                if let Some(usage) = event.usage {
                    self.usage.update(&usage);
                    heard.usage = self.usage.read();
                }
                heard.part = Part::Final;
            }
            "message_stop" => heard.part = Part::End,
            "error" => heard.part = Part::Error,
            _ => {}
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::UsageSource;
    use crate::dialect;
    use serde_json::{Value, json};

    fn sent(body: &Value) -> (Bytes, Bytes) {
        let bytes = Bytes::from(body.to_string());
        let request = dialect::of(Surface::AnthropicMessages).read(bytes.clone()).unwrap();
        (bytes, PROVIDER.outgoing(&request, "claude-x", Tokens(99)))
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
        assert_eq!((heard.text_bytes, heard.part), (11, Part::Answer));
        assert!(heard.text_tokens > Tokens(0));
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
