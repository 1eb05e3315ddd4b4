//! What generated content says, whole or streamed: both are events of one form.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Usage;
use crate::chat::talk::{Reason, Said};
use crate::chat::usage::GeminiUsage;
use crate::dialect::json::Maybe;
use crate::upstream::provider::{Ear, Heard, Part};

/// The usage of a whole reply.
pub(super) fn usage(reply: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Whole {
        #[serde(rename = "usageMetadata")]
        usage: Option<GeminiUsage>,
    }
    let whole: Whole = serde_json::from_slice(reply).ok()?;
    whole.usage?.read()
}

/// What a whole reply says.
pub(super) fn whole(reply: &[u8]) -> Option<Vec<Said<'_>>> {
    let content: Content<'_> = serde_json::from_slice(reply).ok()?;
    if content.candidates.is_none() && content.prompt_feedback.is_none() {
        return None;
    }
    let mut heard = Heard::default();
    Listening::default().content(content, &mut heard);
    Some(heard.said.into_vec())
}

/// Listens to a stream.
#[derive(Debug, Default)]
pub(super) struct Listening {
    has_started: bool,
    has_finished: bool,
    calls: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    usage_metadata: Option<GeminiUsage>,
    #[serde(borrow, default)]
    model_version: Maybe<'a>,
    #[serde(borrow, default)]
    response_id: Maybe<'a>,
    #[serde(borrow)]
    error: Option<Complaint<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow, default)]
    block_reason: Maybe<'a>,
}

#[derive(Deserialize)]
struct Complaint<'a> {
    #[serde(borrow, default)]
    message: Maybe<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(borrow)]
    content: Option<Spoken<'a>>,
    #[serde(borrow, default)]
    finish_reason: Maybe<'a>,
}

#[derive(Deserialize)]
struct Spoken<'a> {
    #[serde(borrow)]
    parts: Option<Vec<Piece<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(borrow, default)]
    text: Maybe<'a>,
    #[serde(default)]
    thought: bool,
    #[serde(borrow)]
    function_call: Option<Call<'a>>,
    #[serde(borrow, default)]
    thought_signature: Maybe<'a>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    id: Maybe<'a>,
    #[serde(borrow, default)]
    name: Maybe<'a>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

impl Listening {
    fn content<'a>(&mut self, content: Content<'a>, heard: &mut Heard<'a>) {
        if !std::mem::replace(&mut self.has_started, true) {
            heard.said.push(Said::Start(content.model_version.0));
        }
        let response = content.response_id.0.unwrap_or_default();
        if content.prompt_feedback.is_some_and(|it| it.block_reason.0.is_some()) {
            self.has_finished = true;
            heard.said.push(Said::Finish(Reason::Filtered));
        }
        // Only one candidate is ever asked for.
        let Some(candidate) = content.candidates.into_iter().flatten().next() else { return };
        for piece in candidate.content.and_then(|it| it.parts).into_iter().flatten() {
            let text = piece.text.0.filter(|it| !it.is_empty());
            let kind = if piece.thought { Said::Thought } else { Said::Text };
            heard.said.extend(text.map(kind));
            if let Some(call) = piece.function_call {
                let number = self.calls;
                self.calls += 1;
                // Clients tell calls apart by their ids, which older models do not give.
                let own = || format!("call_{response}_{number}").into();
                heard.said.push(Said::Call {
                    number,
                    id: call.id.0.filter(|id| !id.is_empty()).unwrap_or_else(own),
                    name: call.name.0.unwrap_or_default(),
                    signature: piece.thought_signature.0,
                });
                let more = call.args.map_or("{}", RawValue::get);
                heard.said.push(Said::Arguments { number, more: more.into() });
            }
        }
        if let Some(reason) = candidate.finish_reason.0 {
            self.has_finished = true;
            heard.said.push(ended(&reason));
        }
    }
}

fn ended(reason: &str) -> Said<'static> {
    Said::Finish(match reason {
        "MAX_TOKENS" => Reason::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
        | "IMAGE_SAFETY" => Reason::Filtered,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MALFORMED_RESPONSE" => {
            return Said::Failed(format!("the upstream's answer ended early: {reason}").into());
        }
        _ => Reason::Done,
    })
}

impl Ear for Listening {
    fn hear<'a>(&mut self, data: &'a [u8]) -> Heard<'a> {
        let mut heard = Heard::default();
        let Ok(content) = serde_json::from_slice::<Content<'a>>(data) else { return heard };
        if let Some(error) = content.error {
            let message = error.message.0.unwrap_or("the upstream reports an error".into());
            heard.said.push(Said::Failed(message));
            heard.part = Part::Error;
            return heard;
        }
        heard.usage = content.usage_metadata.and_then(|it| it.read());
        self.content(content, &mut heard);
        heard
    }

    /// No event says that it is the last; the reason of the end is in it.
    fn is_whole(&self) -> bool {
        self.has_finished
    }
}
