//! A token classifier of the BERT family, read from a local folder in Hugging Face's layout, that
//! finds names and addresses for inspection. Off unless the configuration names a folder.
//!
//! Texts are read in windows that overlap; each word is decided by its first token, in the window in
//! which that token stands furthest from an edge; neighbouring words of one kind are one find, as
//! `aggregation_strategy="first"` has it in transformers. What is found is remembered by the text's
//! digest, because every turn of a conversation brings the earlier ones along.

mod kinds;
mod network;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::inspect::{Label, Tag, Tagged, Tagger};
use kinds::Kinds;
use network::Network;
use window::Word;

/// Most tokens in one look, whatever the model can: a look is the least that time is measured in.
const WINDOW_MAX: usize = 256;
/// Fewest tokens beside the marks at both ends.
const WINDOW_MIN: usize = 8;
/// Largest part of a text that is split into tokens at once, in bytes.
const PART_MAX: usize = 8 << 10;
/// Largest file of weights, in bytes.
const WEIGHTS_MAX: u64 = 4 << 30;
/// Texts whose tags are remembered, at least; at most twice as many.
const REMEMBERED: usize = 2048;

/// Where the model is, and what its words mean.
#[derive(Clone, Debug, PartialEq)]
pub struct TaggerSettings {
    /// A folder with `config.json`, `tokenizer.json` and `model.safetensors`.
    pub folder: PathBuf,
    /// What its kinds are called here, such as `PER` for `person.name`; these come before what is
    /// known of common names. `None` for a kind that says nothing.
    pub labels: BTreeMap<String, Option<Label>>,
    /// Finds of less than this mean probability do not count.
    pub score_min: f32,
    /// Longest time for the texts of one request; what is not reached counts as not read.
    pub time_max: Duration,
}

impl TaggerSettings {
    /// The defaults for a folder.
    pub const fn of(folder: PathBuf) -> Self {
        Self { folder, labels: BTreeMap::new(), score_min: 0.5, time_max: Duration::from_secs(1) }
    }
}

/// Why a model cannot be used, in a sentence that names the file at fault.
#[derive(Debug, thiserror::Error)]
pub enum TaggerError {
    /// A file is not there, cannot be read, or is too large.
    #[error("`{}` cannot be read ({why}); a token classifier is a folder with config.json, tokenizer.json and model.safetensors", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// `config.json` does not describe a model that can be used.
    #[error("`{}`: {why}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// `tokenizer.json` does not fit.
    #[error("`{}`: {why}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The weights do not fit the configuration.
    #[error("`{}`: {why}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// A loaded model. Shared; every text is read on the thread that asks.
pub struct TokenTagger {
    tokenizer: tokenizers::Tokenizer,
    network: Network,
    kinds: Kinds,
    /// The marks before and after every window.
    marks: (Vec<u32>, Vec<u32>),
    /// Tokens of a window, without the marks.
    window: usize,
    score_min: f32,
    time_max: Duration,
    known: Mutex<Known>,
}

impl TokenTagger {
    /// Loads a model and tries it once.
    ///
    /// # Errors
    /// A file is missing, of another kind of model, or does not fit the others.
    pub fn load(settings: &TaggerSettings) -> Result<Self, TaggerError> {
        let file = |name: &str| settings.folder.join(name);
        let (config, tokenizer, weights) =
            (file("config.json"), file("tokenizer.json"), file("model.safetensors"));
        let about = read(&config)?;
        let wrong = |why: String| TaggerError::Config { path: config.clone(), why };
        let architecture = network::config(&about).map_err(wrong)?;
        let kinds = Kinds::read(&about, &settings.labels).map_err(wrong)?;
        let bytes = read(&tokenizer)?;
        let wrong = |why: String| TaggerError::Tokenizer { path: tokenizer.clone(), why };
        let tokenizer = tokens(&bytes, architecture.vocab_size).map_err(wrong)?;
        let marks = marks(&tokenizer).map_err(wrong)?;
        let window = architecture
            .max_position_embeddings
            .min(WINDOW_MAX)
            .checked_sub(marks.0.len() + marks.1.len())
            .filter(|window| *window >= WINDOW_MIN);
        let too_short = || TaggerError::Config {
            path: config.clone(),
            why: "its positions are too few for a sentence".to_owned(),
        };
        let window = window.ok_or_else(too_short)?;
        let wrong = |why: String| TaggerError::Weights { path: weights.clone(), why };
        let network =
            Network::load(read(&weights)?, &architecture, kinds.count()).map_err(wrong)?;
        let tagger = Self {
            tokenizer,
            network,
            kinds,
            marks,
            window,
            score_min: settings.score_min,
            time_max: settings.time_max,
            known: Mutex::default(),
        };
        let tried = tagger.read_text("Jane Doe lives in Springfield.", None);
        let no_numbers = || wrong("its weights give no numbers".to_owned());
        tried.map(|_| ()).ok_or_else(no_numbers)?;
        Ok(tagger)
    }

    /// The tags of one text; `None` if it was not read to its end.
    fn text(&self, text: &str, until: Instant) -> Option<Vec<Tag>> {
        if !text.chars().any(char::is_alphabetic) {
            return Some(Vec::new());
        }
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(tags) = self.known.lock().ok().and_then(|mut known| known.get(&digest)) {
            return Some(tags);
        }
        let tags = self.read_text(text, Some(until))?;
        if let Ok(mut known) = self.known.lock() {
            known.put(digest, tags.clone());
        }
        Some(tags)
    }

