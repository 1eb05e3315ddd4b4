//! Takes one token from a row of logits: the largest, or a draw among those left in play.
//!
//! Temperature first, then top-k, top-p and min-p, each on what the one before left: the order of
//! transformers' warpers. Nothing is allocated after the first draw.

use super::dice::Dice;
use super::{Recipe, place};

/// Chooses the tokens of one sequence.
#[derive(Debug)]
pub(in crate::engine) struct Chooser {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    min_p: f32,
    dice: Dice,
    /// The tokens in play at one step, likeliest first, with their weights.
    in_play: Vec<(f32, u32)>,
}

impl Chooser {
    /// The chooser of one of a job's choices.
    pub(in crate::engine) fn new(recipe: &Recipe, choice: usize) -> Self {
        Self {
            temperature: recipe.temperature,
            top_k: recipe.top_k,
            top_p: recipe.top_p,
            min_p: recipe.min_p,
            dice: Dice::new(recipe.seed, u64::try_from(choice).unwrap_or(u64::MAX)),
            in_play: Vec::new(),
        }
    }

    /// The token for a step; `None` if the numbers are broken or no token is left.
    pub(in crate::engine) fn choose(&mut self, logits: &[f32], step: usize) -> Option<u32> {
        let (best, largest) = largest(logits)?;
        if self.temperature <= 0.0 {
            return Some(best);
        }
        let throw = self.dice.throw(u64::try_from(step).unwrap_or(u64::MAX));
        let heat = f64::from(self.temperature).recip();
        let weight = |logit: f32| weight((f64::from(logit) - f64::from(largest)) * heat);
        let total: f64 = logits.iter().map(|logit| f64::from(weight(*logit))).sum();
        if !total.is_finite() {
            return None;
        }
        if self.top_k == 0 && self.top_p >= 1.0 && self.min_p <= 0.0 {
            let weights = (0..).zip(logits).map(|(id, logit)| (weight(*logit), id));
            return Some(draw(weights, throw * total).unwrap_or(best));
        }
        // Whatever is less likely than this cannot matter: all of it together is below `1 - top_p`.
        let floor = match self.top_k {
            0 => f64::from(1.0 - self.top_p) * total / f64::from(count(logits.len())),
            _ => 0.0,
        };
        self.in_play.clear();
        for (id, logit) in (0..).zip(logits) {
            let weight = weight(*logit);
            if weight > 0.0 && f64::from(weight) >= floor {
                self.in_play.push((weight, id));
            }
        }
        self.narrow();
        let total: f64 = self.in_play.iter().map(|(weight, _)| f64::from(*weight)).sum();
        Some(draw(self.in_play.iter().copied(), throw * total).unwrap_or(best))
    }

    /// Leaves in play what top-k, top-p and min-p allow, likeliest first.
    fn narrow(&mut self) {
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if self.top_k > 0 && self.top_k < self.in_play.len() {
            self.in_play.select_nth_unstable_by(self.top_k, order);
            self.in_play.truncate(self.top_k);
        }
        self.in_play.sort_unstable_by(order);
        let total: f64 = self.in_play.iter().map(|(weight, _)| f64::from(*weight)).sum();
        if self.top_p < 1.0 {
            let (mut sum, most) = (0.0, f64::from(self.top_p) * total);
            let kept = self.in_play.iter().take_while(|(weight, _)| {
                let is_in = sum < most;
                sum += f64::from(*weight);
                is_in
            });
            let kept = kept.count().max(1);
            self.in_play.truncate(kept);
        }
        if let Some((likeliest, _)) = self.in_play.first().copied() {
            let least = likeliest * self.min_p;
            self.in_play.retain(|(weight, _)| *weight >= least);
        }
    }
}

/// The largest logit and its token; of equals the first. `None` if one is not a number, or none is
/// above minus infinity.
fn largest(logits: &[f32]) -> Option<(u32, f32)> {
    let mut best = (0, f32::NEG_INFINITY);
    let mut sum = 0.0_f32;
    for (id, logit) in (0..).zip(logits.iter().copied()) {
        // Stays zero unless something is not a number: minus infinity is a ban and counts as zero.
        sum += if logit == f32::NEG_INFINITY { 0.0 } else { logit * 0.0 };
        if logit > best.1 {
            best = (id, logit);
        }
    }
    (sum == 0.0 && best.1.is_finite()).then_some(best)
}

/// The token at which the running sum of weights passes a mark.
fn draw(weights: impl Iterator<Item = (f32, u32)>, mark: f64) -> Option<u32> {
    let mut sum = 0.0;
    for (weight, id) in weights {
        sum += f64::from(weight);
        if sum > mark {
            return Some(id);
        }
    }
    None
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "at most 1")]
fn weight(below: f64) -> f32 {
    below.exp() as f32
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX).max(1)
}

