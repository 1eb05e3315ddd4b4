//! Every format a checkpoint comes in, and every way in which one can be broken.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::engine::backend::candle::T5;
use crate::engine::config::Config;
use crate::engine::source::{LocalModel, ModelSource, Opened, Words};
use crate::engine::tokenizer::Tokenizer;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

const TINY: &str = "t5/tiny-t5v1_1";

fn tiny() -> Vec<u8> {
    std::fs::read(golden(TINY).join("model.safetensors")).unwrap()
}

/// A folder with the tiny model, its weights in these parts.
fn in_parts(parts: usize) -> tempfile::TempDir {
    use ::safetensors::tensor::{SafeTensors, serialize};
    let folder = tempfile::tempdir().unwrap();
    for (from, file) in [(TINY, "config.json"), ("t5/flan-tokenizer", "tokenizer.json")] {
        std::fs::copy(golden(from).join(file), folder.path().join(file)).unwrap();
    }
    let bytes = tiny();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut map = serde_json::Map::new();
    for part in 0..parts {
        let name = format!("model-{:05}-of-{parts:05}.safetensors", part + 1);
        let mut views = file.tensors();
        views.sort_by(|a, b| a.0.cmp(&b.0));
        let views: Vec<_> = views.into_iter().skip(part).step_by(parts).collect();
        map.extend(views.iter().map(|(tensor, _)| (tensor.clone(), name.clone().into())));
        std::fs::write(folder.path().join(name), serialize(views, None).unwrap()).unwrap();
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map });
    std::fs::write(folder.path().join(safetensors::INDEX), index.to_string()).unwrap();
    folder
}

fn open(folder: &Path) -> Result<Opened, LoadError> {
    Opened::open(&LocalModel::from(ModelSource::Folder(folder.to_path_buf())))
}

fn refusal(folder: &Path) -> String {
    let opened = open(folder);
    let loaded = opened.and_then(|it| T5::load(&it.weights, &it.config).map(|_| it));
    loaded.and_then(|it| it.weights.finish()).unwrap_err().to_string()
}

#[test]
fn damaged_bytes_are_a_sentence() {
    for bytes in [&b""[..], b"\x08\0\0\0\0\0\0\0not json", &[0xff; 64]] {
        let error = Weights::parse(bytes).unwrap_err();
        assert!(matches!(error, LoadError::Damaged { .. } | LoadError::Cut { .. }), "{error}");
        assert!(error.to_string().contains("`model.safetensors`"), "{error}");
    }
}

#[test]
fn parts_are_one_model() {
    let folder = in_parts(3);
    let opened = open(folder.path()).unwrap();
    let whole = Weights::parse(Box::leak(tiny().into_boxed_slice())).unwrap();
    for name in whole.names() {
        let shape = whole.tensors[name].shape.clone();
        let theirs = whole.floats(name, &shape).unwrap().to_vec();
        assert_eq!(opened.weights.floats(name, &shape).unwrap().to_vec(), theirs, "{name}");
    }
    opened.weights.finish().unwrap();
    let bytes = (1..=3).map(|part| {
        let name = format!("model-{part:05}-of-00003.safetensors");
        std::fs::read(folder.path().join(name)).unwrap()
    });
    let list: Vec<String> = bytes
        .zip(1..)
        .map(|(bytes, part)| {
            let digest = crate::engine::digest::of_bytes(&bytes);
            format!("{digest}  model-{part:05}-of-00003.safetensors\n")
        })
        .collect();
    let digest = crate::engine::digest::of_bytes(list.concat().as_bytes());
    assert_eq!(opened.digest.wait(), digest, "`sha256sum *.safetensors | sha256sum`");
}

#[test]
fn broken_parts_say_which_and_how() {
    let part = "model-00002-of-00003.safetensors";
    let folder = in_parts(3);
    let path = folder.path().join(part);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let (long, cut) = (bytes.len(), bytes.len() - 1);
    let expected = format!(
        "`{part}` is cut short: {cut} bytes where its directory promises {long}; fetch the model again"
    );
    assert_eq!(refusal(folder.path()), expected);
    std::fs::write(&path, [&bytes[..], b"more"].concat()).unwrap();
    assert!(refusal(folder.path()).contains("(4 bytes follow its end)"));
    std::fs::remove_file(&path).unwrap();
    assert!(refusal(folder.path()).contains(&format!("has no `{part}`, which its index names")));
    let mut index: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join(safetensors::INDEX)).unwrap())
            .unwrap();
    std::fs::write(&path, &bytes).unwrap();
    index["weight_map"]["lost.weight"] = part.into();
    std::fs::write(folder.path().join(safetensors::INDEX), index.to_string()).unwrap();
    assert!(refusal(folder.path()).contains(&format!("`{part}` has no tensor `lost.weight`")));
    index["weight_map"]["lost.weight"] = "../elsewhere.safetensors".into();
    std::fs::write(folder.path().join(safetensors::INDEX), index.to_string()).unwrap();
    assert!(refusal(folder.path()).contains("is not the name of a file beside it"));
}

#[test]
fn a_configuration_with_fewer_layers_is_not_this_models() {
    let folder = in_parts(1);
    let path = folder.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["num_layers"] = 1.into();
    config["num_decoder_layers"] = 2.into();
    std::fs::write(&path, config.to_string()).unwrap();
    let refusal = refusal(folder.path());
    assert!(refusal.contains("has a tensor `encoder.block.1."), "{refusal}");
    assert!(refusal.contains("they belong to different models"), "{refusal}");
}

