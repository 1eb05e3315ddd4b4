//! How urgently a provider treated a request, which decides what it bills.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

/// The service tier of a request. The names are those of price books.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The usual one, whose rates a price book has.
    #[default]
    Standard,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
    /// Within a day.
    Batch,
    /// One that this program does not know.
    Other,
}

impl Tier {
    /// Every tier that can have a price of its own.
    pub const PRICED: [Self; 3] = [Self::Flex, Self::Priority, Self::Batch];

    /// The word that records and configurations use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Batch => "batch",
            Self::Other => "other",
        }
    }

    /// The tier of this name, as records have it.
    pub fn from_name(name: &str) -> Self {
        let all = [Self::Standard, Self::Flex, Self::Priority, Self::Batch];
        all.into_iter().find(|tier| tier.name() == name).unwrap_or(Self::Other)
    }

    /// What a provider calls it: the words of OpenAI, Anthropic, Bedrock and Vertex.
    pub fn of_wire(word: &str) -> Self {
        match word {
            "default" | "auto" | "standard" | "standard_only" | "ON_DEMAND" => Self::Standard,
            "flex" | "ON_DEMAND_FLEX" => Self::Flex,
            "priority" | "ON_DEMAND_PRIORITY" => Self::Priority,
            "batch" => Self::Batch,
            _ => Self::Other,
        }
    }
}

/// Reads a provider's word for a tier; `None` where it says none.
pub(super) fn read<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Tier>, D::Error> {
    let word = Option::<Cow<'de, str>>::deserialize(reader)?;
    Ok(word.map(|word| Tier::of_wire(&word)))
}
