//! `price:` of a target: what the user knows better than the price book, zero included.

use std::collections::BTreeMap;

use super::Decoder;
use crate::money::NanoUsd;
use crate::route::price::{Kind, Price, Rate};
use crate::yaml::Cursor;

/// What `price` can name: the rate's word, and the unit it is for.
const RATES: [(&str, Kind); 7] = [
    ("input", Kind::Input),
    ("cache_read", Kind::CacheRead),
    ("cache_write", Kind::CacheWrite),
    ("cache_write_1h", Kind::CacheWrite1h),
    ("output", Kind::Output),
    ("reasoning", Kind::Reasoning),
    ("request", Kind::Request),
];
const FREE: &str = "free";

/// Tokens that a rate of the configuration is for, and nano-USD of the smallest and largest rate that
/// nobody has mistaken for another unit: no model costs less than a tenth of a cent or more than
/// 2,000 dollars per million tokens.
const SMALLEST: NanoUsd = NanoUsd::new(1_000_000);
const LARGEST: NanoUsd = NanoUsd::new(2_000_000_000_000);
/// Requests that a rate of the book is for.
const REQUESTS: i128 = 1_000_000;

impl Decoder<'_> {
    /// `free`, or USD per million tokens by kind, and USD per `request`.
    pub(super) fn price(&mut self, at: &Cursor<'_>) -> Option<Price> {
        if !at.is_map() {
            let text = self.reader.text(at)?;
            if text == FREE {
                return Some(Price::flat(0, 0));
            }
            let message = format!("`{text}` is not a price");
            let help = "write `free`, or USD per million tokens: `{ input: 0.15, output: 0.60 }`";
            self.reader.wrong_with_help(at, message, help);
            return None;
        }
        let fields = self.reader.fields(at, &RATES.map(|(name, _)| name))?;
        let mut rates = BTreeMap::new();
        for name in ["input", "output"] {
            fields.need(name, &mut self.reader)?;
        }
        for (name, kind) in RATES {
            if let Some(at) = fields.get(name) {
                rates.insert(kind, self.rate(&at, kind)?);
            }
        }
        Price::new(rates)
    }

    fn rate(&mut self, at: &Cursor<'_>, kind: Kind) -> Option<Rate> {
        let usd = self.reader.usd(at)?;
        let nanos = if kind == Kind::Request {
            usd.nanos().saturating_mul(REQUESTS)
        } else {
            if usd.is_positive() && !(SMALLEST..=LARGEST).contains(&usd) {
                let message = format!("${usd} per million tokens cannot be right");
                let help = "rates are USD per million tokens, as vendors publish them; \
                            a rate per token is multiplied by 1000000";
                self.reader.wrong_with_help(at, message, help);
                return None;
            }
            usd.nanos()
        };
        u64::try_from(nanos).ok().map(Rate::flat)
    }
}
