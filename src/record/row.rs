//! The ledger's rows as values: what is written when a request is decided and when it ends.
//!
//! A request has one row. It begins `held` (or ends at once as `refused`) and leaves that state exactly
//! once. No row holds prompt or answer text.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chat::Usage;
use crate::money::NanoUsd;

/// Where a row is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Money is set aside, the request runs.
    Held,
    /// It ended; the cost is final.
    Settled,
    /// It ended and bought nothing.
    Released,
    /// The policy said no; nothing was sent.
    Refused,
    /// The process died before it ended: charged at the reserved amount.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Held, Self::Settled, Self::Released, Self::Refused, Self::Expired];

    /// The word that the database holds.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Settled => "settled",
            Self::Released => "released",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What is known when a request is decided. Written, and on disk, before a paid upstream sees a byte.
#[derive(Clone, Debug, PartialEq)]
pub struct DecidedRow {
    /// The decision id, unique.
    pub id: String,
    /// When it was decided. Budgets use the same instant, so that rows and pots agree on the window.
    pub at: Timestamp,
    /// The caller's id.
    pub caller: String,
    /// The caller's team; empty without one.
    pub team: String,
    /// The id of the API key, never the key.
    pub key: String,
    /// The API surface, such as `chat`.
    pub surface: String,
    /// The model the client asked for.
    pub model_asked: String,
    /// Where the request goes; `None` when it is refused.
    pub chosen: Option<Chosen>,
    /// The level that the policy saw.
    pub sensitivity: String,
    /// The task type, if one was recognised.
    pub task: Option<String>,
    /// The revision of the policy that decided.
    pub policy_rev: String,
    /// The digest of the price book in force.
    pub price_digest: String,
    /// For a refusal its code; `None` for a permitted request.
    pub refused: Option<String>,
    /// What is set aside of billed money.
    pub reserved: NanoUsd,
    /// What is set aside of imputed money.
    pub reserved_imputed: NanoUsd,
    /// Why it was decided so, for `explain`; empty when not kept.
    pub trace_json: String,
    /// The facts that it was decided on, to decide again; empty when not kept.
    pub facts_json: String,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The route of the policy.
    pub route: String,
    /// The target.
    pub target: String,
    /// The target's zone.
    pub zone: String,
    /// The model that answers.
    pub model: String,
}

/// What a model in this process is, for audits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Its licence, as its files or the configuration name it.
    pub licence: String,
    /// The SHA-256 of its weights; `None` if the answer ended before that was computed.
    pub sha256: Option<String>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub struct SettledRow {
    /// The decision id.
    pub id: String,
    /// Whether something was bought.
    pub ending: Ending,
    /// How it went, as a word from a closed list: `ok`, `client_gone`, `upstream_error` …
    pub outcome: String,
    /// The target that answered, when a fallback took over.
    pub answered_by: Option<Chosen>,
    /// What the local model that answered is; `None` for other targets.
    pub weights: Option<Weights>,
    /// The servers that may have seen the request, in the order in which they were tried.
    pub sent_to: Vec<SentTo>,
    /// What was set aside for further attempts, beyond what the decision had.
    pub raised: NanoUsd,
    /// What the upstream bills.
    pub cost: NanoUsd,
    /// What it would have cost: at the reference target for a local answer, once more for one from the
    /// cache.
    pub avoided: NanoUsd,
    /// What our own machines cost for it.
    pub imputed: NanoUsd,
    /// What was used; `None` when nobody knows.
    pub usage: Option<Usage>,
    /// From the request's arrival to the end of the answer.
    pub latency: Duration,
    /// From the request's arrival to the first token, if one came.
    pub ttft: Option<Duration>,
    /// What became of a local answer that was looked at before anybody saw it.
    pub verified: Option<Verified>,
    /// What another target said to the same, after the client had its answer.
    pub compared: Option<Compared>,
    /// Into how many parts the local model had to cut the text; 0 if none.
    pub read_in: u32,
    /// The decision whose answer was given again from the cache; `None` for every other request.
    pub cached_from: Option<String>,
}

