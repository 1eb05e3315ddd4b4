//! Safetensors: a directory in JSON, then the numbers; one file, or several with an index.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Deserialize;

use super::file::WeightFile;
use super::{FloatKind, Kind, Place, Stored};
use crate::engine::error::LoadError;

/// The name of weights in one file.
pub(super) const WHOLE: &str = "model.safetensors";
/// The name of the list that says which tensor is in which of several files.
pub(super) const INDEX: &str = "model.safetensors.index.json";
/// Bytes before the directory: its length.
const PREFIX: usize = 8;
/// The longest directory: as much as the format's own reader allows.
const DIRECTORY_MAX: u64 = 100_000_000;

/// The part of the index that matters.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The files of a folder, in the order of their names; `Ok(None)` if it has none.
pub(super) fn files(folder: &Path) -> Result<Option<Vec<WeightFile>>, LoadError> {
    if let Some(whole) = WeightFile::open(&folder.join(WHOLE))? {
        return Ok(Some(vec![whole]));
    }
    let Some(index) = index(folder)? else { return Ok(None) };
    let names: BTreeSet<&String> = index.weight_map.values().collect();
    let mut files = Vec::new();
    for name in names {
        let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name.as_str());
        if !is_plain {
            return Err(damaged(INDEX, format!("`{name}` is not the name of a file beside it")));
        }
        let file = WeightFile::open(&folder.join(name))?;
        files.push(file.ok_or_else(|| LoadError::MissingShard {
            folder: folder.to_path_buf(),
            file: name.clone(),
        })?);
    }
    if files.is_empty() { Err(damaged(INDEX, "it names no file")) } else { Ok(Some(files)) }
}

fn index(folder: &Path) -> Result<Option<Index>, LoadError> {
    let path = folder.join(INDEX);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| damaged(INDEX, error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LoadError::Unreadable { path, source }),
    }
}

/// Whether the files hold what the index promises; a folder with one file needs no index.
pub(super) fn check_index(
    folder: &Path,
    tensors: &BTreeMap<String, Stored<'_>>,
) -> Result<(), LoadError> {
    if folder.join(WHOLE).exists() {
        return Ok(());
    }
    let Some(index) = index(folder)? else { return Ok(()) };
    match index.weight_map.iter().find(|(name, _)| !tensors.contains_key(*name)) {
        Some((name, file)) => {
            Err(LoadError::MissingTensor { file: file.clone(), name: name.clone() })
        }
        None => Ok(()),
    }
}

/// The tensors of a file in memory.
pub(super) fn in_memory<'a>(
    bytes: &'a [u8],
    name: &str,
) -> Result<BTreeMap<String, Stored<'a>>, LoadError> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let prefix = bytes.first_chunk::<PREFIX>().ok_or_else(|| cut(name, 8, length))?;
    let size = directory_size(*prefix, name, length)?;
    let rest = bytes.get(PREFIX..).unwrap_or_default();
    let (json, data) = rest.split_at_checked(size).unwrap_or_default();
    let metadata = metadata(json, name, length)?;
    let place = |info: &TensorInfo| {
        let (from, to) = info.data_offsets;
        Place::Memory(data.get(from..to).unwrap_or_default())
    };
    Ok(directory(&metadata, place))
}

/// The tensors of a file on disk; the numbers stay there.
pub(super) fn on_disk(
    file: &Arc<WeightFile>,
) -> Result<BTreeMap<String, Stored<'static>>, LoadError> {
    let (name, length) = (file.name(), file.length());
    let unreadable = |source| LoadError::Unreadable { path: file.path().to_path_buf(), source };
    if length < 8 {
        return Err(cut(name, 8, length));
    }
    let prefix = file.exactly(0, PREFIX).map_err(unreadable)?;
    let prefix = prefix.first_chunk::<PREFIX>().copied().unwrap_or_default();
    let size = directory_size(prefix, name, length)?;
    let json = file.exactly(8, size).map_err(unreadable)?;
    let metadata = metadata(&json, name, length)?;
    let start = u64::try_from(PREFIX + size).unwrap_or(u64::MAX);
    let place = |info: &TensorInfo| {
        let (from, to) = info.data_offsets;
        Place::File {
            file: Arc::clone(file),
            from: start.saturating_add(u64::try_from(from).unwrap_or(u64::MAX)),
            length: to.saturating_sub(from),
        }
    };
    Ok(directory(&metadata, place))
}

fn directory_size(prefix: [u8; PREFIX], name: &str, length: u64) -> Result<usize, LoadError> {
    let size = u64::from_le_bytes(prefix);
    if size > DIRECTORY_MAX {
        return Err(damaged(name, "it does not begin like a safetensors file"));
    }
    if size.saturating_add(8) > length {
        return Err(cut(name, size.saturating_add(8), length));
    }
    usize::try_from(size).map_err(|error| damaged(name, error.to_string()))
}

/// Reads the directory and holds it against the length of the file.
fn metadata(json: &[u8], name: &str, length: u64) -> Result<Metadata, LoadError> {
    // The format's own type checks that tensors lie back to back and fit their shapes.
    let metadata: Metadata =
        serde_json::from_slice(json).map_err(|error| damaged(name, error.to_string()))?;
    let whole = PREFIX.saturating_add(json.len()).saturating_add(metadata.data_len());
    let whole = u64::try_from(whole).unwrap_or(u64::MAX);
    if whole > length {
        return Err(cut(name, whole, length));
    }
    if whole < length {
        return Err(damaged(name, format!("{} bytes follow its end", length - whole)));
    }
    Ok(metadata)
}

fn directory<'a>(
    metadata: &Metadata,
    place: impl Fn(&TensorInfo) -> Place<'a>,
) -> BTreeMap<String, Stored<'a>> {
    let tensors = metadata.tensors().into_iter();
    let stored = |info: &TensorInfo| Stored::new(info.shape.clone(), kind(info.dtype), place(info));
    tensors.map(|(name, info)| (name, stored(info))).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign list that grows")]
fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::F32 => Kind::Float(FloatKind::F32),
        Dtype::F16 => Kind::Float(FloatKind::F16),
        Dtype::BF16 => Kind::Float(FloatKind::Bf16),
        other => Kind::Other(format!("{other:?}").to_lowercase()),
    }
}

fn damaged(file: &str, reason: impl Into<String>) -> LoadError {
    LoadError::Damaged { file: file.to_owned(), reason: reason.into() }
}

fn cut(file: &str, expected: u64, found: u64) -> LoadError {
    LoadError::Cut { file: file.to_owned(), expected, found }
}
