//! `models pull` against a hub that breaks off, lies and refuses: never half a model, never a wrong
//! one, and never the same bytes twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ambidex::cli::models::pull::{Patience, PullOptions, Pulled, pull};
use ambidex::engine::{Engine, EngineSettings, ModelSource};
use ambidex::secret::Secret;

use crate::support::{COMMIT, HubServer, HubState, sha256};

const WEIGHTS: &str = "model.safetensors";

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/t5").join(name)).unwrap()
}

/// A repository as the hub has them: what we want, and what we do not.
fn repository() -> HubState {
    let mut state = HubState {
        large: vec![WEIGHTS.to_owned(), "pytorch_model.bin".to_owned()],
        tags: vec!["t5".to_owned(), "license:apache-2.0".to_owned()],
        ..HubState::default()
    };
    for (name, bytes) in [
        ("config.json", golden("tiny-t5v1_1/config.json")),
        ("tokenizer.json", golden("flan-tokenizer/tokenizer.json")),
        (WEIGHTS, golden("tiny-t5v1_1/model.safetensors")),
        ("pytorch_model.bin", vec![7; 100]),
        ("README.md", b"---\nlicense: apache-2.0\n---\n".to_vec()),
        (".gitattributes", b"*.bin filter=lfs\n".to_vec()),
    ] {
        state.files.insert(name.to_owned(), bytes);
    }
    state
}

fn options(hub: &HubServer, to: &Path) -> PullOptions {
    PullOptions {
        name: "google/tiny".to_owned(),
        revision: "main".to_owned(),
        to: Some(to.to_path_buf()),
        file: None,
        offline: None,
        endpoint: format!("http://{}", hub.address),
        token: Some(Secret::new("hf_secret".to_owned())),
        licences_allowed: Vec::new(),
        patience: Patience {
            attempts: 3,
            pause: Duration::from_millis(1),
            silence: Duration::from_secs(5),
        },
    }
}

async fn pulled(options: &PullOptions) -> (Pulled, String) {
    let mut out = Vec::new();
    let pulled = pull(options, &mut out).await.unwrap();
    (pulled, String::from_utf8(out).unwrap())
}

async fn refusal(options: &PullOptions) -> String {
    let error = pull(options, &mut Vec::new()).await.unwrap_err();
    assert!(!format!("{error:?}{error}").contains("hf_secret"));
    error.to_string()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_model_arrives_whole_and_can_be_loaded() {
    let hub = HubServer::start(repository()).await;
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("deep/tiny");
    let (pulled_once, told) = pulled(&options(&hub, &to)).await;
    assert!(told.starts_with("pulled google/tiny@0fc9ddf78a1e to "), "{told}");
    assert!(told.contains("(apache-2.0, 4.5 MB, ") && told.contains("use it with `engine: "));
    let files =
        ["README.md", "ambidex-model.json", "config.json", "model.safetensors", "tokenizer.json"];
    assert_eq!(names(&to), files);
    assert_eq!(names(to.parent().unwrap()), ["tiny"], "nothing else is left");
    let manifest = &pulled_once.manifest;
    assert_eq!((&*manifest.revision, &*manifest.licence), (COMMIT, "apache-2.0"));
    let weights = golden("tiny-t5v1_1/model.safetensors");
    assert_eq!(manifest.digest(WEIGHTS), Some(&*sha256(&weights)));
    let engine = Engine::load(ModelSource::Folder(to.clone()), EngineSettings::default()).unwrap();
    assert_eq!(engine.card().licence, "apache-2.0");
    // The token is for the hub, not for where it redirects to.
    let authorised =
        |head: &String| head.to_lowercase().contains("authorization: bearer hf_secret");
    assert!(hub.seen("/api/models/").iter().all(authorised));
    assert!(hub.seen("cdn ").iter().all(|head| !authorised(head)));
    // A second time, there is nothing to do but to look.
    let before = hub.seen("resolve").len();
    let (again, told) = pulled(&options(&hub, &to)).await;
    assert!(again.was_there && told.contains("already"), "{told}");
    assert_eq!(hub.seen("resolve").len(), before);
}

#[tokio::test]
async fn a_cut_connection_is_taken_up_where_it_broke() {
    let mut state = repository();
    state.cuts = [500_000, 0, 700_000].into();
    let hub = HubServer::start(state).await;
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("tiny");
    pulled(&options(&hub, &to)).await;
    let heads = hub.seen("cdn ");
    let range = |head: &String| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with("range:"));
        line.map(|line| line.split('=').nth(1).unwrap().to_owned())
    };
    let ranges: Vec<_> = heads.iter().map(range).collect();
    let from = |bytes: &str| Some(bytes.to_owned());
    assert_eq!(ranges, [None, from("500000-"), from("500000-"), from("1200000-")]);
    Engine::load(ModelSource::Folder(to), EngineSettings::default()).unwrap();
}

