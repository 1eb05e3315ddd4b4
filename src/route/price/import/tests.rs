//! From the publisher's data to our book: a small fixture, exact numbers, and what is refused.

use super::super::PriceBook;
use super::*;

const ORIGIN: Origin<'_> =
    Origin { version: "2026-01-02", source: "https://example.com/prices", licence: "MIT" };

const FIXTURE: &str = r#"[
  {"id":"acme","name":"Acme","pricing_urls":["https://acme.example"],"api_pattern":"x",
   "provider_match":{"contains":"acme"},"extractors":[],
   "models":[
     {"id":"big","name":"Big","match":{"or":[{"equals":"big"},{"regex":"^big-\\d+$"}]},
      "prices":[
        {"prices":{"input_mtok":{"base":1.25,"tiers":[{"start":200000,"price":2.5}]},
                   "output_mtok":10,"cache_read_mtok":0.125}},
        {"constraint":{"start_date":"2025-06-10"},
         "prices":{"input_mtok":1,"output_mtok":0.18000000000000002,"requests_kcount":12}}]},
     {"id":"night","match":{"equals":"night"},
      "prices":[{"prices":{"input_mtok":0.135}},
        {"constraint":{"start_time":"00:30:00Z","end_time":"16:30:00Z"},
         "prices":{"input_mtok":0.27}}]},
     {"id":"gift:free","match":{"equals":"gift:free"},"prices":{}},
     {"id":"song","match":{"contains":"song"},"prices":{}}]},
  {"id":"shop","name":"Shop","api_pattern":"y","fallback_model_providers":["acme"],"models":[]}]"#;

#[test]
fn the_fixture_becomes_this_book() {
    let book = genai_prices(FIXTURE, &ORIGIN).unwrap();
    let expected = r#"{"format":1,
"version":"2026-01-02",
"source":"https://example.com/prices",
"licence":"MIT",
"providers":[
{"id":"acme","names":{"contains":"acme"},"models":[
{"id":"big","match":{"or":[{"equals":"big"},{"regex":"^big-\\d+$"}]},"prices":[{"valid_to":"2025-06-10T00:00:00Z","rates":{"input":[1250000000,[[200000,2500000000]]],"cache_read":125000000,"output":10000000000}},{"valid_from":"2025-06-10T00:00:00Z","rates":{"input":1000000000,"output":180000000,"request":12000000000000}}]},
{"id":"night","prices":[{"rates":{"input":135000000}},{"daily":[1800,59400],"rates":{"input":270000000}}]},
{"id":"gift:free","prices":[{"rates":{"input":0,"output":0}}]},
{"id":"song","match":{"contains":"song"},"prices":[]}]},
{"id":"shop","resells":["acme"],"models":[]}]}
"#;
    assert_eq!(book, expected);
    assert_eq!(genai_prices(FIXTURE, &ORIGIN).unwrap(), book, "the same data, the same bytes");
    let book = PriceBook::parse(&book).unwrap();
    assert_eq!(book.version(), "2026-01-02");
    assert!(book.listing("shop", "big-7").is_some());
    assert!(book.listing("acme", "song-1").is_none());
}

#[test]
fn decimals_are_exact() {
    for (text, nanos) in [
        ("0", 0),
        ("3", 3_000_000_000),
        ("0.075", 75_000_000),
        ("0.003625", 3_625_000),
        ("0.08333333333333334", 83_333_333),
        ("0.18000000000000002", 180_000_000),
        ("0.0999999999999999", 100_000_000),
    ] {
        assert_eq!(amount(Kind::Input, text), Ok(nanos), "{text}");
    }
    assert_eq!(amount(Kind::Request, "12"), Ok(12_000_000_000_000));
    for text in ["-1", "1e-7", "\"1\"", "", "NaN", "99999999999999999999"] {
        assert!(amount(Kind::Input, text).is_err(), "{text}");
    }
}

fn check_refused(prices: &str, expected: &str) {
    let json = format!(
        r#"[{{"id":"acme","models":[{{"id":"m","match":{{"equals":"m"}},"prices":{prices}}}]}}]"#
    );
    let error = genai_prices(&json, &ORIGIN).unwrap_err().to_string();
    assert_eq!(error, expected, "{prices}");
}

#[test]
fn mixed_up_units_are_refused() {
    check_refused(
        r#"{"input_mtok":0.00000015}"#,
        "acme/m: $0.00000015 per million for `input` is not believable; is it a price per token?",
    );
    check_refused(
        r#"{"input_mtok":0.15,"output_mtok":600000}"#,
        "acme/m: $600000.00 per million for `output` is not believable; is it a price per token?",
    );
    check_refused(r#"{"input_mfurlongs":1}"#, "acme/m: `input_mfurlongs` is not a known unit");
    check_refused(r#"{"input_mtok":-1}"#, "acme/m: `-1` is not a price in decimal dollars");
    check_refused(
        r#"[{"prices":{"input_mtok":1}},
            {"constraint":{"start_date":"2026-01-01"},"prices":{"input_mtok":2}},
            {"constraint":{"start_date":"2025-01-01"},"prices":{"input_mtok":3}}]"#,
        "acme/m: prices that do not follow each other in time",
    );
}

#[test]
fn broken_rules_and_books_are_refused() {
    let json = r#"[{"id":"acme","models":[{"id":"m","match":{"regex":"("},"prices":{}}]}]"#;
    let error = genai_prices(json, &ORIGIN).unwrap_err().to_string();
    assert_eq!(error, "acme/m: `(` is not a regular expression");
    assert!(PriceBook::parse("[]").is_err());
    let later = r#"{"format":2,"version":"","source":"","licence":"","providers":[]}"#;
    let error = PriceBook::parse(later).unwrap_err().to_string();
    assert_eq!(error, "the price book has format 2 and this program reads format 1");
    let odd = r#"{"format":1,"version":"","source":"","licence":"","providers":[{"id":"a",
      "models":[{"id":"m","prices":[{"rates":{"output":1000000000}}]}]}]}"#;
    assert_eq!(
        PriceBook::parse(odd).unwrap_err().to_string(),
        "a/m: a price without a rate for input"
    );
}
