//! `ambidex models pull`: a model from the hub, or from a folder, into a folder that `engine` can
//! name.
//!
//! Everything is collected in a hidden folder beside the final one, which appears by a rename at
//! the very end: an interrupted pull leaves nothing that looks like a model, and the next one goes
//! on where it stopped. Every file is held against the digest that the hub states; the licence is
//! looked at before the weights are fetched; what was checked is written down in a manifest, which
//! loading holds the files against again.

mod chosen;
mod hub;
mod offline;
mod stage;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use self::hub::{At, Hub};
use self::stage::Stage;
use super::millions;
use crate::engine::manifest::{Entry, Manifest};
use crate::engine::{LoadError, examine, licence_of};
use crate::secret::Secret;

/// The hub that is asked where no mirror is set.
pub const ENDPOINT: &str = "https://huggingface.co";

/// What to pull, and how.
#[derive(Clone, Debug)]
pub struct PullOptions {
    /// The name on the hub, such as `google/flan-t5-small`.
    pub name: String,
    /// A branch, tag or commit.
    pub revision: String,
    /// The folder to make; by default `models/` and the last part of the name.
    pub to: Option<PathBuf>,
    /// The weights to take, where the model offers several GGUF files.
    pub file: Option<String>,
    /// Import this folder instead of asking the hub.
    pub offline: Option<PathBuf>,
    /// Where the hub, or its mirror, is.
    pub endpoint: String,
    /// The token for private and gated models.
    pub token: Option<Secret>,
    /// The licences that may be pulled; empty means any.
    pub licences_allowed: Vec<String>,
    /// When to give up.
    pub patience: Patience,
}

/// How often and how long to try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Attempts in a row that bring nothing new.
    pub attempts: u32,
    /// The pause after the first; it doubles.
    pub pause: Duration,
    /// The longest silence of a connection, and the longest pause that a hub can ask for.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 5, pause: Duration::from_millis(500), silence: Duration::from_mins(1) }
    }
}

