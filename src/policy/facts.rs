//! What is known about one request when the policy decides, borrowed from where it lives.
//!
//! Facts never hold text of the prompt. What is not known is `None`, and the language says what
//! that means: true in limits, false in routes.

use std::collections::BTreeMap;

use crate::inspect::{LabelSet, Lang, Level, Scan, TaskGuess};
use crate::money::{NanoUsd, Tokens};

/// Everything that a policy can ask about one request.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// What inspection found.
    pub data: DataFacts,
    /// What the caller wants done; `None` when it was not looked at.
    pub task: Option<TaskGuess>,
    /// How long it is.
    pub tokens: TokenFacts,
    /// Who asks.
    pub caller: CallerFacts<'a>,
    /// How it asks.
    pub request: RequestFacts<'a>,
    /// The main language; `None` when it was not looked at.
    pub lang: Option<Lang>,
    /// How the local engine is doing.
    pub local: LocalFacts,
    /// When it was asked, in the time zone of the installation.
    pub time: Option<TimeFacts>,
    /// HTTP headers by lower-case name. Set by the client, so they are not to be trusted.
    pub headers: &'a BTreeMap<String, String>,
    /// Metadata of the request body. Set by the client, so it is not to be trusted.
    pub metadata: &'a BTreeMap<String, String>,
    /// One for each of [`super::Policy::budgets`], in that order. A missing one counts as used up.
    pub budgets: Vec<BudgetFact>,
    /// One for each target of the world, in that order. A missing one counts as down.
    pub targets: Vec<TargetFacts>,
}

/// What inspection found.
#[derive(Clone, Copy, Debug, Default)]
pub struct DataFacts {
    /// The kinds of sensitive values.
    pub labels: LabelSet,
    /// Those of which a value is certain.
    pub certain: LabelSet,
    /// Those of which there are many different values.
    pub bulk: LabelSet,
    /// How much of the request was seen.
    pub scan: Scan,
    /// What the client says it is. It can only make handling more careful.
    pub declared: Option<Level>,
}

/// How long a request is.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFacts {
    /// Prompt tokens, estimated.
    pub input: Tokens,
    /// The largest answer the client allows; `None` when it did not say.
    pub output_max: Option<Tokens>,
}

/// Who asks, from the API key.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallerFacts<'a> {
    /// The caller's name in the configuration.
    pub id: &'a str,
    /// The team that pays.
    pub team: Option<&'a str>,
    /// The id of the key, never the key.
    pub key: Option<&'a str>,
    /// Whether the business stops without it.
    pub criticality: Option<Criticality>,
    /// Where the caller is, such as `eu`.
    pub region: Option<&'a str>,
    /// The least careful level that this caller's data may have.
    pub data_floor: Option<Level>,
}

/// How the request asks.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// The model that was named, `auto` when the policy chooses.
    pub model: &'a str,
    /// The API it came in by.
    pub surface: Surface,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether tools are offered.
    pub tools: bool,
    /// Whether pictures are attached.
    pub images: bool,
    /// How good the answer must be; `None` when nobody said.
    pub quality: Option<Quality>,
    /// Where its conversation falls, in millionths, 0 to 999,999; `None` when nothing was drawn.
    pub draw: Option<u32>,
}

/// How the local engine is doing; `None` where it was not asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalFacts {
    /// Whether the prompt fits into its context.
    pub fits: Option<bool>,
    /// The share of the prompt that its tokenizer cannot represent, 0 to 1.
    pub unk_ratio: Option<f32>,
    /// How long a new request would wait, in milliseconds.
    pub queue_ms: Option<u32>,
    /// Whether it is up.
    pub healthy: Option<bool>,
}

/// A moment, as a policy sees it.
#[derive(Clone, Copy, Debug)]
pub struct TimeFacts {
    /// 0 to 23.
    pub hour: u8,
    /// The day of the week.
    pub weekday: Weekday,
}

