//! How sure the model was: a policy can ask for a second opinion when the least likely tenth of an
//! answer was too unlikely.

/// How sure the model was of an answer, token by token; probabilities from 0 to 1 at temperature 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certainty {
    /// The least likely token.
    pub min: f32,
    /// The tenth percentile (nearest rank): a tenth of the tokens were at most this likely.
    pub p10: f32,
}

/// The probabilities of the tokens said so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    probabilities: Vec<f32>,
}

impl Account {
    /// An account with room for this many tokens.
    pub(super) fn of(tokens: usize) -> Self {
        Self { probabilities: Vec::with_capacity(tokens) }
    }

    /// Notes a token.
    pub(super) fn note(&mut self, probability: f32) {
        self.probabilities.push(probability);
    }

    /// The account so far; an answer without tokens was as sure as can be.
    pub(super) fn certainty(&mut self) -> Certainty {
        self.probabilities.sort_unstable_by(f32::total_cmp);
        let rank = self.probabilities.len().div_ceil(10).saturating_sub(1);
        let at = |index: usize| self.probabilities.get(index).copied().unwrap_or(1.0);
        Certainty { min: at(0), p10: at(rank) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_is_the_nearest_rank() {
        let mut account = Account::of(20);
        (1..=20_u8).rev().for_each(|n| account.note(f32::from(n) / 100.0));
        assert_eq!(account.certainty(), Certainty { min: 0.01, p10: 0.02 });
        assert_eq!(Account::default().certainty(), Certainty { min: 1.0, p10: 1.0 });
    }
}
