//! `DeepSeek`. Cache reads are `prompt_cache_hit_tokens`, thoughts are `reasoning_content`.

use super::Provider;
use super::chat::{Schemas, Vendor};

pub(super) const PROVIDER: &dyn Provider = &Vendor {
    name: "deepseek",
    book: "deepseek",
    base_url: "https://api.deepseek.com",
    limit: "max_tokens",
    renames: &[("max_completion_tokens", "max_tokens")],
    omits: &["user", "safety_identifier", "store", "metadata", "prompt_cache_key"],
    refuses: &["seed", "logit_bias", "n", "parallel_tool_calls"],
    // Only JSON as such is known.
    schemas: Schemas::ByTool,
    broken: &["insufficient_system_resource"],
    ..Vendor::USUAL
};
