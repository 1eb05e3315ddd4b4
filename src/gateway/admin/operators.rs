//! Who may operate the gateway: whoever holds an operator's key, as a bearer token or by signing in to the
//! console; a session ends when its key does. Without such keys the listener is on loopback only, and everybody on this machine may.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Method;
use hyper::header::{COOKIE, HOST, HeaderMap, ORIGIN};
use jiff::{SignedDuration, Timestamp};

use crate::caller::KeyDigest;
use crate::gateway::operator_keys::OperatorKeys;
use crate::hex;
use crate::receive;
use crate::secret::Secret;

/// How long somebody stays signed in.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// Most sessions at a time; the oldest makes room.
const SESSIONS_MAX: usize = 1_000;
/// Wrong keys per minute before sign-ins have to wait.
const FAILURES_MAX: u32 = 20;
/// The cookie of a session.
const COOKIE_NAME: &str = "ambidex_session";
/// The name of whoever needs no key.
const ANYBODY: &str = "this machine";

/// Everyone who may operate.
pub(crate) struct Operators {
    keys: Arc<OperatorKeys>,
    metrics_key: Option<KeyDigest>,
    sessions: Mutex<HashMap<KeyDigest, Session>>,
    failures: Mutex<(Timestamp, u32)>,
    /// Proves that a form of the console is ours, where nobody signs in.
    csrf: String,
}

#[derive(Clone)]
struct Session {
    /// The key that it was begun with.
    key: KeyDigest,
    name: String,
    csrf: String,
    until: Timestamp,
}

/// Somebody who may operate.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    /// The name of the admin key.
    pub(crate) name: String,
    /// Goes with every form, so that no other page can send one.
    pub(crate) csrf: String,
    /// Whether there is something to sign out of.
    pub(crate) is_signed_in: bool,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    /// No key, or a wrong one.
    #[error("an admin key is needed: send `Authorization: Bearer <key>`")]
    NoKey,
    /// A page of another origin sends this.
    #[error(
        "pages of other origins may not operate the gateway; without admin keys it has no name but \
         its address and `localhost`"
    )]
    Foreign,
    /// Too many wrong keys.
    #[error("too many wrong keys; wait a minute")]
    TooOften,
    /// The system gave no random bytes.
    #[error("no session can be made: the system gave no random bytes")]
    NoRandom,
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Operators({:?})", self.keys)
    }
}

impl Operators {
    pub(crate) fn new(
        keys: Arc<OperatorKeys>,
        metrics_key: Option<KeyDigest>,
    ) -> Result<Self, Denied> {
        Ok(Self {
            keys,
            metrics_key,
            sessions: Mutex::default(),
            failures: Mutex::new((Timestamp::UNIX_EPOCH, 0)),
            csrf: random()?,
        })
    }

    /// The keys, for whoever learns of new ones.
    pub(crate) fn keys(&self) -> Arc<OperatorKeys> {
        Arc::clone(&self.keys)
    }

    /// Whether nobody needs a key.
    pub(crate) fn is_open(&self) -> bool {
        self.keys.are_needless()
    }

