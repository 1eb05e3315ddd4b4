//! Who asks: an API key → a [`Caller`] with a team, a rank and a floor for sensitivity.
//!
//! Keys are kept as SHA-256 digests of high-entropy secrets and looked up by digest, so the time of
//! a look-up tells nothing about a key. Attribution comes from the key alone, never from headers.

pub mod key;
mod rate;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::failure::{Code, Failure};
use crate::inspect::Level;
use crate::policy::Criticality;
use crate::secret::Secret;
pub use key::KeyDigest;
pub use rate::{Left, Meter, Rates, Seats, Standing};

/// The caller of every request when there are no keys.
pub const ANONYMOUS: &str = "anonymous";

/// Someone who may send requests.
#[derive(Debug)]
pub struct Caller {
    /// The name in the configuration; also the key's name in records.
    pub name: String,
    /// Who pays.
    pub team: String,
    /// How much an outage of this caller hurts.
    pub criticality: Option<Criticality>,
    /// Where the caller is, in the words of the configuration.
    pub region: Option<String>,
    /// Everything this caller sends is at least this sensitive.
    pub data_floor: Option<Level>,
    /// What its word on the task is worth.
    pub task_hints: TaskHints,
    /// The models that may be asked for; empty for all.
    models: Vec<String>,
    meter: Meter,
    team_meter: Option<Arc<Meter>>,
}

/// What a caller's word on the task of a request is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskHints {
    /// It may name a task that demands less of a model than the one recognised, never more.
    #[default]
    Narrow,
    /// It may name any task.
    Trusted,
}

/// How a caller is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerSettings {
    /// The name.
    pub name: String,
    /// The API keys: one, and while it is being changed two.
    pub keys: Vec<Grant>,
    /// Who pays.
    pub team: String,
    /// See [`Caller::criticality`].
    pub criticality: Option<Criticality>,
    /// See [`Caller::region`].
    pub region: Option<String>,
    /// See [`Caller::data_floor`].
    pub data_floor: Option<Level>,
    /// See [`Caller::task_hints`].
    pub task_hints: TaskHints,
    /// The models that may be asked for; empty for all.
    pub models: Vec<String>,
    /// How fast.
    pub rates: Rates,
}

/// A key, and until when it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The key.
    pub digest: KeyDigest,
    /// The first instant at which it is not; `None` for never.
    pub until: Option<Timestamp>,
}

/// How fast all callers of a team together may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamRates {
    /// The team.
    pub team: String,
    /// How fast.
    pub rates: Rates,
}

/// Whether somebody without a key may ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// As long as there are no keys at all.
    #[default]
    WithoutKeys,
    /// Never.
    Never,
}

/// Everyone who may send requests.
#[derive(Debug)]
pub struct Callers {
    configured: Vec<CallerSettings>,
    teams: HashMap<String, Arc<Meter>>,
    anonymous: Anonymous,
    table: ArcSwap<Table>,
    /// How many gateways count together.
    gateways: AtomicU32,
}

#[derive(Debug, Default)]
struct Table {
    by_digest: HashMap<KeyDigest, (Option<Timestamp>, Arc<Caller>)>,
    by_name: HashMap<String, (CallerSettings, Arc<Caller>)>,
    anonymous: Option<Arc<Caller>>,
}

/// A caller whose request has been counted.
#[derive(Debug)]
pub struct Admitted {
    /// Who.
    pub caller: Arc<Caller>,
    /// The request's places, for as long as it runs.
    pub seats: Seats,
    /// What is left of the caller's rates.
    pub standing: Standing,
}

impl Callers {
    /// Takes the configured callers; without any key, everyone is `anonymous` if that is allowed.
    pub fn new(configured: Vec<CallerSettings>, teams: &[TeamRates], anonymous: Anonymous) -> Self {
        let meter = |it: &TeamRates| Meter::new(format!("team {}", it.team), it.rates);
        let teams = teams.iter().map(|it| (it.team.clone(), Arc::new(meter(it)))).collect();
        let gateways = AtomicU32::new(1);
        let callers = Self { configured, teams, anonymous, table: ArcSwap::default(), gateways };
        callers.replace(Vec::new(), KeyBook::Empty);
        callers
    }

