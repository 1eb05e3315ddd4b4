//! Answers of other vendors as chat completions, whole and streamed.

use std::collections::BTreeSet;

use crate::chat::talk::{Reason, Said};
use crate::chat::{Part, Usage};
use crate::dialect::json::Out;
use crate::dialect::translate::{About, Teller, Told};

/// A whole answer.
pub(super) fn whole(said: &[Said<'_>], about: &About, used: &Usage) -> Option<Vec<u8>> {
    let (mut text, mut thoughts, mut calls) = (String::new(), String::new(), Vec::new());
    let (mut model, mut reason) = (about.model.as_str(), Reason::Done);
    for said in said {
        match said {
            Said::Start(name) => model = name.as_deref().unwrap_or(model),
            Said::Text(more) => text.push_str(more),
            Said::Thought(more) => thoughts.push_str(more),
            Said::Call { number, id, name, signature } => {
                calls.push((*number, &**id, &**name, signature.as_deref(), String::new()));
            }
            Said::Arguments { number, more } => {
                let call = calls.iter_mut().rfind(|it| it.0 == *number)?;
                call.4.push_str(more);
            }
            Said::Finish(why) => reason = *why,
            Said::Failed(_) => return None,
        }
    }
    let mut out = Out::with_capacity(512 + text.len());
    out.open();
    out.put("id", &format!("chatcmpl-{}", about.id));
    out.put("object", "chat.completion");
    out.count("created", about.created);
    out.put("model", model);
    out.key("choices").open_list();
    out.open();
    out.count("index", 0);
    out.key("message").open();
    out.put("role", "assistant");
    if text.is_empty() && !calls.is_empty() {
        out.key("content").raw("null");
    } else {
        out.put("content", &text);
    }
    out.key("refusal").raw("null");
    if !thoughts.is_empty() {
        out.put("reasoning_content", &thoughts);
    }
    let reason = reason.after(calls.len());
    if !calls.is_empty() {
        out.key("tool_calls").open_list();
        for (_, id, name, signature, arguments) in calls {
            out.open();
            out.put("id", id);
            out.put("type", "function");
            out.key("function").open();
            out.put("name", name);
            out.put("arguments", if arguments.is_empty() { "{}" } else { &arguments });
            out.close();
            sign(signature, &mut out);
            out.close();
        }
        out.close_list();
    }
    out.close();
    out.key("logprobs").raw("null");
    out.put("finish_reason", finish_reason(reason));
    out.close();
    out.close_list();
    usage(used, out.key("usage"));
    out.close();
    Some(out.into_bytes())
}

/// Where Google's own chat completions put it.
fn sign(signature: Option<&str>, out: &mut Out) {
    if let Some(signature) = signature {
        out.key("extra_content").open();
        out.key("google").open();
        out.put("thought_signature", signature);
        out.close();
        out.close();
    }
}

const fn finish_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Length => "length",
        Reason::Filtered => "content_filter",
        Reason::Calls => "tool_calls",
        Reason::Done => "stop",
    }
}

/// The usage object, as [`super::usage`] has it.
fn usage(used: &Usage, out: &mut Out) {
    out.raw(&super::usage(used).to_string());
}

/// The chunks of a streamed answer.
#[derive(Debug)]
pub(super) struct Chunks {
    about: About,
    /// What every chunk begins with, once the model is known.
    head: String,
    calls: BTreeSet<u64>,
}

impl Chunks {
    pub(super) const fn new(about: About) -> Self {
        Self { about, head: String::new(), calls: BTreeSet::new() }
    }

    fn begin(&mut self, model: Option<&str>) {
        let mut out = Out::with_capacity(160);
        out.open();
        out.put("id", &format!("chatcmpl-{}", self.about.id));
        out.put("object", "chat.completion.chunk");
        out.count("created", self.about.created);
        out.put("model", model.unwrap_or(&self.about.model));
        out.key("choices");
        self.head = out.into_string();
    }

    /// Tells the opening where the first event does not.
    fn opened(&mut self, told: &mut Vec<Told>) {
        if self.head.is_empty() {
            self.open(None, told);
        }
    }

    fn open(&mut self, model: Option<&str>, told: &mut Vec<Told>) {
        self.begin(model);
        told.push(self.chunk(None, |out| {
            out.put("role", "assistant");
            out.put("content", "");
        }));
    }

    fn chunk(&self, finish: Option<&str>, delta: impl FnOnce(&mut Out)) -> Told {
        let mut out = Out::with_capacity(self.head.len() + 160);
        out.raw(&self.head);
        out.open_list();
        out.open();
        out.count("index", 0);
        out.key("delta").open();
        delta(&mut out);
        out.close();
        out.key("logprobs").raw("null");
        match finish {
            None => out.key("finish_reason").raw("null"),
            Some(reason) => out.put("finish_reason", reason),
        }
        out.close();
        out.close_list();
        out.close();
        Told { part: Part::Answer, data: out.into_string() }
    }

    fn call(&self, delta: impl FnOnce(&mut Out)) -> Told {
        self.chunk(None, |out| {
            out.key("tool_calls").open_list();
            out.open();
            delta(out);
            out.close();
            out.close_list();
        })
    }
}

impl Teller for Chunks {
    fn tell(&mut self, said: &Said<'_>, _: &Usage, told: &mut Vec<Told>) {
        if let Said::Start(model) = said {
            if self.head.is_empty() {
                self.open(model.as_deref(), told);
            }
            return;
        }
        self.opened(told);
        if let Said::Arguments { number, .. } = said
            && !self.calls.contains(number)
        {
            // The input of a tool that the vendor runs itself.
            return;
        }
        told.push(match said {
            Said::Start(_) => return,
            Said::Text(text) => self.chunk(None, |out| out.put("content", text)),
            Said::Thought(text) => self.chunk(None, |out| out.put("reasoning_content", text)),
            Said::Call { number, id, name, signature } => {
                self.calls.insert(*number);
                self.call(|out| {
                    out.count("index", number);
                    out.put("id", id);
                    out.put("type", "function");
                    out.key("function").open();
                    out.put("name", name);
                    out.put("arguments", "");
                    out.close();
                    sign(signature.as_deref(), out);
                })
            }
            Said::Arguments { number, more } => self.call(|out| {
                out.count("index", number);
                out.key("function").open();
                out.put("arguments", more);
                out.close();
            }),
            Said::Finish(reason) => {
                self.chunk(Some(finish_reason(reason.after(self.calls.len()))), |_| ())
            }
            Said::Failed(message) => {
                let mut out = Out::with_capacity(128);
                out.open();
                out.key("error").open();
                out.put("message", message);
                out.put("type", "server_error");
                out.key("param").raw("null");
                out.put("code", "upstream_error");
                out.close();
                out.close();
                Told { part: Part::Error, data: out.into_string() }
            }
        });
    }

    fn end(&mut self, used: &Usage, told: &mut Vec<Told>) {
        self.opened(told);
        let mut out = Out::with_capacity(self.head.len() + 200);
        out.raw(&self.head);
        out.open_list();
        out.close_list();
        usage(used, out.key("usage"));
        out.close();
        told.push(Told { part: Part::UsageOnly, data: out.into_string() });
        told.push(Told { part: Part::End, data: "[DONE]".to_owned() });
    }
}
