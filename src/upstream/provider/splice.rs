//! The caller's bytes with a few places changed: nothing is parsed or written anew.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use crate::chat::{Delivery, Request};
use crate::money::Tokens;

/// Bytes that replace a range of the body; an empty range adds.
type Splice<'a> = (Range<usize>, Cow<'a, str>);

/// The body with the model's name, a limit on the answer under the name that the interface has for
/// it, and the wish for usage spliced in where they are missing.
pub(super) fn spliced(request: &Request, model: &str, limit: (&str, Tokens)) -> Bytes {
    let body = request.body();
    let edits = &request.edits;
    let mut splices: Vec<Splice<'_>> = Vec::with_capacity(3);
    if request.model != model
        && let Some(range) = &edits.model
    {
        splices.push((range.clone(), serde_json::Value::from(model).to_string().into()));
    }
    let end = edits.end..edits.end;
    if request.output_max.is_none() {
        let (name, output_max) = limit;
        splices.push(match &edits.output_max {
            Some(range) => (range.clone(), output_max.to_string().into()),
            None => (end.clone(), format!(",\"{name}\":{output_max}").into()),
        });
    }
    if request.delivery == Delivery::Stream {
        splices.push(match &edits.stream_options {
            Some(range) => (range.clone(), with_usage(body.get(range.clone())).into()),
            None => (end, ",\"stream_options\":{\"include_usage\":true}".into()),
        });
    }
    if splices.is_empty() {
        return body.clone();
    }
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let added: usize = splices.iter().map(|(_, text)| text.len()).sum();
    let mut out = Vec::with_capacity(body.len().saturating_add(added));
    let mut from = 0;
    for (range, text) in splices {
        out.extend_from_slice(body.get(from..range.start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        from = range.end;
    }
    out.extend_from_slice(body.get(from..).unwrap_or_default());
    out.into()
}

/// `stream_options` as the caller gave them, but asking for usage.
fn with_usage(options: Option<&[u8]>) -> String {
    let mut options: serde_json::Map<String, serde_json::Value> =
        options.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    options.insert("include_usage".to_owned(), true.into());
    serde_json::Value::Object(options).to_string()
}
