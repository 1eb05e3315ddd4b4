//! The arguments of `ambidex keys`.

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::cli::CliError;
use crate::cli::arguments::{Format, level};
use crate::cli::report::instant;
use crate::inspect::Level;
use crate::policy::Criticality;
use crate::record::keys::{Grants, KeyRow};
use crate::yaml;

/// `ambidex keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, this once.
    Create(CreateArguments),
    /// Show the keys, without what opens anything.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Give a key a new secret; the old one stays good for a while.
    Rotate {
        /// The key's name.
        name: String,
        /// How long the old secret stays good: `24h`, `30m`, `0s`.
        #[arg(long, value_name = "TIME", default_value = "24h")]
        overlap: SignedDuration,
    },
    /// End a key for good.
    Revoke {
        /// The key's name.
        name: String,
    },
}

/// `ambidex keys create …`
#[derive(Debug, Args)]
pub struct CreateArguments {
    /// The caller's name: letters, digits, `-`, `_` and `.`.
    #[arg(value_parser = name)]
    pub name: String,
    /// Who pays; without it, the name.
    #[arg(long, value_parser = name)]
    pub team: Option<String>,
    /// When it ends: `90d` from now, or a day, `2027-01-31`. Without it, never.
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// The models that may be asked for, such as `auto,gpt-4o-mini`; without it, all.
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    pub models: Vec<String>,
    /// Everything this caller sends is at least this sensitive.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub data_floor: Option<Level>,
    /// How much an outage of this caller hurts, in the policy's words.
    #[arg(long, value_parser = criticality)]
    pub criticality: Option<Criticality>,
    /// Where the caller is.
    #[arg(long, value_parser = name)]
    pub region: Option<String>,
    /// The most requests in a minute.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_minute: Option<u32>,
    /// The most tokens in a minute, prompts and longest answers together.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub tokens_per_minute: Option<u32>,
    /// The most requests at the same time.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub concurrent: Option<u32>,
}

impl CreateArguments {
    /// What is kept, but for the key itself.
    pub fn row(self, now: Timestamp) -> Result<KeyRow, CliError> {
        let expires = self.expires.as_deref().map(|text| later(text, now)).transpose()?;
        Ok(KeyRow {
            team: self.team.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            digest: [0; 32],
            hint: String::new(),
            before: None,
            grants: Grants {
                models: self.models,
                criticality: self.criticality.map(|it| it.name().to_owned()),
                region: self.region,
                data_floor: self.data_floor.map(|it| it.name().to_owned()),
                requests_per_minute: self.requests_per_minute,
                tokens_per_minute: self.tokens_per_minute,
                concurrent: self.concurrent,
            },
            created: now,
            expires,
            revoked: None,
        })
    }
}

/// A time from now, a day or an instant, which must lie ahead.
fn later(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    let wrong = |what: &str| CliError::Settings(format!("error: --expires: `{text}` {what}"));
    let ahead = text.parse::<Span>().ok().filter(Span::is_positive);
    let at = match ahead {
        Some(span) => {
            let then = now.to_zoned_datetime(TimeZone::UTC).checked_add(span);
            then.ok().map(|then| then.timestamp())
        }
        None => instant(text, now).ok(),
    };
    match at {
        None => Err(wrong("is neither a time from now (`90d`) nor a day (`2027-01-31`)")),
        Some(at) if at <= now => Err(wrong("is over")),
        Some(at) => Ok(at),
    }
}

fn criticality(text: &str) -> Result<Criticality, String> {
    let names = || Criticality::ALL.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ");
    Criticality::from_name(text).ok_or_else(|| format!("one of {}", names()))
}

/// A name as the configuration would take it.
fn name(text: &str) -> Result<String, String> {
    if yaml::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("use up to 64 letters, digits, `-`, `_` and `.`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_lies_ahead() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(later("90d", now).unwrap().to_string(), "2026-05-30T12:00:00Z");
        assert_eq!(later("2027-01-31", now).unwrap().to_string(), "2027-01-31T00:00:00Z");
        for wrong in ["2026-01-31", "soon", ""] {
            let refused = later(wrong, now).unwrap_err().text();
            assert!(refused.contains("--expires"), "{refused}");
        }
    }
}
