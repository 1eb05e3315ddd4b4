//! Where models come from: a folder in Hugging Face layout, a GGUF file, or the binary itself.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Config;
use super::digest::{self, Content, Digest};
use super::error::LoadError;
use super::manifest::{self, Manifest};
use super::tokenizer::{Pieces, Tokenizer};
use super::weights::{Gguf, WeightFile, Weights};

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// A folder with `config.json`, `tokenizer.json` and safetensors, whole or in parts; or one
    /// GGUF file, or a folder with just that.
    Folder(PathBuf),
    /// A model inside the binary.
    Embedded(EmbeddedModel),
}

/// A model to load, and what is known and demanded of it.
#[derive(Clone, Debug)]
pub struct LocalModel {
    /// Where it is.
    pub source: ModelSource,
    /// The name to serve it under, if not its own.
    pub name: Option<String>,
    /// Its licence, if its files do not say.
    pub licence: Option<String>,
    /// The digest that its weights must have.
    pub sha256: Option<String>,
    /// The digest that its `tokenizer.json` must have.
    pub tokenizer_sha256: Option<String>,
    /// The adapters to load with it.
    pub adapters: Vec<AdapterSource>,
    /// The licences that may be served; empty means any.
    pub licences_allowed: Vec<String>,
}

/// A LoRA adapter to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterSource {
    /// The name that targets use.
    pub name: String,
    /// A folder as PEFT writes it.
    pub path: PathBuf,
}

impl From<ModelSource> for LocalModel {
    fn from(source: ModelSource) -> Self {
        Self {
            source,
            name: None,
            licence: None,
            sha256: None,
            tokenizer_sha256: None,
            adapters: Vec::new(),
            licences_allowed: Vec::new(),
        }
    }
}

/// Whether a folder holds a model, as far as that shows without reading its numbers: all files are
/// there, whole and of the kinds that the engine loads.
pub fn examine(folder: &Path) -> Result<(), LoadError> {
    let opened = Opened::open(&ModelSource::Folder(folder.to_path_buf()).into())?;
    opened.words.load(&opened.config).map(|_| ())
}

/// The files of a model that is compiled into the binary.
#[derive(Clone, Copy)]
pub struct EmbeddedModel {
    /// The name it is served under.
    pub name: &'static str,
    /// Its licence, as an SPDX name.
    pub licence: &'static str,
    /// The languages it was made for, as BCP 47 names.
    pub languages: &'static [&'static str],
    /// The bytes of `config.json`.
    pub config: &'static [u8],
    /// The bytes of `tokenizer.json`.
    pub tokenizer: &'static [u8],
    /// The bytes of `model.safetensors`.
    pub weights: &'static [u8],
}

impl std::fmt::Debug for EmbeddedModel {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EmbeddedModel({}, {} bytes)", self.name, self.weights.len())
    }
}

/// A model whose files are open and whose directories are read; the numbers are still where they
/// were.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) licence: String,
    pub(super) languages: Vec<String>,
    pub(super) config: Config,
    pub(super) words: Words,
    pub(super) weights: Weights<'static>,
    /// The size of the weights on disk.
    pub(super) bytes: u64,
    pub(super) digest: Digest,
    files: Vec<Arc<WeightFile>>,
    manifest: Option<Manifest>,
}

/// What a tokenizer is made from.
#[derive(Debug)]
pub(super) enum Words {
    Json(Cow<'static, [u8]>),
    Pieces(Pieces),
}

impl Words {
    /// Makes the tokenizer for a model with this configuration.
    pub(super) fn load(self, config: &Config) -> Result<Tokenizer, LoadError> {
        let (end, embeddings) = (config.end_id, config.t5.vocab_size);
        match self {
            Self::Json(bytes) => Tokenizer::load(&bytes, end, embeddings),
            Self::Pieces(pieces) => Tokenizer::assemble(pieces, end, embeddings),
        }
    }
}

impl Opened {
    /// Opens a model and checks what can be checked before its numbers are read.
    pub(super) fn open(model: &LocalModel) -> Result<Self, LoadError> {
        let mut opened = match &model.source {
            ModelSource::Folder(path) => Self::folder(path, model.tokenizer_sha256.as_deref())?,
            ModelSource::Embedded(embedded) => Self::embedded(embedded)?,
        };
        if let Some(name) = &model.name {
            opened.name.clone_from(name);
        }
        if let Some(licence) = &model.licence {
            opened.licence.clone_from(licence);
        }
        let allowed = &model.licences_allowed;
        let is_allowed = |it: &String| it.eq_ignore_ascii_case(&opened.licence);
        if !allowed.is_empty() && !allowed.iter().any(is_allowed) {
            let Self { name, licence, .. } = opened;
            return Err(LoadError::Licence { name, licence, allowed: allowed.join(", ") });
        }
        if model.sha256.is_some() || opened.manifest.is_some() {
            opened.digest.begin();
        }
        Ok(opened)
    }

