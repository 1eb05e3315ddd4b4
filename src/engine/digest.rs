//! The SHA-256 of a model's weights, computed on a thread of its own.
//!
//! Hashing takes as long as everything else together. So nobody waits for it but who must: a model
//! whose digest is recorded somewhere is not served before the two were compared, and hashing
//! begins at once; that of another begins when the model is loaded, and leaves loading every core.

use std::io;
use std::sync::{Arc, Once, OnceLock};

use sha2::{Digest as _, Sha256};

use super::error::LoadError;
use super::weights::WeightFile;
use crate::hex;

/// A digest that may still be on its way.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    content: Content,
    begun: Once,
    found: OnceLock<Found>,
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
    /// Of this content, once it is asked for.
    pub(super) fn of(content: Content) -> Self {
        let (begun, found) = (Once::new(), OnceLock::new());
        Self { inside: Arc::new(Inside { content, begun, found }) }
    }

    /// Begins to hash, if nobody has.
    pub(super) fn begin(&self) {
        self.inside.begun.call_once(|| {
            let inside = Arc::clone(&self.inside);
            let thread = std::thread::Builder::new().name("engine-digest".to_owned());
            let find = |inside: &Inside| {
                // Nobody else sets it: this runs once.
                let _ = inside.found.set(Found::of(&inside.content));
            };
            if thread.spawn(move || find(&inside)).is_err() {
                find(&self.inside);
            }
        });
    }

    fn found(&self) -> &Found {
        self.begin();
        self.inside.found.wait()
    }

    /// The digest, in hexadecimal: of the one file, or of the list that `sha256sum` prints for
    /// several. Blocks until it is there.
    pub(super) fn wait(&self) -> &str {
        &self.found().whole
    }

    /// The same, if it is there.
    pub(super) fn known(&self) -> Option<&str> {
        self.inside.found.get().map(|found| &*found.whole)
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
        let files = &self.found().files;
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
    hex::encode(&Sha256::digest(bytes))
}
