//! Rates, and what a request costs at them.
//!
//! A rate is a whole number of nano-USD per million tokens, so that every published price is exact. A
//! context tier is a cliff: once the prompt is longer than the tier's start, its rate holds for all
//! tokens of the kind, not only for those beyond. A service tier and a region multiply what tokens cost, not
//! fees. Sums are rounded up once, at the end, to a nano-USD.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::chat::Usage;
use crate::chat::usage::{Side, Tier};
use crate::money::{NanoUsd, Tokens};

/// Pieces or tokens that a rate is for.
const UNIT: i128 = 1_000_000;

/// What one kind costs, in nano-USD per million, by the length of the prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub struct Rate {
    base: u64,
    /// (prompt tokens beyond which it holds, rate), by rising start.
    tiers: Vec<(u32, u64)>,
}

impl Rate {
    /// A rate without tiers.
    pub const fn flat(base: u64) -> Self {
        Self { base, tiers: Vec::new() }
    }

    /// A rate for what costs so much apiece.
    pub fn apiece(usd: NanoUsd) -> Self {
        let millions = usd.nanos().saturating_mul(UNIT);
        Self::flat(u64::try_from(millions).unwrap_or(u64::MAX))
    }

    /// A rate with tiers.
    pub fn tiered(base: u64, mut tiers: Vec<(u32, u64)>) -> Self {
        tiers.sort_unstable();
        Self { base, tiers }
    }

    /// The rate for a prompt of this length.
    pub fn at(&self, prompt: Tokens) -> u64 {
        let reached = self.tiers.iter().rev().find(|(start, _)| prompt.0 > *start);
        reached.map_or(self.base, |(_, rate)| *rate)
    }

    /// The dearest rate for any prompt up to this length.
    pub fn dearest(&self, prompt_max: Tokens) -> u64 {
        let reached = self.tiers.iter().filter(|(start, _)| prompt_max.0 > *start);
        reached.map(|(_, rate)| *rate).fold(self.base, u64::max)
    }

    /// Every rate in it, the base first.
    pub fn all(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.base).chain(self.tiers.iter().map(|(_, rate)| *rate))
    }

    /// The tiers: (prompt tokens beyond which it holds, rate).
    pub fn tiers(&self) -> &[(u32, u64)] {
        &self.tiers
    }
}

/// `150000000`, or `[150000000, [200000, 300000000]]` with tiers.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Flat(u64),
    Tiered(u64, Vec<(u32, u64)>),
}

impl From<Wire> for Rate {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Flat(base) => Self::flat(base),
            Wire::Tiered(base, tiers) => Self::tiered(base, tiers),
        }
    }
}

impl From<Rate> for Wire {
    fn from(rate: Rate) -> Self {
        if rate.tiers.is_empty() {
            Self::Flat(rate.base)
        } else {
            Self::Tiered(rate.base, rate.tiers)
        }
    }
}

/// What rates are multiplied by, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Factor(pub u32);

impl Factor {
    /// The rates as they stand.
    pub const ONE: Self = Self(1_000_000);

    /// The dearest and cheapest factors that nobody has mistaken for something else.
    pub const BELIEVABLE: std::ops::RangeInclusive<Self> = Self(10_000)..=Self(10_000_000);

    fn wide(self) -> i128 {
        i128::from(self.0)
    }
}

/// Everything that one model charges at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    rates: BTreeMap<Kind, Rate>,
    /// What other service tiers than the usual one charge. One that is not here has no known price.
    tiers: BTreeMap<Tier, Factor>,
    /// What a region charges on top.
    uplift: Factor,
}

impl Price {
    /// A price of these rates. A price must have one for the prompt, or nothing could be charged.
    pub fn new(rates: BTreeMap<Kind, Rate>) -> Option<Self> {
        let (tiers, uplift) = (BTreeMap::new(), Factor::ONE);
        rates.contains_key(&Kind::Input).then_some(Self { rates, tiers, uplift })
    }

    /// A price for prompt and answer tokens alone, in nano-USD per million. Zeros mean free.
    pub fn flat(input: u64, output: u64) -> Self {
        let rates = [(Kind::Input, Rate::flat(input)), (Kind::Output, Rate::flat(output))];
        let (tiers, uplift) = (BTreeMap::new(), Factor::ONE);
        Self { rates: rates.into_iter().collect(), tiers, uplift }
    }

    /// The same where these service tiers have these prices; others stay as they are.
    #[must_use]
    pub fn with_tiers(mut self, tiers: &BTreeMap<Tier, Factor>) -> Self {
        self.tiers.extend(tiers);
        self
    }

    /// The same in a region that multiplies what tokens cost.
    #[must_use]
    pub const fn with_uplift(mut self, uplift: Factor) -> Self {
        self.uplift = uplift;
        self
    }

    /// The same with another rate for a kind.
    #[must_use]
    pub fn with_rate(mut self, kind: Kind, rate: Rate) -> Self {
        self.rates.insert(kind, rate);
        self
    }

    /// The service tiers whose prices are known, beside the usual one.
    pub const fn tiers(&self) -> &BTreeMap<Tier, Factor> {
        &self.tiers
    }

    /// What the region multiplies.
    pub const fn uplift(&self) -> Factor {
        self.uplift
    }

