//! `ambidex report cost`: money and tokens by team, route, model …

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Layout, quoted};
use crate::record::Reader;
use crate::record::report::{CostGroup, Costs, Dimension, Period};

const SUMS: [&str; 8] = [
    "requests",
    "refused",
    "input_tokens",
    "output_tokens",
    "billed_usd",
    "unreported_usd",
    "imputed_usd",
    "avoided_usd",
];

/// Prints the sums of a period.
pub fn cost(
    ledger: &Reader,
    by: &[Dimension],
    period: Period,
    layout: Layout,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let groups = ledger.costs(by, period)?;
    let total = groups.iter().fold(Costs::default(), |sum, group| sum.and(group.costs));
    let summary = Summary { by, period, groups, total };
    match layout {
        Layout::Text => text(&summary, out),
        Layout::Json => json(&summary, out),
        Layout::Csv => csv(&summary, out),
    }
}

/// What is printed.
struct Summary<'a> {
    by: &'a [Dimension],
    period: Period,
    groups: Vec<CostGroup>,
    total: Costs,
}

fn cells(costs: &Costs) -> [String; 8] {
    [
        costs.requests.to_string(),
        costs.refused.to_string(),
        costs.input_tokens.to_string(),
        costs.output_tokens.to_string(),
        costs.billed.to_string(),
        costs.unreported.to_string(),
        costs.imputed.to_string(),
        costs.avoided.to_string(),
    ]
}

fn text(summary: &Summary<'_>, out: &mut impl Write) -> anyhow::Result<()> {
    let Summary { by, period, groups, total } = summary;
    writeln!(out, "{} to {} (UTC), money in USD\n", period.since, period.until)?;
    let head = by.iter().map(|it| it.name()).chain(SUMS.map(|sum| sum.trim_end_matches("_usd")));
    let mut lines: Vec<Vec<String>> = vec![head.map(|word| word.replace('_', " ")).collect()];
    for group in groups {
        lines.push(group.names.iter().cloned().chain(cells(&group.costs)).collect());
    }
    let mut last = vec![String::new(); by.len()];
    if let Some(first) = last.first_mut() {
        "total".clone_into(first);
        last.extend(cells(total));
        lines.push(last);
    }
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..by.len() + SUMS.len()).map(width).collect();
    for line in &lines {
        let mut shown = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let cell = if column < by.len() {
                format!("{cell:<width$}  ")
            } else {
                format!("{cell:>width$}  ")
            };
            shown.push_str(&cell);
        }
        writeln!(out, "{}", shown.trim_end())?;
    }
    writeln!(
        out,
        "\nbilled: by upstreams; unreported: the part of it that no upstream reported the usage of;\n\
         imputed: our own machines, by engine time; avoided: local answers at the reference target's price"
    )?;
    if total.reserved.is_positive() {
        writeln!(out, "still running: {} USD set aside, not in these sums", total.reserved)?;
    }
    Ok(())
}

fn object(costs: &Costs) -> anyhow::Result<Map<String, Value>> {
    let sums = json!({
        "requests": costs.requests,
        "refused": costs.refused,
        "input_tokens": costs.input_tokens,
        "output_tokens": costs.output_tokens,
        "billed_usd": costs.billed.to_string(),
        "unreported_usd": costs.unreported.to_string(),
        "imputed_usd": costs.imputed.to_string(),
        "avoided_usd": costs.avoided.to_string(),
        "reserved_usd": costs.reserved.to_string(),
    });
    let Value::Object(sums) = sums else { anyhow::bail!("sums are an object") };
    Ok(sums)
}

fn json(summary: &Summary<'_>, out: &mut impl Write) -> anyhow::Result<()> {
    let Summary { by, period, groups, total } = summary;
    let mut shown = Vec::new();
    for group in groups {
        let names = by.iter().zip(&group.names);
        let mut object = object(&group.costs)?;
        object.extend(names.map(|(it, name)| (it.name().to_owned(), json!(name))));
        shown.push(Value::Object(object));
    }
    let report = json!({
        "since": period.since.to_string(),
        "until": period.until.to_string(),
        "by": by.iter().map(|it| it.name()).collect::<Vec<_>>(),
        "groups": shown,
        "total": object(total)?,
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)?;
    Ok(())
}

fn csv(summary: &Summary<'_>, out: &mut impl Write) -> anyhow::Result<()> {
    let Summary { by, groups, .. } = summary;
    let head: Vec<_> = by.iter().map(|it| it.name()).chain(SUMS).collect();
    writeln!(out, "{}", head.join(","))?;
    for group in groups {
        let names = group.names.iter().map(|name| quoted(name));
        let line: Vec<_> = names.chain(cells(&group.costs)).collect();
        writeln!(out, "{}", line.join(","))?;
    }
    Ok(())
}
