//! The engine's limits, each with a default.

use std::time::Duration;

use crate::money::Tokens;

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BackendChoice {
    /// Our kernels, with weights packed for this processor.
    Cpu,
    /// Candle's tensors in f32: the reference.
    Candle,
}

/// The numbers that weights are kept in. Activations are quantised to 8 bits for the integer ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Precision {
    /// 8 bits, or bf16 for models narrower than 512: rounding costs these more, and they are fast anyway.
    Auto,
    /// 8 bits with a scale per output.
    Int8,
    /// 4 bits with a scale per group of inputs of an output.
    Int4,
    /// The upper half of an f32.
    Bf16,
    /// As they come.
    F32,
}

/// Where the `candle` backend computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// On the processor.
    Cpu,
    /// On this NVIDIA card, in builds with the feature `cuda`.
    Cuda(usize),
    /// On Apple's graphics processor, in builds with the feature `metal`.
    Metal,
}

/// How much the engine may use and accept.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// What computes.
    pub backend: BackendChoice,
    /// The numbers that the `cpu` backend keeps its weights in.
    pub weights: Precision,
    /// Where the `candle` backend computes.
    pub device: DeviceChoice,
    /// Threads that compute, together, at the same step. At least one.
    pub threads: usize,
    /// Sequences that are moved forward together; a beam or a choice is a sequence of its own.
    pub batch_max: usize,
    /// Requests that may wait in line; the next is refused as overloaded.
    pub queue_max: usize,
    /// How long a request may wait in line before it is refused as overloaded.
    pub queue_time_max: Duration,
    /// The longest answer.
    pub new_tokens_max: Tokens,
    /// The longest prompt, where the model itself would take a longer one.
    pub context_tokens_max: Tokens,
    /// The share of a prompt's characters that may be outside the vocabulary, 0 to 1. Above it the
    /// model would answer to something that was not asked.
    pub unk_ratio_max: f32,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            backend: BackendChoice::Cpu,
            weights: Precision::Auto,
            device: DeviceChoice::Cpu,
            threads: 1,
            batch_max: 32,
            queue_max: 64,
            queue_time_max: Duration::from_secs(30),
            new_tokens_max: Tokens(256),
            context_tokens_max: Tokens(2048),
            unk_ratio_max: 0.1,
        }
    }
}
