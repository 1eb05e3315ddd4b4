//! The line in front of the engine: bounded, first come first served, and honest about its length.
//!
//! Whoever left while waiting is taken out when room is needed. A worker that already has work
//! leaves new jobs to an idle one.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::EngineError;
use super::job::{Answer, Job};

/// A job in line: checked, encoded and with its end of the answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) job: Job,
    pub(super) ids: Vec<u32>,
    /// The adapter to answer with, by its place in the model's list.
    pub(super) adapter: Option<usize>,
    pub(super) answer: Answer,
    pub(super) since: Instant,
}

impl Waiting {
    /// How long it has been in line.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    inside: Mutex<Inside>,
    arrived: Condvar,
    length_max: usize,
}

#[derive(Debug, Default)]
struct Inside {
    line: VecDeque<Waiting>,
    idle_workers: usize,
    closed: bool,
}

impl Queue {
    /// A line of at most this length.
    pub(super) fn new(length_max: usize) -> Self {
        Self { inside: Mutex::default(), arrived: Condvar::new(), length_max }
    }

    // A panic elsewhere cannot leave the line half changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the line.
    pub(super) fn push(&self, waiting: Waiting) -> Result<(), EngineError> {
        let mut inside = self.lock();
        if inside.closed {
            return Err(EngineError::Stopped);
        }
        if inside.line.len() >= self.length_max {
            inside.line.retain(|other| !other.answer.is_unwanted());
        }
        if inside.line.len() >= self.length_max {
            return Err(EngineError::Overloaded { queue: inside.line.len() });
        }
        inside.line.push_back(waiting);
        drop(inside);
        self.arrived.notify_one();
        Ok(())
    }

    /// The next job for a worker with nothing to do; `None` once the line is closed and empty.
    pub(super) fn wait(&self) -> Option<Waiting> {
        let mut inside = self.lock();
        loop {
            if let Some(waiting) = inside.line.pop_front() {
                return Some(waiting);
            }
            if inside.closed {
                return None;
            }
            inside.idle_workers += 1;
            inside = self.arrived.wait(inside).unwrap_or_else(PoisonError::into_inner);
            inside.idle_workers = inside.idle_workers.saturating_sub(1);
        }
    }

    /// The next job for a worker that has work already, if no idle worker will take it.
    pub(super) fn take(&self) -> Option<Waiting> {
        let mut inside = self.lock();
        if inside.line.len() <= inside.idle_workers {
            return None;
        }
        inside.line.pop_front()
    }

    /// Nobody joins any more; who is in line is still served.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Takes everybody out of line.
    pub(super) fn clear(&self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.lock().line)
    }

    /// How many are in line.
    pub(super) fn length(&self) -> usize {
        self.lock().line.len()
    }
}
