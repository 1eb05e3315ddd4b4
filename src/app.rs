//! Everything that one running gateway consists of, made once and shared by all requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::warn;

use crate::budget::{Budgets, Hold, OverBudget, SubjectKeys};
use crate::cache::Cache;
use crate::caller::{Caller, Callers};
use crate::clock;
use crate::destination::Destination;
use crate::dispatch::Comparisons;
use crate::engine::prompt::Templates;
use crate::idempotency::Idempotency;
use crate::inspector::Inspector;
use crate::mask;
use crate::money::NanoUsd;
use crate::policy::{Estimate, Policy, TargetId};
use crate::record::{LedgerDown, SettledRow, Store};
use crate::rollout::Rollout;
use crate::server::{Limits, Shutdown};
use crate::shared::Shared;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::traces::Trace;
use crate::upstream::Client;

/// One gateway.
#[derive(Debug)]
pub struct App {
    /// Limits of the data listener.
    pub limits: Limits,
    /// Who may ask.
    pub callers: Callers,
    /// Looks into requests.
    pub inspector: Inspector,
    /// The policy in force, and the one that shadows it.
    pub rollout: Rollout,
    /// The money.
    pub budgets: Budgets,
    /// What of it is shared with other gateways.
    pub shared: Option<Shared>,
    /// Where requests can go; indices are the policy's target ids.
    pub destinations: Vec<Destination>,
    /// Sends to upstreams.
    pub client: Client,
    /// Keeps the record of every request.
    pub store: Store,
    /// Counts.
    pub metrics: Metrics,
    /// Where traces of requests go, if anybody wants them.
    pub traces: Option<mpsc::Sender<Trace>>,
    /// Runs what outlives a request.
    pub tasks: Tasks,
    /// Says when to stop.
    pub shutdown: Shutdown,
    /// How the local model is asked, by task.
    pub templates: Templates,
    /// What an hour of this machine costs.
    pub machine_hour: NanoUsd,
    /// What is answered while the ledger cannot be written.
    pub ledger_down: LedgerDown,
    /// Digest of the price book, for the records.
    pub price_digest: String,
    /// What placeholders are made with; `None` if the system gave no random bytes, and then nothing
    /// can be masked.
    pub mask_key: Option<mask::Key>,
    /// Makes decision ids.
    pub ids: Ids,
    /// What was answered under which idempotency key.
    pub idempotency: Idempotency,
    /// Local answers that are compared with others.
    pub comparisons: Comparisons,
    /// Answers that are given again, if that is wanted.
    pub cache: Option<Cache>,
}

impl App {
    /// The destination of a target id.
    pub fn destination(&self, target: TargetId) -> Option<&Destination> {
        self.destinations.get(target.0)
    }

    /// The remote target whose price answers "what would it have cost": the first with a price.
    pub fn reference(&self) -> Option<&Destination> {
        self.destinations.iter().find(|it| it.engine().is_none() && it.listing.is_some())
    }

    /// Sets money aside for a request of this caller on its way to a target, by this route. Waits only
    /// where budgets are shared and this gateway must ask for more.
    pub async fn reserve(
        &self,
        caller: &Caller,
        (target, route): (TargetId, &str),
        estimate: Option<Estimate>,
        now: Timestamp,
    ) -> Result<Hold, OverBudget> {
        let destination = self.destination(target);
        let keys = SubjectKeys {
            team: &caller.team,
            key: &caller.name,
            caller: &caller.name,
            target: destination.map(|it| it.name.as_str()),
            route: Some(route),
            model: destination.map(Destination::model),
        };
        let amount = match estimate {
            Some(Estimate::Known(amount)) => amount,
            Some(Estimate::Unpriced) | None => NanoUsd::ZERO,
        };
        match &self.shared {
            Some(shared) => shared.reserve(&self.budgets, (&keys, amount.into()), now).await,
            None => self.budgets.reserve(&keys, amount, now),
        }
    }

    /// Queues the end of a request for the ledger, in the background: an ending never waits for the
    /// disk, and shutdown waits for all of them.
    pub fn record_ending(&self, row: SettledRow) {
        let store = self.store.clone();
        self.tasks.spawn(async move {
            if let Err(error) = store.settled(row).await {
                warn!(%error, "a settlement could not be recorded; the hold stays charged");
            }
        });
    }

    /// The policy in force; a request keeps the one it began with.
    pub fn policy(&self) -> Arc<Policy> {
        self.rollout.live()
    }
}

/// Makes ids that sort by time and never repeat: milliseconds, the process, a counter.
#[derive(Debug)]
pub struct Ids {
    process: u32,
    next: AtomicU64,
}

impl Ids {
    /// Ids of this process; `process` is random.
    pub const fn new(process: u32) -> Self {
        Self { process, next: AtomicU64::new(0) }
    }

    /// The next id, 28 hexadecimal digits.
    pub fn next(&self) -> String {
        let millis = clock::now().as_millisecond();
        let count = self.next.fetch_add(1, Ordering::Relaxed) & 0xFFFF_FFFF;
        format!("{millis:012x}{:08x}{count:08x}", self.process)
    }
}
