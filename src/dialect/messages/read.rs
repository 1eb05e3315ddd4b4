//! Bytes of a messages request → [`Request`].
//!
//! Known fields are understood, all others are kept: every string, every unusual key and every long
//! number becomes a text that detectors see, because all of it would reach the upstream.

use std::borrow::Cow;

use bytes::Bytes;

use crate::chat::request::Edits;
use crate::chat::{Request, Role, Surface};
use crate::dialect::Unreadable;
use crate::dialect::collect::{Collect, Collector, Words, top_level, walked};
use crate::dialect::walk::{Scalar, Sink, Step};

/// Fields that bound the cost or that we may splice: everyone must read them in the same way.
const EXACT: &[&str] = &["model", "service_tier", "messages", "system", "max_tokens", "stream"];

const NUMBER: &str = "a number";
const WHOLE: &str = "a whole number, at least 0";

pub(super) fn request(body: Bytes) -> Result<Request, Unreadable> {
    let mut reader = Reader {
        common: Collector::new(&body, Surface::AnthropicMessages),
        has_idle_limit: false,
        plain_documents: 0,
    };
    // A stream of this interface always tells the usage.
    reader.common.tells_usage = true;
    let end = walked(&body, &mut reader)?;
    let Reader { common, has_idle_limit, plain_documents } = reader;
    let read = common.finish("messages", "at least one message")?;
    let files = read.files.saturating_sub(plain_documents);
    let output_max = has_idle_limit.then(|| top_level(&body, "max_tokens")).flatten();
    let edits = Edits { output_max, end, ..read.edits };
    Ok(Request { body: body.clone(), edits, files, ..read })
}

struct Reader<'de> {
    common: Collector<'de>,
    has_idle_limit: bool,
    /// Documents that are texts.
    plain_documents: u32,
}