#[tokio::test]
async fn an_interrupted_pull_leaves_no_model_and_the_next_one_goes_on() {
    let mut state = repository();
    state.cuts = [900_000, 0, 0, 0].into();
    let hub = HubServer::start(state).await;
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("tiny");
    let refused = refusal(&options(&hub, &to)).await;
    assert!(refused.contains("the connection broke before the file was whole"), "{refused}");
    assert!(refused.contains("run the same command again to go on"), "{refused}");
    assert!(!to.exists(), "half a model");
    hub.with(|state| {
        state.cuts.clear();
        state.seen.clear();
    });
    pulled(&options(&hub, &to)).await;
    let asked = hub.seen("resolve");
    assert_eq!(asked.len(), 1, "the small files were there: {asked:?}");
    assert!(hub.seen("cdn ")[0].to_lowercase().contains("range: bytes=900000-"));
}

#[tokio::test]
async fn storage_without_ranges_and_leftovers_too_long_begin_again() {
    let hub = HubServer::start(repository()).await;
    let place = tempfile::tempdir().unwrap();
    for (no_ranges, leftover) in [(true, 1_000), (false, 3_000_000)] {
        hub.with(|state| {
            state.no_ranges = no_ranges;
            state.is_terse = true;
            state.cuts = [leftover.min(1_000), 0, 0, 0].into();
        });
        let to = place.path().join(format!("tiny-{leftover}"));
        refusal(&options(&hub, &to)).await;
        let stage = place.path().join(format!(".tiny-{leftover}.pulling"));
        let part = stage.join(format!("{WEIGHTS}.part"));
        std::fs::write(&part, vec![0; leftover]).unwrap();
        hub.with(|state| state.cuts.clear());
        if leftover > 1_000 {
            pulled(&options(&hub, &to)).await;
        } else {
            // Whatever was in the part counts for nothing where the storage begins again.
            pulled(&options(&hub, &to)).await;
        }
        let engine = Engine::load(ModelSource::Folder(to), EngineSettings::default()).unwrap();
        assert_eq!(engine.card().digest(), sha256(&golden("tiny-t5v1_1/model.safetensors")));
    }
}

#[tokio::test]
async fn wrong_bytes_are_thrown_away() {
    let hub = HubServer::start(repository()).await;
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("tiny");
    // A part that somebody tampered with: right length in the end, wrong content.
    hub.with(|state| state.cuts = [1_000, 0, 0, 0].into());
    refusal(&options(&hub, &to)).await;
    let part = place.path().join(format!(".tiny.pulling/{WEIGHTS}.part"));
    std::fs::write(&part, vec![1; 1_000]).unwrap();
    hub.with(|state| state.cuts.clear());
    let refused = refusal(&options(&hub, &to)).await;
    assert!(refused.starts_with("`model.safetensors` has the digest "), "{refused}");
    assert!(refused.ends_with("it was thrown away") && !part.exists() && !to.exists(), "{refused}");
    // Without the tampered part it works.
    pulled(&options(&hub, &to)).await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let hub = HubServer::start(repository()).await;
    let place = tempfile::tempdir().unwrap();
    let with = |change: &dyn Fn(&mut PullOptions)| {
        let mut options = options(&hub, &place.path().join("tiny"));
        change(&mut options);
        options
    };
    let trouble = |status, times| {
        hub.with(|state| state.troubles = vec![(status, None); times].into());
    };
    for (status, expected) in [
        (401, "does not show `google/tiny@main` (401): it is private, gated, or does not exist"),
        (403, "accept its terms there and set HF_TOKEN"),
        (404, "the hub has no `google/tiny@main` (404); check name and revision"),
    ] {
        trouble(status, 1);
        let refused = refusal(&with(&|_| {})).await;
        assert!(refused.contains(expected), "{refused}");
    }
    trouble(429, 3);
    assert!(refusal(&with(&|_| {})).await.contains("(429); try again later"));
    let refused = refusal(&with(&|it| it.name = "../etc".to_owned())).await;
    assert!(refused.contains("write it like `google/flan-t5-small`"), "{refused}");
    let refused = refusal(&with(&|it| it.endpoint = "http://hub.example".to_owned())).await;
    assert!(refused.contains("set HF_ENDPOINT to one that begins with https://"), "{refused}");
    let refused = refusal(&with(&|it| it.licences_allowed = vec!["mit".to_owned()])).await;
    assert_eq!(
        refused,
        "the licence of `google/tiny` is `apache-2.0`, and `licences_allowed` has only: mit"
    );
    assert!(hub.seen(WEIGHTS).is_empty(), "no weights were fetched for that");
    hub.with(|state| drop(state.files.remove("tokenizer.json")));
    assert!(refusal(&with(&|_| {})).await.contains("it has no `tokenizer.json`"));
    hub.with(|state| drop(state.files.remove(WEIGHTS)));
    assert!(refusal(&with(&|_| {})).await.contains("it has no safetensors and no GGUF"));
    assert!(!place.path().join("tiny").exists());
}

