//! Keys that commands make and revoke while the gateway runs.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tracing::{info, warn};

use crate::app::App;
use crate::caller::{CallerSettings, Callers, Grant, KeyBook, KeyDigest, Rates, TaskHints};
use crate::clock;
use crate::inspect::Level;
use crate::policy::Criticality;
use crate::record::keys::{KeyRow, Keys};
use crate::record::{LedgerError, StoreSettings};

/// How often keys are looked at: a revoked key opens nothing after this long.
const INTERVAL: Duration = Duration::from_secs(1);

/// The keys of a ledger's file, and what the callers know of them.
#[derive(Debug)]
pub(super) struct ManagedKeys {
    keys: Mutex<(Keys, Option<i64>)>,
    ledger: StoreSettings,
}

impl ManagedKeys {
    pub(super) fn open(ledger: &StoreSettings, now: Timestamp) -> Result<Self, LedgerError> {
        let keys = Mutex::new((Keys::open(ledger, now)?, None));
        Ok(Self { keys, ledger: ledger.clone() })
    }

    /// Hands the keys to the callers if they have changed. Blocks on the file.
    pub(super) fn refresh(&self, callers: &Callers) -> Result<(), LedgerError> {
        let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (keys, seen) = &mut *held;
        let revision = match keys.revision() {
            Ok(revision) => revision,
            Err(error) => {
                // A server that was lost needs a new connection, for the next time.
                *keys = Keys::open(&self.ledger, clock::now())?;
                return Err(error);
            }
        };
        if *seen == Some(revision) {
            return Ok(());
        }
        let rows = keys.list()?;
        let book = if rows.is_empty() { KeyBook::Empty } else { KeyBook::Used };
        let managed: Vec<_> = rows.iter().filter_map(settings).collect();
        if seen.is_some() || book == KeyBook::Used {
            info!(keys = managed.len(), "API keys read");
        }
        for name in callers.replace(managed, book) {
            warn!(
                name,
                "the configuration has a caller of this name; the key made later is not used"
            );
        }
        *seen = Some(revision);
        Ok(())
    }
}

/// A key as a caller; `None` for a revoked one, and for one whose words this version does not know.
fn settings(row: &KeyRow) -> Option<CallerSettings> {
    if row.revoked.is_some() {
        return None;
    }
    let grants = &row.grants;
    let level = grants.data_floor.as_deref().map(Level::from_name);
    let criticality = grants.criticality.as_deref().map(Criticality::from_name);
    if matches!(level, Some(None)) || matches!(criticality, Some(None)) {
        warn!(name = row.name, "this API key says something that this version does not know");
        return None;
    }
    let earlier = |until: Timestamp| row.expires.map_or(until, |expires| expires.min(until));
    let mut keys = vec![Grant { digest: KeyDigest(row.digest), until: row.expires }];
    if let Some((digest, until)) = row.before {
        keys.push(Grant { digest: KeyDigest(digest), until: Some(earlier(until)) });
    }
    let rate = |limit: Option<u32>| limit.and_then(NonZeroU32::new);
    Some(CallerSettings {
        name: row.name.clone(),
        keys,
        team: row.team.clone(),
        criticality: criticality.flatten(),
        region: grants.region.clone(),
        data_floor: level.flatten(),
        task_hints: TaskHints::Narrow,
        models: grants.models.clone(),
        rates: Rates {
            requests_per_minute: rate(grants.requests_per_minute),
            tokens_per_minute: rate(grants.tokens_per_minute),
            concurrent: rate(grants.concurrent),
        },
    })
}

/// Looks at the keys until the gateway stops.
pub(super) async fn look_after(app: Arc<App>, keys: ManagedKeys) {
    let (stop, keys) = (app.shutdown.drain.clone(), Arc::new(keys));
    let mut is_well = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let (app, keys) = (Arc::clone(&app), Arc::clone(&keys));
        let Ok(read) = tokio::task::spawn_blocking(move || keys.refresh(&app.callers)).await else {
            return;
        };
        if let (true, Err(error)) = (is_well, &read) {
            warn!(%error, "API keys could not be read; those known so far stay in force");
        }
        is_well = read.is_ok();
    }
}