impl<'de> Reader<'de> {
    fn text(&mut self, path: &[Step<'de>], text: Cow<'de, str>) -> Result<(), String> {
        match path {
            [Step::Key(key)] if key == "model" => return self.common.set_model(path, text),
            [Step::Key(key)] if key == "system" => {
                self.common.instruct(path, text);
                return Ok(());
            }
            [system, Step::Index(_), Step::Key(key)] if system.key() == "system" => {
                match key.as_ref() {
                    "type" => self.set_block_kind(&text),
                    "text" => {
                        self.common.instruct(path, text);
                        return Ok(());
                    }
                    _ => {}
                }
            }
            [stop, Step::Index(_)] if stop.key() == "stop_sequences" => {
                self.common.read.sampling.stop.push(text.to_string());
            }
            [messages, Step::Index(index), rest @ ..] if messages.key() == "messages" => match rest
            {
                [Step::Key(key)] if key == "role" => self.set_role(*index, &text),
                [Step::Key(key)] if key == "content" => {
                    self.common.say(path, *index, text);
                    return Ok(());
                }
                [content, Step::Index(_), block @ ..] if content.key() == "content" => {
                    self.block(path, *index, block, text);
                    return Ok(());
                }
                _ => {}
            },
            _ => {}
        }
        self.common.keep(path, text, Words::Settings);
        Ok(())
    }

    /// A string inside a block of a message's content.
    fn block(
        &mut self,
        path: &[Step<'de>],
        index: usize,
        block: &[Step<'de>],
        text: Cow<'de, str>,
    ) {
        let is_said = match block {
            [Step::Key(key)] => {
                if key == "type" {
                    self.set_block_kind(&text);
                }
                // The content of a tool's result can be a text of its own.
                matches!(key.as_ref(), "text" | "content")
            }
            [content, Step::Index(_), Step::Key(key)] if content.key() == "content" => {
                if key == "type" {
                    self.set_block_kind(&text);
                }
                key == "text"
            }
            [.., source, Step::Key(key)] if source.key() == "source" && key == "type" => {
                // A document whose text stands here is no longer than that.
                let is_plain = matches!(&*text, "text" | "content");
                self.plain_documents = self.plain_documents.saturating_add(u32::from(is_plain));
                false
            }
            _ => false,
        };
        if is_said {
            self.common.say(path, index, text);
        } else {
            let is_prose = matches!(block, [Step::Key(key)] if key == "thinking")
                || matches!(block, [source, Step::Key(_)] if source.key() == "source");
            let kind = if is_prose { Words::Prose } else { Words::Settings };
            self.common.keep(path, text, kind);
        }
    }

    fn set_role(&mut self, index: usize, text: &str) {
        let role = match text {
            "user" => Some(Role::User),
            "assistant" => Some(Role::Assistant),
            "system" => Some(Role::System),
            _ => None,
        };
        if let Some(turn) = self.common.turn(index) {
            turn.role = role;
        }
    }

    fn set_block_kind(&mut self, kind: &str) {
        let read = &mut self.common.read;
        match kind {
            "text" | "thinking" => {}
            "tool_use" | "tool_result" => read.has_tools = true,
            "image" => {
                read.images = read.images.saturating_add(1);
                read.has_unreadable = true;
            }
            "document" | "container_upload" => {
                read.files = read.files.saturating_add(1);
                read.documents = read.documents.saturating_add(1);
                read.has_unreadable = true;
            }
            "redacted_thinking" => read.has_unreadable = true,
            // Uses and results of the provider's own tools.
            _ => {
                read.has_tools = true;
                read.has_unreadable = true;
            }
        }
    }

    fn set_real(&mut self, path: &[Step<'de>], value: Option<f64>) {
        let [Step::Key(key)] = path else { return };
        let sampling = &mut self.common.read.sampling;
        let (name, place) = match key.as_ref() {
            "temperature" => ("temperature", &mut sampling.temperature),
            "top_p" => ("top_p", &mut sampling.top_p),
            _ => return,
        };
        match value {
            Some(value) => *place = Some(value),
            None => {
                sampling.misread.get_or_insert((name, NUMBER));
            }
        }
    }

    fn count(&mut self, path: &[Step<'de>], number: u64) -> Result<(), String> {
        match path {
            [Step::Key(key)] if key == "max_tokens" => self.common.set_output_max(path, number)?,
            [Step::Key(key)] if key == "top_k" => self.common.read.sampling.top_k = Some(number),
            _ => self.set_real(path, u32::try_from(number).ok().map(f64::from)),
        }
        self.common.whole(path, number, number.to_string());
        Ok(())
    }

    /// What bounds the cost has its own type, or is absent.
    fn check_type(&mut self, path: &[Step<'de>], value: &Scalar<'de>) -> Result<(), String> {
        let [Step::Key(key)] = path else { return Ok(()) };
        match (key.as_ref(), value) {
            (_, Scalar::Null)
            | ("max_tokens" | "top_k", Scalar::Unsigned(_))
            | ("stream", Scalar::Bool(_)) => Ok(()),
            ("max_tokens", _) => self.common.refuse(path, "must be a whole number"),
            ("stream", _) => self.common.refuse(path, "must be `true` or `false`"),
            ("top_k", _) => {
                self.common.read.sampling.misread.get_or_insert(("top_k", WHOLE));
                Ok(())
            }
            _ => Ok(()),
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
        self.check_type(path, &value)?;
        match value {
            Scalar::Text(text) => {
                self.set_real(path, None);
                self.text(path, text)
            }
            Scalar::Unsigned(number) => self.count(path, number),
            Scalar::Signed(number) => {
                self.set_real(path, i32::try_from(number).ok().map(f64::from));
                self.common.whole(path, number.unsigned_abs(), number.to_string());
                Ok(())
            }
            Scalar::Float(number) => {
                self.set_real(path, Some(number));
                self.common.real(path, number);
                Ok(())
            }
            Scalar::Bool(yes) => {
                self.set_real(path, None);
                if matches!(path, [Step::Key(key)] if key == "stream") {
                    self.common.streams = yes;
                }
                Ok(())
            }
            Scalar::Null => {
                if matches!(path, [Step::Key(key)] if key == "max_tokens") {
                    self.has_idle_limit = true;
                }
                Ok(())
            }
        }
    }

    fn open(&mut self, path: &[Step<'de>]) {
        match path {
            [Step::Key(key)] if key == "tools" => self.common.read.has_tools = true,
            [Step::Key(key)] if matches!(key.as_ref(), "max_tokens" | "stream") => {
                // Opening cannot fail: the walk goes on and the field is refused at its end.
                let _ = self.common.refuse(path, "must be a plain value, neither list nor object");
            }
            [messages, Step::Index(index)] if messages.key() == "messages" => {
                self.common.turn(*index);
            }
            _ => {}
        }
    }
}
