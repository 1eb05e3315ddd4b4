//! The `usageMetadata` object of the Gemini API.
//!
//! There `promptTokenCount` contains what the cache served, `toolUsePromptTokenCount` lies beside it, and
//! `candidatesTokenCount` does not contain the thoughts. On a stream every event carries running totals.

use serde::Deserialize;

use super::{Usage, UsageSource};
use crate::money::Tokens;

/// What the provider sends. Parse it where the reply is parsed, then call [`GeminiUsage::read`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct GeminiUsage {
    #[serde(rename = "promptTokenCount")]
    prompt: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    cached: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    tool_use: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<u64>,
}

impl GeminiUsage {
    /// The disjoint kinds. `None` without a prompt count: then the usage is unknown, not zero.
    pub fn read(&self) -> Option<Usage> {
        let prompt = self.prompt?;
        let cached = self.cached.unwrap_or(0).min(prompt);
        let tools = self.tool_use.unwrap_or(0);
        Some(Usage {
            input_uncached: Tokens::counted(prompt.saturating_sub(cached).saturating_add(tools)),
            cache_read: Tokens::counted(cached),
            output: Tokens::counted(self.candidates.unwrap_or(0)),
            reasoning: Tokens::counted(self.thoughts.unwrap_or(0)),
            ..Usage::none(UsageSource::Reported)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_lie_beside_the_answer_and_cached_tokens_in_the_prompt() {
        let wire = r#"{"promptTokenCount":1152,"cachedContentTokenCount":1024,"candidatesTokenCount":40,
            "thoughtsTokenCount":300,"toolUsePromptTokenCount":7,"totalTokenCount":1499,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":1152}]}"#;
        let read = serde_json::from_str::<GeminiUsage>(wire).unwrap().read().unwrap();
        let expected = Usage {
            input_uncached: Tokens(135),
            cache_read: Tokens(1024),
            output: Tokens(40),
            reasoning: Tokens(300),
            ..Usage::none(UsageSource::Reported)
        };
        assert_eq!(read, expected);
        assert_eq!((read.input_total() + read.output_total()).0, 1499, "as the vendor adds it up");
        assert_eq!(GeminiUsage::default().read(), None);
    }
}
