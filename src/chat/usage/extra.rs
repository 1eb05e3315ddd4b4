//! Kinds of usage that few requests have, beside the six that nearly all have.

use crate::money::Tokens;

/// A kind of usage. Like the others, none of these counts what another counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extra {
    /// Audio tokens of the prompt that no cache served.
    InputAudio,
    /// Audio tokens of the prompt that a cache served.
    CacheAudioRead,
    /// Image tokens of the prompt that no cache served.
    InputImage,
    /// Image tokens of the prompt that a cache served.
    CacheImageRead,
    /// Video tokens of the prompt.
    InputVideo,
    /// Audio tokens of the answer.
    OutputAudio,
    /// Image tokens of the answer.
    OutputImage,
    /// Video tokens of the answer.
    OutputVideo,
    /// Tokens of citations.
    Citation,
    /// Searches of the web that the provider made; pieces, not tokens.
    WebSearch,
    /// Searches in files at the provider; pieces.
    FileSearch,
    /// Containers in which the provider ran programs; pieces.
    CodeSession,
    /// Uses of other tools that the provider runs; pieces.
    ProviderTool,
}

/// What a kind is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The prompt.
    Prompt,
    /// The answer.
    Answer,
    /// Neither: it is counted by the piece.
    Pieces,
}

impl Extra {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::InputAudio,
        Self::CacheAudioRead,
        Self::InputImage,
        Self::CacheImageRead,
        Self::InputVideo,
        Self::OutputAudio,
        Self::OutputImage,
        Self::OutputVideo,
        Self::Citation,
        Self::WebSearch,
        Self::FileSearch,
        Self::CodeSession,
        Self::ProviderTool,
    ];

    /// The word that records, metrics and price books use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InputAudio => "input_audio",
            Self::CacheAudioRead => "cache_audio_read",
            Self::InputImage => "input_image",
            Self::CacheImageRead => "cache_image_read",
            Self::InputVideo => "input_video",
            Self::OutputAudio => "output_audio",
            Self::OutputImage => "output_image",
            Self::OutputVideo => "output_video",
            Self::Citation => "citation",
            Self::WebSearch => "web_search",
            Self::FileSearch => "file_search",
            Self::CodeSession => "code_session",
            Self::ProviderTool => "provider_tool",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extra| extra.name() == name)
    }

    /// What it is a part of.
    pub const fn side(self) -> Side {
        match self {
            Self::InputAudio
            | Self::CacheAudioRead
            | Self::InputImage
            | Self::CacheImageRead
            | Self::InputVideo => Side::Prompt,
            Self::OutputAudio | Self::OutputImage | Self::OutputVideo | Self::Citation => {
                Side::Answer
            }
            Self::WebSearch | Self::FileSearch | Self::CodeSession | Self::ProviderTool => {
                Side::Pieces
            }
        }
    }
}

/// How much of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras([u32; Extra::ALL.len()]);

impl Extras {
    /// None of any.
    pub const NONE: Self = Self([0; Extra::ALL.len()]);

    /// How much of a kind.
    pub fn get(&self, extra: Extra) -> Tokens {
        let found = Extra::ALL.into_iter().zip(self.0).find(|(kind, _)| *kind == extra);
        Tokens(found.map_or(0, |(_, count)| count))
    }

    /// The same with this much of a kind.
    #[must_use]
    pub fn with(mut self, extra: Extra, count: u64) -> Self {
        for (kind, place) in Extra::ALL.into_iter().zip(&mut self.0) {
            if kind == extra {
                *place = Tokens::counted(count).0;
            }
        }
        self
    }

    /// The larger count of each kind.
    #[must_use]
    pub fn max(mut self, other: Self) -> Self {
        for (place, count) in self.0.iter_mut().zip(other.0) {
            *place = count.max(*place);
        }
        self
    }

    /// The same with one more of a kind.
    #[must_use]
    pub fn and_one(self, extra: Extra) -> Self {
        self.with(extra, u64::from(self.get(extra).0).saturating_add(1))
    }

    /// The kinds of which there is any.
    pub fn iter(&self) -> impl Iterator<Item = (Extra, Tokens)> {
        let all = Extra::ALL.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0).map(|(extra, count)| (extra, Tokens(count)))
    }

    /// The same without what is counted by the piece.
    #[must_use]
    pub fn without_pieces(self) -> Self {
        let pieces = Extra::ALL.into_iter().filter(|extra| extra.side() == Side::Pieces);
        pieces.fold(self, |kept, extra| kept.with(extra, 0))
    }

    /// All that belong to the prompt, or to the answer.
    pub fn sum(&self, side: Side) -> Tokens {
        self.iter()
            .filter(|(extra, _)| extra.side() == side)
            .fold(Tokens(0), |sum, (_, count)| sum + count)
    }
}
