//! What upstreams charge: a dated book of prices, in the binary, that users can override.
//!
//! The book comes from the genai-prices project (see `book/README.md`); `import` turns its data into our
//! own format, where rates are whole numbers. A model that the book does not know has no price, which is
//! not the same as costing nothing. Look a target's model up once, when the configuration is read, and
//! keep its [`Listing`]; [`Listing::at`] then picks the price in force at no cost.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

mod format;
pub mod import;
pub mod kind;
pub mod rate;
pub mod rule;

pub use format::BookError;
pub use kind::Kind;
pub use rate::{Factor, Price, Rate};
pub use rule::Rule;

const EMBEDDED: &str = include_str!("book/book.json");

/// Prices of many models, each at many times.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    overrides: Vec<Arc<Listing>>,
    providers: Arc<[Provider]>,
    version: String,
    source: String,
    digest: String,
}

/// Who sells models.
#[derive(Debug)]
struct Provider {
    id: String,
    /// Other names that mean it.
    names: Option<Rule>,
    /// Whose models it resells under the same prices.
    resells: Vec<String>,
    models: Vec<Model>,
}

#[derive(Debug)]
struct Model {
    name: String,
    rule: Rule,
    /// `None`: the book knows the model and that its price is not known.
    listing: Option<Arc<Listing>>,
}

/// One model of one provider with all its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The provider's name in the book.
    pub provider: String,
    /// The model's name in the book.
    pub model: String,
    first: DatedPrice,
    later: Vec<DatedPrice>,
}

/// A price and when it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DatedPrice {
    /// The first instant.
    from: Option<Timestamp>,
    /// The first instant after.
    until: Option<Timestamp>,
    /// Only in these seconds of the UTC day: from, included, to, excluded; may cross midnight.
    daily: Option<(u32, u32)>,
    price: Price,
}

/// How a name led to a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is the listing's name.
    Exact,
    /// It is another name for it.
    Alias,
}

impl PriceBook {
    /// The book in the binary, read on first use. A build whose book is damaged has no prices at all;
    /// a test keeps that from happening.
    pub fn embedded() -> &'static Self {
        static BOOK: OnceLock<PriceBook> = OnceLock::new();
        BOOK.get_or_init(|| Self::parse(EMBEDDED).unwrap_or_default())
    }

    /// Reads a book in our format.
    pub fn parse(json: &str) -> Result<Self, BookError> {
        format::parse(json)
    }

    /// This book with the user's prices before all others, zero included. The digest tells the two
    /// apart.
    #[must_use]
    pub fn with_overrides(&self, overrides: Vec<Listing>) -> Self {
        let digest = format::digest_with(&self.digest, &overrides);
        let overrides: Vec<_> = overrides.into_iter().map(Arc::new).collect();
        Self { overrides: [overrides, self.overrides.clone()].concat(), digest, ..self.clone() }
    }

    /// The date of the data.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the data comes from and under which licence.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Names the book's content: 16 hex digits of its SHA-256. Every ledger row has it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The price of a model at a time; `None` when nobody knows.
    pub fn find(&self, provider: &str, model: &str, at: Timestamp) -> Option<Price> {
        self.listing(provider, model).map(|(listing, _)| listing.at(at).clone())
    }

    /// All prices of a model. Names are tried as written, then in small letters.
    pub fn listing(&self, provider: &str, model: &str) -> Option<(Arc<Listing>, Match)> {
        let (provider, model) = (provider.trim(), model.trim());
        let own = self.overrides.iter().find(|own| own.provider == provider && own.model == model);
        if let Some(own) = own {
            return Some((Arc::clone(own), Match::Exact));
        }
        let small = model.to_ascii_lowercase();
        let found = self.listed(provider, model).or_else(|| self.listed(provider, &small))?;
        let name = if found.name == model { Match::Exact } else { Match::Alias };
        found.listing.clone().map(|listing| (listing, name))
    }

    /// Every listing with a price, overrides first.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        let own = self.overrides.iter();
        let all = self.providers.iter().flat_map(|provider| &provider.models);
        let all = all.filter_map(|model| model.listing.as_ref());
        own.chain(all).map(|listing| &**listing)
    }

    fn listed(&self, provider: &str, model: &str) -> Option<&Model> {
        let provider = self.provider(provider)?;
        provider.listed(model).or_else(|| {
            let sellers = provider.resells.iter();
            sellers
                .filter_map(|id| self.providers.iter().find(|known| known.id == *id))
                .find_map(|known| known.listed(model))
        })
    }

    fn provider(&self, name: &str) -> Option<&Provider> {
        let small = name.to_ascii_lowercase();
        let by_id = self.providers.iter().find(|provider| provider.id == small);
        by_id.or_else(|| {
            let is_meant = |rule: &Rule| rule.matches(&small);
            self.providers.iter().find(|provider| provider.names.as_ref().is_some_and(is_meant))
        })
    }
}

impl Provider {
    /// The first model whose rule the name satisfies, as the data's publisher defines it, or else the
    /// one of this very name: some rules do not cover their own model's.
    fn listed(&self, name: &str) -> Option<&Model> {
        let matching = self.models.iter().find(|model| model.rule.matches(name));
        matching.or_else(|| self.models.iter().find(|model| model.name == name))
    }
}

impl Listing {
    /// A model with one price at all times, as users write it.
    pub fn fixed(provider: &str, model: &str, price: Price) -> Self {
        let first = DatedPrice { from: None, until: None, daily: None, price };
        Self { provider: provider.to_owned(), model: model.to_owned(), first, later: Vec::new() }
    }

    /// The same with every price changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(Price) -> Price) -> Self {
        let changed =
            |dated: &DatedPrice| DatedPrice { price: change(dated.price.clone()), ..dated.clone() };
        Self {
            first: changed(&self.first),
            later: self.later.iter().map(changed).collect(),
            ..self.clone()
        }
    }

    /// The price in force: the last that applies, as the data's publisher defines it, else the first.
    pub fn at(&self, at: Timestamp) -> &Price {
        let later = self.later.iter().rev().find(|dated| dated.applies(at));
        &later.unwrap_or(&self.first).price
    }

    /// Every price with its first instant, in the order of the book.
    pub fn dated(&self) -> impl Iterator<Item = (Option<Timestamp>, &Price)> {
        std::iter::once(&self.first).chain(&self.later).map(|dated| (dated.from, &dated.price))
    }
}

impl DatedPrice {
    fn applies(&self, at: Timestamp) -> bool {
        let second = u32::try_from(at.as_second().rem_euclid(86_400)).unwrap_or(0);
        let is_hour = self.daily.is_none_or(|(from, to)| {
            if from <= to { from <= second && second < to } else { second >= from || second < to }
        });
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|to| at < to) && is_hour
    }
}

#[cfg(test)]
mod tests;
