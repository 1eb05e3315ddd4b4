//! The hidden folder in which a model is collected, and its files on their way to being whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::PullError;
use super::chosen::Remote;
use super::hub::Stated;
use crate::engine::manifest::{self, Entry, Manifest};
use crate::hex;

/// What the stage is for. A stage of another commit is thrown away.
const PURPOSE: &str = ".purpose.json";
/// Bytes that are hashed at once when a file is taken up again.
const WINDOW: usize = 1 << 18;

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Purpose {
    name: String,
    commit: String,
}

/// The hidden folder, locked while this lives.
#[derive(Debug)]
pub(super) struct Stage {
    folder: PathBuf,
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Stage {
    /// Locks the place beside a model's future folder.
    pub(super) fn open(folder: &Path) -> Result<Self, PullError> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| PullError::Occupied(folder.to_path_buf()))?;
        let parent = folder.parent().unwrap_or_else(|| Path::new(""));
        if !parent.as_os_str().is_empty() {
            fs::create_dir_all(parent).map_err(PullError::disk(parent))?;
        }
        let path = parent.join(format!(".{name}.pulling"));
        let lock_path = parent.join(format!(".{name}.lock"));
        let disk = || PullError::disk(&lock_path);
        let lock = loop {
            let lock = File::create(&lock_path).map_err(disk())?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(PullError::Locked(folder.to_path_buf()));
                }
                Err(TryLockError::Error(source)) => return Err(disk()(source)),
            }
            // Another pull may have removed the file between opening and locking it.
            let ours = lock.metadata().map_err(disk())?.ino();
            if fs::metadata(&lock_path).is_ok_and(|there| there.ino() == ours) {
                break lock;
            }
        };
        Ok(Self { folder: folder.to_path_buf(), path, lock_path, _lock: lock })
    }

    /// Where the model will be.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it is collected.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The record of the model that is there already, if it is the one that is wanted; with no
    /// commit any of its revisions is. Anything else in its place is an error.
    pub(super) fn existing(
        &self,
        name: &str,
        commit: Option<&str>,
    ) -> Result<Option<Manifest>, PullError> {
        if !self.folder.exists() {
            return Ok(None);
        }
        let manifest = Manifest::read(&self.folder).map_err(PullError::disk(&self.folder))?;
        let wanted = |it: &Manifest| it.name == name && commit.is_none_or(|at| it.revision == at);
        let occupied = || PullError::Occupied(self.folder.clone());
        let manifest = manifest.filter(wanted).ok_or_else(occupied)?;
        for entry in &manifest.files {
            let path = self.folder.join(&entry.name);
            let (_, found) = hash(&path)?;
            if found != entry.sha256 {
                let (expected, record) = (entry.sha256.clone(), "its manifest");
                let file = path.display().to_string();
                return Err(PullError::Digest { file, record, expected, found });
            }
        }
        Ok(Some(manifest))
    }

    /// Makes the stage ready for a commit: what an earlier pull of the same left is kept.
    pub(super) fn begin(&self, name: &str, commit: &str) -> Result<(), PullError> {
        let purpose = Purpose { name: name.to_owned(), commit: commit.to_owned() };
        let path = self.path.join(PURPOSE);
        let before = fs::read(&path).ok().and_then(|it| serde_json::from_slice(&it).ok());
        if before.as_ref() != Some(&purpose) {
            remove(&self.path)?;
            fs::create_dir_all(&self.path).map_err(PullError::disk(&self.path))?;
            let json = serde_json::to_vec(&purpose).unwrap_or_default();
            fs::write(&path, json).map_err(PullError::disk(&path))?;
        }
        Ok(())
    }

    /// A file that is collected already.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, PullError> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(PullError::Disk { path, source }),
        }
    }

    /// The entry of a file that an earlier pull finished.
    pub(super) fn finished(&self, file: &Remote) -> Result<Option<Entry>, PullError> {
        let path = self.path.join(&file.name);
        if !path.exists() {
            return Ok(None);
        }
        let (bytes, sha256) = hash(&path)?;
        if file.sha256.as_ref().is_some_and(|expected| *expected != sha256) {
            fs::remove_file(&path).map_err(PullError::disk(&path))?;
            return Ok(None);
        }
        Ok(Some(Entry { name: file.name.clone(), bytes, sha256 }))
    }

    /// Opens the part of a file that is there, to go on with it.
    pub(super) fn part(&self, file: &Remote) -> Result<Part, PullError> {
        let path = self.path.join(format!("{}.part", file.name));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut open = options.open(&path).map_err(PullError::disk(&path))?;
        let mut hasher = Hasher::default();
        let length = hasher.take_up(&mut open).map_err(PullError::disk(&path))?;
        let whole = self.path.join(&file.name);
        Ok(Part { path, whole, remote: file.clone(), file: open, hasher, length, ended: false })
    }

    /// Copies a file in, and says what it is.
    pub(super) fn copy(&self, from: &Path, name: &str) -> Result<Entry, PullError> {
        let to = self.path.join(name);
        fs::copy(from, &to).map_err(PullError::disk(from))?;
        let (bytes, sha256) = hash(&to)?;
        Ok(Entry { name: name.to_owned(), bytes, sha256 })
    }

    /// Writes the record of a model that is complete.
    pub(super) fn record(&self, manifest: &Manifest) -> Result<(), PullError> {
        let path = self.path.join(manifest::FILE);
        let mut json = serde_json::to_vec_pretty(manifest).unwrap_or_default();
        json.push(b'\n');
        fs::write(&path, json).map_err(PullError::disk(&path))
    }

    /// Lets the model appear, all at once.
    pub(super) fn publish(&self) -> Result<(), PullError> {
        let purpose = self.path.join(PURPOSE);
        let _ = fs::remove_file(purpose);
        let entries = fs::read_dir(&self.path).map_err(PullError::disk(&self.path))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let file = File::open(&path).map_err(PullError::disk(&path))?;
            file.sync_all().map_err(PullError::disk(&path))?;
        }
        fs::rename(&self.path, &self.folder).map_err(PullError::disk(&self.folder))?;
        // The name is on disk, too, once the folder around it is.
        if let Some(parent) = self.folder.parent().filter(|it| !it.as_os_str().is_empty()) {
            let _ = File::open(parent).and_then(|parent| parent.sync_all());
        }
        Ok(())
    }
}

