//! What is asked and what is said, in words that belong to no vendor.
//!
//! A request that goes to a server of another interface is read into a [`Talk`] and written anew from
//! it; the answer is heard as [`Said`] and told in the caller's interface. So an interface is written
//! down once, whoever is at the other end. Everything borrows from the bytes that it was read from.

use std::borrow::Cow;
use std::fmt;

use crate::chat::Role;
use crate::money::Tokens;

/// A setting of the caller's, under the name that the caller knows it by.
#[derive(Clone, Debug, PartialEq)]
pub struct Given<T> {
    /// Its name in the caller's interface.
    pub name: &'static str,
    /// Its value.
    pub value: T,
}

/// A conversation and what is wanted next.
#[derive(Clone, Default)]
pub struct Talk<'a> {
    /// What the caller's interface calls the list of turns.
    pub list: &'static str,
    /// Who said what, in order. Results of tools are said by [`Role::User`].
    pub turns: Vec<Spoken<'a>>,
    /// The tools that may be called.
    pub tools: Vec<Tool<'a>>,
    /// Whether one must be.
    pub choice: Option<Choosing<'a>>,
    /// Where at most one call is wanted at a time.
    pub calls_one: Option<Given<()>>,
    /// What the answer must look like.
    pub format: Option<Given<Format<'a>>>,
    /// 0 is greedy.
    pub temperature: Option<Given<f64>>,
    /// Nucleus mass.
    pub top_p: Option<Given<f64>>,
    /// Only this many of the likeliest tokens are drawn from.
    pub top_k: Option<Given<u64>>,
    /// For reproducible answers.
    pub seed: Option<Given<i64>>,
    /// Penalty for what was said at all.
    pub presence_penalty: Option<Given<f64>>,
    /// Penalty for what was said often.
    pub frequency_penalty: Option<Given<f64>>,
    /// Texts that end the answer.
    pub stop: Option<Given<Vec<Cow<'a, str>>>>,
    /// The limit on answer tokens, where the caller set one.
    pub output_max: Option<Tokens>,
    /// Who it is asked for.
    pub user: Option<Cow<'a, str>>,
    /// Whether the answer is wanted piece by piece.
    pub streams: bool,
}

/// What one speaker says at a time.
#[derive(Clone)]
pub struct Spoken<'a> {
    /// The speaker.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part<'a>>,
}

/// A piece of what is said, and where it stands.
#[derive(Clone)]
pub struct Part<'a> {
    /// The turn in the caller's list; `None` where the instructions stand apart.
    pub turn: Option<usize>,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What a piece can be.
#[derive(Clone)]
pub enum Kind<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A picture.
    Image(Media<'a>),
    /// A document, with its name if it has one.
    File(Media<'a>, Option<Cow<'a, str>>),
    /// A recording.
    Audio(Media<'a>),
    /// A call of a tool.
    Call(Call<'a>),
    /// What a tool answered.
    Answer(ToolAnswer<'a>),
}

/// Bytes of another kind than text.
#[derive(Clone)]
pub enum Media<'a> {
    /// Somewhere.
    At(Cow<'a, str>),
    /// Here, in base64.
    Here {
        /// Such as `image/png`.
        media_type: Cow<'a, str>,
        /// The bytes in base64.
        data: Cow<'a, str>,
    },
}

/// A call of a tool.
#[derive(Clone)]
pub struct Call<'a> {
    /// Names the call.
    pub id: Cow<'a, str>,
    /// Names the tool.
    pub name: Cow<'a, str>,
    /// A JSON object, as text.
    pub arguments: Cow<'a, str>,
    /// What the vendor wants to see again with the call.
    pub signature: Option<Cow<'a, str>>,
}

/// What a tool answered.
#[derive(Clone)]
pub struct ToolAnswer<'a> {
    /// The call.
    pub id: Cow<'a, str>,
    /// What it said.
    pub texts: Vec<Cow<'a, str>>,
    /// Whether it failed.
    pub is_error: bool,
}

/// A tool that may be called.
#[derive(Clone)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What it is for.
    pub description: Option<Cow<'a, str>>,
    /// The JSON schema of its arguments, as text.
    pub schema: Option<String>,
    /// Whether the arguments must follow the schema.
    pub strict: Option<bool>,
}

/// Whether a tool must be called.
#[derive(Clone, PartialEq, Eq)]
pub enum Choosing<'a> {
    /// The model decides.
    Auto,
    /// None may be.
    Never,
    /// One of them must be.
    Any,
    /// This one must be.
    One(Cow<'a, str>),
}

/// What an answer must look like.
#[derive(Clone)]
pub enum Format<'a> {
    /// A JSON object.
    Object,
    /// JSON that follows a schema.
    Schema {
        /// What the caller calls it.
        name: Option<Cow<'a, str>>,
        /// What it is for.
        description: Option<Cow<'a, str>>,
        /// The JSON schema, as text.
        schema: String,
    },
}

