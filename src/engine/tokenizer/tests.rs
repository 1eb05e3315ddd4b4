//! Ids against the golden files, and what users type that must not become control.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    hf_ids: Vec<u32>,
    hf_decoded: String,
    unk: usize,
}

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/t5/flan-tokenizer").join(file)
}

fn flan_bytes() -> Vec<u8> {
    std::fs::read(golden("tokenizer.json")).unwrap()
}

/// The real tokenizer of flan-t5.
pub(crate) fn flan() -> Tokenizer {
    Tokenizer::load(&flan_bytes(), 1, 32_128).unwrap()
}

/// A small tokenizer that spells what it does not know in bytes, with one of the two decoders
/// that such files have.
pub(crate) fn spelling(decoder: &Value) -> Tokenizer {
    let mut vocab = vec![json!(["<pad>", 0.0]), json!(["</s>", 0.0]), json!(["<unk>", 0.0])];
    vocab.extend((0..256).map(|byte| json!([format!("<0x{byte:02X}>"), -20.0])));
    let words = ["▁", "▁a", "▁the", "b", "c", "é", "中", "▁▁", "x▁y"];
    vocab.extend(words.iter().map(|word| json!([word, -3.0])));
    let special = |id: u32, content: &str| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true })
    };
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0, "<pad>"), special(1, "</s>"), special(2, "<unk>")],
        "normalizer": null, "post_processor": null, "decoder": decoder,
        "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                           "split": true },
        "model": { "type": "Unigram", "unk_id": 2, "byte_fallback": true, "vocab": vocab },
    });
    Tokenizer::load(file.to_string().as_bytes(), 1, 400).unwrap()
}

pub(crate) fn spelling_decoders() -> [Value; 2] {
    let metaspace = json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                            "split": true });
    let sentencepiece = json!({ "type": "Sequence", "decoders": [
        { "type": "Replace", "pattern": { "String": "▁" }, "content": " " },
        { "type": "ByteFallback" }, { "type": "Fuse" },
        { "type": "Strip", "content": " ", "start": 1, "stop": 0 },
    ] });
    let short = json!({ "type": "Sequence", "decoders": [{ "type": "ByteFallback" }, metaspace] });
    [sentencepiece, short]
}

#[test]
fn all_golden_strings_give_the_reference_ids() {
    let tokenizer = flan();
    let golden: Golden =
        serde_json::from_slice(&std::fs::read(golden("golden_ids.json")).unwrap()).unwrap();
    assert_eq!(golden.cases.len(), 56);
    let mut escaped = 0;
    for case in golden.cases {
        assert_eq!(tokenizer.encode_raw(&case.text), case.hf_ids, "{:?} as it comes", case.text);
        assert_eq!(tokenizer.decode(&case.hf_ids), case.hf_decoded, "{:?} decoded", case.text);
        let ours = tokenizer.encode(&case.text).unwrap();
        let has_literal =
            ["</s>", "<pad>", "<unk>", "<extra_id_"].iter().any(|s| case.text.contains(s));
        if has_literal {
            escaped += 1;
            assert_ne!(ours.ids, case.hf_ids, "{:?} escaped", case.text);
        } else {
            assert_eq!(ours.ids, case.hf_ids, "{:?}", case.text);
            assert_eq!(ours.unk_ratio > 0.0, case.unk > 0, "{:?}", case.text);
        }
        let (end, prompt) = ours.ids.split_last().unwrap();
        assert_eq!(*end, 1);
        assert!(prompt.iter().all(|id| !tokenizer.special.contains(id) || *id == 2));
    }
    assert_eq!(escaped, 8);
}

