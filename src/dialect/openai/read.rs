//! Bytes of a chat completions request → [`Request`].
//!
//! Known fields are understood, all others are kept: every string, every unusual key and every long
//! number becomes a text that detectors see, because all of it would reach the upstream.

use std::borrow::Cow;

use bytes::Bytes;

use super::{sampling, schema};
use crate::chat::request::Edits;
use crate::chat::{Request, Role, Surface};
use crate::dialect::Unreadable;
use crate::dialect::collect::{Collect, Collector, Words, top_level, walked};
use crate::dialect::walk::{Scalar, Sink, Step};

/// Most answers (`n`) that one request may ask for.
const CHOICES_MAX: u32 = 128;
/// Fields that bound the cost or that we may splice. Everyone must read them in the same way: some
/// servers take `"128"` for 128, and some read keys without regard to case.
const EXACT: &[&str] = &[
    "model",
    "service_tier",
    "messages",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "stream",
    "stream_options",
];

pub(super) fn request(body: Bytes) -> Result<Request, Unreadable> {
    let mut reader = Reader::new(&body);
    let end = walked(&body, &mut reader)?;
    let Reader { common, has_idle_values } = reader;
    let mut read = common.finish("messages", "at least one message")?;
    schema::look(&mut read.sampling, &body);
    let idle = |name| has_idle_values.then(|| top_level(&body, name)).flatten();
    let (output_max, stream_options) = (idle("max_completion_tokens"), idle("stream_options"));
    let edits = Edits { output_max, stream_options, end, ..read.edits };
    Ok(Request { body: body.clone(), edits, ..read })
}

struct Reader<'de> {
    common: Collector<'de>,
    has_idle_values: bool,
}

impl<'de> Reader<'de> {
    fn new(body: &'de Bytes) -> Self {
        Self { common: Collector::new(body, Surface::OpenAiChat), has_idle_values: false }
    }

    /// Notes values that an edit would have to replace instead of adding a second key.
    fn mark_idle(&mut self, path: &[Step<'de>]) {
        if let [Step::Key(key)] = path
            && matches!(key.as_ref(), "stream_options" | "max_completion_tokens")
        {
            self.has_idle_values = true;
        }
    }

    fn text(&mut self, path: &[Step<'de>], text: Cow<'de, str>) -> Result<(), String> {
        match path {
            [Step::Key(key)] if key == "model" => return self.common.set_model(path, text),
            [messages, Step::Index(index), Step::Key(key)] if messages.key() == "messages" => {
                match key.as_ref() {
                    "role" => self.set_role(*index, &text),
                    "content" => {
                        self.common.say(path, *index, text);
                        return Ok(());
                    }
                    _ => {}
                }
            }
            [messages, Step::Index(index), content, Step::Index(_), Step::Key(key)]
                if messages.key() == "messages" && content.key() == "content" =>
            {
                match key.as_ref() {
                    "type" => self.set_part_kind(&text),
                    "text" => {
                        self.common.say(path, *index, text);
                        return Ok(());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        self.common.keep(path, text, Words::Settings);
        Ok(())
    }

    fn set_role(&mut self, index: usize, text: &str) {
        let role = match text {
            "system" | "developer" => Some(Role::System),
            "user" => Some(Role::User),
            "assistant" => Some(Role::Assistant),
            "tool" | "function" => Some(Role::Tool),
            _ => None,
        };
        if let Some(turn) = self.common.turn(index) {
            turn.role = role;
        }
    }

    fn set_part_kind(&mut self, kind: &str) {
        let read = &mut self.common.read;
        match kind {
            "text" | "refusal" => {}
            "image_url" => {
                read.images = read.images.saturating_add(1);
                read.has_unreadable = true;
            }
            // A second of sound is more bytes than tokens.
            "input_audio" => {
                read.sounds = read.sounds.saturating_add(1);
                read.has_unreadable = true;
            }
            "thinking" => read.has_unreadable = true,
            _ => {
                read.files = read.files.saturating_add(1);
                read.documents = read.documents.saturating_add(1);
                read.has_unreadable = true;
            }
        }
    }

    fn count(&mut self, path: &[Step<'de>], number: u64) -> Result<(), String> {
        if let [Step::Key(key)] = path {
            match key.as_ref() {
                "max_tokens" | "max_completion_tokens" => {
                    self.common.set_output_max(path, number)?;
                }
                "n" => match u32::try_from(number) {
                    Ok(choices @ 1..=CHOICES_MAX) => self.common.read.choices = choices,
                    _ => return self.common.refuse(path, "must be between 1 and 128"),
                },
                _ => {}
            }
        }
        self.common.whole(path, number, number.to_string());
        Ok(())
    }

    /// What bounds the cost has its own type, or is absent.
    fn check_type(&mut self, path: &[Step<'de>], value: &Scalar<'de>) -> Result<(), String> {
        let [Step::Key(key)] = path else { return Ok(()) };
        let problem = match (key.as_ref(), value) {
            (_, Scalar::Null)
            | ("n" | "max_tokens" | "max_completion_tokens", Scalar::Unsigned(_))
            | ("stream", Scalar::Bool(_)) => return Ok(()),
            ("n" | "max_tokens" | "max_completion_tokens", _) => "must be a whole number",
            ("stream", _) => "must be `true` or `false`",
            ("stream_options", _) => "must be an object",
            _ => return Ok(()),
        };
        self.common.refuse(path, problem)
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
        self.check_type(path, &value)?;
        sampling::read(&mut self.common.read.sampling, path, &value);
        match value {
            Scalar::Text(text) => self.text(path, text),
            Scalar::Unsigned(number) => self.count(path, number),
            Scalar::Signed(number) => {
                self.common.whole(path, number.unsigned_abs(), number.to_string());
                Ok(())
            }
            Scalar::Float(number) => {
                self.common.real(path, number);
                Ok(())
            }
            Scalar::Bool(yes) => {
                match path {
                    [Step::Key(key)] if key == "stream" => self.common.streams = yes,
                    [options, Step::Key(key)]
                        if options.key() == "stream_options" && key == "include_usage" =>
                    {
                        self.common.tells_usage = yes;
                    }
                    _ => {}
                }
                Ok(())
            }
            Scalar::Null => {
                self.mark_idle(path);
                Ok(())
            }
        }
    }

    fn open(&mut self, path: &[Step<'de>]) {
        self.mark_idle(path);
        sampling::open(&mut self.common.read.sampling, path);
        self.common.offers.open(path);
        match path {
            [Step::Key(key)] if key == "tools" || key == "functions" => {
                self.common.read.has_tools = true;
            }
            [Step::Key(key)]
                if matches!(
                    key.as_ref(),
                    "n" | "max_tokens" | "max_completion_tokens" | "stream"
                ) =>
            {
                // Opening cannot fail: the walk goes on and the field is refused at its end.
                let _ = self.common.refuse(path, "must be a plain value, neither list nor object");
            }
            [messages, Step::Index(index)] if messages.key() == "messages" => {
                self.common.turn(*index);
            }
            [messages, Step::Index(_), Step::Key(key)]
                if messages.key() == "messages" && key == "tool_calls" =>
            {
                self.common.read.has_tools = true;
            }
            _ => {}
        }
    }
}
