//! What a message says, whole or streamed.

use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::chat::Usage;
use crate::chat::talk::{Reason, Said};
use crate::chat::usage::{AnthropicUsage, Extra, Extras};
use crate::dialect::json::{Json, Maybe, Text};
use crate::upstream::provider::{Ear, Heard, Part};

/// The usage of a whole reply.
pub(super) fn usage(reply: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        usage: Option<AnthropicUsage>,
        #[serde(borrow)]
        content: Option<&'a RawValue>,
    }
    let whole: Whole<'_> = serde_json::from_slice(reply).ok()?;
    let blocks = whole.content.and_then(|it| serde_json::from_str::<Vec<Begun<'_>>>(it.get()).ok());
    let tools = blocks.iter().flatten().fold(Extras::NONE, with_run);
    Some(whole.usage?.read()?.with_pieces(tools))
}

/// What tools of the provider's did, with one block of a message more. Searches of the web are told with the usage.
fn with_run(tools: Extras, block: &Begun<'_>) -> Extras {
    match (block.kind.0.as_deref(), block.name.0.as_deref().unwrap_or_default()) {
        (Some("server_tool_use"), name) if name.contains("code_execution") => {
            // All programs of a message run in one container.
            tools.with(Extra::CodeSession, 1)
        }
        (Some("server_tool_use"), name)
            if name == "web_search" || name.starts_with("tool_search") =>
        {
            tools
        }
        (Some("server_tool_use" | "mcp_tool_use"), _) => tools.and_one(Extra::ProviderTool),
        _ => tools,
    }
}

/// What a whole reply says.
pub(super) fn whole(reply: &[u8]) -> Option<Vec<Said<'_>>> {
    let Json::Object(fields) = Json::read(reply)? else { return None };
    let (mut model, mut reason, mut content) = (None, None, None);
    for (key, value) in fields {
        match (&*key, value) {
            ("model", Json::Text(name)) => model = Some(name),
            ("stop_reason", Json::Text(why)) => reason = Some(why),
            ("content", Json::List(blocks)) => content = Some(blocks),
            _ => {}
        }
    }
    let mut said = vec![Said::Start(model)];
    let mut number = 0;
    for block in content? {
        let Json::Object(fields) = block else { continue };
        let mut block = Block::default();
        for (key, value) in fields {
            match (&*key, value) {
                ("type", Json::Text(text)) => block.kind = text,
                ("text" | "thinking", Json::Text(text)) => block.text = Some(text),
                ("id", Json::Text(text)) => block.id = text,
                ("name", Json::Text(text)) => block.name = text,
                ("input", value) => block.input = value.written(),
                _ => {}
            }
        }
        match &*block.kind {
            "text" => said.extend(block.text.map(Said::Text)),
            "thinking" => said.extend(block.text.map(Said::Thought)),
            "tool_use" => {
                let (id, name) = (block.id, block.name);
                said.push(Said::Call { number, id, name, signature: None });
                said.push(Said::Arguments { number, more: block.input.into() });
                number += 1;
            }
            _ => {}
        }
    }
    said.extend(reason.map(|reason| Said::Finish(ended(&reason))));
    Some(said)
}

#[derive(Default)]
struct Block<'a> {
    kind: std::borrow::Cow<'a, str>,
    text: Option<std::borrow::Cow<'a, str>>,
    id: std::borrow::Cow<'a, str>,
    name: std::borrow::Cow<'a, str>,
    input: String,
}

fn ended(reason: &str) -> Reason {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Reason::Length,
        "tool_use" => Reason::Calls,
        "refusal" => Reason::Filtered,
        _ => Reason::Done,
    }
}

/// The prompt is counted at the stream's beginning, the answer at its end.
#[derive(Debug, Default)]
pub(super) struct Listening {
    usage: AnthropicUsage,
    /// The blocks that are tool calls, by their numbers in the message.
    calls: SmallVec<[u64; 4]>,
    /// What tools of the provider's did.
    tools: Extras,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    content_block: Option<Begun<'a>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    usage: Option<AnthropicUsage>,
    #[serde(borrow)]
    error: Option<Complaint<'a>>,
}

