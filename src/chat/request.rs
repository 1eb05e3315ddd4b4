//! A request as we understand it, and every string that it carries.
//!
//! INVARIANT: what is inspected is what is sent. A [`Request`] keeps the body's bytes as they came
//! and an entry for *every* string in them, unknown fields and unusual keys included; the bytes that
//! leave are those bytes with a few splices that [`Edits`] names. There is no second parse.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::chat::Role;
use crate::chat::usage::{Extra, Extras, Tier, Usage};
use crate::inspect::{Leaf, Level};
use crate::money::Tokens;

/// Which public interface a request came in through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Surface {
    /// `POST /v1/chat/completions`.
    OpenAiChat,
    /// `POST /v1/messages`.
    AnthropicMessages,
    /// `POST /v1/completions`.
    OpenAiCompletions,
    /// `POST /v1/responses`.
    OpenAiResponses,
    /// `POST /v1/embeddings`.
    OpenAiEmbeddings,
}

impl Surface {
    /// Every surface of this build.
    pub const ALL: [Self; 5] = [
        Self::OpenAiChat,
        Self::AnthropicMessages,
        Self::OpenAiCompletions,
        Self::OpenAiResponses,
        Self::OpenAiEmbeddings,
    ];

    /// The word that records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
            Self::AnthropicMessages => "anthropic_messages",
            Self::OpenAiCompletions => "openai_completions",
            Self::OpenAiResponses => "openai_responses",
            Self::OpenAiEmbeddings => "openai_embeddings",
        }
    }

    /// The word that policies and configurations use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OpenAiChat => "chat",
            Self::AnthropicMessages => "messages",
            Self::OpenAiCompletions => "completions",
            Self::OpenAiResponses => "responses",
            Self::OpenAiEmbeddings => "embeddings",
        }
    }
}

/// How the caller wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In one piece.
    Whole,
    /// As server-sent events.
    Stream,
    /// As server-sent events with a last one that tells the usage.
    StreamWithUsage,
}

impl Delivery {
    /// Whether the answer is sent as it is made.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Stream | Self::StreamWithUsage)
    }
}

/// Where what was said before is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// In the body, as far as there is any.
    Here,
    /// At the provider, where nobody here can tell its length.
    AtProvider,
}

/// Where a string's characters are.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the body, without escapes: nothing is copied.
    Body(Range<usize>),
    /// Unescaped into its own memory.
    Owned(Box<str>),
}

/// One string of the body.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) place: Place,
    pub(crate) path: Range<usize>,
    pub(crate) is_prose: bool,
}

/// One message: who says what, as indices into the strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The speaker; an unknown role is kept as `None` and reaches no local model.
    pub role: Option<Role>,
    /// Its text parts, in order.
    pub(crate) parts: SmallVec<[usize; 2]>,
}

/// What the caller set about how the answer is made; absent means the target's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: Option<f64>,
    /// Nucleus mass.
    pub top_p: Option<f64>,
    /// Only this many of the likeliest tokens are drawn from; none is all.
    pub top_k: Option<u64>,
    /// Only tokens at least this likely, as a share of the likeliest, are drawn from.
    pub min_p: Option<f64>,
    /// For reproducible answers.
    pub seed: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The shortest answer.
    pub output_min: Option<u64>,
    /// Above 1, what was said becomes less likely.
    pub repetition_penalty: Option<f64>,
    /// No run of this many tokens is said twice.
    pub no_repeat_ngram: Option<u64>,
    /// Whether a beam search is asked for without saying how wide.
    pub searches: bool,
    /// How many answers to make, of which the best are given.
    pub best_of: Option<u64>,
    /// How many continuations a search keeps.
    pub beams: Option<u64>,
    /// The power of its length that a found answer's score is divided by.
    pub length_penalty: Option<f64>,
    /// Whether a search ends with the first answers that it finds.
    pub stops_early: bool,
    /// Whether log-probabilities are wanted.
    pub logprobs: bool,
    /// For how many other tokens.
    pub top_logprobs: Option<u64>,
    /// What the answer must look like.
    pub shape: Option<Shape>,
    /// A parameter of these whose value is of the wrong type, and what the right one is.
    pub misread: Option<(&'static str, &'static str)>,
}

/// What an answer must look like.
#[derive(Clone, PartialEq)]
pub enum Shape {
    /// It is one of these.
    Choice(Vec<String>),
    /// This regular expression matches the whole of it.
    Regex(String),
    /// It is one of these JSON texts.
    Literals(Vec<String>),
    /// It has a structure that nothing in this process can hold an answer to.
    Json,
}

/// The caller's labels and patterns stay out of every log.
impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice(labels) => write!(out, "Choice({})", labels.len()),
            Self::Regex(pattern) => write!(out, "Regex({} bytes)", pattern.len()),
            Self::Literals(texts) => write!(out, "Literals({})", texts.len()),
            Self::Json => write!(out, "Json"),
        }
    }
}

/// Where the bytes of the body may be changed on their way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The model's name with its quotes.
    pub model: Option<Range<usize>>,
    /// The value of `max_completion_tokens` (in messages: `max_tokens`), where it stands but sets
    /// nothing (`null`).
    pub output_max: Option<Range<usize>>,
    /// The value of `stream_options`, where it stands but does not ask for usage.
    pub stream_options: Option<Range<usize>>,
    /// Just before the closing brace of the body.
    pub end: usize,
}

