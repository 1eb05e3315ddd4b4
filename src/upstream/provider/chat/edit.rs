//! The caller's bytes with a few places changed: no value is written anew.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::chat::{Delivery, Request};
use crate::dialect::json::{Out, Text};
use crate::dialect::translate::{MALFORMED, Untranslatable, no};
use crate::money::Tokens;
use crate::upstream::provider::ids::Ids;

/// Bytes that replace a range of the body; an empty range adds.
type Splice<'a> = (Range<usize>, Cow<'a, str>);

/// What is changed in a body on its way to a vendor.
#[derive(Clone, Copy)]
pub(in super::super) struct Changes<'a> {
    /// The model's name there.
    pub(in super::super) model: &'a str,
    /// The limit on the answer, under the name that the vendor has for it.
    pub(in super::super) limit: (&'static str, Tokens),
    /// Whether usage must be asked for.
    pub(in super::super) asks_usage: bool,
    /// Fields that the vendor has another name for.
    pub(in super::super) renames: &'static [(&'static str, &'static str)],
    /// Fields that change no answer and that the vendor does not take.
    pub(in super::super) omits: &'static [&'static str],
    /// Fields that change the answer and that the vendor ignores.
    pub(in super::super) refuses: &'static [&'static str],
    /// What the vendor takes for the name of a call.
    pub(in super::super) ids: Ids,
}

impl Changes<'_> {
    /// Nothing differs but what every request needs.
    pub(in super::super) const NONE: Self = Self {
        model: "",
        limit: ("", Tokens(0)),
        asks_usage: false,
        renames: &[],
        omits: &[],
        refuses: &[],
        ids: Ids::Any,
    };
}

/// Values that say nothing, or what happens anyway.
const IDLE: &[&str] = &["null", "0", "0.0", "[]", "{}"];

pub(super) const IGNORED: &str = "is not a parameter of the target";

/// The body with the model's name, a limit on the answer and the wish for usage where they are missing,
/// and the vendor's own names. Values are passed on byte for byte.
pub(in super::super) fn edited(
    request: &Request,
    changes: Changes<'_>,
) -> Result<Bytes, Untranslatable> {
    let Changes { renames, omits, refuses, ids, .. } = changes;
    if renames.is_empty() && omits.is_empty() && refuses.is_empty() && ids == Ids::Any {
        return Ok(spliced(request, changes));
    }
    let body = request.body();
    let Ok(Entries(entries)) = serde_json::from_slice(body) else {
        return Err(no("body", MALFORMED));
    };
    let ignored = |(key, value): &&(Cow<'_, str>, &RawValue)| {
        let is_usual = matches!(
            (&**key, value.get()),
            ("n", "1") | ("parallel_tool_calls", "true") | ("logprobs", "false")
        );
        refuses.contains(&&**key) && !is_usual && !IDLE.contains(&value.get())
    };
    if let Some((key, _)) = entries.iter().find(ignored) {
        return Err(no(key.as_ref(), IGNORED));
    }
    let is_other = |key: &str| renames.iter().any(|(from, to)| key == *from || key == *to);
    let is_changed = |(key, value): &(Cow<'_, str>, &RawValue)| {
        let is_renamed = renames.iter().any(|(from, _)| key == from);
        let is_idle_limit = key == changes.limit.0 && value.get() == "null";
        is_renamed || is_idle_limit || omits.contains(&&**key)
    };
    let listed = entries.iter().find(|(key, _)| key == "messages");
    let messages = listed.and_then(|(_, messages)| with_ids(messages, ids));
    if messages.is_none() && !entries.iter().any(is_changed) {
        return Ok(spliced(request, changes));
    }
    let mut out = Out::with_capacity(body.len() + 64);
    out.open();
    for (key, value) in &entries {
        let name = renames.iter().find(|(from, _)| key == from).map_or(&**key, |(_, to)| to);
        let is_idle = value.get() == "null" && (is_other(key) || name == changes.limit.0);
        if is_idle || omits.contains(&&**key) || refuses.contains(&&**key) {
            continue;
        }
        match name {
            "model" => out.entry(name).text(changes.model),
            "stream_options" if changes.asks_usage => {}
            "messages" => out.entry(name).raw(messages.as_deref().unwrap_or(value.get())),
            _ => out.entry(name).raw(value.get()),
        }
    }
    let (limit, output_max) = changes.limit;
    if request.output_max.is_none() {
        out.count(limit, output_max);
    }
    if changes.asks_usage && request.delivery.is_stream() {
        let asked = entries.iter().find(|(key, _)| key == "stream_options");
        let options = asked.map(|(_, value)| value.get().as_bytes());
        out.key("stream_options").raw(&with_usage(options));
    }
    out.close();
    Ok(out.into_bytes().into())
}

/// The entries of an object, in order, with their values as they stand there.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Entries<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::with_capacity(16);
                while let Some(Text(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        reader.deserialize_map(Seen)
    }
}

/// The messages with the names of calls as the vendor takes them; `None` where it takes them all.
fn with_ids(messages: &RawValue, ids: Ids) -> Option<String> {
    let all = messages.get();
    if ids == Ids::Any || !all.contains("tool_call") {
        return None;
    }
    let list: Vec<Named<'_>> = serde_json::from_str(all).ok()?;
    let named = list.iter().flat_map(|it| {
        it.tool_calls.iter().flatten().filter_map(|call| call.id).chain(it.tool_call_id)
    });
    let mut out = String::with_capacity(all.len());
    let mut from = 0;
    for raw in named {
        let Ok(Text(id)) = serde_json::from_str(raw.get()) else { continue };
        if ids.takes(&id) {
            continue;
        }
        // The value was borrowed from these very bytes, and they are met in their order.
        let start = raw.get().as_ptr().addr().checked_sub(all.as_ptr().addr())?;
        out.push_str(all.get(from..start)?);
        out.push_str(&serde_json::Value::from(&*ids.shown(&id)).to_string());
        from = start + raw.get().len();
    }
    out.push_str(all.get(from..)?);
    (from > 0).then_some(out)
}

/// Where a message names calls.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    tool_calls: Option<Vec<NamedCall<'a>>>,
    #[serde(borrow, default)]
    tool_call_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct NamedCall<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

/// The body with a few places changed, and the very same memory where none is.
fn spliced(request: &Request, changes: Changes<'_>) -> Bytes {
    let Changes { model, limit, asks_usage, .. } = changes;
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
    if asks_usage && request.delivery == Delivery::Stream {
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
