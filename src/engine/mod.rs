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
mod certainty;
mod config;
mod core;
mod detokenize;
mod digest;
mod embed;
mod error;
mod generate;
mod job;
pub mod manifest;
pub mod probe;
pub mod prompt;
mod queue;
mod run;
mod settings;
mod source;
mod starter;
mod stop;
mod tagger;
mod tokenizer;
mod voice;
mod weights;
mod worker;

use std::sync::Arc;

use tokio::time::Instant;

pub use self::card::{ModelCard, Serves};
pub use self::certainty::Certainty;
pub use self::core::Load;
pub use self::error::{EngineError, LoadError};
pub use self::generate::beam::Patience;
pub use self::generate::guide::Guide;
pub use self::job::{Event, Finish, Generation, Job, Search, Summary};
pub use self::settings::{BackendChoice, DeviceChoice, EngineSettings, Precision};
pub use self::source::{
    AdapterSource, EmbeddedModel, LocalModel, ModelSource, examine, licence_of,
};
pub use self::starter::starter;
pub use self::tagger::{TaggerError, TaggerSettings, TokenTagger};

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

/// Texts as vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// One for each text, in their order.
    pub vectors: Vec<Vec<f32>>,
    /// The tokens of all texts, end tokens included.
    pub input: Tokens,
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
    /// as [`Event::Failed`]. A guide that was not compiled lately may take a tenth of a second.
    pub fn generate(&self, job: Job) -> Result<Generation, EngineError> {
        let core = &self.handle.core;
        job.check(core.settings.batch_max.max(1))?;
        let encoded = core.tokenizer.encode(&job.prompt)?;
        if let Some(unfit) = self.fit(&encoded).refusal {
            return Err(unfit.into());
        }
        let tokens_max = core.output_max(job.new_tokens_max);
        let guide = job.guide.as_ref();
        let guide = guide.map(|guide| core.guides.compile(guide, &core.tokenizer)).transpose()?;
        if let (Some(automaton), Some(guide)) = (&guide, &job.guide) {
            let least = automaton.tokens_min();
            if usize::try_from(least).is_ok_and(|least| least > tokens_max) {
                let name = guide.parameter();
                let range = format!("at least {least}, the shortest answer that `{name}` allows");
                let range = range.into();
                return Err(EngineError::Parameter { parameter: "max_tokens", range });
            }
        }
        let (answer, generation) = Generation::channel(tokens_max, job.choices);
        let (ids, since) = (encoded.ids, Instant::now());
        let waiting = queue::Waiting { job, ids, adapter: self.adapter, guide, answer, since };
        core.queue.push(waiting, core.retry_after())?;
        Ok(generation)
    }

    /// Reads texts into vectors of length 1, as wide as the model: the mean of what its encoder
    /// makes of every token. Texts of like meaning point in like directions.
    pub async fn embed(&self, texts: &[&str]) -> Result<Embedded, EngineError> {
        let core = &self.handle.core;
        let mut ids = Vec::with_capacity(texts.len());
        let mut input = Tokens(0);
        for text in texts {
            let encoded = core.tokenizer.encode(text)?;
            let fit = self.fit(&encoded);
            if let Some(unfit) = fit.refusal {
                return Err(unfit.into());
            }
            input = input + fit.tokens;
            ids.push(encoded.ids);
        }
        let (answer, vectors) = tokio::sync::oneshot::channel();
        core.queue.push_texts(queue::Texts { ids, answer }, core.retry_after())?;
        let vectors = vectors.await.unwrap_or(Err(EngineError::Stopped))?;
        Ok(Embedded { vectors, input })
    }

    /// How many numbers a vector of [`Engine::embed`] has.
    pub fn width(&self) -> usize {
        self.handle.core.config.t5.d_model
    }

    /// How many sequences the engine moves forward together: the most choices or beams of a job.
    pub fn batch_max(&self) -> usize {
        self.handle.core.settings.batch_max.max(1)
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
        // Whoever waits for vectors learns it from the end of the channel.
        let (line, _texts) = self.handle.core.queue.clear();
        for waiting in line {
            waiting.answer.send(Event::Failed(EngineError::Stopped));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
