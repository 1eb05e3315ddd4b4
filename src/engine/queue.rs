//! The line in front of the engine: bounded, first come first served, and honest about its length.
//!
//! Prompts are read in groups of like length, because what is read together costs as much as its
//! longest. The head of the line is always in the next group, so nobody is overtaken for long.
//! Whoever left while waiting is taken out when room is needed.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::error::EngineError;
use super::generate::Automaton;
use super::job::{Answer, Job};

/// A job in line: checked, encoded and with its end of the answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) job: Job,
    pub(super) ids: Vec<u32>,
    /// The adapter to answer with, by its place in the model's list.
    pub(super) adapter: Option<usize>,
    pub(super) guide: Option<Arc<Automaton>>,
    pub(super) answer: Answer,
    pub(super) since: Instant,
}

impl Waiting {
    /// How long it has been in line.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Texts that wait to be read by the encoder alone.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) ids: Vec<Vec<u32>>,
    pub(super) answer: oneshot::Sender<Result<Vec<Vec<f32>>, EngineError>>,
}

/// How much may be read at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Free slots.
    pub(super) slots: usize,
    /// Tokens of all prompts together; a longer prompt is read alone.
    pub(super) tokens: usize,
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
    texts: VecDeque<Texts>,
    closed: bool,
}

impl Inside {
    fn length(&self) -> usize {
        self.line.len().saturating_add(self.texts.len())
    }
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

    /// The lock, if there is still room and anybody may join; else why not.
    fn room(&self, retry_after: Duration) -> Result<MutexGuard<'_, Inside>, EngineError> {
        let mut inside = self.lock();
        if inside.closed {
            return Err(EngineError::Stopped);
        }
        if inside.length() >= self.length_max {
            inside.line.retain(|other| !other.answer.is_unwanted());
            inside.texts.retain(|other| !other.answer.is_closed());
        }
        let queue = inside.length();
        if queue >= self.length_max {
            return Err(EngineError::Overloaded { queue, retry_after });
        }
        Ok(inside)
    }

    /// Joins the line, or is told when to come again.
    pub(super) fn push(&self, waiting: Waiting, retry_after: Duration) -> Result<(), EngineError> {
        self.room(retry_after)?.line.push_back(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Joins the line for the encoder.
    pub(super) fn push_texts(
        &self,
        texts: Texts,
        retry_after: Duration,
    ) -> Result<(), EngineError> {
        self.room(retry_after)?.texts.push_back(texts);
        self.arrived.notify_one();
        Ok(())
    }

    /// Blocks until somebody is in line; false once the line is closed and empty.
    pub(super) fn wait(&self) -> bool {
        let mut inside = self.lock();
        loop {
            if inside.length() > 0 {
                return true;
            }
            if inside.closed {
                return false;
            }
            inside = self.arrived.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the head of the line and others of like length, as far as there is room.
    pub(super) fn group(&self, room: Room, group: &mut Vec<Waiting>) {
        let mut inside = self.lock();
        let Some(first) = inside.line.front() else { return };
        let length = first.ids.len();
        let (mut slots, mut tokens) = (room.slots, room.tokens.max(length));
        let mut at = 0;
        while let Some(waiting) = inside.line.get(at) {
            if !are_alike(length, waiting.ids.len()) {
                at += 1;
                continue;
            }
            let needs = waiting.job.slots();
            if needs > slots || waiting.ids.len() > tokens {
                // Nobody is passed for want of room, only for their length.
                break;
            }
            let Some(waiting) = inside.line.remove(at) else { break };
            slots -= needs;
            tokens -= waiting.ids.len();
            group.push(waiting);
        }
    }

    /// Takes the next texts for the encoder.
    pub(super) fn texts(&self) -> Option<Texts> {
        self.lock().texts.pop_front()
    }

    /// Takes those out of line who have waited for too long.
    pub(super) fn expired(&self, is_over: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let mut inside = self.lock();
        let mut expired = Vec::new();
        let mut at = 0;
        while let Some(waiting) = inside.line.get(at) {
            if is_over(waiting) {
                expired.extend(inside.line.remove(at));
            } else {
                at += 1;
            }
        }
        expired
    }

    /// Nobody joins any more; who is in line is still served.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Takes everybody out of line.
    pub(super) fn clear(&self) -> (VecDeque<Waiting>, VecDeque<Texts>) {
        let mut inside = self.lock();
        (std::mem::take(&mut inside.line), std::mem::take(&mut inside.texts))
    }

    /// How many are in line.
    pub(super) fn length(&self) -> usize {
        self.lock().length()
    }
}

/// Whether two prompts are close enough in length to be read together: within a third, or both short.
fn are_alike(one: usize, other: usize) -> bool {
    const SHORT: usize = 32;
    let (short, long) = (one.min(other), one.max(other));
    long <= SHORT || long.saturating_mul(3) <= short.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::job::Generation;
    use crate::money::Tokens;

    fn waiting(length: usize, choices: usize) -> (Waiting, Generation) {
        let (answer, generation) = Generation::channel(4, choices);
        let job = Job { choices, ..Job::greedy("", Tokens(4)) };
        (
            Waiting {
                job,
                ids: vec![7; length],
                adapter: None,
                guide: None,
                answer,
                since: Instant::now(),
            },
            generation,
        )
    }

    /// The lengths of the groups that a line is read in.
    fn groups(line: &[(usize, usize)], room: Room) -> Vec<Vec<usize>> {
        let queue = Queue::new(100);
        let mut kept = Vec::new();
        for (length, choices) in line {
            let (waiting, generation) = waiting(*length, *choices);
            queue.push(waiting, Duration::ZERO).unwrap();
            kept.push(generation);
        }
        let mut groups = Vec::new();
        while queue.length() > 0 {
            let mut group = Vec::new();
            queue.group(room, &mut group);
            if group.is_empty() {
                break;
            }
            groups.push(group.iter().map(|waiting| waiting.ids.len()).collect());
        }
        groups
    }

    #[test]
    fn like_lengths_are_read_together_and_the_first_always_is() {
        let room = Room { slots: 8, tokens: 300 };
        assert_eq!(
            groups(&[(100, 1), (10, 1), (110, 1), (20, 1), (130, 1), (90, 1)], room),
            [vec![100, 110], vec![10, 20], vec![130], vec![90]]
        );
        assert_eq!(groups(&[(900, 1), (100, 1)], room), [[900], [100]]);
        // Nobody passes for want of slots.
        let few = Room { slots: 4, tokens: 300 };
        assert_eq!(groups(&[(10, 3), (11, 2), (12, 1)], few), [vec![10], vec![11, 12]]);
        assert!(groups(&[(10, 5)], few).is_empty());
    }
}
