//! The response cache: a caller that asks the same again gets the same answer, and pays once.
//!
//! Off unless the configuration has `cache:`. The policy decides on every request, cached or not, and the
//! decision is recorded; only then is an answer looked for, under a key that covers who asks, what was
//! decided and the whole request ([`key`]). Answers are text, so they are kept in memory only, for a
//! while and up to a size. What is restricted is never kept, nor is what would not come out the same:
//! [`Rules::takes`] says which requests those are.

mod key;
mod table;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::chat::{History, Request, Surface};
use crate::clock::{self, Instant};
use crate::dialect;
use crate::dispatch::{Answer, Content};
use crate::hashed::Digest;
use crate::inspect::Level;
use crate::money::NanoUsd;
use crate::policy::TargetId;
pub use key::{Asked, Freshness};
use table::Table;
pub use table::{Kept, Standing, Told};

/// What is cached, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long an answer is given again.
    pub kept_for: Duration,
    /// Most answers.
    pub answers_max: usize,
    /// Most bytes of all answers together.
    pub bytes_max: usize,
    /// A larger answer is not kept.
    pub answer_bytes_max: usize,
    /// The most careful level whose answers are kept; never restricted.
    pub sensitivity_max: Level,
    /// Which requests are taken to have one answer.
    pub requests: Repeatable,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            kept_for: Duration::from_mins(10),
            answers_max: 10_000,
            bytes_max: 64 << 20,
            answer_bytes_max: 1 << 20,
            sensitivity_max: Level::Confidential,
            requests: Repeatable::Deterministic,
        }
    }
}

/// Which requests are taken to have one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// Those that ask for no chance: `temperature: 0`, `top_k: 1`, a `seed`, or vectors.
    Deterministic,
    /// Those that are answered by chance as well.
    All,
}

impl Repeatable {
    /// The words of the configuration.
    pub const ALL: [(&'static str, Self); 2] =
        [("deterministic", Self::Deterministic), ("all", Self::All)];
}

impl Rules {
    /// Whether an answer to this request may be given again.
    ///
    /// Not where tools are offered: an answer may be something to do, under a number that its caller
    /// has seen. Not where something lies elsewhere (an image at an address, a file, a conversation at
    /// the provider): the same words may then ask for something else.
    pub fn takes(&self, request: &Request, sensitivity: Level) -> bool {
        let asks_for_one = match self.requests {
            Repeatable::All => true,
            Repeatable::Deterministic => leaves_nothing_to_chance(request),
        };
        let is_here = request.history == History::Here && !request.has_unreadable;
        // INVARIANT: what is restricted, or was not read to its end, is not kept, whatever is configured.
        let is_open = sensitivity <= self.sensitivity_max && sensitivity < Level::Restricted;
        asks_for_one && is_here && is_open && !request.has_tools
    }
}

fn leaves_nothing_to_chance(request: &Request) -> bool {
    let sampling = &request.sampling;
    request.surface == Surface::OpenAiEmbeddings
        || sampling.temperature.is_some_and(|it| it <= 0.0)
        || sampling.top_k == Some(1)
        || sampling.seed.is_some()
}

/// The cache of one gateway.
pub struct Cache {
    rules: Rules,
    /// Drawn at every start and never written down.
    secret: [u8; 32],
    table: Arc<Mutex<Table>>,
}

impl Cache {
    /// An empty cache whose keys are made with 32 random bytes.
    pub fn new(rules: Rules, secret: [u8; 32]) -> Self {
        Self { rules, secret, table: Arc::new(Mutex::new(Table::new(rules))) }
    }

    /// A place for the answer to what is asked; `None` where it is not to be kept.
    pub fn place(&self, asked: &Asked<'_>) -> Option<Place> {
        let target = asked.decision.target()?;
        let is_taken = asked.freshness != Freshness::Apart
            && self.rules.takes(asked.request, asked.decision.sensitivity);
        let key = if is_taken { key::of(&self.secret, asked)? } else { return None };
        Some(Place {
            key,
            target,
            caller: asked.caller.name.clone(),
            freshness: asked.freshness,
            bytes_max: self.rules.answer_bytes_max,
            table: Arc::clone(&self.table),
            answered: OnceLock::new(),
        })
    }

    /// How full it is, and what it let go.
    pub fn standing(&self) -> Standing {
        locked(&self.table).standing(clock::instant())
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cache({:?})", self.rules)
    }
}

/// Where the answer to a request is kept, if one is.
pub struct Place {
    key: Digest,
    /// The decision's first choice: what others answered in its stead is not kept.
    target: TargetId,
    caller: String,
    freshness: Freshness,
    bytes_max: usize,
    table: Arc<Mutex<Table>>,
    /// What a whole answer would have cost once more.
    answered: OnceLock<NanoUsd>,
}

impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Place({:?})", self.target)
    }
}

impl Place {
    /// The answer that is kept here.
    pub fn find(&self, now: Instant) -> Option<Kept> {
        if self.freshness == Freshness::New {
            return None;
        }
        let found = locked(&self.table).find(&self.key, now)?;
        // The key covers the caller; an answer of another must not be given even so.
        (found.caller == self.caller && found.target == self.target).then_some(found)
    }

    /// The request was answered to its end by this target, at what the same answer costs.
    pub fn answered(&self, target: TargetId, worth: NanoUsd) {
        if target == self.target {
            // The first one stands.
            let _first = self.answered.set(worth);
        }
    }

    /// Keeps an answer that is whole.
    fn keep(&self, told: Told, decision: &str) {
        let Some(worth) = self.answered.get() else { return };
        if told.bytes().len() > self.bytes_max {
            return;
        }
        let kept = Kept {
            told,
            decision: decision.to_owned(),
            caller: self.caller.clone(),
            target: self.target,
            worth: *worth,
            at: clock::instant(),
        };
        locked(&self.table).insert(self.key, kept);
    }
}

/// Keeps an answer on its way to the client, once all of it has passed. Errors, refusals and what was
/// cut off are never kept.
pub fn kept(place: &Arc<Place>, decision: &str, answer: Answer) -> Answer {
    let Answer { target, content } = answer;
    let content = match content {
        Content::Whole { body, cost } => {
            place.keep(Told::Whole(body.clone()), decision);
            Content::Whole { body, cost }
        }
        Content::Events { pieces, cost_max } => {
            let copy = Some(BytesMut::new());
            let passing =
                Passing { pieces, place: Arc::clone(place), decision: decision.to_owned(), copy };
            let pieces = futures_util::stream::unfold(passing, |mut passing| async move {
                passing.next_piece().await.map(|piece| (piece, passing))
            });
            Content::Events { pieces: Box::pin(pieces), cost_max }
        }
        Content::Refusal { .. } => content,
    };
    Answer { target, content }
}

/// A stream of which a copy is made.
struct Passing {
    pieces: crate::server::body::Pieces,
    place: Arc<Place>,
    decision: String,
    /// `None` once it is too large to keep.
    copy: Option<BytesMut>,
}

impl Passing {
    async fn next_piece(&mut self) -> Option<Bytes> {
        let Some(piece) = self.pieces.next().await else {
            if let Some(copy) = self.copy.take() {
                let events = Told::Events(dialect::told_again(&copy));
                self.place.keep(events, &self.decision);
            }
            return None;
        };
        let fits = |copy: &BytesMut| copy.len().saturating_add(piece.len()) <= self.place.bytes_max;
        self.copy = self.copy.take().filter(fits);
        if let Some(copy) = &mut self.copy {
            copy.extend_from_slice(&piece);
        }
        Some(piece)
    }
}

fn locked(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
