//! Dice that depend on nothing but the seed, the choice and the step: an answer is the same again
//! whoever else is served, and no state has to be kept or copied.

use crate::spread::{GOLDEN, mix};

/// Throws for one choice of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dice {
    key: u64,
}

impl Dice {
    /// The dice of one of a job's choices.
    pub(super) fn new(seed: u64, choice: u64) -> Self {
        Self { key: mix(mix(seed) ^ choice.wrapping_mul(GOLDEN)) }
    }

    /// The throw for a step, evenly spread from 0 (included) to 1 (excluded).
    pub(super) fn throw(self, step: u64) -> f64 {
        let bits = mix(self.key.wrapping_add(step.wrapping_add(1).wrapping_mul(GOLDEN)));
        f64::from(u32::try_from(bits >> 32).unwrap_or_default()) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_repeat_differ_and_spread() {
        let throws = |seed, choice| -> Vec<f64> {
            (0..2_000).map(|step| Dice::new(seed, choice).throw(step)).collect()
        };
        assert_eq!(throws(1, 0), throws(1, 0));
        assert_ne!(throws(1, 0), throws(2, 0));
        assert_ne!(throws(1, 0), throws(1, 1));
        for some in [throws(0, 0), throws(7, 3)] {
            assert!(some.iter().all(|throw| (0.0..1.0).contains(throw)));
            let mean = some.iter().sum::<f64>() / 2_000.0;
            assert!((mean - 0.5).abs() < 0.03, "{mean}");
            let low = some.iter().filter(|throw| **throw < 0.1).count();
            assert!((150..250).contains(&low), "{low}");
        }
    }
}
