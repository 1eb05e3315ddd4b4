//! What must hold for any bytes that come in as a request, whoever makes them up.

use ambidex::chat::Surface;
use ambidex::dialect::{self, near};
use bytes::Bytes;
use serde_json::Value;

/// What a check saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Interfaces that took it for a request.
    pub(crate) read: usize,
    /// How often it could be said as chat completions.
    pub(crate) translated: usize,
}

/// Checks one body against every interface; an error says which promise is broken.
pub(crate) fn check(bytes: &[u8]) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for surface in Surface::ALL {
        let body = Bytes::copy_from_slice(bytes);
        let Ok(request) = dialect::of(surface).read(body.clone()) else { continue };
        seen.read += 1;
        if request.body() != &body {
            return Err(format!("{surface:?} changed the body"));
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|_| format!("{surface:?} took what is no JSON"))?;
        let leaves = request.leaves();
        let mut hidden = None;
        strings(&value, &mut |text| {
            if !leaves.iter().any(|leaf| leaf.text == text) {
                hidden = Some(text.len());
            }
        });
        if let Some(length) = hidden {
            return Err(format!("{surface:?} hid a string of {length} bytes from detectors"));
        }
        if leaves.iter().any(|leaf| leaf.path.is_empty()) {
            return Err(format!("{surface:?} has a string without a place"));
        }
        if let Ok(chat) = near::request(&request) {
            dialect::of(near::base(surface)).read(chat).map_err(|error| {
                format!("{surface:?} was translated into what nobody can read: {error}")
            })?;
            seen.translated += 1;
        }
    }
    Ok(seen)
}

/// Every string of a body, and every key that is no plain name.
fn strings(value: &Value, tell: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => tell(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, tell)),
        Value::Object(entries) => {
            for (key, value) in entries {
                let is_plain = key.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
                if key.len() > 32 || !is_plain {
                    tell(key);
                }
                strings(value, tell);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
