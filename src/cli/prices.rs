//! `ambidex prices`: look prices up, cost recorded usage, make a new book.

pub mod compare;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, Write};

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chat::Usage;
use crate::chat::usage::{AnthropicUsage, ConverseUsage, GeminiUsage, OpenAiUsage, Tier};
use crate::money::{NanoUsd, Tokens};
use crate::route::price::import::{Origin, genai_prices};
use crate::route::price::{Listing, Match, PriceBook, Rate};

/// Prints every listing that the name means, at every provider or at the one in `provider/model`.
pub fn show(
    book: &PriceBook,
    model: &str,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    writeln!(out, "book {} of {} from {}", book.digest(), book.version(), book.source())?;
    let named = model.split_once('/');
    let named = named.and_then(|(provider, model)| book.listing(provider, model));
    let found: Vec<&Listing> = match &named {
        Some((listing, _)) => vec![listing],
        None => book.listings().filter(|listing| listing.model == model).collect(),
    };
    if found.is_empty() {
        bail!("no price for `{model}`; try `provider/model`, such as `openai/gpt-4o-mini`");
    }
    for listing in found {
        writeln!(out, "\n{}/{}  (USD per million)", listing.provider, listing.model)?;
        for (from, price) in listing.dated() {
            let from = from.map_or_else(|| "always".to_owned(), |from| format!("from {from}"));
            let mark = if std::ptr::eq(price, listing.at(now)) { "  <- in force" } else { "" };
            writeln!(out, "  {from}{mark}")?;
            for (kind, rate) in price.rates() {
                writeln!(out, "    {:<16} {}", kind.name(), rate_text(rate))?;
            }
            for (tier, factor) in price.tiers() {
                let percent = NanoUsd::new(i128::from(factor.0) * 100_000);
                let percent = percent.to_string();
                let percent = percent.strip_suffix(".00").unwrap_or(&percent);
                writeln!(out, "    {:<16} {percent} % of these", tier.name())?;
            }
        }
    }
    Ok(())
}

fn rate_text(rate: &Rate) -> String {
    let usd = |nanos: u64| NanoUsd::new(i128::from(nanos)).to_string();
    let mut text = rate.all().next().map(usd).unwrap_or_default();
    for (start, nanos) in rate.tiers() {
        // Writing to a string cannot fail.
        let _ok = write!(text, ", {} beyond {start} prompt tokens", usd(*nanos));
    }
    text
}

/// Turns data of genai-prices into our book.
pub fn import(source: &str, version: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let origin = Origin {
        version,
        source: "https://github.com/pydantic/genai-prices",
        licence: "MIT, Copyright (c) Pydantic Services Inc. 2025 to present",
    };
    let book = genai_prices(source, &origin).context("the price data cannot be imported")?;
    PriceBook::parse(&book).context("the imported book cannot be read back")?;
    out.write_all(book.as_bytes())?;
    Ok(())
}

#[derive(Deserialize)]
struct Question {
    /// The service tier, where the usage does not have it.
    tier: Option<String>,
    provider: String,
    #[serde(default)]
    surface: String,
    model: String,
    usage: Box<RawValue>,
    at: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    cost_usd: Option<Box<RawValue>>,
    kinds: Option<BTreeMap<&'static str, u32>>,
    price: &'static str,
}

/// Answers one JSON question per line: what did this usage cost? A line that is no question is
/// answered with an `error`; returns how many those were.
pub fn cost_jsonl(
    book: &PriceBook,
    now: Timestamp,
    input: impl BufRead,
    out: &mut impl Write,
) -> anyhow::Result<usize> {
    let mut bad = 0_usize;
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match answer(book, now, &line) {
            Ok(answer) => serde_json::to_writer(&mut *out, &answer)?,
            Err(error) => {
                bad = bad.saturating_add(1);
                let error = format!("{error:#}");
                serde_json::to_writer(&mut *out, &serde_json::json!({ "error": error }))?;
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(bad)
}

fn answer(book: &PriceBook, now: Timestamp, line: &str) -> anyhow::Result<Answer> {
    let question: Question = serde_json::from_str(line).context("not a question")?;
    let at = match &question.at {
        Some(at) => at.parse().context("`at` is not a time such as 2026-03-01T00:00:00Z")?,
        None => now,
    };
    let tier = question.tier.as_deref().map(Tier::of_wire);
    let usage = usage(&question)?.map(|it| Usage { tier: tier.unwrap_or(it.tier), ..it });
    let found = book.listing(&question.provider, &question.model);
    let price = match found {
        Some((_, Match::Exact)) => "exact",
        Some((_, Match::Alias)) => "alias",
        None => "unknown",
    };
    let cost = found.zip(usage).and_then(|((listing, _), usage)| listing.at(at).cost(&usage));
    // A decimal of dollars is a JSON number as it stands; no float on the way.
    let cost_usd = cost.map(|cost| RawValue::from_string(cost.to_string())).transpose()?;
    Ok(Answer { cost_usd, kinds: usage.map(|usage| kinds(&usage)), price })
}

fn usage(question: &Question) -> anyhow::Result<Option<Usage>> {
    let json = question.usage.get();
    if matches!(question.surface.as_str(), "gemini" | "generate_content") {
        return Ok(serde_json::from_str::<GeminiUsage>(json)
            .context("`usage` cannot be read")?
            .read());
    }
    if question.surface == "converse" {
        return Ok(serde_json::from_str::<ConverseUsage>(json)
            .context("`usage` cannot be read")?
            .read());
    }
    let is_messages = match question.surface.as_str() {
        "messages" | "anthropic" => true,
        "" => question.provider == "anthropic" && !json.contains("prompt_tokens"),
        _ => false,
    };
    Ok(if is_messages {
        serde_json::from_str::<AnthropicUsage>(json).context("`usage` cannot be read")?.read()
    } else {
        serde_json::from_str::<OpenAiUsage>(json).context("`usage` cannot be read")?.read()
    })
}

fn kinds(usage: &Usage) -> BTreeMap<&'static str, u32> {
    let kinds = [
        ("input_uncached", usage.input_uncached),
        ("cache_read", usage.cache_read),
        ("cache_write", usage.cache_write),
        ("cache_write_1h", usage.cache_write_1h),
        ("output", usage.output),
        ("reasoning", usage.reasoning),
    ];
    let extras = usage.extras.iter().map(|(extra, count)| (extra.name(), count));
    kinds.into_iter().chain(extras).map(|(name, Tokens(count))| (name, count)).collect()
}

#[cfg(test)]
mod tests;
