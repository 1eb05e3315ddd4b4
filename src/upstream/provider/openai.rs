//! OpenAI, and every server that speaks its chat completions interface (vLLM, llama.cpp, Ollama, …).

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::splice::spliced;
use super::{Ear, Heard, Part, Provider, openai_more};
use crate::chat::usage::OpenAiUsage;
use crate::chat::{Request, Surface, Usage};
use crate::inspect::size;
use crate::money::Tokens;

pub(super) const PROVIDER: &dyn Provider = &OpenAi;

#[derive(Debug)]
struct OpenAi;

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn surface(&self) -> Surface {
        Surface::OpenAiChat
    }

    fn also(&self, surface: Surface) -> Option<&'static dyn Provider> {
        match surface {
            Surface::OpenAiCompletions => Some(&openai_more::COMPLETIONS),
            Surface::OpenAiResponses => Some(&openai_more::RESPONSES),
            Surface::OpenAiEmbeddings => Some(&openai_more::EMBEDDINGS),
            Surface::OpenAiChat | Surface::AnthropicMessages => None,
        }
    }

    fn base_url(&self) -> &'static str {
        "https://api.openai.com/v1"
    }

    fn chat_path(&self) -> &'static str {
        "/chat/completions"
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    /// The caller's bytes, with the model's name, a limit on the answer and the wish for usage
    /// spliced in where they are missing. Nothing is parsed or written anew.
    fn outgoing(&self, request: &Request, model: &str, output_max: Tokens) -> Bytes {
        spliced(request, model, ("max_completion_tokens", output_max))
    }

    fn usage(&self, reply: &[u8]) -> Option<Usage> {
        usage(reply)
    }

    fn ear(&self) -> Box<dyn Ear> {
        Box::new(Listening)
    }
}

/// The usage of a whole reply, of whichever of the vendor's interfaces.
pub(super) fn usage(reply: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Whole {
        usage: Option<OpenAiUsage>,
    }
    let whole: Whole = serde_json::from_slice(reply).ok()?;
    whole.usage?.read()
}

/// Every event speaks for itself.
#[derive(Debug)]
pub(super) struct Listening;

impl Ear for Listening {
    fn hear(&mut self, data: &[u8]) -> Heard {
        if data == b"[DONE]" {
            return Heard { part: Part::End, ..Heard::default() };
        }
        match serde_json::from_slice::<Chunk<'_>>(data) {
            Ok(chunk) => chunk.heard(),
            // Unknown kinds of events are passed on; they are neither text nor usage.
            Err(_) => Heard::default(),
        }
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    usage: Option<OpenAiUsage>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    /// Where completions have their text.
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

impl Chunk<'_> {
    fn heard(&self) -> Heard {
        let mut heard = Heard::default();
        for delta in self.choices.iter().filter_map(|choice| choice.delta.as_ref()) {
            let calls = delta.tool_calls.map(RawValue::get);
            for text in delta.content.as_deref().into_iter().chain(calls) {
                heard.text_bytes += text.len();
                heard.text_tokens = heard.text_tokens + size::estimate(text);
            }
        }
        for text in self.choices.iter().filter_map(|choice| choice.text.as_deref()) {
            heard.text_bytes += text.len();
            heard.text_tokens = heard.text_tokens + size::estimate(text);
        }
        heard.usage = self.usage.and_then(|usage| usage.read());
        if self.error.is_some_and(|error| error.get() != "null") {
            heard.part = Part::Error;
        } else if heard.usage.is_some() && self.choices.is_empty() {
            heard.part = Part::UsageOnly;
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;
    use serde_json::{Value, json};

    fn sent(body: &Value, model: &str) -> (Bytes, Value) {
        let bytes = Bytes::from(body.to_string());
        let request = dialect::of(crate::chat::Surface::OpenAiChat).read(bytes.clone()).unwrap();
        let out = PROVIDER.outgoing(&request, model, Tokens(99));
        let value = serde_json::from_slice(&out).unwrap();
        (out, value)
    }

    #[test]
    fn the_body_is_forwarded_as_it_came_when_nothing_changes() {
        let body =
            json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "é"}]});
        let bytes = Bytes::from(body.to_string());
        let request = dialect::of(crate::chat::Surface::OpenAiChat).read(bytes.clone()).unwrap();
        let out = PROVIDER.outgoing(&request, "m", Tokens(99));
        assert_eq!(out.as_ptr(), bytes.as_ptr(), "the very same memory");
        assert_eq!(out, bytes);
    }

    #[test]
    fn splices_change_what_they_name_and_nothing_else() {
        let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "x"}]});
        let (_, out) = sent(&body, "gpt \"4\"");
        let mut expected = body;
        expected["model"] = "gpt \"4\"".into();
        expected["max_completion_tokens"] = 99.into();
        expected["stream_options"] = json!({"include_usage": true});
        assert_eq!(out, expected);
    }

    #[test]
    fn idle_values_are_replaced_not_doubled() {
        let body = json!({"model": "m", "stream": true, "messages": [{}],
            "stream_options": {"include_usage": false, "x": 1}, "max_completion_tokens": null});
        let (bytes, out) = sent(&body, "m");
        assert_eq!(out["stream_options"], json!({"include_usage": true, "x": 1}));
        assert_eq!(out["max_completion_tokens"], 99);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(text.matches("max_completion_tokens").count(), 1);
    }

    #[test]
    fn events_are_heard() {
        let text = br#"{"choices":[{"delta":{"content":"Hello there"}}],"usage":null}"#;
        let heard = PROVIDER.ear().hear(text);
        assert_eq!((heard.text_bytes, heard.part), (11, Part::Answer));
        assert!(heard.text_tokens > Tokens(0));
        let usage = br#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#;
        let heard = PROVIDER.ear().hear(usage);
        assert_eq!(heard.part, Part::UsageOnly);
        assert_eq!(heard.usage.unwrap().input_uncached, Tokens(7));
        assert_eq!(PROVIDER.ear().hear(b"[DONE]").part, Part::End);
        assert_eq!(PROVIDER.ear().hear(br#"{"error":{"message":"x"}}"#).part, Part::Error);
    }
}
