//! One pass over a JSON body that sees every key and every scalar with its path.
//!
//! The body is never turned into a tree: strings without escapes stay where they are in the body.
//! Duplicate keys are refused at every level, because two readers of the same bytes could otherwise
//! disagree about which value counts (and we must decide on what the upstream will read).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

/// A step of a path into the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step<'de> {
    Key(Cow<'de, str>),
    Index(usize),
}

impl Step<'_> {
    /// The key, or nothing for an index.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Key(key) => key,
            Self::Index(_) => "",
        }
    }
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'de> {
    Text(Cow<'de, str>),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Null,
}

/// Is told about everything in the body, in order. An error ends the walk.
pub(super) trait Sink<'de> {
    fn key(&mut self, path: &[Step<'de>]) -> Result<(), String>;
    fn scalar(&mut self, path: &[Step<'de>], value: Scalar<'de>) -> Result<(), String>;
    /// A list or an object opens here.
    fn open(&mut self, path: &[Step<'de>]);
}

/// Reads `body` to its end, telling `sink`.
pub(super) fn walk<'de, S: Sink<'de>>(body: &'de [u8], sink: &mut S) -> serde_json::Result<()> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let mut path = Vec::with_capacity(8);
    Walk { sink, path: &mut path }.deserialize(&mut reader)?;
    reader.end()
}

struct Walk<'a, 'de, S> {
    sink: &'a mut S,
    path: &'a mut Vec<Step<'de>>,
}

impl<'de, S: Sink<'de>> Walk<'_, 'de, S> {
    fn tell<E: serde::de::Error>(self, value: Scalar<'de>) -> Result<(), E> {
        self.sink.scalar(self.path, value).map_err(E::custom)
    }
}

impl<'de, S: Sink<'de>> DeserializeSeed<'de> for Walk<'_, 'de, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, S: Sink<'de>> Visitor<'de> for Walk<'_, 'de, S> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<(), E> {
        self.tell(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.tell(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.tell(Scalar::Unsigned(number))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.tell(Scalar::Signed(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.tell(Scalar::Float(number))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.tell(Scalar::Bool(value))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.tell(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.sink.open(self.path);
        for index in 0.. {
            self.path.push(Step::Index(index));
            let item = Walk { sink: &mut *self.sink, path: &mut *self.path };
            let more = items.next_element_seed(item)?.is_some();
            self.path.pop();
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.sink.open(self.path);
        let mut seen: SmallVec<[Cow<'de, str>; 12]> = SmallVec::new();
        while let Some(Key(key)) = entries.next_key()? {
            // At the top, `Model` beside `model` is as dangerous as `model` twice: some servers
            // read keys without regard to case.
            let is_top = self.path.is_empty();
            let same = |other: &Cow<'_, str>| {
                *other == key || (is_top && other.eq_ignore_ascii_case(&key))
            };
            if seen.len() >= KEYS_MAX {
                return Err(A::Error::custom(format!("an object has more than {KEYS_MAX} keys")));
            }
            if seen.iter().any(same) {
                return Err(A::Error::custom("a key is given twice in the same object"));
            }
            seen.push(key.clone());
            self.path.push(Step::Key(key));
            self.sink.key(self.path).map_err(A::Error::custom)?;
            entries.next_value_seed(Walk { sink: &mut *self.sink, path: &mut *self.path })?;
            self.path.pop();
        }
        Ok(())
    }
}

/// Keys allowed in one object: the duplicate check compares all pairs.
const KEYS_MAX: usize = 256;

/// An object's key, borrowed from the body where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        reader.deserialize_str(KeyVisitor)
    }
}