    /// What tokens of a tier cost, in millionths of millionths of the rates; `None` if nobody knows.
    fn factor(&self, tier: Tier) -> Option<i128> {
        // What is free is free at any speed.
        let tier = if tier == Tier::Standard || self.is_free() {
            Factor::ONE
        } else {
            *self.tiers.get(&tier)?
        };
        Some(tier.wide().saturating_mul(self.uplift.wide()))
    }

    /// The rate of a kind, or of what it is a part of.
    pub fn rate(&self, kind: Kind) -> Option<&Rate> {
        self.rates.get(&kind).or_else(|| self.rate(kind.whole()?))
    }

    /// The rates that the price itself names.
    pub fn rates(&self) -> impl Iterator<Item = (Kind, &Rate)> {
        self.rates.iter().map(|(kind, rate)| (*kind, rate))
    }

    /// Whether nothing is charged for anything.
    pub fn is_free(&self) -> bool {
        self.rates.values().all(|rate| rate.all().all(|rate| rate == 0))
    }

    /// What one request of this usage costs, rounded up to a nano-USD. `None` if it was treated, or used
    /// something, for which there is no price.
    pub fn cost(&self, usage: &Usage) -> Option<NanoUsd> {
        let factor = self.factor(usage.tier)?;
        let prompt = usage.input_total();
        let mut fees = self.fee();
        let kinds = [
            (Kind::Input, usage.input_uncached),
            (Kind::CacheRead, usage.cache_read),
            (Kind::CacheWrite, usage.cache_write),
            (Kind::CacheWrite1h, usage.cache_write_1h),
            (Kind::Output, usage.output),
            (Kind::Reasoning, usage.reasoning),
        ];
        let charge = |(kind, count): (Kind, Tokens)| {
            let rate = self.rate(kind).map(|rate| rate.at(prompt));
            rate.map(|rate| i128::from(rate).saturating_mul(count.wide()))
        };
        let mut tokens: i128 = kinds.into_iter().filter_map(charge).fold(0, i128::saturating_add);
        for (extra, count) in usage.extras.iter() {
            let charge = charge((extra.into(), count))?;
            let sum = if extra.side() == Side::Pieces { &mut fees } else { &mut tokens };
            *sum = sum.saturating_add(charge);
        }
        Some(round_up(scaled(tokens, factor).saturating_add(fees)))
    }

    /// What the tokens cost at the usual tier, for a usage that has no price of its own.
    pub fn usual_cost(&self, usage: &Usage) -> NanoUsd {
        let extras = usage.extras.without_pieces();
        self.cost(&Usage { tier: Tier::Standard, extras, ..*usage }).unwrap_or(NanoUsd::ZERO)
    }

    /// The most that a request with a prompt and an answer of at most these lengths can cost at the usual
    /// tier, however the tokens fall into kinds.
    pub fn upper_bound(&self, input: Tokens, output_max: Tokens) -> NanoUsd {
        let factor = Factor::ONE.wide().saturating_mul(self.uplift.wide());
        self.bound(factor, input, output_max)
    }

    /// The same for a request that asks for a tier. One that asks for a cheaper tier may be served by the
    /// usual one. `None` if the tier has no known price.
    pub fn upper_bound_at(&self, tier: Tier, input: Tokens, output_max: Tokens) -> Option<NanoUsd> {
        let factor = self.factor(tier)?.max(self.factor(Tier::Standard)?);
        Some(self.bound(factor, input, output_max))
    }

    /// What so many pieces of a kind cost; `None` if nobody knows.
    pub fn pieces(&self, kind: Kind, count: u32) -> Option<NanoUsd> {
        if count == 0 || self.is_free() {
            return Some(NanoUsd::ZERO);
        }
        let rate = i128::from(self.rate(kind)?.base);
        Some(round_up(rate.saturating_mul(count.into())))
    }

    fn bound(&self, factor: i128, input: Tokens, output_max: Tokens) -> NanoUsd {
        let dearest = |kinds: &[Kind]| {
            let rates = kinds.iter().filter_map(|kind| self.rate(*kind));
            i128::from(rates.map(|rate| rate.dearest(input)).fold(0, u64::max))
        };
        let prompt = dearest(&[Kind::Input, Kind::CacheRead, Kind::CacheWrite, Kind::CacheWrite1h]);
        let answer = dearest(&[
            Kind::Output,
            Kind::Reasoning,
            Kind::OutputAudio,
            Kind::OutputImage,
            Kind::OutputVideo,
        ]);
        let prompt = prompt.saturating_mul(input.wide());
        let answer = answer.saturating_mul(output_max.wide());
        let tokens = scaled(prompt.saturating_add(answer), factor);
        round_up(tokens.saturating_add(self.fee()))
    }

    /// What one request costs besides its tokens, in units of the rates.
    fn fee(&self) -> i128 {
        i128::from(self.rate(Kind::Request).map_or(0, |rate| rate.base))
    }
}

/// Times a factor in millionths of millionths, rounded up.
fn scaled(amount: i128, factor: i128) -> i128 {
    const ONE: i128 = 1_000_000_000_000;
    if factor == ONE {
        return amount;
    }
    amount.saturating_mul(factor).saturating_add(ONE - 1).div_euclid(ONE)
}

fn round_up(millionths: i128) -> NanoUsd {
    NanoUsd::new(millionths.saturating_add(UNIT - 1).div_euclid(UNIT))
}

#[cfg(test)]
mod tests;
