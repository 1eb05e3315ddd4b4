//! Reads a body that was written for a server, whatever interface it speaks: every string of it, so
//! that it can be inspected once more.

use bytes::Bytes;

use crate::chat::{Request, Surface};
use crate::dialect::Unreadable;
use crate::dialect::collect::{Collect, Collector, Words, walked};
use crate::dialect::walk::{Scalar, Sink, Step};

/// Fields that hold what is said, in every interface.
const SAID: &[&str] = &["text", "content"];

fn is_plain(key: &str) -> bool {
    key.len() <= 32 && key.bytes().all(|it| it.is_ascii_alphabetic())
}

/// The strings of a body. `surface` is where the request came in.
pub fn reread(body: &Bytes, surface: Surface) -> Result<Request, Unreadable> {
    let mut reader = Rereader { common: Collector::new(body, surface) };
    walked(body, &mut reader)?;
    Ok(Request { body: body.clone(), ..reader.common.read })
}

struct Rereader<'de> {
    common: Collector<'de>,
}

impl<'de> Collect<'de> for Rereader<'de> {
    fn collector(&mut self) -> &mut Collector<'de> {
        &mut self.common
    }
}

impl<'de> Sink<'de> for Rereader<'de> {
    fn key(&mut self, path: &[Step<'de>]) -> Result<(), String> {
        // Interfaces of other vendors have keys in mixed case.
        match path.last() {
            Some(Step::Key(key)) if is_plain(key) => Ok(()),
            _ => self.common.key(path, &[]),
        }
    }

    fn scalar(&mut self, path: &[Step<'de>], value: Scalar<'de>) -> Result<(), String> {
        match value {
            // The target's model is named by the configuration.
            Scalar::Text(_) if matches!(path, [Step::Key(key)] if key == "model") => {}
            Scalar::Text(text) => {
                let is_said = path.last().is_some_and(|step| SAID.contains(&step.key()));
                let kind = if is_said { Words::Prose } else { Words::Settings };
                self.common.keep(path, text, kind);
            }
            Scalar::Unsigned(number) => self.common.whole(path, number, number.to_string()),
            Scalar::Signed(number) => {
                self.common.whole(path, number.unsigned_abs(), number.to_string());
            }
            Scalar::Float(number) => self.common.real(path, number),
            Scalar::Bool(_) | Scalar::Null => {}
        }
        Ok(())
    }

    fn open(&mut self, _: &[Step<'de>]) {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn texts(body: &serde_json::Value) -> Vec<(String, String)> {
        let request = reread(&Bytes::from(body.to_string()), Surface::OpenAiChat).unwrap();
        let leaves = request.leaves();
        leaves.iter().map(|leaf| (leaf.path.to_owned(), leaf.text.to_owned())).collect()
    }

    #[test]
    fn keys_of_other_vendors_are_no_texts_and_unusual_ones_are() {
        let body = json!({ "model": "ft:m:12345678", "generationConfig": { "topK": 4_111_111_u64 },
            "inlineData": { "078-05-1120": true } });
        let found = texts(&body);
        assert_eq!(
            found,
            [
                ("generationConfig.topK".to_owned(), "4111111".to_owned()),
                ("inlineData.078-05-1120".to_owned(), "078-05-1120".to_owned()),
            ]
        );
        for body in [r#"{"a":1,"a":2}"#, "[]", "{"] {
            let body = Bytes::from(body.to_owned());
            assert!(reread(&body, Surface::OpenAiChat).is_err(), "{body:?}");
        }
    }

    proptest! {
        /// Whatever the strings contain and wherever they stand, all of them are seen.
        #[test]
        fn any_string_is_seen(text in ".{1,40}", key in "[ -~]{1,40}") {
            let body = json!({ "contents": [{ "parts": [{ "text": text }] }],
                "x": { key.clone(): [{ "y": text }] } });
            let seen = texts(&body).into_iter().filter(|(_, it)| *it == text).count();
            prop_assert!(seen >= 2);
            let is_plain = key.len() <= 32 && key.bytes().all(|it| it.is_ascii_alphabetic() || it == b'_');
            prop_assert!(is_plain || texts(&body).iter().any(|(_, it)| *it == key));
        }
    }
}
