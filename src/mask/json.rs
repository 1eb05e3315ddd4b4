//! Changes strings inside a JSON text and leaves every other byte as it is: order, spacing, numbers
//! and unknown fields pass unchanged.

use std::fmt::Write as _;

/// Deepest nesting; deeper texts are not changed.
const DEPTH_MAX: usize = 128;

/// The text was not JSON, or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJson;

/// Calls `change` with the path and the content of every string value; what it returns takes the
/// string's place. Paths look like `messages[0].content`. `None` if nothing changed.
pub(super) fn rewrite(
    json: &str,
    change: impl FnMut(&str, &str) -> Option<String>,
) -> Result<Option<String>, NotJson> {
    let mut writer =
        Writer { json, at: 0, copied: 0, out: String::new(), path: String::new(), change };
    writer.value(0)?;
    writer.space();
    if writer.at != json.len() {
        return Err(NotJson);
    }
    if writer.out.is_empty() && writer.copied == 0 {
        return Ok(None);
    }
    writer.out.push_str(json.get(writer.copied..).unwrap_or_default());
    Ok(Some(writer.out))
}

struct Writer<'a, F> {
    json: &'a str,
    at: usize,
    copied: usize,
    out: String,
    path: String,
    change: F,
}

impl<F: FnMut(&str, &str) -> Option<String>> Writer<'_, F> {
    fn peek(&self) -> u8 {
        self.json.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        self.space();
        if self.peek() != byte {
            return Err(NotJson);
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), NotJson> {
        if depth > DEPTH_MAX {
            return Err(NotJson);
        }
        self.space();
        match self.peek() {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.text(),
            _ => self.other(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), NotJson> {
        self.at += 1;
        self.space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let raw = self.string()?;
            let key: String = serde_json::from_str(raw).map_err(|_| NotJson)?;
            self.expect(b':')?;
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            self.value(depth + 1)?;
            self.path.truncate(length);
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(NotJson),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotJson> {
        self.at += 1;
        self.space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0_usize.. {
            let length = self.path.len();
            // Writing to a string cannot fail.
            let _ = write!(self.path, "[{index}]");
            self.value(depth + 1)?;
            self.path.truncate(length);
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(NotJson),
            }
        }
        Ok(())
    }

    /// The string that begins here, with its quotes.
    fn string(&mut self) -> Result<&str, NotJson> {
        let start = self.at;
        if self.peek() != b'"' {
            return Err(NotJson);
        }
        let bytes = self.json.as_bytes();
        let mut at = start + 1;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let stop = memchr::memchr2(b'"', b'\\', rest).ok_or(NotJson)?;
            at += stop;
            if bytes.get(at) == Some(&b'"') {
                break;
            }
            at += 2;
        }
        self.at = at + 1;
        self.json.get(start..self.at).ok_or(NotJson)
    }

    fn text(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        let raw = self.string()?;
        let text: String = serde_json::from_str(raw).map_err(|_| NotJson)?;
        if let Some(new) = (self.change)(&self.path, &text) {
            self.out.push_str(self.json.get(self.copied..start).unwrap_or_default());
            self.out.push_str(&serde_json::Value::from(new).to_string());
            self.copied = self.at;
        }
        Ok(())
    }

    /// A number or a word.
    fn other(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while matches!(self.peek(), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') {
            self.at += 1;
        }
        if self.at == start { Err(NotJson) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{NotJson, rewrite};
    use proptest::prelude::*;

    #[test]
    fn only_strings_that_change_are_written_anew() {
        let json = r#"{ "a" : 1.50, "b":[ "x", {"c":"x\n"} ] ,"x":true}"#;
        let mut seen = Vec::new();
        let out = rewrite(json, |path, text| {
            seen.push(format!("{path}={text:?}"));
            (text == "x").then(|| "\"y\"".to_owned())
        });
        assert_eq!(seen, ["b[0]=\"x\"", "b[1].c=\"x\\n\""]);
        let expected = r#"{ "a" : 1.50, "b":[ "\"y\"", {"c":"x\n"} ] ,"x":true}"#;
        assert_eq!(out, Ok(Some(expected.to_owned())));
        assert_eq!(rewrite(json, |_, _| None), Ok(None));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "{", "[1,", "{\"a\" 1}", "\"a", "{} x", "[1 2]", "{1:2}"] {
            assert_eq!(rewrite(text, |_, _| None), Err(NotJson), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = rewrite(&text, |_, _| Some(String::new()));
        }
    }
}