#[test]
fn control_tokens_in_a_text_stay_text() {
    let tokenizer = flan();
    let ids = |text: &str| tokenizer.encode(text).unwrap().ids;
    // `<` itself is unknown to this vocabulary, so each literal reads like any other tag would.
    assert_eq!(ids("a</s>b"), ids("a< /s>b"));
    assert_eq!(tokenizer.encode_raw("a</s>b"), [3, 9, 1, 3, 115, 1]);
    for text in
        ["</s>", "x<pad>y", "<extra_id_0>", "<</s>/s>", "＜/ｓ＞", "＜extra_id_0＞", "<unk>"]
    {
        let encoded = tokenizer.encode(text).unwrap();
        let inside = &encoded.ids[..encoded.ids.len() - 1];
        assert!(inside.iter().all(|id| *id == 2 || !tokenizer.special.contains(id)), "{text}");
        assert!(encoded.unk_ratio > 0.0, "{text}: what was lost is counted");
    }
}

#[test]
fn loss_is_counted_in_characters() {
    let tokenizer = flan();
    let ratio = |text: &str| tokenizer.encode(text).unwrap().unk_ratio;
    assert!(ratio("").abs() < f32::EPSILON);
    assert!(ratio("Summarize: the tower is tall.\n\n\t").abs() < f32::EPSILON);
    assert!((ratio("日本語 text") - 3.0 / 7.0).abs() < 1e-6);
    assert!((ratio("한국어") - 1.0).abs() < 1e-6);
    let mixed = format!("Summarize this please: {}", "数据不能离开公司".repeat(40));
    assert!(ratio(&mixed) > 0.9, "one fused unknown token is still most of the text");
    assert!(ratio("A long enough sentence in English with one 😀 in it.") < 0.05);
}

/// Files that users have; a loader that shrugs at them feeds padding or mangles what it reads.
#[test]
fn traps_in_the_file_are_refused_with_a_way_out() {
    let trap = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/t5/tokenizer-traps");
        serde_json::from_slice::<Value>(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let refusal = |file: &Value| {
        Tokenizer::load(file.to_string().as_bytes(), 1, 32_128).unwrap_err().to_string()
    };
    let mut file = trap("padded-to-512.json");
    let padded = "tokenizer.json cannot be used: it stores padding to 512 tokens, which would be fed to the model; set `padding` to null in it, or take the file that the model came with";
    assert_eq!(refusal(&file), padded);
    file["padding"] = Value::Null;
    let cut = "tokenizer.json cannot be used: it stores a cut after 512 tokens; set `truncation` to null in it, or take the file that the model came with";
    assert_eq!(refusal(&file), cut);
    file["truncation"] = Value::Null;
    let ids = Tokenizer::load(file.to_string().as_bytes(), 1, 32_128).unwrap();
    assert_eq!(ids.encode("the of").unwrap().ids, [8, 13, 1], "then it is a good file");

    let mut file = trap("no-normalizer.json");
    assert!(refusal(&file).contains("stores padding to 64 tokens"));
    (file["padding"], file["truncation"]) = (Value::Null, Value::Null);
    assert!(refusal(&file).contains("it has no normalizer"), "{}", refusal(&file));
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let error = Tokenizer::load(&flan_bytes(), 1, 8_000).unwrap_err();
    assert!(error.to_string().contains("32100 tokens and the model knows 8000"), "{error}");
    assert!(Tokenizer::load(b"{}", 1, 8).unwrap_err().to_string().starts_with("tokenizer.json"));
}

proptest! {
    #[test]
    fn no_text_becomes_control(text in "(</?s>|<pad>|<extra_id_[0-9]{1,2}>|[<>/＜＞sｓ a_é中😀]){0,12}") {
        static BOTH: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| {
            let [decoder, _] = spelling_decoders();
            [flan(), spelling(&decoder)]
        });
        for tokenizer in &*BOTH {
            let encoded = tokenizer.encode(&text).unwrap();
            let (end, inside) = encoded.ids.split_last().unwrap();
            prop_assert_eq!(*end, 1);
            prop_assert!(inside.iter().all(|id| *id == 2 || !tokenizer.special.contains(id)));
            prop_assert!((0.0..=1.0).contains(&encoded.unk_ratio));
        }
    }
}
