//! `Idempotency-Key`: a client that asks again because it did not hear the answer gets that answer, and
//! is charged once.
//!
//! What was answered is kept in memory, for a while, up to a size, and never on disk: it is text. So the
//! promise is that of one process: another gateway, or this one after a restart, does not know the key.
//! An answer that was too large to keep, or a stream, is not given again and not bought again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::clock::Instant;
use crate::failure::{Code, Failure, Retry};

/// The header, as clients of OpenAI's API send it.
pub const HEADER: &str = "idempotency-key";
/// Longer keys are refused.
const KEY_BYTES_MAX: usize = 255;
/// How long an outcome is kept.
const KEPT_FOR: Duration = Duration::from_hours(1);
/// How many are kept, and how many bytes of answers.
const OUTCOMES_MAX: usize = 10_000;
const BYTES_MAX: usize = 32 << 20;
/// A larger answer is remembered, not kept.
const ANSWER_BYTES_MAX: usize = 1 << 20;

type Digest = [u8; 32];

/// The keys of the last while.
#[derive(Clone, Debug, Default)]
pub struct Idempotency(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    entries: BTreeMap<Digest, Entry>,
    /// Outcomes by age, oldest first.
    ages: VecDeque<(Instant, Digest)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    body: Digest,
    /// `None` while the request runs.
    outcome: Option<Outcome>,
}

/// How a request was answered.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With this.
    Whole(Kept),
    /// With something that is not kept; this was the decision.
    Gone(String),
}

/// An answer that is given again.
#[derive(Clone)]
pub struct Kept {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Sizes only: an answer is content.
impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Kept({}, {} bytes)", self.status, self.body.len())
    }
}

/// What a key means for a request.
#[derive(Debug)]
pub enum Seen {
    /// Nobody has used it: the request goes its way.
    First(Ticket),
    /// It has been answered.
    Before(Kept),
}

/// A request that runs under a key. When it ends without an outcome, the key can be used again.
pub struct Ticket {
    table: Arc<Mutex<Table>>,
    key: Digest,
    outcome: OnceLock<Outcome>,
    /// When the request came.
    at: Instant,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ticket").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl Idempotency {
    /// Looks a caller's key up and takes it, if nobody has.
    ///
    /// # Errors
    /// The key cannot be used: too long, in use by a request that runs, used with another body, or its
    /// answer is not kept.
    pub fn begin(
        &self,
        (caller, key): (&str, &[u8]),
        body: &[u8],
        now: Instant,
    ) -> Result<Seen, Failure> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            let message = format!("an `{HEADER}` has 1 to {KEY_BYTES_MAX} bytes");
            return Err(Failure::client(Code::InvalidRequest, message));
        }
        let body: Digest = Sha256::digest(body).into();
        let mut digest = Sha256::new();
        digest.update(caller.as_bytes());
        digest.update([0]);
        digest.update(key);
        let key: Digest = digest.finalize().into();
        let mut table = locked(&self.0);
        table.forget(now);
        let Some(entry) = table.entries.get(&key) else {
            table.entries.insert(key, Entry { body, outcome: None });
            let table = Arc::clone(&self.0);
            return Ok(Seen::First(Ticket { table, key, outcome: OnceLock::new(), at: now }));
        };
        if entry.body != body {
            let message = "this idempotency key was used with another body; use a new key";
            return Err(Failure::client(Code::IdempotencyConflict, message));
        }
        match &entry.outcome {
            Some(Outcome::Whole(kept)) => Ok(Seen::Before(kept.clone())),
            Some(Outcome::Gone(decision)) => {
                let message = format!(
                    "this request was answered and charged as decision {decision}; the answer is not \
                     kept, ask with a new key for another"
                );
                Err(Failure::client(Code::IdempotencyConflict, message))
            }
            None => Err(Failure {
                retry: Retry::After(Duration::from_secs(1)),
                ..Failure::client(
                    Code::IdempotencyConflict,
                    "a request with this idempotency key is still running; wait for its end",
                )
            }),
        }
    }
}

