//! The T5 graph on candle's tensors: encode a prompt once, then decode token by token.
//!
//! candle-transformers' own graph uses the encoder's position buckets in the decoder, computes the
//! keys and values of the prompt anew at every step and keeps the one cache inside the model, so
//! it is wrong from the tenth token on and cannot serve two requests. Here the weights are
//! immutable and shared; a [`Decoding`] owns everything that belongs to one answer.
//!
//! It computes one sequence at a time in f32 on any device that candle knows, and is the reference
//! that the other backend's numbers are held against.

mod attention;
mod block;
mod projection;
mod session;

use candle_core::{Device, Tensor};

use block::{DecoderLayer, EncoderLayer, LayerState, Norm};
use projection::{Parts, project};

use super::position::{Gaze, PositionBias};
use crate::engine::adapter::Adapter;
use crate::engine::config::Config;
use crate::engine::error::{EngineError, LoadError};
use crate::engine::settings::DeviceChoice;
use crate::engine::weights::Weights;

/// A loaded model. Immutable: any number of generations may share it.
#[derive(Debug)]
pub(in crate::engine) struct T5 {
    embedding: Tensor,
    encoder: Vec<EncoderLayer>,
    encoder_bias: PositionBias,
    encoder_norm: Norm,
    decoder: Vec<DecoderLayer>,
    decoder_bias: PositionBias,
    decoder_norm: Norm,
    head: Head,
    parameters: usize,
    /// What computes, for people.
    name: String,
}

/// How hidden states become logits.
#[derive(Debug)]
enum Head {
    /// The embedding is used backwards, and the hidden state is scaled down first.
    Tied { scale: f64 },
    /// A matrix of its own.
    Own(Tensor),
}

/// One generation: its caches and its place in them.
#[derive(Debug)]
pub(in crate::engine) struct Decoding {
    layers: Vec<LayerState>,
    /// The biases from the last possible place back to the first; see [`PositionBias::looking_back`].
    bias: Tensor,
    steps_max: usize,
    seen: usize,
    adapter: Option<usize>,
}

/// A prompt between two layers of the encoder.
#[derive(Debug)]
struct Reading {
    x: Tensor,
    bias: Tensor,
    layers: usize,
    adapter: Option<usize>,
}

impl Decoding {
    /// A generation that has come as far as this one and goes its own way from here.
    fn fork(&self) -> candle_core::Result<Self> {
        let layers = self.layers.iter().map(|layer| layer.fork(self.steps_max));
        Ok(Self {
            layers: layers.collect::<candle_core::Result<_>>()?,
            bias: self.bias.clone(),
            steps_max: self.steps_max,
            seen: self.seen,
            adapter: self.adapter,
        })
    }

    /// The memory that it takes, in bytes.
    fn bytes(&self) -> usize {
        self.layers.iter().map(LayerState::bytes).sum()
    }
}

impl T5 {
    /// Builds the graph from a checkpoint.
    #[cfg(test)]
    pub(in crate::engine) fn load(
        weights: &Weights<'_>,
        config: &Config,
    ) -> Result<Self, LoadError> {
        Self::load_adapted(weights, config, &[], DeviceChoice::Cpu)
    }

    /// Builds the graph with adapters, which sequences choose by their place in the list.
    pub(in crate::engine) fn load_adapted(
        weights: &Weights<'_>,
        config: &Config,
        adapters: &[Adapter],
        device: DeviceChoice,
    ) -> Result<Self, LoadError> {
        let (device, device_name) = match device {
            DeviceChoice::Cpu => (Device::Cpu, "candle f32".to_owned()),
            DeviceChoice::Cuda(card) => {
                (Device::new_cuda(card)?, format!("candle f32 cuda:{card}"))
            }
            DeviceChoice::Metal => (Device::new_metal(0)?, "candle f32 metal".to_owned()),
        };
        let parts = &Parts { weights, config, adapters, device: &device };
        let shape = [config.t5.vocab_size, config.t5.d_model];
        let names = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
        let bias = |stack: &str, gaze| {
            let name = "block.0.layer.0.SelfAttention.relative_attention_bias.weight";
            PositionBias::load(weights, &format!("{stack}.{name}"), config, gaze)
        };
        let head = if config.t5.tie_word_embeddings {
            Head::Tied { scale: as_f64(config.t5.d_model).sqrt().recip() }
        } else {
            Head::Own(parts.get("lm_head.weight", &shape)?)
        };
        Ok(Self {
            embedding: parts.get(weights.first(&names), &shape)?,
            encoder: (0..config.t5.num_layers)
                .map(|index| EncoderLayer::load(parts, index))
                .collect::<Result<_, _>>()?,
            encoder_bias: bias("encoder", Gaze::BothWays)?,
            encoder_norm: Norm::load(parts, "encoder.final_layer_norm.weight")?,
            decoder: (0..config.decoder_layers)
                .map(|index| DecoderLayer::load(parts, index))
                .collect::<Result<_, _>>()?,
            decoder_bias: bias("decoder", Gaze::Back)?,
            decoder_norm: Norm::load(parts, "decoder.final_layer_norm.weight")?,
            head,
            parameters: usize::try_from(weights.parameters()).unwrap_or(usize::MAX),
            name: device_name,
        })
    }

