//! Bytes of a responses request → [`Request`].
//!
//! `instructions` are the system's turn; `input` is a text or a list of items, each a turn of its own.
//! Known fields are understood, all others are kept for detectors to see.

use std::borrow::Cow;

use bytes::Bytes;

use crate::chat::request::Edits;
use crate::chat::{History, Request, Role, Shape, Surface};
use crate::dialect::Unreadable;
use crate::dialect::collect::{Collect, Collector, Words, top_level, walked};
use crate::dialect::openai::{sampling, schema};
use crate::dialect::walk::{Scalar, Sink, Step};

/// Fields that bound the cost or that we may splice: everyone must read them in the same way.
const EXACT: &[&str] =
    &["model", "service_tier", "input", "instructions", "max_output_tokens", "stream"];

pub(super) fn request(body: Bytes) -> Result<Request, Unreadable> {
    let mut reader =
        Reader { common: Collector::new(&body, Surface::OpenAiResponses), has_idle_limit: false };
    // A stream of this interface always tells the usage.
    reader.common.tells_usage = true;
    let end = walked(&body, &mut reader)?;
    let Reader { common, has_idle_limit } = reader;
    let mut read = common.finish("input", "a text or at least one item")?;
    schema::look(&mut read.sampling, &body);
    let output_max = has_idle_limit.then(|| top_level(&body, "max_output_tokens")).flatten();
    let edits = Edits { output_max, end, ..read.edits };
    Ok(Request { body: body.clone(), edits, ..read })
}

struct Reader<'de> {
    common: Collector<'de>,
    has_idle_limit: bool,
}

