//! Amazon's event stream: binary frames with headers and checksums. An event's data is its payload
//! under its name, `{"contentBlockDelta":{…}}`.

use std::borrow::Cow;
use std::fmt;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use aws_smithy_types::str_bytes::StrBytes;
use bytes::{Bytes, BytesMut};

use crate::dialect::json::Out;
use crate::dialect::sse::EVENT_BYTES_MAX;
use crate::upstream::provider::{Cutter, Uncut};

/// Collects chunks and gives back whole events.
#[derive(Default)]
pub(super) struct Frames {
    decoder: MessageFrameDecoder,
    held: BytesMut,
}

impl fmt::Debug for Frames {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Frames({} bytes)", self.held.len())
    }
}

impl Cutter for Frames {
    fn push(&mut self, chunk: &[u8]) {
        self.held.extend_from_slice(chunk);
    }

    fn next_event(&mut self) -> Result<Option<Bytes>, Uncut> {
        match self.decoder.decode_frame(&mut self.held) {
            Ok(DecodedFrame::Complete(message)) => event(&message).map(Some),
            Ok(DecodedFrame::Incomplete) if self.held.len() > EVENT_BYTES_MAX => {
                Err(Uncut::TooLong)
            }
            Ok(DecodedFrame::Incomplete) => Ok(None),
            Err(_) => Err(Uncut::Damaged),
        }
    }

    fn data<'a>(&self, event: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        Some(event.into())
    }
}

/// The payload under the name of the event. What is no event is an error of the stream.
fn event(message: &Message) -> Result<Bytes, Uncut> {
    let header = |name: &str| {
        let found = message.headers().iter().find(|it| it.name().as_str() == name)?;
        found.value().as_string().ok().map(StrBytes::as_str)
    };
    let mut out = Out::with_capacity(message.payload().len() + 64);
    out.open();
    match header(":message-type") {
        Some("event") => {
            let name = header(":event-type").ok_or(Uncut::Damaged)?;
            let payload = std::str::from_utf8(message.payload()).map_err(|_| Uncut::Damaged)?;
            out.entry(name).raw(payload);
        }
        Some("exception") => {
            let payload = std::str::from_utf8(message.payload()).map_err(|_| Uncut::Damaged)?;
            out.key("exception").raw(payload);
        }
        _ => {
            out.key("exception").open();
            out.put("message", header(":error-message").unwrap_or("the stream broke"));
            out.close();
        }
    }
    out.close();
    Ok(out.into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue};
    use proptest::prelude::*;

    fn frame(headers: &[(&'static str, &'static str)], payload: &'static str) -> Vec<u8> {
        let headers = headers
            .iter()
            .map(|(name, value)| Header::new(*name, HeaderValue::String((*value).into())));
        let message = Message::new_from_parts(headers.collect(), payload.as_bytes());
        let mut out = Vec::new();
        write_message_to(&message, &mut out).unwrap();
        out
    }

    fn stream() -> Vec<u8> {
        [
            frame(
                &[(":message-type", "event"), (":event-type", "messageStart")],
                r#"{"role":"assistant"}"#,
            ),
            frame(
                &[(":message-type", "exception"), (":exception-type", "throttlingException")],
                r#"{"message":"slow down"}"#,
            ),
            frame(&[(":message-type", "error"), (":error-message", "it broke")], ""),
        ]
        .concat()
    }

    fn events(chunks: &[&[u8]]) -> Vec<String> {
        let mut frames = Frames::default();
        let mut all = Vec::new();
        for chunk in chunks {
            frames.push(chunk);
            while let Some(event) = frames.next_event().unwrap() {
                all.push(String::from_utf8(event.to_vec()).unwrap());
            }
        }
        all
    }

    const EXPECTED: [&str; 3] = [
        r#"{"messageStart":{"role":"assistant"}}"#,
        r#"{"exception":{"message":"slow down"}}"#,
        r#"{"exception":{"message":"it broke"}}"#,
    ];

    #[test]
    fn damage_is_noticed() {
        let mut bytes = stream();
        bytes[40] ^= 1;
        let mut frames = Frames::default();
        frames.push(&bytes);
        assert_eq!(frames.next_event(), Err(Uncut::Damaged));
        let mut frames = Frames::default();
        let mut endless = stream();
        endless.truncate(8);
        endless[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        endless.resize(EVENT_BYTES_MAX + 64, 0);
        frames.push(&endless);
        assert!(frames.next_event().is_err());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
            let bytes = stream();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut chunks: Vec<&[u8]> = Vec::new();
            let mut from = 0;
            for cut in at {
                chunks.push(&bytes[from..cut]);
                from = cut;
            }
            chunks.push(&bytes[from..]);
            prop_assert_eq!(events(&chunks), EXPECTED);
        }
    }
}
