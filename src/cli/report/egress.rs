//! `ambidex report egress`: what left our hosts, where to, under which limits, and what stayed.

use std::io::Write;

use serde_json::json;

use super::Layout;
use crate::cli::{ledger, table};
use crate::record::Reader;
use crate::record::egress::{Count, Egress, Kind, egress as sum_up};
use crate::record::evidence::Known;
use crate::record::report::Period;

/// Prints the report. A ledger that is not whole proves nothing: its faults are printed and it is an
/// error.
pub fn egress(
    ledger: &Reader,
    (period, sensitivity): (Period, Option<&str>),
    known: &Known,
    layout: Layout,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let egress =
        ledger::with_progress(|progress| sum_up(ledger, period, sensitivity, known, progress))?;
    if !egress.verified.is_whole() {
        for fault in &egress.verified.faults {
            writeln!(out, "FAULT  {fault}")?;
        }
        out.flush()?;
        return ledger::whole(&egress.verified);
    }
    match layout {
        Layout::Text => text(&egress, period, out),
        Layout::Json => json(&egress, period, out),
        Layout::Csv => csv(&egress, out),
    }
}

fn text(egress: &Egress, period: Period, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "{} to {} (UTC): {} request(s)\n", period.since, period.until, egress.requests)?;
    let cells = |(kind, count): (&Kind, &Count)| {
        let (zone, target) = kind.passage.place();
        [
            kind.passage.name().to_owned(),
            kind.sensitivity.clone(),
            zone.to_owned(),
            target.to_owned(),
            count.requests.to_string(),
            limits(kind),
        ]
    };
    let head = ["passage", "sensitivity", "zone", "target", "requests", "limits that applied"];
    table(head, egress.groups.iter().map(cells), out)?;
    writeln!(
        out,
        "\nleft: a server outside may have seen it, whatever it answered (tried at two, it counts at both);\n\
         may have left: the process ended, or still runs, before that was written down; stayed: on our hosts\n\
         or in our network, or sent to nobody; refused: sent to nobody.\n"
    )?;
    writeln!(out, "proved by {}", ledger::summary(&egress.verified))?;
    Ok(())
}

fn limits(kind: &Kind) -> String {
    match &kind.limits {
        None => "forgotten with the caller".to_owned(),
        Some(limits) if limits.is_empty() => "-".to_owned(),
        Some(limits) => limits.join(", "),
    }
}

fn json(egress: &Egress, period: Period, out: &mut impl Write) -> anyhow::Result<()> {
    let group = |(kind, count): (&Kind, &Count)| {
        let (zone, target) = kind.passage.place();
        json!({
            "passage": kind.passage.name(),
            "sensitivity": kind.sensitivity,
            "zone": zone,
            "target": target,
            "limits": kind.limits,
            "requests": count.requests,
            "first": count.first.to_string(),
            "last": count.last.to_string(),
        })
    };
    let report = json!({
        "since": period.since.to_string(),
        "until": period.until.to_string(),
        "requests": egress.requests,
        "groups": egress.groups.iter().map(group).collect::<Vec<_>>(),
        "proof": ledger::json(&egress.verified),
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)?;
    Ok(())
}

fn csv(egress: &Egress, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "passage,sensitivity,zone,target,requests,first,last,limits")?;
    for (kind, count) in &egress.groups {
        let (zone, target) = kind.passage.place();
        let limits = super::quoted(&limits(kind));
        let Count { requests, first, last } = count;
        let (name, level) = (kind.passage.name(), &kind.sensitivity);
        writeln!(
            out,
            "{name},{level},{},{},{requests},{first},{last},{limits}",
            super::quoted(zone),
            super::quoted(target)
        )?;
    }
    Ok(())
}
