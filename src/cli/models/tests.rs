//! The three commands on the tiny model.

use std::path::Path;

use super::*;
use crate::engine::tests::folder;

fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/t5").join(name)
}

fn source(folder: &tempfile::TempDir) -> ModelSource {
    ModelSource::Folder(folder.path().to_path_buf())
}

/// Nothing is rounded: what the golden figures were computed in.
fn exact() -> EngineSettings {
    EngineSettings { weights: crate::engine::Precision::F32, ..EngineSettings::default() }
}

#[test]
fn probe_answers_line_by_line_with_the_reference_numbers() {
    let golden: serde_json::Value = serde_json::from_slice(
        &std::fs::read(golden("tiny-t5v1_1").join("golden_forced.json")).unwrap(),
    )
    .unwrap();
    let case = &golden["cases"][0];
    let line = serde_json::json!({ "input_ids": case["input_ids"], "decoder_input_ids": case["decoder_input_ids"] });
    let input = format!("{line}\n\n{line}\n");
    let mut out = Vec::new();
    probe(source(&folder()), exact(), &mut input.as_bytes(), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.lines().count(), 2);
    let reply: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    let steps = reply["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 48);
    for (ours, theirs) in steps.iter().zip(case["steps"].as_array().unwrap()) {
        assert_eq!(ours["top_ids"], theirs["top_ids"]);
        let off = ours["logsumexp"].as_f64().unwrap() - theirs["logsumexp"].as_f64().unwrap();
        assert!(off.abs() < 2e-3);
    }
}

#[test]
fn probe_names_the_line_that_is_wrong() {
    let input = "{\"input_ids\": [1], \"decoder_input_ids\": [0]}\n{\"ids\": []}\n";
    let error =
        probe(source(&folder()), exact(), &mut input.as_bytes(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "line 2 is not `input_ids` and `decoder_input_ids`");
}

#[test]
fn bench_measures_every_batch() {
    let folder = folder();
    let batch = vec![1, 3];
    let small = BenchOptions { batch, prompt: 8, new: 4, repeats: 1, ..BenchOptions::default() };
    let mut out = Vec::new();
    bench(source(&folder), &small, Format::Json, &mut out).unwrap();
    let views: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&views[0]["batch"], &views[1]["batch"]), (&1.into(), &3.into()));
    for view in views.as_array().unwrap() {
        for key in ["encoder_ms", "step_ms", "tokens_per_second", "load_ms"] {
            assert!(view[key].as_f64().unwrap() > 0.0, "{key}");
        }
        let resident = &view["resident_bytes"];
        assert!(resident.is_null() || resident.as_u64().unwrap() > 1 << 20);
    }
    let mut out = Vec::new();
    bench(source(&folder), &small, Format::Text, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("batch 3, prompt 8 tokens, 4 new\n  encoder "), "{out}");
}

#[test]
fn list_shows_size_licence_and_digest() {
    let folder = folder();
    // No model card: what is left is the text of the licence.
    std::fs::remove_file(folder.path().join("README.md")).unwrap();
    std::fs::copy(golden("tiny-t5v1_1").join("LICENSE"), folder.path().join("LICENSE")).unwrap();
    let engine = Engine::load(source(&folder), EngineSettings::default()).unwrap();
    let mut out = Vec::new();
    let listed = [Listed { engine: engine.clone(), targets: vec!["local".to_owned()] }];
    list(&listed, Format::Text, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let line = out.lines().nth(1).unwrap();
    let digest = engine.card().digest().split_at(12).0;
    for cell in ["0.5 M", "2.1 MB", "512", "en", "see LICENSE", digest, "cpu bf16", "local"] {
        assert!(line.contains(cell), "{cell} in {line}");
    }
    let mut json = Vec::new();
    list(&listed, Format::Json, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json[0]["parameters"], 518_240);
    assert_eq!(json[0]["sha256"].as_str().unwrap().len(), 64);
}

/// Two targets of one model, one of them with an adapter, and a model that nothing uses.
#[test]
fn list_tells_which_targets_share_a_model() {
    let (model, folder) = (folder(), tempfile::tempdir().unwrap());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (path, lora) = (model.path().display(), tests.join("engine/lora/qv"));
    let gguf = tests.join("engine/gguf/v10-f16.gguf");
    let text = format!(
        "local_models:\n\
         - {{ name: small, path: {path}, licence: apache-2.0, adapters: [{{ name: tone, path: {} }}] }}\n\
         - {{ name: spare, path: {} }}\n\
         licences_allowed: [Apache-2.0]\n\
         targets:\n\
         - {{ name: plain, engine: small, zone: on-host }}\n\
         - {{ name: polite, engine: small, adapter: tone, zone: on-host }}\n",
        lora.display(),
        gguf.display(),
    );
    let settings =
        crate::config::read("ambidex.yaml", &text, folder.path(), &|_: &str| None).unwrap();
    let listed = Listed::all(&settings).unwrap();
    let mut json = Vec::new();
    list(&listed, Format::Json, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(json[0]["name"], "small");
    assert_eq!(json[0]["adapters"], serde_json::json!(["tone"]));
    assert_eq!(json[0]["targets"], serde_json::json!(["plain", "polite/tone"]));
    assert_eq!((&json[1]["name"], &json[1]["targets"]), (&"spare".into(), &serde_json::json!([])));
    let mut strict = settings;
    strict.licences_allowed = vec!["mit".to_owned()];
    let error = Listed::all(&strict).unwrap_err().to_string();
    assert!(error.contains("the licence of model `small` is `apache-2.0`"), "{error}");
}
