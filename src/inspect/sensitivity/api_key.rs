//! Keys of well-known services, told by their prefix, alphabet and length; and values assigned to
//! names such as `api_key` or `client_secret`.
//!
//! Placeholders of documentation (`sk-xxxx`, `your-key-here`) are no secrets.

use super::text::{Hit, Text};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &ApiKey;

struct ApiKey;

/// What may follow a prefix.
#[derive(Clone, Copy)]
enum Body {
    /// Capital letters and digits.
    Upper,
    /// Small hexadecimal digits.
    Hex,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Letters, digits, `-`, `_` and `.`.
    Dotted,
}

impl Body {
    fn accepts(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        }
    }
}

macro_rules! keys {
    ($($prefix:literal $body:ident $min:literal..=$max:literal,)*) => {
        /// Prefixes in the order of [`SHAPES`].
        const PREFIXES: &[&str] = &[$($prefix,)* "aws_secret_access_key", "secretaccesskey",
            "api_key", "apikey", "api-key", "access_token", "client_secret", "auth_token",
            "secret_key", "api key", "accountkey", "bearer "];
        /// What follows each prefix and how long it is.
        const SHAPES: &[(&str, Body, usize, usize)] = &[$(($prefix, Body::$body, $min, $max),)*];
    };
}

keys! {
    "sk-" Url 20..=220,          // OpenAI (also sk-proj-), Anthropic (sk-ant-), DeepSeek, OpenRouter
    "AKIA" Upper 16..=16,        // AWS
    "ASIA" Upper 16..=16,
    "ghp_" Alnum 36..=40,        // GitHub
    "gho_" Alnum 36..=40,
    "ghu_" Alnum 36..=40,
    "ghs_" Alnum 36..=40,
    "ghr_" Alnum 36..=80,
    "github_pat_" Url 60..=100,
    "glpat-" Url 20..=64,        // GitLab
    "xoxb-" Url 20..=120,        // Slack
    "xoxp-" Url 20..=120,
    "xoxa-" Url 20..=120,
    "xoxr-" Url 20..=120,
    "xoxs-" Url 20..=120,
    "xapp-" Url 20..=160,
    "sk_live_" Alnum 20..=120,   // Stripe
    "rk_live_" Alnum 20..=120,
    "whsec_" Alnum 24..=80,
    "AIza" Url 35..=35,          // Google
    "ya29." Url 30..=400,
    "npm_" Alnum 36..=36,
    "pypi-" Url 60..=400,
    "hf_" Alnum 30..=40,         // Hugging Face
    "SG." Dotted 50..=80,        // SendGrid
    "SK" Hex 32..=32,            // Twilio
    "gsk_" Alnum 40..=60,        // Groq
    "xai-" Alnum 60..=100,
    "r8_" Alnum 37..=40,         // Replicate
    "pplx-" Alnum 40..=60,
    "dop_v1_" Hex 64..=64,       // DigitalOcean
    "glsa_" Url 32..=60,         // Grafana
    "shpat_" Hex 32..=32,        // Shopify
    "hvs." Url 24..=200,         // Vault
    "dckr_pat_" Url 20..=60,     // Docker
    "lin_api_" Alnum 32..=60,    // Linear
    "sq0csp-" Url 40..=50,       // Square
    "LTAI" Alnum 12..=24,        // Alibaba Cloud
    "AKID" Alnum 32..=32,        // Tencent Cloud
}

impl Detector for ApiKey {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretApiKey]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Words(PREFIXES)
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return };
        let prefix = text.part(word.clone());
        let shape = SHAPES.iter().find(|(known, ..)| known.as_bytes() == prefix);
        let hit = match shape {
            Some((_, body, min, max)) => {
                let end = text.run(word.end, |byte| body.accepts(byte));
                known(text, word.start..trim(text, end), word.end, *min..=*max)
            }
            None => assigned(text, word.end),
        };
        found.extend(hit);
    }
}

fn trim(text: &Text<'_>, mut end: usize) -> usize {
    while matches!(text.before(end), b'.' | b'-' | b'_') {
        end -= 1;
    }
    end
}

fn known(
    text: &Text<'_>,
    span: Range<usize>,
    body: usize,
    sizes: std::ops::RangeInclusive<usize>,
) -> Option<Hit> {
    let is_key = sizes.contains(&(span.end.saturating_sub(body)))
        && text.opens(span.start)
        && text.closes(span.end)
        && !is_placeholder(text.part(body..span.end));
    // `sk-` also begins names such as `sk-learn-style-names`; a key has digits or both cases.
    let is_key = is_key && is_random(text.part(body..span.end));
    is_key.then_some(Hit {
        label: Label::SecretApiKey,
        span,
        confidence: Confidence::Certain,
        evidence: Evidence::Structure,
    })
}

/// A value behind `name = "…"`, `name: …` or a bearer token.
fn assigned(text: &Text<'_>, name_end: usize) -> Option<Hit> {
    let is_between =
        |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'=' | b'\\' | b'>' | b'`');
    let start = text.run(name_end, is_between);
    let is_bearer = text.before(name_end) == b' ';
    let gap = text.part(name_end..start);
    if !is_bearer && (gap.len() > 8 || !gap.iter().any(|byte| matches!(byte, b':' | b'='))) {
        return None;
    }
    let is_value = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'=' | b'~')
    };
    let end = trim(text, text.run(start, is_value));
    let value = text.part(start..end);
    let is_key = (16..=400).contains(&value.len()) && is_random(value) && !is_placeholder(value);
    is_key.then_some(Hit {
        label: Label::SecretApiKey,
        span: start..end,
        confidence: Confidence::Likely,
        evidence: Evidence::Context,
    })
}

/// Whether the letters and digits are mixed as in a drawn value, not as in a name.
fn is_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let capitals = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let distinct = distinct(value);
    distinct >= 8 && (digits >= 2 || (digits + capitals >= 3 && distinct >= 10))
}

fn distinct(value: &[u8]) -> u32 {
    let seen = value.iter().fold(0_u128, |seen, byte| seen | 1 << (byte % 128));
    seen.count_ones()
}

/// What documentation puts where a key would stand.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    const SIGNS: &[&[u8]] =
        &[b"xxxx", b"example", b"your", b"****", b"....", b"placeholder", b"changeme", b"redacted"];
    let has = |sign: &&[u8]| value.windows(sign.len()).any(|part| part.eq_ignore_ascii_case(sign));
    distinct(value) < 5 || SIGNS.iter().any(has)
}
