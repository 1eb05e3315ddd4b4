//! `ambidex ledger`: prove that nobody changed it, hand it over, forget callers, remove old rows.

pub mod reprice;

use std::io::{IsTerminal as _, Write};

use anyhow::{anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::models::Format;
use super::report;
use crate::config::Settings;
use crate::hex;
use crate::record::evidence::{Known, Removed, SignedHead, Upkeep, Verified, verify};
use crate::record::report::Period;

/// Checks the whole ledger; an error says how many faults there are, after all of them.
pub fn check(
    settings: &Settings,
    known: &Known,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let ledger = report::ledger(settings)?;
    let verified = with_progress(|progress| verify(&ledger, known, progress))?;
    match format {
        Format::Text => text(&verified, known, out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(&verified))?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    whole(&verified)
}

/// An error if something is wrong.
pub(super) fn whole(verified: &Verified) -> anyhow::Result<()> {
    if verified.is_whole() {
        return Ok(());
    }
    let count = u64::try_from(verified.faults.len()).unwrap_or(u64::MAX);
    let count = count.saturating_add(verified.faults_more);
    Err(anyhow!("the ledger is not as the gateway wrote it: {count} fault(s)"))
}

/// Runs something long with a bar, where somebody looks.
pub(super) fn with_progress<T>(work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work(&mut |_, _| ());
    }
    let style = ProgressStyle::with_template("verifying {bar:30} {pos}/{len} links, {eta} left");
    let bar = ProgressBar::new(0);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let done = work(&mut |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    done
}

fn text(verified: &Verified, known: &Known, out: &mut dyn Write) -> anyhow::Result<()> {
    for fault in &verified.faults {
        writeln!(out, "FAULT  {fault}")?;
    }
    if verified.faults_more > 0 {
        writeln!(out, "FAULT  and {} more", verified.faults_more)?;
    }
    for set_back in &verified.set_back {
        writeln!(out, "NOTE   {set_back}: times from there on may be untrue, the order is not")?;
    }
    writeln!(out, "{}", summary(verified))?;
    if verified.is_whole() {
        writeln!(out, "nothing was changed, removed, added or reordered{}", caveat(known))?;
    }
    Ok(())
}

/// What a chain without faults does not prove by itself.
const fn caveat(known: &Known) -> &'static str {
    if known.keys.is_empty() || known.heads.is_empty() {
        "\n(whoever has the signing key could have written all of it anew: compare with a head that \
         you keep elsewhere, `--head`, and with the key that you know, `--key`)"
    } else {
        ""
    }
}

/// The chain in one or two lines.
pub(super) fn summary(verified: &Verified) -> String {
    let Verified { chains, links, rows, running, erased, pruned, .. } = verified;
    let mut counts = vec![format!("{running} still running")];
    if *erased > 0 {
        counts.push(format!("{erased} without their caller"));
    }
    if *pruned > 0 {
        counts.push(format!("{pruned} more removed by rule"));
    }
    let head = verified.head.as_ref().map_or_else(String::new, |head| {
        format!("\nhead {}\nsigned {} by key {}", head.anchor, head.at, head.key)
    });
    let links = if *chains > 1 {
        format!("{links} links in {chains} chains")
    } else {
        format!("{links} links")
    };
    format!("{links} over {rows} rows ({}){head}", counts.join(", "))
}

pub(super) fn json(verified: &Verified) -> Value {
    json!({
        "whole": verified.is_whole(),
        "chains": verified.chains,
        "links": verified.links,
        "rows": verified.rows,
        "running": verified.running,
        "erased": verified.erased,
        "pruned": verified.pruned,
        "keys": verified.keys.iter()
            .map(|(from, key)| json!({ "from_link": from, "key": key.to_string() }))
            .collect::<Vec<_>>(),
        "head": verified.head.as_ref().map(head_json),
        "set_back": verified.set_back.iter()
            .map(|it| json!({
                "node": it.node, "behind_link": it.n, "from": it.from.to_string(), "to": it.to.to_string(),
            }))
            .collect::<Vec<_>>(),
        "faults": verified.faults.iter()
            .map(|fault| json!({ "place": fault.place.to_string(), "what": fault.what }))
            .collect::<Vec<_>>(),
        "faults_more": verified.faults_more,
    })
}

fn head_json(head: &SignedHead) -> Value {
    json!({
        "head": head.anchor.to_string(),
        "at": head.at.to_string(),
        "key": head.key.to_string(),
        "signature": hex::encode(&head.signature),
    })
}

/// Prints the end of the chain, to be kept elsewhere.
pub fn head(settings: &Settings, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let heads = report::ledger(settings)?.heads()?;
    if heads.is_empty() {
        bail!("the ledger has no chain yet; a gateway that starts begins one");
    }
    for (node, head) in heads {
        one_head(node, &head, format, out)?;
    }
    Ok(())
}

/// A file has one node, of which nobody speaks.
fn one_head(
    node: i64,
    head: &SignedHead,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Text => {
            if node > 0 {
                writeln!(out, "node      {node}")?;
            }
            writeln!(out, "head      {}", head.anchor)?;
            writeln!(out, "at        {}", head.at)?;
            writeln!(out, "key       {}", head.key)?;
            writeln!(out, "signature {}", hex::encode(&head.signature))?;
        }
        Format::Json => {
            let mut shown = head_json(head);
            if node > 0
                && let Some(shown) = shown.as_object_mut()
            {
                shown.insert("node".to_owned(), node.into());
            }
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}

/// Writes the rows of a period as JSON Lines, every column by its name.
pub fn export(settings: &Settings, period: Period, out: &mut dyn Write) -> anyhow::Result<()> {
    let ledger = report::ledger(settings)?;
    ledger.columns(period, |columns| {
        let object: Map<String, Value> = columns.into_iter().collect();
        serde_json::to_writer(&mut *out, &object)?;
        writeln!(out)?;
        Ok(())
    })
}

/// Forgets a caller.
pub fn erase(
    settings: &Settings,
    caller: &str,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Removed { rows } = upkeep(settings, now)?.erase(caller, now)?;
    writeln!(out, "{rows} row(s) no longer say who asked")?;
    Ok(())
}

/// Removes old rows.
pub fn prune(
    settings: &Settings,
    before: Timestamp,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Removed { rows } = upkeep(settings, now)?.prune(before, now)?;
    writeln!(out, "{rows} row(s) from before {before} were removed")?;
    Ok(())
}

fn upkeep(settings: &Settings, now: Timestamp) -> anyhow::Result<Upkeep> {
    if let Some(path) = settings.store.file().filter(|path| !path.exists()) {
        bail!("there is no ledger at `{}`", path.display());
    }
    Ok(Upkeep::open(&settings.store, now)?)
}
