//! Rates: what has none of its own, rounding, and that the bound bounds.

use proptest::prelude::*;

use super::*;
use crate::chat::UsageSource;

fn usage(counts: [u32; 6]) -> Usage {
    let [input, read, write, hour, output, reasoning] = counts.map(Tokens);
    Usage {
        input_uncached: input,
        cache_read: read,
        cache_write: write,
        cache_write_1h: hour,
        output,
        reasoning,
        ..Usage::none(UsageSource::Counted)
    }
}

fn price(rates: &[(Kind, u64)]) -> Price {
    Price::new(rates.iter().map(|(kind, rate)| (*kind, Rate::flat(*rate))).collect()).unwrap()
}

#[test]
fn a_part_without_a_rate_costs_what_the_whole_costs() {
    let plain = price(&[(Kind::Input, 1_000_000), (Kind::Output, 5_000_000)]);
    assert_eq!(plain.cost(&usage([1, 1, 1, 1, 1, 1])).unwrap(), NanoUsd::new(4 + 10));
    let cached = price(&[(Kind::Input, 1_000_000), (Kind::CacheWrite, 2_000_000)]);
    assert_eq!(cached.cost(&usage([0, 0, 0, 3, 0, 0])).unwrap(), NanoUsd::new(6));
    // What sells no answers and answers all the same is not free.
    let embedding = price(&[(Kind::Input, 1_000_000)]);
    assert_eq!(embedding.cost(&usage([0, 0, 0, 0, 2, 0])).unwrap(), NanoUsd::new(2));
    assert_eq!(Price::new(BTreeMap::new()), None);
}

#[test]
fn fractions_of_a_nano_dollar_are_rounded_up_once() {
    let cheap = price(&[(Kind::Input, 400_000), (Kind::Output, 400_000)]);
    assert_eq!(cheap.cost(&usage([1, 0, 0, 0, 1, 0])).unwrap(), NanoUsd::new(1));
    assert_eq!(cheap.cost(&usage([1, 0, 0, 0, 2, 0])).unwrap(), NanoUsd::new(2));
    assert_eq!(cheap.cost(&usage([0; 6])).unwrap(), NanoUsd::ZERO);
}

#[test]
fn the_bound_knows_that_caching_can_be_dearer() {
    let claude = price(&[
        (Kind::Input, 3_000_000_000),
        (Kind::CacheRead, 300_000_000),
        (Kind::CacheWrite, 3_750_000_000),
        (Kind::CacheWrite1h, 6_000_000_000),
        (Kind::Output, 15_000_000_000),
    ]);
    assert_eq!(claude.upper_bound(Tokens(1000), Tokens(10)), NanoUsd::new(6_150_000));
}

#[test]
fn a_tier_counts_only_for_prompts_that_can_reach_it() {
    let rate = Rate::tiered(100_000_000, vec![(200, 200_000_000), (100, 50_000_000)]);
    assert_eq!(rate.at(Tokens(100)), 100_000_000);
    assert_eq!(rate.at(Tokens(101)), 50_000_000);
    assert_eq!(rate.at(Tokens(201)), 200_000_000);
    assert_eq!(rate.dearest(Tokens(200)), 100_000_000);
    assert_eq!(rate.dearest(Tokens(201)), 200_000_000);
}

prop_compose! {
    fn any_rate()(
        base in 0..1_000_000_000_000_u64,
        tiers in prop::collection::vec((0..2000_u32, 0..1_000_000_000_000_u64), 0..3),
    ) -> Rate {
        Rate::tiered(base, tiers)
    }
}

prop_compose! {
    fn any_price()(
        input in any_rate(),
        others in prop::collection::btree_map(
            prop::sample::select(Kind::ALL.to_vec()), any_rate(), 0..6,
        ),
    ) -> Price {
        let mut rates = others;
        rates.entry(Kind::Input).or_insert(input);
        Price::new(rates).unwrap()
    }
}

proptest! {
    /// Whatever the tokens are called, the bill stays within the bound for their number, and a longer
    /// allowance never lowers the bound.
    #[test]
    fn the_bound_bounds_every_bill(
        price in any_price(),
        counts in prop::array::uniform6(0..1500_u32),
        more in 0..1500_u32,
    ) {
        let usage = usage(counts);
        let (input, output) = (usage.input_total(), usage.output_total());
        let bound = price.upper_bound(input, output);
        prop_assert!(price.cost(&usage).unwrap() <= bound);
        let wider = price.upper_bound(Tokens(input.0 + more), Tokens(output.0 + more));
        prop_assert!(bound <= wider);
    }

    #[test]
    fn the_largest_counts_do_not_overflow(price in any_price()) {
        let all = usage([u32::MAX; 6]);
        prop_assert!(price.cost(&all).unwrap() >= NanoUsd::ZERO);
        prop_assert!(price.cost(&all).unwrap() <= price.upper_bound(Tokens(u32::MAX), Tokens(u32::MAX)).times(8));
    }
}
