//! The demonstration's table.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;

use super::scenes::Row;

/// Characters of an answer that are shown.
const ANSWER_CHARS: usize = 58;

const HEAD: [&str; 9] = [
    "request",
    "sensitivity",
    "task",
    "route",
    "target",
    "why",
    "latency",
    "cost",
    "would have cost",
];

/// The rows as a table, with the answers below it.
pub(super) fn render(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(150);
    }
    table.set_header(HEAD);
    for row in rows {
        table.add_row(cells(row));
    }
    let mut out = table.to_string();
    out.push_str("\n\nanswers\n");
    for row in rows {
        let mut answer: String = row.answer.chars().take(ANSWER_CHARS).collect();
        if answer.len() < row.answer.len() {
            answer.push('…');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {:<28} {answer}", row.title);
    }
    out.trim_end().to_owned()
}

fn cells(row: &Row) -> [String; 9] {
    let text = |pointer: &str| {
        row.record.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned()
    };
    let usd = |pointer: &str| match row.record.pointer(pointer).and_then(Value::as_str) {
        Some(amount) => format!("${amount}"),
        None => "-".to_owned(),
    };
    let target = match row.record.get("target").and_then(Value::as_str) {
        Some("cloud") => "cloud (sandbox)".to_owned(),
        Some(target) => target.to_owned(),
        None => format!("refused ({})", row.status),
    };
    let would = match row.record.pointer("/settled/avoided_usd").and_then(Value::as_str) {
        Some("0.00") | None => usd("/settled/cost_usd"),
        Some(avoided) => format!("${avoided}"),
    };
    [
        row.title.to_owned(),
        text("/sensitivity"),
        text("/task"),
        text("/route"),
        target,
        text("/trace/why"),
        format!("{} ms", row.latency.as_millis()),
        usd("/settled/cost_usd"),
        would,
    ]
}
