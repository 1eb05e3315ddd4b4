//! Searching against trying everything, and that a step allocates nothing.

use proptest::prelude::*;

use super::beam::{Hypothesis, Patience};
use super::penalty::penalise;
use super::score::likeliest;
use super::*;
use crate::engine::tokenizer::tests::flan;

fn recipe() -> Recipe {
    Recipe { tokens_max: 4, ..Recipe::greedy() }
}

const WORDS: usize = 4;

/// A model whose logits depend on the last token alone.
type Table = Vec<[f32; WORDS]>;

fn log_sum_exp(logits: &[f32]) -> f32 {
    logits.iter().map(|logit| logit.exp()).sum::<f32>().ln()
}

fn search(table: &Table, recipe: Recipe, width: usize, penalty: f32) -> Vec<Hypothesis> {
    let mut beams = Beams::new(recipe, (width, penalty, Patience::Never), (0, None));
    loop {
        let last: Vec<usize> = beams.moves().iter().map(|step| place(step.id)).collect();
        for (beam, last) in last.into_iter().enumerate() {
            let mut logits = table[last];
            let total = log_sum_exp(&logits);
            beams.weigh(beam, &mut logits, total);
        }
        if beams.advance() {
            return std::mem::take(beams.finished());
        }
    }
}

/// Every answer with its score.
fn everything(table: &Table, recipe: Recipe, penalty: f32) -> Vec<(Vec<u32>, f32)> {
    let mut all = Vec::new();
    let mut open = vec![(Vec::new(), 0.0)];
    while let Some((ids, score)) = open.pop() {
        let row = table[ids.last().map_or(0, |id| place(*id))];
        for (id, logit) in (0..).zip(row) {
            let score = score + logit - log_sum_exp(&row);
            let length = f32::from(u8::try_from(ids.len() + 1).unwrap());
            let mut longer = ids.clone();
            if id == recipe.end_id {
                all.push((longer, score / length.powf(penalty)));
            } else {
                longer.push(id);
                if longer.len() == recipe.tokens_max {
                    all.push((longer, score / length.powf(penalty)));
                } else {
                    open.push((longer, score));
                }
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn a_wide_search_finds_the_best_there_is(
        table in prop::collection::vec(prop::array::uniform4(-3.0_f32..3.0), WORDS),
        penalty in -1.0_f32..2.0,
    ) {
        let found = search(&table, recipe(), 200, penalty);
        let mut all = everything(&table, recipe(), penalty);
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        prop_assert!((found[0].score - all[0].1).abs() < 1e-4);
        prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
        let likely: f32 = found[0].probabilities.iter().product();
        let length = f32::from(u8::try_from(found[0].probabilities.len()).unwrap());
        prop_assert!((likely.ln() - found[0].score * length.powf(penalty)).abs() < 1e-3);
    }

    #[test]
    fn one_beam_is_greedy(
        table in prop::collection::vec(prop::array::uniform4(-3.0_f32..3.0), WORDS),
    ) {
        let found = search(&table, recipe(), 1, 1.0);
        let (mut ids, mut last) = (Vec::new(), 0);
        while ids.len() < recipe().tokens_max {
            last = Chooser::new(&recipe(), 0).choose(&table[place(last)], 0).unwrap();
            if last == recipe().end_id {
                break;
            }
            ids.push(last);
        }
        // A search of one beam looks for a better end after the first; the first is among them.
        prop_assert!(found[0].ids == ids || found[0].ids.starts_with(&ids));
    }
}

#[test]
fn a_step_allocates_nothing() {
    let fresh: Vec<f32> =
        (0_u16..32_128).map(|id| f32::from(id.wrapping_mul(7_919) % 1_000) / 50.0).collect();
    let mut logits = fresh.clone();
    let tokenizer = flan();
    let guide = guide::Guide::Regex("[a-z ]{30,60}".to_owned());
    let guided = Guided::new(Guides::default().compile(&guide, &tokenizer).unwrap());
    let history: Vec<u32> = (0..40).collect();
    for recipe in [
        recipe(),
        Recipe { temperature: 0.7, ..recipe() },
        Recipe { temperature: 0.7, top_k: 50, top_p: 0.9, min_p: 0.01, ..recipe() },
        Recipe { repetition_penalty: 1.2, no_repeat_ngram: 3, tokens_min: 90, ..recipe() },
    ] {
        let mut chooser = Chooser::new(&recipe, 0);
        let (mut marks, mut ranked) = (Vec::new(), Vec::new());
        let mut step = |number| {
            logits.copy_from_slice(&fresh);
            likeliest(&logits, 1.0, 20, &mut ranked);
            penalise(&recipe, &history, &mut logits, &mut marks);
            guided.mask(&mut logits, 100, 1);
            chooser.choose(&logits, number).unwrap();
        };
        step(0);
        let counted = allocation_counter::measure(|| (1..20).for_each(&mut step));
        assert_eq!(counted.count_total, 0, "{recipe:?}");
    }
    let long = Recipe { tokens_max: 60, ..recipe() };
    let mut beams = Beams::new(long, (4, 1.0, Patience::Likely), (0, None));
    let mut step = || {
        for beam in 0..beams.moves().len() {
            logits.copy_from_slice(&fresh);
            beams.weigh(beam, &mut logits, 20.0);
        }
        assert!(!beams.advance());
    };
    (0..3).for_each(|_| step());
    let counted = allocation_counter::measure(|| (0..20).for_each(|_| step()));
    assert_eq!(counted.count_total, 0, "a search");
}
