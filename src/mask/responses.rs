//! Puts values back into a streamed answer in the format of OpenAI's responses.
//!
//! There everything is said twice: in pieces, which may cut a placeholder, and whole, when a part, an
//! item and the response end. What a piece holds back is told in a piece of its own before the end of
//! its part, and the events behind it are numbered anew.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Restoration, Text, restore_whole};

/// The events that tell pieces, with the kind of text that each is.
const PIECES: [(&str, &str); 6] = [
    ("response.output_text.delta", ".content"),
    ("response.refusal.delta", ".refusal"),
    ("response.reasoning_text.delta", ".reasoning"),
    ("response.reasoning_summary_text.delta", ".reasoning"),
    ("response.function_call_arguments.delta", ".arguments"),
    ("response.custom_tool_call_input.delta", ".content"),
];

/// Treats a streamed answer. Every text of it has its own memory.
#[derive(Debug)]
pub struct ResponseRestorer {
    restoration: Restoration,
    /// By event and place, with what a piece of it looks like.
    texts: BTreeMap<(usize, String), (Text, Frame)>,
    /// Events that were added so far.
    added: u64,
}

/// An event without its text.
#[derive(Clone)]
struct Frame(Value);

impl std::fmt::Debug for Frame {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Frame")
    }
}

impl ResponseRestorer {
    /// Nothing heard yet.
    pub const fn new(restoration: Restoration) -> Self {
        Self { restoration, texts: BTreeMap::new(), added: 0 }
    }

    /// Restores one event. `None` if it passes as it came, else the data of those that take its
    /// place.
    pub fn hear(&mut self, data: &[u8]) -> Option<Vec<String>> {
        let mut event: Value = serde_json::from_slice(data).ok()?;
        let kind = event.get("type")?.as_str()?.to_owned();
        if let Some(which) = PIECES.iter().position(|(name, _)| *name == kind) {
            let is_changed = self.piece(which, &mut event);
            let is_moved = self.number(&mut event);
            return (is_changed || is_moved).then(|| vec![event.to_string()]);
        }
        let stem = kind.strip_suffix(".done");
        let ended = PIECES
            .iter()
            .position(|(name, _)| name.strip_suffix(".delta") == stem && stem.is_some());
        let mut events = match ended {
            Some(which) => self.rest(Some((which, place(&event))), &event),
            // The response is over: whatever was not ended is, now.
            None if event.get("response").is_some() && kind != "response.created" => {
                self.rest(None, &event)
            }
            None => Vec::new(),
        };
        let restored = restore_whole(data, &self.restoration);
        let is_restored = restored.is_some();
        if let Some(whole) = restored.and_then(|it| serde_json::from_slice(&it).ok()) {
            event = whole;
        }
        let is_moved = self.number(&mut event);
        if events.is_empty() && !is_restored && !is_moved {
            return None;
        }
        events.push(event.to_string());
        Some(events)
    }

    fn piece(&mut self, which: usize, event: &mut Value) -> bool {
        let key = (which, place(event));
        let path = PIECES.get(which).map_or(".content", |(_, path)| *path);
        let frame = event.clone();
        let Some(Value::String(text)) = event.get_mut("delta") else { return false };
        let restoration = &self.restoration;
        let (known, _) =
            self.texts.entry(key).or_insert_with(|| (restoration.text(path), Frame(frame)));
        let out = known.push(text);
        let is_changed = out != *text;
        *text = out;
        is_changed
    }

    /// What is held back of a text, or of all, as events of their own in front of `next`.
    fn rest(&mut self, of: Option<(usize, String)>, next: &Value) -> Vec<String> {
        let mut events = Vec::new();
        let number = next.get("sequence_number").and_then(Value::as_u64);
        for (key, (text, Frame(frame))) in &mut self.texts {
            let is_meant = of.as_ref().is_none_or(|of| of == key);
            let rest = if is_meant { text.finish() } else { String::new() };
            if rest.is_empty() {
                continue;
            }
            let mut event = frame.clone();
            set(&mut event, "delta", rest.into());
            if let Some(number) = number {
                set(&mut event, "sequence_number", json!(number.saturating_add(self.added)));
                self.added += 1;
            }
            events.push(event.to_string());
        }
        events
    }

    /// Counts the events that were added in front of this one.
    fn number(&self, event: &mut Value) -> bool {
        let Some(number) = event.get("sequence_number").and_then(Value::as_u64) else {
            return false;
        };
        if self.added > 0 {
            set(event, "sequence_number", json!(number.saturating_add(self.added)));
        }
        self.added > 0
    }

    /// Everything that is still held back, for a stream that ends without saying so.
    pub fn finish(&mut self) -> Vec<String> {
        self.rest(None, &Value::Null)
    }
}

fn set(event: &mut Value, key: &str, value: Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

/// Which text of the answer an event is about.
fn place(event: &Value) -> String {
    let number = |key: &str| event.get(key).and_then(Value::as_u64).unwrap_or(0);
    let numbers = ["output_index", "content_index", "summary_index"].map(number);
    format!("{numbers:?}")
}
