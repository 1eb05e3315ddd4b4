//! The `usage` object of Amazon Bedrock's Converse API.
//!
//! There `inputTokens` do not contain cache reads and writes; `cacheDetails` say how long written tokens
//! live. Reasoning is part of `outputTokens` and not told apart.

use serde::Deserialize;

use super::{Usage, UsageSource};
use crate::money::Tokens;

/// What the provider sends. Parse it where the reply is parsed, then call [`ConverseUsage::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_details: Option<Vec<Detail>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    ttl: String,
    input_tokens: u64,
}

impl ConverseUsage {
    /// The disjoint kinds. `None` without both counts: then the usage is unknown, not zero.
    pub fn read(&self) -> Option<Usage> {
        let (input, output) = (self.input_tokens?, self.output_tokens?);
        let written = self.cache_write_input_tokens.unwrap_or(0);
        let details = self.cache_details.iter().flatten().filter(|it| it.ttl == "1h");
        let hour = details.map(|it| it.input_tokens).fold(0, u64::saturating_add).min(written);
        Some(Usage {
            input_uncached: Tokens::counted(input),
            cache_read: Tokens::counted(self.cache_read_input_tokens.unwrap_or(0)),
            cache_write: Tokens::counted(written.saturating_sub(hour)),
            cache_write_1h: Tokens::counted(hour),
            output: Tokens::counted(output),
            ..Usage::none(UsageSource::Reported)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_counts_lie_beside_the_input() {
        let wire = r#"{"inputTokens":12,"outputTokens":30,"totalTokens":1342,
            "cacheReadInputTokens":1000,"cacheWriteInputTokens":300,
            "cacheDetails":[{"ttl":"5m","inputTokens":200},{"ttl":"1h","inputTokens":100}]}"#;
        let read = serde_json::from_str::<ConverseUsage>(wire).unwrap().read().unwrap();
        let expected = Usage {
            input_uncached: Tokens(12),
            cache_read: Tokens(1000),
            cache_write: Tokens(200),
            cache_write_1h: Tokens(100),
            output: Tokens(30),
            ..Usage::none(UsageSource::Reported)
        };
        assert_eq!(read, expected);
        assert_eq!((read.input_total() + read.output_total()).0, 1342, "as the vendor adds it up");
        assert_eq!(ConverseUsage::default().read(), None);
    }
}