impl<'de> Reader<'de> {
    fn text(&mut self, path: &[Step<'de>], text: Cow<'de, str>) -> Result<(), String> {
        match path {
            [Step::Key(key)] => match key.as_ref() {
                "model" => return self.common.set_model(path, text),
                "instructions" => {
                    self.common.instruct(path, text);
                    return Ok(());
                }
                "input" => {
                    self.say(path, 0, Role::User, text);
                    return Ok(());
                }
                "previous_response_id" | "conversation" => {
                    self.common.read.history = History::AtProvider;
                }
                _ => {}
            },
            [input, Step::Index(index), rest @ ..] if input.key() == "input" => {
                self.item(path, (*index, rest), text);
                return Ok(());
            }
            [text_field, format, Step::Key(key)]
                if (text_field.key(), format.key(), key.as_ref()) == ("text", "format", "type")
                    && text != "text" =>
            {
                self.common.read.sampling.shape = Some(Shape::Json);
            }
            [include, Step::Index(_)]
                if include.key() == "include" && text == "message.output_text.logprobs" =>
            {
                self.common.read.sampling.logprobs = true;
            }
            [stored, Step::Key(key)]
                if matches!(stored.key(), "conversation" | "prompt") && key == "id" =>
            {
                self.common.read.history = History::AtProvider;
            }
            _ => {}
        }
        self.common.keep(path, text, Words::Settings);
        Ok(())
    }

    /// A string of an item of the input.
    fn item(
        &mut self,
        path: &[Step<'de>],
        (index, rest): (usize, &[Step<'de>]),
        text: Cow<'de, str>,
    ) {
        match rest {
            // Bare texts are no items, but nobody can say what a server makes of them.
            [] => {
                self.common.say(path, index, text);
                return;
            }
            [Step::Key(key)] => match key.as_ref() {
                "role" => self.set_role(index, &text),
                "encrypted_content" => self.common.read.has_unreadable = true,
                "type" => self.set_item_kind(index, &text),
                "content" | "output" => {
                    self.common.say(path, index, text);
                    return;
                }
                _ => {}
            },
            [content, Step::Index(_), Step::Key(key)]
                if matches!(content.key(), "content" | "output" | "summary") =>
            {
                match key.as_ref() {
                    "type" => self.set_part_kind(&text),
                    "text" | "refusal" if content.key() != "summary" => {
                        self.common.say(path, index, text);
                        return;
                    }
                    "text" => {
                        self.common.keep(path, text, Words::Prose);
                        return;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        self.common.keep(path, text, Words::Settings);
    }

    fn say(&mut self, path: &[Step<'de>], index: usize, role: Role, text: Cow<'de, str>) {
        if let Some(turn) = self.common.turn(index) {
            turn.role = Some(role);
        }
        self.common.say(path, index, text);
    }

    fn set_role(&mut self, index: usize, text: &str) {
        let role = match text {
            "system" | "developer" => Some(Role::System),
            "user" => Some(Role::User),
            "assistant" => Some(Role::Assistant),
            _ => None,
        };
        if let Some(turn) = self.common.turn(index) {
            turn.role = role;
        }
    }

    fn set_item_kind(&mut self, index: usize, kind: &str) {
        let read = &mut self.common.read;
        match kind {
            "message" => return,
            "function_call"
            | "function_call_output"
            | "custom_tool_call"
            | "custom_tool_call_output" => read.has_tools = true,
            // Something that lies at the provider.
            "item_reference" => read.history = History::AtProvider,
            "reasoning" => {}
            // Uses and results of the provider's own tools.
            _ => {
                read.has_tools = true;
                read.has_unreadable = true;
            }
        }
        let role = match kind {
            "function_call_output" | "custom_tool_call_output" => Some(Role::Tool),
            "function_call" | "custom_tool_call" | "reasoning" => Some(Role::Assistant),
            _ => None,
        };
        if let Some(turn) = self.common.turn(index) {
            turn.role = role.or(turn.role);
        }
    }

    fn set_part_kind(&mut self, kind: &str) {
        let read = &mut self.common.read;
        match kind {
            "input_text" | "output_text" | "text" | "refusal" | "summary_text"
            | "reasoning_text" => {}
            "input_image" => {
                read.images = read.images.saturating_add(1);
                read.has_unreadable = true;
            }
            // A second of sound is more bytes than tokens.
            "input_audio" => {
                read.sounds = read.sounds.saturating_add(1);
                read.has_unreadable = true;
            }
            _ => {
                read.files = read.files.saturating_add(1);
                read.documents = read.documents.saturating_add(1);
                read.has_unreadable = true;
            }
        }
    }

    /// What bounds the cost has its own type, or is absent.
    fn top(&mut self, path: &[Step<'de>], key: &str, value: Scalar<'de>) -> Result<(), String> {
        match (key, value) {
            ("max_output_tokens", Scalar::Unsigned(number)) => {
                self.common.set_output_max(path, number)
            }
            ("max_output_tokens", Scalar::Null) => {
                self.has_idle_limit = true;
                Ok(())
            }
            ("max_output_tokens", _) => self.common.refuse(path, "must be a whole number"),
            ("stream", Scalar::Bool(yes)) => {
                self.common.streams = yes;
                Ok(())
            }
            ("stream", value) if value != Scalar::Null => {
                self.common.refuse(path, "must be `true` or `false`")
            }
            ("input" | "model" | "instructions", Scalar::Text(text)) => self.text(path, text),
            ("input" | "model", value) if value != Scalar::Null => {
                self.common.refuse(path, "is of the wrong kind")
            }
            ("temperature" | "top_p", value) => {
                sampling::read(&mut self.common.read.sampling, path, &value);
                self.common.rest(path, value);
                Ok(())
            }
            ("top_logprobs", Scalar::Unsigned(number)) => {
                let value = Scalar::Unsigned(number);
                let sampling = &mut self.common.read.sampling;
                (sampling.logprobs, sampling.top_logprobs) = (true, Some(number));
                self.common.rest(path, value);
                Ok(())
            }
            (_, Scalar::Text(text)) => self.text(path, text),
            (_, value) => {
                self.common.rest(path, value);
                Ok(())
            }
        }
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
        match (path, value) {
            ([Step::Key(key)], value) => {
                let key = key.clone();
                self.top(path, &key, value)
            }
            (_, Scalar::Text(text)) => self.text(path, text),
            (_, value) => {
                self.common.rest(path, value);
                Ok(())
            }
        }
    }

    fn open(&mut self, path: &[Step<'de>]) {
        match path {
            [Step::Key(key)] if key == "tools" => self.common.read.has_tools = true,
            [Step::Key(key)]
                if matches!(key.as_ref(), "max_output_tokens" | "stream" | "model") =>
            {
                // Opening cannot fail: the walk goes on and the field is refused at its end.
                let _ = self.common.refuse(path, "must be a plain value, neither list nor object");
            }
            [input, Step::Index(index)] if input.key() == "input" => {
                self.common.turn(*index);
            }
            _ => {}
        }
    }
}