    /// Takes the callers whose keys are managed at run time in place of those before. A caller that
    /// stays as it was keeps its counts. Returns the names that the configuration has, too: there the
    /// configuration wins.
    pub fn replace(&self, managed: Vec<CallerSettings>, book: KeyBook) -> Vec<String> {
        let before = self.table.load();
        let mut table = Table::default();
        let mut doubled = Vec::new();
        for settings in self.configured.iter().cloned().chain(managed) {
            if table.by_name.contains_key(&settings.name) {
                doubled.push(settings.name);
                continue;
            }
            let known = before.by_name.get(&settings.name);
            let caller = match known.filter(|(before, _)| before.is_like(&settings)) {
                Some((_, caller)) => Arc::clone(caller),
                None => Arc::new(self.caller(&settings)),
            };
            for grant in &settings.keys {
                let place = (grant.until, Arc::clone(&caller));
                table.by_digest.entry(grant.digest).or_insert(place);
            }
            table.by_name.insert(settings.name.clone(), (settings, caller));
        }
        // Revoking the last key must not open the gateway.
        let is_keyless = self.configured.is_empty() && book == KeyBook::Empty;
        if is_keyless && self.anonymous == Anonymous::WithoutKeys {
            table.anonymous =
                Some(Arc::new(self.caller(&CallerSettings::named(ANONYMOUS, ANONYMOUS))));
        }
        self.table.store(Arc::new(table));
        doubled
    }

    /// Whether the configuration has a caller of this name, which wins over a key made at run time.
    pub fn configures(&self, name: &str) -> bool {
        self.configured.iter().any(|it| it.name == name)
    }

    /// Rates are those of so many gateways together; this one permits its share.
    pub fn share_among(&self, gateways: u32) {
        let gateways = gateways.max(1);
        if self.gateways.swap(gateways, Ordering::Relaxed) == gateways {
            return;
        }
        let table = self.table.load();
        let callers = table.by_name.values().map(|(_, caller)| caller);
        for caller in callers.chain(&table.anonymous) {
            caller.meter.share_among(gateways);
        }
        for team in self.teams.values() {
            team.share_among(gateways);
        }
    }

    fn caller(&self, settings: &CallerSettings) -> Caller {
        let meter = Meter::new("this key".to_owned(), settings.rates);
        meter.share_among(self.gateways.load(Ordering::Relaxed));
        Caller {
            name: settings.name.clone(),
            team: settings.team.clone(),
            criticality: settings.criticality,
            region: settings.region.clone(),
            data_floor: settings.data_floor,
            task_hints: settings.task_hints,
            models: settings.models.clone(),
            meter,
            team_meter: self.teams.get(&settings.team).cloned(),
        }
    }

    /// Finds the caller of a request and counts it against the caller's rates.
    pub fn identify(
        &self,
        credentials: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Admitted, Failure> {
        let table = self.table.load();
        match &table.anonymous {
            Some(anonymous) => admit(anonymous),
            None => admit(table.known(credentials, now)?),
        }
    }

    /// Counts a request that an operator sends as this caller; `None` if there is no such caller.
    pub fn admit_as(&self, name: &str) -> Option<Result<Admitted, Failure>> {
        self.named(name).as_ref().map(admit)
    }

    /// The caller of this name.
    pub fn named(&self, name: &str) -> Option<Arc<Caller>> {
        let table = self.table.load();
        let known = table.by_name.get(name).map(|(_, caller)| caller);
        known.or_else(|| table.anonymous.as_ref().filter(|it| it.name == name)).cloned()
    }

    /// The callers whose keys are good, by name.
    pub fn names(&self) -> Vec<String> {
        let table = self.table.load();
        let all = table.by_name.keys().chain(table.anonymous.as_ref().map(|it| &it.name));
        let mut names: Vec<String> = all.cloned().collect();
        names.sort();
        names
    }
}

/// Counts a request of a caller against its rates and its team's.
fn admit(caller: &Arc<Caller>) -> Result<Admitted, Failure> {
    let (mut seats, mut standing) = caller.meter.request()?;
    if let Some(meter) = &caller.team_meter {
        let (more, of_team) = meter.request()?;
        (seats, standing) = (seats.and(more), standing.and(of_team));
    }
    Ok(Admitted { caller: Arc::clone(caller), seats, standing })
}

/// Whether any key was ever made at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyBook {
    /// None.
    Empty,
    /// At least one, even if it has been revoked.
    Used,
}