/// A block, whole or as it begins.
#[derive(Deserialize)]
struct Begun<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Maybe<'a>,
    #[serde(borrow, default)]
    text: Maybe<'a>,
    #[serde(borrow, default)]
    id: Maybe<'a>,
    #[serde(borrow, default)]
    name: Maybe<'a>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    text: Maybe<'a>,
    #[serde(borrow, default)]
    thinking: Maybe<'a>,
    #[serde(borrow, default)]
    partial_json: Maybe<'a>,
    #[serde(borrow, default)]
    stop_reason: Maybe<'a>,
}

#[derive(Deserialize)]
struct Complaint<'a> {
    #[serde(borrow, default)]
    message: Maybe<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    model: Maybe<'a>,
    usage: Option<AnthropicUsage>,
}

impl Listening {
    /// The number of a call, by that of its block.
    fn call(&self, block: u64) -> Option<u64> {
        let number = self.calls.iter().position(|it| *it == block)?;
        u64::try_from(number).ok()
    }

    fn begin<'a>(&mut self, block: Begun<'a>, index: u64, heard: &mut Heard<'a>) {
        self.tools = with_run(self.tools, &block);
        match block.kind.0.as_deref() {
            Some("text") => {
                heard.said.extend(block.text.0.filter(|it| !it.is_empty()).map(Said::Text));
            }
            Some("tool_use") => {
                self.calls.push(index);
                let Some(number) = self.call(index) else { return };
                let (id, name) = (block.id.0.unwrap_or_default(), block.name.0.unwrap_or_default());
                heard.said.push(Said::Call { number, id, name, signature: None });
                let input = block.input.map(RawValue::get).filter(|it| it.starts_with('{'));
                if let Some(more) = input.filter(|it| it.len() > 2) {
                    heard.said.push(Said::Arguments { number, more: more.into() });
                }
            }
            _ => {}
        }
    }
}

impl Ear for Listening {
    fn hear<'a>(&mut self, data: &'a [u8]) -> Heard<'a> {
        let mut heard = Heard::default();
        // Unknown kinds of events are passed on; they are neither text nor usage.
        let Ok(event) = serde_json::from_slice::<Event<'a>>(data) else { return heard };
        let index = event.index.unwrap_or(0);
        match event.kind.as_str() {
            "message_start" => {
                let message = event.message.map(RawValue::get).unwrap_or_default();
                let Ok(message) = serde_json::from_str::<Message<'a>>(message) else {
                    return heard;
                };
                heard.said.push(Said::Start(message.model.0));
                if let Some(usage) = message.usage {
                    self.usage.update(&usage);
                    // What it says about the answer is a beginning, not a bill.
                    heard.prompt = self.usage.read();
                }
            }
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    self.begin(block, index, &mut heard);
                }
            }
            "content_block_delta" => {
                let Some(delta) = event.delta else { return heard };
                heard.said.extend(delta.text.0.map(Said::Text));
                heard.said.extend(delta.thinking.0.map(Said::Thought));
                // A piece that no call begins with is still text that is billed.
                let number = self.call(index).unwrap_or(u64::MAX);
                let more = delta.partial_json.0.filter(|it| !it.is_empty());
                heard.said.extend(more.map(|more| Said::Arguments { number, more }));
            }
            "message_delta" => {
                if let Some(usage) = event.usage {
                    self.usage.update(&usage);
                    heard.usage = self.usage.read().map(|it| it.with_pieces(self.tools));
                }
                let reason = event.delta.and_then(|delta| delta.stop_reason.0);
                heard.said.extend(reason.map(|reason| Said::Finish(ended(&reason))));
                heard.part = Part::Final;
            }
            "message_stop" => heard.part = Part::End,
            "error" => {
                let message = event.error.and_then(|it| it.message.0);
                let message = message.unwrap_or("the upstream reports an error".into());
                heard.said.push(Said::Failed(message));
                heard.part = Part::Error;
            }
            _ => {}
        }
        heard
    }
}
