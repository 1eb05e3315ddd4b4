//! From one interface to another: a request on its way out, its answer on its way back.
//!
//! A dialect reads a request into a [`Talk`], a provider writes it; a provider hears an answer as
//! [`Said`], a dialect tells it. So neither knows the other. What means the same is translated, what
//! has no effect on the answer is left out, and everything else is refused by name: a parameter that
//! is silently dropped would be a lie. No text is made up: the strings of a translated request are
//! those of the request (docs/providers.md says which move where), and whoever sends it reads and
//! inspects it again as if it had come from a caller.

mod reread;

use std::borrow::Cow;

use bytes::Bytes;

pub use reread::reread;

use super::json::Json;
use crate::chat::talk::{ANSWER_TOOL, Given, Reason, Said};
use crate::chat::{Part, Usage};

/// A field that the other interface cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct Untranslatable {
    /// Its path.
    pub field: String,
    /// Why not.
    pub problem: &'static str,
}

/// What the other side does not say about an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct About {
    /// The decision's id, from which the answer's id is made.
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    /// The model, should the answer not name it.
    pub model: String,
    /// The body of the caller's request: some interfaces repeat its settings in the answer.
    pub asked: Bytes,
}

/// What was asked is content.
impl std::fmt::Debug for About {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "About({}, {} bytes)", self.id, self.asked.len())
    }
}

/// An event of a stream in the caller's dialect.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is to the stream.
    pub part: Part,
    /// Its data, one line.
    pub data: String,
}

/// An event holds text of an answer.
impl std::fmt::Debug for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Told({:?}, {} bytes)", self.part, self.data.len())
    }
}

/// Tells a streamed answer, piece by piece. Nothing is held back but the reason of the end.
pub trait Teller: Send + std::fmt::Debug {
    /// Tells what was said; `used` is what is known about usage by now.
    fn tell(&mut self, said: &Said<'_>, used: &Usage, out: &mut Vec<Told>);
    /// Tells that the answer is whole.
    fn end(&mut self, used: &Usage, out: &mut Vec<Told>);
}

/// An answer in a format that was asked for through a tool: its arguments are the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrapped {
    number: Option<u64>,
}

impl Unwrapped {
    /// What the caller, who knows of no tool, is told instead; nothing for the call itself.
    pub fn hear<'a>(&mut self, said: Said<'a>) -> Option<Said<'a>> {
        match said {
            Said::Call { number, name, .. } if name == ANSWER_TOOL => {
                self.number = Some(number);
                None
            }
            Said::Arguments { number, more } if self.number == Some(number) => {
                Some(Said::Text(more))
            }
            Said::Finish(Reason::Calls) if self.number.is_some() => {
                Some(Said::Finish(Reason::Done))
            }
            said @ (Said::Start(_)
            | Said::Text(_)
            | Said::Thought(_)
            | Said::Call { .. }
            | Said::Arguments { .. }
            | Said::Finish(_)
            | Said::Failed(_)) => Some(said),
        }
    }
}

/// Translates a streamed answer of a near interface, event by event.
pub trait Translator: Send + std::fmt::Debug {
    /// Takes the data of the next event; `used` is what is known about usage by now.
    fn hear(&mut self, data: &[u8], used: &Usage) -> Vec<Told>;
}

/// Refuses a field.
pub(crate) fn no(field: impl Into<String>, problem: &'static str) -> Untranslatable {
    Untranslatable { field: field.into(), problem }
}

/// Refuses a setting.
pub(crate) fn no_setting<T>(given: Option<&Given<T>>) -> Result<(), Untranslatable> {
    given.map_or(Ok(()), |it| Err(no(it.name, UNKNOWN)))
}

pub(crate) const UNKNOWN: &str = "has no counterpart in the interface of the target";
pub(crate) const MALFORMED: &str = "is not what the interface defines there";

/// The fields of an object that are taken one by one; what is left in the end is refused.
pub(super) struct Fields<'a> {
    at: String,
    entries: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: Json<'a>, at: impl Into<String>) -> Result<Self, Untranslatable> {
        let at = at.into();
        let Json::Object(entries) = value else { return Err(no(at, MALFORMED)) };
        Ok(Self { at, entries })
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    /// A field that is there and says something.
    pub(super) fn take(&mut self, key: &str) -> Option<Json<'a>> {
        let index = self.entries.iter().position(|(name, _)| name == key)?;
        let (_, value) = self.entries.swap_remove(index);
        (value != Json::Null).then_some(value)
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Cow<'a, str>, Untranslatable> {
        self.text_if_any(key)?.ok_or_else(|| no(self.path(key), MALFORMED))
    }

    pub(super) fn text_if_any(
        &mut self,
        key: &str,
    ) -> Result<Option<Cow<'a, str>>, Untranslatable> {
        match self.take(key) {
            Some(Json::Text(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(no(self.path(key), MALFORMED)),
        }
    }

    pub(super) fn list(&mut self, key: &str) -> Result<Vec<Json<'a>>, Untranslatable> {
        match self.take(key) {
            Some(Json::List(items)) => Ok(items),
            None => Ok(Vec::new()),
            Some(_) => Err(no(self.path(key), MALFORMED)),
        }
    }

    pub(super) fn object(&mut self, key: &str) -> Result<Self, Untranslatable> {
        let at = self.path(key);
        Self::of(self.take(key).unwrap_or(Json::Null), at)
    }

    pub(super) fn real(&mut self, key: &'static str) -> Result<Option<Given<f64>>, Untranslatable> {
        self.number(key, serde_json::Number::as_f64)
    }

    /// A number of a kind, under its name.
    pub(super) fn number<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&serde_json::Number) -> Option<T>,
    ) -> Result<Option<Given<T>>, Untranslatable> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let read = value.as_number().and_then(read);
        read.map(|value| Some(Given { name: key, value })).ok_or_else(|| no(key, MALFORMED))
    }

    /// Whether a field says yes.
    pub(super) fn truth(&mut self, key: &str) -> Result<Option<bool>, Untranslatable> {
        let Some(value) = self.take(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| no(self.path(key), MALFORMED))
    }

    /// Nothing may be left that says something, unless it has no effect.
    pub(super) fn done_but(
        self,
        is_idle: impl Fn(&str, &Json<'a>) -> bool,
    ) -> Result<(), Untranslatable> {
        let left = self.entries.iter().find(|(key, it)| !it.is_empty() && !is_idle(key, it));
        left.map_or(Ok(()), |(key, _)| Err(no(self.path(key), UNKNOWN)))
    }

    /// Nothing may be left that says something.
    pub(super) fn done(self) -> Result<(), Untranslatable> {
        self.done_but(|_, _| false)
    }
}

/// `data:image/png;base64,…` as its type and its bytes.
pub(super) fn data_url<'a>(url: &Cow<'a, str>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let split = |url: &str| -> Option<(usize, usize)> {
        let rest = url.strip_prefix("data:")?;
        let (media_type, data) = rest.split_once(";base64,")?;
        Some((media_type.len(), data.len()))
    };
    let (media_type, data) = split(url)?;
    let start = "data:".len();
    let behind = url.len().checked_sub(data)?;
    Some(match url {
        Cow::Borrowed(url) => {
            (url.get(start..start + media_type)?.into(), url.get(behind..)?.into())
        }
        Cow::Owned(url) => (
            url.get(start..start + media_type)?.to_owned().into(),
            url.get(behind..)?.to_owned().into(),
        ),
    })
}

#[cfg(test)]
mod tests;