    fn read_text(&self, text: &str, until: Option<Instant>) -> Option<Vec<Tag>> {
        let mut tags = Vec::new();
        for part in window::parts(text, PART_MAX) {
            let words = self.words(text.get(part.clone())?, until)?;
            let found = window::entities(words).into_iter();
            let found = found.filter(|it| it.score >= self.score_min);
            tags.extend(found.filter_map(|it| {
                let label = self.kinds.label(it.kind)?;
                let span =
                    whole_characters(text, part.start + it.span.start..part.start + it.span.end);
                Some(Tag { label, span })
            }));
        }
        Some(tags)
    }

    /// What the model says of each word of a part.
    fn words(&self, part: &str, until: Option<Instant>) -> Option<Vec<Word>> {
        let encoding = self.tokenizer.encode(part, false).ok()?;
        let ids = encoding.get_ids();
        let mut words: Vec<Word> = Vec::new();
        let mut last = None;
        for look in window::windows(ids.len(), self.window) {
            if until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            let rows = self.look(ids.get(look.tokens.clone())?)?;
            for place in look.decided {
                let word = encoding.get_word_ids().get(place).copied().flatten();
                let (start, end) = *encoding.get_offsets().get(place)?;
                if let Some(known) = words.last_mut().filter(|_| word.is_some() && word == last) {
                    known.span.end = end;
                    continue;
                }
                last = word;
                let (best, score) = best(rows.get(place - look.tokens.start)?)?;
                let (kind, begins) = self.kinds.said(best);
                words.push(Word { kind, begins, score, span: start..end });
            }
        }
        Some(words)
    }

    /// The probabilities of every kind at every token.
    fn look(&self, ids: &[u32]) -> Option<Vec<Vec<f32>>> {
        let all: Vec<u32> = self.marks.0.iter().chain(ids).chain(&self.marks.1).copied().collect();
        let rows = self.network.probabilities(&all).ok()?;
        let rows: Vec<Vec<f32>> =
            rows.into_iter().skip(self.marks.0.len()).take(ids.len()).collect();
        rows.iter().flatten().all(|value| value.is_finite()).then_some(rows)
    }
}

impl Tagger for TokenTagger {
    fn tag(&self, texts: &[&str]) -> Tagged {
        let until = Instant::now() + self.time_max;
        let mut tags = Vec::with_capacity(texts.len());
        for text in texts {
            match self.text(text, until) {
                Some(found) => tags.push(found),
                None => return Tagged { tags, is_complete: false },
            }
        }
        Tagged { tags, is_complete: true }
    }
}

impl fmt::Debug for TokenTagger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TokenTagger({} kinds)", self.kinds.count())
    }
}

/// Tags of texts that were read before, by digest. When one half is full, the older half goes.
#[derive(Default)]
struct Known {
    young: BTreeMap<[u8; 32], Vec<Tag>>,
    old: BTreeMap<[u8; 32], Vec<Tag>>,
}

impl Known {
    fn get(&mut self, digest: &[u8; 32]) -> Option<Vec<Tag>> {
        if let Some(tags) = self.young.get(digest) {
            return Some(tags.clone());
        }
        let tags = self.old.remove(digest)?;
        self.put(*digest, tags.clone());
        Some(tags)
    }

    fn put(&mut self, digest: [u8; 32], tags: Vec<Tag>) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, tags);
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TaggerError> {
    let wrong = |why: String| TaggerError::File { path: path.to_owned(), why };
    let size = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if size > WEIGHTS_MAX {
        return Err(wrong("it is larger than 4 GB".to_owned()));
    }
    std::fs::read(path).map_err(|error| wrong(error.to_string()))
}

/// The tokenizer, as it splits texts that are longer than a window.
fn tokens(bytes: &[u8], embeddings: usize) -> Result<tokenizers::Tokenizer, String> {
    let mut tokenizer = tokenizers::Tokenizer::from_bytes(bytes)
        .map_err(|error| format!("it is no tokenizer: {error}"))?;
    let size = tokenizer.get_vocab_size(true);
    if size > embeddings {
        return Err(format!(
            "it has {size} tokens and the model knows {embeddings}; it belongs to another model"
        ));
    }
    tokenizer.with_padding(None);
    tokenizer
        .with_truncation(None)
        .map_err(|error| format!("its texts cannot be read to their end: {error}"))?;
    // `[SEP]` in a text is five characters of it.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}

/// The tokens before and after every text.
fn marks(tokenizer: &tokenizers::Tokenizer) -> Result<(Vec<u32>, Vec<u32>), String> {
    let encoding = tokenizer
        .encode("a", true)
        .map_err(|error| format!("it cannot split a text into tokens: {error}"))?;
    let is_mark = encoding.get_special_tokens_mask();
    let first = is_mark.iter().position(|mark| *mark == 0).unwrap_or(0);
    let last = is_mark.iter().rposition(|mark| *mark == 0).map_or(0, |last| last + 1);
    let ids = encoding.get_ids();
    let of = |range: Range<usize>| ids.get(range).unwrap_or_default().to_vec();
    let marks = (of(0..first), of(last..ids.len()));
    if marks.0.is_empty() || marks.1.is_empty() {
        return Err("it puts no marks before and after a text, as BERT's does".to_owned());
    }
    Ok(marks)
}

fn best(row: &[f32]) -> Option<(usize, f32)> {
    let all = row.iter().copied().enumerate();
    all.max_by(|one, other| one.1.total_cmp(&other.1))
}

fn whole_characters(text: &str, span: Range<usize>) -> Range<usize> {
    text.floor_char_boundary(span.start)..text.ceil_char_boundary(span.end)
}
