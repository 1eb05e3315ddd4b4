//! Reads `config.json` with candle-transformers' own type and refuses what the graph cannot run.

use candle_transformers::models::t5;
use serde::Deserialize;

use super::error::LoadError;

/// The context length that T5 models were trained with, where the configuration names none.
const CONTEXT_TOKENS_DEFAULT: usize = 512;

/// A checked configuration: what the graph reads from it is in range.
#[derive(Clone, Debug)]
pub(super) struct Config {
    /// The fields that candle knows.
    pub(super) t5: t5::Config,
    /// The longest prompt the model was trained on (`n_positions`). T5 has no hard limit.
    pub(super) context_tokens: usize,
    /// The number of decoder layers.
    pub(super) decoder_layers: usize,
    /// The token that every answer starts from.
    pub(super) start_id: u32,
    /// The token that ends prompts and answers.
    pub(super) end_id: u32,
    /// The position buckets and the farthest distance that has its own.
    pub(super) buckets: (u16, u16),
    /// Added to the mean square before the root in every norm.
    pub(super) norm_epsilon: f32,
}

/// The fields that candle's type leaves out.
#[derive(Deserialize)]
struct Extra {
    n_positions: Option<usize>,
    model_type: Option<String>,
}

impl Config {
    /// Reads and checks the bytes of `config.json`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LoadError> {
        let unreadable = |error: serde_json::Error| wrong(error.to_string());
        let extra: Extra = serde_json::from_slice(bytes).map_err(unreadable)?;
        if let Some(kind) = extra.model_type.filter(|kind| !matches!(&**kind, "t5" | "mt5")) {
            return Err(wrong(format!("`model_type` is `{kind}`; `t5` is supported")));
        }
        let t5: t5::Config = serde_json::from_slice(bytes).map_err(unreadable)?;
        let decoder_layers = t5.num_decoder_layers.unwrap_or(t5.num_layers);
        let sizes = [t5.vocab_size, t5.d_model, t5.d_kv, t5.d_ff, t5.num_layers, decoder_layers];
        if sizes.iter().any(|size| *size == 0 || *size > 1 << 24) || t5.num_heads == 0 {
            return Err(wrong("a size is zero or absurdly large"));
        }
        if !t5.is_encoder_decoder {
            return Err(wrong("`is_encoder_decoder` is false, so it cannot generate text"));
        }
        let context_tokens = extra.n_positions.unwrap_or(CONTEXT_TOKENS_DEFAULT).max(2);
        let start = t5.decoder_start_token_id.unwrap_or(t5.pad_token_id);
        Ok(Self {
            context_tokens,
            decoder_layers,
            start_id: token(start, t5.vocab_size, "decoder_start_token_id")?,
            end_id: token(t5.eos_token_id, t5.vocab_size, "eos_token_id")?,
            buckets: buckets(&t5)?,
            norm_epsilon: narrow(t5.layer_norm_epsilon),
            t5,
        })
    }

    /// The width of all heads together.
    pub(super) fn inner(&self) -> usize {
        self.t5.num_heads.saturating_mul(self.t5.d_kv)
    }
}

fn wrong(reason: impl Into<String>) -> LoadError {
    LoadError::Config { reason: reason.into() }
}

fn token(id: usize, vocabulary: usize, key: &str) -> Result<u32, LoadError> {
    u32::try_from(id)
        .ok()
        .filter(|_| id < vocabulary)
        .ok_or_else(|| wrong(format!("`{key}` is {id}, outside the vocabulary of {vocabulary}")))
}

/// The logarithmic part needs at least one bucket for each direction, and a distance beyond the
/// exact ones to spread over.
fn buckets(config: &t5::Config) -> Result<(u16, u16), LoadError> {
    let key = "relative_attention_num_buckets";
    let count = u16::try_from(config.relative_attention_num_buckets)
        .ok()
        .filter(|count| *count >= 4 && count % 4 == 0)
        .ok_or_else(|| wrong(format!("`{key}` must be a multiple of four")))?;
    let distance = u16::try_from(config.relative_attention_max_distance)
        .ok()
        .filter(|distance| *distance > count / 2)
        .ok_or_else(|| wrong("`relative_attention_max_distance` must exceed half the buckets"))?;
    Ok((count, distance))
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "one in a million")]
fn narrow(value: f64) -> f32 {
    value as f32
}
