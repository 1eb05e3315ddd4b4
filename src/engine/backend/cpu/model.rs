//! The packed model: every matrix of a checkpoint, laid out for the kernels.

use candle_nn::Activation;
use rayon::prelude::*;

use super::adapt::Bound;
use super::kernel::{
    Element as _, Float, Form, Gate, Head, Heads, Level, Rounding, Weight, pack, pack_head,
    pack_rows,
};
use crate::engine::adapter::Adapter;
use crate::engine::backend::position::{Gaze, PositionBias};
use crate::engine::config::Config;
use crate::engine::error::LoadError;
use crate::engine::weights::{Floats, Weights};

/// A model, ready to compute with.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) level: Level,
    pub(super) kind: Float,
    pub(super) width: usize,
    pub(super) vocabulary: usize,
    pub(super) heads: Heads,
    /// The width inside the feed-forward part.
    pub(super) hidden: usize,
    pub(super) epsilon: f32,
    pub(super) gate: Gate,
    embedding: Table,
    pub(super) encoder: Vec<EncoderLayer>,
    pub(super) encoder_norm: Vec<f32>,
    pub(super) encoder_bias: PositionBias,
    pub(super) decoder: Vec<DecoderLayer>,
    /// The last norm, with the factor of a tied head in it.
    pub(super) decoder_norm: Vec<f32>,
    pub(super) decoder_bias: PositionBias,
    pub(super) output: Output,
    pub(super) adapters: Vec<Bound>,
}

/// How hidden states become logits.
#[derive(Debug)]
pub(super) enum Output {
    /// In integers: quickly for the best, exactly on demand.
    Planes(Head),
    /// In floats.
    Plain(Weight),
}

/// A matrix, with its number among all matrices of the model.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) weight: Weight,
    pub(super) index: usize,
}

#[derive(Debug)]
pub(super) struct EncoderLayer {
    pub(super) norm: Vec<f32>,
    pub(super) joined: Matrix,
    pub(super) output: Matrix,
    pub(super) feed_forward: FeedForward,
}

#[derive(Debug)]
pub(super) struct DecoderLayer {
    pub(super) norm: Vec<f32>,
    pub(super) joined: Matrix,
    pub(super) output: Matrix,
    pub(super) cross_norm: Vec<f32>,
    pub(super) query: Matrix,
    /// Keys and values of the prompt.
    pub(super) memory: Matrix,
    pub(super) cross_output: Matrix,
    pub(super) feed_forward: FeedForward,
}

#[derive(Debug)]
pub(super) struct FeedForward {
    pub(super) norm: Vec<f32>,
    pub(super) input: Matrix,
    pub(super) output: Matrix,
}

/// The embedding, to be looked up.
#[derive(Debug)]
enum Table {
    /// With a step per token.
    Int8(Vec<i8>, Vec<f32>),
    Bf16(Vec<u16>),
    F32(Vec<f32>),
}

/// Reads and packs; counts the matrices.
struct Packer<'a, 'w> {
    weights: &'a Weights<'w>,
    kind: Float,
    level: Level,
    /// The tensors of each matrix so far, with the first output of each.
    parts: Vec<Vec<(String, usize)>>,
}

impl Packer<'_, '_> {
    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, LoadError> {
        Ok(self.weights.floats(name, &[length])?.to_vec())
    }

    /// Matrices with the same inputs, one below the other.
    fn matrix(
        &mut self,
        names: &[String],
        outputs: usize,
        inputs: usize,
    ) -> Result<Matrix, LoadError> {
        let mut parts = Vec::with_capacity(names.len());
        for name in names {
            parts.push((
                self.weights.floats(&format!("{name}.weight"), &[outputs, inputs])?,
                outputs,
            ));
        }
        let weight = pack(&parts, inputs, self.kind, self.level);
        let index = self.parts.len();
        let tensors = names.iter().enumerate();
        self.parts.push(tensors.map(|(at, name)| (name.clone(), at * outputs)).collect());
        Ok(Matrix { weight, index })
    }

    fn feed_forward(&mut self, name: &str, config: &Config) -> Result<FeedForward, LoadError> {
        let (width, hidden) = (config.t5.d_model, config.t5.d_ff);
        let dense = |part: &str| format!("{name}.DenseReluDense.{part}");
        let inputs = if config.t5.feed_forward_proj.gated {
            vec![dense("wi_0"), dense("wi_1")]
        } else {
            vec![dense("wi")]
        };
        Ok(FeedForward {
            norm: self.vector(&format!("{name}.layer_norm.weight"), width)?,
            input: self.matrix(&inputs, hidden, width)?,
            output: self.matrix(&[dense("wo")], width, hidden)?,
        })
    }

