//! Our own backend for processors: weights packed once for the machine, kernels chosen at run time.
//!
//! All sequences of a step go through each matrix together, so that its weights are read once for
//! all of them; attention is each sequence's own affair, so texts lie one behind the other without padding or
//! masks, and nothing a neighbour does can change a number. Keys and values of the prompt are
//! computed once. The team of threads works on one step at a time, each on its share of every matrix.
//!
//! It does not know what tokens mean, and it has no say in which sequences take part in a step.

mod adapt;
mod kernel;
mod memory;
mod model;
mod reading;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::kernel::{Float, Level};
use self::model::Model;
use self::session::Session;
use super::{Backend, Session as Sequences};
use crate::engine::adapter::Adapter;
use crate::engine::config::Config;
use crate::engine::error::{EngineError, LoadError};
use crate::engine::settings::{EngineSettings, Precision};
use crate::engine::weights::Weights;

/// The least width of a model that is kept in 8 bits unless told otherwise: flan-t5-small's.
const WIDE: usize = 512;

/// A loaded model.
#[derive(Debug)]
pub(in crate::engine) struct Cpu {
    model: Arc<Model>,
    threads: usize,
}

impl Cpu {
    /// Packs a checkpoint. The threads of the settings compute each step together.
    pub(in crate::engine) fn load(
        weights: &Weights<'_>,
        config: &Config,
        settings: &EngineSettings,
        adapters: &[Adapter],
    ) -> Result<Self, LoadError> {
        Self::load_for(Level::detect(), weights, config, settings, adapters)
    }

    /// Packs a checkpoint for kernels of a given level.
    fn load_for(
        level: Level,
        weights: &Weights<'_>,
        config: &Config,
        settings: &EngineSettings,
        adapters: &[Adapter],
    ) -> Result<Self, LoadError> {
        let kind = match settings.weights {
            Precision::Auto if config.t5.d_model < WIDE => Float::Bf16,
            Precision::Auto | Precision::Int8 => Float::Int8,
            Precision::Int4 => Float::Int4,
            Precision::Bf16 => Float::Bf16,
            Precision::F32 => Float::F32,
        };
        Ok(Self {
            model: Arc::new(Model::load(weights, config, (kind, level), adapters)?),
            threads: settings.threads,
        })
    }
}

impl Backend for Cpu {
    fn open(self: Arc<Self>, slots: usize) -> Result<Box<dyn Sequences>, EngineError> {
        let model = Arc::clone(&self.model);
        Ok(match self.model.kind {
            Float::F32 => Box::new(Session::<f32>::open(model, self.threads, slots)?),
            Float::Int8 | Float::Int4 | Float::Bf16 => {
                Box::new(Session::<u32>::open(model, self.threads, slots)?)
            }
        })
    }

    fn bytes(&self) -> usize {
        self.model.bytes()
    }

    fn describe(&self) -> String {
        let kind = match self.model.kind {
            Float::Int8 => "int8",
            Float::Int4 => "int4",
            Float::Bf16 => "bf16",
            Float::F32 => "f32",
        };
        format!("cpu {kind} {}", self.model.level.name())
    }
}
