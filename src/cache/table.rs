//! The answers that are kept: so many, so large together, and so long.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;

use super::Rules;
use crate::clock::Instant;
use crate::hashed::Digest;
use crate::money::NanoUsd;
use crate::policy::TargetId;

/// An answer that may be given again.
#[derive(Clone)]
pub struct Kept {
    /// What the client was sent.
    pub told: Told,
    /// The decision by which it was first given.
    pub decision: String,
    /// To whom.
    pub(super) caller: String,
    /// The target that gave it.
    pub target: TargetId,
    /// What it cost, or would have cost elsewhere.
    pub worth: NanoUsd,
    /// When.
    pub at: Instant,
}

/// The bytes of an answer, in the caller's form.
#[derive(Clone)]
pub enum Told {
    /// A whole body.
    Whole(Bytes),
    /// All events of a stream.
    Events(Bytes),
}

impl Told {
    /// Either.
    pub const fn bytes(&self) -> &Bytes {
        match self {
            Self::Whole(bytes) | Self::Events(bytes) => bytes,
        }
    }
}

/// Sizes only: an answer is content.
impl fmt::Debug for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Told({} bytes)", self.bytes().len())
    }
}

/// Sizes only: an answer is content.
impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Kept({:?})", self.told)
    }
}

/// How full a cache is, and what it let go since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Answers that are kept.
    pub answers: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Answers that became too old.
    pub aged: u64,
    /// Answers that had to make room.
    pub displaced: u64,
}

/// All of them. Answers live equally long, so the oldest is the first to go, for either reason.
#[derive(Debug)]
pub(super) struct Table {
    rules: Rules,
    entries: BTreeMap<Digest, Kept>,
    /// By age.
    ages: BTreeSet<(Instant, Digest)>,
    standing: Standing,
}

impl Table {
    pub(super) fn new(rules: Rules) -> Self {
        let (entries, ages) = (BTreeMap::new(), BTreeSet::new());
        Self { rules, entries, ages, standing: Standing::default() }
    }

    pub(super) fn find(&mut self, key: &Digest, now: Instant) -> Option<Kept> {
        self.forget(now);
        self.entries.get(key).cloned()
    }

    pub(super) fn insert(&mut self, key: Digest, kept: Kept) {
        let at = kept.at;
        self.remove(&key);
        self.standing.bytes = self.standing.bytes.saturating_add(kept.told.bytes().len());
        self.ages.insert((at, key));
        self.entries.insert(key, kept);
        self.forget(at);
    }

    pub(super) fn standing(&mut self, now: Instant) -> Standing {
        self.forget(now);
        Standing { answers: self.entries.len(), ..self.standing }
    }

    fn remove(&mut self, key: &Digest) {
        if let Some(kept) = self.entries.remove(key) {
            self.ages.remove(&(kept.at, *key));
            self.standing.bytes = self.standing.bytes.saturating_sub(kept.told.bytes().len());
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, key)) = self.ages.first().copied() {
            let is_old = now.saturating_duration_since(at) >= self.rules.kept_for;
            let is_full = self.entries.len() > self.rules.answers_max
                || self.standing.bytes > self.rules.bytes_max;
            if !is_old && !is_full {
                return;
            }
            self.remove(&key);
            let count = if is_old { &mut self.standing.aged } else { &mut self.standing.displaced };
            *count = count.saturating_add(1);
        }
    }
}
