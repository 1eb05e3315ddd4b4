//! What can go wrong when a model is loaded and when it answers, in sentences for people.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use crate::money::Tokens;

/// Why a model could not be loaded. Every variant names the file or tensor at fault.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file of the model folder is not there.
    #[error("the model folder `{}` has no `{file}`; a Hugging Face folder with config.json, tokenizer.json and model.safetensors is needed", folder.display())]
    MissingFile {
        /// The folder that was searched.
        folder: PathBuf,
        /// The name of the file.
        file: &'static str,
    },
    /// The folder has several GGUF files and nothing says which one is meant.
    #[error("the model folder `{}` has {count} GGUF files; name one of them instead", folder.display())]
    Several {
        /// The folder that was searched.
        folder: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// One of the files that the weights are split into is not there.
    #[error("the model folder `{}` has no `{file}`, which its index names; fetch the model again", folder.display())]
    MissingShard {
        /// The folder that was searched.
        folder: PathBuf,
        /// The name of the file.
        file: String,
    },
    /// A file is there but cannot be read.
    #[error("`{}` could not be read; check its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `config.json` is not a configuration of a T5 model that this engine can run.
    #[error("config.json does not describe a T5 model that can be served: {reason}")]
    Config {
        /// What is wrong with it.
        reason: String,
    },
    /// `tokenizer.json` cannot be used.
    #[error("tokenizer.json cannot be used: {reason}")]
    Tokenizer {
        /// What is wrong with it.
        reason: String,
    },
    /// A file of weights is damaged, or no file of weights at all.
    #[error("`{file}` is damaged or of another format ({reason}); fetch the model again")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of weights ends too early.
    #[error(
        "`{file}` is cut short: {found} bytes where its directory promises {expected}; fetch the model again"
    )]
    Cut {
        /// The file.
        file: String,
        /// Where it should end at the earliest.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
    /// Somebody wrote to a file while it was read.
    #[error("`{}` changed while it was read; load the model again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The weights lack a tensor that the configuration asks for.
    #[error(
        "`{file}` has no tensor `{name}`; config.json and the weights belong to different models"
    )]
    MissingTensor {
        /// The file.
        file: String,
        /// The name of the tensor.
        name: String,
    },
    /// The weights have a layer that the configuration does not ask for.
    #[error(
        "`{file}` has a tensor `{name}` that config.json does not ask for; they belong to different models"
    )]
    UnusedTensor {
        /// The file.
        file: String,
        /// The name of the tensor.
        name: String,
    },
    /// A digest is recorded, and the file has another.
    #[error(
        "the SHA-256 of {what} is {found}, but {record} says {expected}; fetch the model again, or correct the record"
    )]
    Digest {
        /// The file at fault.
        what: String,
        /// Where the digest is recorded.
        record: &'static str,
        /// What is recorded.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The licence is not on the list of those that may be served.
    #[error(
        "the licence of model `{name}` is `{licence}`, and `licences_allowed` has only: {allowed}"
    )]
    Licence {
        /// The model.
        name: String,
        /// Its licence.
        licence: String,
        /// The list.
        allowed: String,
    },
    /// An adapter cannot be used with its model.
    #[error("adapter `{name}` cannot be used: {reason}")]
    Adapter {
        /// The adapter.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error(
        "tensor `{name}` has shape {found:?} where config.json asks for {expected:?}; they belong to different models"
    )]
    Shape {
        /// The name of the tensor.
        name: String,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor holds numbers of a kind that is not supported.
    #[error("tensor `{name}` holds {kind} numbers; f32, f16 and bf16 are supported")]
    NumberKind {
        /// The name of the tensor.
        name: String,
        /// The kind as the file names it.
        kind: String,
    },
    /// What should compute is not in this build.
    #[error("the `{name}` backend is not in this build; choose another `backend`")]
    NoBackend {
        /// The backend.
        name: &'static str,
    },
    /// The threads of the engine could not be started.
    #[error(
        "the engine's threads could not be started; lower `threads` or raise the process limit"
    )]
    Threads {
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The numeric library refused the weights.
    #[error("the weights could not be prepared for this machine")]
    Prepare {
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<candle_core::Error> for LoadError {
    fn from(error: candle_core::Error) -> Self {
        Self::Prepare { source: Box::new(error) }
    }
}

/// Why the engine gave no answer, or no whole one.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The model could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The queue is full, or the request waited in it for too long. Try again, or elsewhere.
    #[error("the local engine is busy: {queue} requests are waiting; try again shortly")]
    Overloaded {
        /// How many requests are waiting.
        queue: usize,
        /// When there may be room.
        retry_after: Duration,
    },
    /// The prompt does not fit into the model.
    #[error("the prompt has {tokens} tokens and the local model reads at most {max}; shorten it")]
    TooLong {
        /// The prompt's length.
        tokens: Tokens,
        /// What the model reads.
        max: Tokens,
    },
    /// Too much of the prompt is outside the model's vocabulary.
    #[error("the local model cannot represent {:.0}% of this text; use a model for this language or format", unk_ratio * 100.0)]
    Unrepresentable {
        /// The share of the text, 0 to 1, that the tokenizer cannot represent.
        unk_ratio: f32,
    },
    /// A parameter of the request is outside its range.
    #[error("`{parameter}` must be {range}")]
    Parameter {
        /// The parameter.
        parameter: &'static str,
        /// What is legal.
        range: Cow<'static, str>,
    },
    /// What the answer should look like cannot be kept to.
    #[error("`{parameter}` {reason}")]
    Guide {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The request's own deadline passed before the answer was whole.
    #[error("the local model did not finish in the time allowed; ask for fewer tokens")]
    TimedOut,
    /// The engine was stopped.
    #[error("the local engine was stopped; try again elsewhere")]
    Stopped,
    /// The numbers went wrong: a damaged checkpoint, or a fault in a numeric library.
    #[error(
        "the local model could not compute an answer; check the checkpoint with `models probe`"
    )]
    Computation {
        /// What the numeric library said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl EngineError {
    /// A model has no adapter of this name.
    pub fn no_adapter(name: &str) -> Self {
        let reason = "its model was loaded without it".to_owned();
        Self::Load(LoadError::Adapter { name: name.to_owned(), reason })
    }

    /// A fault that has no error value of a library behind it.
    pub(super) fn computation(what: &'static str) -> Self {
        Self::Computation { source: what.into() }
    }
}

impl From<candle_core::Error> for EngineError {
    fn from(error: candle_core::Error) -> Self {
        Self::Computation { source: Box::new(error) }
    }
}
