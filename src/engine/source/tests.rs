//! What is known about a model before its numbers are read, and what is demanded of it.

use super::*;
use crate::engine::{Engine, EngineSettings};

/// A model folder whose card names a licence alone.
fn folder() -> tempfile::TempDir {
    let folder = crate::engine::tests::folder();
    std::fs::write(folder.path().join("README.md"), "---\nlicense: apache-2.0\n---\n").unwrap();
    folder
}

fn model(folder: &tempfile::TempDir) -> LocalModel {
    LocalModel::from(ModelSource::Folder(folder.path().to_path_buf()))
}

fn refusal(model: LocalModel) -> String {
    Engine::load(model, EngineSettings::default()).unwrap_err().to_string()
}

fn digest_of(folder: &tempfile::TempDir, file: &str) -> String {
    digest::of_bytes(&std::fs::read(folder.path().join(file)).unwrap())
}

#[test]
fn a_model_card_names_licence_and_languages() {
    let card = "---\nlanguage:\n- en\n- fr\nlicense: apache-2.0\ntags:\n- t5\n---\nlicense: no";
    let labels = front_matter(card);
    assert_eq!(labels.licence.as_deref(), Some("apache-2.0"));
    assert_eq!(labels.languages, ["en", "fr"]);
    assert!(front_matter("# no front matter\nlicense: mit").licence.is_none());
}

#[test]
fn pinned_digests_are_held() {
    let folder = folder();
    let good = LocalModel {
        sha256: Some(digest_of(&folder, "model.safetensors").to_uppercase()),
        tokenizer_sha256: Some(digest_of(&folder, "tokenizer.json")),
        ..model(&folder)
    };
    Engine::load(good.clone(), EngineSettings::default()).unwrap();
    let other = "0".repeat(64);
    let found = digest_of(&folder, "model.safetensors");
    let expected = format!(
        "the SHA-256 of the weights is {found}, but `sha256` in the configuration says {other}; fetch the model again, or correct the record"
    );
    assert_eq!(refusal(LocalModel { sha256: Some(other.clone()), ..good.clone() }), expected);
    let refused = refusal(LocalModel { tokenizer_sha256: Some(other), ..good });
    assert!(refused.starts_with("the SHA-256 of `tokenizer.json` is"), "{refused}");
    assert!(refused.contains("but `tokenizer_sha256` in the configuration says 000"), "{refused}");
}

#[test]
fn a_manifest_is_held_for_every_file() {
    let folder = folder();
    let names = ["config.json", "model.safetensors", "tokenizer.json"];
    let manifest = |change: &str| Manifest {
        name: "google/tiny".to_owned(),
        revision: "main".to_owned(),
        licence: "mit".to_owned(),
        files: names
            .iter()
            .map(|name| manifest::Entry {
                name: (*name).to_owned(),
                bytes: 0,
                sha256: if *name == change { "f".repeat(64) } else { digest_of(&folder, name) },
            })
            .collect(),
    };
    let write = |manifest: &Manifest| {
        let json = serde_json::to_vec(manifest).unwrap();
        std::fs::write(folder.path().join(manifest::FILE), json).unwrap();
    };
    write(&manifest("nothing"));
    let opened = Opened::open(&model(&folder)).unwrap();
    assert_eq!((opened.origin(), &*opened.licence), (Some("google/tiny"), "apache-2.0"));
    Engine::load(model(&folder), EngineSettings::default()).unwrap();
    for name in names {
        write(&manifest(name));
        let refused = refusal(model(&folder));
        assert!(refused.contains(name) && refused.contains("its manifest says fff"), "{refused}");
    }
    std::fs::write(folder.path().join(manifest::FILE), "{}").unwrap();
    assert!(refusal(model(&folder)).contains("ambidex-model.json` could not be read"));
}

#[test]
fn only_licences_on_the_list_are_served() {
    let folder = folder();
    let with = |licence: Option<&str>, allowed: &[&str]| LocalModel {
        licence: licence.map(str::to_owned),
        licences_allowed: allowed.iter().map(|it| (*it).to_owned()).collect(),
        name: Some("summaries".to_owned()),
        ..model(&folder)
    };
    let load = |model| Engine::load(model, EngineSettings::default()).unwrap();
    assert_eq!(load(with(None, &["mit", "Apache-2.0"])).card().licence, "apache-2.0");
    assert_eq!(load(with(Some("mit"), &["mit"])).card().name, "summaries");
    assert_eq!(
        refusal(with(None, &["mit", "bsd-3-clause"])),
        "the licence of model `summaries` is `apache-2.0`, and `licences_allowed` has only: mit, bsd-3-clause"
    );
    std::fs::remove_file(folder.path().join("README.md")).unwrap();
    assert!(refusal(with(None, &["mit"])).contains("is `unknown`"));
}
