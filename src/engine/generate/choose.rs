//! Takes one token from a row of logits: the largest, or a draw among those left in play.
//!
//! Temperature first, then top-k, top-p and min-p, each on what the one before left: the order of
//! transformers' warpers. Nothing is allocated after the first draw.

use super::dice::Dice;
use super::score::{Ranked, likeliest};
use super::{Recipe, place};

/// Up to this many tokens are found by one look at each logit, without weighing all of them.
const FEW: usize = 128;

/// Chooses the tokens of one sequence.
#[derive(Debug)]
pub(in crate::engine) struct Chooser {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    min_p: f32,
    dice: Dice,
    /// How likely each token is, as a share of the likeliest.
    weights: Vec<f32>,
    likeliest: Vec<Ranked>,
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
            weights: Vec::new(),
            likeliest: Vec::new(),
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
        let heat = self.temperature.recip();
        let weight = |logit: f32| exp((logit - largest) * heat);
        self.in_play.clear();
        if (1..=FEW).contains(&self.top_k) {
            likeliest(logits, 0.0, self.top_k, &mut self.likeliest);
            let weighed = self.likeliest.iter().map(|one| (weight(one.logprob), one.id));
            self.in_play.extend(weighed.filter(|(weight, _)| *weight > 0.0));
        } else {
            self.weights.clear();
            self.weights.extend(logits.iter().map(|logit| weight(*logit)));
            let total = sum(&self.weights);
            if self.top_k == 0 && self.top_p >= 1.0 && self.min_p <= 0.0 {
                let weighed = self.weights.iter().copied().zip(0..);
                return Some(draw(weighed, throw * total).unwrap_or(best));
            }
            // What is less likely than this cannot matter: all of it together is below `1 - top_p`.
            let floor = match self.top_k {
                0 => narrow(f64::from(1.0 - self.top_p) * total / f64::from(count(logits.len()))),
                _ => 0.0,
            };
            let weighed = self.weights.iter().copied().zip(0..);
            self.in_play.extend(weighed.filter(|(weight, _)| *weight > 0.0 && *weight >= floor));
        }
        self.filter();
        let total: f64 = self.in_play.iter().map(|(weight, _)| f64::from(*weight)).sum();
        Some(draw(self.in_play.iter().copied(), throw * total).unwrap_or(best))
    }

    /// Leaves in play what top-k, top-p and min-p allow, likeliest first.
    fn filter(&mut self) {
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

/// `e^x` for `x` up to 0, to five digits, in a form that compilers turn into vector instructions:
/// the library's own is most of the time of a draw.
fn exp(x: f32) -> f32 {
    /// Added and taken off again, it rounds to a whole number, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let twos = x.max(-80.0) * std::f32::consts::LOG2_E;
    let shifted = twos + ROUND;
    let rest = (twos - (shifted - ROUND)) * std::f32::consts::LN_2;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    let terms = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let series = terms.iter().fold(0.0, |sum, term| sum * rest + term);
    if x < -80.0 { 0.0 } else { power * series }
}

/// The sum, without losing what is small beside what is large.
fn sum(weights: &[f32]) -> f64 {
    weights.chunks(64).map(|part| f64::from(part.iter().sum::<f32>())).sum()
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

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a threshold")]
fn narrow(number: f64) -> f32 {
    number as f32
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
        Recipe { temperature: 1.0, ..Recipe::greedy() }
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
    fn powers_are_exact_to_five_digits() {
        for x in (0_i16..8_000).map(|x| -f32::from(x) / 100.0) {
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / exact - 1.0).abs() < 1e-5, "{x}: {ours} for {exact}");
        }
        assert_eq!((exp(0.0), exp(f32::NEG_INFINITY), exp(-81.0)), (1.0, 0.0, 0.0));
    }

    #[test]
    fn few_and_many_are_narrowed_alike() {
        let logits: Vec<f32> = (0_u16..300).map(|id| f32::from(id * 7 % 101) / 20.0).collect();
        let kept = |top_k| {
            let mut chooser = Chooser::new(&Recipe { top_k, ..recipe() }, 0);
            chooser.choose(&logits, 0).unwrap();
            chooser.in_play.iter().map(|(_, id)| *id).collect::<Vec<_>>()
        };
        assert_eq!(kept(FEW), kept(FEW + 1)[..FEW]);
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
