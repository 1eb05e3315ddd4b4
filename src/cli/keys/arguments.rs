//! The arguments of `ambidex keys`.

use clap::{Args, Subcommand};
use jiff::SignedDuration;

use crate::cli::arguments::{Format, level};
use crate::gateway::keys::NewKey;
use crate::inspect::Level;
use crate::policy::Criticality;
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
    /// Give a key other budgets of its own, such as `80/month 5/day`, at once.
    Budget {
        /// The key's name.
        name: String,
        /// Each one: dollars and a window, and what else there is to say: `'5/day tz=Europe/Berlin warn_at=80%'`.
        #[arg(value_name = "BUDGET", required_unless_present = "none")]
        budgets: Vec<String>,
        /// Take all budgets of its own away.
        #[arg(long, conflicts_with = "budgets")]
        none: bool,
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
    /// Make an operator's key: it opens the console and the admin API, and no model.
    #[arg(long, conflicts_with_all = ["team", "models", "data_floor", "criticality", "region",
        "requests_per_minute", "tokens_per_minute", "concurrent", "budgets"])]
    pub admin: bool,
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
    /// A budget of its own: dollars and a window, `50/month`, and what else there is to say, `'5/day tz=Europe/Berlin
    /// warn_at=80% soft'`. Give it again for another window.
    #[arg(long = "budget", value_name = "BUDGET")]
    pub budgets: Vec<String>,
}

impl CreateArguments {
    /// The key that is wanted.
    pub fn wanted(self) -> NewKey {
        NewKey {
            name: self.name,
            team: self.team,
            expires: self.expires,
            models: self.models,
            data_floor: self.data_floor.map(|it| it.name().to_owned()),
            criticality: self.criticality.map(|it| it.name().to_owned()),
            region: self.region,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            concurrent: self.concurrent,
            budgets: self.budgets,
            admin: self.admin,
        }
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