/// How a budget stands for the caller.
#[derive(Clone, Copy, Debug)]
pub struct BudgetFact {
    /// What is spent and reserved.
    pub used: NanoUsd,
    /// What may be spent.
    pub limit: NanoUsd,
    /// Whether a reservation just failed: the budget counts as used up, whatever the numbers say.
    pub refused: bool,
}

/// What this request would cost at a target, and whether the target can take it.
#[derive(Clone, Copy, Debug)]
pub struct TargetFacts {
    /// The most it can cost, as billed by an upstream; local work costs nothing here.
    pub cost_estimate: Estimate,
    /// Why it cannot take this request; `None` when it can.
    pub unable: Option<Unable>,
}

/// A cost before it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// At most this much.
    Known(NanoUsd),
    /// No price is known. That is not the same as free.
    Unpriced,
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that policies and records use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word back.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    };
}

words! {
    /// Whether the business stops without an answer.
    Criticality {
        /// Core business work.
        Core = "core",
        /// Everything else.
        NonCore = "non-core",
    }
}

words! {
    /// How good an answer must be.
    Quality {
        /// Good enough is good enough.
        Standard = "standard",
        /// The best there is.
        Best = "best",
    }
}

words! {
    /// The API that a request came in by.
    Surface {
        /// OpenAI chat completions.
        Chat = "chat",
        /// OpenAI completions.
        Completions = "completions",
        /// OpenAI responses.
        Responses = "responses",
        /// OpenAI embeddings.
        Embeddings = "embeddings",
        /// Anthropic messages.
        Messages = "messages",
    }
}

words! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
}

words! {
    /// Why a target cannot take a request, whatever the policy says.
    Unable {
        /// It is not answering.
        Down = "down",
        /// Its queue is full.
        Overloaded = "overloaded",
        /// The prompt is longer than it can read.
        InputTooLong = "input_too_long",
        /// Its tokenizer has no tokens for this text.
        UnrepresentableText = "unrepresentable_text",
        /// It does not speak the language.
        Language = "language",
        /// It cannot call tools.
        NoTools = "no_tools",
        /// It cannot see pictures.
        NoImages = "no_images",
        /// It cannot read files.
        NoFiles = "no_files",
        /// It cannot hear sound.
        NoAudio = "no_audio",
        /// It does not know what was said before, which lies at a provider.
        NoHistory = "no_history",
        /// It cannot stream.
        NoStreaming = "no_streaming",
        /// It does not serve this API.
        Surface = "surface",
        /// It cannot write an answer of the shape that is asked for.
        Shape = "shape",
        /// The caller's key does not allow it.
        NotAllowedForCaller = "not_allowed_for_caller",
        /// A budget has no room for it.
        OverBudget = "over_budget",
        /// Nobody knows what it charges, and a hard budget has to hold.
        Unpriced = "unpriced",
    }
}

impl Unable {
    /// The reason as part of a sentence that begins with the target's name.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Down => "is not answering",
            Self::Overloaded => "is overloaded",
            Self::InputTooLong => "cannot read a prompt this long",
            Self::UnrepresentableText => "cannot represent this text",
            Self::Language => "does not serve this language",
            Self::NoTools => "cannot call tools",
            Self::NoImages => "cannot see pictures",
            Self::NoFiles => "cannot read files",
            Self::NoAudio => "cannot hear sound",
            Self::NoHistory => "does not know what lies at a provider",
            Self::NoStreaming => "cannot stream",
            Self::Surface => "does not serve this API",
            Self::Shape => {
                "cannot write what `response_format` or `guided_json` asks for: in this process \
                 that is a JSON schema with nothing but `enum` or `const` of scalars, or the type \
                 `boolean` or `null`"
            }
            Self::NotAllowedForCaller => "is not allowed for this caller",
            Self::OverBudget => "would cost more than a budget has left",
            Self::Unpriced => "has no known price, so that no hard budget could hold",
        }
    }

    /// Whether the same request may succeed later.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Down | Self::Overloaded)
    }
}
