//! `OpenRouter`, which passes requests on to many vendors and bills what `usage.cost` says.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::chat::Vendor;
use super::{Provider, Refusal, said_in_error};
use crate::dialect::json::Json;
use crate::money::NanoUsd;

pub(super) const PROVIDER: &dyn Provider = &Vendor {
    name: "openrouter",
    book: "openrouter",
    base_url: "https://openrouter.ai/api/v1",
    limit: "max_tokens",
    renames: &[("max_completion_tokens", "max_tokens")],
    refusal: Some(refusal),
    disguised: Some(disguised),
    billed: Some(billed),
    broken: &["error"],
    ..Vendor::USUAL
};

/// The bill in dollars, rounded up to a nano-dollar.
fn billed(body: &[u8]) -> Option<NanoUsd> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        #[serde(borrow)]
        usage: Option<Bill<'a>>,
    }
    #[derive(Deserialize)]
    struct Bill<'a> {
        #[serde(borrow)]
        cost: Option<&'a RawValue>,
    }
    let whole: Whole<'_> = serde_json::from_slice(body).ok()?;
    NanoUsd::from_json_usd(whole.usage?.cost?.get())
}

/// The status stands in the body: in `code`, which elsewhere is a word.
fn refusal(body: &[u8]) -> Option<Refusal> {
    let told = said_in_error(body)?;
    let code = Json::read(body)?.get("error")?.get("code").and_then(|it| it.as_number()?.as_u64());
    let status = code.and_then(|it| u16::try_from(it).ok()).filter(|it| (400..600).contains(it));
    Some(Refusal { status, ..told })
}

/// What went wrong after the request was taken comes with status 200.
fn disguised(body: &[u8]) -> Option<Refusal> {
    memchr::memmem::find(body, b"\"error\"")?;
    refusal(body).map(|told| Refusal { status: told.status.or(Some(502)), ..told })
}
