//! The record that `ambidex models pull` leaves in a model's folder: what it is, where it came from
//! and the digest of every file. Loading holds the files against it.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The name of the record in a model's folder.
pub const FILE: &str = "ambidex-model.json";

/// What was pulled or imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The name on the hub, such as `google/flan-t5-small`.
    pub name: String,
    /// The commit on the hub.
    pub revision: String,
    /// The licence by the model card; `unknown` if it names none.
    pub licence: String,
    /// Every file but this one, in the order of their names.
    pub files: Vec<Entry>,
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Reads the record of a folder; `Ok(None)` if it has none.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(folder.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The digest that is recorded for a file.
    pub fn digest(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|entry| entry.name == name).map(|entry| &*entry.sha256)
    }
}
