//! Budgets that several gateways share: asks for more when this one runs short, tells the others every
//! moment how it stands, and takes over from gateways that are dead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::app::App;
use crate::budget::{Budgets, Charge, Hold, Keep, OverBudget, SubjectKeys};
use crate::clock::{self, Instant};
use crate::record::slices::Round;
use crate::record::{LedgerError, Slices, Store};

/// The longest time between two rounds; a fifth of the lease, if that is shorter.
const ROUND_MAX: Duration = Duration::from_secs(1);

/// The shared budgets of a gateway.
#[derive(Debug)]
pub struct Shared {
    slices: Arc<Slices>,
    /// Asking and telling take turns: what is told must not be older than what was got.
    turn: Mutex<()>,
    nodes: AtomicU32,
}

impl Shared {
    /// Those of a store; `None` for one that is not shared.
    pub fn of(store: &Store) -> Option<Self> {
        let slices = Arc::new(Slices::of(store)?);
        Some(Self { slices, turn: Mutex::default(), nodes: AtomicU32::new(1) })
    }

    /// The door to the server. It blocks.
    pub fn slices(&self) -> &Slices {
        &self.slices
    }

    /// Reserves, and asks for more if that is what is missing.
    pub async fn reserve(
        &self,
        budgets: &Budgets,
        (keys, charge): (&SubjectKeys<'_>, Charge),
        now: Timestamp,
    ) -> Result<Hold, OverBudget> {
        let refused = match budgets.reserve(keys, charge, now) {
            Ok(hold) => return Ok(hold),
            Err(refused) => refused,
        };
        let _turn = self.turn.lock().await;
        // Who had the turn before may have got enough for both.
        let wants = budgets.wants(keys, charge, now);
        if !wants.is_empty() {
            let (slices, nodes) = (Arc::clone(&self.slices), self.nodes.load(Ordering::Relaxed));
            let asked = tokio::task::spawn_blocking(move || slices.take(&wants, nodes)).await;
            match asked {
                Ok(Ok(grants)) => budgets.grant(&grants),
                Ok(Err(error)) => {
                    warn!(%error, "the shared budgets could not be asked; nothing more is spent");
                    return Err(refused);
                }
                Err(_) => return Err(refused),
            }
        }
        budgets.reserve(keys, charge, now)
    }

    /// Tells how this gateway stands and hears how the others do.
    async fn round(&self, budgets: &Budgets, keep: Keep) -> Result<Round, LedgerError> {
        let _turn = self.turn.lock().await;
        let reports = budgets.round(keep, clock::now());
        let slices = Arc::clone(&self.slices);
        let told = tokio::task::spawn_blocking(move || slices.report(&reports)).await;
        let round = told.map_err(|_| LedgerError::Closed)??;
        budgets.learn(&round.others);
        self.nodes.store(round.nodes.max(1), Ordering::Relaxed);
        Ok(round)
    }

    /// Gives everything back that is not used, before the end.
    pub async fn leave(&self, budgets: &Budgets) {
        if let Err(error) = self.round(budgets, Keep::Nothing).await {
            warn!(%error, "shares of budgets could not be given back; they are when the lease ends");
        }
    }
}

/// Tells and hears every moment until the last request has ended.
pub async fn look_after(app: Arc<App>, stop: CancellationToken) {
    let Some(shared) = &app.shared else { return };
    let lease = shared.slices.lease();
    let pause = ROUND_MAX.min(lease / 5);
    // Nobody is declared dead by somebody who has been away himself.
    let mut well_since: Option<Instant> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        match shared.round(&app.budgets, Keep::Pace).await {
            Ok(round) => {
                app.callers.share_among(round.nodes);
                for target in &app.destinations {
                    target.meter.share_among(round.nodes.max(1));
                }
                let since = *well_since.get_or_insert_with(clock::instant);
                if since.elapsed() >= lease {
                    take_over(&app, round.lapsed).await;
                }
            }
            Err(error @ LedgerError::Lapsed) => {
                error!(%error, "this gateway sends nothing more to paid upstreams");
                app.store.lapse();
                return;
            }
            Err(error) => {
                if well_since.take().is_some() {
                    warn!(%error, "the shared ledger cannot be reached");
                }
            }
        }
    }
}

async fn take_over(app: &Arc<App>, dead: Vec<i64>) {
    for node in dead {
        match app.store.take_over(node, app.budgets.specs()).await {
            Ok(Some(recovery)) => {
                let (requests, charged) = (recovery.expired, recovery.charged);
                warn!(node, requests, %charged, "took over from a dead gateway; charged as reserved");
            }
            Ok(None) => info!(node, "another gateway took over"),
            Err(error) => warn!(node, %error, "a dead gateway could not be taken over yet"),
        }
    }
}