    /// Who sends a request for a program: a bearer token says so, never a cookie.
    pub(crate) fn by_key(
        &self,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Operator, Denied> {
        if self.is_foreign(method, headers) {
            return Err(Denied::Foreign);
        }
        if self.is_open() {
            return Ok(self.anybody());
        }
        let key = receive::credentials(headers).ok_or(Denied::NoKey)?;
        let name = self.keys.owner(KeyDigest::of(&key), now).ok_or(Denied::NoKey)?;
        Ok(Operator { name, csrf: String::new(), is_signed_in: false })
    }

    /// Who looks at the console.
    pub(crate) fn by_session(
        &self,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Operator, Denied> {
        if self.is_foreign(method, headers) {
            return Err(Denied::Foreign);
        }
        if self.is_open() {
            return Ok(self.anybody());
        }
        let token = cookie(headers).ok_or(Denied::NoKey)?;
        let sessions = locked(&self.sessions);
        let session = sessions.get(&KeyDigest::of(&token)).filter(|it| now < it.until);
        let session = session.ok_or(Denied::NoKey)?;
        // Whoever's key was revoked, or ran out, is no longer signed in.
        self.keys.owner(session.key, now).ok_or(Denied::NoKey)?;
        let (name, csrf) = (session.name.clone(), session.csrf.clone());
        Ok(Operator { name, csrf, is_signed_in: true })
    }

    /// Begins a session; returns its cookie.
    pub(crate) fn sign_in(
        &self,
        key: &Secret,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<String, Denied> {
        if self.is_foreign(&Method::POST, headers) {
            return Err(Denied::Foreign);
        }
        let failures = locked(&self.failures).1;
        if failures >= FAILURES_MAX && !self.is_minute_over(now) {
            return Err(Denied::TooOften);
        }
        let key = KeyDigest::of(key);
        let Some(name) = self.keys.owner(key, now) else {
            self.note_failure(now);
            return Err(Denied::NoKey);
        };
        let token = Secret::new(random()?);
        let until = now.checked_add(SESSION).unwrap_or(Timestamp::MAX);
        let session = Session { key, name, csrf: random()?, until };
        let mut sessions = locked(&self.sessions);
        sessions.retain(|_, it| now < it.until);
        if sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = sessions.iter().min_by_key(|(_, it)| it.until).map(|(it, _)| *it)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(KeyDigest::of(&token), session);
        let age = SESSION.as_secs();
        // Behind a proxy that speaks TLS, the cookie never travels without.
        let is_tls = headers.get("x-forwarded-proto").is_some_and(|it| it == "https");
        let secure = if is_tls { "; Secure" } else { "" };
        let token = token.expose();
        Ok(format!(
            "{COOKIE_NAME}={token}; HttpOnly; SameSite=Strict; Path=/console; Max-Age={age}{secure}"
        ))
    }

    /// Ends the session of a request; returns the cookie that takes its place.
    pub(crate) fn sign_out(&self, headers: &HeaderMap) -> String {
        if let Some(token) = cookie(headers) {
            locked(&self.sessions).remove(&KeyDigest::of(&token));
        }
        format!("{COOKIE_NAME}=; HttpOnly; SameSite=Strict; Path=/console; Max-Age=0")
    }

    /// Whether somebody may read the metrics.
    pub(crate) fn may_scrape(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        if self.is_foreign(&Method::GET, headers) {
            return false;
        }
        let Some(wanted) = self.metrics_key else { return true };
        let key = receive::credentials(headers).map(|key| KeyDigest::of(&key));
        key.is_some_and(|key| key == wanted || self.keys.owner(key, now).is_some())
    }

    fn anybody(&self) -> Operator {
        Operator { name: ANYBODY.to_owned(), csrf: self.csrf.clone(), is_signed_in: false }
    }

    fn is_minute_over(&self, now: Timestamp) -> bool {
        let since = locked(&self.failures).0;
        now.duration_since(since).unsigned_abs() >= Duration::from_mins(1)
    }

    fn note_failure(&self, now: Timestamp) {
        let is_over = self.is_minute_over(now);
        let mut failures = locked(&self.failures);
        *failures = if is_over { (now, 1) } else { (failures.0, failures.1.saturating_add(1)) };
    }

    /// Whether a browser sends this for a page that is not ours. Browsers say where a page is from.
    /// Without keys the host must be an address: a name could be somebody else's who points it here.
    fn is_foreign(&self, method: &Method, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if self.is_open() && !is_address(host) {
            return true;
        }
        let origin = headers.get(ORIGIN).filter(|_| *method != Method::GET);
        let Some(origin) = origin else { return false };
        let of = origin.to_str().ok().and_then(|it| it.split_once("://")).map(|(_, it)| it);
        of != Some(host)
    }
}

fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

fn cookie(headers: &HeaderMap) -> Option<Secret> {
    let all = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
    Some(Secret::new(token.to_owned()))
}

fn random() -> Result<String, Denied> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Denied::NoRandom)?;
    Ok(hex::encode(&bytes))
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Anonymous, Grant, KeyBook};
    use crate::config::settings::AdminKey;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn with_key() -> Operators {
        let digest = KeyDigest::of(&Secret::new("k".to_owned()));
        having(vec![AdminKey { name: "ada".to_owned(), digest }])
    }

