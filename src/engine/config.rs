//! Reads `config.json` with candle-transformers' own type and refuses what the graph cannot run.

use candle_nn::Activation;
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
    /// What it was loaded from before it was saved here: a name on the hub, or somebody's path.
    pub(super) origin: Option<String>,
}

/// The fields that candle's type leaves out, or has other defaults for.
#[derive(Deserialize)]
struct Extra {
    n_positions: Option<usize>,
    model_type: Option<String>,
    #[serde(rename = "_name_or_path")]
    origin: Option<String>,
    tie_word_embeddings: Option<bool>,
    /// What transformers 5 writes in place of an untied head: there, every head is called tied.
    scale_decoder_outputs: Option<bool>,
}

impl Extra {
    /// Whether the head is the embedding used backwards. mT5 says nothing and has a head of its own.
    fn is_tied(&self) -> bool {
        let otherwise = self.model_type.as_deref() != Some("mt5");
        self.scale_decoder_outputs != Some(false) && self.tie_word_embeddings.unwrap_or(otherwise)
    }
}

/// A configuration as a file states it that is not `config.json`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stated {
    pub(super) vocabulary: usize,
    pub(super) width: usize,
    pub(super) head_width: usize,
    pub(super) feed_forward: usize,
    pub(super) encoder_layers: usize,
    pub(super) decoder_layers: usize,
    pub(super) heads: usize,
    pub(super) buckets: usize,
    pub(super) epsilon: f64,
    /// Gated GELU as in T5 v1.1; else plain `ReLU` as in v1.0.
    pub(super) is_gated: bool,
    pub(super) is_tied: bool,
    pub(super) context: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) padding: usize,
}

impl Config {
    /// Reads and checks the bytes of `config.json`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LoadError> {
        let unreadable = |error: serde_json::Error| wrong(error.to_string());
        let extra: Extra = serde_json::from_slice(bytes).map_err(unreadable)?;
        let kind = extra.model_type.as_deref().filter(|kind| !matches!(*kind, "t5" | "mt5"));
        if let Some(kind) = kind {
            return Err(wrong(format!("`model_type` is `{kind}`; `t5` is supported")));
        }
        let mut t5: t5::Config = serde_json::from_slice(bytes).map_err(unreadable)?;
        t5.tie_word_embeddings = extra.is_tied();
        Ok(Self { origin: extra.origin, ..Self::checked(t5, extra.n_positions)? })
    }

    /// Checks what another file states.
    pub(super) fn of(stated: &Stated) -> Result<Self, LoadError> {
        let (gated, activation) =
            if stated.is_gated { (true, Activation::NewGelu) } else { (false, Activation::Relu) };
        let t5 = t5::Config {
            vocab_size: stated.vocabulary,
            d_model: stated.width,
            d_kv: stated.head_width,
            d_ff: stated.feed_forward,
            num_layers: stated.encoder_layers,
            num_decoder_layers: Some(stated.decoder_layers),
            num_heads: stated.heads,
            relative_attention_num_buckets: stated.buckets,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: stated.epsilon,
            feed_forward_proj: t5::ActivationWithOptionalGating { gated, activation },
            tie_word_embeddings: stated.is_tied,
            pad_token_id: stated.padding,
            eos_token_id: stated.end,
            decoder_start_token_id: Some(stated.start),
            ..t5::Config::default()
        };
        Self::checked(t5, Some(stated.context))
    }

    fn checked(t5: t5::Config, context: Option<usize>) -> Result<Self, LoadError> {
        let decoder_layers = t5.num_decoder_layers.unwrap_or(t5.num_layers);
        let sizes = [t5.vocab_size, t5.d_model, t5.d_kv, t5.d_ff, t5.num_layers, decoder_layers];
        if sizes.iter().any(|size| *size == 0 || *size > 1 << 24) || t5.num_heads == 0 {
            return Err(wrong("a size is zero or absurdly large"));
        }
        if !t5.is_encoder_decoder {
            return Err(wrong("`is_encoder_decoder` is false, so it cannot generate text"));
        }
        let context_tokens = context.unwrap_or(CONTEXT_TOKENS_DEFAULT).max(2);
        let start = t5.decoder_start_token_id.unwrap_or(t5.pad_token_id);
        Ok(Self {
            context_tokens,
            decoder_layers,
            start_id: token(start, t5.vocab_size, "decoder_start_token_id")?,
            end_id: token(t5.eos_token_id, t5.vocab_size, "eos_token_id")?,
            buckets: buckets(&t5)?,
            norm_epsilon: narrow(t5.layer_norm_epsilon),
            origin: None,
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
