//! Beam search: several continuations side by side, of which the likeliest are kept at every step.
//!
//! The rules are those of transformers' `generate`: twice as many candidates as beams are looked at,
//! so that ends cannot starve what goes on; a candidate that ends counts only among the best
//! `width`; finished answers are compared by their score over a power of their length. Computing
//! and copying caches is left to the caller, who is told which beam goes on from which.

use super::penalty::penalise;
use super::{Guided, Recipe};

/// When a search gives up on better answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// When the best running beam, ended now, would not be among the finished: transformers'
    /// `early_stopping=False`.
    #[default]
    Likely,
    /// As soon as as many answers as beams are finished: `early_stopping=True`.
    First,
    /// When no running beam could be among the finished at any length: `early_stopping="never"`.
    Never,
}

/// A continuation that goes on.
#[derive(Clone, Debug)]
struct Beam {
    /// The start token and what was said.
    history: Vec<u32>,
    /// The sum of its log-probabilities.
    score: f32,
    /// How likely each token was.
    probabilities: Vec<f32>,
    guide: Option<Guided>,
}

/// An answer that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Hypothesis {
    /// What was said, without start and end.
    pub(in crate::engine) ids: Vec<u32>,
    /// Its score over a power of its length.
    pub(in crate::engine) score: f32,
    /// How likely each step was, the end included.
    pub(in crate::engine) probabilities: Vec<f32>,
    /// Whether it came to its end, not to its longest length.
    pub(in crate::engine) has_ended: bool,
}

/// One beam's next step: where it comes from and the token it is fed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct Move {
    /// The beam that it continues, as they were numbered before.
    pub(in crate::engine) parent: usize,
    /// The token.
    pub(in crate::engine) id: u32,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    score: f32,
    parent: usize,
    id: u32,
}

/// A search.
#[derive(Debug)]
pub(in crate::engine) struct Beams {
    recipe: Recipe,
    width: usize,
    length_penalty: f32,
    patience: Patience,
    running: Vec<Beam>,
    /// The running ones of the next step; their memory is used again.
    spare: Vec<Beam>,
    /// Best first.
    finished: Vec<Hypothesis>,
    candidates: Vec<Candidate>,
    moves: Vec<Move>,
    marks: Vec<u64>,
}

impl Beams {
    /// A search from the start token with this many beams.
    pub(in crate::engine) fn new(
        recipe: Recipe,
        (width, length_penalty, patience): (usize, f32, Patience),
        (start_id, guide): (u32, Option<Guided>),
    ) -> Self {
        let width = width.max(1);
        let mut history = Vec::with_capacity(recipe.tokens_max.saturating_add(1));
        history.push(start_id);
        let probabilities = Vec::with_capacity(recipe.tokens_max.saturating_add(1));
        let first = Beam { history, score: 0.0, probabilities, guide };
        Self {
            recipe,
            width,
            length_penalty,
            patience,
            running: vec![first],
            spare: Vec::with_capacity(width),
            finished: Vec::with_capacity(width.saturating_add(1)),
            candidates: Vec::with_capacity(width.saturating_mul(2).saturating_add(1)),
            moves: vec![Move { parent: 0, id: start_id }],
            marks: Vec::new(),
        }
    }

    /// What to feed each running beam: at first the start token, then where each comes from.
    pub(in crate::engine) fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Looks at the logits of one running beam for good continuations; all of them in turn, then
    /// [`Self::advance`].
    pub(in crate::engine) fn weigh(&mut self, beam: usize, logits: &mut [f32], log_sum_exp: f32) {
        let Some(running) = self.running.get(beam) else { return };
        // Penalties apply to log-probabilities here, as in the reference.
        for logit in &mut *logits {
            *logit -= log_sum_exp;
        }
        penalise(&self.recipe, &running.history, logits, &mut self.marks);
        if let Some(guide) = &running.guide {
            let said = running.history.len().saturating_sub(1);
            guide.mask(logits, self.recipe.tokens_max.saturating_sub(said), self.recipe.end_id);
        }
        let most = self.width.saturating_mul(2);
        let mut least = f32::NEG_INFINITY;
        if self.candidates.len() == most {
            least = self.candidates.last().map_or(least, |last| last.score);
        }
        for (id, logprob) in (0..).zip(logits.iter().copied()) {
            let score = logprob + running.score;
            // Also false for what is not a number.
            if score > least {
                let rank = self.candidates.partition_point(|other| other.score >= score);
                self.candidates.truncate(most.saturating_sub(1));
                self.candidates.insert(rank, Candidate { score, parent: beam, id });
                if self.candidates.len() == most {
                    least = self.candidates.last().map_or(least, |last| last.score);
                }
            }
        }
    }