    /// The name that the model has on the hub, as far as its files tell.
    pub(super) fn origin(&self) -> Option<&str> {
        let manifest = self.manifest.as_ref().map(|it| &*it.name);
        manifest.or(self.config.origin.as_deref())
    }

    /// Waits for digests that are recorded somewhere and compares them.
    pub(super) fn verify(&self, pinned: Option<&str>) -> Result<(), LoadError> {
        if let Some(pinned) = pinned {
            self.digest.expect(pinned)?;
        }
        for file in &self.files {
            if let Some(recorded) = self.manifest.as_ref().and_then(|it| it.digest(file.name())) {
                self.digest.expect_file(file.name(), recorded)?;
            }
            file.check()?;
        }
        Ok(())
    }

    fn embedded(model: &EmbeddedModel) -> Result<Self, LoadError> {
        Ok(Self {
            name: model.name.to_owned(),
            licence: model.licence.to_owned(),
            languages: model.languages.iter().map(|name| (*name).to_owned()).collect(),
            config: Config::parse(model.config)?,
            words: Words::Json(Cow::Borrowed(model.tokenizer)),
            weights: Weights::parse(model.weights)?,
            bytes: u64::try_from(model.weights.len()).unwrap_or(u64::MAX),
            digest: Digest::of(Content::Embedded(model.weights)),
            files: Vec::new(),
            manifest: None,
        })
    }

    fn folder(path: &Path, tokenizer_sha256: Option<&str>) -> Result<Self, LoadError> {
        if path.extension().is_some_and(|extension| extension == "gguf") {
            return Self::gguf(path, path);
        }
        let Some((weights, files)) = Weights::open(path)? else {
            return match only_gguf(path)? {
                Some(file) => Self::gguf(&file, path),
                None => Err(missing(path, "model.safetensors")),
            };
        };
        let manifest = manifest(path)?;
        let small = |file: &'static str| -> Result<Vec<u8>, LoadError> {
            let bytes = read(path, file)?.ok_or_else(|| missing(path, file))?;
            let recorded = manifest.as_ref().and_then(|it| it.digest(file));
            hold(file, &bytes, recorded, "its manifest")?;
            Ok(bytes)
        };
        let config = Config::parse(&small("config.json")?)?;
        let words = small("tokenizer.json")?;
        let pin = "`tokenizer_sha256` in the configuration";
        hold("tokenizer.json", &words, tokenizer_sha256, pin)?;
        let labels = labels(path)?;
        let recorded = manifest.as_ref().map(|it| it.licence.clone());
        Ok(Self {
            name: folder_name(path),
            licence: labels.licence.or(recorded).unwrap_or_else(|| "unknown".to_owned()),
            languages: or_english(labels.languages),
            config,
            words: Words::Json(Cow::Owned(words)),
            weights,
            bytes: files.iter().map(|file| file.length()).sum(),
            digest: Digest::of(Content::Files(files.clone())),
            files,
            manifest,
        })
    }

