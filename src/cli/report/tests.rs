//! Reports against a real ledger: exact sums, and the words people read.

use super::breakeven::{Comparison, breakeven};
use super::cost::cost;
use super::{Layout, period};
use crate::chat::{Usage, UsageSource};
use crate::money::{NanoUsd, Tokens};
use crate::record::report::{Costs, Dimension, Work};
use crate::record::{Chosen, DecidedRow, Reader, SettledRow, Store};

const NOW: &str = "2026-03-31T00:00:00Z";

fn decided(id: &str, day: u32, team: &str, target: &str) -> DecidedRow {
    let at = format!("2026-03-{day:02}T12:00:00Z").parse().unwrap();
    DecidedRow {
        team: team.to_owned(),
        chosen: Some(Chosen {
            route: "all".to_owned(),
            target: target.to_owned(),
            zone: "eu".to_owned(),
            model: format!("{target}-model"),
        }),
        reserved: NanoUsd::new(5_000),
        ..DecidedRow::example(id, at)
    }
}

fn settled(
    id: &str,
    (cost, imputed, avoided): (i128, i128, i128),
    source: UsageSource,
) -> SettledRow {
    SettledRow {
        cost: NanoUsd::new(cost),
        avoided: NanoUsd::new(avoided),
        imputed: NanoUsd::new(imputed),
        usage: Some(Usage {
            input_uncached: Tokens(10),
            cache_read: Tokens(20),
            output: Tokens(5),
            reasoning: Tokens(5),
            ..Usage::none(source)
        }),
        ..SettledRow::example(id)
    }
}

/// Two remote answers of `sales` (one of them estimated), one local of `support`, one still running,
/// one refused, and one from before the period.
async fn ledger() -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (store, _) = Store::open(&path, NOW.parse().unwrap()).unwrap();
    for (row, end) in [
        (decided("a", 10, "sales", "cloud"), Some(((700, 0, 0), UsageSource::Reported))),
        (decided("b", 11, "sales", "cloud"), Some(((41, 0, 0), UsageSource::Estimated))),
        (decided("c", 11, "support", "local"), Some(((0, 90, 400), UsageSource::Counted))),
        (decided("d", 12, "support", "cloud"), None),
        (decided("old", 1, "sales", "cloud"), Some(((9_999, 0, 0), UsageSource::Reported))),
    ] {
        let id = row.id.clone();
        store.decided(row).await.unwrap();
        if let Some((sums, source)) = end {
            store.settled(settled(&id, sums, source)).await.unwrap();
        }
    }
    let refused = DecidedRow {
        refused: Some("policy_refused".to_owned()),
        chosen: None,
        reserved: NanoUsd::ZERO,
        ..decided("e", 12, "support", "cloud")
    };
    store.decided(refused).await.unwrap();
    let reader = Reader::open(&path).unwrap();
    store.close().await.unwrap();
    (folder, reader)
}

fn shown(reader: &Reader, by: &[Dimension], layout: Layout) -> String {
    let mut out = Vec::new();
    let period = period("2026-03-05", None, NOW.parse().unwrap()).unwrap();
    cost(reader, by, period, layout, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn sums_are_exact_and_the_dearest_group_comes_first() {
    let (_folder, reader) = ledger().await;
    let csv = shown(&reader, &[Dimension::Team, Dimension::Target], Layout::Csv);
    assert_eq!(
        csv,
        "team,target,requests,refused,input_tokens,output_tokens,billed_usd,unreported_usd,imputed_usd,avoided_usd\n\
         sales,cloud,2,0,60,20,0.000000741,0.000000041,0.00,0.00\n\
         support,cloud,1,0,0,0,0.00,0.00,0.00,0.00\n\
         support,local,1,0,30,10,0.00,0.00,0.00000009,0.0000004\n\
         support,none,1,1,0,0,0.00,0.00,0.00,0.00\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&shown(&reader, &[Dimension::Day], Layout::Json)).unwrap();
    assert_eq!(json["groups"][0]["day"], "2026-03-10");
    assert_eq!(json["total"]["requests"], 5);
    assert_eq!(json["total"]["billed_usd"], "0.000000741");
}

#[tokio::test]
async fn the_table_has_a_total_and_names_what_still_runs() {
    let (_folder, reader) = ledger().await;
    let text = shown(&reader, &[Dimension::Month], Layout::Text);
    let total = text.lines().find(|line| line.starts_with("total")).unwrap();
    assert!(total.contains("0.000000741"), "{text}");
    assert!(text.contains("still running: 0.000005 USD set aside"), "{text}");
}

#[tokio::test]
async fn the_other_ways_are_compared_with_their_assumptions() {
    let (_folder, reader) = ledger().await;
    let mut out = Vec::new();
    let march = period("2026-03-05", None, NOW.parse().unwrap()).unwrap();
    breakeven(&reader, march, NanoUsd::new(80_000_000), Layout::Text, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("as routed    0.000000831 USD"), "{text}");
    assert!(text.contains("all remote   0.000001141 USD"), "{text}");
    // 90 nano-USD for 40 tokens here; 120 tokens in all.
    assert!(text.contains("all local    0.00000027 USD"), "{text}");
    assert!(text.contains("pays off from 200000 local answers per hour"), "{text}");
    assert!(text.contains("Assumptions: an hour of the machine costs 0.08 USD"), "{text}");
}

#[test]
fn nothing_local_means_nothing_to_compare() {
    let march = period("2026-03-05", None, NOW.parse().unwrap()).unwrap();
    let remote = Costs { requests: 3, billed: NanoUsd::new(30), ..Costs::default() };
    let work = Work { remote, ..Work::default() };
    let compared = Comparison::of(work, march, NanoUsd::new(80_000_000));
    assert_eq!((compared.all_local, compared.answers_per_hour), (None, None));
    assert_eq!(compared.machine, NanoUsd::new(80_000_000 * 24 * 26));
}

#[test]
fn periods_are_read_as_people_write_them() {
    let now = NOW.parse().unwrap();
    let since = |text| period(text, None, now).map(|period| period.since.to_string());
    assert_eq!(since("30d").unwrap(), "2026-03-01T00:00:00Z");
    assert_eq!(since("12h").unwrap(), "2026-03-30T12:00:00Z");
    assert_eq!(since("2026-03-05").unwrap(), "2026-03-05T00:00:00Z");
    assert_eq!(since("2026-03-05T01:00:00Z").unwrap(), "2026-03-05T01:00:00Z");
    for wrong in ["yesterday", "-3d", "2027-01-01"] {
        assert!(since(wrong).is_err(), "{wrong}");
    }
}
