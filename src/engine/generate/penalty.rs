//! Changes to a row of logits that depend on what was said before, as transformers' processors of
//! the same names make them. The history includes the start token.

use super::{Recipe, place};

/// Applies a job's penalties. `marks` is scratch space, one bit per token, and clean before and after.
pub(in crate::engine) fn penalise(
    recipe: &Recipe,
    history: &[u32],
    logits: &mut [f32],
    marks: &mut Vec<u64>,
) {
    if recipe.repeats_cost() {
        repetition(recipe.repetition_penalty, history, logits, marks);
    }
    repeated_runs(recipe.no_repeat_ngram, history, logits);
    if history.len() <= recipe.tokens_min {
        ban(logits, recipe.end_id);
    }
}

/// Makes a token impossible.
pub(super) fn ban(logits: &mut [f32], id: u32) {
    if let Some(logit) = logits.get_mut(place(id)) {
        *logit = f32::NEG_INFINITY;
    }
}

/// Divides positive logits of tokens that were said by the penalty and multiplies negative ones.
fn repetition(penalty: f32, history: &[u32], logits: &mut [f32], marks: &mut Vec<u64>) {
    marks.resize(logits.len().div_ceil(64), 0);
    for id in history {
        let (Some(word), Some(logit)) =
            (marks.get_mut(place(*id) / 64), logits.get_mut(place(*id)))
        else {
            continue;
        };
        let bit = 1 << (place(*id) % 64);
        if *word & bit == 0 {
            *word |= bit;
            *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
        }
    }
    for id in history {
        if let Some(word) = marks.get_mut(place(*id) / 64) {
            *word = 0;
        }
    }
}

/// Bans every token that would repeat a run of `size` tokens.
fn repeated_runs(size: usize, history: &[u32], logits: &mut [f32]) {
    let Some(prefix) = size.checked_sub(1) else { return };
    let Some(last) = history.len().checked_sub(prefix).and_then(|from| history.get(from..)) else {
        return;
    };
    for run in history.windows(size) {
        if let (Some(beginning), Some(id)) = (run.get(..prefix), run.last())
            && beginning == last
        {
            ban(logits, *id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn penalised(recipe: Recipe, history: &[u32], logits: &[f32]) -> Vec<f32> {
        let (mut logits, mut marks) = (logits.to_vec(), Vec::new());
        penalise(&recipe, history, &mut logits, &mut marks);
        assert!(marks.iter().all(|word| *word == 0), "scratch space is clean");
        logits
    }

    #[test]
    fn repetition_counts_a_token_once_and_knows_signs() {
        let recipe = Recipe { repetition_penalty: 2.0, ..Recipe::greedy() };
        let logits = penalised(recipe, &[0, 2, 2, 3, 900], &[4.0, 4.0, 4.0, -1.0]);
        assert_eq!(logits, [2.0, 4.0, 2.0, -2.0]);
    }

    #[test]
    fn runs_are_not_repeated() {
        let with = |size| Recipe { no_repeat_ngram: size, ..Recipe::greedy() };
        let banned = |size, history: &[u32]| -> Vec<usize> {
            let logits = penalised(with(size), history, &[1.0; 6]);
            (0..6).filter(|id| logits[*id] == f32::NEG_INFINITY).collect()
        };
        assert_eq!(banned(2, &[0, 3, 4, 3]), [4]);
        assert_eq!(banned(3, &[0, 3, 4, 5, 3, 4]), [5]);
        assert!(banned(3, &[0, 3]).is_empty());
        assert_eq!(banned(1, &[0, 3]), [0, 3]);
        assert!(banned(0, &[0, 3, 3]).is_empty());
    }

    #[test]
    fn an_answer_does_not_end_too_early() {
        let recipe = Recipe { tokens_min: 2, ..Recipe::greedy() };
        assert_eq!(penalised(recipe, &[0, 5], &[1.0; 2]), [1.0, f32::NEG_INFINITY]);
        assert_eq!(penalised(recipe, &[0, 5, 5], &[1.0; 2]), [1.0, 1.0]);
    }
}
