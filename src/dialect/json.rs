//! JSON, read without copying and written without a tree in between.
//!
//! [`Json`] borrows its texts from the body; keys keep their order. [`Out`] writes what it is told,
//! commas where they belong.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value that borrows from the text that it was read from.
#[derive(Clone, PartialEq)]
pub enum Json<'a> {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object; its entries in order.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// A text that is borrowed where it has no escapes, also inside an `Option`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'a> Json<'a> {
    /// Reads a whole text.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The characters of a text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Yes or no.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// A number.
    pub const fn as_number(&self) -> Option<&serde_json::Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// A field of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The characters of a text, for good.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether it says nothing: `null`, or an empty list.
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(items) => items.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => false,
        }
    }

    /// Its text.
    pub fn written(&self) -> String {
        let mut out = Out::default();
        out.json(self);
        String::from_utf8(out.into_bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Json")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Json<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Json<'de>, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
                Ok(Json::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
                Ok(Json::Number(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
                Ok(Json::Number(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
                Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
                Ok(Json::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
                Ok(Json::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
                let mut object = Vec::new();
                while let Some(Text(key)) = entries.next_key()? {
                    object.push((key, entries.next_value()?));
                }
                Ok(Json::Object(object))
            }
        }
        reader.deserialize_any(Seen)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        reader.deserialize_str(Seen)
    }
}

impl Text<'_> {
    /// The same characters, borrowed from here.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text where there is one, and nothing where something else stands: servers differ in what they
/// write beside the fields that everybody knows, and the rest of an event is still worth reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maybe<'a>(pub Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Maybe<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Maybe<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Maybe<'de>, E> {
                Ok(Maybe(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Maybe<'de>, E> {
                Ok(Maybe(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_unit<E>(self) -> Result<Maybe<'de>, E> {
                Ok(Maybe(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Maybe<'de>, E> {
                Ok(Maybe(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Maybe<'de>, E> {
                Ok(Maybe(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Maybe<'de>, E> {
                Ok(Maybe(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Maybe<'de>, E> {
                Ok(Maybe(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Maybe<'de>, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Maybe(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Maybe<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Maybe(None))
            }
        }
        reader.deserialize_any(Seen)
    }
}

/// Writes JSON. Whoever opens an object or a list closes it.
#[derive(Default)]
pub struct Out {
    bytes: Vec<u8>,
}

impl Out {
    /// A writer with room for about this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written. Only UTF-8 is.
    pub fn into_string(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_default()
    }

    /// A value never ends in one of these, so they tell that no comma is due.
    fn comma(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'{' | b'[' | b':')) {
            self.bytes.push(b',');
        }
    }

    /// Opens an object.
    pub fn open(&mut self) {
        self.comma();
        self.bytes.push(b'{');
    }

    /// Closes an object.
    pub fn close(&mut self) {
        self.bytes.push(b'}');
    }

    /// Opens a list.
    pub fn open_list(&mut self) {
        self.comma();
        self.bytes.push(b'[');
    }

    /// Closes a list.
    pub fn close_list(&mut self) {
        self.bytes.push(b']');
    }

    /// The key of the next value. Keys of ours need no escapes.
    pub fn key(&mut self, key: &'static str) -> &mut Self {
        self.comma();
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self
    }

    /// The key of the next value, whatever is in it.
    pub fn entry(&mut self, key: &str) -> &mut Self {
        self.text(key);
        self.bytes.push(b':');
        self
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.comma();
        if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.bytes.reserve(text.len() + 2);
            self.bytes.push(b'"');
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(b'"');
        } else {
            // Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut self.bytes, text);
        }
    }

    /// A list of texts.
    pub fn texts<T: AsRef<str>>(&mut self, key: &'static str, texts: impl IntoIterator<Item = T>) {
        self.key(key).open_list();
        texts.into_iter().for_each(|text| self.text(text.as_ref()));
        self.close_list();
    }

    /// JSON that is written already.
    pub fn raw(&mut self, json: &str) {
        self.comma();
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A number that is shown as JSON shows it.
    pub fn number(&mut self, number: impl fmt::Display) {
        self.comma();
        let _ = write!(self.bytes, "{number}");
    }

    /// A real number, as JSON shows it.
    pub fn real(&mut self, number: f64) {
        self.comma();
        let _ = serde_json::to_writer(&mut self.bytes, &number);
    }

    /// Yes or no.
    #[expect(clippy::fn_params_excessive_bools, reason = "it is what is written")]
    pub fn truth(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// A field with a text.
    pub fn put(&mut self, key: &'static str, text: &str) {
        self.key(key).text(text);
    }

    /// A field with a number.
    pub fn count(&mut self, key: &'static str, number: impl fmt::Display) {
        self.key(key).number(number);
    }

    /// A value.
    pub fn json(&mut self, value: &Json<'_>) {
        match value {
            Json::Null => self.raw("null"),
            Json::Bool(value) => self.truth(*value),
            Json::Number(number) => self.number(number),
            Json::Text(text) => self.text(text),
            Json::List(items) => {
                self.open_list();
                for item in items {
                    self.json(item);
                }
                self.close_list();
            }
            Json::Object(entries) => {
                self.open();
                for (key, value) in entries {
                    self.entry(key).json(value);
                }
                self.close();
            }
        }
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Out({} bytes)", self.bytes.len())
    }
}

/// JSON of an object, as it stands in the text; `None` if the text is none.
pub fn object(text: &str) -> Option<&str> {
    let text = text.trim();
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_was_read_is_written_again_in_order_and_borrowed() {
        let text = r#"{"b":[1,-2,1.5,{},[],"é\n",null,true],"a":{"x":"y"},"":"\""}"#;
        let read = Json::read(text.as_bytes()).unwrap();
        assert_eq!(read.written(), text);
        let Some(Json::Text(Cow::Borrowed(inside))) = read.get("a").and_then(|it| it.get("x"))
        else {
            panic!("a copy")
        };
        assert!(text.as_bytes().as_ptr_range().contains(&inside.as_ptr()));
        assert_eq!(Json::read(b"{} x"), None);
    }

    #[test]
    fn only_objects_are_objects() {
        assert_eq!(object(" {\"a\" : 1} "), Some("{\"a\" : 1}"));
        for text in ["", "[]", "1", "{", "{} {}"] {
            assert_eq!(object(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives(text in ".*", key in ".{0,8}") {
            let value = json!({ key.clone(): [text.clone(), 1, 2.5], "z": { "n": null } }).to_string();
            let again = Json::read(value.as_bytes()).unwrap().written();
            prop_assert_eq!(serde_json::from_str::<Value>(&again).unwrap(),
                serde_json::from_str::<Value>(&value).unwrap());
        }
    }
}
