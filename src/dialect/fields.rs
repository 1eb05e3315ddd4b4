//! The fields of a JSON object, taken one by one, so that none is forgotten.

use serde_json::{Map, Value};

use super::translate::{MALFORMED, UNKNOWN, Untranslatable, no};

/// The fields of an object that are taken one by one; what is left in the end is refused.
pub(super) struct Fields {
    at: String,
    map: Map<String, Value>,
}

impl Fields {
    pub(super) fn of(value: Value, at: &str) -> Result<Self, Untranslatable> {
        let Value::Object(map) = value else { return Err(no(at, MALFORMED)) };
        Ok(Self { at: at.to_owned(), map })
    }

    pub(super) fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.at)
    }

    /// A field that is there and says something.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &str) -> Result<String, Untranslatable> {
        match self.take(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(no(self.path(key), MALFORMED)),
        }
    }

    /// Nothing may be left that says something.
    pub(super) fn done(self) -> Result<(), Untranslatable> {
        let left = self.map.iter().find(|(_, value)| !is_empty(value));
        left.map_or(Ok(()), |(key, _)| Err(no(self.path(key), UNKNOWN)))
    }
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

pub(super) fn list(value: Value, at: &str) -> Result<Vec<Value>, Untranslatable> {
    let Value::Array(items) = value else { return Err(no(at, MALFORMED)) };
    Ok(items)
}

/// Every item of a list in other words, with its path.
pub(super) fn each(
    value: Value,
    at: &str,
    translate: impl Fn(Value, &str) -> Result<Value, Untranslatable>,
) -> Result<Vec<Value>, Untranslatable> {
    let items = list(value, at)?.into_iter().enumerate();
    items.map(|(index, item)| translate(item, &format!("{at}[{index}]"))).collect()
}
