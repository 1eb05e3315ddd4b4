//! Answers that are legal by construction: one of some labels, or a text that a pattern matches.
//!
//! A guide becomes a [`Machine`] over bytes, and with the tokenizer's pieces an [`Automaton`] over
//! tokens: which may come next, and how many it takes at least to a legal end. A token that leads
//! where no legal end can be reached any more, in the tokens that are left, is banned. So an answer
//! that was admitted is always legal and always complete, however little the model knows.
//!
//! Compiling is bounded in states, memory and work: a hostile pattern is refused, not slow. What
//! was compiled lately is kept, because applications ask with the same labels again and again.

mod machine;
mod pieces;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::machine::{DEAD, FirstSpace, Machine};
pub(in crate::engine) use self::pieces::Pieces;
use super::penalty::ban;
use crate::engine::error::EngineError;
use crate::engine::tokenizer::Tokenizer;

/// What an answer must look like.
#[derive(Clone, PartialEq, Eq)]
pub enum Guide {
    /// It is one of these.
    Choice(Vec<String>),
    /// It is one of these JSON texts.
    Literals(Vec<String>),
    /// This regular expression matches the whole of it.
    Regex(String),
}

/// The labels and patterns of a request stay out of every log.
impl std::fmt::Debug for Guide {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Choice(labels) => write!(out, "Choice({})", labels.len()),
            Self::Literals(texts) => write!(out, "Literals({})", texts.len()),
            Self::Regex(pattern) => write!(out, "Regex({} bytes)", pattern.len()),
        }
    }
}

impl Guide {
    /// The parameter that clients know it by.
    pub(in crate::engine) const fn parameter(&self) -> &'static str {
        match self {
            Self::Choice(_) => "guided_choice",
            Self::Literals(_) => "json_schema",
            Self::Regex(_) => "guided_regex",
        }
    }
}

/// Pieces of the vocabulary looked at while compiling, at most: about a tenth of a second.
const WORK_MAX: usize = 30_000_000;
/// Compiled guides that are kept.
const KEPT_MAX: usize = 16;
/// Masks kept per guide; one takes four kilobytes for flan-t5's vocabulary.
const MASKS_MAX: usize = 256;

/// The guides of one engine: its pieces, and what was compiled lately.
#[derive(Debug, Default)]
pub(in crate::engine) struct Guides {
    pieces: OnceLock<Arc<Pieces>>,
    recent: Mutex<VecDeque<(Guide, Arc<Automaton>)>>,
}

impl Guides {
    /// Compiles a guide, or finds it compiled. May take a tenth of a second.
    pub(in crate::engine) fn compile(
        &self,
        guide: &Guide,
        tokenizer: &Tokenizer,
    ) -> Result<Arc<Automaton>, EngineError> {
        if let Some(known) = self.recall(guide) {
            return Ok(known);
        }
        let pieces = self.pieces.get_or_init(|| Arc::new(Pieces::new(tokenizer)));
        let compiled = Arc::new(Automaton::new(guide, Arc::clone(pieces))?);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_front((guide.clone(), Arc::clone(&compiled)));
        recent.truncate(KEPT_MAX);
        Ok(compiled)
    }

    fn recall(&self, guide: &Guide) -> Option<Arc<Automaton>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = recent.iter().position(|(other, _)| other == guide)?;
        let found = recent.remove(at)?;
        let automaton = Arc::clone(&found.1);
        recent.push_front(found);
        Some(automaton)
    }
}

/// A compiled guide, shared by every answer that it guides.
pub(in crate::engine) struct Automaton {
    machine: Machine,
    pieces: Arc<Pieces>,
    /// For every state, the fewest tokens to a legal end; `u32::MAX` if there is none.
    distances: Vec<u32>,
    /// The largest of the finite ones.
    farthest: u32,
    /// Legal tokens by state, one bit each, where enough tokens are left.
    masks: Mutex<BTreeMap<u32, Arc<[u64]>>>,
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Automaton({} states)", self.distances.len())
    }
}

impl Automaton {
    fn new(guide: &Guide, pieces: Arc<Pieces>) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Guide { parameter: guide.parameter(), reason };
        let machine = match guide {
            Guide::Choice(labels) | Guide::Literals(labels) => {
                Machine::of_labels(labels, pieces.first_space())
            }
            Guide::Regex(pattern) => Machine::of_pattern(pattern, pieces.first_space()),
        };
        let machine = machine.map_err(refuse)?;
        let distances = distances(&machine, &pieces).map_err(refuse)?;
        let automaton = Self {
            farthest: distances.iter().copied().filter(|far| *far < u32::MAX).max().unwrap_or(0),
            machine,
            pieces,
            distances,
            masks: Mutex::default(),
        };
        if let Guide::Choice(labels) | Guide::Literals(labels) = guide {
            for (index, label) in labels.iter().enumerate() {
                if !automaton.can_write(label) {
                    return Err(refuse(format!(
                        "has a label at place {index} that the local model's vocabulary cannot write"
                    )));
                }
            }
        }
        if automaton.tokens_min() == u32::MAX {
            let reason = "matches nothing that the local model's vocabulary can write";
            return Err(refuse(reason.to_owned()));
        }
        Ok(automaton)
    }

    /// The fewest tokens of a legal answer.
    pub(in crate::engine) fn tokens_min(&self) -> u32 {
        self.distance(self.machine.start())
    }

    fn distance(&self, state: u32) -> u32 {
        self.distances.get(index(state)).copied().unwrap_or(u32::MAX)
    }

    /// Whether some pieces make up this label.
    fn can_write(&self, label: &str) -> bool {
        let whole = label.as_bytes();
        let mut reached = vec![false; whole.len().saturating_add(1)];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        for from in 0..whole.len() {
            if reached.get(from) != Some(&true) {
                continue;
            }
            let rest = whole.get(from..).unwrap_or_default();
            let mut mark = |length: usize| {
                if let Some(place) = reached.get_mut(from.saturating_add(length)) {
                    *place = true;
                }
            };
            self.pieces.beginnings_of(rest, &mut mark);
            if from == 0 && self.pieces.first_space() == FirstSpace::Stripped {
                let spaced: Vec<u8> = std::iter::once(b' ').chain(rest.iter().copied()).collect();
                self.pieces.beginnings_of(&spaced, &mut |length| mark(length.saturating_sub(1)));
            }
        }
        reached.last() == Some(&true)
    }

    /// Writes the legal tokens of a state into a mask, given the tokens that are left after one.
    fn fill(&self, state: u32, left_after: u32, mask: &mut [u64]) {
        self.pieces.walk(&self.machine, state, &mut |ids, to| {
            if self.distance(to) <= left_after {
                for id in ids {
                    if let Some(word) = mask.get_mut(index(*id) / 64) {
                        *word |= 1 << (id % 64);
                    }
                }
            }
        });
    }

    fn mask_of(&self, state: u32) -> Arc<[u64]> {
        let mut masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = masks.get(&state) {
            return Arc::clone(mask);
        }
        let mut mask = vec![0; self.pieces.mask_words()];
        self.fill(state, u32::MAX - 1, &mut mask);
        let mask: Arc<[u64]> = mask.into();
        if masks.len() >= MASKS_MAX {
            masks.clear();
        }
        masks.insert(state, Arc::clone(&mask));
        mask
    }
}

