//! What generated content says, whole or streamed: both are events of one form.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Usage;
use crate::chat::talk::{Reason, Said};
use crate::chat::usage::{Extra, Extras, GeminiUsage};
use crate::dialect::json::Maybe;
use crate::upstream::provider::{Ear, Heard, Part};

/// The usage of a whole reply.
pub(super) fn usage(reply: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Whole<'a> {
        usage_metadata: Option<GeminiUsage>,
        #[serde(borrow, default)]
        model_version: Maybe<'a>,
        #[serde(borrow)]
        candidates: Option<Vec<Grounded<'a>>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Grounded<'a> {
        #[serde(borrow)]
        grounding_metadata: Option<&'a RawValue>,
    }
    let whole: Whole<'_> = serde_json::from_slice(reply).ok()?;
    let mut grounds = Grounds::default();
    let found = whole.candidates.iter().flatten().filter_map(|it| it.grounding_metadata);
    grounds.hear(whole.model_version.0.as_deref(), found);
    Some(whole.usage_metadata?.read()?.with_pieces(grounds.pieces()))
}

/// The searches of the web that an answer stands on.
#[derive(Debug, Default)]
struct Grounds {
    /// Digests of the queries, of which each counts once.
    queries: BTreeSet<u64>,
    /// Models before the third generation are charged once for a request, however many queries it takes.
    is_by_request: bool,
}

impl Grounds {
    fn hear<'a>(&mut self, model: Option<&str>, found: impl Iterator<Item = &'a RawValue>) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Grounding<'a> {
            #[serde(borrow)]
            web_search_queries: Option<Vec<Maybe<'a>>>,
        }
        let model = model.unwrap_or_default().trim_start_matches("models/");
        self.is_by_request |= ["gemini-1", "gemini-2"].iter().any(|old| model.starts_with(old));
        for found in found {
            let Ok(found) = serde_json::from_str::<Grounding<'_>>(found.get()) else { continue };
            let queries = found.web_search_queries.into_iter().flatten();
            for query in queries.filter_map(|it| it.0).filter(|it| !it.trim().is_empty()) {
                let mut digest = DefaultHasher::new();
                query.hash(&mut digest);
                self.queries.insert(digest.finish());
            }
        }
    }

    fn pieces(&self) -> Extras {
        let queries = u64::try_from(self.queries.len()).unwrap_or(u64::MAX);
        let searches = if self.is_by_request { queries.min(1) } else { queries };
        Extras::NONE.with(Extra::WebSearch, searches)
    }
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
    grounds: Grounds,
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
    #[serde(borrow)]
    grounding_metadata: Option<&'a RawValue>,
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
        let found = content.candidates.iter().flatten().filter_map(|it| it.grounding_metadata);
        self.grounds.hear(content.model_version.0.as_deref(), found);
        let usage = content.usage_metadata.and_then(|it| it.read());
        heard.usage = usage.map(|it| it.with_pieces(self.grounds.pieces()));
        self.content(content, &mut heard);
        heard
    }

    /// No event says that it is the last; the reason of the end is in it.
    fn is_whole(&self) -> bool {
        self.has_finished
    }
}