    fn having(keys: Vec<AdminKey>) -> Operators {
        let keys = OperatorKeys::new(keys, Anonymous::WithoutKeys);
        Operators::new(Arc::new(keys), None).unwrap()
    }

    #[test]
    fn a_session_lasts_for_a_while_and_ends_when_told() {
        let operators = with_key();
        let plain = headers(&[("host", "gateway.example:9090")]);
        let wrong = operators.sign_in(&Secret::new("x".to_owned()), &plain, now());
        assert_eq!(wrong, Err(Denied::NoKey));
        let made = operators.sign_in(&Secret::new("k".to_owned()), &plain, now()).unwrap();
        assert!(made.contains("HttpOnly; SameSite=Strict") && !made.contains("Secure"), "{made}");
        let cookie = made.split(';').next().unwrap();
        let later = headers(&[("host", "gateway.example:9090"), ("cookie", cookie)]);
        let look = |at| operators.by_session(&Method::GET, &later, at);
        assert_eq!(look(now()).unwrap().name, "ada");
        assert!(look(now() + SignedDuration::from_hours(13)).is_err());
        // A program needs the key itself: a cookie is sent by browsers without being asked.
        assert!(operators.by_key(&Method::GET, &later, now()).is_err());
        operators.sign_out(&later);
        assert!(look(now()).is_err());
    }

    #[test]
    fn a_session_ends_with_its_key() {
        let operators = having(Vec::new());
        let key = Secret::new("made".to_owned());
        let grant = Grant { digest: KeyDigest::of(&key), until: None };
        operators.keys.replace(vec![("bo".to_owned(), vec![grant])], KeyBook::Used);
        let plain = headers(&[("host", "gateway.example:9090")]);
        let cookie = operators.sign_in(&key, &plain, now()).unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let later = headers(&[("host", "gateway.example:9090"), ("cookie", cookie)]);
        assert_eq!(operators.by_session(&Method::GET, &later, now()).unwrap().name, "bo");
        operators.keys.replace(Vec::new(), KeyBook::Used);
        assert!(operators.by_session(&Method::GET, &later, now()).is_err());
    }

    #[test]
    fn behind_tls_the_cookie_is_for_tls_only() {
        let by_tls = headers(&[("host", "a"), ("x-forwarded-proto", "https")]);
        let made = with_key().sign_in(&Secret::new("k".to_owned()), &by_tls, now()).unwrap();
        assert!(made.ends_with("; Secure"), "{made}");
    }

    #[test]
    fn guessing_is_slow() {
        let operators = with_key();
        let plain = headers(&[("host", "a")]);
        let (right, wrong) = (Secret::new("k".to_owned()), Secret::new("x".to_owned()));
        for _ in 0..FAILURES_MAX {
            assert_eq!(operators.sign_in(&wrong, &plain, now()), Err(Denied::NoKey));
        }
        assert_eq!(operators.sign_in(&right, &plain, now()), Err(Denied::TooOften));
        let later = now() + SignedDuration::from_secs(61);
        assert!(operators.sign_in(&right, &plain, later).is_ok());
    }

    #[test]
    fn other_pages_and_other_names_are_turned_away() {
        let open = having(Vec::new());
        for (host, origin, is_fine) in [
            ("127.0.0.1:9090", "http://127.0.0.1:9090", true),
            ("localhost", "http://localhost", true),
            ("[::1]:9090", "http://[::1]:9090", true),
            ("127.0.0.1:9090", "http://evil.example", false),
            ("127.0.0.1:9090", "null", false),
            // Somebody else's name that leads here.
            ("evil.example:9090", "http://evil.example:9090", false),
        ] {
            let sent = headers(&[("host", host), ("origin", origin)]);
            let known = open.by_key(&Method::POST, &sent, now());
            assert_eq!(known.is_ok(), is_fine, "{host} {origin}");
        }
        let rebound = headers(&[("host", "evil.example")]);
        assert_eq!(open.by_session(&Method::GET, &rebound, now()).unwrap_err(), Denied::Foreign);
    }
}
