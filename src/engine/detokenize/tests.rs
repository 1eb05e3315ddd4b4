//! What is streamed is what is said: for any ids, with every decoder that T5 files have.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::engine::tokenizer::tests::{flan, spelling, spelling_decoders};

static FLAN: LazyLock<Tokenizer> = LazyLock::new(flan);
static SPELLING: LazyLock<[Tokenizer; 2]> =
    LazyLock::new(|| spelling_decoders().map(|decoder| spelling(&decoder)));

/// The pieces, the last one being what was held back.
fn pieces(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<String> {
    let mut growing = Detokenizer::default();
    let mut pieces: Vec<String> = ids.iter().map(|id| growing.push(tokenizer, *id)).collect();
    pieces.push(growing.finish(tokenizer));
    pieces
}

#[test]
fn words_arrive_one_by_one_with_their_spaces() {
    let ids = FLAN.encode("The tower is 324 metres tall.").unwrap().ids;
    let said = pieces(&FLAN, &ids);
    assert_eq!(said.concat(), "The tower is 324 metres tall.");
    assert_eq!(&said[..3], ["The", " tower", " is"]);
}

#[test]
fn spelt_characters_arrive_whole() {
    for tokenizer in &*SPELLING {
        let ids = tokenizer.encode("a 😀 the").unwrap().ids;
        let said = pieces(tokenizer, &ids);
        assert_eq!(said.concat(), "a 😀 the");
        assert!(said.iter().all(|piece| !piece.contains('\u{fffd}')));
    }
}

#[test]
fn a_broken_run_of_bytes_is_spoilt_as_a_whole() {
    // <0xE4> <0xB8> is two thirds of a character; ids are shifted by the three special tokens.
    for tokenizer in &*SPELLING {
        let ids = [260, 0xE4 + 3, 0xB8 + 3, 262];
        assert_eq!(pieces(tokenizer, &ids).concat(), tokenizer.decode(&ids));
        assert!(tokenizer.decode(&ids).contains("\u{fffd}\u{fffd}"));
    }
}

proptest! {
    #[test]
    fn streaming_is_exact_for_flan(ids in prop::collection::vec(0_u32..32_200, 0..40)) {
        prop_assert_eq!(pieces(&FLAN, &ids).concat(), FLAN.decode(&ids));
    }

    #[test]
    fn streaming_is_exact_with_bytes(
        ids in prop::collection::vec(prop_oneof![0_u32..280, 255_u32..268, 224_u32..246], 0..40),
    ) {
        for tokenizer in &*SPELLING {
            prop_assert_eq!(pieces(tokenizer, &ids).concat(), tokenizer.decode(&ids));
        }
    }
}
