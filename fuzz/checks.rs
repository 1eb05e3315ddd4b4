//! What must hold for inspection and masking of any text, whoever makes it up.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use ambidex::inspect::{Inspection, LabelSet, Leaf, Options, PackSet};
use ambidex::mask::{self, Conversation, Format, Key, MaskPlan, Mode, Restoration};
use bytes::Bytes;
use serde_json::{Value, json};

/// CPU time that a look may take at all.
const TIME_BASE: Duration = Duration::from_millis(50);
/// And for each byte: twenty times the slowest text of the bench, for unoptimised builds.
const TIME_PER_BYTE: Duration = Duration::from_micros(6);

static INSPECTION: LazyLock<Inspection> =
    LazyLock::new(|| Options { packs: PackSet::ALL, ..Options::default() }.into());

/// What a check saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Values found.
    pub(crate) values: usize,
    /// Values found again after masking: such a request is not sent.
    pub(crate) left: usize,
}

/// Checks one text; an error says which promise is broken.
pub(crate) fn check(text: &str) -> Result<Seen, String> {
    let start = cpu_time();
    let found = INSPECTION.read(&[Leaf { path: "messages[0].content", text, is_prose: true }]);
    let spent = cpu_time().saturating_sub(start);
    let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if spent > TIME_BASE + TIME_PER_BYTE * size {
        return Err(format!("{} bytes took {spent:?}", text.len()));
    }
    let mut last = 0;
    for item in &found.items {
        let span: Range<usize> = place(item.span.start)..place(item.span.end);
        if text.get(span.clone()).is_none_or(str::is_empty) {
            return Err(format!("{span:?} is no part of the text"));
        }
        if span.start < last {
            return Err(format!("{span:?} begins inside the one before"));
        }
        last = span.end;
    }
    Ok(Seen { values: found.items.len(), left: masked(text)? })
}

/// Masking and unmasking gives the original; says how many values are found in what is sent.
fn masked(text: &str) -> Result<usize, String> {
    let body = json!({ "messages": [{ "role": "user", "content": text }] });
    let key = Key::new([7; 32]);
    let conversation = Conversation::new(&key, "somebody", [text]);
    let labels = LabelSet::ALL;
    let plan = MaskPlan::of(labels, Mode::Reversible);
    let body = Bytes::from(body.to_string());
    let Ok(masked) = mask::mask(&body, plan, &conversation, &INSPECTION) else { return Ok(0) };
    let sent: Value = serde_json::from_slice(&masked.body).map_err(|error| error.to_string())?;
    let shown = sent.pointer("/messages/0/content").and_then(Value::as_str).unwrap_or_default();
    let restoration =
        Restoration { placeholders: masked.placeholders, format: Format::Text, guard: None };
    let answer = json!({ "choices": [{ "message": { "content": shown } }] }).to_string();
    let back = mask::restore_whole(answer.as_bytes(), &restoration);
    let back: Value = serde_json::from_slice(back.as_deref().unwrap_or(answer.as_bytes()))
        .map_err(|error| error.to_string())?;
    if back.pointer("/choices/0/message/content").and_then(Value::as_str) != Some(text) {
        return Err("unmasking did not give the original back".to_owned());
    }
    Ok(INSPECTION.values("messages[0].content", shown).len())
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// CPU time of this thread, where the system tells it.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
