//! Adapters against PEFT and transformers, and every reason to refuse one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::engine::backend::candle::T5;
use crate::engine::backend::cpu::Cpu;
use crate::engine::backend::{Backend, Logits, Need, Progress, Prompt, Row};
use crate::engine::settings::{DeviceChoice, EngineSettings, Precision};
use crate::engine::weights::Weights;

/// The golden numbers are rounded to five decimals; f32 sums in another order cost the rest.
const TOLERANCE: f32 = 2e-4;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn base() -> (Vec<u8>, Config) {
    let folder = golden("t5/tiny-t5v1_1-strong-bias");
    let config = std::fs::read(folder.join("config.json")).unwrap();
    (std::fs::read(folder.join("model.safetensors")).unwrap(), Config::parse(&config).unwrap())
}

fn source(name: &str, path: PathBuf) -> AdapterSource {
    AdapterSource { name: name.to_owned(), path }
}

fn both() -> [AdapterSource; 2] {
    ["qv", "all"].map(|name| source(name, golden("engine/lora").join(name)))
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// How far a row of logits is off.
fn distance(logits: &[f32], step: &Value) -> f32 {
    let expected: Vec<f32> = serde_json::from_value(step["logits_0_7"].clone()).unwrap();
    let off = logits.iter().zip(expected).map(|(ours, theirs)| (ours - theirs).abs());
    off.fold(0.0, f32::max)
}

#[test]
fn adapters_agree_with_peft_and_share_a_batch() {
    let (bytes, config) = base();
    let adapters = load(&both(), None, &config).unwrap();
    assert_eq!(adapters[0].deltas.len(), 2 * (2 + 2 * 2));
    let delta = &adapters[1].deltas["decoder.block.1.layer.1.EncDecAttention.k.weight"];
    assert_eq!((delta.rank, delta.a.len(), delta.b.len()), (3, 3 * 8, 12 * 3));
    assert!((delta.scale - 3.0 / 3_f32.sqrt()).abs() < 1e-6);
    let weights = Weights::parse(&bytes).unwrap();
    let settings = EngineSettings { weights: Precision::F32, ..EngineSettings::default() };
    let candle = T5::load_adapted(&weights, &config, &adapters, DeviceChoice::Cpu).unwrap();
    agree(Arc::new(candle));
    agree(Arc::new(Cpu::load(&weights, &config, &settings, &adapters).unwrap()));
}

/// The base and both adapters, side by side in one batch.
fn agree(model: Arc<dyn Backend>) {
    let golden: Value =
        serde_json::from_slice(&std::fs::read(golden("engine/lora/golden.json")).unwrap()).unwrap();
    let voices = [("base", None), ("qv", Some(0)), ("all", Some(1))];
    let mut session = model.open(voices.len()).unwrap();
    for index in 0..2 {
        let case = |voice: &str| &golden[voice][index];
        let prompt = ids(&case("base")["input_ids"]);
        let forced = ids(&case("base")["decoder_input_ids"]);
        let prompts: Vec<Prompt<'_>> = (0..)
            .zip(voices)
            .map(|(slot, (_, adapter))| Prompt {
                slot,
                ids: &prompt,
                steps_max: forced.len(),
                adapter,
            })
            .collect();
        session.read(&prompts).unwrap();
        while session.read_on().unwrap() == Progress::Onward {}
        let mut logits = Logits::default();
        for (step, id) in forced.iter().enumerate() {
            let rows = [0, 1, 2].map(|slot| Row { slot, id: *id, need: Need::All });
            session.step(&rows, &mut logits).unwrap();
            for (row, (voice, _)) in voices.iter().enumerate() {
                let expected = &case(voice)["steps"][step];
                let off = distance(logits.row(row), expected);
                assert!(off < TOLERANCE, "{voice}, prompt {index}, step {step}: off by {off}");
                let best = ids(&expected["top_ids"])[0];
                assert_eq!(logits.best(row).id, best, "{voice}, prompt {index}, step {step}");
            }
        }
    }
}

/// A copy of the adapter `qv` whose configuration a test changes.
fn changed(change: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = golden("engine/lora/qv");
    let mut config: Value =
        serde_json::from_slice(&std::fs::read(from.join("adapter_config.json")).unwrap()).unwrap();
    change(&mut config);
    std::fs::write(folder.path().join("adapter_config.json"), config.to_string()).unwrap();
    let weights = "adapter_model.safetensors";
    std::fs::copy(from.join(weights), folder.path().join(weights)).unwrap();
    folder
}

fn refusal(folder: &Path, origin: Option<&str>) -> String {
    let (_, config) = base();
    load(&[source("mine", folder.to_path_buf())], origin, &config).unwrap_err().to_string()
}

#[test]
fn what_would_compute_otherwise_is_refused_by_name() {
    let cases: [(&str, Value, &str); 9] = [
        ("use_dora", json!(true), "it uses `use_dora`, which is not supported; plain LoRA is"),
        ("modules_to_save", json!(["lm_head"]), "it uses `modules_to_save`"),
        ("bias", json!("all"), "it trains biases (`all`), and T5 has none"),
        ("peft_type", json!("IA3"), "it is of type `IA3`; `LORA` is supported"),
        ("init_lora_weights", json!("pissa"), "it began as `pissa`, which changes the base"),
        ("r", json!(3), "tensor `base_model.model.decoder"),
        ("r", json!(0), "rank 0 or alpha 8 makes no sense"),
        (
            "target_modules",
            json!(["q", "k", "v"]),
            "`adapter_model.safetensors` has no tensors for",
        ),
        ("alpha_pattern", json!({ "(": 3 }), "is a pattern that cannot be read"),
    ];
    for (key, value, expected) in cases {
        let folder = changed(|config| config[key] = value);
        let refusal = refusal(folder.path(), None);
        assert!(refusal.starts_with("adapter `mine` cannot be used: "), "{refusal}");
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let folder = changed(|_| {});
    let reason = refusal(folder.path(), Some("google/flan-t5-small"));
    assert!(reason.contains("it belongs to `tiny-t5v1_1`, and this model is `flan-t5-small`"));
    let (_, mut config) = base();
    let sources = [source("mine", folder.path().to_path_buf())];
    // A path, or the same model under another owner, proves nothing; the shapes decide.
    for origin in [None, Some("/srv/models/other"), Some("mirror/tiny-t5v1_1")] {
        load(&sources, origin, &config).unwrap();
    }
    config.t5.num_heads += 1;
    let reason = load(&sources, None, &config).unwrap_err().to_string();
    assert!(reason.contains("where config.json asks for"), "{reason}");
    config.decoder_layers = 1;
    let reason = load(&sources, None, &config).unwrap_err().to_string();
    assert!(reason.contains("it adapts `decoder.block.1."), "{reason}");
}

#[test]
fn incomplete_adapters_say_what_is_missing() {
    let folder = changed(|_| {});
    let weights = folder.path().join("adapter_model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() - 8]).unwrap();
    let reason = refusal(folder.path(), None);
    assert!(reason.contains("`adapter_model.safetensors` is cut short"), "{reason}");
    std::fs::remove_file(&weights).unwrap();
    let reason = refusal(folder.path(), None);
    assert!(reason.ends_with("has no `adapter_model.safetensors`"), "{reason}");
}

#[test]
fn all_linear_means_all_projections() {
    let folder = changed(|config| config["target_modules"] = json!("all-linear"));
    assert!(refusal(folder.path(), None).contains("has no tensors for"));
    let folder = changed(|config| config["target_modules"] = json!(r".*\.(q|v)"));
    let (_, config) = base();
    load(&[source("mine", folder.path().to_path_buf())], None, &config).unwrap();
}

/// From the configuration to the text: handles on one model that answer in different voices.
#[test]
fn handles_answer_with_their_adapters() {
    use crate::engine::{Engine, EngineSettings, Event, Job, LocalModel, ModelSource};
    use crate::money::Tokens;
    let folder = tempfile::tempdir().unwrap();
    for (from, file) in [
        ("t5/tiny-t5v1_1-strong-bias", "config.json"),
        ("t5/tiny-t5v1_1-strong-bias", "model.safetensors"),
        ("t5/flan-tokenizer", "tokenizer.json"),
    ] {
        std::fs::copy(golden(from).join(file), folder.path().join(file)).unwrap();
    }
    let source = ModelSource::Folder(folder.path().to_path_buf());
    let model = LocalModel { adapters: both().to_vec(), ..source.into() };
    let base = Engine::load(model, EngineSettings::default()).unwrap();
    assert_eq!(base.card().adapters, ["qv", "all"]);
    let voices = [base.clone(), base.adapted("qv").unwrap(), base.adapted("all").unwrap()];
    assert_eq!(voices.each_ref().map(Engine::adapter), [None, Some("qv"), Some("all")]);
    assert!(voices.iter().all(|voice| voice.shares(&base)) && base.adapted("other").is_none());
    let answers = || {
        let start = |voice: &Engine| voice.generate(Job::greedy("How old are you?", Tokens(12)));
        let together: Vec<_> = voices.iter().map(|voice| start(voice).unwrap()).collect();
        let text = |mut answer: crate::engine::Generation| {
            let mut text = String::new();
            while let Some(event) = answer.next_blocking() {
                assert!(!matches!(event, Event::Failed(_)), "{event:?}");
                if let Event::Text(piece) = event {
                    text.push_str(&piece.text);
                }
            }
            text
        };
        together.into_iter().map(text).collect::<Vec<String>>()
    };
    let said = answers();
    assert!(said[0] != said[1] && said[1] != said[2] && said[0] != said[2], "{said:?}");
    assert_eq!(answers(), said);
}