impl Table {
    fn known(&self, credentials: Option<&Secret>, now: Timestamp) -> Result<&Arc<Caller>, Failure> {
        let unknown = |message: String| Failure::client(Code::InvalidApiKey, message);
        let found = credentials.and_then(|key| self.by_digest.get(&KeyDigest::of(key)));
        match found {
            None => Err(unknown(
                "a valid API key is needed: send `Authorization: Bearer <key>`".to_owned(),
            )),
            // Only its holder is told.
            Some((Some(until), _)) if *until <= now => {
                Err(unknown(format!("this API key was good until {until}; ask for a new one")))
            }
            Some((_, caller)) => Ok(caller),
        }
    }
}

impl Caller {
    /// Whether this caller may ask for a model.
    pub fn may_ask_for(&self, model: &str) -> Result<(), Failure> {
        if self.models.is_empty() || self.models.iter().any(|it| it == model) {
            return Ok(());
        }
        let message = format!(
            "this API key may not ask for that model; it may ask for {}",
            self.models.join(", ")
        );
        Err(Failure::client(Code::ModelNotAllowed, message))
    }

    /// Counts the tokens that a request may use against the caller's rates.
    pub fn count_tokens(&self, count: u32) -> Result<Standing, Failure> {
        let own = self.meter.tokens(count)?;
        match &self.team_meter {
            Some(meter) => Ok(own.and(meter.tokens(count)?)),
            None => Ok(own),
        }
    }
}

impl CallerSettings {
    /// A caller of this team with one key for good, and nothing else said.
    pub fn with_key(name: &str, team: &str, key: &Secret) -> Self {
        let grant = Grant { digest: KeyDigest::of(key), until: None };
        Self { keys: vec![grant], ..Self::named(name, team) }
    }

