//! The book on paper: our JSON format, read and written.
//!
//! One line per model, so that the difference between two books reads well. Rates are nano-USD per
//! million; see [`super::rate`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::kind::Kind;
use super::rate::{Factor, Price, Rate};
use super::rule::Rule;
use super::{DatedPrice, Listing, Model, PriceBook, Provider};
use crate::chat::usage::Tier;

/// The format that this build reads and writes.
const FORMAT: u32 = 1;

/// Why a text is not a price book.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// It is not JSON of the right shape.
    #[error("the price book cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("the price book has format {found} and this program reads format {FORMAT}")]
    Format {
        /// The format it has.
        found: u32,
    },
    /// Something in it cannot be right.
    #[error("{provider}/{model}: {what}")]
    Entry {
        /// The provider.
        provider: String,
        /// The model.
        model: String,
        /// What is wrong.
        what: String,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    pub(super) format: u32,
    pub(super) version: String,
    pub(super) source: String,
    pub(super) licence: String,
    pub(super) providers: Vec<BookProvider>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookProvider {
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resells: Vec<String>,
    /// What service tiers multiply, in millionths.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) service_tiers: BTreeMap<Tier, Factor>,
    #[serde(default, skip_serializing)]
    pub(super) models: Vec<BookModel>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookModel {
    pub(super) id: String,
    /// Left out where only the id itself means the model.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<Rule>,
    pub(super) prices: Vec<BookPrice>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookPrice {
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub(super) valid_from: Option<Timestamp>,
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub(super) valid_to: Option<Timestamp>,
    /// Seconds of the UTC day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) daily: Option<(u32, u32)>,
    pub(super) rates: BTreeMap<Kind, Rate>,
}

/// Instants as text, `2026-03-13T00:00:00Z`.
mod instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        instant: &Option<Timestamp>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match instant {
            Some(instant) => out.collect_str(instant),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(input)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

impl Book {
    pub(super) fn new(version: &str, source: &str, licence: &str) -> Self {
        Self {
            format: FORMAT,
            version: version.to_owned(),
            source: source.to_owned(),
            licence: licence.to_owned(),
            providers: Vec::new(),
        }
    }

    /// The text of the book, always the same for the same content.
    pub(super) fn write(&self) -> Result<String, serde_json::Error> {
        let text = |text: &str| serde_json::to_string(text);
        let mut out = format!(
            "{{\"format\":{},\n\"version\":{},\n\"source\":{},\n\"licence\":{},\n\"providers\":[",
            self.format,
            text(&self.version)?,
            text(&self.source)?,
            text(&self.licence)?
        );
        for (index, provider) in self.providers.iter().enumerate() {
            let head = serde_json::to_string(provider)?;
            let head = head.strip_suffix('}').unwrap_or(&head);
            let comma = if index == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ok = write!(out, "{comma}\n{head},\"models\":[");
            for (index, model) in provider.models.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ok = write!(out, "{comma}\n{}", serde_json::to_string(model)?);
            }
            out.push_str("]}");
        }
        out.push_str("]}\n");
        Ok(out)
    }
}

pub(super) fn parse(json: &str) -> Result<PriceBook, BookError> {
    let book: Book = serde_json::from_str(json)?;
    if book.format != FORMAT {
        return Err(BookError::Format { found: book.format });
    }
    let providers: Arc<[_]> = book.providers.into_iter().map(provider).collect::<Result<_, _>>()?;
    Ok(PriceBook {
        overrides: Vec::new(),
        providers,
        version: book.version,
        source: format!("{} ({})", book.source, book.licence),
        digest: short_digest(json.as_bytes()),
    })
}

fn provider(book: BookProvider) -> Result<Provider, BookError> {
    let BookProvider { id, names, resells, service_tiers, models } = book;
    let models = models.into_iter().map(|book| model((&id, &service_tiers), book));
    let models = models.collect::<Result<_, _>>()?;
    Ok(Provider { id, names, resells, models })
}

fn model(
    (provider, tiers): (&str, &BTreeMap<Tier, Factor>),
    book: BookModel,
) -> Result<Model, BookError> {
    let BookModel { id, rule, prices } = book;
    let wrong = |what: &str| BookError::Entry {
        provider: provider.to_owned(),
        model: id.clone(),
        what: what.to_owned(),
    };
    let mut dated = Vec::with_capacity(prices.len());
    for BookPrice { valid_from, valid_to, daily, rates } in prices {
        check_rates(&rates).map_err(|what| wrong(&what))?;
        let price = Price::new(rates).ok_or_else(|| wrong("a price without a rate for input"))?;
        let price = price.with_tiers(tiers);
        dated.push(DatedPrice { from: valid_from, until: valid_to, daily, price });
    }
    let mut dated = dated.into_iter();
    let listing = dated.next().map(|first| {
        let later = dated.collect();
        Arc::new(Listing { provider: provider.to_owned(), model: id.clone(), first, later })
    });
    let rule = rule.unwrap_or_else(|| Rule::Equals(id.clone()));
    Ok(Model { name: id, rule, listing })
}

/// Refuses rates that only a mix-up of units explains.
pub(super) fn check_rates(rates: &BTreeMap<Kind, Rate>) -> Result<(), String> {
    for (kind, rate) in rates {
        for rate in rate.all() {
            if rate > kind.rate_max() || (rate > 0 && rate < kind.rate_min()) {
                let usd = crate::money::NanoUsd::new(i128::from(rate));
                return Err(format!(
                    "${usd} per million for `{}` is not believable; is it a price per token?",
                    kind.name()
                ));
            }
        }
    }
    Ok(())
}

/// 16 hex digits of the SHA-256.
fn short_digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(16);
    for byte in Sha256::digest(bytes).iter().take(8) {
        let _ok = write!(text, "{byte:02x}");
    }
    text
}

/// The digest of a book under overrides. Equal overrides give equal digests.
pub(super) fn digest_with(digest: &str, overrides: &[Listing]) -> String {
    if overrides.is_empty() {
        return digest.to_owned();
    }
    let mut all = digest.to_owned();
    for own in overrides {
        for (from, price) in own.dated() {
            let rates: BTreeMap<_, _> = price.rates().collect();
            let _ok = write!(all, "\n{:?} {:?} {from:?} {rates:?}", own.provider, own.model);
            if !price.tiers().is_empty() || price.uplift() != Factor::ONE {
                let _ok = write!(all, " {:?} {:?}", price.tiers(), price.uplift());
            }
        }
    }
    short_digest(all.as_bytes())
}
