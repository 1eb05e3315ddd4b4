//! What a chat completion says, whole or streamed.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{Reads, Vendor};
use crate::chat::talk::{Reason, Said};
use crate::chat::usage::{OpenAiUsage, Tier};
use crate::chat::{Part, Usage};
use crate::dialect::json::{Json, Maybe};
use crate::money::NanoUsd;
use crate::upstream::provider::{Ear, Heard, Refusal};

/// What a listener needs to know of a vendor.
#[derive(Clone, Copy)]
pub(in super::super) struct Ways {
    broken: &'static [&'static str],
    disguised: Option<Reads<Refusal>>,
    billed: Option<Reads<NanoUsd>>,
    ends_silently: bool,
}

impl Ways {
    pub(in super::super) const fn of(vendor: &Vendor) -> Self {
        let Vendor { broken, disguised, billed, ends_silently, .. } = vendor;
        Self {
            broken: *broken,
            disguised: *disguised,
            billed: *billed,
            ends_silently: *ends_silently,
        }
    }

    fn usage(self, data: &[u8], usage: Option<OpenAiUsage>, tier: Option<Tier>) -> Option<Usage> {
        let usage = usage?.read()?;
        let tier = tier.unwrap_or_default();
        Some(Usage { billed: self.billed.and_then(|it| it(data)), tier, ..usage })
    }
}

/// The usage of a whole reply.
pub(in super::super) fn usage(vendor: &Vendor, reply: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        usage: Option<OpenAiUsage>,
        #[serde(borrow, default)]
        service_tier: Maybe<'a>,
    }
    let whole: Whole<'_> = serde_json::from_slice(reply).ok()?;
    Ways::of(vendor).usage(reply, whole.usage, tier(&whole.service_tier))
}

/// How urgently it was treated, where that is said.
fn tier(word: &Maybe<'_>) -> Option<Tier> {
    word.0.as_deref().map(Tier::of_wire)
}

/// What a whole reply says.
pub(super) fn whole<'a>(vendor: &Vendor, reply: &'a [u8]) -> Option<Vec<Said<'a>>> {
    let reply: Chunk<'a> = serde_json::from_slice(reply).ok()?;
    let choice = reply.choices?.into_iter().next()?;
    let mut said: SmallVec<[Said<'a>; 2]> = SmallVec::new();
    said.push(Said::Start(reply.model.0));
    let mut calls = Calls::default();
    calls.hear(choice.message?, &mut said);
    if let Some(reason) = choice.finish_reason.0 {
        said.push(ended(&reason, vendor.broken));
    }
    Some(said.into_vec())
}

fn ended(reason: &str, broken: &[&str]) -> Said<'static> {
    if broken.contains(&reason) {
        return Said::Failed(format!("the upstream's answer ended early: {reason}").into());
    }
    Said::Finish(match reason {
        "length" | "model_length" | "model_context_window_exceeded" => Reason::Length,
        "tool_calls" | "function_call" => Reason::Calls,
        "content_filter" | "sensitive" => Reason::Filtered,
        _ => Reason::Done,
    })
}

/// Listens to a stream.
pub(in super::super) struct Listening {
    ways: Ways,
    has_started: bool,
    has_finished: bool,
    /// As the latest event that said so had it.
    tier: Option<Tier>,
    calls: Calls,
}

impl Listening {
    pub(in super::super) fn new(ways: Ways) -> Self {
        let (has_started, has_finished, tier) = (false, false, None);
        Self { ways, has_started, has_finished, tier, calls: Calls::default() }
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Listening")
    }
}