    fn named(name: &str, team: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: Vec::new(),
            team: team.to_owned(),
            criticality: None,
            region: None,
            data_floor: None,
            task_hints: TaskHints::default(),
            models: Vec::new(),
            rates: Rates::default(),
        }
    }

    /// The same but for the keys.
    fn is_like(&self, other: &Self) -> bool {
        Self { keys: Vec::new(), ..self.clone() } == Self { keys: Vec::new(), ..other.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Retry;
    use std::num::NonZeroU32;

    fn key(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn settings(name: &str, per_minute: u32) -> CallerSettings {
        let requests_per_minute = NonZeroU32::new(per_minute);
        CallerSettings {
            rates: Rates { requests_per_minute, ..Rates::default() },
            ..CallerSettings::with_key(name, "support", &key(&format!("key-of-{name}")))
        }
    }

    fn callers(settings: Vec<CallerSettings>) -> Callers {
        Callers::new(settings, &[], Anonymous::WithoutKeys)
    }

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn asks(callers: &Callers, text: &str) -> Result<String, Failure> {
        callers.identify(Some(&key(text)), now()).map(|it| it.caller.name.clone())
    }

    #[test]
    fn a_key_names_its_caller_and_nothing_else_does() {
        let callers = callers(vec![settings("bot", 0)]);
        assert_eq!(asks(&callers, "key-of-bot").unwrap(), "bot");
        for wrong in ["", "key-of-bo", "KEY-OF-BOT", "anonymous"] {
            assert_eq!(asks(&callers, wrong).unwrap_err().code, Code::InvalidApiKey);
        }
        assert_eq!(callers.identify(None, now()).unwrap_err().code, Code::InvalidApiKey);
        assert!(!format!("{callers:?} {:?}", settings("bot", 0)).contains("key-of"));
    }

    #[test]
    fn a_rate_is_kept_and_says_when_to_come_back() {
        let callers = callers(vec![settings("bot", 2)]);
        let once = || asks(&callers, "key-of-bot");
        assert!(once().is_ok() && once().is_ok());
        let refused = once().unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(matches!(refused.retry, Retry::After(pause) if pause.as_secs() <= 31));
    }

    #[test]
    fn a_team_shares_its_rate() {
        let rates = Rates { requests_per_minute: NonZeroU32::new(2), ..Rates::default() };
        let team = TeamRates { team: "support".to_owned(), rates };
        let both = vec![settings("one", 0), settings("two", 0)];
        let callers = Callers::new(both, &[team], Anonymous::WithoutKeys);
        assert!(asks(&callers, "key-of-one").is_ok() && asks(&callers, "key-of-two").is_ok());
        let refused = asks(&callers, "key-of-one").unwrap_err();
        assert!(refused.message.contains("team support"), "{}", refused.message);
    }

    #[test]
    fn without_keys_everyone_is_anonymous_unless_that_is_ruled_out() {
        let open = callers(Vec::new());
        assert_eq!(open.identify(None, now()).unwrap().caller.name, ANONYMOUS);
        let closed = Callers::new(Vec::new(), &[], Anonymous::Never);
        assert_eq!(closed.identify(None, now()).unwrap_err().code, Code::InvalidApiKey);
        // The last key was revoked.
        open.replace(Vec::new(), KeyBook::Used);
        assert_eq!(open.identify(None, now()).unwrap_err().code, Code::InvalidApiKey);
    }

    #[test]
    fn keys_come_and_go_while_the_counts_stay() {
        let callers = callers(vec![settings("bot", 0)]);
        assert!(callers.replace(vec![settings("new", 2)], KeyBook::Used).is_empty());
        assert!(asks(&callers, "key-of-new").is_ok() && asks(&callers, "key-of-new").is_ok());
        // A second key for the same caller shares the caller's rate.
        let mut rotated = settings("new", 2);
        rotated.keys.push(Grant { digest: KeyDigest::of(&key("next")), until: None });
        callers.replace(vec![rotated], KeyBook::Used);
        assert_eq!(asks(&callers, "next").unwrap_err().code, Code::RateLimited);
        // Another rate is counted anew.
        callers.replace(vec![settings("new", 3)], KeyBook::Used);
        assert!(asks(&callers, "key-of-new").is_ok());
        assert_eq!(callers.replace(vec![settings("bot", 9)], KeyBook::Used), ["bot"]);
        assert_eq!(asks(&callers, "key-of-new").unwrap_err().code, Code::InvalidApiKey);
        assert!(asks(&callers, "key-of-bot").is_ok());
    }

    #[test]
    fn a_key_ends_at_its_time() {
        let mut ending = settings("bot", 0);
        ending.keys = vec![Grant { until: Some(now()), ..ending.keys.remove(0) }];
        let callers = callers(vec![ending]);
        let refused = asks(&callers, "key-of-bot").unwrap_err();
        assert_eq!(refused.code, Code::InvalidApiKey);
        assert!(refused.message.contains("good until 2026-03-01T12:00:00Z"), "{}", refused.message);
        let before = now() - jiff::SignedDuration::from_secs(1);
        assert!(callers.identify(Some(&key("key-of-bot")), before).is_ok());
    }

    #[test]
    fn a_key_may_ask_for_its_models_only() {
        let models = vec!["auto".to_owned(), "gpt-4o-mini".to_owned()];
        let callers = callers(vec![CallerSettings { models, ..settings("bot", 0) }]);
        let caller = callers.identify(Some(&key("key-of-bot")), now()).unwrap().caller;
        assert!(caller.may_ask_for("auto").is_ok());
        let refused = caller.may_ask_for("gpt-5").unwrap_err();
        assert_eq!(refused.code, Code::ModelNotAllowed);
        assert!(!refused.message.contains("gpt-5"), "what was asked is not repeated");
    }
}
