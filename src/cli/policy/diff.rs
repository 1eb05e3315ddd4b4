//! `ambidex policy diff`: for which requests two policies decide differently.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::Read;
use super::arguments::{DiffArguments, FailOn};
use crate::cli::CliError;
use crate::cli::arguments::Format;
use crate::config::Settings;
use crate::policy::{self, Change, ChangeKind, Difference, Policy};

/// Compares two policies.
pub fn diff(
    arguments: &DiffArguments,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let read = |file: &Path| Read::new(Some(file), settings, &arguments.targets);
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let (before, after) = (old.compile_unproved()?, new.compile_unproved()?);
    let difference = policy::diff((&old.name, &before), (&new.name, &after));
    if arguments.format == Format::Json {
        let report = json!({
            "old": { "name": before.name(), "rev": before.rev() },
            "new": { "name": after.name(), "rev": after.rev() },
            "changes": difference.changes,
            "is_complete": difference.is_complete,
            "notes": difference.notes,
            "widens": difference.widens,
        });
        serde_json::to_writer_pretty(&mut *out, &report).context("it could not be written")?;
        writeln!(out)?;
    } else {
        print((&before, &after), &difference, out)?;
    }
    let is_changed = !difference.changes.is_empty() || !difference.is_complete;
    match arguments.fail_on {
        Some(FailOn::Widening | FailOn::Change) if difference.widens => {
            Err(CliError::Widens("error: the new policy widens what may leave".to_owned()))
        }
        Some(FailOn::Change) if is_changed => {
            Err(CliError::Widens("error: the new policy decides differently".to_owned()))
        }
        Some(FailOn::Widening | FailOn::Change) | None => Ok(()),
    }
}

fn print(
    (old, new): (&Policy, &Policy),
    difference: &Difference,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let (name, rev) = (old.name(), old.rev());
    writeln!(out, "from {name} (rev {rev}) to {} (rev {})", new.name(), new.rev())?;
    for change in &difference.changes {
        writeln!(out)?;
        print_change(change, out)?;
    }
    if !difference.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &difference.notes {
        writeln!(out, "note: {note}")?;
    }
    writeln!(out, "\n{}", sentence(difference))?;
    Ok(())
}

fn print_change(change: &Change, out: &mut impl Write) -> Result<(), CliError> {
    let (before, after) = (first(&change.before), first(&change.after));
    match change.kind {
        ChangeKind::Egress => {
            let zone = change.new_zones.join(", ");
            let how = if before == after { ", as a fallback" } else { "" };
            writeln!(out, "NEW EGRESS to {zone}{how}: {before} -> {after}")?;
        }
        ChangeKind::Unmasked => writeln!(out, "NO LONGER MASKED: {before} -> {after}")?,
        ChangeKind::Target => writeln!(out, "another target: {before} -> {after}")?,
        ChangeKind::Fallbacks => {
            let (before, after) = (change.before.join(", "), change.after.join(", "));
            writeln!(out, "other fallbacks: {before} -> {after}")?;
        }
    }
    if change.when.is_empty() {
        writeln!(out, "  for every request")?;
    }
    for (index, condition) in change.when.iter().enumerate() {
        writeln!(out, "  {} {condition}", if index == 0 { "when" } else { " and" })?;
    }
    let [old, new] = &change.commands;
    writeln!(out, "  before: {old}\n  after:  {new}")?;
    Ok(())
}

/// The target that is preferred.
fn first(names: &[String]) -> &str {
    names.first().map_or("refused", String::as_str)
}

fn sentence(difference: &Difference) -> String {
    let count = difference.changes.len();
    let widening = difference.changes.iter().filter(|change| change.kind.is_widening()).count();
    match (count, difference.is_complete) {
        (0, true) if difference.widens => {
            "The rules decide alike for every request, but less is looked for.".to_owned()
        }
        (0, true) => "No difference: proved for every request.".to_owned(),
        (0, false) => "No difference was found, but that there is none is not proved.".to_owned(),
        (_, true) => format!(
            "{count} region(s) of requests change, {widening} of them widen what may leave. Nothing \
             changes outside of them, whatever is up and whatever it costs: proved."
        ),
        (_, false) => format!(
            "{count} region(s) of requests change, {widening} of them widen what may leave. There \
             may be more."
        ),
    }
}
