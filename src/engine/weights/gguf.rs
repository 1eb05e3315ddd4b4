//! GGUF as llama.cpp's converter writes it for T5: tensors under names of its own, perhaps in
//! blocks of small integers, with the configuration and the tokenizer in the same file.
//!
//! Names and keys after `convert_hf_to_gguf.py` and the loader of llama.cpp; candle parses the
//! format and unpacks the blocks. What the file does not say is what llama.cpp takes for granted:
//! distances up to 128, `GELU` where there is a gate and `ReLU` where there is none.

use std::collections::BTreeMap;
use std::io::{Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};

use super::file::WeightFile;
use super::{FloatKind, Kind, Place, Stored, Weights};
use crate::engine::config::Stated;
use crate::engine::error::LoadError;
use crate::engine::tokenizer::{Piece, PieceKind, Pieces};

/// The architecture that this engine runs, as the file calls it.
const ARCHITECTURE: &str = "t5";

/// An open file and its directory.
#[derive(Debug)]
pub(in crate::engine) struct Gguf {
    file: Arc<WeightFile>,
    content: Content,
}

impl Gguf {
    /// Reads the directory of a file.
    pub(in crate::engine) fn open(path: &Path) -> Result<Self, LoadError> {
        let file = WeightFile::open(path)?.ok_or_else(|| LoadError::Unreadable {
            path: path.to_path_buf(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let unreadable = |source| LoadError::Unreadable { path: path.to_path_buf(), source };
        let mut reader = file.reader().map_err(unreadable)?;
        reader.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let content =
            Content::read(&mut reader).map_err(|error| damaged(&file, error.to_string()))?;
        let gguf = Self { file: Arc::new(file), content };
        let architecture = gguf.text("general.architecture").unwrap_or("unknown");
        if architecture != ARCHITECTURE {
            let reason = format!("its architecture is `{architecture}`; `t5` is supported");
            return Err(damaged(&gguf.file, reason));
        }
        if gguf.number("split.count").is_some_and(|count| count > 1) {
            let reason = "it is one part of several; merge them with `llama-gguf-split --merge`";
            return Err(damaged(&gguf.file, reason));
        }
        Ok(gguf)
    }

    pub(in crate::engine) const fn file(&self) -> &Arc<WeightFile> {
        &self.file
    }

    /// The tensors, under the names that Hugging Face gives them.
    pub(in crate::engine) fn weights(&self) -> Result<Weights<'static>, LoadError> {
        // With a gate, what it opens is the second of two matrices; else there is one.
        let up = if self.is_gated() { "DenseReluDense.wi_1" } else { "DenseReluDense.wi" };
        let mut tensors = BTreeMap::new();
        for (name, info) in &self.content.tensor_infos {
            let stored = self.stored(name, info)?;
            tensors.insert(familiar(name, up).unwrap_or_else(|| name.clone()), stored);
        }
        Ok(Weights::of(tensors, self.file.name().to_owned()))
    }

    fn stored(&self, name: &str, info: &TensorInfo) -> Result<Stored<'static>, LoadError> {
        let count = info.shape.elem_count();
        let block = info.ggml_dtype.block_size().max(1);
        if !count.is_multiple_of(block) {
            let reason = format!("tensor `{name}` does not divide into blocks of {block}");
            return Err(damaged(&self.file, reason));
        }
        let length = (count / block).saturating_mul(info.ggml_dtype.type_size());
        let from = self.content.tensor_data_offset.saturating_add(info.offset);
        let end = from.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if end > self.file.length() {
            let (file, found) = (self.file.name().to_owned(), self.file.length());
            return Err(LoadError::Cut { file, expected: end, found });
        }
        let place = Place::File { file: Arc::clone(&self.file), from, length };
        Ok(Stored::new(info.shape.dims().to_vec(), kind(info.ggml_dtype), place))
    }

    fn is_gated(&self) -> bool {
        self.content.tensor_infos.contains_key("enc.blk.0.ffn_gate.weight")
    }

    /// What `config.json` would say.
    pub(in crate::engine) fn stated(&self) -> Result<Stated, LoadError> {
        let need = |key: &str| {
            let key = format!("{ARCHITECTURE}.{key}");
            self.number(&key).ok_or_else(|| damaged(&self.file, format!("it does not say `{key}`")))
        };
        let embedding = self.content.tensor_infos.get("token_embd.weight");
        let vocabulary = embedding.and_then(|info| info.shape.dims().first().copied());
        let vocabulary = vocabulary.ok_or_else(|| LoadError::MissingTensor {
            file: self.file.name().to_owned(),
            name: "token_embd.weight".to_owned(),
        })?;
        let layers = need("block_count")?;
        let or = |key: &str, otherwise| self.number(key).unwrap_or(otherwise);
        let epsilon = |name: &str| self.float(&format!("{ARCHITECTURE}.attention.{name}"));
        Ok(Stated {
            vocabulary,
            width: need("embedding_length")?,
            head_width: need("attention.key_length")?,
            feed_forward: need("feed_forward_length")?,
            encoder_layers: layers,
            decoder_layers: or("t5.decoder_block_count", layers),
            heads: need("attention.head_count")?,
            buckets: need("attention.relative_buckets_count")?,
            epsilon: epsilon("layer_norm_rms_epsilon")
                .or_else(|| epsilon("layer_norm_epsilon"))
                .ok_or_else(|| damaged(&self.file, "it does not say the epsilon of its norms"))?,
            is_gated: self.is_gated(),
            is_tied: !self.content.tensor_infos.contains_key("output.weight"),
            context: or("t5.context_length", 512),
            start: or("t5.decoder_start_token_id", 0),
            end: or("tokenizer.ggml.eos_token_id", 1),
            padding: or("tokenizer.ggml.padding_token_id", 0),
        })
    }

    /// The tokenizer inside.
    pub(in crate::engine) fn pieces(&self) -> Result<Pieces, LoadError> {
        let wrong = |reason: &str| damaged(&self.file, reason);
        if self.text("tokenizer.ggml.model") != Some(ARCHITECTURE) {
            return Err(wrong("its tokenizer is not of the kind that T5 uses"));
        }
        let list = |key: &str| {
            let value = self.content.metadata.get(key);
            value.and_then(|value| value.to_vec().ok()).map(Vec::as_slice).unwrap_or_default()
        };
        let (tokens, scores) = (list("tokenizer.ggml.tokens"), list("tokenizer.ggml.scores"));
        let kinds = list("tokenizer.ggml.token_type");
        if tokens.is_empty() || tokens.len() != scores.len() || tokens.len() != kinds.len() {
            return Err(wrong("tokens, scores and kinds of its tokenizer differ in number"));
        }
        let pieces = tokens.iter().zip(scores).zip(kinds).map(|((token, score), kind)| {
            let text = token.to_string().map_err(|_| wrong("a token is not text"))?.clone();
            let score = score.to_f32().map_err(|_| wrong("a score is not a number"))?;
            let kind = match whole(kind) {
                Some(2) => PieceKind::Unknown,
                Some(3) => PieceKind::Control,
                Some(6) => PieceKind::Byte,
                _ => PieceKind::Text,
            };
            Ok(Piece { text, score: f64::from(score), kind })
        });
        let map = list("tokenizer.ggml.precompiled_charsmap").iter();
        let flag = |key: &str| self.content.metadata.get(key).and_then(|it| it.to_bool().ok());
        Ok(Pieces {
            list: pieces.collect::<Result<_, LoadError>>()?,
            characters: map.filter_map(byte).collect(),
            leading_space: flag("tokenizer.ggml.add_space_prefix").unwrap_or(true),
            single_spaces: flag("tokenizer.ggml.remove_extra_whitespaces").unwrap_or(true),
        })
    }

    /// The licence, if the converter wrote it down.
    pub(in crate::engine) fn licence(&self) -> Option<&str> {
        self.text("general.license")
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.content.metadata.get(key).and_then(|value| value.to_string().ok()).map(String::as_str)
    }

    fn number(&self, key: &str) -> Option<usize> {
        whole(self.content.metadata.get(key)?)
    }

    fn float(&self, key: &str) -> Option<f64> {
        self.content.metadata.get(key)?.to_f32().ok().map(f64::from)
    }
}

/// A whole number of whatever width.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are unsigned, or no numbers")]
fn whole(value: &Value) -> Option<usize> {
    match value {
        Value::I8(number) => usize::try_from(*number).ok(),
        Value::I16(number) => usize::try_from(*number).ok(),
        Value::I32(number) => usize::try_from(*number).ok(),
        Value::I64(number) => usize::try_from(*number).ok(),
        other => other.to_u64().ok().and_then(|number| usize::try_from(number).ok()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a number can be")]
fn byte(value: &Value) -> Option<u8> {
    match value {
        Value::I8(number) => Some(number.cast_unsigned()),
        other => whole(other).and_then(|number| u8::try_from(number).ok()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others are blocks")]
const fn kind(dtype: GgmlDType) -> Kind {
    match dtype {
        GgmlDType::F32 => Kind::Float(FloatKind::F32),
        GgmlDType::F16 => Kind::Float(FloatKind::F16),
        GgmlDType::BF16 => Kind::Float(FloatKind::Bf16),
        other => Kind::Blocks(other),
    }
}

/// The Hugging Face name of a tensor: `dec.blk.3.cross_attn_q.weight` is
/// `decoder.block.3.layer.1.EncDecAttention.q.weight`. `None` for names that T5 does not have.
fn familiar(name: &str, up: &str) -> Option<String> {
    let whole = match name {
        "token_embd.weight" => "shared.weight",
        "output.weight" => "lm_head.weight",
        "enc.output_norm.weight" => "encoder.final_layer_norm.weight",
        "dec.output_norm.weight" => "decoder.final_layer_norm.weight",
        _ => "",
    };
    if !whole.is_empty() {
        return Some(whole.to_owned());
    }
    let (stack, feed_forward, rest) = match name.split_once(".blk.")? {
        ("enc", rest) => ("encoder", 1, rest),
        ("dec", rest) => ("decoder", 2, rest),
        _ => return None,
    };
    let (block, part) = rest.strip_suffix(".weight")?.split_once('.')?;
    let part = if let Some(part) = part.strip_prefix("cross_attn_") {
        format!("1.{}", attention("EncDecAttention", part)?)
    } else if let Some(part) = part.strip_prefix("attn_") {
        format!("0.{}", attention("SelfAttention", part)?)
    } else {
        let dense = match part.strip_prefix("ffn_")? {
            "norm" => "layer_norm",
            "gate" => "DenseReluDense.wi_0",
            "up" => up,
            "down" => "DenseReluDense.wo",
            _ => return None,
        };
        format!("{feed_forward}.{dense}")
    };
    Some(format!("{stack}.block.{block}.layer.{part}.weight"))
}

fn attention(name: &str, part: &str) -> Option<String> {
    match part {
        "norm" => Some("layer_norm".to_owned()),
        "q" | "k" | "v" | "o" => Some(format!("{name}.{part}")),
        "rel_b" => Some(format!("{name}.relative_attention_bias")),
        _ => None,
    }
}

fn damaged(file: &WeightFile, reason: impl Into<String>) -> LoadError {
    LoadError::Damaged { file: file.name().to_owned(), reason: reason.into() }
}
