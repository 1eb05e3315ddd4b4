//! The `usage` object of the Anthropic Messages API.
//!
//! There `input_tokens` do not contain cache reads and writes, and `output_tokens` contain the thinking.
//! On a stream, `message_start` carries the input and the later `message_delta` the final output: merge
//! them with [`AnthropicUsage::update`].

use serde::Deserialize;

use super::{Extra, Extras, Tier, Usage, UsageSource, tier};
use crate::money::Tokens;

/// What the provider sends. Parse it where the reply is parsed, then call [`AnthropicUsage::read`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct AnthropicUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerTools>,
    #[serde(default, deserialize_with = "tier::read")]
    service_tier: Option<Tier>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct ServerTools {
    web_search_requests: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl AnthropicUsage {
    /// Takes over what a later event says; its counts are running totals, not increments.
    pub fn update(&mut self, later: &Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens =
            later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
        self.server_tool_use = later.server_tool_use.or(self.server_tool_use);
        self.service_tier = later.service_tier.or(self.service_tier);
    }

    /// The disjoint kinds. `None` without both counts: then the usage is unknown, not zero.
    pub fn read(&self) -> Option<Usage> {
        let (input, output) = (self.input_tokens?, self.output_tokens?);
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        let hour = self.cache_creation.and_then(|c| c.ephemeral_1h_input_tokens).unwrap_or(0);
        let thinking = self.output_tokens_details.and_then(|d| d.thinking_tokens).unwrap_or(0);
        let searches = self.server_tool_use.and_then(|it| it.web_search_requests).unwrap_or(0);
        Some(Usage {
            input_uncached: Tokens::counted(input),
            cache_read: Tokens::counted(self.cache_read_input_tokens.unwrap_or(0)),
            cache_write: Tokens::counted(written.saturating_sub(hour)),
            cache_write_1h: Tokens::counted(hour),
            output: Tokens::counted(output.saturating_sub(thinking)),
            reasoning: Tokens::counted(thinking.min(output)),
            extras: Extras::NONE.with(Extra::WebSearch, searches),
            tier: self.service_tier.unwrap_or_default(),
            ..Usage::none(UsageSource::Reported)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(json: &str) -> AnthropicUsage {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn cache_counts_lie_beside_the_input() {
        let usage = wire(
            r#"{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":188086,
                "cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},
                "output_tokens":393,"service_tier":"batch","server_tool_use":{"web_search_requests":3},
                "output_tokens_details":{"thinking_tokens":90}}"#,
        )
        .read()
        .unwrap();
        let expected = Usage {
            input_uncached: Tokens(21),
            cache_read: Tokens(188_086),
            cache_write: Tokens(200),
            cache_write_1h: Tokens(100),
            output: Tokens(303),
            reasoning: Tokens(90),
            extras: Extras::NONE.with(Extra::WebSearch, 3),
            tier: Tier::Batch,
            ..Usage::none(UsageSource::Reported)
        };
        assert_eq!(usage, expected);
        assert_eq!(usage.input_total(), Tokens(188_407));
    }

    #[test]
    fn a_stream_is_the_start_and_the_last_delta() {
        let mut usage =
            wire(r#"{"input_tokens":25,"cache_read_input_tokens":10,"output_tokens":1}"#);
        usage.update(&wire(r#"{"output_tokens":8}"#));
        usage.update(&wire(r#"{"output_tokens":15}"#));
        let read = usage.read().unwrap();
        assert_eq!((read.input_uncached, read.cache_read), (Tokens(25), Tokens(10)));
        assert_eq!(read.output, Tokens(15));
    }

    #[test]
    fn silence_is_unknown() {
        assert_eq!(wire("{}").read(), None);
        assert_eq!(wire(r#"{"input_tokens":3}"#).read(), None);
        assert_eq!(wire(r#"{"output_tokens":3}"#).read(), None);
    }
}
