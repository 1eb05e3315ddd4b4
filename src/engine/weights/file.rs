//! An open file of weights: read through a small window per thread, and watched for changes.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::engine::error::LoadError;
use crate::hex;

/// Bytes that are read at once. A window stays in the processor's second cache.
const WINDOW: usize = 1 << 18;

/// A file of weights.
#[derive(Debug)]
pub(in crate::engine) struct WeightFile {
    path: PathBuf,
    file: File,
    /// Tells files apart in the windows of the threads.
    id: u64,
    length: u64,
    stamp: Stamp,
    trouble: OnceLock<io::Error>,
}

/// What the system changes whenever it changes a file.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    changed: (i64, i64),
}

/// The part of a file that a thread has at hand.
struct Window {
    id: u64,
    from: u64,
    bytes: Vec<u8>,
}

thread_local! {
    static NEAR: RefCell<Window> = const {
        RefCell::new(Window { id: 0, from: 0, bytes: Vec::new() })
    };
}

impl WeightFile {
    /// Opens a file; `Ok(None)` if it is not there.
    pub(in crate::engine) fn open(path: &Path) -> Result<Option<Self>, LoadError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let unreadable = |source| LoadError::Unreadable { path: path.to_path_buf(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(unreadable(source)),
        };
        let stamp = Stamp::of(&file).map_err(unreadable)?;
        let (path, length) = (path.to_path_buf(), stamp.length);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Some(Self { path, file, id, length, stamp, trouble: OnceLock::new() }))
    }

    pub(in crate::engine) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name without its folder.
    pub(in crate::engine) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or("the weights file")
    }

    /// Its size in bytes when it was opened.
    pub(in crate::engine) const fn length(&self) -> u64 {
        self.length
    }

    /// A reader of its own, for parsers.
    pub(super) fn reader(&self) -> io::Result<io::BufReader<File>> {
        Ok(io::BufReader::with_capacity(WINDOW, self.file.try_clone()?))
    }

    /// Exactly these bytes, or the reason why not.
    pub(super) fn exactly(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, from)?;
        Ok(bytes)
    }

    /// Hands out `count` bytes from `from` on, in pieces that are multiples of `width`. What cannot
    /// be read comes out as zeros, and [`Self::check`] tells.
    pub(super) fn read(&self, from: u64, count: usize, width: usize, mut take: impl FnMut(&[u8])) {
        NEAR.with_borrow_mut(|near| {
            let (mut from, mut left) = (from, count);
            while left >= width {
                let ready = near.ahead(self.id, from);
                let piece = ready.len().min(left) / width.max(1) * width;
                if piece == 0 {
                    near.move_to(self, from);
                    continue;
                }
                take(ready.get(..piece).unwrap_or_default());
                from = from.saturating_add(u64::try_from(piece).unwrap_or(u64::MAX));
                left -= piece;
            }
        });
    }

    /// Whether everything could be read, and nobody wrote to the file meanwhile.
    pub(in crate::engine) fn check(&self) -> Result<(), LoadError> {
        let path = || self.path.clone();
        if let Some(error) = self.trouble.get() {
            let source = io::Error::new(error.kind(), error.to_string());
            return Err(LoadError::Unreadable { path: path(), source });
        }
        let now = Stamp::of(&self.file)
            .map_err(|source| LoadError::Unreadable { path: path(), source })?;
        if now == self.stamp { Ok(()) } else { Err(LoadError::Changed { path: path() }) }
    }

    /// The SHA-256 of the whole file, in hexadecimal.
    pub(in crate::engine) fn digest(&self) -> io::Result<String> {
        let mut hasher = Sha256::new();
        let mut window = vec![0; WINDOW];
        let mut from = 0;
        loop {
            let read = match self.file.read_at(&mut window, from) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(window.get(..read).unwrap_or_default());
            from += u64::try_from(read).unwrap_or(u64::MAX);
        }
        Ok(hex::encode(&hasher.finalize()))
    }
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        // The time of the last change cannot be set by hand, unlike that of the last write.
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Ok(Self { length: metadata.len(), changed })
    }
}

impl Window {
    /// What is at hand from this place on.
    fn ahead(&self, id: u64, from: u64) -> &[u8] {
        let inside = from.checked_sub(self.from).and_then(|skip| usize::try_from(skip).ok());
        match inside {
            Some(skip) if self.id == id => self.bytes.get(skip..).unwrap_or_default(),
            _ => &[],
        }
    }

    fn move_to(&mut self, file: &WeightFile, from: u64) {
        (self.id, self.from) = (file.id, from);
        self.bytes.resize(WINDOW, 0);
        let mut filled = 0;
        while let Some(rest) = self.bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = from.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match file.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let _ = file.trouble.set(error);
                    break;
                }
            }
        }
        // Directories were checked against the length: the file was cut since, if it ends here.
        if filled < WINDOW && at_end(from, filled) < file.length {
            let _ = file.trouble.set(io::ErrorKind::UnexpectedEof.into());
        }
        self.bytes.get_mut(filled..).unwrap_or_default().fill(0);
    }
}

fn at_end(from: u64, filled: usize) -> u64 {
    from.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX))
}
