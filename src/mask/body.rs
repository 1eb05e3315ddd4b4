//! Masks the strings of a request.

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

/// Replaces every value of the plan's kinds in every string of a JSON body, whoever said it.
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
        let values = inspection.values(path, text);
        let mut out = String::new();
        let mut copied = 0;
        for (label, confidence, span) in values {
            let mode = plan.mode_of(label, confidence);
            let (Some(mode), Some(value)) = (mode, text.get(span.clone())) else {
                continue;
            };
            let Some(stand_in) = stand_in(&mut placeholders, conversation, (label, mode), value)
            else {
                is_full = true;
                continue;
            };
            out.push_str(text.get(copied..span.start).unwrap_or_default());
            out.push_str(&stand_in);
            copied = span.end;
        }
        if copied == 0 {
            return None;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Some(out)
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