#[tokio::test]
async fn a_busy_hub_is_waited_for() {
    let mut state = repository();
    state.troubles = [(429, Some(0)), (503, None)].into();
    let hub = HubServer::start(state).await;
    let place = tempfile::tempdir().unwrap();
    pulled(&options(&hub, &place.path().join("tiny"))).await;
}

#[tokio::test]
async fn two_pulls_do_not_meet_and_nothing_is_overwritten() {
    let hub = HubServer::start(repository()).await;
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("tiny");
    let lock = std::fs::File::create(place.path().join(".tiny.lock")).unwrap();
    lock.lock().unwrap();
    assert!(refusal(&options(&hub, &to)).await.contains("another pull is writing to"));
    assert!(place.path().join(".tiny.lock").exists(), "it belongs to the other pull");
    drop(lock);
    std::fs::create_dir(&to).unwrap();
    let refused = refusal(&options(&hub, &to)).await;
    assert!(refused.contains("exists already and is another model"), "{refused}");
    assert!(!place.path().join(".tiny.lock").exists(), "a pull that failed leaves no lock");
    std::fs::remove_dir(&to).unwrap();
    pulled(&options(&hub, &to)).await;
    assert!(!place.path().join(".tiny.lock").exists());
    std::fs::write(to.join("config.json"), "{}").unwrap();
    let refused = refusal(&options(&hub, &to)).await;
    assert!(refused.contains("config.json` has the digest"), "{refused}");
}

#[tokio::test]
async fn parts_and_gguf_are_pulled_as_the_repository_has_them() {
    let hub = HubServer::start(repository()).await;
    let place = tempfile::tempdir().unwrap();
    hub.with(|state| {
        let whole = state.files.remove(WEIGHTS).unwrap();
        let part = "model-00001-of-00001.safetensors";
        state.files.insert(part.to_owned(), whole);
        state.large.push(part.to_owned());
        let index = serde_json::json!({ "weight_map": { "shared.weight": part } });
        state.files.insert("model.safetensors.index.json".to_owned(), index.to_string().into());
    });
    let (pulled_parts, _) = pulled(&options(&hub, &place.path().join("parts"))).await;
    assert!(pulled_parts.manifest.digest("model-00001-of-00001.safetensors").is_some());
    let gguf = |name: &str| {
        let path = format!("tests/golden/engine/gguf/{name}.gguf");
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    };
    hub.with(|state| {
        state.files.clear();
        for name in ["v11-q8_0", "v10-f16"] {
            state.files.insert(format!("{name}.gguf"), gguf(name));
            state.large.push(format!("{name}.gguf"));
        }
    });
    let mut wanted = options(&hub, &place.path().join("gguf"));
    assert!(refusal(&wanted).await.contains("choose with `--file`: v10-f16.gguf, v11-q8_0.gguf"));
    wanted.file = Some("v10-f16.gguf".to_owned());
    pulled(&wanted).await;
    assert_eq!(names(&place.path().join("gguf")), ["ambidex-model.json", "v10-f16.gguf"]);
}

#[tokio::test]
async fn a_carried_folder_is_checked_and_recorded() {
    let hub = HubServer::start(HubState::default()).await;
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("carried");
    std::fs::create_dir(&from).unwrap();
    let files = repository().files;
    for (name, bytes) in &files {
        std::fs::write(from.join(name), bytes).unwrap();
    }
    let sums =
        |digest: &str| std::fs::write(from.join("SHA256SUMS"), format!("{digest} *{WEIGHTS}\n"));
    sums(&"0".repeat(64)).unwrap();
    let to: PathBuf = place.path().join("tiny");
    let offline = PullOptions { offline: Some(from.clone()), ..options(&hub, &to) };
    let refused = refusal(&offline).await;
    assert!(refused.contains("but SHA256SUMS says 000"), "{refused}");
    assert!(!to.exists());
    sums(&sha256(&files[WEIGHTS])).unwrap();
    let (imported, told) = pulled(&offline).await;
    assert!(told.contains("(apache-2.0, "), "{told}");
    assert_eq!(imported.manifest.digest(WEIGHTS), Some(&*sha256(&files[WEIGHTS])));
    assert!(imported.manifest.digest("SHA256SUMS").is_none());
    Engine::load(ModelSource::Folder(to.clone()), EngineSettings::default()).unwrap();
    assert!(hub.seen("").is_empty(), "nobody was asked");

    // What is no model does not become one.
    std::fs::write(from.join(WEIGHTS), &files[WEIGHTS][..1_000_000]).unwrap();
    std::fs::remove_file(from.join("SHA256SUMS")).unwrap();
    let other = PullOptions { to: Some(place.path().join("other")), ..offline };
    let refused = refusal(&other).await;
    assert!(refused.contains("what was pulled cannot be loaded: `model.safetensors` is cut short"));
    assert!(!place.path().join("other").exists());
}
