//! `ambidex ledger reprice`: what recorded usage would have cost by another book. The ledger stays as it
//! is: what was booked was booked.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;

use super::Format;
use crate::config::{Settings, TargetKind};
use crate::money::NanoUsd;
use crate::record::Reader;
use crate::record::report::Period;
use crate::route::price::PriceBook;

/// The requests of one model.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    requests: u64,
    booked: NanoUsd,
    repriced: NanoUsd,
    /// Requests that the other book cannot price.
    unpriced: u64,
    /// Requests whose usage is not known: as booked in both sums.
    unmeasured: u64,
}

/// Prints what each model's requests of a period were booked at, and what they cost by `book`.
pub fn reprice(
    ledger: &Reader,
    settings: &Settings,
    (book, period): (&PriceBook, Period),
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut providers = BTreeMap::new();
    for target in &settings.targets {
        if let TargetKind::Remote(remote) = &target.kind {
            providers.insert(target.name.as_str(), remote.provider.name());
        }
    }
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    ledger.each(period, |row| {
        let Some(settled) = &row.settled else { return };
        let by = settled.answered_by.as_ref().or(row.decided.chosen.as_ref());
        let Some(by) = by.filter(|_| settled.cost.is_positive()) else { return };
        let line = lines.entry(by.model.clone()).or_default();
        line.requests += 1;
        line.booked += settled.cost;
        let Some(usage) = &settled.usage else {
            line.unmeasured += 1;
            line.repriced += settled.cost;
            return;
        };
        let provider = providers.get(by.target.as_str());
        let price = provider.and_then(|it| book.find(it, &by.model, row.decided.at));
        match price.and_then(|price| price.cost(usage)) {
            Some(cost) => line.repriced += cost,
            // Unknown is not free.
            None => line.unpriced += 1,
        }
    })?;
    match format {
        Format::Text => text(&lines, book, out),
        Format::Json => {
            let line = |(model, line): (&String, &Line)| {
                json!({
                    "model": model,
                    "requests": line.requests,
                    "booked_usd": line.booked.to_string(),
                    "repriced_usd": line.repriced.to_string(),
                    "unpriced_requests": line.unpriced,
                    "unmeasured_requests": line.unmeasured,
                })
            };
            let lines: Vec<_> = lines.iter().map(line).collect();
            writeln!(out, "{:#}", json!({ "book": book.digest(), "models": lines }))?;
            Ok(())
        }
    }
}

fn text(
    lines: &BTreeMap<String, Line>,
    book: &PriceBook,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(out, "by book {} of {}, USD", book.digest(), book.version())?;
    let head = ["model", "requests", "booked", "repriced", "difference", "without a price"];
    let cells = |(model, line): (&String, &Line)| {
        [
            model.clone(),
            line.requests.to_string(),
            line.booked.to_string(),
            line.repriced.to_string(),
            (line.repriced - line.booked).to_string(),
            line.unpriced.to_string(),
        ]
    };
    crate::cli::table(head, lines.iter().map(cells), out)?;
    let sum = |of: fn(&Line) -> u64| lines.values().map(of).sum::<u64>();
    let (unpriced, unmeasured) = (sum(|line| line.unpriced), sum(|line| line.unmeasured));
    if unpriced > 0 {
        writeln!(out, "{unpriced} request(s) have no price in this book and are in `booked` only")?;
    }
    if unmeasured > 0 {
        writeln!(out, "{unmeasured} request(s) without known usage stand as they were booked")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Usage, UsageSource};
    use crate::clock;
    use crate::money::Tokens;
    use crate::record::{Chosen, DecidedRow, SettledRow, Store};

    const DOUBLE: &str = r#"{"format":1,"version":"next","source":"s","licence":"l","providers":[
{"id":"openai","models":[{"id":"gpt-4o-mini","prices":[{"rates":{"input":300000000,"output":1200000000}}]}]}]}"#;

    #[tokio::test]
    async fn the_past_is_costed_again_and_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (store, _) = Store::open(&path, clock::now()).unwrap();
        let usage = Usage {
            input_uncached: Tokens(200),
            output: Tokens(5),
            ..Usage::none(UsageSource::Reported)
        };
        for (id, model, usage) in [
            ("a", "gpt-4o-mini", Some(usage)),
            ("b", "gpt-4o-mini", None),
            ("c", "gone", Some(usage)),
        ] {
            let chosen = Chosen {
                route: "all".to_owned(),
                target: "cloud".to_owned(),
                zone: "us".to_owned(),
                model: model.to_owned(),
            };
            let row = DecidedRow::example(id, clock::now());
            store.decided(DecidedRow { chosen: Some(chosen), ..row }).await.unwrap();
            let cost = NanoUsd::new(33_000);
            store.settled(SettledRow { cost, usage, ..SettledRow::example(id) }).await.unwrap();
        }
        store.close().await.unwrap();
        let reader = Reader::open(&path).unwrap();
        let now = clock::now();
        let hour = jiff::SignedDuration::from_hours(1);
        let period = Period { since: now - hour, until: now + hour };
        let book = PriceBook::parse(DOUBLE).unwrap();
        let mut out = Vec::new();
        let settings = Settings::default();
        reprice(&reader, &settings, (&book, period), Format::Json, &mut out).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let models = &told["models"];
        // 66,000 for the first at twice the price, and the second as it was booked.
        assert_eq!(models[1]["model"], "gpt-4o-mini");
        assert_eq!(
            (models[1]["booked_usd"].as_str(), models[1]["repriced_usd"].as_str()),
            (Some("0.000066"), Some("0.000099"))
        );
        assert_eq!(
            (&models[1]["unmeasured_requests"], &models[0]["unpriced_requests"]),
            (&1.into(), &1.into())
        );
        assert_eq!(reader.sums().unwrap().cost, NanoUsd::new(99_000));
        let mut out = Vec::new();
        reprice(&reader, &settings, (&book, period), Format::Text, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("0.000033") && text.contains("without known usage"), "{text}");
    }
}