impl SettledRow {
    /// The end of a request of which nothing was sent and nothing is owed: one that was refused because nobody
    /// could tell whether its decision had been written, unless the fields say otherwise.
    pub fn not_sent(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ending: Ending::Released,
            outcome: "not_recorded".to_owned(),
            answered_by: None,
            weights: None,
            sent_to: Vec::new(),
            raised: NanoUsd::ZERO,
            cost: NanoUsd::ZERO,
            avoided: NanoUsd::ZERO,
            imputed: NanoUsd::ZERO,
            usage: None,
            latency: Duration::ZERO,
            ttft: None,
            verified: None,
            compared: None,
            read_in: 0,
            cached_from: None,
        }
    }
}

/// A local answer that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The tenth percentile of its token probabilities, 0 to 1.
    pub score: f64,
    /// What became of it, as a word from a closed list: `accepted`, `unsure`, …
    pub verdict: String,
}

/// A local answer that was compared with another target's.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The other target.
    pub with: String,
    /// What it bills for that; part of the request's cost.
    pub cost: NanoUsd,
    /// How far both say the same, from 0 to 1; `None` if the other target gave no answer.
    pub agreement: Option<f64>,
}

/// A server that may have seen a request, whatever it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTo {
    /// The target.
    pub target: String,
    /// Its zone.
    pub zone: String,
}

/// The two ways a held row ends while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The cost is final.
    Settled,
    /// Nothing was bought.
    Released,
}

impl Ending {
    /// The state the row takes.
    pub const fn state(self) -> State {
        match self {
            Self::Settled => State::Settled,
            Self::Released => State::Released,
        }
    }
}

/// A row as the database holds it, for reports, commands and tests.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// The row's number, in the order of commitment; in a file without gaps.
    pub seq: i64,
    /// What was known when it was decided.
    pub decided: DecidedRow,
    /// Where the row is in its life.
    pub state: State,
    /// How it ended; `None` while held and for refusals.
    pub settled: Option<SettledRow>,
}

/// Sums over all rows, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// All rows.
    pub rows: u64,
    /// Rows still held.
    pub held: u64,
    /// Rows settled.
    pub settled: u64,
    /// Rows released.
    pub released: u64,
    /// Refusals.
    pub refused: u64,
    /// Rows that a dead process left behind.
    pub expired: u64,
    /// What settled and expired rows cost.
    pub cost: NanoUsd,
    /// What local answers avoided.
    pub avoided: NanoUsd,
    /// What our own machines cost.
    pub imputed: NanoUsd,
    /// What held rows have set aside.
    pub reserved: NanoUsd,
}

/// Ordinary rows, for tests that care about a few of the columns.
#[cfg(test)]
pub(crate) mod examples {
    use super::*;

    impl DecidedRow {
        /// A request to a remote target, with nothing set aside.
        pub(crate) fn example(id: &str, at: Timestamp) -> Self {
            Self {
                id: id.to_owned(),
                at,
                caller: "bot".to_owned(),
                team: "support".to_owned(),
                key: "k1".to_owned(),
                surface: "chat".to_owned(),
                model_asked: "auto".to_owned(),
                chosen: Some(Chosen {
                    route: "everything-else".to_owned(),
                    target: "cloud-eu".to_owned(),
                    zone: "eu".to_owned(),
                    model: "gpt-4o-mini".to_owned(),
                }),
                sensitivity: "internal".to_owned(),
                task: Some("chat".to_owned()),
                policy_rev: "0123456789ab".to_owned(),
                price_digest: "9ad20eb995ca92dd".to_owned(),
                refused: None,
                reserved: NanoUsd::ZERO,
                reserved_imputed: NanoUsd::ZERO,
                trace_json: r#"{"route":"everything-else"}"#.to_owned(),
                facts_json: String::new(),
            }
        }
    }

    impl SettledRow {
        /// An answer that was free and used nothing.
        pub(crate) fn example(id: &str) -> Self {
            Self {
                ending: Ending::Settled,
                outcome: "ok".to_owned(),
                latency: Duration::from_millis(30),
                ..Self::not_sent(id)
            }
        }
    }
}
