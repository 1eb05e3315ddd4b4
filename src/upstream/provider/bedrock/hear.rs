//! What Converse answers, whole or streamed.

use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::chat::Usage;
use crate::chat::talk::{Reason, Said};
use crate::chat::usage::{ConverseUsage, Tier};
use crate::dialect::json::Maybe;
use crate::upstream::provider::{Ear, Heard, Part};

/// The usage of a whole reply.
pub(super) fn usage(reply: &[u8]) -> Option<Usage> {
    let whole: Metadata<'_> = serde_json::from_slice(reply).ok()?;
    whole.read()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    output: Output<'a>,
    #[serde(borrow, default)]
    stop_reason: Maybe<'a>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Vec<Block<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow, default)]
    text: Maybe<'a>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Reasoning<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning<'a> {
    #[serde(borrow)]
    reasoning_text: Option<Thought<'a>>,
    /// In a stream the text stands here.
    #[serde(borrow, default)]
    text: Maybe<'a>,
}

#[derive(Deserialize)]
struct Thought<'a> {
    #[serde(borrow, default)]
    text: Maybe<'a>,
}

#[derive(Deserialize)]
struct ToolUse<'a> {
    #[serde(borrow, default, rename = "toolUseId")]
    id: Maybe<'a>,
    #[serde(borrow, default)]
    name: Maybe<'a>,
    /// An object in a whole reply, a piece of text in a stream.
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// What a whole reply says.
pub(super) fn whole(reply: &[u8]) -> Option<Vec<Said<'_>>> {
    let reply: Reply<'_> = serde_json::from_slice(reply).ok()?;
    let mut said = vec![Said::Start(None)];
    let mut number = 0;
    for block in reply.output.message.content {
        let thought = block.reasoning_content.and_then(|it| it.reasoning_text?.text.0);
        said.extend(thought.map(Said::Thought));
        said.extend(block.text.0.map(Said::Text));
        if let Some(call) = block.tool_use {
            said.push(begun(number, &call));
            let more = call.input.map_or("{}", RawValue::get);
            said.push(Said::Arguments { number, more: more.into() });
            number += 1;
        }
    }
    said.extend(reply.stop_reason.0.map(|reason| ended(&reason)));
    Some(said)
}

fn begun<'a>(number: u64, call: &ToolUse<'a>) -> Said<'a> {
    Said::Call {
        number,
        id: call.id.0.clone().unwrap_or_default(),
        name: call.name.0.clone().unwrap_or_default(),
        signature: None,
    }
}

fn ended(reason: &str) -> Said<'static> {
    Said::Finish(match reason {
        "max_tokens" | "model_context_window_exceeded" => Reason::Length,
        "tool_use" => Reason::Calls,
        "guardrail_intervened" | "content_filtered" => Reason::Filtered,
        "malformed_model_output" | "malformed_tool_use" => {
            return Said::Failed(format!("the upstream's answer ended early: {reason}").into());
        }
        _ => Reason::Done,
    })
}

/// Listens to a stream. The usage comes last, behind the reason of the end.
#[derive(Debug, Default)]
pub(super) struct Listening {
    has_stopped: bool,
    /// The blocks that are tool calls, by their numbers in the message.
    calls: SmallVec<[u64; 4]>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    message_start: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    content_block_start: Option<Piece<'a>>,
    #[serde(borrow)]
    content_block_delta: Option<Piece<'a>>,
    #[serde(borrow)]
    message_stop: Option<Stop<'a>>,
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    exception: Option<Complaint<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    content_block_index: Option<u64>,
    #[serde(borrow)]
    start: Option<Block<'a>>,
    #[serde(borrow)]
    delta: Option<Block<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop<'a> {
    #[serde(borrow, default)]
    stop_reason: Maybe<'a>,
}

/// What was used, and how urgently it was treated; the end of a stream, or part of a whole reply.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    usage: Option<ConverseUsage>,
    #[serde(borrow)]
    service_tier: Option<Treated<'a>>,
}

#[derive(Deserialize)]
struct Treated<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Maybe<'a>,
}

impl Metadata<'_> {
    fn read(self) -> Option<Usage> {
        let tier = self.service_tier.and_then(|it| it.kind.0).map(|it| Tier::of_wire(&it));
        Some(Usage { tier: tier.unwrap_or_default(), ..self.usage?.read()? })
    }
}

#[derive(Deserialize)]
struct Complaint<'a> {
    #[serde(borrow, default)]
    message: Maybe<'a>,
}

impl Listening {
    fn number(&self, block: u64) -> u64 {
        let number = self.calls.iter().position(|it| *it == block);
        number.and_then(|it| u64::try_from(it).ok()).unwrap_or(u64::MAX)
    }

    fn piece<'a>(&mut self, piece: Piece<'a>, heard: &mut Heard<'a>) {
        let index = piece.content_block_index.unwrap_or(0);
        if let Some(call) = piece.start.and_then(|it| it.tool_use) {
            self.calls.push(index);
            heard.said.push(begun(self.number(index), &call));
        }
        let Some(delta) = piece.delta else { return };
        heard.said.extend(delta.reasoning_content.and_then(|it| it.text.0).map(Said::Thought));
        heard.said.extend(delta.text.0.map(Said::Text));
        if let Some(input) = delta.tool_use.and_then(|it| it.input)
            && let Ok(Maybe(Some(more))) = serde_json::from_str::<Maybe<'a>>(input.get())
        {
            heard.said.push(Said::Arguments { number: self.number(index), more });
        }
    }
}

impl Ear for Listening {
    fn hear<'a>(&mut self, data: &'a [u8]) -> Heard<'a> {
        let mut heard = Heard::default();
        let Ok(event) = serde_json::from_slice::<Event<'a>>(data) else { return heard };
        if event.message_start.is_some() {
            heard.said.push(Said::Start(None));
        }
        for piece in event.content_block_start.into_iter().chain(event.content_block_delta) {
            self.piece(piece, &mut heard);
        }
        if let Some(stop) = event.message_stop {
            self.has_stopped = true;
            heard.said.extend(stop.stop_reason.0.map(|reason| ended(&reason)));
        }
        if let Some(metadata) = event.metadata {
            heard.usage = metadata.read();
            heard.part = if self.has_stopped { Part::End } else { Part::Answer };
        }
        if let Some(exception) = event.exception {
            let message = exception.message.0.unwrap_or("the upstream reports an error".into());
            heard.said.push(Said::Failed(message));
            heard.part = Part::Error;
        }
        heard
    }

    fn is_whole(&self) -> bool {
        self.has_stopped
    }
}
