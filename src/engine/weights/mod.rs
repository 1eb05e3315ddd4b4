//! The tensors of a model by name and shape, whatever format of file they lie in.
//!
//! Nothing is mapped into memory: a mapped file that changes under a running server would change
//! the model. Nothing is read ahead either: numbers go from the file through a small window into
//! the form that a backend computes with, so that loading neither needs memory for the whole file
//! nor time to have that memory made. Every tensor is asked for by name *and* shape, so a wrong
//! file is a sentence at load, not a wrong answer later.

mod file;
mod gguf;
mod safetensors;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use candle_core::quantized::GgmlDType;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::{Device, Tensor};

pub(super) use self::file::WeightFile;
pub(super) use self::gguf::Gguf;
use super::error::LoadError;

/// How the numbers of a tensor lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatKind {
    F32,
    F16,
    Bf16,
}

impl FloatKind {
    const fn width(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// What a tensor's bytes mean.
#[derive(Clone, Debug)]
enum Kind {
    Float(FloatKind),
    /// Blocks of small integers with scales, as GGUF has them.
    Blocks(GgmlDType),
    /// Something else, by its name in the file.
    Other(String),
}

/// Where a tensor's bytes are.
#[derive(Clone, Debug)]
enum Place<'a> {
    Memory(&'a [u8]),
    File { file: Arc<WeightFile>, from: u64, length: usize },
}

/// One tensor of the directory.
#[derive(Debug)]
struct Stored<'a> {
    shape: Vec<usize>,
    kind: Kind,
    place: Place<'a>,
    taken: AtomicBool,
}

impl<'a> Stored<'a> {
    fn new(shape: Vec<usize>, kind: Kind, place: Place<'a>) -> Self {
        Self { shape, kind, place, taken: AtomicBool::new(false) }
    }
}

/// The tensors of a model. Several threads may take them at the same time.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    tensors: BTreeMap<String, Stored<'a>>,
    /// What messages call the file.
    origin: String,
    parameters: AtomicU64,
}

/// A directory and the files that it leads to.
type OnDisk = (Weights<'static>, Vec<Arc<WeightFile>>);

/// The numbers of one tensor, row after row. They stay where they are until they are read, so that
/// a backend converts each of them once, into the form it computes with.
#[derive(Clone, Debug)]
pub(super) struct Floats<'a> {
    numbers: Numbers<'a>,
}

#[derive(Clone, Debug)]
enum Numbers<'a> {
    Stored(FloatKind, Place<'a>),
    Unpacked(Arc<[f32]>),
}

impl Floats<'_> {
    /// Numbers that are in memory already.
    #[cfg(test)]
    pub(super) fn of(numbers: Vec<f32>) -> Self {
        Self { numbers: Numbers::Unpacked(numbers.into()) }
    }

    /// All of them in f32.
    pub(super) fn to_vec(&self) -> Vec<f32> {
        let mut out = Vec::new();
        self.read(0, usize::MAX, &mut out);
        out
    }

    /// Replaces `out` by `count` numbers, beginning with number `from`; fewer where the tensor ends.
    /// Cheapest from front to back, in any number of threads. Where the file cannot be read, zeros
    /// come out, and [`Weights::finish`] tells.
    pub(super) fn read(&self, from: usize, count: usize, out: &mut Vec<f32>) {
        out.clear();
        self.add(from, count, out);
    }

    /// Adds all of them to `out`.
    pub(super) fn add_to(&self, out: &mut Vec<f32>) {
        self.add(0, usize::MAX, out);
    }

    fn add(&self, from: usize, count: usize, out: &mut Vec<f32>) {
        match &self.numbers {
            Numbers::Unpacked(numbers) => {
                let rest = numbers.get(from..).unwrap_or_default();
                out.extend_from_slice(rest.get(..count).unwrap_or(rest));
            }
            Numbers::Stored(kind, place) => {
                let width = kind.width();
                out.reserve(count.min((place.length() / width).saturating_sub(from)));
                let (from, count) = (from.saturating_mul(width), count.saturating_mul(width));
                place.read(from, count, width, |bytes| append(*kind, bytes, out));
            }
        }
    }
}

/// Converts little-endian numbers.
fn append(kind: FloatKind, bytes: &[u8], out: &mut Vec<f32>) {
    match kind {
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
            out.extend(numbers.iter().map(|number| half::bf16::from_le_bytes(*number).to_f32()));
        }
    }
}

