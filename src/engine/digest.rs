//! The SHA-256 of a model's weights, computed on a thread of its own.
//!
//! Hashing takes longer than everything else together. So nobody waits for it but who must: where a
//! digest is recorded, it is computed beside the loading, and the model is not served before the two
//! were compared; else it is computed once the model is loaded.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sha2::{Digest as _, Sha256};

use super::error::LoadError;
use super::weights::WeightFile;

/// A digest that may still be on its way.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    found: Arc<OnceLock<Found>>,
    /// What is to be hashed, until somebody begins.
    content: Arc<Mutex<Option<Content>>>,
}

/// What came out.
#[derive(Debug)]
struct Found {
    /// The digest of each file by its name, or why there is none.
    files: Vec<(String, io::Result<String>)>,
    /// One digest for all of them.
    whole: String,
}

/// What is hashed.
#[derive(Debug)]
pub(super) enum Content {
    /// Bytes in the binary.
    Embedded(&'static [u8]),
    /// Files, in the order of their names.
    Files(Vec<Arc<WeightFile>>),
}

impl Digest {
    /// The digest of this, once somebody begins.
    pub(super) fn of(content: Content) -> Self {
        Self { found: Arc::default(), content: Arc::new(Mutex::new(Some(content))) }
    }

    /// Begins to hash, the first time it is called.
    pub(super) fn begin(&self) {
        // Nothing can panic while the lock is held.
        let mut waiting = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(content) = waiting.take() else { return };
        let (ours, shared) = (Arc::clone(&self.found), Arc::new(content));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("engine-digest".to_owned());
        // Each sets what nobody set before: there is one thread, or this one in its place.
        let started = thread.spawn(move || drop(ours.set(Found::of(&theirs))));
        if started.is_err() {
            drop(self.found.set(Found::of(&shared)));
        }
    }

    /// The digest, in hexadecimal: of the one file, or of the list that `sha256sum` prints for
    /// several. Blocks until it is there.
    pub(super) fn wait(&self) -> &str {
        self.begin();
        &self.found.wait().whole
    }

    /// The same, if it is there.
    pub(super) fn known(&self) -> Option<&str> {
        self.found.get().map(|found| &*found.whole)
    }

    /// Holds the digest against the one that the configuration pins.
    pub(super) fn expect(&self, pinned: &str) -> Result<(), LoadError> {
        let found = self.wait();
        if found.eq_ignore_ascii_case(pinned) {
            return Ok(());
        }
        Err(mismatch("the weights", "`sha256` in the configuration", pinned, found))
    }

    /// Holds one file's digest against the one in the manifest.
    pub(super) fn expect_file(&self, name: &str, recorded: &str) -> Result<(), LoadError> {
        self.begin();
        let files = &self.found.wait().files;
        let Some((_, found)) = files.iter().find(|(file, _)| file == name) else { return Ok(()) };
        match found {
            Ok(found) if found.eq_ignore_ascii_case(recorded) => Ok(()),
            Ok(found) => Err(mismatch(&format!("`{name}`"), "its manifest", recorded, found)),
            Err(error) => Err(LoadError::Unreadable {
                path: name.into(),
                source: io::Error::new(error.kind(), error.to_string()),
            }),
        }
    }
}

impl Found {
    fn of(content: &Content) -> Self {
        let files: Vec<(String, io::Result<String>)> = match content {
            Content::Embedded(bytes) => vec![(String::new(), Ok(of_bytes(bytes)))],
            Content::Files(files) => {
                let digest = |file: &Arc<WeightFile>| {
                    let digest = file.digest()?;
                    // Whoever writes to a file makes another of it than the one that was loaded.
                    file.check().map_err(io::Error::other)?;
                    Ok(digest)
                };
                files.iter().map(|file| (file.name().to_owned(), digest(file))).collect()
            }
        };
        let whole = match &*files {
            [(_, Ok(only))] => only.clone(),
            several => {
                let lines = several.iter().map(|(name, digest)| {
                    digest.as_ref().map_or_else(|_| None, |it| Some(format!("{it}  {name}\n")))
                });
                let list: Option<String> = lines.collect();
                list.map_or_else(|| "unreadable".to_owned(), |list| of_bytes(list.as_bytes()))
            }
        };
        Self { files, whole }
    }
}

pub(super) fn mismatch(what: &str, record: &'static str, expected: &str, found: &str) -> LoadError {
    LoadError::Digest {
        what: what.to_owned(),
        record,
        expected: expected.to_lowercase(),
        found: found.to_owned(),
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
