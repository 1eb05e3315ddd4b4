//! `MiniMax`. Errors come with status 200 and a `base_resp` that tells; streams may end without a word.

use super::chat::{Schemas, StreamUsage, Vendor};
use super::{Provider, Refusal, said_in_error};
use crate::dialect::json::Json;

pub(super) const PROVIDER: &dyn Provider = &Vendor {
    name: "minimax",
    book: "minimax",
    base_url: "https://api.minimax.io/v1",
    stream_usage: StreamUsage::Asked,
    renames: &[("max_tokens", "max_completion_tokens")],
    omits: &["user", "safety_identifier", "store", "metadata", "prompt_cache_key"],
    refuses: &["presence_penalty", "frequency_penalty", "logit_bias", "n", "seed"],
    schemas: Schemas::ByTool,
    refusal: Some(refusal),
    disguised: Some(disguised),
    ends_silently: true,
    ..Vendor::USUAL
};

/// What `base_resp` says, if it is not that all is well.
fn disguised(body: &[u8]) -> Option<Refusal> {
    // Most events have none: looking is cheaper than reading.
    memchr::memmem::find(body, b"\"base_resp\"")?;
    let body = Json::read(body)?;
    let told = body.get("base_resp")?;
    let code = told.get("status_code")?.as_number()?.as_u64()?;
    let status = match code {
        0 => return None,
        1002 | 1039 | 1041 | 2045 | 2056 => 429,
        1004 | 2049 => 401,
        1008 => 402,
        1026 | 1027 | 1042 | 2013 => 400,
        1001 => 504,
        _ => 500,
    };
    let message = told.get("status_msg").and_then(Json::as_text).unwrap_or("no reason given");
    Some(Refusal { status: Some(status), message: format!("{message} ({code})") })
}

fn refusal(body: &[u8]) -> Option<Refusal> {
    disguised(body).or_else(|| said_in_error(body))
}
