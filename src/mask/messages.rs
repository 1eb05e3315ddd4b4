//! Puts values back into a streamed answer in the format of Anthropic's messages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Restoration, Text};

/// The fields of a delta that a model writes, with the kind of text that each is.
const SAID: [(&str, &str, &str); 3] = [
    ("text_delta", "text", ".content"),
    ("thinking_delta", "thinking", ".reasoning"),
    ("input_json_delta", "partial_json", ".arguments"),
];

/// Treats a streamed answer. Every block of it has its own memory.
#[derive(Debug)]
pub struct MessageRestorer {
    restoration: Restoration,
    texts: BTreeMap<(u64, usize), Text>,
}

impl MessageRestorer {
    /// Nothing heard yet.
    pub const fn new(restoration: Restoration) -> Self {
        Self { restoration, texts: BTreeMap::new() }
    }

    /// Restores one event. `None` if it passes as it came, else the data of those that take its
    /// place.
    pub fn hear(&mut self, data: &[u8]) -> Option<Vec<String>> {
        let mut event: Value = serde_json::from_slice(data).ok()?;
        let index = event.get("index").and_then(Value::as_u64)?;
        match event.get("type")?.as_str()? {
            "content_block_start" => {
                let text = event.get_mut("content_block")?.get_mut("text")?;
                self.push(index, 0, text).then(|| vec![event.to_string()])
            }
            "content_block_delta" => {
                let delta = event.get_mut("delta")?;
                let kind = delta.get("type")?.as_str()?;
                let which = SAID.iter().position(|(name, ..)| *name == kind)?;
                let (_, field, _) = SAID.get(which)?;
                let text = delta.get_mut(*field)?;
                self.push(index, which, text).then(|| vec![event.to_string()])
            }
            "content_block_stop" => {
                let mut events = self.rest(Some(index));
                if events.is_empty() {
                    return None;
                }
                events.push(event.to_string());
                Some(events)
            }
            _ => None,
        }
    }

    fn push(&mut self, index: u64, which: usize, value: &mut Value) -> bool {
        let Value::String(text) = value else { return false };
        let path = SAID.get(which).map_or(".content", |(.., path)| *path);
        let restoration = &self.restoration;
        let known = self.texts.entry((index, which)).or_insert_with(|| restoration.text(path));
        let out = known.push(text);
        let is_changed = out != *text;
        *text = out;
        is_changed
    }

    /// What is held back of a block, or of all, as events of their own.
    fn rest(&mut self, block: Option<u64>) -> Vec<String> {
        let mut events = Vec::new();
        for ((index, which), text) in &mut self.texts {
            let is_meant = block.is_none_or(|block| block == *index);
            let rest = if is_meant { text.finish() } else { String::new() };
            if let Some((kind, field, _)) = SAID.get(*which).filter(|_| !rest.is_empty()) {
                let delta = json!({ "type": kind, *field: rest });
                let event =
                    json!({ "type": "content_block_delta", "index": index, "delta": delta });
                events.push(event.to_string());
            }
        }
        events
    }

    /// Everything that is still held back, for a stream that ends without closing its blocks.
    pub fn finish(&mut self) -> Vec<String> {
        self.rest(None)
    }
}