#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    let folder = in_parts(1);
    let opened = open(folder.path()).unwrap();
    let path = folder.path().join("model-00001-of-00001.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    T5::load(&opened.weights, &opened.config).unwrap();
    let error = opened.weights.finish().unwrap_err().to_string();
    assert!(error.contains("changed while it was read"), "{error}");
    std::fs::write(&path, &bytes[..4_000]).unwrap();
    let opened = opened.weights;
    let shape = opened.tensors["lm_head.weight"].shape.clone();
    let numbers = opened.floats("lm_head.weight", &shape).unwrap().to_vec();
    assert_eq!(numbers.len(), shape.iter().product::<usize>(), "whole, if useless");
    assert!(opened.finish().is_err());
}

#[test]
fn windows_hand_out_the_file_in_any_order_and_any_number_of_threads() {
    let folder = in_parts(1);
    let opened = open(folder.path()).unwrap();
    let whole = Weights::parse(Box::leak(tiny().into_boxed_slice())).unwrap();
    let (name, shape) = ("shared.weight", &whole.tensors["shared.weight"].shape);
    let expected = whole.floats(name, shape).unwrap().to_vec();
    let floats = opened.weights.floats(name, shape).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3_usize {
            let (floats, expected) = (&floats, &expected);
            scope.spawn(move || {
                let mut out = Vec::new();
                for round in 0..400_usize {
                    let from = (round * 7_919 + thread * 31) % expected.len();
                    let count = 1 + (round * 13) % 70_000;
                    floats.read(from, count, &mut out);
                    let end = (from + count).min(expected.len());
                    assert_eq!(out, expected[from..end], "{from}, {count}");
                }
            });
        }
    });
    let mut out = vec![1.0];
    floats.read(expected.len(), 5, &mut out);
    assert!(out.is_empty());
}

fn gguf(name: &str) -> PathBuf {
    golden("engine/gguf").join(format!("{name}.gguf"))
}

fn words(opened: &mut Opened) -> Tokenizer {
    std::mem::replace(&mut opened.words, Words::Json((&[]).into())).load(&opened.config).unwrap()
}

/// Files by gguf-py; the numbers by transformers with the same unpacked weights.
#[test]
fn gguf_files_agree_with_transformers() {
    for (name, gated) in [("v11-q8_0", true), ("v10-f16", false)] {
        let mut opened = open(&gguf(name)).unwrap();
        assert_eq!((&*opened.name, &*opened.licence), (name, "apache-2.0"));
        let config: &Config = &opened.config;
        assert_eq!((config.decoder_layers, config.t5.num_layers), (1, 2));
        assert_eq!(config.t5.feed_forward_proj.gated, gated);
        assert_eq!(config.t5.tie_word_embeddings, !gated);
        let model = T5::load(&opened.weights, config).unwrap();
        opened.weights.finish().unwrap();
        let golden: Value = serde_json::from_slice(
            &std::fs::read(golden("engine/gguf").join(format!("{name}.json"))).unwrap(),
        )
        .unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let ids = |key: &str| serde_json::from_value::<Vec<u32>>(case[key].clone()).unwrap();
            let encoded = model.encode(&ids("input_ids")).unwrap();
            let forced = ids("decoder_input_ids");
            let mut decoding = model.begin(&encoded, forced.len()).unwrap();
            for (id, step) in forced.iter().zip(case["steps"].as_array().unwrap()) {
                let logits = model.step(&mut decoding, *id).unwrap().to_vec1::<f32>().unwrap();
                let theirs: Vec<f32> = serde_json::from_value(step["logits_0_7"].clone()).unwrap();
                for (ours, theirs) in logits.iter().zip(theirs) {
                    assert!((ours - theirs).abs() < 5e-4, "{name}: {ours} {theirs}");
                }
            }
        }
        let tokenizer = words(&mut opened);
        for (text, ids) in golden["ids"].as_object().unwrap() {
            // Control tokens in a text are broken up before encoding, whatever the file says.
            if !text.contains("</s>") {
                let ids: Vec<u32> = serde_json::from_value(ids.clone()).unwrap();
                assert_eq!(tokenizer.encode(text).unwrap().ids, ids, "{text}");
            }
        }
        assert_eq!(tokenizer.decode(&[8, 13, 1]), "the of");
        let inside = tokenizer.encode("x</s>y<pad>").unwrap().ids;
        assert!(inside[..inside.len() - 1].iter().all(|id| *id > 1), "{inside:?}");
    }
}

#[test]
fn a_folder_with_one_gguf_is_a_model_and_with_two_a_question() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(gguf("v10-f16"), folder.path().join("model-f16.gguf")).unwrap();
    std::fs::write(folder.path().join("README.md"), "---\nlicense: mit\n---\n").unwrap();
    let opened = open(folder.path()).unwrap();
    assert_eq!(opened.licence, "mit");
    assert_eq!(opened.name, folder.path().file_name().unwrap().to_str().unwrap());
    std::fs::copy(gguf("v11-q8_0"), folder.path().join("model-q8.gguf")).unwrap();
    assert!(refusal(folder.path()).contains("has 2 GGUF files; name one of them instead"));
}

#[test]
fn broken_gguf_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    let bytes = std::fs::read(gguf("v11-q8_0")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    assert!(refusal(&path).starts_with("`model.gguf` is cut short: "), "{}", refusal(&path));
    std::fs::write(&path, &bytes[..9_000]).unwrap();
    assert!(refusal(&path).starts_with("`model.gguf` is damaged"), "{}", refusal(&path));
    std::fs::write(&path, b"not a model at all").unwrap();
    assert!(refusal(&path).starts_with("`model.gguf` is damaged"), "{}", refusal(&path));
    let at = bytes.windows(2).position(|pair| pair == b"t5").unwrap();
    let mut other = bytes;
    other[at..at + 2].copy_from_slice(b"ab");
    std::fs::write(&path, &other).unwrap();
    assert!(refusal(&path).contains("its architecture is `ab`; `t5` is supported"));
}
