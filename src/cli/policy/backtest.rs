//! `ambidex policy backtest`: what another policy would have made of the requests on record.

use std::io::Write;

use anyhow::Context as _;

use super::Read;
use super::arguments::{BacktestArguments, TargetsArgument};
use crate::cli::CliError;
use crate::cli::arguments::Format;
use crate::clock;
use crate::config::{Settings, StoreSettings, TargetKind, TargetSettings};
use crate::gateway;
use crate::record::Reader;
use crate::rollout::backtest::{Past, Priced};

/// Decides the recorded requests again and compares.
pub fn backtest(
    arguments: &BacktestArguments,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let read = Read::new(Some(&arguments.file), settings, &TargetsArgument::default())?;
    let policy = read.compile()?;
    let ledger = arguments.ledger.as_ref().map_or(settings.store.clone(), StoreSettings::from);
    let reader = Reader::open(ledger).map_err(anyhow::Error::from)?;
    let since = clock::moment(&arguments.since, clock::now())
        .map_err(|error| CliError::Settings(format!("error: --since: {error}")))?;
    let past = Past { policy: &policy, prices: prices(settings), examples_max: arguments.examples };
    let report = past
        .replay(&reader, since)
        .map_err(anyhow::Error::from)
        .context("the ledger could not be read to its end")?;
    match arguments.format {
        Format::Text => report.text(out)?,
        Format::Json => writeln!(out, "{:#}", report.json())?,
    }
    Ok(())
}

/// The prices of the configured targets; unknown for what is not priced, free for the local engine.
fn prices(settings: &Settings) -> Vec<Priced> {
    let price = |target: &TargetSettings| match &target.kind {
        TargetKind::Engine(..) => Priced::Free,
        TargetKind::Remote(_) => {
            let output_max = target.serves.output_tokens_max;
            let listing = gateway::listing(target);
            listing.map_or(Priced::Unknown, |listing| Priced::At(listing, output_max))
        }
    };
    settings.targets.iter().map(price).collect()
}
