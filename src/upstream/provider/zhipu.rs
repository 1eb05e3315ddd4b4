//! Zhipu (GLM). The end of a stream tells its usage unasked; the international address is
//! `https://api.z.ai/api/paas/v4`.

use super::chat::{Schemas, StreamUsage, Vendor, embeddings};
use super::{Provider, said_in_error};

pub(super) const PROVIDER: &dyn Provider = &Vendor {
    name: "zhipu",
    book: "zhipuai",
    base_url: "https://open.bigmodel.cn/api/paas/v4",
    limit: "max_tokens",
    stream_usage: StreamUsage::Told,
    renames: &[("max_completion_tokens", "max_tokens"), ("user", "user_id")],
    omits: &["stream_options", "safety_identifier", "store", "metadata", "prompt_cache_key"],
    refuses: &[
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "n",
        "seed",
        "parallel_tool_calls",
    ],
    // Only JSON as such is known, and no tool can be forced.
    schemas: Schemas::Unknown,
    broken: &["network_error"],
    // `code` is a number in quotes and there is no `type`.
    refusal: Some(said_in_error),
    also: embeddings,
    ..Vendor::USUAL
};
