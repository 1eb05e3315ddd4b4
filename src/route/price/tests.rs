//! The embedded book: what well-known models cost, to the nano-dollar, worked out by hand.

use super::*;
use crate::chat::{Usage, UsageSource};
use crate::money::{NanoUsd, Tokens};

/// [uncached, read, written, written for an hour, output, reasoning]
fn usage(counts: [u32; 6]) -> Usage {
    let [input, read, write, hour, output, reasoning] = counts.map(Tokens);
    Usage {
        input_uncached: input,
        cache_read: read,
        cache_write: write,
        cache_write_1h: hour,
        output,
        reasoning,
        ..Usage::none(UsageSource::Reported)
    }
}

fn check(name: &str, at: &str, counts: [u32; 6], nanos: i128) {
    let (provider, model) = name.split_once(' ').unwrap();
    let price = PriceBook::embedded().find(provider, model, at.parse().unwrap()).unwrap();
    let usage = usage(counts);
    assert_eq!(price.cost(&usage).unwrap(), NanoUsd::new(nanos), "{name} at {at}: {counts:?}");
    let bound = price.upper_bound(usage.input_total(), usage.output_total());
    assert!(price.cost(&usage).unwrap() <= bound, "{name}: the bound {bound} is too low");
}

const NOW: &str = "2026-11-01T12:00:00Z";

#[test]
fn well_known_models_cost_what_their_price_lists_say() {
    check("openai gpt-4o-mini", NOW, [86, 1920, 0, 0, 108, 192], 336_900);
    check("openai gpt-4o-2024-08-06", NOW, [1000, 0, 0, 0, 500, 0], 7_500_000);
    check("openai gpt-5", NOW, [100, 900, 0, 0, 50, 200], 2_737_500);
    check("anthropic claude-opus-4-1-20250805", NOW, [21, 188_086, 200, 100, 393, 0], 318_669_000);
    check("openai text-embedding-3-small", NOW, [8, 0, 0, 0, 0, 0], 160);
    check("mistral mistral-large-latest", NOW, [10, 0, 0, 0, 10, 0], 80_000);
    check("groq llama-3.3-70b-versatile", NOW, [1, 0, 0, 0, 1, 0], 1_380);
    // A fee per request comes on top.
    check("perplexity sonar-pro", NOW, [100, 0, 0, 0, 10, 0], 14_450_000);
    // Sums are rounded up once: 3.625 nano-dollars are 4, a thousand times that is exact.
    check("deepseek deepseek-v4-pro", NOW, [0, 1, 0, 0, 0, 0], 4);
    check("deepseek deepseek-v4-pro", NOW, [0, 1000, 0, 0, 0, 0], 3_625);
}

#[test]
fn a_long_prompt_makes_all_tokens_dearer() {
    check("anthropic claude-sonnet-4-5", NOW, [200_000, 0, 0, 0, 1000, 0], 615_000_000);
    check("anthropic claude-sonnet-4-5", NOW, [200_001, 0, 0, 0, 1000, 0], 1_222_506_000);
    // The cached part of a prompt counts for its length.
    check("anthropic claude-sonnet-4-5", NOW, [50_001, 150_000, 0, 0, 0, 0], 390_006_000);
    check("google gemini-2.5-pro", NOW, [200_001, 0, 0, 0, 10, 0], 500_152_500);
    check("openai gpt-5.6-terra", NOW, [272_001, 0, 0, 0, 0, 10], 1_088_184_000);
}

#[test]
fn prices_change_with_the_date_and_the_hour() {
    check("openai o3", "2025-06-09T23:59:59Z", [1000, 0, 0, 0, 100, 0], 14_000_000);
    check("openai o3", "2025-06-10T00:00:00Z", [1000, 0, 0, 0, 100, 0], 2_800_000);
    check(
        "deepseek deepseek-reasoner",
        "2026-01-01T10:00:00Z",
        [1000, 0, 0, 0, 1000, 0],
        2_740_000,
    );
    check("deepseek deepseek-reasoner", "2026-01-01T16:30:00Z", [1000, 0, 0, 0, 1000, 0], 685_000);
    check("deepseek deepseek-reasoner", "2026-01-01T00:29:59Z", [0, 1000, 0, 0, 0, 0], 35_000);
}

