//! The `usageMetadata` object of the Gemini API.
//!
//! Its `…TokensDetails` say how much of each count is audio, image (documents, too) or video.
//! There `promptTokenCount` contains what the cache served, `toolUsePromptTokenCount` lies beside it, and
//! `candidatesTokenCount` does not contain the thoughts. On a stream every event carries running totals.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::{Extra, Extras, Tier, Usage, UsageSource, take, tier};
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
    #[serde(rename = "promptTokensDetails", default)]
    prompt_details: Modalities,
    #[serde(rename = "cacheTokensDetails", default)]
    cached_details: Modalities,
    #[serde(rename = "toolUsePromptTokensDetails", default)]
    tool_use_details: Modalities,
    #[serde(rename = "candidatesTokensDetails", default)]
    candidates_details: Modalities,
    #[serde(rename = "trafficType", default, deserialize_with = "tier::read")]
    traffic: Option<Tier>,
}

/// How much of a count is something else than text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Modalities {
    audio: u64,
    image: u64,
    video: u64,
}

impl<'de> Deserialize<'de> for Modalities {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Detail<'a> {
            #[serde(borrow)]
            modality: Cow<'a, str>,
            #[serde(rename = "tokenCount", default)]
            count: u64,
        }
        let details = Option::<Vec<Detail<'de>>>::deserialize(reader)?;
        let mut sums = Self::default();
        for Detail { modality, count } in details.into_iter().flatten() {
            let sum = match &*modality {
                "AUDIO" => &mut sums.audio,
                "IMAGE" | "DOCUMENT" => &mut sums.image,
                "VIDEO" => &mut sums.video,
                _ => continue,
            };
            *sum = sum.saturating_add(count);
        }
        Ok(sums)
    }
}

impl GeminiUsage {
    /// The disjoint kinds. `None` without a prompt count: then the usage is unknown, not zero.
    pub fn read(&self) -> Option<Usage> {
        let prompt = self.prompt?;
        let (asked, cached_of) = (self.prompt_details, self.cached_details);
        let mut cached = self.cached.unwrap_or(0).min(prompt);
        let mut fresh = prompt.saturating_sub(cached).saturating_add(self.tool_use.unwrap_or(0));
        let cached_audio = take(&mut cached, cached_of.audio);
        let cached_image = take(&mut cached, cached_of.image);
        // Cached video has no rate of its own: it is read from the cache like text.
        let tools = self.tool_use_details;
        let beyond =
            |all: u64, cached: u64, tool: u64| all.saturating_sub(cached).saturating_add(tool);
        let audio = take(&mut fresh, beyond(asked.audio, cached_of.audio, tools.audio));
        let image = take(&mut fresh, beyond(asked.image, cached_of.image, tools.image));
        let video = take(&mut fresh, beyond(asked.video, cached_of.video, tools.video));
        let mut output = self.candidates.unwrap_or(0);
        let spoken = take(&mut output, self.candidates_details.audio);
        let drawn = take(&mut output, self.candidates_details.image);
        let filmed = take(&mut output, self.candidates_details.video);
        let extras = Extras::NONE
            .with(Extra::InputAudio, audio)
            .with(Extra::CacheAudioRead, cached_audio)
            .with(Extra::InputImage, image)
            .with(Extra::CacheImageRead, cached_image)
            .with(Extra::InputVideo, video)
            .with(Extra::OutputAudio, spoken)
            .with(Extra::OutputImage, drawn)
            .with(Extra::OutputVideo, filmed);
        Some(Usage {
            extras,
            tier: self.traffic.unwrap_or_default(),
            input_uncached: Tokens::counted(fresh),
            cache_read: Tokens::counted(cached),
            output: Tokens::counted(output),
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

    #[test]
    fn what_is_not_text_is_told_apart_once() {
        let wire = r#"{"promptTokenCount":1000,"cachedContentTokenCount":300,"candidatesTokenCount":1300,
            "thoughtsTokenCount":50,"totalTokenCount":2350,"trafficType":"ON_DEMAND_PRIORITY",
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":400},{"modality":"AUDIO","tokenCount":320},
              {"modality":"IMAGE","tokenCount":258},{"modality":"VIDEO","tokenCount":22}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":120},{"modality":"TEXT","tokenCount":180}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290},{"modality":"TEXT","tokenCount":10}]}"#;
        let read = serde_json::from_str::<GeminiUsage>(wire).unwrap().read().unwrap();
        let expected = Usage {
            input_uncached: Tokens(220),
            cache_read: Tokens(180),
            output: Tokens(10),
            reasoning: Tokens(50),
            extras: Extras::NONE
                .with(Extra::InputAudio, 200)
                .with(Extra::CacheAudioRead, 120)
                .with(Extra::InputImage, 258)
                .with(Extra::InputVideo, 22)
                .with(Extra::OutputImage, 1290),
            tier: Tier::Priority,
            ..Usage::none(UsageSource::Reported)
        };
        assert_eq!(read, expected);
        assert_eq!((read.input_total() + read.output_total()).0, 2350, "as the vendor adds it up");
    }
}
