//! Turns the data of the genai-prices project into our book.
//!
//! Numbers are read as the decimals they are written in, never as floating point. What the data cannot
//! mean, such as a price per token in a field per million, is refused with provider and model. A model
//! without any price is free if its name says `:free`; otherwise its price is unknown and stays so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::format::{Book, BookError, BookModel, BookPrice, BookProvider, check_rates};
use super::kind::Kind;
use super::rate::{Factor, Rate};
use super::rule::Rule;
use crate::chat::usage::Tier;

/// Where the data was taken from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The date of the data.
    pub version: &'a str,
    /// The project.
    pub source: &'a str,
    /// Its licence.
    pub licence: &'a str,
}

/// The text of our book for the data of genai-prices (`data.json` or its newer `v2` form).
pub fn genai_prices(json: &str, origin: &Origin<'_>) -> Result<String, BookError> {
    let data: Vec<SourceProvider<'_>> = serde_json::from_str(json)?;
    let mut book = Book::new(origin.version, origin.source, origin.licence);
    for provider in data {
        let models = provider.models.into_iter().map(|model| convert(&provider.id, model));
        let models = models.collect::<Result<_, _>>()?;
        book.providers.push(BookProvider {
            service_tiers: service_tiers(&provider.id),
            id: provider.id,
            names: provider.provider_match,
            resells: provider.fallback_model_providers,
            models,
        });
    }
    Ok(book.write()?)
}

/// What the data's publisher leaves out: the vendors whose `flex` and `batch` tiers halve every token's rate.
/// `priority` has rates of its own for each model, which are known only to who has a contract.
fn service_tiers(provider: &str) -> BTreeMap<Tier, Factor> {
    const HALF: Factor = Factor(500_000);
    let tiers: &[Tier] = match provider {
        "openai" | "google" => &[Tier::Flex, Tier::Batch],
        "anthropic" | "azure" => &[Tier::Batch],
        _ => &[],
    };
    tiers.iter().map(|tier| (*tier, HALF)).collect()
}

#[derive(Deserialize)]
struct SourceProvider<'a> {
    id: String,
    provider_match: Option<Rule>,
    #[serde(default)]
    fallback_model_providers: Vec<String>,
    #[serde(borrow)]
    models: Vec<SourceModel<'a>>,
}

#[derive(Deserialize)]
struct SourceModel<'a> {
    id: String,
    #[serde(rename = "match")]
    rule: Rule,
    #[serde(borrow)]
    prices: &'a RawValue,
}

type SourceRates<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcePrice<'a> {
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: SourceRates<'a>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Constraint {
    From(#[serde(deserialize_with = "start")] Date),
    Daily(#[serde(deserialize_with = "daily")] (u32, u32)),
}

#[derive(Deserialize)]
struct SourceTiers<'a> {
    #[serde(borrow)]
    base: &'a RawValue,
    #[serde(borrow)]
    tiers: Vec<SourceTier<'a>>,
}

#[derive(Deserialize)]
struct SourceTier<'a> {
    start: u32,
    #[serde(borrow)]
    price: &'a RawValue,
}

/// `{"start_date": "2026-03-13"}`.
fn start<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Date, D::Error> {
    #[derive(Deserialize)]
    struct Start {
        start_date: String,
    }
    Start::deserialize(input)?.start_date.parse().map_err(serde::de::Error::custom)
}

/// `{"start_time": "00:30:00Z", "end_time": …}` as seconds of the UTC day.
fn daily<'de, D: serde::Deserializer<'de>>(input: D) -> Result<(u32, u32), D::Error> {
    #[derive(Deserialize)]
    struct Interval {
        start_time: String,
        end_time: String,
    }
    let second = |text: &str| {
        let time = text.strip_suffix('Z').and_then(|text| text.parse::<Time>().ok());
        let time = time.ok_or_else(|| serde::de::Error::custom("a time that is not in UTC"))?;
        let seconds = i32::from(time.hour()) * 3600
            + i32::from(time.minute()) * 60
            + i32::from(time.second());
        Ok(u32::try_from(seconds).unwrap_or(0))
    };
    let Interval { start_time, end_time } = Interval::deserialize(input)?;
    Ok((second(&start_time)?, second(&end_time)?))
}

