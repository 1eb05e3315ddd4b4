//! The `usage` object of the OpenAI chat, completions, embeddings and Responses APIs.
//!
//! There `prompt_tokens` contain the cached ones and `completion_tokens` contain the reasoning, so both
//! are taken apart. xAI reports reasoning beside `completion_tokens`; its `total_tokens` give that away.
//! `DeepSeek` and `Moonshot` name their cache reads otherwise. Audio and images are told as parts of the
//! prompt, of its cached part and of the answer. Unknown fields are ignored.

use serde::Deserialize;

use super::{Extra, Extras, Usage, UsageSource, take};
use crate::money::Tokens;

/// What the provider sends. Parse it where the reply is parsed, then call [`OpenAiUsage::read`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct OpenAiUsage {
    #[serde(alias = "input_tokens")]
    prompt_tokens: Option<u64>,
    #[serde(alias = "output_tokens")]
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    #[serde(alias = "input_tokens_details")]
    prompt_tokens_details: Option<InputDetails>,
    #[serde(alias = "output_tokens_details")]
    completion_tokens_details: Option<OutputDetails>,
    prompt_cache_hit_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    /// Perplexity's, beside `completion_tokens`.
    citation_tokens: Option<u64>,
    num_search_queries: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
    cached_tokens_details: Option<CachedDetails>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct CachedDetails {
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct OutputDetails {
    #[serde(rename = "reasoning_tokens")]
    reasoning: Option<u64>,
    #[serde(rename = "audio_tokens")]
    audio: Option<u64>,
    #[serde(rename = "image_tokens")]
    image: Option<u64>,
}

impl OpenAiUsage {
    /// The disjoint kinds. `None` without a prompt count: then the usage is unknown, not zero.
    pub fn read(&self) -> Option<Usage> {
        let prompt = self.prompt_tokens?;
        // Embeddings answer without text and say nothing about it; everything else must say.
        let completion = match self.completion_tokens {
            Some(completion) => completion,
            None if self.total_tokens == Some(prompt) => 0,
            None => return None,
        };
        let details = self.prompt_tokens_details.unwrap_or_default();
        let cached = details.cached_tokens.or(self.prompt_cache_hit_tokens).or(self.cached_tokens);
        let mut fresh = prompt;
        let mut cache_read = take(&mut fresh, cached.unwrap_or(0));
        let cache_write = take(&mut fresh, details.cache_write_tokens.unwrap_or(0));
        let of_cache = details.cached_tokens_details.unwrap_or_default();
        let cached_audio = take(&mut cache_read, of_cache.audio_tokens.unwrap_or(0));
        let cached_image = take(&mut cache_read, of_cache.image_tokens.unwrap_or(0));
        // What is told of the prompt contains what is told of its cached part.
        let beyond = |all: Option<u64>, cached| all.unwrap_or(0).saturating_sub(cached);
        let audio = take(&mut fresh, beyond(details.audio_tokens, cached_audio));
        let image = take(&mut fresh, beyond(details.image_tokens, cached_image));

        let of_answer = self.completion_tokens_details.unwrap_or_default();
        let reasoning = of_answer.reasoning.unwrap_or(0);
        let apart = prompt.checked_add(completion).and_then(|sum| sum.checked_add(reasoning));
        let is_beside = apart.is_some() && self.total_tokens == apart;
        let mut output = if is_beside { completion } else { completion.saturating_sub(reasoning) };
        let reasoning = if is_beside { reasoning } else { reasoning.min(completion) };
        let spoken = take(&mut output, of_answer.audio.unwrap_or(0));
        let drawn = take(&mut output, of_answer.image.unwrap_or(0));
        let extras = Extras::NONE
            .with(Extra::InputAudio, audio)
            .with(Extra::CacheAudioRead, cached_audio)
            .with(Extra::InputImage, image)
            .with(Extra::CacheImageRead, cached_image)
            .with(Extra::OutputAudio, spoken)
            .with(Extra::OutputImage, drawn)
            .with(Extra::Citation, self.citation_tokens.unwrap_or(0))
            .with(Extra::WebSearch, self.num_search_queries.unwrap_or(0));
        Some(Usage {
            extras,
            input_uncached: Tokens::counted(fresh),
            cache_read: Tokens::counted(cache_read),
            cache_write: Tokens::counted(cache_write),
            output: Tokens::counted(output),
            reasoning: Tokens::counted(reasoning),
            ..Usage::none(UsageSource::Reported)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(input_uncached, cache_read, cache_write, output, reasoning)`
    fn check(json: &str, expected: Option<(u32, u32, u32, u32, u32)>) {
        let wire: OpenAiUsage = serde_json::from_str(json).unwrap();
        let found = wire.read().map(|usage| {
            assert_eq!(usage.source, UsageSource::Reported);
            assert_eq!(usage.cache_write_1h, Tokens(0));
            (
                usage.input_uncached.0,
                usage.cache_read.0,
                usage.cache_write.0,
                usage.output.0,
                usage.reasoning.0,
            )
        });
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn cached_and_reasoning_tokens_count_once() {
        check(
            r#"{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
                "prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
                "completion_tokens_details":{"reasoning_tokens":192,"audio_tokens":0,
                  "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#,
            Some((86, 1920, 0, 108, 192)),
        );
        check(
            r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,
                "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30}}"#,
            Some((10, 60, 30, 7, 0)),
        );
    }

    #[test]
    fn every_surface_has_its_names() {
        check(
            r#"{"input_tokens":36,"input_tokens_details":{"cached_tokens":4},"output_tokens":87,
                "output_tokens_details":{"reasoning_tokens":80},"total_tokens":123}"#,
            Some((32, 4, 0, 7, 80)),
        );
        check(r#"{"prompt_tokens":8,"total_tokens":8}"#, Some((8, 0, 0, 0, 0)));
        check(
            r#"{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
                "prompt_tokens_details":null,"completion_tokens_details":null}"#,
            Some((19, 0, 0, 10, 0)),
        );
    }

    #[test]
    fn providers_that_differ_are_understood() {
        // xAI: reasoning is not part of completion_tokens.
        check(
            r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,
                "prompt_tokens_details":{"cached_tokens":6},
                "completion_tokens_details":{"reasoning_tokens":94}}"#,
            Some((26, 6, 0, 9, 94)),
        );
        // DeepSeek and Moonshot name cache reads otherwise.
        check(
            r#"{"prompt_tokens":50,"completion_tokens":1,"total_tokens":51,
                "prompt_cache_hit_tokens":40,"prompt_cache_miss_tokens":10}"#,
            Some((10, 40, 0, 1, 0)),
        );
        check(
            r#"{"prompt_tokens":50,"completion_tokens":1,"total_tokens":51,"cached_tokens":20}"#,
            Some((30, 20, 0, 1, 0)),
        );
    }

    #[test]
    fn nonsense_is_bounded_and_silence_is_unknown() {
        check("{}", None);
        check(r#"{"prompt_tokens":5}"#, None);
        check(r#"{"completion_tokens":5}"#, None);
        check(
            r#"{"prompt_tokens":5,"completion_tokens":5,
                "prompt_tokens_details":{"cached_tokens":9},
                "completion_tokens_details":{"reasoning_tokens":9}}"#,
            Some((0, 5, 0, 0, 5)),
        );
        check(
            r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615,
                "completion_tokens_details":{"reasoning_tokens":1}}"#,
            Some((u32::MAX, 0, 0, u32::MAX, 1)),
        );
        assert!(serde_json::from_str::<OpenAiUsage>(r#"{"prompt_tokens":-1}"#).is_err());
    }
}
