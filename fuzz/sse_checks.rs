//! What must hold for any bytes that an upstream streams, however the network cuts them.

use ambidex::chat::{Surface, Usage, UsageSource};
use ambidex::dialect::sse::{self, Splitter};
use ambidex::dialect::translate::About;
use ambidex::dialect::{self, near};
use bytes::Bytes;

/// Checks one stream, cut after these many bytes each; an error says which promise is broken. Gives
/// back how many events it has.
pub(crate) fn check(stream: &[u8], cuts: &[usize]) -> Result<usize, String> {
    let whole = events([stream].into_iter());
    let mut rest = stream;
    let mut chunks = Vec::new();
    for cut in cuts {
        let (chunk, more) = rest.split_at((*cut).min(rest.len()));
        chunks.push(chunk);
        rest = more;
    }
    chunks.push(rest);
    if events(chunks.into_iter()) != whole {
        return Err(format!("cut at {cuts:?} it has other events"));
    }
    let joined: Vec<u8> = whole.concat();
    if joined != stream {
        return Err("events and rest are not the stream".to_owned());
    }
    let usage = Usage::none(UsageSource::Estimated);
    for surface in Surface::ALL {
        let about =
            About { id: "d".to_owned(), created: 1, model: "m".to_owned(), asked: Bytes::new() };
        let Some(mut translator) = near::stream(surface, about) else { continue };
        for event in &whole {
            let Some(data) = sse::data(event) else { continue };
            for told in translator.hear(&data, &usage) {
                let frame = dialect::of(surface).frame(told.data.as_bytes());
                let mut again = events([frame.as_slice()].into_iter());
                again.retain(|event| !event.is_empty());
                if again.len() != 1 {
                    return Err(format!("{surface:?}: one event was told as {}", again.len()));
                }
            }
        }
    }
    Ok(whole.len())
}

/// Every event, and what is left in the end.
fn events<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::default();
    let mut all = Vec::new();
    for chunk in chunks {
        splitter.push(chunk);
        while let Ok(Some(event)) = splitter.next_event() {
            all.push(event.to_vec());
        }
    }
    all.push(splitter.rest().to_vec());
    all
}
