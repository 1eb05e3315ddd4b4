//! The local engine: a T5 model inside this process, for what must not or need not leave it.
//!
//! Load a model, ask whether a prompt fits it, generate. An [`Engine`] is a cheap handle on shared,
//! immutable weights; every answer is a [`Generation`], a bounded stream that cancels when dropped.
//! The engine never fetches anything, keeps no prompt longer than its answer and writes none to a
//! log. It is the only part of Ambidex that names candle. It does not decide what runs here (the
//! policy does) and does not talk to clients (the dialects do).

mod adapter;
mod backend;
mod card;
mod config;
mod core;
mod detokenize;
mod digest;
mod error;
mod job;
pub mod manifest;
pub mod probe;
pub mod prompt;
mod queue;
mod sample;
mod settings;
mod source;
mod starter;
mod stop;
mod tokenizer;
mod weights;
mod worker;

use std::sync::Arc;

use tokio::time::Instant;

pub use self::card::{ModelCard, Serves};
pub use self::core::Load;
pub use self::error::{EngineError, LoadError};
pub use self::job::{Event, Finish, Generation, Job, Summary};
pub use self::sample::Certainty;
pub use self::settings::{BackendChoice, DeviceChoice, EngineSettings, Precision};
pub use self::source::{
    AdapterSource, EmbeddedModel, LocalModel, ModelSource, examine, licence_of,
};
pub use self::starter::starter;

use self::core::Core;
use crate::money::Tokens;

/// A loaded model, ready to answer. Clones share it; the last one to go lets its threads finish
/// what was asked and end.
#[derive(Clone, Debug)]
pub struct Engine {
    handle: Arc<Handle>,
    /// The adapter that this handle answers with.
    adapter: Option<usize>,
}

#[derive(Debug)]
struct Handle {
    core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.queue.close();
    }
}

/// How a prompt suits the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The prompt's tokens, end token included.
    pub tokens: Tokens,
    /// The share of its characters that the tokenizer cannot represent, 0 to 1.
    pub unk_ratio: f32,
    /// Why it would be refused, if it would.
    pub refusal: Option<Unfit>,
}

/// Why a prompt does not suit the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unfit {
    /// It does not fit into the context.
    TooLong {
        /// The prompt's tokens.
        tokens: Tokens,
        /// What the model reads.
        max: Tokens,
    },
    /// Too much of it is outside the vocabulary.
    Unrepresentable {
        /// The share that is, 0 to 1.
        unk_ratio: f32,
    },
}

impl From<Unfit> for EngineError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::TooLong { tokens, max } => Self::TooLong { tokens, max },
            Unfit::Unrepresentable { unk_ratio } => Self::Unrepresentable { unk_ratio },
        }
    }
}

impl Engine {
    /// Loads a model and starts its threads. Blocks while the weights are read and converted to
    /// f32: call it before serving, or off the async threads.
    pub fn load(
        model: impl Into<LocalModel>,
        settings: EngineSettings,
    ) -> Result<Self, EngineError> {
        let core = Arc::new(Core::load(&model.into(), settings)?);
        worker::start(&core)?;
        Ok(Self { handle: Arc::new(Handle { core }), adapter: None })
    }

    /// A handle on the same model that answers with one of its adapters; `None` if it has none of
    /// this name.
    pub fn adapted(&self, name: &str) -> Option<Self> {
        let adapter = self.card().adapters.iter().position(|adapter| adapter == name)?;
        Some(Self { handle: Arc::clone(&self.handle), adapter: Some(adapter) })
    }

    /// The adapter that this handle answers with.
    pub fn adapter(&self) -> Option<&str> {
        self.card().adapters.get(self.adapter?).map(String::as_str)
    }

    /// Whether two handles share one model.
    pub fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.handle, &other.handle)
    }

    /// What the model is.
    pub fn card(&self) -> &ModelCard {
        &self.handle.core.card
    }

    /// Whether a prompt suits the model. Takes time in proportion to the text's length.
    pub fn measure(&self, prompt: &str) -> Result<Fit, EngineError> {
        Ok(self.fit(&self.handle.core.tokenizer.encode(prompt)?))
    }

    fn fit(&self, encoded: &tokenizer::Encoded) -> Fit {
        let tokens = Tokens::of(encoded.ids.len());
        let (unk_ratio, max) = (encoded.unk_ratio, self.card().context_tokens);
        let refusal = if tokens > max {
            Some(Unfit::TooLong { tokens, max })
        } else if unk_ratio > self.handle.core.settings.unk_ratio_max {
            Some(Unfit::Unrepresentable { unk_ratio })
        } else {
            None
        };
        Fit { tokens, unk_ratio, refusal }
    }

    /// Puts a job in line. What can be refused at once is refused here; everything later arrives
    /// as [`Event::Failed`].
    pub fn generate(&self, job: Job) -> Result<Generation, EngineError> {
        let core = &self.handle.core;
        job.check()?;
        let encoded = core.tokenizer.encode(&job.prompt)?;
        if let Some(unfit) = self.fit(&encoded).refusal {
            return Err(unfit.into());
        }
        let (answer, generation) = Generation::channel(core.output_max(job.new_tokens_max));
        let since = Instant::now();
        core.queue.push(queue::Waiting {
            job,
            ids: encoded.ids,
            adapter: self.adapter,
            answer,
            since,
        })?;
        Ok(generation)
    }

    /// What computes and in which numbers.
    pub fn backend(&self) -> String {
        self.handle.core.backend.describe()
    }

    /// How busy the engine is.
    pub fn load_now(&self) -> Load {
        self.handle.core.load_now()
    }

    /// Ends everything: answers in progress fail at their next step, waiting ones at once, new ones
    /// are refused.
    pub fn stop(&self) {
        self.handle.core.stop();
        for waiting in self.handle.core.queue.clear() {
            waiting.answer.send(Event::Failed(EngineError::Stopped));
        }
    }
}

#[cfg(test)]
mod tests;
