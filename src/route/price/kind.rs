//! What prices are for: every unit that a book can put a rate on.

use serde::{Deserialize, Serialize};

use crate::chat::usage::Extra;

/// A unit that is sold. The names are those of the book's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Prompt tokens.
    Input,
    /// Prompt tokens read from a cache.
    CacheRead,
    /// Prompt tokens written to a cache with its standard life.
    CacheWrite,
    /// Prompt tokens written to a cache for an hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Answer tokens.
    Output,
    /// Reasoning tokens.
    Reasoning,
    /// Citation tokens.
    Citation,
    /// Audio tokens of the prompt.
    InputAudio,
    /// Audio tokens of the prompt read from a cache.
    CacheAudioRead,
    /// Audio tokens of the answer.
    OutputAudio,
    /// Image tokens of the prompt.
    InputImage,
    /// Image tokens of the prompt read from a cache.
    CacheImageRead,
    /// Image tokens of the answer.
    OutputImage,
    /// Video tokens of the prompt.
    InputVideo,
    /// Video tokens of the answer.
    OutputVideo,
    /// Requests.
    Request,
    /// Web searches that the provider made.
    WebSearch,
    /// Searches in files at the provider.
    FileSearch,
    /// Containers in which the provider ran programs.
    CodeSession,
    /// Uses of other tools that the provider runs.
    ProviderTool,
}

impl From<Extra> for Kind {
    fn from(extra: Extra) -> Self {
        match extra {
            Extra::InputAudio => Self::InputAudio,
            Extra::CacheAudioRead => Self::CacheAudioRead,
            Extra::InputImage => Self::InputImage,
            Extra::CacheImageRead => Self::CacheImageRead,
            Extra::InputVideo => Self::InputVideo,
            Extra::OutputAudio => Self::OutputAudio,
            Extra::OutputImage => Self::OutputImage,
            Extra::OutputVideo => Self::OutputVideo,
            Extra::Citation => Self::Citation,
            Extra::WebSearch => Self::WebSearch,
            Extra::FileSearch => Self::FileSearch,
            Extra::CodeSession => Self::CodeSession,
            Extra::ProviderTool => Self::ProviderTool,
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Output,
        Self::Reasoning,
        Self::Citation,
        Self::InputAudio,
        Self::CacheAudioRead,
        Self::OutputAudio,
        Self::InputImage,
        Self::CacheImageRead,
        Self::OutputImage,
        Self::InputVideo,
        Self::OutputVideo,
        Self::Request,
        Self::WebSearch,
        Self::FileSearch,
        Self::CodeSession,
        Self::ProviderTool,
    ];

    /// The tools that a provider runs.
    pub const TOOLS: [Self; 4] =
        [Self::WebSearch, Self::FileSearch, Self::CodeSession, Self::ProviderTool];

    /// The word in the book.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::Citation => "citation",
            Self::InputAudio => "input_audio",
            Self::CacheAudioRead => "cache_audio_read",
            Self::OutputAudio => "output_audio",
            Self::InputImage => "input_image",
            Self::CacheImageRead => "cache_image_read",
            Self::OutputImage => "output_image",
            Self::InputVideo => "input_video",
            Self::OutputVideo => "output_video",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::FileSearch => "file_search",
            Self::CodeSession => "code_session",
            Self::ProviderTool => "provider_tool",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is sold by the piece rather than by the million tokens.
    pub const fn is_by_piece(self) -> bool {
        matches!(
            self,
            Self::Request
                | Self::WebSearch
                | Self::FileSearch
                | Self::CodeSession
                | Self::ProviderTool
        )
    }

    /// The dearest rate that is still believable, in nano-USD per million tokens or per million pieces.
    /// The dearest real ones are $600 for a million tokens and cents for a search or a container; a price per token
    /// taken for one per million, or per thousand, is far beyond or below.
    pub const fn rate_max(self) -> u64 {
        if self.is_by_piece() { 1_000_000_000_000_000 } else { 5_000_000_000_000 }
    }

    /// The cheapest rate that is still believable, besides nothing at all.
    pub const fn rate_min(self) -> u64 {
        if self.is_by_piece() { 1_000_000_000 } else { 100_000 }
    }

    /// The kind whose rate holds where this one has none: a part is charged like the whole. A model
    /// that sells no output (embeddings) and yet answers is charged as for input, never nothing.
    pub const fn whole(self) -> Option<Self> {
        match self {
            Self::CacheRead
            | Self::CacheWrite
            | Self::InputAudio
            | Self::InputImage
            | Self::InputVideo
            | Self::Output => Some(Self::Input),
            Self::CacheWrite1h => Some(Self::CacheWrite),
            // A cache that sells text cheaply need not sell anything else so.
            Self::CacheAudioRead => Some(Self::InputAudio),
            Self::CacheImageRead => Some(Self::InputImage),
            Self::Reasoning
            | Self::Citation
            | Self::OutputAudio
            | Self::OutputImage
            | Self::OutputVideo => Some(Self::Output),
            Self::Input
            | Self::Request
            | Self::WebSearch
            | Self::FileSearch
            | Self::CodeSession
            | Self::ProviderTool => None,
        }
    }
}
