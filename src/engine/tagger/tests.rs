//! Against transformers, and against wrong files. `tests/golden/ner/make_models.py` makes both models.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::{TaggerSettings, TokenTagger, window};
use crate::inspect::{Inspection, Label, Leaf, Scan, Tagger};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ner").join(name)
}

fn model(name: &str) -> TokenTagger {
    let mut settings = TaggerSettings::of(folder(name));
    settings.score_min = 0.0;
    settings.time_max = Duration::from_mins(1);
    for (kind, label) in [("LOC", Label::ContactAddress), ("ORG", Label::CustomTerm)] {
        settings.labels.insert(kind.to_owned(), Some(label));
    }
    TokenTagger::load(&settings).unwrap()
}

fn part<'a>(text: &'a str, span: &std::ops::Range<u32>) -> &'a str {
    let [start, end] = [span.start, span.end].map(|place| usize::try_from(place).unwrap());
    text.get(start..end).unwrap()
}

fn golden(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder(name).join("golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_network_says_what_transformers_says() {
    for name in ["random", "names"] {
        let model = model(name);
        for case in golden(name) {
            let text = case["text"].as_str().unwrap();
            let Some(ids) = case["ids"].as_array() else { continue };
            let ids: Vec<u32> =
                ids.iter().map(|id| id.as_u64().unwrap().try_into().unwrap()).collect();
            assert_eq!(model.tokenizer.encode(text, true).unwrap().get_ids(), ids, "{text:?}");
            let logits: Vec<Vec<f32>> = model.network.logits(&ids).unwrap().to_vec2().unwrap();
            let expected: Vec<Vec<f32>> = serde_json::from_value(case["logits"].clone()).unwrap();
            for (row, expected) in logits.iter().flatten().zip(expected.iter().flatten()) {
                assert!((row - expected).abs() < 1e-3, "{row} {expected} in {text:?}");
            }
            assert_eq!(logits.len(), expected.len());
        }
    }
}

#[test]
fn words_become_the_finds_of_transformers_in_texts_of_any_length() {
    for name in ["random", "names"] {
        let model = model(name);
        for case in golden(name) {
            let text = case["text"].as_str().unwrap();
            let words = model.words(text, None).unwrap();
            let found: Vec<Value> = window::entities(words)
                .into_iter()
                .map(|it| {
                    json!([model.kinds.label(it.kind).unwrap().name(), it.span.start, it.span.end])
                })
                .collect();
            let name_of = |kind: &str| match kind {
                "PER" => "person.name",
                "LOC" => "contact.address",
                _ => "custom.term",
            };
            let expected = case["found"].as_array().unwrap().iter();
            let expected: Vec<Value> = expected
                .map(|it| json!([name_of(it["type"].as_str().unwrap()), it["start"], it["end"]]))
                .collect();
            assert_eq!(found, expected, "{name}: {text:?}");
        }
    }
}

#[test]
fn inspection_finds_names_in_the_middle_of_a_sentence() {
    let tagger = std::sync::Arc::new(model("names"));
    let inspection = Inspection { tagger: Some(tagger), ..Inspection::default() };
    let text = "Please ask Maria Garcia of Acme about it; 张伟 and jane know, too.";
    let leaf = Leaf { path: "messages[0].content", text, is_prose: true };
    let found = inspection.read(&[leaf]);
    let said: Vec<(Label, &str)> =
        found.items.iter().map(|it| (it.label, part(text, &it.span))).collect();
    assert_eq!(
        said,
        [
            (Label::PersonName, "Maria Garcia"),
            (Label::CustomTerm, "Acme"),
            (Label::PersonName, "jane"),
        ]
    );
    assert_eq!(found.scan, Scan::Complete);
    let plain = Inspection::default().read(&[leaf]);
    assert!(plain.items.is_empty(), "patterns alone know none of them");
}

#[test]
fn places_are_no_addresses_unless_the_configuration_says_so() {
    let tagger = TokenTagger::load(&TaggerSettings::of(folder("names"))).unwrap();
    let heard = tagger.tag(&["Jane Doe lives in Springfield."]);
    let labels: Vec<Label> = heard.tags[0].iter().map(|tag| tag.label).collect();
    assert_eq!(labels, [Label::PersonName]);
}

#[test]
fn time_is_bounded_and_what_is_known_costs_none() {
    let mut tagger = model("names");
    let read = "Jane Doe came.";
    assert!(tagger.tag(&[read]).is_complete);
    tagger.time_max = Duration::ZERO;
    let heard = tagger.tag(&[read, "12 + 34", "John Smith came."]);
    assert_eq!((heard.tags.len(), heard.is_complete), (2, false));
    let inspection =
        Inspection { tagger: Some(std::sync::Arc::new(tagger)), ..Inspection::default() };
    let leaf = |text| Leaf { path: "messages[0].content", text, is_prose: true };
    assert_eq!(inspection.read(&[leaf(read)]).scan, Scan::Complete);
    assert_eq!(inspection.read(&[leaf("Another text.")]).scan, Scan::Partial);
}

#[test]
fn a_long_text_is_read_in_parts_and_windows() {
    let tagger = model("names");
    let text = "nobody says a thing here; ".repeat(2_000) + "then Maria Garcia wrote";
    let heard = tagger.tag(&[&text]);
    let said: Vec<&str> =
        heard.tags[0].iter().map(|tag| text.get(tag.span.clone()).unwrap()).collect();
    assert_eq!(said, ["Maria Garcia"]);
}

/// A copy of the model with one file changed.
fn changed(file: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> String {
    let copy = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let bytes = std::fs::read(folder("names").join(name)).unwrap();
        std::fs::write(copy.path().join(name), bytes).unwrap();
    }
    let path = copy.path().join(file);
    match change(std::fs::read(&path).unwrap()) {
        Some(bytes) => std::fs::write(&path, bytes).unwrap(),
        None => std::fs::remove_file(&path).unwrap(),
    }
    TokenTagger::load(&TaggerSettings::of(copy.path().to_owned())).unwrap_err().to_string()
}

fn edited(key: &str, value: Value) -> String {
    changed("config.json", |bytes| {
        let mut config: Value = serde_json::from_slice(&bytes).unwrap();
        config[key] = value;
        Some(config.to_string().into_bytes())
    })
}

#[test]
fn wrong_files_are_refused_with_a_sentence() {
    let says = |told: &str, words: &str| assert!(told.contains(words), "{told}");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let told = changed(file, |_| None);
        says(&told, &format!("{file}` cannot be read"));
        says(&changed(file, |_| Some(b"{".to_vec())), file);
    }
    says(&edited("model_type", json!("distilbert")), "not of the type `bert`");
    says(&edited("hidden_act", json!("gelu_new")), "does not describe a BERT");
    says(&edited("id2label", Value::Null), "no token classifier");
    says(&edited("id2label", json!({ "0": "O", "1": "B-PER" })), "do not fit config.json");
    says(&edited("id2label", json!({ "0": "O", "7": "B-PER" })), "no name for output 1");
    let strange =
        json!({ "0": "O", "1": "B-X", "2": "I-X", "3": "B-Y", "4": "I-Y", "5": "Z", "6": "W" });
    says(&edited("id2label", strange), "none of its kinds means anything here");
    says(&edited("vocab_size", json!(20)), "belongs to another model");
    says(&edited("num_hidden_layers", json!(9)), "do not fit config.json");
    says(&edited("num_attention_heads", json!(3)), "heads do not divide");
    says(&edited("max_position_embeddings", json!(6)), "too few");
    let cut = changed("model.safetensors", |bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    says(&cut, "do not fit config.json");
    let mut settings = TaggerSettings::of(folder("names"));
    settings.labels.insert("PERS".to_owned(), Some(Label::PersonName));
    says(&TokenTagger::load(&settings).unwrap_err().to_string(), "its kinds are PER, LOC, ORG");
}
