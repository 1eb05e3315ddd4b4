//! Mistral. Unknown fields are errors there, so what changes no answer is left out; errors are written
//! in two shapes of its own; thoughts are parts of the content; names of calls have nine letters and digits.

use super::chat::{StreamUsage, Vendor, embeddings};
use super::ids::Ids;
use super::{Provider, Refusal};
use crate::dialect::json::Json;

pub(super) const PROVIDER: &dyn Provider = &Vendor {
    name: "mistral",
    book: "mistral",
    base_url: "https://api.mistral.ai/v1",
    limit: "max_tokens",
    stream_usage: StreamUsage::Told,
    renames: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
    omits: &[
        "stream_options",
        "user",
        "safety_identifier",
        "store",
        "metadata",
        "service_tier",
        "prompt_cache_key",
    ],
    refuses: &["logit_bias", "logprobs", "top_logprobs"],
    ids: Ids::Nine,
    broken: &["error"],
    refusal: Some(refusal),
    also: embeddings,
    ..Vendor::USUAL
};

/// `{"message": …}`, where the message of a malformed request is a list of its faults.
fn refusal(body: &[u8]) -> Option<Refusal> {
    let body = Json::read(body)?;
    let told = body.get("message").or_else(|| body.get("detail"))?;
    let faults = told.get("detail").unwrap_or(told);
    let message = match faults {
        Json::Text(text) => text.to_string(),
        Json::List(faults) => {
            let faults = faults.iter().filter_map(fault);
            faults.collect::<Vec<_>>().join("; ")
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => return None,
    };
    (!message.is_empty()).then_some(Refusal { status: None, message })
}

/// `body.messages.0.role: Input should be …`
fn fault(fault: &Json<'_>) -> Option<String> {
    let what = fault.get("msg")?.as_text()?;
    let Some(Json::List(steps)) = fault.get("loc") else { return Some(what.to_owned()) };
    let steps = steps.iter().map(|step| match step {
        Json::Text(text) => text.to_string(),
        step @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) => {
            step.written()
        }
    });
    Some(format!("{}: {what}", steps.collect::<Vec<_>>().join(".")))
}
