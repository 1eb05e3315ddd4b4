//! Answers of other vendors as messages, whole and streamed.

use crate::chat::talk::{Reason, Said};
use crate::chat::{Part, Usage};
use crate::dialect::json::{self, Out};
use crate::dialect::translate::{About, Teller, Told};
use crate::money::Tokens;

/// A block of a whole answer.
enum Block {
    Text(String),
    /// Number, id, name, arguments.
    Call(u64, String, String, String),
}

/// A whole answer; `None` where it cannot be said as a message.
pub(super) fn whole(said: &[Said<'_>], about: &About, used: &Usage) -> Option<Vec<u8>> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut model, mut reason) = (about.model.as_str(), Reason::Done);
    for said in said {
        match said {
            Said::Start(name) => model = name.as_deref().unwrap_or(model),
            Said::Text(more) => match blocks.last_mut() {
                Some(Block::Text(text)) => text.push_str(more),
                _ if more.is_empty() => {}
                _ => blocks.push(Block::Text(more.to_string())),
            },
            // Thoughts without their vendor's signature are refused when they come back.
            Said::Thought(_) => {}
            Said::Call { number, id, name, .. } => {
                blocks.push(Block::Call(*number, id.to_string(), name.to_string(), String::new()));
            }
            Said::Arguments { number, more } => {
                let arguments = blocks.iter_mut().rev().find_map(|block| match block {
                    Block::Call(it, _, _, arguments) if it == number => Some(arguments),
                    Block::Text(_) | Block::Call(..) => None,
                });
                arguments?.push_str(more);
            }
            Said::Finish(why) => reason = *why,
            Said::Failed(_) => return None,
        }
    }
    let calls = blocks.iter().filter(|it| matches!(it, Block::Call(..))).count();
    let mut out = Out::with_capacity(512);
    out.open();
    out.put("id", &format!("msg_{}", about.id));
    out.put("type", "message");
    out.put("role", "assistant");
    out.put("model", model);
    out.key("content").open_list();
    for block in &blocks {
        out.open();
        match block {
            Block::Text(text) => {
                out.put("type", "text");
                out.put("text", text);
            }
            Block::Call(_, id, name, arguments) => {
                out.put("type", "tool_use");
                out.put("id", id);
                out.put("name", name);
                let is_empty = arguments.trim().is_empty();
                out.key("input").raw(if is_empty { "{}" } else { json::object(arguments)? });
            }
        }
        out.close();
    }
    out.close_list();
    out.put("stop_reason", stop_reason(reason.after(calls)));
    out.key("stop_sequence").raw("null");
    out.key("usage").raw(&super::usage(used).to_string());
    out.close();
    Some(out.into_bytes())
}

const fn stop_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Length => "max_tokens",
        Reason::Filtered => "refusal",
        Reason::Calls => "tool_use",
        Reason::Done => "end_turn",
    }
}

/// What a block of the message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opened {
    Text,
    /// The tool call of this number.
    Call(u64),
}

/// The events of a streamed answer.
#[derive(Debug)]
pub(super) struct Events {
    about: About,
    has_started: bool,
    /// The block that is being said; blocks do not overlap.
    open: Option<Opened>,
    /// The number of the next block.
    next: u64,
    /// The next tool call; those before it are closed.
    next_call: u64,
    reason: Reason,
}

impl Events {
    pub(super) const fn new(about: About) -> Self {
        let reason = Reason::Done;
        Self { about, has_started: false, open: None, next: 0, next_call: 0, reason }
    }

    fn start(&mut self, model: Option<&str>, used: &Usage, told: &mut Vec<Told>) {
        if std::mem::replace(&mut self.has_started, true) {
            return;
        }
        let used = Usage { output: Tokens(0), reasoning: Tokens(0), ..*used };
        told.push(event("message_start", |out| {
            out.key("message").open();
            out.put("id", &format!("msg_{}", self.about.id));
            out.put("type", "message");
            out.put("role", "assistant");
            out.put("model", model.unwrap_or(&self.about.model));
            out.key("content").raw("[]");
            out.key("stop_reason").raw("null");
            out.key("stop_sequence").raw("null");
            out.key("usage").raw(&super::usage(&used).to_string());
            out.close();
        }));
        told.push(event("ping", |_| ()));
    }

