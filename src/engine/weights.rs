//! Reads a model from a Hugging Face folder or from bytes in the binary, and hands out its tensors.
//!
//! The bytes are parsed by the safe loader (no memory map: a file that changes under a running
//! server must not change the model). Every tensor is asked for by name *and* shape, so a wrong
//! file is a sentence at load, not a wrong answer later.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::safetensors::Load;
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::error::LoadError;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// A folder in Hugging Face layout: `config.json`, `tokenizer.json`, `model.safetensors`.
    Folder(PathBuf),
    /// A model inside the binary.
    Embedded(EmbeddedModel),
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

/// The small files of a model folder that say what it is.
#[derive(Debug, Default)]
pub(super) struct Labels {
    pub(super) licence: Option<String>,
    pub(super) languages: Vec<String>,
}

/// Reads one file of a model folder; `Ok(None)` if it is not there.
fn read(folder: &Path, file: &'static str) -> Result<Option<Vec<u8>>, LoadError> {
    let path = folder.join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LoadError::Unreadable { path, source }),
    }
}

/// Reads a file without which there is no model.
pub(super) fn require(folder: &Path, file: &'static str) -> Result<Vec<u8>, LoadError> {
    if let Some(bytes) = read(folder, file)? {
        return Ok(bytes);
    }
    let folder = folder.to_path_buf();
    if file == "model.safetensors" && folder.join("model.safetensors.index.json").exists() {
        return Err(LoadError::Sharded { folder });
    }
    Err(LoadError::MissingFile { folder, file })
}

/// What the model card in a folder (the front matter of `README.md`) says, as far as it says it.
/// A folder with a `LICENSE` but no card is at least not unlicensed.
pub(super) fn labels(folder: &Path) -> Result<Labels, LoadError> {
    let mut labels = Labels::default();
    if let Some(card) = read(folder, "README.md")? {
        let card = String::from_utf8_lossy(&card);
        labels = front_matter(&card);
    }
    if labels.licence.is_none() && read(folder, "LICENSE")?.is_some() {
        labels.licence = Some("see LICENSE".to_owned());
    }
    Ok(labels)
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

/// How the numbers of a tensor lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatKind {
    F32,
    F16,
    Bf16,
}

/// The numbers of one tensor, little endian, row after row. Borrowed from the file where they can be, so
/// that a backend converts each of them once, into the form it computes with.
#[derive(Clone, Debug)]
pub(super) struct Floats<'a> {
    pub(super) kind: FloatKind,
    pub(super) bytes: Cow<'a, [u8]>,
}

impl Floats<'_> {
    /// All of them in f32.
    pub(super) fn to_vec(&self) -> Vec<f32> {
        let mut out = Vec::new();
        self.read(0, usize::MAX, &mut out);
        out
    }

    /// Replaces `out` by `count` numbers, beginning with number `from`; fewer where the tensor ends.
    pub(super) fn read(&self, from: usize, count: usize, out: &mut Vec<f32>) {
        let width = if self.kind == FloatKind::F32 { 4 } else { 2 };
        let rest = self.bytes.get(from.saturating_mul(width)..).unwrap_or_default();
        let bytes = rest.get(..count.saturating_mul(width)).unwrap_or(rest);
        out.clear();
        match self.kind {
            FloatKind::F32 => {
                let (numbers, _) = bytes.as_chunks::<4>();
                out.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
            }
            FloatKind::F16 => {
                let (numbers, _) = bytes.as_chunks::<2>();
                out.extend(numbers.iter().map(|number| half::f16::from_le_bytes(*number).to_f32()));
            }
            FloatKind::Bf16 => {
                let (numbers, _) = bytes.as_chunks::<2>();
                out.extend(
                    numbers.iter().map(|number| half::bf16::from_le_bytes(*number).to_f32()),
                );
            }
        }
    }
}

/// The tensors of a model. Several threads may take them at the same time.
pub(super) struct Weights<'a> {
    file: SafeTensors<'a>,
    parameters: AtomicU64,
}

impl<'a> Weights<'a> {
    /// Reads the directory of the file; the numbers stay where they are until asked for.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| LoadError::Damaged { reason: error.to_string() })?;
        Ok(Self { file, parameters: AtomicU64::new(0) })
    }

    /// How many numbers have been taken so far: the size of the model that was built from them.
    pub(super) fn parameters(&self) -> u64 {
        self.parameters.load(Ordering::Relaxed)
    }

    /// Whether the file has this tensor.
    pub(super) fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    /// Takes a tensor that must have this shape, for candle.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, LoadError> {
        let view = self.view(name, shape)?;
        Ok(view.load(&Device::Cpu)?.to_dtype(DType::F32)?)
    }

    /// Takes a tensor that must have this shape, as it lies in the file.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Floats<'_>, LoadError> {
        let view = self.view(name, shape)?;
        let kind = match view.dtype() {
            Dtype::F16 => FloatKind::F16,
            Dtype::BF16 => FloatKind::Bf16,
            _ => FloatKind::F32,
        };
        Ok(Floats { kind, bytes: Cow::Borrowed(view.data()) })
    }

    fn view(&self, name: &str, shape: &[usize]) -> Result<TensorView<'_>, LoadError> {
        let view = self
            .file
            .tensor(name)
            .map_err(|_| LoadError::MissingTensor { name: name.to_owned() })?;
        if view.shape() != shape {
            return Err(LoadError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: view.shape().to_vec(),
            });
        }
        if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            let kind = format!("{:?}", view.dtype()).to_lowercase();
            return Err(LoadError::NumberKind { name: name.to_owned(), kind });
        }
        let count = shape.iter().try_fold(1_u64, |product, side| {
            product.checked_mul(u64::try_from(*side).unwrap_or(u64::MAX))
        });
        let count = count.unwrap_or(u64::MAX);
        self.parameters.fetch_add(count, Ordering::Relaxed);
        Ok(view)
    }

    /// The name of the first of these tensors that the file has. Checkpoints name the shared
    /// embedding differently, depending on what saved them.
    pub(super) fn first<'n>(&self, names: &[&'n str]) -> &'n str {
        let found = names.iter().find(|name| self.has(name)).or(names.first());
        found.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_card_names_licence_and_languages() {
        let card = "---\nlanguage:\n- en\n- fr\nlicense: apache-2.0\ntags:\n- t5\n---\nlicense: no";
        let labels = front_matter(card);
        assert_eq!(labels.licence.as_deref(), Some("apache-2.0"));
        assert_eq!(labels.languages, ["en", "fr"]);
        assert!(front_matter("# no front matter\nlicense: mit").licence.is_none());
    }

    #[test]
    fn damaged_bytes_are_a_sentence() {
        for bytes in [&b""[..], b"\x08\0\0\0\0\0\0\0not json", &[0xff; 64]] {
            assert!(matches!(Weights::parse(bytes), Err(LoadError::Damaged { .. })));
        }
    }
}