fn convert(provider: &str, source: SourceModel<'_>) -> Result<BookModel, BookError> {
    let id = source.id;
    let wrong =
        |what: String| BookError::Entry { provider: provider.to_owned(), model: id.clone(), what };
    if let Some(pattern) = source.rule.broken_pattern() {
        return Err(wrong(format!("`{pattern}` is not a regular expression")));
    }
    let text = source.prices.get();
    let list: Vec<SourcePrice<'_>> = if text.starts_with('[') {
        serde_json::from_str(text)?
    } else {
        vec![SourcePrice { constraint: None, prices: serde_json::from_str(text)? }]
    };
    let mut prices = Vec::with_capacity(list.len());
    for price in list {
        if let Some(price) = dated(&id, price).map_err(&wrong)? {
            prices.push(price);
        }
    }
    end_each_where_the_next_begins(&mut prices).map_err(wrong)?;
    let is_plain = matches!(&source.rule, Rule::Equals(name) if *name == id);
    let rule = (!is_plain).then_some(source.rule);
    Ok(BookModel { id, rule, prices })
}

/// `None` for a price that says nothing.
fn dated(model: &str, source: SourcePrice<'_>) -> Result<Option<BookPrice>, String> {
    let mut rates = BTreeMap::new();
    for (unit, value) in &source.prices {
        let kind = kind(unit).ok_or_else(|| format!("`{unit}` is not a known unit"))?;
        rates.insert(kind, rate(kind, value.get())?);
    }
    if rates.is_empty() {
        if !model.ends_with(":free") {
            return Ok(None);
        }
        rates = [(Kind::Input, Rate::flat(0)), (Kind::Output, Rate::flat(0))].into();
    }
    check_rates(&rates)?;
    let (valid_from, daily) = match source.constraint {
        None => (None, None),
        Some(Constraint::From(date)) => (Some(midnight(date)?), None),
        Some(Constraint::Daily(daily)) => (None, Some(daily)),
    };
    Ok(Some(BookPrice { valid_from, valid_to: None, daily, rates }))
}

fn midnight(date: Date) -> Result<Timestamp, String> {
    let zoned = date.to_zoned_datetime(TimeZone::UTC);
    zoned.map(|zoned| zoned.timestamp()).map_err(|error| error.to_string())
}

/// The data only says when prices begin; with ends a price can be read alone.
fn end_each_where_the_next_begins(prices: &mut [BookPrice]) -> Result<(), String> {
    let begins: Vec<_> = prices.iter().map(|price| price.valid_from).collect();
    for (price, next) in prices.iter_mut().zip(begins.into_iter().skip(1)) {
        if price.valid_from.is_some() && next <= price.valid_from {
            return Err("prices that do not follow each other in time".to_owned());
        }
        price.valid_to = next;
    }
    Ok(())
}

/// `input_mtok`, `requests_kcount` … in our words.
fn kind(unit: &str) -> Option<Kind> {
    match unit {
        "requests_kcount" => Some(Kind::Request),
        "web_searches_kcount" => Some(Kind::WebSearch),
        "output_reasoning_mtok" => Some(Kind::Reasoning),
        "output_citation_mtok" => Some(Kind::Citation),
        _ => Kind::from_name(unit.strip_suffix("_mtok")?),
    }
}

fn rate(kind: Kind, json: &str) -> Result<Rate, String> {
    if !json.starts_with('{') {
        return amount(kind, json).map(Rate::flat);
    }
    let source: SourceTiers<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let tiers = source.tiers.iter().map(|tier| Ok((tier.start, amount(kind, tier.price.get())?)));
    let tiers = tiers.collect::<Result<_, String>>()?;
    Ok(Rate::tiered(amount(kind, source.base.get())?, tiers))
}

/// A decimal number of dollars, as nano-USD per million. Beyond nine decimals it is rounded to the
/// nearest: those digits are traces of floating point at the source.
fn amount(kind: Kind, json: &str) -> Result<u64, String> {
    let unreadable = || format!("`{json}` is not a price in decimal dollars");
    let (whole, fraction) = json.split_once('.').unwrap_or((json, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(unreadable());
    }
    let mut nanos: u64 = whole.parse().map_err(|_| unreadable())?;
    let mut decimals = fraction.bytes().map(|byte| u64::from(byte.saturating_sub(b'0')));
    for _ in 0..9 {
        let digit = decimals.next().unwrap_or(0);
        nanos = nanos.checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or_else(unreadable)?;
    }
    let half_up = u64::from(decimals.next().unwrap_or(0) >= 5);
    let per_thousand = if kind.is_by_piece() { 1000 } else { 1 };
    nanos
        .checked_add(half_up)
        .and_then(|nanos| nanos.checked_mul(per_thousand))
        .ok_or_else(unreadable)
}

#[cfg(test)]
mod tests;