/// Why nothing was pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The name cannot be one.
    #[error("`{0}` is not the name of a model; write it like `google/flan-t5-small`")]
    Name(String),
    /// The mirror's address cannot be used.
    #[error("`{0}` is not the address of a hub; set HF_ENDPOINT to one that begins with https://")]
    Endpoint(String),
    /// The hub does not have it.
    #[error("the hub has no `{what}` ({status}); check name and revision")]
    NotFound {
        /// What was asked for.
        what: String,
        /// What the hub said.
        status: u16,
    },
    /// The hub does not show it to us.
    #[error(
        "the hub does not show `{what}` ({status}): it is private, gated, or does not exist; accept its terms there and set HF_TOKEN"
    )]
    Refused {
        /// What was asked for.
        what: String,
        /// What the hub said.
        status: u16,
    },
    /// The hub is busy or broken.
    #[error("the hub did not serve `{what}` ({status}); try again later")]
    Busy {
        /// What was asked for.
        what: String,
        /// What the hub said.
        status: u16,
    },
    /// There is no connection, or it broke again and again.
    #[error("`{what}` could not be fetched: {reason}; run the same command again to go on")]
    Connection {
        /// What was asked for.
        what: String,
        /// What happened.
        reason: &'static str,
    },
    /// The hub answered with something else than the protocol says.
    #[error("the hub's answer about `{what}` makes no sense: {reason}")]
    Answer {
        /// What was asked for.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// The repository has no model that the engine can load.
    #[error("`{name}` cannot be used: {reason}")]
    Unusable {
        /// The model.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// A file is not what the hub says it is.
    #[error("`{file}` has the digest {found}, but {record} says {expected}; it was thrown away")]
    Digest {
        /// The file.
        file: String,
        /// Who says what it should be.
        record: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The licence is not on the list.
    #[error("the licence of `{name}` is `{licence}`, and `licences_allowed` has only: {allowed}")]
    Licence {
        /// The model.
        name: String,
        /// Its licence.
        licence: String,
        /// The list.
        allowed: String,
    },
    /// Something is in the way.
    #[error("`{}` exists already and is another model; choose another folder with `--to`, or remove it", .0.display())]
    Occupied(PathBuf),
    /// Another pull is at it.
    #[error("another pull is writing to `{}`; wait for it to end", .0.display())]
    Locked(PathBuf),
    /// A file cannot be written or read.
    #[error("`{}` could not be used: {source}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What came is no model.
    #[error("what was pulled cannot be loaded: {0}")]
    Model(#[from] LoadError),
    /// The client cannot be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(reqwest::Error),
}

impl PullError {
    fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        |source| Self::Disk { path, source }
    }
}

/// What was pulled, and where to.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Its folder.
    pub folder: PathBuf,
    /// Its record.
    pub manifest: Manifest,
    /// Whether it was there before.
    pub was_there: bool,
}

/// Pulls a model; says on `out` where it is.
pub async fn pull(options: &PullOptions, out: &mut dyn Write) -> Result<Pulled, PullError> {
    let begun = Instant::now();
    let short = short_name(&options.name)?;
    let folder = options.to.clone().unwrap_or_else(|| Path::new("models").join(short));
    let stage = Stage::open(&folder)?;
    let pulled = match &options.offline {
        Some(from) => offline::import(options, from, &stage)?,
        None => online(options, &stage).await?,
    };
    let Manifest { name, revision, licence, files } = &pulled.manifest;
    let bytes: u64 = files.iter().map(|entry| entry.bytes).sum();
    let (size, place) = (millions(bytes), pulled.folder.display());
    let revision = revision.get(..12).unwrap_or(revision);
    let done = if pulled.was_there {
        writeln!(out, "{name}@{revision} is in {place} already ({licence}, {size:.1} MB)")
    } else {
        let seconds = begun.elapsed().as_secs_f64();
        writeln!(
            out,
            "pulled {name}@{revision} to {place} ({licence}, {size:.1} MB, {seconds:.1} s)\nuse it with `engine: {place}`, or name it in `local_models`"
        )
    };
    done.map_err(PullError::disk(Path::new("standard output")))?;
    Ok(pulled)
}

async fn online(options: &PullOptions, stage: &Stage) -> Result<Pulled, PullError> {
    let hub = Hub::new(options)?;
    let info = hub.info(&options.name, &options.revision).await?;
    if let Some(manifest) = stage.existing(&options.name, Some(&info.commit))? {
        let folder = stage.folder().to_path_buf();
        return Ok(Pulled { folder, manifest, was_there: true });
    }
    stage.begin(&options.name, &info.commit)?;
    let bar = progress();
    let at = At { name: &options.name, commit: &info.commit };
    let mut entries: Vec<Entry> = Vec::new();
    let mut licence = info.licence.clone();
    let small = chosen::small_files(&options.name, &info)?;
    for file in small {
        entries.push(hub.fetch(&at, &file, stage, &bar).await?);
    }
    if licence.is_none() {
        let card = stage.read("README.md")?.unwrap_or_default();
        licence = licence_of(&String::from_utf8_lossy(&card));
    }
    let licence = licence.unwrap_or_else(|| "unknown".to_owned());
    allow(options, &licence)?;
    let weights = chosen::weights(options, &info, stage)?;
    bar.set_length(weights.iter().filter_map(|file| file.size).sum());
    bar.set_position(0);
    for file in weights {
        bar.set_message(file.name.clone());
        entries.push(hub.fetch(&at, &file, stage, &bar).await?);
    }
    bar.finish_and_clear();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let name = options.name.clone();
    let revision = info.commit.clone();
    let manifest = Manifest { name, revision, licence, files: entries };
    finish(stage, manifest)
}

/// The last steps, for both ways: is it a model at all? Then it may appear.
fn finish(stage: &Stage, manifest: Manifest) -> Result<Pulled, PullError> {
    stage.record(&manifest)?;
    examine(stage.path())?;
    stage.publish()?;
    Ok(Pulled { folder: stage.folder().to_path_buf(), manifest, was_there: false })
}

/// Refuses a licence that is not on the list.
fn allow(options: &PullOptions, licence: &str) -> Result<(), PullError> {
    let allowed = &options.licences_allowed;
    if allowed.is_empty() || allowed.iter().any(|it| it.eq_ignore_ascii_case(licence)) {
        return Ok(());
    }
    let (name, licence) = (options.name.clone(), licence.to_owned());
    Err(PullError::Licence { name, licence, allowed: allowed.join(", ") })
}

/// The last part of `owner/model`; every part must be harmless in an address and in a path.
fn short_name(name: &str) -> Result<&str, PullError> {
    let harmless = |part: &str| {
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)
    };
    let parts: Vec<&str> = name.split('/').collect();
    match *parts {
        [owner, model] if harmless(owner) && harmless(model) => Ok(model),
        [model] if harmless(model) => Ok(model),
        _ => Err(PullError::Name(name.to_owned())),
    }
}

/// A bar on standard error; nothing where that is no terminal.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{msg:24} {bytes:>10}/{total_bytes} {bar:30} {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