/// The tool that an answer in a format is asked for through, where the server has no other way.
pub const ANSWER_TOOL: &str = "answer_in_json";

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The model was done, or a stop text came.
    Done,
    /// The limit on answer tokens, or the end of the context, was reached.
    Length,
    /// A tool is to be called.
    Calls,
    /// The vendor does not let the answer be said.
    Filtered,
}

/// Something that an answer says.
#[derive(Clone, PartialEq, Eq)]
pub enum Said<'a> {
    /// It begins; the model's own name, if it is told.
    Start(Option<Cow<'a, str>>),
    /// Words.
    Text(Cow<'a, str>),
    /// Words that are thought, not said.
    Thought(Cow<'a, str>),
    /// A call of a tool begins.
    Call {
        /// The call's number, from 0.
        number: u64,
        /// Names the call.
        id: Cow<'a, str>,
        /// Names the tool.
        name: Cow<'a, str>,
        /// What the vendor wants to see again with the call.
        signature: Option<Cow<'a, str>>,
    },
    /// More of the arguments of a call.
    Arguments {
        /// The call's number.
        number: u64,
        /// A piece of a JSON object.
        more: Cow<'a, str>,
    },
    /// It ended, for this reason.
    Finish(Reason),
    /// It failed, in the vendor's words.
    Failed(Cow<'a, str>),
}

impl Reason {
    /// Some servers say that the model was done although it called tools.
    #[must_use]
    pub const fn after(self, calls: usize) -> Self {
        match self {
            Self::Done if calls > 0 => Self::Calls,
            Self::Done | Self::Length | Self::Calls | Self::Filtered => self,
        }
    }
}

impl Said<'_> {
    /// The words in it that a model wrote.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Thought(text) | Self::Arguments { more: text, .. } => {
                Some(text)
            }
            Self::Call { name, .. } => Some(name),
            Self::Start(_) | Self::Finish(_) | Self::Failed(_) => None,
        }
    }
}

impl<'a> Talk<'a> {
    /// Adds what somebody says; who goes on speaking does not begin a new turn.
    pub fn say(&mut self, role: Role, parts: impl IntoIterator<Item = Part<'a>>) {
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => self.turns.push(Spoken { role, parts: parts.into_iter().collect() }),
        }
    }

    /// The instructions, wherever they stand.
    pub fn instructions(&self) -> impl Iterator<Item = &Part<'a>> {
        let system = self.turns.iter().filter(|turn| turn.role == Role::System);
        system.flat_map(|turn| &turn.parts)
    }

    /// The turns without instructions, in which two speakers take turns.
    pub fn alternating(&self) -> Vec<(Role, Vec<&Part<'a>>)> {
        let mut all: Vec<(Role, Vec<&Part<'a>>)> = Vec::with_capacity(self.turns.len());
        for turn in self.turns.iter().filter(|turn| turn.role != Role::System) {
            match all.last_mut() {
                Some((last, parts)) if *last == turn.role => parts.extend(&turn.parts),
                _ => all.push((turn.role, turn.parts.iter().collect())),
            }
        }
        all
    }

    /// Where a part stands, by the caller's names.
    pub fn place(&self, part: &Part<'_>) -> String {
        match part.turn {
            Some(turn) => format!("{}[{turn}].content", self.list),
            None => "system".to_owned(),
        }
    }

    /// Whether detectors cannot read all of it.
    pub fn has_media(&self) -> bool {
        let mut parts = self.turns.iter().flat_map(|turn| &turn.parts);
        parts.any(|part| matches!(part.kind, Kind::Image(_) | Kind::File(..) | Kind::Audio(_)))
    }
}

/// No words: a conversation must be safe to log.
macro_rules! unseen {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name<'_> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(stringify!($name))
            }
        })*
    };
}

unseen![Spoken, Part, Kind, Media, Call, ToolAnswer, Tool, Choosing, Format];

/// Sizes only.
impl fmt::Debug for Talk<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Talk({} turns, {} tools)", self.turns.len(), self.tools.len())
    }
}

/// The same for an answer.
impl fmt::Debug for Said<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(_) => out.write_str("Start"),
            Self::Text(text) => write!(out, "Text({} bytes)", text.len()),
            Self::Thought(text) => write!(out, "Thought({} bytes)", text.len()),
            Self::Call { number, .. } => write!(out, "Call({number})"),
            Self::Arguments { number, more } => {
                write!(out, "Arguments({number}, {} bytes)", more.len())
            }
            Self::Finish(reason) => write!(out, "Finish({reason:?})"),
            Self::Failed(message) => write!(out, "Failed({} bytes)", message.len()),
        }
    }
}
