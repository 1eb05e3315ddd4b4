//! What the threads of one engine share: the model, its tokenizer, the line and the counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::adapter::{self, Adapter};
use super::backend::Backend;
use super::backend::candle::T5;
use super::backend::cpu::Cpu;
use super::card::{ModelCard, Serves};
use super::config::Config;
use super::error::{EngineError, LoadError};
use super::generate::Guides;
use super::queue::Queue;
use super::settings::{BackendChoice, EngineSettings};
use super::source::{LocalModel, Opened, Words};
use super::tokenizer::Tokenizer;
use super::weights::Weights;
use crate::money::Tokens;

/// One loaded model and everything around it.
#[derive(Debug)]
pub(super) struct Core {
    /// What computes, as the settings chose.
    pub(super) backend: Arc<dyn Backend>,
    pub(super) tokenizer: Tokenizer,
    pub(super) config: Config,
    pub(super) settings: EngineSettings,
    pub(super) card: ModelCard,
    pub(super) queue: Queue,
    pub(super) guides: Guides,
    pub(super) pulse: Pulse,
    stopped: AtomicBool,
}

impl Core {
    /// Loads a model; takes as long as reading and converting the weights does.
    pub(super) fn load(model: &LocalModel, settings: EngineSettings) -> Result<Self, LoadError> {
        let mut opened = Opened::open(model)?;
        let words = std::mem::replace(&mut opened.words, Words::Json((&[]).into()));
        let (weights, config) = (&opened.weights, &opened.config);
        let adapters = adapter::load(&model.adapters, opened.origin(), config)?;
        // The tokenizer is made beside the weights: both take about as long.
        let (tokenizer, backend) = std::thread::scope(|scope| {
            let tokenizer = scope.spawn(|| words.load(config));
            let backend = prepare(weights, config, &settings, &adapters);
            (tokenizer.join(), backend)
        });
        let backend = backend?;
        weights.finish()?;
        let tokenizer = tokenizer.unwrap_or_else(|_| {
            Err(LoadError::Tokenizer { reason: "its reader gave up".to_owned() })
        })?;
        opened.verify(model.sha256.as_deref())?;
        let context_tokens = Tokens::of(config.context_tokens).min(settings.context_tokens_max);
        let card = ModelCard {
            name: opened.name,
            parameters: weights.parameters(),
            bytes: opened.bytes,
            digest: opened.digest,
            licence: opened.licence,
            context_tokens,
            vocabulary: tokenizer.vocabulary(),
            serves: Serves {
                languages: opened.languages,
                input_tokens_max: context_tokens,
                output_tokens_max: settings.new_tokens_max,
            },
            backend: backend.describe(),
            adapters: adapters.into_iter().map(|adapter| adapter.name).collect(),
        };
        card.digest.begin();
        let config = opened.config;
        let queue = Queue::new(settings.queue_max);
        let (guides, pulse) = (Guides::default(), Pulse::default());
        let stopped = AtomicBool::new(false);
        Ok(Self { backend, tokenizer, config, settings, card, queue, guides, pulse, stopped })
    }

    /// How long an answer may get, given what its job asks for.
    pub(super) fn output_max(&self, asked: Tokens) -> usize {
        let tokens = asked.min(self.settings.new_tokens_max).0.max(1);
        usize::try_from(tokens).unwrap_or(usize::MAX)
    }

    /// Whether the engine was told to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Tells the threads to stop at their next step.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.queue.close();
    }

    /// How busy the engine is.
    pub(super) fn load_now(&self) -> Load {
        let queued = self.queue.length();
        let per_answer = Duration::from_micros(self.pulse.answer_micros.load(Ordering::Relaxed));
        let ahead = u32::try_from(queued).unwrap_or(u32::MAX);
        Load {
            queued,
            running: self.pulse.running.load(Ordering::Relaxed),
            finished: self.pulse.finished.load(Ordering::Relaxed),
            cancelled: self.pulse.cancelled.load(Ordering::Relaxed),
            wait_estimate: per_answer.saturating_mul(ahead),
            weights_bytes: self.backend.bytes(),
            arena_bytes: self.pulse.arena.load(Ordering::Relaxed),
        }
    }

    /// When a request that finds no room should come again.
    pub(super) fn retry_after(&self) -> Duration {
        let least = Duration::from_secs(1);
        self.load_now().wait_estimate.clamp(least, self.settings.queue_time_max.max(least))
    }

    /// The refusal of a request that waited for too long.
    pub(super) fn overloaded(&self) -> EngineError {
        let (queue, retry_after) = (self.queue.length(), self.retry_after());
        EngineError::Overloaded { queue, retry_after }
    }
}

/// Builds what computes from a checkpoint.
fn prepare(
    weights: &Weights<'_>,
    config: &Config,
    settings: &EngineSettings,
    adapters: &[Adapter],
) -> Result<Arc<dyn Backend>, LoadError> {
    Ok(match settings.backend {
        BackendChoice::Candle => {
            Arc::new(T5::load_adapted(weights, config, adapters, settings.device)?)
        }
        BackendChoice::Cpu => Arc::new(Cpu::load(weights, config, settings, adapters)?),
    })
}

/// How busy an engine is, and what it has done since it was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Requests in line.
    pub queued: usize,
    /// Answers being generated.
    pub running: usize,
    /// Answers completed.
    pub finished: u64,
    /// Answers given up because nobody wanted them any more.
    pub cancelled: u64,
    /// How long a new request would wait: the line times the recent mean time per answer.
    pub wait_estimate: Duration,
    /// The memory that the weights take.
    pub weights_bytes: usize,
    /// The memory that the sequences took when the last of them joined.
    pub arena_bytes: usize,
}

/// The counters behind [`Load`].
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) running: AtomicUsize,
    pub(super) cancelled: AtomicU64,
    pub(super) arena: AtomicUsize,
    finished: AtomicU64,
    /// A moving mean: each answer counts for an eighth.
    answer_micros: AtomicU64,
}

impl Pulse {
    /// Counts a completed answer.
    pub(super) fn finished(&self, engine_time: Duration) {
        let micros = u64::try_from(engine_time.as_micros()).unwrap_or(u64::MAX);
        let before = self.answer_micros.load(Ordering::Relaxed);
        let mean = if before == 0 { micros } else { before - before / 8 + micros / 8 };
        self.answer_micros.store(mean, Ordering::Relaxed);
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}