/// One answer's place in an automaton.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Guided {
    automaton: Arc<Automaton>,
    state: u32,
}

impl Guided {
    /// The beginning of an answer.
    pub(in crate::engine) fn new(automaton: Arc<Automaton>) -> Self {
        let state = automaton.machine.start();
        Self { automaton, state }
    }

    /// Bans what may not come next when this many more tokens can be said.
    pub(in crate::engine) fn mask(&self, logits: &mut [f32], left: usize, end_id: u32) {
        let left_after = u32::try_from(left).unwrap_or(u32::MAX).saturating_sub(1);
        let may_end = self.is_legal();
        let end_logit = super::choose::logit_of(logits, end_id);
        if left_after >= self.automaton.farthest {
            apply(&self.automaton.mask_of(self.state), logits);
        } else {
            let mut mask = vec![0; self.automaton.pieces.mask_words()];
            if left > 0 {
                self.automaton.fill(self.state, left_after, &mut mask);
            }
            apply(&mask, logits);
        }
        match logits.get_mut(index(end_id)) {
            Some(logit) if may_end => *logit = end_logit,
            _ => ban(logits, end_id),
        }
    }

    /// Goes on by a token.
    pub(in crate::engine) fn take(&mut self, id: u32) {
        let bytes = self.automaton.pieces.bytes(id);
        self.state =
            bytes.iter().fold(self.state, |state, byte| self.automaton.machine.next(state, *byte));
    }

    /// Whether what was said so far is legal.
    pub(in crate::engine) fn is_legal(&self) -> bool {
        self.automaton.machine.accepts(self.state)
    }

    /// Whether it is legal and nothing may follow.
    pub(in crate::engine) fn is_complete(&self) -> bool {
        self.is_legal() && self.automaton.mask_of(self.state).iter().all(|word| *word == 0)
    }
}

fn apply(mask: &[u64], logits: &mut [f32]) {
    let (words, rest) = logits.as_chunks_mut::<64>();
    let rest_mask = mask.get(words.len()).copied().unwrap_or(0);
    let mut words_mask = mask.iter().copied().chain(std::iter::repeat(0));
    for logits in words {
        let mask = words_mask.next().unwrap_or(0);
        if mask == 0 {
            logits.fill(f32::NEG_INFINITY);
        } else {
            clear(mask, logits);
        }
    }
    clear(rest_mask, rest);
}

fn clear(mask: u64, logits: &mut [f32]) {
    for (bit, logit) in (0_u32..).zip(logits) {
        if mask >> bit & 1 == 0 {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// The fewest tokens from every state to a legal end: which states a token can lead to, then
/// breadth first from the ends backwards.
fn distances(machine: &Machine, pieces: &Pieces) -> Result<Vec<u32>, String> {
    let states = machine.states();
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); states];
    let mut seen = vec![0_u32; states];
    let mut work = 0_usize;
    for state in 1..u32::try_from(states).unwrap_or(u32::MAX) {
        work = work.saturating_add(pieces.walk(machine, state, &mut |_, to| {
            if let (Some(seen), Some(before)) = (seen.get_mut(index(to)), before.get_mut(index(to)))
                && *seen != state
            {
                *seen = state;
                before.push(state);
            }
        }));
        if work > WORK_MAX {
            return Err("is too complex for the local model; make it shorter".to_owned());
        }
    }
    let mut distances = vec![u32::MAX; states];
    let mut line = VecDeque::new();
    for state in 1..u32::try_from(states).unwrap_or(u32::MAX) {
        if machine.accepts(state) {
            line.push_back((state, 0));
        }
    }
    while let Some((state, distance)) = line.pop_front() {
        let Some(known) = distances.get_mut(index(state)) else { continue };
        if *known != u32::MAX || state == DEAD {
            continue;
        }
        *known = distance;
        let before = before.get(index(state)).map(Vec::as_slice).unwrap_or_default();
        line.extend(before.iter().map(|state| (*state, distance.saturating_add(1))));
    }
    Ok(distances)
}

fn index(state: u32) -> usize {
    usize::try_from(state).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
