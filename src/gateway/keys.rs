//! Keys that operators make and revoke while the gateway runs, by commands, the admin API or the console.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tracing::{info, warn};

use super::operator_keys::OperatorKeys;
use crate::app::App;
use crate::budget::{BudgetSpec, own};
use crate::caller::{CallerSettings, Grant, KeyBook, KeyDigest, Rates, TaskHints, key};
use crate::clock;
use crate::inspect::Level;
use crate::policy::Criticality;
use crate::record::keys::{Grants, KeyError, KeyRow, Keys, Opens};
use crate::record::{LedgerError, StoreSettings};
use crate::secret::Secret;
use crate::yaml;

/// How often keys are looked at: a revoked key opens nothing after this long.
const INTERVAL: Duration = Duration::from_secs(1);

/// A key that somebody wants, in the words of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The caller's name.
    pub name: String,
    /// Who pays; without it, the name.
    #[serde(default)]
    pub team: Option<String>,
    /// When it ends: `90d` from now, or a day. Without it, never.
    #[serde(default)]
    pub expires: Option<String>,
    /// The models that may be asked for; without any, all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Everything this caller sends is at least this sensitive.
    #[serde(default)]
    pub data_floor: Option<String>,
    /// How much an outage of this caller hurts.
    #[serde(default)]
    pub criticality: Option<String>,
    /// Where the caller is.
    #[serde(default)]
    pub region: Option<String>,
    /// The most requests in a minute.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// The most tokens in a minute.
    #[serde(default)]
    pub tokens_per_minute: Option<u32>,
    /// The most requests at the same time.
    #[serde(default)]
    pub concurrent: Option<u32>,
    /// Budgets of its own, each as one line such as `50/month`.
    #[serde(default)]
    pub budgets: Vec<String>,
    /// Whether it is an operator's: it opens the console and the admin API, and no model.
    #[serde(default)]
    pub admin: bool,
}

/// Why a key was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyWishError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Wrong(String),
    /// The keys that there are stand against it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No key can be made.
    #[error("the system gave no random bytes: {0}")]
    NoRandom(#[from] getrandom::Error),
}

impl NewKey {
    /// The key, which nobody can show again, and what is kept of it.
    ///
    /// # Errors
    /// What makes no sense about it.
    pub fn make(self, now: Timestamp) -> Result<(Secret, KeyRow), KeyWishError> {
        let wrong = |what: String| Err(KeyWishError::Wrong(what));
        if self.admin && !self.asks_for_nothing() {
            return wrong(
                "an operator's key asks no model: leave out team, models, sensitivity, criticality, region, \
                 budgets and rates"
                    .to_owned(),
            );
        }
        let opens = if self.admin { Opens::Console } else { Opens::Models };
        let (name, team) = (self.name, self.team.filter(|it| !it.is_empty()));
        let team = team.unwrap_or_else(|| name.clone());
        for (what, word) in
            [("name", Some(&name)), ("team", Some(&team)), ("region", self.region.as_ref())]
        {
            if word.is_some_and(|word| !yaml::is_name(word)) {
                return wrong(format!("{what}: use up to 64 letters, digits, `-`, `_` and `.`"));
            }
        }
        if self.data_floor.as_deref().is_some_and(|it| Level::from_name(it).is_none()) {
            let levels: Vec<&str> = Level::ALL.iter().map(|it| it.name()).collect();
            return wrong(format!("data_floor: one of {}", levels.join(", ")));
        }
        if self.criticality.as_deref().is_some_and(|it| Criticality::from_name(it).is_none()) {
            let words: Vec<&str> = Criticality::ALL.iter().map(|it| it.name()).collect();
            return wrong(format!("criticality: one of {}", words.join(", ")));
        }
        let rates = [self.requests_per_minute, self.tokens_per_minute, self.concurrent];
        if rates.contains(&Some(0)) {
            return wrong("a rate of 0 would allow nothing; revoke the key instead".to_owned());
        }
        let budgets = budgets(&name, &self.budgets)?;
        let end = |text: &str| clock::ahead(text, now);
        let expires = match self.expires.as_deref().filter(|it| !it.is_empty()).map(end) {
            None => None,
            Some(Ok(at)) => Some(at),
            Some(Err(error)) => return wrong(format!("expires: {error}")),
        };
        let key = key::new()?;
        let row = KeyRow {
            name,
            opens,
            team,
            digest: KeyDigest::of(&key).0,
            hint: key::hint(&key),
            before: None,
            grants: Grants {
                models: self.models,
                criticality: self.criticality,
                region: self.region,
                data_floor: self.data_floor,
                requests_per_minute: self.requests_per_minute,
                tokens_per_minute: self.tokens_per_minute,
                concurrent: self.concurrent,
                budgets,
            },
            created: now,
            expires,
            revoked: None,
        };
        Ok((key, row))
    }