#[test]
fn other_names_lead_to_the_same_price() {
    let book = PriceBook::embedded();
    let found = |provider: &str, model: &str| {
        book.listing(provider, model)
            .map(|(found, name)| (format!("{}/{}", found.provider, found.model), name))
    };
    let is = |listing: &str, name| Some((listing.to_owned(), name));
    assert_eq!(found("openai", "gpt-4o-mini"), is("openai/gpt-4o-mini", Match::Exact));
    assert_eq!(found("OpenAI", "gpt-4o-mini-2024-07-18"), is("openai/gpt-4o-mini", Match::Alias));
    assert_eq!(found("openai", "GPT-4o-Mini"), is("openai/gpt-4o-mini", Match::Alias));
    assert_eq!(
        found("openai", "gpt-5.6-terra-2026-07-30"),
        is("openai/gpt-5.6-terra", Match::Alias)
    );
    // Azure resells Anthropic's models at their prices.
    assert_eq!(
        found("azure", "claude-opus-4-1-20250805"),
        is("anthropic/claude-opus-4-1", Match::Alias)
    );
    assert_eq!(found("openai", "no-such-model"), None);
    assert_eq!(found("no-such-provider", "gpt-4o"), None);
}

#[test]
fn free_and_unknown_are_two_things() {
    let book = PriceBook::embedded();
    let at = NOW.parse().unwrap();
    let free = book.find("openrouter", "openai/gpt-oss-20b:free", at).unwrap();
    assert!(free.is_free());
    assert_eq!(free.cost(&usage([5000, 0, 0, 0, 5000, 0])).unwrap(), NanoUsd::ZERO);
    // The book knows this model and has no price for it: it is sold by the song.
    assert_eq!(book.find("openrouter", "google/lyria-3-pro-preview", at), None);
    assert_eq!(book.find("openai", "text-moderation-latest", at), None);
}

#[test]
fn the_users_prices_win_zero_included() {
    let book = PriceBook::embedded();
    let own = vec![
        Listing::fixed("openai", "gpt-4o", Price::flat(0, 0)),
        Listing::fixed("openai", "house-model", Price::flat(1_000_000_000, 2_000_000_000)),
    ];
    let mine = book.with_overrides(own.clone());
    let at = NOW.parse().unwrap();
    assert!(mine.find("openai", "gpt-4o", at).unwrap().is_free());
    let house = mine.find("openai", "house-model", at).unwrap();
    assert_eq!(house.cost(&usage([10, 0, 0, 0, 10, 0])).unwrap(), NanoUsd::new(30_000));
    assert!(!mine.find("openai", "gpt-4o-mini", at).unwrap().is_free());
    assert_ne!(mine.digest(), book.digest());
    assert_eq!(mine.digest(), book.with_overrides(own).digest());
    assert_eq!(book.with_overrides(Vec::new()).digest(), book.digest());
}

#[test]
fn the_embedded_book_is_whole() {
    let book = PriceBook::parse(EMBEDDED).unwrap();
    assert_eq!(book.digest(), PriceBook::embedded().digest());
    assert_eq!(book.digest().len(), 16);
    assert!(book.listings().count() > 1400);
    let rules = book.providers.iter().flat_map(|provider| &provider.models);
    let broken: Vec<_> = rules.filter_map(|model| model.rule.broken_pattern()).collect();
    assert!(broken.is_empty(), "{broken:?}");
    // Every listing is found under its own name, but for the few that an earlier rule takes over.
    let is_shadowed = |listing: &&Listing| {
        let (found, _) = book.listing(&listing.provider, &listing.model).unwrap();
        found.model != listing.model
    };
    let shadowed: Vec<_> = book.listings().filter(is_shadowed).collect();
    assert!(shadowed.len() < 20, "{shadowed:?}");
}
