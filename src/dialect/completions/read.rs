//! Bytes of a completions request → [`Request`]. Every text of `prompt` is a turn of its own.

use bytes::Bytes;

use crate::chat::request::Edits;
use crate::chat::{Request, Surface};
use crate::dialect::Unreadable;
use crate::dialect::collect::{Collect, Collector, Words, top_level, walked};
use crate::dialect::inputs::Inputs;
use crate::dialect::openai::sampling;
use crate::dialect::walk::{Scalar, Sink, Step};
use crate::money::Tokens;

/// Most answers (`n`, `best_of`) to one prompt.
const CHOICES_MAX: u64 = 128;
/// The length of an answer that the interface defines for callers who say none.
const OUTPUT_DEFAULT: Tokens = Tokens(16);
/// Fields that bound the cost or that we may splice: everyone must read them in the same way.
const EXACT: &[&str] = &[
    "model",
    "service_tier",
    "prompt",
    "suffix",
    "n",
    "best_of",
    "max_tokens",
    "stream",
    "stream_options",
];

pub(super) fn request(body: Bytes) -> Result<Request, Unreadable> {
    let mut reader = Reader {
        common: Collector::new(&body, Surface::OpenAiCompletions),
        inputs: Inputs::default(),
        answers: 1,
        has_idle_values: false,
    };
    let end = walked(&body, &mut reader)?;
    let Reader { common, inputs, answers, has_idle_values } = reader;
    let mut read = common.finish("prompt", "a text to continue")?;
    if inputs.has_tokens || read.turns.len() > 1 {
        read.sampling.misread = Some(("prompt", "one text for this model"));
    }
    // Every prompt is answered, and candidates that are not shown are billed, too.
    let prompts = u32::try_from(read.turns.len()).unwrap_or(u32::MAX);
    read.choices = prompts.saturating_mul(answers);
    read.output_default = Some(OUTPUT_DEFAULT);
    let idle = |name| has_idle_values.then(|| top_level(&body, name)).flatten();
    let (output_max, stream_options) = (idle("max_tokens"), idle("stream_options"));
    let edits = Edits { output_max, stream_options, end, ..read.edits };
    Ok(Request { body: body.clone(), edits, ..read })
}

struct Reader<'de> {
    common: Collector<'de>,
    inputs: Inputs,
    /// The larger of `n` and `best_of`.
    answers: u32,
    has_idle_values: bool,
}

impl<'de> Reader<'de> {
    /// A field of the top level.
    fn top(&mut self, path: &[Step<'de>], key: &str, value: Scalar<'de>) -> Result<(), String> {
        match (key, value) {
            ("model", Scalar::Text(text)) => return self.common.set_model(path, text),
            ("suffix", Scalar::Text(text)) => {
                // It is as much a part of what is asked as the prompt.
                if !text.is_empty() {
                    self.local_cannot("suffix", "left out for this model");
                }
                self.common.keep(path, text, Words::Prose);
                return Ok(());
            }
            ("echo", Scalar::Bool(true)) => self.local_cannot("echo", "left out for this model"),
            ("echo", Scalar::Bool(false)) => {}
            ("logprobs", Scalar::Unsigned(_)) => {
                self.local_cannot("logprobs", "left out for this model");
            }
            ("n" | "best_of", Scalar::Unsigned(number)) => {
                let count = u32::try_from(number).ok().filter(|_| number <= CHOICES_MAX);
                let Some(count @ 1..) = count else {
                    return self.common.refuse(path, "must be between 1 and 128");
                };
                if key == "best_of" && count > 1 {
                    self.local_cannot("best_of", "1 for this model");
                }
                self.answers = self.answers.max(count);
            }
            ("max_tokens", Scalar::Unsigned(number)) => {
                return self.common.set_output_max(path, number);
            }
            ("stream", Scalar::Bool(yes)) => self.common.streams = yes,
            ("max_tokens" | "stream_options", Scalar::Null) => self.has_idle_values = true,
            ("n" | "best_of" | "max_tokens" | "logprobs", value) if value != Scalar::Null => {
                return self.common.refuse(path, "must be a whole number");
            }
            ("stream" | "echo", value) if value != Scalar::Null => {
                return self.common.refuse(path, "must be `true` or `false`");
            }
            ("stream_options" | "suffix" | "model", value) if value != Scalar::Null => {
                return self.common.refuse(path, "is of the wrong kind");
            }
            (_, value) => {
                sampling::read(&mut self.common.read.sampling, path, &value);
                self.common.rest(path, value);
            }
        }
        Ok(())
    }

    /// Notes what only other models can do.
    fn local_cannot(&mut self, name: &'static str, right: &'static str) {
        self.common.read.sampling.misread.get_or_insert((name, right));
    }
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
        let Some(value) = self.inputs.take(&mut self.common, ("prompt", path), value)? else {
            return Ok(());
        };
        match (path, value) {
            ([Step::Key(key)], value) => {
                let key = key.clone();
                self.top(path, &key, value)
            }
            (path, value) => {
                if let ([options, Step::Key(key)], Scalar::Bool(yes)) = (path, &value)
                    && options.key() == "stream_options"
                    && key == "include_usage"
                {
                    self.common.tells_usage = *yes;
                }
                sampling::read(&mut self.common.read.sampling, path, &value);
                self.common.rest(path, value);
                Ok(())
            }
        }
    }

    fn open(&mut self, path: &[Step<'de>]) {
        sampling::open(&mut self.common.read.sampling, path);
        let [Step::Key(key)] = path else { return };
        match key.as_ref() {
            "stream_options" => self.has_idle_values = true,
            "n" | "best_of" | "max_tokens" | "stream" | "echo" | "suffix" | "model" => {
                // Opening cannot fail: the walk goes on and the field is refused at its end.
                let _ = self.common.refuse(path, "must be a plain value, neither list nor object");
            }
            _ => {}
        }
    }
}