impl Place<'_> {
    const fn length(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File { length, .. } => *length,
        }
    }

    /// Hands out `count` bytes, beginning with byte `from`, in pieces of whole numbers.
    fn read(&self, from: usize, count: usize, width: usize, mut take: impl FnMut(&[u8])) {
        match self {
            Self::Memory(bytes) => {
                let rest = bytes.get(from..).unwrap_or_default();
                take(rest.get(..count).unwrap_or(rest));
            }
            Self::File { file, from: start, length } => {
                let count = count.min(length.saturating_sub(from));
                let start = start.saturating_add(u64::try_from(from).unwrap_or(u64::MAX));
                file.read(start, count, width, take);
            }
        }
    }

    fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.read(0, usize::MAX, 1, |bytes| out.extend_from_slice(bytes));
        out
    }
}

impl<'a> Weights<'a> {
    /// Reads the directory of a safetensors file in memory.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let origin = "model.safetensors".to_owned();
        Ok(Self::of(safetensors::in_memory(bytes, &origin)?, origin))
    }

    fn of(tensors: BTreeMap<String, Stored<'a>>, origin: String) -> Self {
        Self { tensors, origin, parameters: AtomicU64::new(0) }
    }

    /// How many numbers have been taken so far: the size of the model that was built from them.
    pub(super) fn parameters(&self) -> u64 {
        self.parameters.load(Ordering::Relaxed)
    }

    /// The names of all tensors, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether the file has this tensor.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a tensor that must have this shape, for candle.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, LoadError> {
        Ok(Tensor::from_vec(self.floats(name, shape)?.to_vec(), shape, &Device::Cpu)?)
    }

    /// Takes a tensor that must have this shape, as it lies in the file.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Floats<'a>, LoadError> {
        let stored = self.tensors.get(name).ok_or_else(|| LoadError::MissingTensor {
            file: self.origin.clone(),
            name: name.to_owned(),
        })?;
        if stored.shape != shape {
            return Err(LoadError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: stored.shape.clone(),
            });
        }
        let numbers = match &stored.kind {
            Kind::Float(kind) => Numbers::Stored(*kind, stored.place.clone()),
            Kind::Blocks(kind) => {
                let bytes = stored.place.to_vec();
                let blocks = qtensor_from_ggml(*kind, &bytes, shape.to_vec(), &Device::Cpu)?;
                let numbers = blocks.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
                Numbers::Unpacked(numbers.into())
            }
            Kind::Other(kind) => {
                return Err(LoadError::NumberKind { name: name.to_owned(), kind: kind.clone() });
            }
        };
        stored.taken.store(true, Ordering::Relaxed);
        let count = shape.iter().try_fold(1_u64, |product, side| {
            product.checked_mul(u64::try_from(*side).unwrap_or(u64::MAX))
        });
        self.parameters.fetch_add(count.unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(Floats { numbers })
    }

    /// The name of the first of these tensors that the file has. Checkpoints name the shared
    /// embedding differently, depending on what saved them.
    pub(super) fn first<'n>(&self, names: &[&'n str]) -> &'n str {
        let found = names.iter().find(|name| self.has(name)).or(names.first());
        found.copied().unwrap_or_default()
    }

    /// Once a model was built: whether every read succeeded, and whether the checkpoint is the one
    /// that the configuration describes. Layers that nobody asked for mean that it is not.
    pub(super) fn finish(&self) -> Result<(), LoadError> {
        for (name, stored) in &self.tensors {
            if let Place::File { file, .. } = &stored.place {
                file.check()?;
            }
            let is_layer = name.starts_with("encoder.block.") || name.starts_with("decoder.block.");
            // T5 v1.0 checkpoints carry a bias for cross-attention that no implementation uses.
            let is_known = name.ends_with("EncDecAttention.relative_attention_bias.weight");
            if is_layer && !is_known && !stored.taken.load(Ordering::Relaxed) {
                let (file, name) = (self.origin.clone(), name.clone());
                return Err(LoadError::UnusedTensor { file, name });
            }
        }
        Ok(())
    }
}

impl Weights<'static> {
    /// Opens the weights of a folder: one safetensors file, or several with their index.
    pub(super) fn open(folder: &Path) -> Result<Option<OnDisk>, LoadError> {
        let Some(files) = safetensors::files(folder)? else { return Ok(None) };
        let origin = match &*files {
            [only] => only.name().to_owned(),
            _ => safetensors::INDEX.to_owned(),
        };
        let (mut tensors, mut opened) = (BTreeMap::new(), Vec::new());
        for file in files {
            let file = Arc::new(file);
            tensors.extend(safetensors::on_disk(&file)?);
            opened.push(file);
        }
        safetensors::check_index(folder, &tensors)?;
        Ok(Some((Self::of(tensors, origin), opened)))
    }
}

#[cfg(test)]
mod tests;
