//! What a browser sends: fields of a form or of a query.

/// Fields by name, in order.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl std::fmt::Debug for Form {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Form({} fields)", self.0.len())
    }
}

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        };
        Self(pairs.map(pair).collect())
    }

    /// The text of a field, with line ends as everywhere else; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The same without the spaces around it, or nothing.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        Some(self.text(name).trim().to_owned()).filter(|text| !text.is_empty())
    }
}

/// A part without its encoding. What is no UTF-8 comes out as the replacement character.
fn plain(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after.get(..2).and_then(byte)) {
            (b'+', _) => bytes.push(b' '),
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

fn byte(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

/// A text as it may stand in a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&crate::hex::encode(&[byte]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let form = Form::read("a=1+2&b=%C3%A4%26%3D&c&d=x%0D%0Ay&a=second&e=%zz%4");
        assert_eq!(form.text("a"), "1 2");
        assert_eq!(form.text("b"), "ä&=");
        assert_eq!((form.text("c"), form.text("nothing")), ("", ""));
        assert_eq!(form.text("d"), "x\ny");
        assert_eq!(form.text("e"), "%zz%4");
        assert_eq!(Form::read(&format!("q={}", encoded("ä & 价/x"))).text("q"), "ä & 价/x");
        assert_eq!(format!("{:?}", Form::read("prompt=secret")), "Form(1 fields)");
    }
}