    /// Whether it says nothing that only a caller has.
    const fn asks_for_nothing(&self) -> bool {
        self.team.is_none()
            && self.models.is_empty()
            && self.data_floor.is_none()
            && self.criticality.is_none()
            && self.region.is_none()
            && self.requests_per_minute.is_none()
            && self.tokens_per_minute.is_none()
            && self.concurrent.is_none()
            && self.budgets.is_empty()
    }
}

/// The budgets of a key, as they are kept.
///
/// # Errors
/// What makes no sense about them.
pub fn budgets(name: &str, lines: &[String]) -> Result<Vec<String>, KeyWishError> {
    let read = own::read(name, lines.iter().map(String::as_str));
    let read = read.map_err(|what| KeyWishError::Wrong(format!("budgets: {what}")))?;
    Ok(read.iter().map(own::write).collect())
}

/// How a key is: good, expired, revoked, and until or since when.
pub fn state(row: &KeyRow, now: Timestamp) -> String {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    match (row.revoked, row.expires) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= now => format!("expired {}", day(at)),
        (None, Some(at)) => format!("good until {}", day(at)),
        (None, None) => "good".to_owned(),
    }
}

/// A key for programs, without what opens anything.
pub fn view(row: &KeyRow, now: Timestamp) -> serde_json::Value {
    let grants = &row.grants;
    serde_json::json!({
        "name": row.name,
        "team": row.team,
        "admin": row.opens == Opens::Console,
        "ends_with": row.hint,
        "state": state(row, now),
        "created": row.created.to_string(),
        "expires": row.expires.map(|at| at.to_string()),
        "revoked": row.revoked.map(|at| at.to_string()),
        "models": grants.models,
        "criticality": grants.criticality,
        "region": grants.region,
        "data_floor": grants.data_floor,
        "requests_per_minute": grants.requests_per_minute,
        "tokens_per_minute": grants.tokens_per_minute,
        "concurrent": grants.concurrent,
        "budgets": grants.budgets,
    })
}

/// The keys of a ledger's file, and what the callers know of them.
#[derive(Debug)]
pub(crate) struct ManagedKeys {
    keys: Mutex<(Keys, Option<i64>)>,
    ledger: StoreSettings,
    operators: Arc<OperatorKeys>,
}

impl ManagedKeys {
    pub(super) fn open(
        ledger: &StoreSettings,
        operators: Arc<OperatorKeys>,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let keys = Mutex::new((Keys::open(ledger, now)?, None));
        Ok(Self { keys, ledger: ledger.clone(), operators })
    }

    fn held(&self) -> MutexGuard<'_, (Keys, Option<i64>)> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All keys, by name. Blocks on the file.
    pub(crate) fn list(&self) -> Result<Vec<KeyRow>, LedgerError> {
        self.held().0.list()
    }

    /// Makes a key; it is good from now on. Blocks on the file.
    pub(crate) fn create(
        &self,
        app: &App,
        wish: NewKey,
        now: Timestamp,
    ) -> Result<Secret, KeyWishError> {
        let (key, row) = wish.make(now)?;
        self.held().0.create(&row)?;
        self.refresh(app).map_err(KeyError::from)?;
        Ok(key)
    }

    /// Gives a key a new secret. Blocks on the file.
    pub(crate) fn rotate(
        &self,
        app: &App,
        (name, overlap): (&str, SignedDuration),
        now: Timestamp,
    ) -> Result<Secret, KeyWishError> {
        let key = key::new()?;
        let (digest, hint) = (KeyDigest::of(&key).0, key::hint(&key));
        self.held().0.rotate(name, (digest, &hint), overlap, now)?;
        self.refresh(app).map_err(KeyError::from)?;
        Ok(key)
    }

    /// Gives a key other budgets, from now on. Returns how they are kept. Blocks on the file.
    pub(crate) fn budget(
        &self,
        app: &App,
        (name, lines): (&str, &[String]),
        now: Timestamp,
    ) -> Result<Vec<String>, KeyWishError> {
        let kept = budgets(name, lines)?;
        self.held().0.budget(name, &kept, now)?;
        self.refresh(app).map_err(KeyError::from)?;
        Ok(kept)
    }

