//! What `ambidex prices` prints, exactly.

use super::*;

fn now() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

fn cost(lines: &str) -> (String, usize) {
    let mut out = Vec::new();
    let bad = cost_jsonl(PriceBook::embedded(), now(), lines.as_bytes(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), bad)
}

#[test]
fn every_line_gets_its_answer() {
    let (answers, bad) = cost(concat!(
        r#"{"provider":"openai","surface":"chat","model":"gpt-4o-mini","usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920},"completion_tokens_details":{"reasoning_tokens":192}}}"#,
        "\n",
        r#"{"provider":"anthropic","surface":"messages","model":"claude-sonnet-4-5-20250929","usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"output_tokens":2}}"#,
        "\n\n",
        r#"{"provider":"openai","model":"o3","at":"2025-01-01T00:00:00Z","usage":{"prompt_tokens":1000,"completion_tokens":100}}"#,
        "\n",
        r#"{"provider":"openai","model":"who","usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        "\n",
        r#"{"provider":"openai","model":"gpt-4o","usage":{}}"#,
        "\nnot json\n",
    ));
    let answers: Vec<_> = answers.lines().collect();
    assert_eq!(
        answers[0],
        r#"{"cost_usd":0.0003369,"kinds":{"cache_read":1920,"cache_write":0,"cache_write_1h":0,"input_uncached":86,"output":108,"reasoning":192},"price":"exact"}"#
    );
    assert_eq!(
        answers[1],
        r#"{"cost_usd":0.00007275,"kinds":{"cache_read":5,"cache_write":3,"cache_write_1h":0,"input_uncached":10,"output":2,"reasoning":0},"price":"alias"}"#
    );
    assert!(answers[2].starts_with(r#"{"cost_usd":0.014,"#), "{}", answers[2]);
    assert!(answers[3].starts_with(r#"{"cost_usd":null,"#), "{}", answers[3]);
    assert!(answers[3].ends_with(r#""price":"unknown"}"#), "{}", answers[3]);
    assert_eq!(answers[4], r#"{"cost_usd":null,"kinds":null,"price":"exact"}"#);
    assert!(answers[5].starts_with(r#"{"error":"not a question: "#), "{}", answers[5]);
    assert_eq!((answers.len(), bad), (6, 1));
}

#[test]
fn show_prints_every_price_and_the_one_in_force() {
    let mut out = Vec::new();
    show(PriceBook::embedded(), "anthropic/claude-sonnet-4-6", now(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    assert!(head.contains("47df840") && head.contains("genai-prices"), "{head}");
    assert_eq!(
        body,
        "
anthropic/claude-sonnet-4-6  (USD per million)
  always
    input            3.00, 6.00 beyond 200000 prompt tokens
    cache_read       0.30, 0.60 beyond 200000 prompt tokens
    cache_write      3.75, 7.50 beyond 200000 prompt tokens
    cache_write_1h   6.00, 12.00 beyond 200000 prompt tokens
    output           15.00, 22.50 beyond 200000 prompt tokens
    web_search       10000.00
    batch            50 % of these
  from 2026-03-13T00:00:00Z  <- in force
    input            3.00
    cache_read       0.30
    cache_write      3.75
    cache_write_1h   6.00
    output           15.00
    web_search       10000.00
    batch            50 % of these
"
    );
    let mut out = Vec::new();
    show(PriceBook::embedded(), "gpt-4o", now(), &mut out).unwrap();
    let error = show(PriceBook::embedded(), "gpt-99", now(), &mut out).unwrap_err();
    assert!(error.to_string().starts_with("no price for `gpt-99`"));
}

#[test]
fn import_writes_a_book_that_can_be_read() {
    let mut out = Vec::new();
    let data =
        r#"[{"id":"acme","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":1}}]}]"#;
    import(data, "today", &mut out).unwrap();
    let book = PriceBook::parse(std::str::from_utf8(&out).unwrap()).unwrap();
    assert_eq!((book.version(), book.listings().count()), ("today", 1));
    assert!(import("{}", "today", &mut out).is_err());
}

/// Recorded usage of every provider and surface, worked out by hand.
#[test]
fn recorded_usage_costs_what_was_worked_out_by_hand() {
    #[derive(Deserialize)]
    struct Case {
        why: String,
        ask: Box<RawValue>,
        cost_usd: String,
        kinds: Option<BTreeMap<String, u32>>,
    }
    let cases = include_str!("../../../tests/golden/usage/cost.jsonl");
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let (answer, bad) = cost(case.ask.get());
        assert_eq!(bad, 0, "{}: {answer}", case.why);
        let wanted = format!("{{\"cost_usd\":{},", case.cost_usd);
        assert!(answer.starts_with(&wanted), "{}: {answer}", case.why);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let kinds: Option<BTreeMap<String, u32>> =
            serde_json::from_value(answer["kinds"].clone()).unwrap();
        let used = kinds.map(|mut kinds| {
            kinds.retain(|_, count| *count > 0);
            kinds
        });
        assert_eq!(used, case.kinds, "{}", case.why);
    }
}