    fn close(&mut self, told: &mut Vec<Told>) {
        if self.open.take().is_some() {
            told.push(event("content_block_stop", |out| out.count("index", self.next)));
            self.next += 1;
        }
    }

    fn begin(&mut self, block: Opened, told: &mut Vec<Told>, content: impl FnOnce(&mut Out)) {
        self.close(told);
        self.open = Some(block);
        told.push(event("content_block_start", |out| {
            out.count("index", self.next);
            out.key("content_block").open();
            content(out);
            out.close();
        }));
    }

    fn delta(&self, kind: &str, key: &'static str, text: &str) -> Told {
        event("content_block_delta", |out| {
            out.count("index", self.next);
            out.key("delta").open();
            out.put("type", kind);
            out.put(key, text);
            out.close();
        })
    }

    fn text(&mut self, text: &str, told: &mut Vec<Told>) {
        if self.open != Some(Opened::Text) {
            self.begin(Opened::Text, told, |out| {
                out.put("type", "text");
                out.put("text", "");
            });
        }
        told.push(self.delta("text_delta", "text", text));
    }
}

fn event(name: &'static str, fields: impl FnOnce(&mut Out)) -> Told {
    let mut out = Out::with_capacity(160);
    out.open();
    out.put("type", name);
    fields(&mut out);
    out.close();
    Told { part: Part::Answer, data: out.into_string() }
}

fn error(message: &str) -> Told {
    let told = event("error", |out| {
        out.key("error").open();
        out.put("type", "api_error");
        out.put("message", message);
        out.close();
    });
    Told { part: Part::Error, ..told }
}

impl Teller for Events {
    fn tell(&mut self, said: &Said<'_>, used: &Usage, told: &mut Vec<Told>) {
        match said {
            Said::Start(model) => return self.start(model.as_deref(), used, told),
            Said::Failed(message) => return told.push(error(message)),
            Said::Text(_)
            | Said::Thought(_)
            | Said::Call { .. }
            | Said::Arguments { .. }
            | Said::Finish(_) => self.start(None, used, told),
        }
        match said {
            Said::Text(text) if !text.is_empty() => self.text(text, told),
            Said::Call { number, id, name, .. } => {
                self.next_call = number.saturating_add(1);
                self.begin(Opened::Call(*number), told, |out| {
                    out.put("type", "tool_use");
                    out.put("id", id);
                    out.put("name", name);
                    out.key("input").raw("{}");
                });
            }
            Said::Arguments { more, .. } if more.is_empty() => {}
            Said::Arguments { number, more } if self.open == Some(Opened::Call(*number)) => {
                told.push(self.delta("input_json_delta", "partial_json", more));
            }
            // Blocks do not overlap, so a call that was left is not gone back to.
            Said::Arguments { .. } => told.push(error("the upstream's tool calls overlap")),
            Said::Finish(reason) => self.reason = *reason,
            // Thoughts without their vendor's signature are refused when they come back.
            Said::Start(_) | Said::Text(_) | Said::Thought(_) | Said::Failed(_) => {}
        }
    }

    fn end(&mut self, used: &Usage, told: &mut Vec<Told>) {
        self.start(None, used, told);
        self.close(told);
        let calls = usize::try_from(self.next_call).unwrap_or(usize::MAX);
        let last = event("message_delta", |out| {
            out.key("delta").open();
            out.put("stop_reason", stop_reason(self.reason.after(calls)));
            out.key("stop_sequence").raw("null");
            out.close();
            out.key("usage").raw(&super::usage(used).to_string());
        });
        told.push(Told { part: Part::Final, ..last });
        told.push(Told { part: Part::End, ..event("message_stop", |_| ()) });
    }
}
