//! `ambidex keys`: make, list, change and revoke API keys, also while a gateway runs.

pub mod arguments;

use std::io::Write;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};

use super::CliError;
use super::models::Format;
use crate::caller::{KeyDigest, key};
use crate::gateway::keys::{self, KeyWishError, NewKey, state, view};
use crate::record::StoreSettings;
use crate::record::keys::{KeyRow, Keys, Opens};
use crate::secret::Secret;

/// Makes a key and shows it, this once.
pub fn create(
    ledger: &StoreSettings,
    wish: NewKey,
    now: Timestamp,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let (key, row) = wish.make(now).map_err(wrong)?;
    let keys = Keys::open(ledger, row.created).map_err(anyhow::Error::from)?;
    keys.create(&row).map_err(anyhow::Error::from)?;
    let what = match row.opens {
        Opens::Models => format!("key `{}` of team `{}`", row.name, row.team),
        Opens::Console => {
            format!("operator's key `{}` for the console and the admin API", row.name)
        }
    };
    Ok(show(&key, &what, out)?)
}

/// What makes no sense is told as a mistake in the command.
fn wrong(error: KeyWishError) -> CliError {
    match error {
        KeyWishError::Wrong(what) => CliError::Settings(format!("error: {what}")),
        other @ (KeyWishError::Keys(_) | KeyWishError::NoRandom(_)) => {
            anyhow::Error::from(other).into()
        }
    }
}

/// Gives a key other budgets of its own.
pub fn budget(
    ledger: &StoreSettings,
    (name, lines): (&str, &[String]),
    now: Timestamp,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let kept = keys::budgets(name, lines).map_err(wrong)?;
    let all = Keys::open(ledger, now).map_err(anyhow::Error::from)?;
    all.budget(name, &kept, now).map_err(anyhow::Error::from)?;
    let kept = if kept.is_empty() { "no budget of its own".to_owned() } else { kept.join(", ") };
    writeln!(out, "`{name}` has {kept}; running gateways count by it within a second or two")?;
    Ok(())
}

/// Gives a key a new secret and shows it, this once.
pub fn rotate(
    ledger: &StoreSettings,
    name: &str,
    overlap: SignedDuration,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let key = key::new().context("the system gave no random bytes")?;
    let (digest, hint) = (KeyDigest::of(&key).0, key::hint(&key));
    Keys::open(ledger, now)?.rotate(name, (digest, &hint), overlap, now)?;
    let until = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
    show(&key, &format!("key `{name}`; the one before is good until {until}"), out)
}

/// Ends a key.
pub fn revoke(
    ledger: &StoreSettings,
    name: &str,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    Keys::open(ledger, now)?.revoke(name, now)?;
    writeln!(out, "`{name}` is revoked; running gateways refuse it within a second or two")?;
    Ok(())
}

fn show(key: &Secret, what: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", key.expose())?;
    writeln!(out, "{what}; it is shown this once and kept as a digest only")?;
    Ok(())
}

/// Lists keys, without what opens anything.
pub fn list(
    ledger: &StoreSettings,
    format: Format,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let rows = Keys::open(ledger, now)?.list()?;
    if let Format::Json = format {
        let rows: Vec<_> = rows.iter().map(|row| view(row, now)).collect();
        serde_json::to_writer_pretty(&mut *out, &rows)?;
        writeln!(out)?;
        return Ok(());
    }
    if rows.is_empty() {
        writeln!(out, "no keys yet; `ambidex keys create NAME --team TEAM` makes one")?;
        return Ok(());
    }
    let models = |row: &KeyRow| match row.grants.models.as_slice() {
        _ if row.opens == Opens::Console => "none: console and admin API".to_owned(),
        [] => "all".to_owned(),
        models => models.join(", "),
    };
    let cells = |row: &KeyRow| {
        [
            row.name.clone(),
            row.team.clone(),
            row.hint.clone(),
            state(row, now),
            row.created.strftime("%Y-%m-%d").to_string(),
            models(row),
            rates(row),
            if row.grants.budgets.is_empty() {
                "-".to_owned()
            } else {
                row.grants.budgets.join(", ")
            },
        ]
    };
    let head = ["name", "team", "ends with", "state", "created", "models", "rates", "budgets"];
    Ok(super::table(head, rows.iter().map(cells), out)?)
}

fn rates(row: &KeyRow) -> String {
    let grants = &row.grants;
    let rate = |limit: Option<u32>, of: &str| limit.map(|limit| format!("{limit} {of}"));
    let all = [
        rate(grants.requests_per_minute, "requests/min"),
        rate(grants.tokens_per_minute, "tokens/min"),
        rate(grants.concurrent, "at a time"),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}