    /// The number of logits.
    pub(in crate::engine) fn vocabulary(&self) -> usize {
        self.embedding.dim(0).unwrap_or_default()
    }

    /// Reads a prompt: places × width.
    pub(in crate::engine) fn encode(&self, ids: &[u32]) -> Result<Tensor, EngineError> {
        self.encode_adapted(ids, None)
    }

    /// Reads a prompt with one of the adapters: places × width.
    pub(in crate::engine) fn encode_adapted(
        &self,
        ids: &[u32],
        adapter: Option<usize>,
    ) -> Result<Tensor, EngineError> {
        let mut reading = self.look(ids, adapter)?;
        while !self.read_layer(&mut reading)? {}
        Ok(reading.x)
    }

    /// Begins to read a prompt.
    fn look(&self, ids: &[u32], adapter: Option<usize>) -> Result<Reading, EngineError> {
        let vocabulary = self.embedding.dim(0)?;
        if ids.is_empty() || ids.iter().any(|id| !is_inside(*id, vocabulary)) {
            return Err(EngineError::computation("a prompt token is outside the vocabulary"));
        }
        let device = self.embedding.device();
        let ids = Tensor::new(ids, device)?;
        let bias = square(&self.encoder_bias, ids.dim(0)?, device)?;
        let x = self.embedding.index_select(&ids, 0)?;
        Ok(Reading { x, bias, layers: 0, adapter })
    }

    /// Takes a prompt through the next layer; whether it is read.
    fn read_layer(&self, reading: &mut Reading) -> Result<bool, EngineError> {
        if let Some(layer) = self.encoder.get(reading.layers) {
            reading.x = layer.whole(&reading.x, &reading.bias, reading.adapter)?;
            reading.layers += 1;
        }
        let is_read = reading.layers >= self.encoder.len();
        if is_read {
            reading.x = self.encoder_norm.apply(&reading.x)?;
        }
        Ok(is_read)
    }

    /// Starts an answer of at most `steps_max` steps to an encoded prompt.
    #[cfg(test)]
    pub(in crate::engine) fn begin(
        &self,
        encoded: &Tensor,
        steps_max: usize,
    ) -> Result<Decoding, EngineError> {
        self.begin_adapted(encoded, steps_max, None)
    }

    /// Starts an answer with the adapter that the prompt was encoded with.
    pub(in crate::engine) fn begin_adapted(
        &self,
        encoded: &Tensor,
        steps_max: usize,
        adapter: Option<usize>,
    ) -> Result<Decoding, EngineError> {
        let steps_max = steps_max.max(1);
        let layers = self.decoder.iter().map(|layer| layer.begin(encoded, steps_max, adapter));
        Ok(Decoding {
            layers: layers.collect::<candle_core::Result<_>>()?,
            bias: looking_back(&self.decoder_bias, steps_max, encoded.device())?,
            steps_max,
            seen: 0,
            adapter,
        })
    }

    /// Feeds one token and returns the logits of the next: one number per vocabulary entry.
    pub(in crate::engine) fn step(
        &self,
        decoding: &mut Decoding,
        id: u32,
    ) -> Result<Tensor, EngineError> {
        if decoding.seen >= decoding.steps_max || !is_inside(id, self.embedding.dim(0)?) {
            return Err(EngineError::computation("a step beyond the end of the answer"));
        }
        decoding.seen += 1;
        let bias = decoding.bias.narrow(2, decoding.steps_max - decoding.seen, decoding.seen)?;
        let mut x = self.embedding.get(index(id))?.unsqueeze(0)?;
        for (layer, state) in self.decoder.iter().zip(&mut decoding.layers) {
            x = layer.next(&x, state, &bias, decoding.adapter)?;
        }
        let x = self.decoder_norm.apply(&x)?;
        let logits = match &self.head {
            Head::Own(weight) => project(&x, weight)?,
            Head::Tied { scale } => project(&(x * *scale)?, &self.embedding)?,
        };
        Ok(logits.squeeze(0)?)
    }
}

/// The biases between all places of a text of this length: heads × queries × keys.
fn square(bias: &PositionBias, length: usize, device: &Device) -> candle_core::Result<Tensor> {
    let (mut numbers, mut heads) = (Vec::new(), 0);
    for diagonal in bias.diagonals(length) {
        heads += 1;
        // A row is a window on one diagonal: it slides by one from query to query.
        for row in diagonal.windows(length).rev() {
            numbers.extend_from_slice(row);
        }
    }
    Tensor::from_vec(numbers, (heads, length, length), device)
}

/// The biases of a last place towards everything before it: heads × 1 × length.
fn looking_back(
    bias: &PositionBias,
    length: usize,
    device: &Device,
) -> candle_core::Result<Tensor> {
    let heads: Vec<Vec<f32>> = bias.looking_back(length).collect();
    let shape = (heads.len(), 1, length);
    Tensor::from_vec(heads.concat(), shape, device)
}

fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

fn is_inside(id: u32, vocabulary: usize) -> bool {
    index(id) < vocabulary
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a model width is small")]
fn as_f64(width: usize) -> f64 {
    width as f64
}

#[cfg(test)]
mod tests;
