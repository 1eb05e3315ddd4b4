//! Masks the strings of a request.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::placeholder::{Conversation, Placeholders, hashed, redacted};
use super::{MaskPlan, Mode, json};
use crate::inspect::{Inspection, Label};

/// A request with its sensitive values replaced.
#[derive(Clone, Debug)]
pub struct Masked {
    /// The bytes to send.
    pub body: Bytes,
    /// The way back.
    pub placeholders: Arc<Placeholders>,
}

/// The request cannot be masked, so it must not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    /// It has more values than the map may hold.
    #[error("the request has more sensitive values than can be masked")]
    TooMany,
    /// It could not be read again.
    #[error("the request could not be masked")]
    Malformed,
}

/// How often a string is looked at again: what stood beside a value may look like one beside its
/// placeholder, which says what it stands for. What is left then is for the caller to find.
const ROUNDS_MAX: usize = 8;

/// Replaces every value of the plan's kinds in every string of a JSON body, whoever said it, until
/// nothing more is found.
pub fn mask(
    body: &Bytes,
    plan: MaskPlan,
    conversation: &Conversation,
    inspection: &Inspection,
) -> Result<Masked, Unmaskable> {
    let text = std::str::from_utf8(body).map_err(|_| Unmaskable::Malformed)?;
    let mut placeholders = Placeholders::default();
    let mut is_full = false;
    let new = json::rewrite(text, |path, text| {
        let mut values = Vec::new();
        let mut pieces = Pieces::default();
        for _ in 0..ROUNDS_MAX {
            let shown = if values.is_empty() { text } else { &pieces.shown };
            let found = inspection.values(path, shown);
            let found = found.into_iter().filter_map(|(label, confidence, span)| {
                let mode = plan.mode_of(label, confidence)?;
                Some(Value { label, mode, span: pieces.original(span) })
            });
            let more = joined(values.iter().cloned().chain(found).collect());
            if more == values {
                break;
            }
            values = more;
            let stand_in = |value: &Value, text: &str| {
                stand_in(&mut placeholders, conversation, (value.label, value.mode), text)
            };
            if let Some(new) = Pieces::new(text, &values, stand_in) {
                pieces = new;
            } else {
                is_full = true;
                return None;
            }
        }
        (!values.is_empty()).then_some(pieces.shown)
    });
    if is_full {
        return Err(Unmaskable::TooMany);
    }
    let body = match new.map_err(|json::NotJson| Unmaskable::Malformed)? {
        Some(new) => Bytes::from(new),
        None => body.clone(),
    };
    Ok(Masked { body, placeholders: Arc::new(placeholders) })
}

/// A value to be masked, by its bytes in the original text.
#[derive(Clone, PartialEq, Eq)]
struct Value {
    label: Label,
    mode: Mode,
    span: Range<usize>,
}

/// Values in the order of the text, those that overlap as one: with the label of the first and the
/// strictest mode.
fn joined(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(|value| (value.span.start, value.span.end));
    let mut out: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        match out.last_mut().filter(|last| value.span.start < last.span.end) {
            Some(last) => {
                last.span.end = last.span.end.max(value.span.end);
                last.mode = last.mode.max(value.mode);
            }
            None => out.push(value),
        }
    }
    out
}

/// A text with placeholders, and where they stand.
#[derive(Default)]
struct Pieces {
    shown: String,
    /// Each placeholder's bytes in the text that is shown, and those of its value in the original.
    replaced: Vec<(Range<usize>, Range<usize>)>,
}

impl Pieces {
    /// The text with a stand-in for each of the values; `None` if one has none.
    fn new(
        text: &str,
        values: &[Value],
        mut stand_in: impl FnMut(&Value, &str) -> Option<String>,
    ) -> Option<Self> {
        let mut pieces = Self::default();
        let mut copied = 0;
        for value in values {
            let stand_in = stand_in(value, text.get(value.span.clone())?)?;
            pieces.shown.push_str(text.get(copied..value.span.start)?);
            let start = pieces.shown.len();
            pieces.shown.push_str(&stand_in);
            pieces.replaced.push((start..pieces.shown.len(), value.span.clone()));
            copied = value.span.end;
        }
        pieces.shown.push_str(text.get(copied..)?);
        Some(pieces)
    }

    /// The original bytes of a span of the text that is shown; placeholders that it touches count
    /// whole.
    fn original(&self, shown: Range<usize>) -> Range<usize> {
        let place = |at: usize, of_inside: fn(&Range<usize>) -> usize| {
            let before = self.replaced.partition_point(|(it, _)| it.start < at);
            match before.checked_sub(1).and_then(|index| self.replaced.get(index)) {
                None => at,
                Some((it, original)) if at < it.end => of_inside(original),
                Some((it, original)) => original.end + (at - it.end),
            }
        };
        place(shown.start, |original| original.start)..place(shown.end, |original| original.end)
    }
}

fn stand_in(
    placeholders: &mut Placeholders,
    conversation: &Conversation,
    (label, mode): (Label, Mode),
    value: &str,
) -> Option<String> {
    match mode {
        Mode::Reversible => placeholders.add(conversation, label, value).ok(),
        Mode::Hash => Some(hashed(conversation, label, value)),
        Mode::Redact => Some(redacted(label)),
    }
}
