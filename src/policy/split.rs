//! `split`: a route that shares its requests out among its first targets, by weight.
//!
//! Nothing is diced here. Where a request falls between 0 and 1 is a fact (`request.draw`), the same for
//! every turn of a conversation; a split cuts that stretch into shares. The target whose share it is
//! comes first, and the others follow as they stand in `use`, should it be struck out or fail.

use super::{Route, TargetId};

/// A share is at least one draw of so many.
pub(super) const DRAWS: u32 = 1_000_000;

/// The shares of a route's first targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// By target, in the order of `use`: its weight,
    pub(super) weights: Vec<u32>,
    /// and the first draw behind its share.
    pub(super) ends: Vec<u32>,
}

impl Split {
    /// Cuts by weights; `None` where one of them is left with nothing.
    pub(super) fn new(weights: Vec<u32>) -> Option<Self> {
        let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut until = 0;
        let mut ends: Vec<u32> = Vec::new();
        for weight in &weights {
            until += u64::from(*weight);
            let end = (until * u64::from(DRAWS)).checked_div(sum)?;
            ends.push(u32::try_from(end).ok()?);
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let has_all = starts.zip(&ends).all(|(start, end)| start < *end);
        has_all.then_some(Self { weights, ends })
    }
}

/// Where a request falls, from the first half of a digest that is the same for all turns of its
/// conversation: 0 to 999,999, each as likely as the next.
pub fn draw(digest: u64) -> u32 {
    let drawn = (u128::from(digest) * u128::from(DRAWS)) >> 64;
    u32::try_from(drawn).unwrap_or(DRAWS - 1)
}

/// What a draw decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Where the request fell, in millionths.
    pub draw: u32,
    /// The target whose share that is.
    pub target: TargetId,
}

impl Route {
    /// The place in `targets` of the one that a draw prefers; the first where nothing is drawn.
    pub(super) fn preferred(&self, draw: Option<u32>) -> usize {
        let (Some(split), Some(draw)) = (&self.split, draw) else { return 0 };
        split.ends.iter().position(|end| draw < *end).unwrap_or(0)
    }

    /// Its targets in the order of preference: the one at this place, then the others as they stand.
    pub(super) fn order(&self, preferred: usize) -> impl Iterator<Item = TargetId> + '_ {
        let first = self.targets.get(preferred).copied();
        let others = self.targets.iter().copied();
        first.into_iter().chain(others.filter(move |target| Some(*target) != first))
    }

    /// What a draw decides here, if anything.
    pub(super) fn drawn(&self, draw: Option<u32>) -> Option<Drawn> {
        let (_, draw) = (self.split.as_ref()?, draw?);
        let target = *self.targets.get(self.preferred(Some(draw)))?;
        Some(Drawn { draw, target })
    }
}

#[cfg(test)]
mod tests {
    use super::{DRAWS, Split, draw};
    use proptest::prelude::*;

    #[test]
    fn shares_are_cut_by_weight_and_nobody_goes_without() {
        let ends = |weights: &[u32]| Split::new(weights.to_vec()).map(|it| it.ends);
        assert_eq!(ends(&[90, 10]), Some(vec![900_000, DRAWS]));
        assert_eq!(ends(&[1, 1, 1]), Some(vec![333_333, 666_666, DRAWS]));
        assert_eq!(ends(&[1, 999_999]), Some(vec![1, DRAWS]));
        assert_eq!(ends(&[1, 1_000_000, 1]), None, "less than one in a million");
        assert_eq!(ends(&[0, 1]), None);
    }

    proptest! {
        #[test]
        fn a_draw_is_below_a_million(digest: u64) {
            prop_assert!(draw(digest) < DRAWS);
        }

        /// Of many digests that come evenly, every target gets its share.
        #[test]
        fn shares_are_kept(weights in proptest::collection::vec(1_u32..100, 2..5)) {
            let split = Split::new(weights.clone()).unwrap();
            let sum: u32 = weights.iter().sum();
            let mut got = vec![0_u32; weights.len()];
            for step in 0..10_000_u64 {
                let drawn = draw(step * (u64::MAX / 10_000));
                got[split.ends.iter().position(|end| drawn < *end).unwrap()] += 1;
            }
            for (weight, got) in weights.iter().zip(got) {
                let fair = 10_000 * weight / sum;
                prop_assert!(got.abs_diff(fair) <= 2, "{got} of {fair}");
            }
        }
    }
}
