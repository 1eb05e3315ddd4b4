//! The key of an answer: a digest of everything that the answer may depend on.
//!
//! Who asks, the policy that decided and what it decided, what the request was found to be, and the
//! request itself, every byte that means something. Two requests share a key if they differ in nothing
//! but blanks between the tokens of their JSON and the order of the fields at its top.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hyper::header::{CACHE_CONTROL, HeaderMap};
use serde_json::value::RawValue;

use crate::caller::Caller;
use crate::chat::Request;
use crate::hashed::{Digest, Hashed};
use crate::inspect::{Findings, Task};
use crate::policy::{Decision, Policy};

/// What the client says about answers that were given before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing: one is as good as a new one.
    #[default]
    Any,
    /// `no-cache`: a new one is wanted.
    New,
    /// `no-store`: neither is one wanted, nor may this one be kept.
    Apart,
}

impl Freshness {
    /// What the header `cache-control` asks for.
    pub fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(CACHE_CONTROL).iter();
        let words = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        words.fold(Self::Any, |known, word| match word.trim_ascii() {
            word if word.eq_ignore_ascii_case(b"no-store") => Self::Apart,
            word if word.eq_ignore_ascii_case(b"no-cache") && known == Self::Any => Self::New,
            _ => known,
        })
    }
}

/// A request, with everything that an answer to it may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// What is asked.
    pub request: &'a Request,
    /// What was found in it.
    pub findings: &'a Findings,
    /// The policy that decided,
    pub policy: &'a Policy,
    /// and what it decided.
    pub decision: &'a Decision,
    /// What the client says about answers that were given before.
    pub freshness: Freshness,
}

/// The key of an answer; `None` for a refusal, and for a body that is not an object.
pub(super) fn of(secret: &[u8; 32], asked: &Asked<'_>) -> Option<Digest> {
    let Asked { caller, request, findings, policy, decision, .. } = asked;
    let permit = decision.permit()?;
    let target = policy.target_name(permit.target()?);
    let task = findings.task.map_or(Task::Unknown, |guess| guess.task);
    let mut hashed = Hashed::with_capacity(request.body().len() + 512);
    hashed.put(b's', secret);
    for part in [
        caller.name.as_str(),
        &caller.team,
        policy.rev(),
        decision.sensitivity.name(),
        request.surface.name(),
        &request.model,
        task.name(),
        policy.route_id(permit.route),
        target,
    ] {
        hashed.put(b'p', part.as_bytes());
    }
    // What applied decides what is masked.
    for matched in &decision.trace.limits {
        hashed.put(b'l', policy.limit_id(matched.limit).as_bytes());
    }
    let top: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(request.body()).ok()?;
    for (name, value) in top {
        hashed.put(b'k', name.as_bytes());
        hashed.put(b'v', &compact(value.get()));
    }
    Some(hashed.digest())
}

/// JSON without the blanks between its tokens. The order of fields stays: that of a schema shapes the
/// answer.
fn compact(json: &str) -> Vec<u8> {
    let (mut is_text, mut is_escaped) = (false, false);
    let means_something = |byte: &u8| {
        if is_text {
            is_text = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            return true;
        }
        is_text = *byte == b'"';
        !byte.is_ascii_whitespace()
    };
    json.bytes().filter(means_something).collect()
}

#[cfg(test)]
mod tests {
    use super::{Freshness, compact};
    use hyper::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn blanks_count_inside_of_texts_only() {
        let cases = [
            ("{ \"a\" : [ 1 , 2.50 ] }", r#"{"a":[1,2.50]}"#),
            (r#"" a \" b " "#, r#"" a \" b ""#),
            (r#"[ "a\\" , "b c" ]"#, r#"["a\\","b c"]"#),
            ("\t12345678901234567890123\n", "12345678901234567890123"),
        ];
        for (json, expected) in cases {
            assert_eq!(String::from_utf8(compact(json)).unwrap(), expected);
        }
    }

    #[test]
    fn clients_say_what_they_want() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
            }
            Freshness::of(&headers)
        };
        assert_eq!(of(&[]), Freshness::Any);
        assert_eq!(of(&["max-age=60"]), Freshness::Any);
        assert_eq!(of(&["max-age=0, No-Cache"]), Freshness::New);
        assert_eq!(of(&["no-store, no-cache"]), Freshness::Apart);
        assert_eq!(of(&["no-cache", "no-store"]), Freshness::Apart);
    }

    proptest! {
        /// What is left says the same, and is what any other spelling of it comes to.
        #[test]
        fn spelling_does_not_matter(texts in proptest::collection::vec(".{0,12}", 0..4), number: i64) {
            let value = serde_json::json!({ "texts": texts, "number": number, "none": null });
            let (plain, spread) = (value.to_string(), serde_json::to_string_pretty(&value).unwrap());
            prop_assert_eq!(compact(&plain), compact(&spread));
            prop_assert_eq!(serde_json::from_slice::<Value>(&compact(&spread)).unwrap(), value);
        }
    }
}