    fn encoder_layer(&mut self, index: usize, config: &Config) -> Result<EncoderLayer, LoadError> {
        let (width, inner) = (config.t5.d_model, config.inner());
        let name = format!("encoder.block.{index}.layer");
        let part = |part: &str| format!("{name}.0.SelfAttention.{part}");
        Ok(EncoderLayer {
            norm: self.vector(&format!("{name}.0.layer_norm.weight"), width)?,
            joined: self.matrix(&["q", "k", "v"].map(part), inner, width)?,
            output: self.matrix(&[part("o")], width, inner)?,
            feed_forward: self.feed_forward(&format!("{name}.1"), config)?,
        })
    }

    fn decoder_layer(&mut self, index: usize, config: &Config) -> Result<DecoderLayer, LoadError> {
        let (width, inner) = (config.t5.d_model, config.inner());
        let name = format!("decoder.block.{index}.layer");
        let part = |part: &str| format!("{name}.0.SelfAttention.{part}");
        let cross = |part: &str| format!("{name}.1.EncDecAttention.{part}");
        Ok(DecoderLayer {
            norm: self.vector(&format!("{name}.0.layer_norm.weight"), width)?,
            joined: self.matrix(&["q", "k", "v"].map(part), inner, width)?,
            output: self.matrix(&[part("o")], width, inner)?,
            cross_norm: self.vector(&format!("{name}.1.layer_norm.weight"), width)?,
            query: self.matrix(&[cross("q")], inner, width)?,
            memory: self.matrix(&["k", "v"].map(cross), inner, width)?,
            cross_output: self.matrix(&[cross("o")], width, inner)?,
            feed_forward: self.feed_forward(&format!("{name}.2"), config)?,
        })
    }
}