/// How often a provider may use a tool of its own for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uses {
    /// Never: it is not offered.
    #[default]
    None,
    /// So many times, the request says.
    AtMost(u32),
    /// It may, and nobody says how often.
    Unstated,
}

/// The tools that a request lets its provider run, which are billed beside the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hosted {
    /// Searches of the web.
    pub searches: Uses,
    /// Searches in files that lie at the provider.
    pub files: Uses,
    /// Programs in a container of the provider's.
    pub code: Uses,
    /// Everything else, such as other people's servers and pictures to be made.
    pub others: Uses,
}

impl Hosted {
    /// Each with the piece that it is billed by.
    pub const fn each(&self) -> [(Extra, Uses); 4] {
        [
            (Extra::WebSearch, self.searches),
            (Extra::FileSearch, self.files),
            (Extra::CodeSession, self.code),
            (Extra::ProviderTool, self.others),
        ]
    }

    /// What was used, with one use of each tool that was offered where the interface tells no uses: chat
    /// completions do not say whether there was one.
    #[must_use]
    pub fn counted(&self, surface: Surface, used: Usage) -> Usage {
        if surface != Surface::OpenAiChat || used.billed.is_some() {
            return used;
        }
        let offered = self.each().into_iter().filter(|(_, uses)| *uses != Uses::None);
        let pieces = offered.fold(Extras::NONE, |pieces, (tool, _)| pieces.and_one(tool));
        used.with_pieces(pieces)
    }

    /// Whether none is offered.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A request, read once.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// How urgently the provider is asked to treat it, which decides what it bills.
    pub tier: Tier,
    pub(crate) body: Bytes,
    pub(crate) texts: Vec<Text>,
    pub(crate) paths: String,
    /// The interface it came in through.
    pub surface: Surface,
    /// The model that the caller wishes for; `auto` leaves it to the policy.
    pub model: String,
    /// How the answer is wanted.
    pub delivery: Delivery,
    /// The caller's limit on answer tokens, per choice.
    pub output_max: Option<Tokens>,
    /// The limit that the interface defines for callers who set none.
    pub output_default: Option<Tokens>,
    /// How many answers are wanted.
    pub choices: u32,
    /// The tools that the provider may run for an answer.
    pub hosted: Hosted,
    /// Whether tools are offered or used.
    pub has_tools: bool,
    /// How many parts are images.
    pub images: u32,
    /// How many parts are files or films, which are read for more than their bytes or their address say.
    pub files: u32,
    /// How many parts are files, films or documents, also those whose text stands here.
    pub documents: u32,
    /// How many parts are recordings.
    pub sounds: u32,
    /// Whether a part is of a kind that detectors cannot read (an image, audio, a file).
    pub has_unreadable: bool,
    /// Where what was said before is.
    pub history: History,
    /// The sensitivity that the caller declares; it can only raise what is found.
    pub declared: Option<Level>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// How to sample.
    pub sampling: Sampling,
    /// Where bytes may be changed.
    pub edits: Edits,
}

impl Request {
    /// Whether a part is an image.
    pub const fn has_images(&self) -> bool {
        self.images > 0
    }

    /// The bytes as they came.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Every string of the body with its path, in the body's order.
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        self.texts.iter().map(|text| self.leaf(text)).collect()
    }

    /// A field of the top-level `metadata`.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        let is_field = |text: &&Text| {
            let path = self.paths.get(text.path.clone()).unwrap_or_default();
            path.strip_prefix("metadata.") == Some(name)
        };
        // An unusual key is a string of its own, in front of its value.
        self.texts.iter().rfind(is_field).map(|text| self.characters(text))
    }

    fn leaf<'a>(&'a self, text: &'a Text) -> Leaf<'a> {
        Leaf {
            path: self.paths.get(text.path.clone()).unwrap_or_default(),
            text: self.characters(text),
            is_prose: text.is_prose,
        }
    }

    fn characters<'a>(&'a self, text: &'a Text) -> &'a str {
        match &text.place {
            // The range was taken from a string slice of this very body, so it is UTF-8.
            Place::Body(range) => self
                .body
                .get(range.clone())
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .unwrap_or_default(),
            Place::Owned(owned) => owned,
        }
    }

    /// What every later turn of the conversation repeats: all texts up to the first thing that a user
    /// says.
    pub fn beginning(&self) -> impl Iterator<Item = &str> {
        let first = self.turns.iter().position(|turn| turn.role == Some(Role::User)).unwrap_or(0);
        let parts = self.turns.iter().take(first + 1).flat_map(|turn| &turn.parts);
        parts.filter_map(|part| self.texts.get(*part)).map(|text| self.characters(text))
    }

    /// The conversation as speakers and texts; a message of several parts is joined by line breaks.
    pub fn conversation(&self) -> Vec<(Option<Role>, String)> {
        let text = |part: &usize| self.texts.get(*part).map_or("", |text| self.characters(text));
        let said = |turn: &Turn| turn.parts.iter().map(text).collect::<Vec<_>>().join("\n");
        self.turns.iter().map(|turn| (turn.role, said(turn))).collect()
    }
}

/// Sizes only: a request must be safe to log.
impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Request({} bytes, {} strings)", self.body.len(), self.texts.len())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match &self.place {
            Place::Body(range) => range.len(),
            Place::Owned(owned) => owned.len(),
        };
        write!(out, "Text({bytes} bytes)")
    }
}
