//! The older completions interface, said as chat completions and back: the text to continue is what
//! the user says.

use serde_json::{Map, Value, json};

use super::super::fields::is_empty;
use super::super::translate::{About, MALFORMED, Told, Translator, UNKNOWN, Untranslatable, no};
use super::model;
use crate::chat::{Part, Usage};
use crate::dialect::openai;

/// A completions request as a chat completions request.
pub(super) fn translate(top: Map<String, Value>) -> Result<Map<String, Value>, Untranslatable> {
    let mut out = Map::new();
    for (key, value) in top {
        if value.is_null() {
            continue;
        }
        match key.as_str() {
            "prompt" => {
                let message = json!({ "role": "user", "content": prompt(value)? });
                out.insert("messages".to_owned(), json!([message]));
            }
            "max_tokens" => {
                out.insert("max_completion_tokens".to_owned(), value);
            }
            "model" | "stream" | "stream_options" | "temperature" | "top_p" | "n" | "stop"
            | "seed" | "presence_penalty" | "frequency_penalty" | "logit_bias" | "user" => {
                out.insert(key, value);
            }
            "echo" if value == false => {}
            "suffix" if value == "" => {}
            "best_of" if value == 1 => {}
            // The caller's labels are for us.
            "metadata" => {}
            _ if is_empty(&value) => {}
            _ => return Err(no(key, UNKNOWN)),
        }
    }
    Ok(out)
}

/// One text, which may stand in a list.
fn prompt(value: Value) -> Result<Value, Untranslatable> {
    let mut one = value;
    if let Value::Array(texts) = &mut one {
        let last = texts.pop().filter(|_| texts.is_empty());
        one = last.ok_or_else(|| no("prompt", "must be one text for this target"))?;
    }
    if one.is_string() { Ok(one) } else { Err(no("prompt", MALFORMED)) }
}

/// A chat completion as a completion.
pub(super) fn answer(chat: &Value, about: &About, used: &Usage) -> Option<Value> {
    let choices = chat.get("choices")?.as_array()?.iter().map(|choice| {
        let message = choice.get("message")?;
        let said = |key| message.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
        let text = said("content").or_else(|| said("refusal")).unwrap_or_default();
        Some(entry(choice, text))
    });
    let choices: Vec<Value> = choices.collect::<Option<_>>()?;
    if choices.is_empty() {
        return None;
    }
    let mut whole = whole(about, &model(chat, about), choices.into());
    if let Some(fields) = whole.as_object_mut() {
        fields.insert("usage".to_owned(), openai::usage(used));
    }
    Some(whole)
}

fn whole(about: &About, model: &Value, choices: Value) -> Value {
    json!({
        "id": format!("cmpl-{}", about.id),
        "object": "text_completion",
        "created": about.created,
        "model": model,
        "choices": choices,
    })
}

fn entry(choice: &Value, text: &str) -> Value {
    json!({
        "text": text,
        "index": choice.get("index").and_then(Value::as_u64).unwrap_or(0),
        "logprobs": null,
        "finish_reason": choice.get("finish_reason").unwrap_or(&Value::Null),
    })
}

/// The chunks of a chat completion as those of a completion. Each speaks for itself.
#[derive(Debug)]
pub(super) struct ToCompletions {
    about: About,
}

impl ToCompletions {
    pub(super) const fn new(about: About) -> Self {
        Self { about }
    }
}

impl Translator for ToCompletions {
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told> {
        if data == b"[DONE]" {
            return vec![Told { part: Part::End, data: "[DONE]".to_owned() }];
        }
        let Ok(chunk) = serde_json::from_slice::<Value>(data) else { return Vec::new() };
        if let Some(error) = chunk.get("error").filter(|it| !it.is_null()) {
            return vec![Told { part: Part::Error, data: json!({ "error": error }).to_string() }];
        }
        let named = model(&chunk, &self.about);
        let choices = chunk.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let has_usage = chunk.get("usage").is_some_and(|it| !it.is_null());
        if choices.is_empty() && has_usage {
            let mut last = whole(&self.about, &named, json!([]));
            if let Some(fields) = last.as_object_mut() {
                fields.insert("usage".to_owned(), openai::usage(used));
            }
            return vec![Told { part: Part::UsageOnly, data: last.to_string() }];
        }
        let told = choices.iter().filter_map(|choice| {
            let said = |key| choice.get("delta")?.get(key)?.as_str().filter(|it| !it.is_empty());
            let text = said("content").or_else(|| said("refusal"));
            let is_over = choice.get("finish_reason").is_some_and(|it| !it.is_null());
            (text.is_some() || is_over).then(|| {
                let choices = json!([entry(choice, text.unwrap_or_default())]);
                let data = whole(&self.about, &named, choices).to_string();
                Told { part: Part::Answer, data }
            })
        });
        told.collect()
    }
}
