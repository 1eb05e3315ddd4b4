//! The installation's own terms, from files that may change while the gateway runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;

use crate::inspect::{CustomError, Label, Terms};

/// Largest file of terms.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// A file of terms, one on each line, and the label of what they find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermFile {
    /// Where it is.
    pub path: PathBuf,
    /// `custom.term`, or any other label.
    pub label: Label,
}

/// Why the files of terms cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TermsError {
    /// A file cannot be read.
    #[error("the terms in {path} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is too large.
    #[error("the terms in {0} are more than 256 MB")]
    TooLarge(String),
    /// A file of weights for telling tasks apart cannot be read.
    #[error("the task weights in {path} cannot be read: {source}")]
    WeightsUnreadable {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is none of weights.
    #[error("the task weights in {path} cannot be used: {source}")]
    Weights {
        /// Which file.
        path: String,
        /// Why.
        source: crate::inspect::task::ModelError,
    },
    /// The terms cannot be searched for.
    #[error(transparent)]
    Terms(#[from] CustomError),
}

/// When each file was last written, and how long it was.
type Stamps = Vec<Option<(SystemTime, u64)>>;

/// Files of terms, and what they held when they were last read.
#[derive(Debug)]
pub(super) struct TermFiles {
    files: Vec<TermFile>,
    terms: ArcSwapOption<Terms>,
    stamps: Mutex<Stamps>,
}

impl TermFiles {
    pub(super) fn load(files: &[TermFile]) -> Result<Self, TermsError> {
        let stamps = Mutex::new(stamps(files));
        let terms = if files.is_empty() { None } else { Some(Arc::new(read(files)?)) };
        Ok(Self { files: files.to_vec(), terms: ArcSwapOption::new(terms), stamps })
    }

    pub(super) fn current(&self) -> Option<Arc<Terms>> {
        self.terms.load_full()
    }

    /// Reads again what changed. A file that is wrong changes nothing, now and until it changes.
    pub(super) fn refresh(&self) -> Result<(), TermsError> {
        let now = stamps(&self.files);
        {
            let Ok(mut known) = self.stamps.lock() else { return Ok(()) };
            if *known == now {
                return Ok(());
            }
            *known = now;
        }
        self.terms.store(Some(Arc::new(read(&self.files)?)));
        Ok(())
    }
}

fn stamps(files: &[TermFile]) -> Stamps {
    let stamp = |file: &TermFile| {
        let about = std::fs::metadata(&file.path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    files.iter().map(stamp).collect()
}

fn read(files: &[TermFile]) -> Result<Terms, TermsError> {
    let mut texts = Vec::new();
    for file in files {
        texts.push((file.label, read_one(&file.path)?));
    }
    // A line that begins with `#` is a comment.
    let lines = texts.iter().flat_map(|(label, text)| text.lines().map(|line| (*label, line)));
    Ok(Terms::labelled(lines.filter(|(_, line)| !line.starts_with('#')))?)
}

fn read_one(path: &Path) -> Result<String, TermsError> {
    let shown = || path.display().to_string();
    let unreadable = |source| TermsError::Unreadable { path: shown(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(TermsError::TooLarge(shown()));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::{TermFile, TermFiles};
    use crate::inspect::Label;

    #[test]
    fn terms_are_read_again_when_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terms.txt");
        std::fs::write(&path, "# ours\nProject Falcon\n").unwrap();
        let file = TermFile { path: path.clone(), label: Label::CustomTerm };
        let files = TermFiles::load(&[file]).unwrap();
        assert_eq!(files.current().unwrap().len(), 1);
        std::fs::write(&path, "Project Falcon\nProject Heron\n").unwrap();
        files.refresh().unwrap();
        assert_eq!(files.current().unwrap().len(), 2);
        std::fs::remove_file(&path).unwrap();
        assert!(files.refresh().is_err());
        assert_eq!(files.current().unwrap().len(), 2, "what was good stays");
    }
}
