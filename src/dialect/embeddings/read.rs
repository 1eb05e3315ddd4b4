//! Bytes of an embeddings request → [`Request`]. Every text of `input` is a turn of its own.

use bytes::Bytes;

use crate::chat::request::Edits;
use crate::chat::{Request, Surface};
use crate::dialect::Unreadable;
use crate::dialect::collect::{Collect, Collector, walked};
use crate::dialect::inputs::Inputs;
use crate::dialect::walk::{Scalar, Sink, Step};
use crate::money::Tokens;

/// Fields that everyone must read in the same way.
const EXACT: &[&str] = &["model", "input", "dimensions", "encoding_format"];

pub(super) fn request(body: Bytes) -> Result<Request, Unreadable> {
    let mut reader = Reader {
        common: Collector::new(&body, Surface::OpenAiEmbeddings),
        inputs: Inputs::default(),
    };
    let end = walked(&body, &mut reader)?;
    let Reader { common, inputs } = reader;
    let mut read = common.finish("input", "a text or a list of texts")?;
    if inputs.has_tokens {
        read.sampling.misread = Some(("input", "a text or a list of texts for this model"));
    }
    // Nothing is generated.
    read.output_max = Some(Tokens(0));
    let edits = Edits { end, ..read.edits };
    Ok(Request { body: body.clone(), edits, ..read })
}

struct Reader<'de> {
    common: Collector<'de>,
    inputs: Inputs,
}

impl<'de> Collect<'de> for Reader<'de> {
    fn collector(&mut self) -> &mut Collector<'de> {
        &mut self.common
    }
}

impl<'de> Sink<'de> for Reader<'de> {
    fn key(&mut self, path: &[Step<'de>]) -> Result<(), String> {
        self.common.key(path, EXACT)
    }

    fn scalar(&mut self, path: &[Step<'de>], value: Scalar<'de>) -> Result<(), String> {
        let Some(value) = self.inputs.take(&mut self.common, ("input", path), value)? else {
            return Ok(());
        };
        match (path, value) {
            ([Step::Key(key)], Scalar::Text(text)) if key == "model" => {
                self.common.set_model(path, text)
            }
            (_, value) => {
                self.common.rest(path, value);
                Ok(())
            }
        }
    }

    fn open(&mut self, _: &[Step<'de>]) {}
}