impl Ticket {
    /// What the request was answered with. It counts from the request's end on.
    pub fn answered(&self, outcome: Outcome) {
        let outcome = match &outcome {
            Outcome::Whole(kept) if kept.body.len() > ANSWER_BYTES_MAX => {
                let decision = kept.headers.get("x-ambidex-decision");
                let decision = decision.and_then(|it| it.to_str().ok()).unwrap_or("unknown");
                Outcome::Gone(decision.to_owned())
            }
            Outcome::Whole(_) | Outcome::Gone(_) => outcome,
        };
        // The first one stands.
        let _first = self.outcome.set(outcome);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut table = locked(&self.table);
        let Some(outcome) = self.outcome.take() else {
            table.entries.remove(&self.key);
            return;
        };
        table.bytes = table.bytes.saturating_add(outcome.bytes());
        if let Some(entry) = table.entries.get_mut(&self.key) {
            entry.outcome = Some(outcome);
            table.ages.push_back((self.at, self.key));
        }
        table.forget(self.at);
    }
}

impl Outcome {
    fn bytes(&self) -> usize {
        match self {
            Self::Whole(kept) => kept.body.len(),
            Self::Gone(_) => 0,
        }
    }
}

impl Table {
    /// Lets go of what is too old, and of the oldest where there is too much.
    fn forget(&mut self, now: Instant) {
        while let Some((at, key)) = self.ages.front() {
            let is_old = now.duration_since(*at) >= KEPT_FOR;
            if !is_old && self.ages.len() <= OUTCOMES_MAX && self.bytes <= BYTES_MAX {
                return;
            }
            if let Some(entry) = self.entries.remove(key) {
                let bytes = entry.outcome.map_or(0, |outcome| outcome.bytes());
                self.bytes = self.bytes.saturating_sub(bytes);
            }
            self.ages.pop_front();
        }
    }
}

fn locked(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn whole(bytes: usize) -> Outcome {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Outcome::Whole(Kept { status, headers, body: Bytes::from(vec![b'x'; bytes]) })
    }

    fn begin(keys: &Idempotency, key: &str, body: &str, now: Instant) -> Result<Seen, Failure> {
        keys.begin(("bot", key.as_bytes()), body.as_bytes(), now)
    }

    fn first(keys: &Idempotency, key: &str, now: Instant) -> Ticket {
        match begin(keys, key, "body", now) {
            Ok(Seen::First(ticket)) => ticket,
            other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn a_key_runs_once_and_is_answered_again() {
        let (keys, now) = (Idempotency::default(), clock::instant());
        let ticket = first(&keys, "k", now);
        let running = begin(&keys, "k", "body", now).unwrap_err();
        assert_eq!(running.code, Code::IdempotencyConflict);
        assert!(matches!(running.retry, Retry::After(_)));
        // Another caller's key is another key.
        let other = keys.begin(("other", b"k"), b"body", now);
        assert!(matches!(other, Ok(Seen::First(_))));
        ticket.answered(whole(7));
        drop(ticket);
        match begin(&keys, "k", "body", now) {
            Ok(Seen::Before(kept)) => assert_eq!(kept.body.len(), 7),
            other => panic!("{other:?}"),
        }
        let otherwise = begin(&keys, "k", "another body", now).unwrap_err();
        assert_eq!((otherwise.code, otherwise.retry), (Code::IdempotencyConflict, Retry::Never));
    }

    #[test]
    fn what_was_not_answered_can_be_asked_again_and_what_is_not_kept_is_not_bought_again() {
        let (keys, now) = (Idempotency::default(), clock::instant());
        drop(first(&keys, "k", now));
        let ticket = first(&keys, "k", now);
        ticket.answered(Outcome::Gone("d1".to_owned()));
        drop(ticket);
        let gone = begin(&keys, "k", "body", now).unwrap_err();
        assert!(gone.message.contains("decision d1"), "{}", gone.message);
        let ticket = first(&keys, "large", now);
        ticket.answered(whole(ANSWER_BYTES_MAX + 1));
        drop(ticket);
        assert!(begin(&keys, "large", "body", now).is_err());
    }

    #[test]
    fn memory_is_bounded_and_old_keys_are_forgotten() {
        let (keys, now) = (Idempotency::default(), clock::instant());
        for number in 0..100 {
            let ticket = first(&keys, &number.to_string(), now);
            ticket.answered(whole(ANSWER_BYTES_MAX));
        }
        assert!(locked(&keys.0).bytes <= BYTES_MAX);
        assert!(matches!(begin(&keys, "99", "body", now), Ok(Seen::Before(_))));
        // The first ones had to go.
        drop(first(&keys, "0", now));
        drop(first(&keys, "99", now + KEPT_FOR));
        assert_eq!(locked(&keys.0).bytes, 0);
        for key in ["", &"k".repeat(KEY_BYTES_MAX + 1)] {
            assert_eq!(begin(&keys, key, "body", now).unwrap_err().code, Code::InvalidRequest);
        }
    }
}
