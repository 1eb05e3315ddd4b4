//! Any walk through an automaton writes something legal, with every tokenizer that T5 files have.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::engine::tokenizer::tests::{flan, spelling, spelling_decoders};

static TOKENIZERS: LazyLock<[Tokenizer; 3]> = LazyLock::new(|| {
    let [sentencepiece, short] = spelling_decoders().map(|decoder| spelling(&decoder));
    [flan(), sentencepiece, short]
});
static GUIDES: LazyLock<[Guides; 3]> = LazyLock::new(Default::default);

const END: u32 = 1;

/// The text of an answer whose tokens are drawn by `dice` among the legal ones.
fn walk(kind: usize, guide: &Guide, tokens_max: usize, dice: &mut dyn FnMut() -> usize) -> String {
    let tokenizer = &TOKENIZERS[kind];
    let automaton = GUIDES[kind].compile(guide, tokenizer).unwrap();
    assert!(usize::try_from(automaton.tokens_min()).unwrap() <= tokens_max);
    let mut guided = Guided::new(automaton);
    let mut ids = Vec::new();
    while !guided.is_complete() && ids.len() < tokens_max {
        let mut logits = vec![0.0; tokenizer.vocabulary()];
        guided.mask(&mut logits, tokens_max - ids.len(), END);
        let legal: Vec<u32> =
            (0..).zip(&logits).filter(|(_, logit)| **logit == 0.0).map(|(id, _)| id).collect();
        assert!(!legal.is_empty(), "a dead end after {ids:?}");
        let id = legal[dice() % legal.len()];
        if id == END {
            break;
        }
        guided.take(id);
        ids.push(id);
    }
    assert!(guided.is_legal());
    tokenizer.decode(&ids)
}

proptest! {
    #[test]
    fn any_walk_writes_a_label(kind in 0_usize..3, dice in prop::collection::vec(any::<usize>(), 40)) {
        let labels = match kind {
            0 => ["yes", "not sure", "Yes, of course!", "café", " led by a space"],
            _ => ["the a", "中文", "{\"b\": 1}", "é😀", " a"],
        };
        let guide = Guide::Choice(labels.map(str::to_owned).to_vec());
        let mut dice = dice.into_iter().cycle();
        let text = walk(kind, &guide, 30, &mut || dice.next().unwrap());
        prop_assert!(labels.contains(&text.as_str()), "{text:?}");
    }

    #[test]
    fn any_walk_matches_the_pattern(
        kind in 0_usize..3,
        pattern in prop::sample::select(vec![
            "[a-c]{1,5}", "(a|the)( b| c)*", "[0-9]+%?", ".{2,9}", "x?", "b(?:c|bc)*b",
        ]),
        tokens_max in 9_usize..14,
        dice in prop::collection::vec(any::<usize>(), 20),
    ) {
        let guide = Guide::Regex(pattern.to_owned());
        let mut dice = dice.into_iter().cycle();
        let text = walk(kind, &guide, tokens_max, &mut || dice.next().unwrap());
        let whole = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
        prop_assert!(whole.is_match(&text), "{text:?}");
    }
}

#[test]
fn what_was_compiled_lately_is_kept() {
    let guides = Guides::default();
    let guide = |number: usize| Guide::Choice(vec![format!("label {number}")]);
    let first = guides.compile(&guide(0), &TOKENIZERS[0]).unwrap();
    for number in 1..KEPT_MAX {
        guides.compile(&guide(number), &TOKENIZERS[0]).unwrap();
    }
    assert!(Arc::ptr_eq(&first, &guides.compile(&guide(0), &TOKENIZERS[0]).unwrap()));
    for number in 100..100 + KEPT_MAX {
        guides.compile(&guide(number), &TOKENIZERS[0]).unwrap();
    }
    assert!(!Arc::ptr_eq(&first, &guides.compile(&guide(0), &TOKENIZERS[0]).unwrap()));
}

#[test]
fn the_fewest_tokens_are_exact() {
    let fewest = |guide| GUIDES[0].compile(&guide, &TOKENIZERS[0]).unwrap().tokens_min();
    assert_eq!(fewest(Guide::Choice(vec!["yes".to_owned()])), 1);
    assert_eq!(fewest(Guide::Choice(vec!["not sure".to_owned(), "yes".to_owned()])), 1);
    assert_eq!(fewest(Guide::Choice(vec!["not sure".to_owned()])), 2);
    assert_eq!(fewest(Guide::Regex("(?:no )*no".to_owned())), 1);
    assert_eq!(fewest(Guide::Regex("a*".to_owned())), 0);
}