    /// Takes the step that was weighed. Returns whether the search is over.
    pub(in crate::engine) fn advance(&mut self) -> bool {
        let said = self.running.first().map_or(1, |beam| beam.history.len());
        let is_last = said >= self.recipe.tokens_max;
        let divisor = power(said, self.length_penalty);
        let candidates = std::mem::take(&mut self.candidates);
        self.moves.clear();
        let mut onward = 0;
        for (rank, candidate) in candidates.iter().enumerate() {
            if candidate.id == self.recipe.end_id || is_last {
                if rank < self.width {
                    self.finish(*candidate, candidate.score / divisor);
                }
            } else if onward < self.width {
                self.continue_from(*candidate, onward);
                onward += 1;
            }
        }
        self.candidates = candidates;
        self.candidates.clear();
        if is_last || onward == 0 {
            return true;
        }
        self.spare.truncate(onward);
        std::mem::swap(&mut self.running, &mut self.spare);
        if self.finished.len() < self.width {
            return false;
        }
        let length = match self.patience {
            Patience::First => return true,
            Patience::Never if self.length_penalty > 0.0 => self.recipe.tokens_max,
            Patience::Likely | Patience::Never => said,
        };
        let best = self.running.first().map_or(f32::NEG_INFINITY, |beam| beam.score);
        let worst = self.finished.last().map_or(f32::NEG_INFINITY, |last| last.score);
        best / power(length, self.length_penalty) <= worst
    }

    fn finish(&mut self, candidate: Candidate, score: f32) {
        let Some(beam) = self.running.get(candidate.parent) else { return };
        let rank = self.finished.partition_point(|other| other.score >= score);
        if rank >= self.width {
            return;
        }
        let mut ids = beam.history.get(1..).unwrap_or_default().to_vec();
        let has_ended = candidate.id == self.recipe.end_id;
        if !has_ended {
            ids.push(candidate.id);
        }
        let mut probabilities = beam.probabilities.clone();
        probabilities.push((candidate.score - beam.score).exp());
        self.finished.truncate(self.width.saturating_sub(1));
        self.finished.insert(rank, Hypothesis { ids, score, probabilities, has_ended });
    }

    fn continue_from(&mut self, candidate: Candidate, index: usize) {
        let Some(parent) = self.running.get(candidate.parent) else { return };
        if self.spare.len() <= index {
            let room = self.recipe.tokens_max.saturating_add(1);
            let (history, probabilities) = (Vec::with_capacity(room), Vec::with_capacity(room));
            self.spare.push(Beam { history, score: 0.0, probabilities, guide: None });
        }
        let Some(beam) = self.spare.get_mut(index) else { return };
        beam.history.clone_from(&parent.history);
        beam.history.push(candidate.id);
        beam.probabilities.clone_from(&parent.probabilities);
        beam.probabilities.push((candidate.score - parent.score).exp());
        beam.score = candidate.score;
        beam.guide.clone_from(&parent.guide);
        if let Some(guide) = &mut beam.guide {
            guide.take(candidate.id);
        }
        self.moves.push(Move { parent: candidate.parent, id: candidate.id });
    }

    /// The finished answers, best first.
    pub(in crate::engine) fn finished(&mut self) -> &mut Vec<Hypothesis> {
        &mut self.finished
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "lengths are small")]
fn power(length: usize, exponent: f32) -> f32 {
    (length as f32).powf(exponent)
}