    /// Ends a key; it opens nothing from now on. Blocks on the file.
    pub(crate) fn revoke(&self, app: &App, name: &str, now: Timestamp) -> Result<(), KeyWishError> {
        self.held().0.revoke(name, now)?;
        self.refresh(app).map_err(KeyError::from)?;
        Ok(())
    }

    /// Hands the keys to the callers and the operators if they have changed, after their budgets: no key
    /// spends a cent before its budget counts. Blocks on the file.
    pub(super) fn refresh(&self, app: &App) -> Result<(), LedgerError> {
        let mut held = self.held();
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
        let (operators, rows): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.opens == Opens::Console);
        let (book, operators_book) = (book(&rows), book(&operators));
        let (managed, specs): (Vec<_>, Vec<_>) = rows.iter().filter_map(settings).unzip();
        let used =
            |spec: &BudgetSpec| spec.whom.one_key().is_some_and(|it| !app.callers.configures(it));
        count(app, specs.into_iter().flatten().filter(used).collect(), clock::now())?;
        let good = operators.iter().filter(|it| it.revoked.is_none());
        let good: Vec<_> = good.map(|row| (row.name.clone(), secrets(row))).collect();
        if seen.is_some() || book == KeyBook::Used || operators_book == KeyBook::Used {
            info!(keys = managed.len(), operators = good.len(), "API keys read");
        }
        let twice =
            [app.callers.replace(managed, book), self.operators.replace(good, operators_book)];
        for name in twice.concat() {
            warn!(name, "the configuration has this name, too; the key made later is not used");
        }
        *seen = Some(revision);
        Ok(())
    }
}

const fn book(rows: &[KeyRow]) -> KeyBook {
    if rows.is_empty() { KeyBook::Empty } else { KeyBook::Used }
}

/// The secrets of a key: its own, and the one before while that is good.
fn secrets(row: &KeyRow) -> Vec<Grant> {
    let earlier = |until: Timestamp| row.expires.map_or(until, |expires| expires.min(until));
    let own = Grant { digest: KeyDigest(row.digest), until: row.expires };
    let before = row
        .before
        .map(|(digest, until)| Grant { digest: KeyDigest(digest), until: Some(earlier(until)) });
    std::iter::once(own).chain(before).collect()
}

/// Has the budgets of keys counted. New ones begin with what the ledger says was spent in their windows.
fn count(app: &App, specs: Vec<BudgetSpec>, now: Timestamp) -> Result<(), LedgerError> {
    let new = app.budgets.uncounted(&specs);
    let recovered = match &app.shared {
        _ if new.is_empty() => Vec::new(),
        Some(shared) => shared.slices().register_own(&new, now)?,
        None => app.store.reader()?.recovered_own(&new, now)?,
    };
    app.budgets.reconfigure_own(specs, &recovered);
    Ok(())
}

/// A key as a caller, with its budgets; `None` for a revoked one, and for one whose words this version does
/// not know.
fn settings(row: &KeyRow) -> Option<(CallerSettings, Vec<BudgetSpec>)> {
    if row.revoked.is_some() {
        return None;
    }
    let grants = &row.grants;
    let level = grants.data_floor.as_deref().map(Level::from_name);
    let criticality = grants.criticality.as_deref().map(Criticality::from_name);
    let budgets = own::read(&row.name, grants.budgets.iter().map(String::as_str));
    let (false, false, Ok(budgets)) =
        (matches!(level, Some(None)), matches!(criticality, Some(None)), budgets)
    else {
        warn!(name = row.name, "this API key says something that this version does not know");
        return None;
    };
    let rate = |limit: Option<u32>| limit.and_then(NonZeroU32::new);
    let caller = CallerSettings {
        name: row.name.clone(),
        keys: secrets(row),
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
    };
    Some((caller, budgets))
}

/// Looks at the keys until the gateway stops.
pub(super) async fn look_after(app: Arc<App>, keys: Arc<ManagedKeys>) {
    let stop = app.shutdown.drain.clone();
    let mut is_well = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let (app, keys) = (Arc::clone(&app), Arc::clone(&keys));
        let Ok(read) = tokio::task::spawn_blocking(move || keys.refresh(&app)).await else {
            return;
        };
        if let (true, Err(error)) = (is_well, &read) {
            warn!(%error, "API keys could not be read; those known so far stay in force");
        }
        is_well = read.is_ok();
    }
}