    /// A GGUF file; the folder, if it lies in one of its own, may have a model card beside it.
    fn gguf(file: &Path, folder: &Path) -> Result<Self, LoadError> {
        let gguf = Gguf::open(file)?;
        let files = vec![Arc::clone(gguf.file())];
        let (labels, manifest) = if folder.is_dir() {
            (labels(folder)?, manifest(folder)?)
        } else {
            (Labels::default(), None)
        };
        let recorded = manifest.as_ref().map(|it| it.licence.clone());
        let licence = labels.licence.or_else(|| gguf.licence().map(str::to_owned)).or(recorded);
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Ok(Self {
            name: if folder.is_dir() { folder_name(folder) } else { stem.unwrap_or_default() },
            licence: licence.unwrap_or_else(|| "unknown".to_owned()),
            languages: or_english(labels.languages),
            config: Config::of(&gguf.stated()?)?,
            words: Words::Pieces(gguf.pieces()?),
            weights: gguf.weights()?,
            bytes: gguf.file().length(),
            digest: Digest::of(Content::Files(files.clone())),
            files,
            manifest,
        })
    }
}

/// Holds a small file against a digest that is recorded for it.
fn hold(
    file: &str,
    bytes: &[u8],
    recorded: Option<&str>,
    record: &'static str,
) -> Result<(), LoadError> {
    let Some(recorded) = recorded else { return Ok(()) };
    let found = digest::of_bytes(bytes);
    if found.eq_ignore_ascii_case(recorded) {
        return Ok(());
    }
    Err(digest::mismatch(&format!("`{file}`"), record, recorded, &found))
}

fn manifest(folder: &Path) -> Result<Option<Manifest>, LoadError> {
    let path = || folder.join(manifest::FILE);
    Manifest::read(folder).map_err(|source| LoadError::Unreadable { path: path(), source })
}

/// The GGUF file of a folder that has no other weights.
fn only_gguf(folder: &Path) -> Result<Option<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: folder.to_path_buf(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unreadable(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "gguf") {
            found.push(path);
        }
    }
    if found.len() > 1 {
        return Err(LoadError::Several { folder: folder.to_path_buf(), count: found.len() });
    }
    Ok(found.pop())
}

fn missing(folder: &Path, file: &'static str) -> LoadError {
    LoadError::MissingFile { folder: folder.to_path_buf(), file }
}

fn or_english(mut languages: Vec<String>) -> Vec<String> {
    if languages.is_empty() {
        languages.push("en".to_owned());
    }
    languages
}

/// The name that a folder gives its model.
fn folder_name(folder: &Path) -> String {
    let named = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    named.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The small files of a model folder that say what it is.
#[derive(Debug, Default)]
struct Labels {
    licence: Option<String>,
    languages: Vec<String>,
}

/// Reads one file of a model folder; `Ok(None)` if it is not there.
pub(super) fn read(folder: &Path, file: &str) -> Result<Option<Vec<u8>>, LoadError> {
    let path = folder.join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LoadError::Unreadable { path, source }),
    }
}

/// What the model card in a folder (the front matter of `README.md`) says, as far as it says it.
/// A folder with a `LICENSE` but no card is at least not unlicensed.
fn labels(folder: &Path) -> Result<Labels, LoadError> {
    let mut labels = Labels::default();
    if let Some(card) = read(folder, "README.md")? {
        labels = front_matter(&String::from_utf8_lossy(&card));
    }
    if labels.licence.is_none() && read(folder, "LICENSE")?.is_some() {
        labels.licence = Some("see LICENSE".to_owned());
    }
    Ok(labels)
}

/// The licence that a model card names.
pub fn licence_of(card: &str) -> Option<String> {
    front_matter(card).licence
}

/// Reads `license:` and `language:` from a model card. The hub writes them as plain scalars or as
/// one item a line; anything fancier is left alone, because a label may be missing but not wrong.
fn front_matter(card: &str) -> Labels {
    let mut labels = Labels::default();
    let mut lines = card.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return labels;
    }
    let mut inside_languages = false;
    for line in lines.take_while(|line| line.trim_end() != "---") {
        let item = line.trim_start().strip_prefix("- ").map(str::trim);
        if let (true, Some(item)) = (inside_languages, item) {
            labels.languages.push(item.to_owned());
            continue;
        }
        inside_languages = false;
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match (key, value.is_empty()) {
            ("license", false) => labels.licence = Some(value.to_owned()),
            ("language", true) => inside_languages = true,
            ("language", false) => labels.languages.push(value.to_owned()),
            _ => {}
        }
    }
    labels
}

#[cfg(test)]
mod tests;
