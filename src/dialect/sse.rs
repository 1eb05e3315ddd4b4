//! Server-sent events: cutting a byte stream into events, however the network cut it into chunks.
//!
//! Works on bytes and never decodes text, so a character split over two chunks is no special case.
//! Written after the WHATWG HTML standard, section 9.2 (event stream interpretation).

use bytes::{Buf, Bytes, BytesMut};
use serde::Deserialize;

/// Longest event that is held back; a stream without event boundaries ends in an error.
pub const EVENT_BYTES_MAX: usize = 1 << 20;

/// The stream does not look like server-sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {EVENT_BYTES_MAX} bytes")]
pub struct TooLong;

/// Collects chunks and gives back whole events, each with its closing blank line.
#[derive(Debug, Default)]
pub struct Splitter {
    held: BytesMut,
    /// Bytes of `held` that were searched already.
    searched: usize,
}

impl Splitter {
    /// Takes the next chunk of the stream.
    pub fn push(&mut self, chunk: &[u8]) {
        self.held.extend_from_slice(chunk);
    }

    /// The next whole event, byte for byte as it came.
    pub fn next_event(&mut self) -> Result<Option<Bytes>, TooLong> {
        match boundary(&self.held, self.searched) {
            Some(end) => {
                self.searched = 0;
                Ok(Some(self.held.split_to(end).freeze()))
            }
            None if self.held.len() > EVENT_BYTES_MAX => Err(TooLong),
            None => {
                // A boundary has at most four bytes, three of which may be here already.
                self.searched = self.held.len().saturating_sub(3);
                Ok(None)
            }
        }
    }

    /// What is left when the stream ended without a closing blank line.
    pub fn rest(&mut self) -> Bytes {
        self.searched = 0;
        self.held.copy_to_bytes(self.held.len())
    }
}

/// The end of the first event at or after `from`: the byte behind its blank line.
fn boundary(bytes: &[u8], from: usize) -> Option<usize> {
    let tail = bytes.get(from..)?;
    for at in memchr::memchr2_iter(b'\n', b'\r', tail) {
        let rest = tail.get(at..)?;
        let length = match rest {
            [b'\r', b'\n', b'\r', b'\n', ..] => 4,
            [b'\n', b'\r', b'\n', ..] => 3,
            // A lone carriage return ends a line, too; but at the very end it may be half of `\r\n`.
            [b'\n', b'\n', ..] | [b'\r', b'\r', ..] => 2,
            _ => continue,
        };
        return Some(from + at + length);
    }
    None
}

/// The `data` of an event: its lines joined; borrowed when there is one line, as in practice.
pub fn data(event: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    let mut found: Option<std::borrow::Cow<'_, [u8]>> = None;
    let mut rest = event;
    while !rest.is_empty() {
        // Many times faster than `split`, and most events are one long line.
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        rest = rest.get(end + 1..).unwrap_or_default();
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let Some(value) = line.strip_prefix(b"data:") else { continue };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        found = Some(match found {
            None => value.into(),
            Some(before) => [before.as_ref(), b"\n", value].concat().into(),
        });
    }
    found
}

/// An event that bears the name which its data has as `type`.
pub fn named(data: &[u8]) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, rename = "type")]
        name: Option<&'a str>,
    }
    // A name that is not a plain word is not written into a line of its own.
    let is_plain = |it: u8| it.is_ascii_lowercase() || matches!(it, b'_' | b'.');
    // Where the name comes first, as in what is written here, nothing else needs to be read.
    let first = data.strip_prefix(br#"{"type":""#).and_then(|rest| {
        let length = rest.iter().position(|it| !is_plain(*it))?;
        let name = std::str::from_utf8(rest.get(..length)?).ok()?;
        (rest.get(length) == Some(&b'"')).then_some(name)
    });
    let read = || serde_json::from_slice::<Named<'_>>(data).ok().and_then(|it| it.name);
    let named = first.or_else(read);
    match named.filter(|name| name.bytes().all(is_plain)) {
        Some(name) => [b"event: ", name.as_bytes(), b"\ndata: ", data, b"\n\n"].concat(),
        None => [b"data: ", data, b"\n\n"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut splitter = Splitter::default();
        let mut all = Vec::new();
        for chunk in chunks {
            splitter.push(chunk);
            while let Some(event) = splitter.next_event().unwrap() {
                all.push(event.to_vec());
            }
        }
        all.push(splitter.rest().to_vec());
        all
    }

    const STREAM: &str =
        "data: {\"a\":\"你好 🦀\"}\n\n: ping\r\n\r\ndata:x\ndata: y\n\ndata: [DONE]\n\ncut";

    #[test]
    fn every_cut_in_two_gives_the_same_events() {
        let whole = events(&[STREAM.as_bytes()]);
        assert_eq!(whole.len(), 5);
        assert_eq!(data(&whole[2]).unwrap().as_ref(), b"x\ny");
        assert_eq!(data(&whole[1]), None);
        for cut in 0..STREAM.len() {
            let (left, right) = STREAM.as_bytes().split_at(cut);
            assert_eq!(events(&[left, right]), whole, "cut at byte {cut}");
        }
    }

    #[test]
    fn a_stream_without_boundaries_is_refused() {
        let mut splitter = Splitter::default();
        splitter.push(&vec![b'x'; EVENT_BYTES_MAX + 1]);
        assert_eq!(splitter.next_event(), Err(TooLong));
    }

    #[test]
    fn the_name_is_found_wherever_it_stands_and_only_a_plain_word_is_one() {
        for (data, name) in [
            (r#"{"type":"message_stop"}"#, Some("message_stop")),
            (r#"{"type":"response.output_text.delta","x":1}"#, Some("response.output_text.delta")),
            (r#"{"x":{"type":"y"},"type":"ping"}"#, Some("ping")),
            (r#"{ "type" : "ping" }"#, Some("ping")),
            (r#"{"type":"a\nb"}"#, None),
            (r#"{"type":"A"}"#, None),
            (r#"{"type":"a b"}"#, None),
            (r#"{"type":"cut"#, None),
            (r#"{"x":1}"#, None),
        ] {
            let line = name.map(|it| format!("event: {it}\n")).unwrap_or_default();
            let expected = format!("{line}data: {data}\n\n");
            assert_eq!(String::from_utf8(named(data.as_bytes())).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_split_conserves_every_byte(cuts in proptest::collection::vec(0..STREAM.len(), 0..6)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut chunks: Vec<&[u8]> = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&STREAM.as_bytes()[from..cut]);
                from = cut;
            }
            chunks.push(&STREAM.as_bytes()[from..]);
            prop_assert_eq!(events(&chunks), events(&[STREAM.as_bytes()]));
        }
    }
}
