//! `price:` of a target: what the user knows better than the price book, zero included.

use std::collections::BTreeMap;

use super::Decoder;
use crate::chat::usage::Tier;
use crate::money::NanoUsd;
use crate::route::price::{Factor, Kind, Price, Rate};
use crate::yaml::Cursor;

const FREE: &str = "free";

/// Tokens that a rate of the configuration is for, and nano-USD of the smallest and largest rate that
/// nobody has mistaken for another unit: no model costs less than a tenth of a cent or more than
/// 2,000 dollars per million tokens.
const SMALLEST: NanoUsd = NanoUsd::new(1_000_000);
const LARGEST: NanoUsd = NanoUsd::new(2_000_000_000_000);
/// The dearest use of a tool that nobody has mistaken for a thousand: a large container costs $1.92.
const TOOL_MAX: NanoUsd = NanoUsd::new(5_000_000_000);
/// Requests that a rate of the book is for.
const REQUESTS: i128 = 1_000_000;

impl Decoder<'_> {
    /// What service tiers charge, as percentages of the usual one.
    pub(super) fn service_tiers(&mut self, at: &Cursor<'_>) -> BTreeMap<Tier, Factor> {
        let names = Tier::PRICED.map(Tier::name);
        let Some(fields) = self.reader.fields(at, &names) else { return BTreeMap::new() };
        let mut tiers = BTreeMap::new();
        for tier in Tier::PRICED {
            if let Some(at) = fields.get(tier.name())
                && let Some(factor) = self.factor(&at, 0)
            {
                tiers.insert(tier, factor);
            }
        }
        tiers
    }

    /// What a region charges on top, as a percentage.
    pub(super) fn uplift(&mut self, at: &Cursor<'_>) -> Option<Factor> {
        self.factor(at, Factor::ONE.0)
    }

    /// What one use of each tool costs that the provider runs.
    pub(super) fn tool_usd(&mut self, at: &Cursor<'_>) -> BTreeMap<Kind, NanoUsd> {
        let mut tools = BTreeMap::new();
        let Some(fields) = self.reader.fields(at, &Kind::TOOLS.map(Kind::name)) else {
            return tools;
        };
        for tool in Kind::TOOLS {
            let Some(at) = fields.get(tool.name()) else { continue };
            let Some(usd) = self.reader.usd(&at) else { continue };
            if usd > TOOL_MAX {
                let message = format!("${usd} for one use cannot be right");
                let help = "write what one use costs; vendors publish dollars per thousand";
                self.reader.wrong_with_help(&at, message, help);
            }
            tools.insert(tool, usd);
        }
        tools
    }

    /// A percentage, added to something in millionths.
    fn factor(&mut self, at: &Cursor<'_>, above: u32) -> Option<Factor> {
        let text = self.reader.text(at)?.trim();
        let nanos = text.strip_suffix('%').and_then(|it| NanoUsd::from_decimal_usd(it.trim_end()));
        let millionths = nanos.filter(|it| it.nanos() % 100_000 == 0);
        let millionths = millionths.and_then(|it| u32::try_from(it.nanos() / 100_000).ok());
        let factor = millionths.and_then(|it| above.checked_add(it)).map(Factor);
        let factor = factor.filter(|factor| Factor::BELIEVABLE.contains(factor));
        if factor.is_none() {
            let message = format!("`{text}` is not a percentage that could be meant");
            self.reader.wrong_with_help(at, message, "write it like `50%` or `10%`");
        }
        factor
    }

    /// `free`, or USD per million tokens by kind, and USD per `request`, `web_search` and the like.
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
        let fields = self.reader.fields(at, &Kind::ALL.map(Kind::name))?;
        let mut rates = BTreeMap::new();
        for name in ["input", "output"] {
            fields.need(name, &mut self.reader)?;
        }
        for kind in Kind::ALL {
            if let Some(at) = fields.get(kind.name()) {
                rates.insert(kind, self.rate(&at, kind)?);
            }
        }
        Price::new(rates)
    }

    fn rate(&mut self, at: &Cursor<'_>, kind: Kind) -> Option<Rate> {
        let usd = self.reader.usd(at)?;
        let nanos = if kind.is_by_piece() {
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
