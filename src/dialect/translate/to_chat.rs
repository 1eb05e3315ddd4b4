//! A streamed message as the chunks of a chat completion.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{About, Told, Translator, reply};
use crate::chat::{Part, Usage};
use crate::dialect::openai;

#[derive(Debug)]
pub(super) struct ToChat {
    about: About,
    /// The numbers of the tool calls, by the numbers of their blocks.
    calls: BTreeMap<u64, u64>,
}

impl ToChat {
    pub(super) const fn new(about: About) -> Self {
        Self { about, calls: BTreeMap::new() }
    }

    fn whole(&self, choices: Value) -> Value {
        json!({
            "id": format!("chatcmpl-{}", self.about.id),
            "object": "chat.completion.chunk",
            "created": self.about.created,
            "model": self.about.model,
            "choices": choices,
        })
    }

    fn chunk(&self, delta: Value, finish: Option<&str>) -> Told {
        let choice = json!({
            "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish,
        });
        Told { part: Part::Answer, data: self.whole(json!([choice])).to_string() }
    }

    fn block(&mut self, index: u64, block: &Value) -> Option<Told> {
        let said = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default();
        match said("type") {
            "text" if !said("text").is_empty() => {
                Some(self.chunk(json!({ "content": said("text") }), None))
            }
            "tool_use" => {
                let number = u64::try_from(self.calls.len()).unwrap_or(u64::MAX);
                self.calls.insert(index, number);
                let input = block.get("input").and_then(Value::as_object);
                let arguments = input.filter(|it| !it.is_empty()).map(|it| json!(it).to_string());
                let function =
                    json!({ "name": said("name"), "arguments": arguments.unwrap_or_default() });
                let call = json!({
                    "index": number, "id": said("id"), "type": "function", "function": function,
                });
                Some(self.chunk(json!({ "tool_calls": [call] }), None))
            }
            _ => None,
        }
    }

    fn delta(&self, index: u64, delta: &Value) -> Option<Told> {
        let said = |key: &str| delta.get(key).and_then(Value::as_str).unwrap_or_default();
        let delta = match said("type") {
            "text_delta" => json!({ "content": said("text") }),
            "thinking_delta" => json!({ "reasoning_content": said("thinking") }),
            "input_json_delta" => {
                let function = json!({ "arguments": said("partial_json") });
                json!({ "tool_calls": [{ "index": self.calls.get(&index)?, "function": function }] })
            }
            _ => return None,
        };
        Some(self.chunk(delta, None))
    }
}

impl Translator for ToChat {
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told> {
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return Vec::new() };
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let told = match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                let message = event.get("message").unwrap_or(&Value::Null);
                if let Some(model) = reply::model(message, &self.about).as_str() {
                    model.clone_into(&mut self.about.model);
                }
                Some(self.chunk(json!({ "role": "assistant", "content": "" }), None))
            }
            "content_block_start" => {
                event.get("content_block").and_then(|block| self.block(index, block))
            }
            "content_block_delta" => event.get("delta").and_then(|delta| self.delta(index, delta)),
            "message_delta" => {
                let reason =
                    event.get("delta").and_then(|delta| delta.get("stop_reason")?.as_str());
                reason.map(|reason| self.chunk(json!({}), Some(reply::finish_reason(reason))))
            }
            "message_stop" => {
                let mut usage = self.whole(json!([]));
                if let Some(fields) = usage.as_object_mut() {
                    fields.insert("usage".to_owned(), openai::usage(used));
                }
                return vec![
                    Told { part: Part::UsageOnly, data: usage.to_string() },
                    Told { part: Part::End, data: "[DONE]".to_owned() },
                ];
            }
            "error" => {
                let error = event.get("error").unwrap_or(&Value::Null);
                let data = json!({ "error": {
                    "message": error.get("message"), "type": error.get("type"),
                    "param": null, "code": "upstream_error",
                }});
                Some(Told { part: Part::Error, data: data.to_string() })
            }
            _ => None,
        };
        told.into_iter().collect()
    }
}
