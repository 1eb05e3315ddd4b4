//! How a target fares: whether it takes requests, and what is put aside for asking it again.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{self, Instant};
use crate::route::breaker::{Breaker, Pass, Rules, Standing};
use crate::route::retry::Savings;

/// What is known about one target, shared by all requests that go there.
pub struct Health {
    since: Instant,
    inside: Mutex<Inside>,
}

struct Inside {
    breaker: Breaker,
    savings: Savings,
}

impl Health {
    /// A target that nothing was heard of.
    pub fn new(rules: Rules) -> Self {
        let (breaker, savings) = (Breaker::new(rules), Savings::default());
        Self { since: clock::instant(), inside: Mutex::new(Inside { breaker, savings }) }
    }

    // A panic elsewhere cannot leave it half changed, so a poisoned lock is still good.
    fn lock(&self) -> (MutexGuard<'_, Inside>, Duration) {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        (inside, clock::instant().saturating_duration_since(self.since))
    }

    /// How the target stands.
    pub fn standing(&self) -> Standing {
        let (inside, now) = self.lock();
        inside.breaker.standing(now)
    }

    /// Whether a request could be sent now.
    pub fn admits(&self) -> bool {
        let (inside, now) = self.lock();
        inside.breaker.admits(now)
    }

    /// Leave to send a request, if there is any.
    pub fn admission(self: &Arc<Self>) -> Option<Admission> {
        let (mut inside, now) = self.lock();
        let pass = inside.breaker.pass(now)?;
        drop(inside);
        Some(Admission { health: Arc::clone(self), pass: Some(pass) })
    }

    /// A request is sent for the first time: it puts something aside for retries.
    pub fn put_aside(&self) {
        let (mut inside, _) = self.lock();
        inside.savings.add();
    }

    /// Pays for a retry, if enough was put aside.
    pub fn pay_for_retry(&self) -> bool {
        let (mut inside, _) = self.lock();
        inside.savings.take()
    }

    /// The target asks to be left alone.
    pub fn rest(&self, pause: Duration) {
        let (mut inside, now) = self.lock();
        inside.breaker.rest(pause, now);
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Health({})", self.standing().name())
    }
}

/// Leave to send one request. Dropped without a word, it says nothing about the target: the client
/// left.
#[must_use = "a target whose answers nobody reports is never found to be down"]
pub struct Admission {
    health: Arc<Health>,
    /// `None` once its end was told.
    pass: Option<Pass>,
}

impl Admission {
    /// The target answered.
    pub fn answered(&mut self) {
        let pass = self.pass.take().unwrap_or(Pass::Plain);
        let (mut inside, now) = self.health.lock();
        inside.breaker.answered(pass, now);
    }

    /// The target failed, also in the middle of what it had begun to say.
    pub fn failed(&mut self) {
        let pass = self.pass.take().unwrap_or(Pass::Plain);
        let (mut inside, now) = self.health.lock();
        inside.breaker.failed(pass, now);
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            let (mut inside, _) = self.health.lock();
            inside.breaker.unknown(pass);
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Admission({:?})", self.pass)
    }
}

/// Those who wait for a seat at a target: so many, and so long.
#[derive(Debug)]
pub struct Line {
    waiting: AtomicUsize,
    /// Most requests that wait.
    pub length_max: usize,
    /// The longest that one waits.
    pub patience: Duration,
}

impl Line {
    /// An empty line.
    pub const fn new(length_max: usize, patience: Duration) -> Self {
        Self { waiting: AtomicUsize::new(0), length_max, patience }
    }

    /// Whether nobody more may join.
    pub fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= self.length_max
    }

    /// A place in line, until it is dropped.
    pub fn join(&self) -> Option<Waiting<'_>> {
        let join = |count: usize| (count < self.length_max).then_some(count + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, join).ok()?;
        Some(Waiting(&self.waiting))
    }
}

/// A place in line.
#[derive(Debug)]
pub struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
