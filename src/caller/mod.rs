//! Who asks: an API key → a [`Caller`] with a team, a rank and a floor for sensitivity.
//!
//! Keys are kept as SHA-256 digests of high-entropy secrets and looked up by digest, so the time of
//! a look-up tells nothing about a key. Attribution comes from the key alone, never from headers.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::failure::{Code, Failure, Fault, Retry};
use crate::inspect::Level;
use crate::policy::Criticality;
use crate::secret::Secret;

/// The caller of every request when none are configured.
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
    limiter: Option<DefaultDirectRateLimiter>,
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
#[derive(Clone, Debug)]
pub struct CallerSettings {
    /// The name.
    pub name: String,
    /// The API key.
    pub key: Secret,
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
    /// Most requests in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
}

/// Everyone who may send requests.
#[derive(Debug)]
pub struct Callers {
    by_digest: HashMap<[u8; 32], Arc<Caller>>,
    anonymous: Option<Arc<Caller>>,
}

impl Callers {
    /// Takes the configured callers; with none, everyone is `anonymous`.
    pub fn new(settings: &[CallerSettings]) -> Self {
        let anonymous = settings.is_empty().then(|| {
            Arc::new(Caller {
                name: ANONYMOUS.to_owned(),
                team: ANONYMOUS.to_owned(),
                criticality: None,
                region: None,
                data_floor: None,
                task_hints: TaskHints::default(),
                limiter: None,
            })
        });
        let by_digest = settings.iter().map(|it| (digest(&it.key), Arc::new(caller(it)))).collect();
        Self { by_digest, anonymous }
    }

    /// Finds the caller of a request and counts it against the caller's rate.
    pub fn identify(&self, credentials: Option<&Secret>) -> Result<Arc<Caller>, Failure> {
        if let Some(anonymous) = &self.anonymous {
            return Ok(Arc::clone(anonymous));
        }
        let known = credentials.and_then(|key| self.by_digest.get(&digest(key)));
        let caller = known.ok_or_else(|| {
            let message = "a valid API key is needed: send `Authorization: Bearer <key>`";
            Failure::client(Code::InvalidApiKey, message)
        })?;
        caller.admit()?;
        Ok(Arc::clone(caller))
    }
}

impl Caller {
    fn admit(&self) -> Result<(), Failure> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check().map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            let pause = Duration::from_secs(wait.as_secs().saturating_add(1));
            let message =
                format!("too many requests for this key; try again in {} s", pause.as_secs());
            Failure {
                at_fault: Fault::Client,
                retry: Retry::After(pause),
                code: Code::RateLimited,
                message,
            }
        })
    }
}

fn caller(settings: &CallerSettings) -> Caller {
    Caller {
        name: settings.name.clone(),
        team: settings.team.clone(),
        criticality: settings.criticality,
        region: settings.region.clone(),
        data_floor: settings.data_floor,
        task_hints: settings.task_hints,
        limiter: settings
            .requests_per_minute
            .map(|limit| RateLimiter::direct(Quota::per_minute(limit))),
    }
}

fn digest(key: &Secret) -> [u8; 32] {
    Sha256::digest(key.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(per_minute: u32) -> CallerSettings {
        CallerSettings {
            name: "support-bot".to_owned(),
            key: Secret::new("key-of-support".to_owned()),
            team: "support".to_owned(),
            criticality: None,
            region: None,
            data_floor: None,
            task_hints: TaskHints::default(),
            requests_per_minute: NonZeroU32::new(per_minute),
        }
    }

    fn key(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_key_names_its_caller_and_nothing_else_does() {
        let callers = Callers::new(&[settings(0)]);
        assert_eq!(callers.identify(Some(&key("key-of-support"))).unwrap().team, "support");
        for wrong in [None, Some(key("")), Some(key("key-of-suppor")), Some(key("KEY-OF-SUPPORT"))]
        {
            assert_eq!(callers.identify(wrong.as_ref()).unwrap_err().code, Code::InvalidApiKey);
        }
        assert!(!format!("{callers:?} {:?}", settings(0)).contains("key-of"));
    }

    #[test]
    fn a_rate_is_kept_and_says_when_to_come_back() {
        let callers = Callers::new(&[settings(2)]);
        let once = || callers.identify(Some(&key("key-of-support")));
        assert!(once().is_ok() && once().is_ok());
        let refused = once().unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(matches!(refused.retry, Retry::After(pause) if pause.as_secs() <= 31));
    }

    #[test]
    fn without_callers_everyone_is_anonymous() {
        assert_eq!(Callers::new(&[]).identify(None).unwrap().name, ANONYMOUS);
    }
}