impl Ear for Listening {
    fn hear<'a>(&mut self, data: &'a [u8]) -> Heard<'a> {
        let mut heard = Heard::default();
        if data == b"[DONE]" {
            heard.part = Part::End;
            return heard;
        }
        // Unknown kinds of events are passed on; they are neither text nor usage.
        let Ok(chunk) = serde_json::from_slice::<Chunk<'a>>(data) else { return heard };
        if let Some(error) = chunk.error.filter(|error| error.get() != "null") {
            let error = Json::read(error.get().as_bytes());
            let message = error.as_ref().and_then(|it| it.get("message")?.as_text());
            let message = message.unwrap_or("the upstream reports an error").to_owned();
            heard.said.push(Said::Failed(message.into()));
            heard.part = Part::Error;
            return heard;
        }
        if let Some(refusal) = self.ways.disguised.and_then(|it| it(data)) {
            heard.said.push(Said::Failed(refusal.message.into()));
            heard.part = Part::Error;
            return heard;
        }
        self.tier = tier(&chunk.service_tier).or(self.tier);
        heard.usage = self.ways.usage(data, chunk.usage, self.tier);
        let choices = chunk.choices.unwrap_or_default();
        if heard.usage.is_some() && choices.is_empty() {
            heard.part = Part::UsageOnly;
        }
        if !choices.is_empty() && !std::mem::replace(&mut self.has_started, true) {
            heard.said.push(Said::Start(chunk.model.0));
        }
        for choice in choices {
            heard.said.extend(choice.text.0.map(Said::Text));
            if let Some(delta) = choice.delta {
                self.calls.hear(delta, &mut heard.said);
            }
            let reason = choice.finish_reason.0.filter(|reason| !reason.is_empty());
            if let Some(reason) = reason {
                // Some servers say it twice.
                if !std::mem::replace(&mut self.has_finished, true) {
                    heard.said.push(ended(&reason, self.ways.broken));
                }
            }
        }
        heard
    }

    fn is_whole(&self) -> bool {
        self.ways.ends_silently && self.has_finished
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    model: Maybe<'a>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<OpenAiUsage>,
    #[serde(borrow, default)]
    service_tier: Maybe<'a>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Option<Message<'a>>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    /// Where completions have their text.
    #[serde(borrow, default)]
    text: Maybe<'a>,
    #[serde(borrow, default)]
    finish_reason: Maybe<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Content<'a>,
    #[serde(borrow, default)]
    refusal: Maybe<'a>,
    #[serde(borrow, default)]
    reasoning_content: Maybe<'a>,
    #[serde(borrow, default)]
    reasoning: Maybe<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Maybe<'a>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Maybe<'a>,
    #[serde(borrow, default)]
    arguments: Maybe<'a>,
}

/// The calls of tools that have begun, by their numbers on the wire and their ids.
#[derive(Default)]
struct Calls {
    begun: SmallVec<[(u64, String); 2]>,
}

impl Calls {
    fn hear<'a>(&mut self, message: Message<'a>, said: &mut SmallVec<[Said<'a>; 2]>) {
        let thought = message.reasoning_content.0.or(message.reasoning.0);
        said.extend(thought.filter(|it| !it.is_empty()).map(Said::Thought));
        match message.content {
            Content::None => {}
            Content::Text(text) => {
                said.extend((!text.is_empty()).then_some(Said::Text(text)));
            }
            Content::Parts(parts) => parts.iter().for_each(|part| hear_part(part, said)),
        }
        said.extend(message.refusal.0.filter(|it| !it.is_empty()).map(Said::Text));
        for (place, call) in (0_u64..).zip(message.tool_calls.into_iter().flatten()) {
            self.call(place, call, said);
        }
    }

    fn call<'a>(&mut self, place: u64, call: Call<'a>, said: &mut SmallVec<[Said<'a>; 2]>) {
        let index = call.index.unwrap_or(place);
        let id = call.id.0.filter(|id| !id.is_empty());
        let (name, arguments) =
            call.function.map_or((None, None), |it| (it.name.0, it.arguments.0));
        // Some servers give every call the same number, but never the same id.
        let is_same = |(number, known): &(u64, String)| {
            *number == index && id.as_ref().is_none_or(|id| id == known)
        };
        let position = self.begun.iter().rposition(is_same).unwrap_or_else(|| {
            let id = id.unwrap_or_else(|| format!("call_{index}").into());
            self.begun.push((index, id.to_string()));
            let number = self.begun.len() - 1;
            let name = name.unwrap_or_default();
            said.push(Said::Call { number: wide(number), id, name, signature: None });
            number
        });
        if let Some(more) = arguments.filter(|it| !it.is_empty()) {
            said.push(Said::Arguments { number: wide(position), more });
        }
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The text of a part of content, which some vendors think in.
fn hear_part(part: &Json<'_>, said: &mut SmallVec<[Said<'_>; 2]>) {
    let text = |part: &Json<'_>| part.get("text").and_then(Json::as_text).map(str::to_owned);
    match part.get("thinking") {
        Some(Json::List(thoughts)) => {
            let thoughts = thoughts.iter().filter_map(text);
            said.extend(thoughts.map(|it| Said::Thought(it.into())));
        }
        _ => said.extend(text(part).map(|it| Said::Text(it.into()))),
    }
}

/// A text, or parts of one.
#[derive(Default)]
enum Content<'a> {
    #[default]
    None,
    Text(Cow<'a, str>),
    Parts(Vec<Json<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Content<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or its parts")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Content<'de>, E> {
                Ok(Content::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Content<'de>, E> {
                Ok(Content::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Content<'de>, E> {
                Ok(Content::None)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content<'de>, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = items.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }
        reader.deserialize_any(Seen)
    }
}