/// However the pull ended, its lock goes; what was collected stays for the next one. The file is
/// removed while it is locked, so that nobody else's can be meant.
impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// Removes a folder that may not be there.
fn remove(path: &Path) -> Result<(), PullError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PullError::Disk { path: path.to_path_buf(), source: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A file that is being fetched.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    whole: PathBuf,
    remote: Remote,
    file: File,
    hasher: Hasher,
    length: u64,
    ended: bool,
}

impl Part {
    /// The bytes that are there.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Notes what the headers say; what the description of the model said comes first.
    pub(super) fn expect(&mut self, stated: Stated) {
        self.remote.sha256 = self.remote.sha256.take().or(stated.sha256);
        self.remote.blob = self.remote.blob.take().or(stated.blob);
        self.remote.size = self.remote.size.or(stated.size);
    }

    /// Whether nothing more is to come.
    pub(super) fn is_whole(&self) -> bool {
        self.ended || (self.length > 0 && self.remote.size == Some(self.length))
    }

    /// Whether something is known to be missing.
    pub(super) fn is_short(&self) -> bool {
        self.remote.size.is_some_and(|size| self.length < size)
    }

    /// The hub has no more.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// Throws away what is there.
    pub(super) fn restart(&mut self) -> Result<(), PullError> {
        self.file.set_len(0).map_err(PullError::disk(&self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(PullError::disk(&self.path))?;
        self.hasher = Hasher::default();
        self.length = 0;
        Ok(())
    }

    /// Adds what came.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), PullError> {
        self.file.write_all(bytes).map_err(PullError::disk(&self.path))?;
        self.hasher.update(bytes);
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Holds the whole file against what the hub says it is; only then it gets its name.
    pub(super) fn finish(self) -> Result<Entry, PullError> {
        let (name, sha256) = (self.remote.name, self.hasher.finish());
        let (expected, found) = match (self.remote.sha256, self.remote.blob) {
            (Some(expected), _) => (expected, sha256.clone()),
            (None, Some(expected)) => (expected, git_name(&self.path, self.length)?),
            (None, None) => {
                let reason = "it states no digest".to_owned();
                return Err(PullError::Answer { what: name, reason });
            }
        };
        if expected != found {
            fs::remove_file(&self.path).map_err(PullError::disk(&self.path))?;
            return Err(PullError::Digest { file: name, record: "the hub", expected, found });
        }
        fs::rename(&self.path, &self.whole).map_err(PullError::disk(&self.path))?;
        Ok(Entry { name, bytes: self.length, sha256 })
    }
}

/// Digests what it is given.
#[derive(Debug, Default)]
struct Hasher(Sha256);

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Reads what is in a file, and stays at its end.
    fn take_up(&mut self, file: &mut File) -> io::Result<u64> {
        let mut length = 0;
        read_through(file, |piece| {
            self.update(piece);
            length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        })?;
        Ok(length)
    }

    fn finish(self) -> String {
        hex::encode(&self.0.finalize())
    }
}

fn read_through(file: &mut File, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut window = vec![0; WINDOW];
    loop {
        match file.read(&mut window)? {
            0 => return Ok(()),
            read => take(window.get(..read).unwrap_or_default()),
        }
    }
}

/// The size and the SHA-256 of a file.
pub(super) fn hash(path: &Path) -> Result<(u64, String), PullError> {
    let mut file = File::open(path).map_err(PullError::disk(path))?;
    let mut hasher = Hasher::default();
    let length = hasher.take_up(&mut file).map_err(PullError::disk(path))?;
    Ok((length, hasher.finish()))
}

/// The name that git gives a file's content: a SHA-1 that begins with the size.
fn git_name(path: &Path, length: u64) -> Result<String, PullError> {
    let mut file = File::open(path).map_err(PullError::disk(path))?;
    let mut hasher = sha1::Sha1::new();
    hasher.update(format!("blob {length}\0"));
    read_through(&mut file, |piece| hasher.update(piece)).map_err(PullError::disk(path))?;
    Ok(hex::encode(&hasher.finalize()))
}
