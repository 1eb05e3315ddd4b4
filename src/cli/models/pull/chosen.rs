//! Which files of a repository make a model: the small ones that say what it is, and the weights in
//! the one form that is best for us.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::hub::Info;
use super::stage::Stage;
use super::{PullError, PullOptions};

/// A file on the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) name: String,
    pub(super) size: Option<u64>,
    /// The digest of large files.
    pub(super) sha256: Option<String>,
    /// The name that git gives the content of small ones.
    pub(super) blob: Option<String>,
}

const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const NEEDED: [&str; 2] = ["config.json", "tokenizer.json"];
const WELCOME: [&str; 8] = [
    "README.md",
    "LICENSE",
    "LICENSE.txt",
    "LICENSE.md",
    "NOTICE",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];

/// The small files, all of which are fetched before the weights.
pub(super) fn small_files(name: &str, info: &Info) -> Result<Vec<Remote>, PullError> {
    let find = |wanted: &str| info.files.iter().find(|file| file.name == wanted).cloned();
    let has_safetensors = find(WHOLE).or_else(|| find(INDEX)).is_some();
    if !has_safetensors && !info.files.iter().any(is_gguf) {
        let reason = "it has no safetensors and no GGUF; convert its weights first".to_owned();
        return Err(PullError::Unusable { name: name.to_owned(), reason });
    }
    let mut chosen = Vec::new();
    for file in NEEDED {
        match find(file) {
            Some(found) => chosen.push(found),
            // A GGUF file has both inside.
            None if !has_safetensors => {}
            None => {
                let reason = format!("it has no `{file}`");
                return Err(PullError::Unusable { name: name.to_owned(), reason });
            }
        }
    }
    chosen.extend(WELCOME.iter().filter_map(|file| find(file)));
    if find(WHOLE).is_none() {
        chosen.extend(find(INDEX));
    }
    Ok(chosen)
}

/// The weights: one file, or the parts that the index names, or a GGUF file.
pub(super) fn weights(
    options: &PullOptions,
    info: &Info,
    stage: &Stage,
) -> Result<Vec<Remote>, PullError> {
    let unusable = |reason: String| PullError::Unusable { name: options.name.clone(), reason };
    let find = |wanted: &str| {
        let found = info.files.iter().find(|file| file.name == wanted);
        found.cloned().ok_or_else(|| unusable(format!("it has no `{wanted}`")))
    };
    if let Some(file) = &options.file {
        return Ok(vec![find(file)?]);
    }
    if info.files.iter().any(|file| file.name == WHOLE) {
        return Ok(vec![find(WHOLE)?]);
    }
    if let Some(index) = stage.read(INDEX)? {
        return parts(&index).map_err(unusable)?.iter().map(|part| find(part)).collect();
    }
    let files: Vec<&Remote> = info.files.iter().filter(|file| is_gguf(file)).collect();
    if let [only] = *files {
        return Ok(vec![only.clone()]);
    }
    let names: Vec<&str> = files.iter().map(|file| &*file.name).collect();
    let names = names.join(", ");
    Err(unusable(format!("it has several GGUF files; choose with `--file`: {names}")))
}

fn is_gguf(file: &Remote) -> bool {
    let extension = file.name.rsplit_once('.').map(|(_, extension)| extension);
    extension == Some("gguf") && !file.name.contains('/')
}

/// The parts that an index names; none may lead out of the folder.
pub(super) fn parts(index: &[u8]) -> Result<BTreeSet<String>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let index: Index =
        serde_json::from_slice(index).map_err(|error| format!("`{INDEX}` is wrong: {error}"))?;
    let parts: BTreeSet<String> = index.weight_map.into_values().collect();
    match parts.iter().find(|part| part.contains(['/', '\\']) || part.starts_with('.')) {
        Some(part) => Err(format!("`{INDEX}` names `{part}`, which is no file beside it")),
        None => Ok(parts),
    }
}