impl Model {
    /// Packs a checkpoint.
    pub(super) fn load(
        weights: &Weights<'_>,
        config: &Config,
        (kind, level): (Float, Level),
        adapters: &[Adapter],
    ) -> Result<Self, LoadError> {
        let (vocabulary, width) = (config.t5.vocab_size, config.t5.d_model);
        let mut packer = Packer { weights, kind, level, parts: Vec::new() };
        let names = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
        let shared = weights.floats(weights.first(&names), &[vocabulary, width])?;
        let mut decoder_norm = packer.vector("decoder.final_layer_norm.weight", width)?;
        let head = if config.t5.tie_word_embeddings {
            let scale = float(width).sqrt().recip();
            for number in &mut decoder_norm {
                *number *= scale;
            }
            shared.clone()
        } else {
            weights.floats("lm_head.weight", &[vocabulary, width])?
        };
        let output = match kind {
            Float::Int8 | Float::Int4 => {
                Output::Planes(pack_head(&head, (vocabulary, width), level))
            }
            Float::Bf16 | Float::F32 => {
                Output::Plain(pack(&[(head, vocabulary)], width, kind, level))
            }
        };
        let embedding = match kind {
            Float::F32 => Table::F32(shared.to_vec()),
            Float::Bf16 => Table::Bf16(halved(&shared, vocabulary, width)),
            Float::Int8 | Float::Int4 => {
                let (quants, steps) = pack_rows(&shared, (vocabulary, width), level);
                Table::Int8(quants, steps)
            }
        };
        let bias = |stack: &str, gaze| {
            let name = "block.0.layer.0.SelfAttention.relative_attention_bias.weight";
            PositionBias::load(weights, &format!("{stack}.{name}"), config, gaze)
        };
        let encoder = (0..config.t5.num_layers)
            .map(|index| packer.encoder_layer(index, config))
            .collect::<Result<_, _>>()?;
        let decoder = (0..config.decoder_layers)
            .map(|index| packer.decoder_layer(index, config))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            level,
            kind,
            width,
            vocabulary,
            heads: Heads { count: config.t5.num_heads, width: config.t5.d_kv },
            hidden: config.t5.d_ff,
            epsilon: config.norm_epsilon,
            gate: gate(config)?,
            embedding,
            encoder,
            encoder_norm: packer.vector("encoder.final_layer_norm.weight", width)?,
            encoder_bias: bias("encoder", Gaze::BothWays)?,
            decoder,
            decoder_norm,
            decoder_bias: bias("decoder", Gaze::Back)?,
            output,
            adapters: adapters.iter().map(|it| Bound::bind(it, &packer.parts)).collect(),
        })
    }

    /// What its matrices multiply.
    pub(super) const fn form(&self) -> Form {
        match self.kind {
            Float::Int8 | Float::Int4 => Form::Quants,
            Float::Bf16 | Float::F32 => Form::Floats,
        }
    }

    /// How exact attention has to be.
    pub(super) const fn rounding(&self) -> Rounding {
        match self.kind {
            Float::F32 => Rounding::Exact,
            Float::Int8 | Float::Int4 | Float::Bf16 => Rounding::Bf16,
        }
    }

    /// Writes the embedding of a token; false if there is no such token.
    pub(super) fn embed(&self, id: u32, out: &mut [f32]) -> bool {
        let Ok(id) = usize::try_from(id) else { return false };
        let part = id.saturating_mul(self.width)..id.saturating_add(1).saturating_mul(self.width);
        match &self.embedding {
            Table::F32(numbers) => numbers.get(part).is_some_and(|row| {
                for (out, number) in out.iter_mut().zip(row) {
                    *out = *number;
                }
                true
            }),
            Table::Int8(quants, steps) => {
                let row = quants.get(part).zip(steps.get(id));
                row.is_some_and(|(row, step)| {
                    for (out, quant) in out.iter_mut().zip(row) {
                        *out = f32::from(*quant) * step;
                    }
                    true
                })
            }
            Table::Bf16(numbers) => numbers.get(part).is_some_and(|row| {
                for (out, number) in out.iter_mut().zip(row) {
                    *out = number.to_f32();
                }
                true
            }),
        }
    }

    /// The memory that the weights take.
    pub(super) fn bytes(&self) -> usize {
        let feed_forward = |part: &FeedForward| {
            part.input.weight.bytes() + part.output.weight.bytes() + part.norm.len() * 4
        };
        let encoder = self.encoder.iter().map(|layer| {
            layer.joined.weight.bytes()
                + layer.output.weight.bytes()
                + layer.norm.len() * 4
                + feed_forward(&layer.feed_forward)
        });
        let decoder = self.decoder.iter().map(|layer| {
            let matrices =
                [&layer.joined, &layer.output, &layer.query, &layer.memory, &layer.cross_output];
            let bytes: usize = matrices.iter().map(|matrix| matrix.weight.bytes()).sum();
            bytes
                + (layer.norm.len() + layer.cross_norm.len()) * 4
                + feed_forward(&layer.feed_forward)
        });
        let output = match &self.output {
            Output::Planes(head) => head.bytes(),
            Output::Plain(weight) => weight.bytes(),
        };
        let embedding = match &self.embedding {
            Table::Int8(quants, steps) => quants.len() + steps.len() * 4,
            Table::Bf16(numbers) => numbers.len() * 2,
            Table::F32(numbers) => numbers.len() * 4,
        };
        encoder.sum::<usize>() + decoder.sum::<usize>() + output + embedding
    }
}

/// The upper halves of a matrix, to nearest.
fn halved(floats: &Floats<'_>, rows: usize, width: usize) -> Vec<u16> {
    let mut out = vec![0; rows * width];
    out.par_chunks_mut(width.max(1) * 64).enumerate().for_each(|(chunk, out)| {
        let mut numbers = Vec::new();
        floats.read(chunk * width * 64, out.len(), &mut numbers);
        out.iter_mut().zip(&numbers).for_each(|(out, number)| *out = u16::from_f32(*number));
    });
    out
}

/// The gate that the configuration names.
fn gate(config: &Config) -> Result<Gate, LoadError> {
    let proj = &config.t5.feed_forward_proj;
    match (proj.gated, proj.activation) {
        (true, Activation::NewGelu) => Ok(Gate::Gelu),
        (true, Activation::Relu) => Ok(Gate::Relu),
        (false, Activation::Relu) => Ok(Gate::PlainRelu),
        (false, Activation::NewGelu) => Ok(Gate::PlainGelu),
        (_, other) => Err(LoadError::Config {
            reason: format!(
                "`feed_forward_proj` is {other:?}, which the `cpu` backend does not compute; use `backend: candle`"
            ),
        }),
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a model width is small")]
fn float(width: usize) -> f32 {
    width as f32
}
