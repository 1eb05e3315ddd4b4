//! `ambidex report`: what the ledger adds up to, for people who pay.

pub mod breakeven;
pub mod cascade;
pub mod cost;
pub mod egress;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::clock;
use crate::config::Settings;
use crate::record::Reader;
use crate::record::report::Period;

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// A table for people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// The ledger of a configuration, for reading beside a running gateway.
pub fn ledger(settings: &Settings) -> anyhow::Result<Reader> {
    if let Some(path) = settings.store.file().filter(|path| !path.exists()) {
        bail!(
            "there is no ledger at `{}` yet; a gateway that serves makes it, and `--config FILE` \
             says whose to read",
            path.display()
        );
    }
    Ok(Reader::open(&settings.store)?)
}

/// A period from what was typed: `30d`, `12h`, `2w` back from `now`, a day or an instant.
pub fn period(since: &str, until: Option<&str>, now: Timestamp) -> anyhow::Result<Period> {
    let since = clock::moment(since, now).context("--since")?;
    let until = until.map_or(Ok(now), |text| clock::moment(text, now)).context("--until")?;
    if since >= until {
        bail!("the period is empty: it would end at {until}, before it begins at {since}");
    }
    Ok(Period { since, until })
}

/// A cell as RFC 4180 wants it.
pub(in crate::cli) fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;
