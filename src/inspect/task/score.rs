//! How good guesses are: accuracy, the precision of "the local model can do it", and whether
//! confidence means what it says.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Task, TaskGuess};

/// The tasks that a small local model can do.
pub const LOCAL: [Task; 4] = [Task::Summarize, Task::Classify, Task::Extract, Task::QaContext];

/// Bins of confidence.
const BINS: usize = 10;

/// One guess beside the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// What is asked for.
    pub truth: Task,
    /// What was guessed.
    pub guess: TaskGuess,
}

/// Many guesses beside the truth.
#[derive(Clone, Debug, Default)]
pub struct Scores(Vec<Scored>);

/// One task among many: what was asked for, guessed and both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// How often it was asked for.
    pub truth: usize,
    /// How often it was guessed.
    pub guessed: usize,
    /// How often both.
    pub right: usize,
}

impl Hits {
    /// The share of right guesses among the guesses; 1 where there are none.
    pub fn precision(self) -> f64 {
        share(self.right, self.guessed)
    }

    /// The share of right guesses among what was asked for; 1 where there is none.
    pub fn recall(self) -> f64 {
        share(self.right, self.truth)
    }
}

/// A part of a whole; 1 of nothing.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of prompts")]
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

impl Scores {
    /// Adds one.
    pub fn push(&mut self, scored: Scored) {
        self.0.push(scored);
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The share of right guesses; `unknown` is never right.
    pub fn accuracy(&self) -> f64 {
        share(self.0.iter().filter(|it| it.guess.task == it.truth).count(), self.0.len())
    }

    /// How one task fared.
    pub fn hits(&self, task: Task) -> Hits {
        let truth = self.0.iter().filter(|it| it.truth == task).count();
        let guessed = self.0.iter().filter(|it| it.guess.task == task);
        let right = guessed.clone().filter(|it| it.truth == task).count();
        Hits { truth, guessed: guessed.count(), right }
    }

    /// What prompts of one task were taken for instead, most often first.
    pub fn taken_for(&self, task: Task) -> Vec<(Task, usize)> {
        let mut wrong: BTreeMap<Task, usize> = BTreeMap::new();
        for it in self.0.iter().filter(|it| it.truth == task && it.guess.task != task) {
            *wrong.entry(it.guess.task).or_default() += 1;
        }
        let mut wrong: Vec<(Task, usize)> = wrong.into_iter().collect();
        wrong.sort_by_key(|(_, count)| Reverse(*count));
        wrong
    }

    /// "The local model can do it", believed from this confidence on.
    pub fn local(&self, confidence_min: f32) -> Hits {
        let truth = self.0.iter().filter(|it| LOCAL.contains(&it.truth)).count();
        let guessed = self
            .0
            .iter()
            .filter(|it| LOCAL.contains(&it.guess.task) && it.guess.confidence >= confidence_min);
        let right = guessed.clone().filter(|it| LOCAL.contains(&it.truth)).count();
        Hits { truth, guessed: guessed.count(), right }
    }

    /// The expected calibration error: how far confidence and the share of right guesses are apart,
    /// in ten bins weighted by their size. A guess of `unknown` counts by its runner-up, whose
    /// confidence it is.
    pub fn calibration_error(&self) -> f64 {
        let mut bins = [(0_usize, 0_usize, 0.0_f64); BINS];
        for it in &self.0 {
            let believed =
                if it.guess.task == Task::Unknown { it.guess.runner_up } else { it.guess.task };
            let confidence = f64::from(it.guess.confidence);
            let bin = (1..BINS).filter(|edge| confidence >= share(*edge, BINS)).count();
            if let Some((all, right, sum)) = bins.get_mut(bin) {
                *all += 1;
                *right += usize::from(believed == it.truth);
                *sum += confidence;
            }
        }
        let gap = |(all, right, sum): &(usize, usize, f64)| {
            if *all == 0 {
                return 0.0;
            }
            let mean = sum / share(*all, 1);
            (mean - share(*right, *all)).abs() * share(*all, self.0.len())
        };
        bins.iter().map(gap).sum()
    }
}