/// The logit of one token.
pub(in crate::engine) fn logit_of(logits: &[f32], id: u32) -> f32 {
    logits.get(place(id)).copied().unwrap_or(f32::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn recipe() -> Recipe {
        Recipe {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed: 0,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            tokens_min: 0,
            tokens_max: 100,
            end_id: 1,
        }
    }

    fn draws(recipe: Recipe, logits: &[f32], count: usize) -> Vec<u32> {
        let mut chooser = Chooser::new(&recipe, 0);
        (0..count).map(|step| chooser.choose(logits, step).unwrap()).collect()
    }

    #[test]
    fn greedy_takes_the_first_of_the_largest() {
        let greedy = Recipe { temperature: 0.0, ..recipe() };
        assert_eq!(draws(greedy, &[0.0, 5.0, 5.0, f32::NEG_INFINITY], 2), [1, 1]);
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let logits: Vec<f32> = [0.5_f32, 0.3, 0.2].iter().map(|p| p.ln()).collect();
        for recipe in [recipe(), Recipe { top_k: 3, ..recipe() }] {
            let drawn = draws(recipe, &logits, 10_000);
            for (id, expected) in [(0, 5_000), (1, 3_000), (2, 2_000)] {
                let times = drawn.iter().filter(|other| **other == id).count();
                assert!(times.abs_diff(expected) < 150, "{id}: {times}");
            }
        }
    }

    #[test]
    fn filters_leave_the_unlikely_out() {
        let logits: Vec<f32> = [0.4_f32, 0.3, 0.2, 0.1].iter().map(|p| p.ln()).collect();
        let kept = |recipe: Recipe| {
            let mut ids = draws(recipe, &logits, 500);
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        assert_eq!(kept(Recipe { top_k: 2, ..recipe() }), [0, 1]);
        assert_eq!(kept(Recipe { top_p: 0.65, ..recipe() }), [0, 1]);
        assert_eq!(kept(Recipe { top_p: 0.75, ..recipe() }), [0, 1, 2]);
        assert_eq!(kept(Recipe { min_p: 0.4, ..recipe() }), [0, 1, 2]);
        assert_eq!(kept(Recipe { top_p: 1e-6, ..recipe() }), [0]);
        // top-p looks at what top-k left: 0.4 / 0.7 already reaches 0.5.
        assert_eq!(kept(Recipe { top_k: 2, top_p: 0.5, ..recipe() }), [0]);
        assert_eq!(kept(Recipe { temperature: 0.01, ..recipe() }), [0]);
    }

    #[test]
    fn seeds_and_choices_differ() {
        let flat = [1.0; 50];
        let all = |seed, choice| {
            let mut chooser = Chooser::new(&Recipe { seed, ..recipe() }, choice);
            (0..20).map(|step| chooser.choose(&flat, step).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(all(1, 0), all(1, 0));
        assert_ne!(all(1, 0), all(2, 0));
        assert_ne!(all(1, 0), all(1, 1));
    }

    #[test]
    fn broken_numbers_choose_nothing() {
        for broken in [f32::NAN, f32::INFINITY] {
            for temperature in [0.0, 1.0] {
                let recipe = Recipe { temperature, ..recipe() };
                assert_eq!(Chooser::new(&recipe, 0).choose(&[0.0, broken], 0), None);
            }
        }
        let banned = [f32::NEG_INFINITY; 3];
        assert_eq!(Chooser::new(&recipe(), 0).choose(&banned, 0), None);
    }

    proptest! {
        /// The shortcut that leaves hopeless tokens out before sorting changes nothing.
        #[test]
        fn top_p_is_the_smallest_set_that_reaches_it(
            logits in prop::collection::vec(-20.0_f32..5.0, 1..200),
            top_p in 0.01_f32..0.999,
        ) {
            let mut chooser = Chooser::new(&Recipe { top_p, ..recipe() }, 0);
            chooser.choose(&logits, 0).unwrap();
            let mut sorted = logits.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let total: f64 = sorted.iter().map(|logit| f64::from(*logit).exp()).sum();
            let mut sum = 0.0;
            let expected = sorted.iter().take_while(|logit| {
                let is_in = sum < f64::from(top_p) * total;
                sum += f64::from(**logit).exp();
                is_in
            }).count();
            // Weights are rounded to f32, so a border case may fall either way.
            prop_assert!(chooser.in_play.len().abs_diff(expected) <= 1);
        }
    }
}
