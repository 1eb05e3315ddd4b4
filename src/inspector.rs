//! Runs [`inspect`](crate::inspect): short texts in place, long ones on a thread of their own, and
//! never without a deadline. What is late counts as not seen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::warn;

mod terms;

use terms::TermFiles;
pub use terms::{TermFile, TermsError};

use crate::chat::{Request, Role};
use crate::inspect::task::Model;
use crate::inspect::{Conversation, Findings, Inspection, Options, Scan, Tagger};
use crate::policy::Policy;

/// Limits of inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionSettings {
    /// Longest time for one request.
    pub deadline: Duration,
    /// Bodies up to this size are inspected in place: handing over costs more than reading.
    pub in_place_bytes_max: usize,
    /// Most texts inspected at a time on threads of their own.
    pub threads_max: usize,
    /// What the detectors look at.
    pub options: Options,
    /// Files with the installation's own terms, one on each line.
    pub terms: Vec<TermFile>,
    /// The installation's own weights for telling tasks apart, made by `ambidex task train`.
    pub task_model: Option<PathBuf>,
}

impl Default for InspectionSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(2),
            in_place_bytes_max: 16 << 10,
            threads_max: 4,
            options: Options::default(),
            terms: Vec::new(),
            task_model: None,
        }
    }
}

/// The inspector of one gateway.
#[derive(Debug)]
pub struct Inspector {
    settings: InspectionSettings,
    seats: Semaphore,
    terms: TermFiles,
    tagger: Option<Arc<dyn Tagger>>,
    task_model: Option<Arc<Model>>,
}

impl Inspector {
    /// An inspector with these limits. Fails if a file of terms or of weights cannot be read.
    pub fn new(settings: InspectionSettings) -> Result<Self, TermsError> {
        let terms = TermFiles::load(&settings.terms)?;
        let task_model = settings.task_model.as_deref().map(weights).transpose()?.map(Arc::new);
        let seats = Semaphore::new(settings.threads_max);
        Ok(Self { seats, settings, terms, tagger: None, task_model })
    }

    /// Lets a language model read the texts, too; then nothing is inspected in place.
    #[must_use]
    pub fn with_tagger(self, tagger: Option<Arc<dyn Tagger>>) -> Self {
        Self { tagger, ..self }
    }

    /// What a policy looks for, with the installation's terms as they are now.
    pub fn inspection(&self, policy: &Policy) -> Inspection {
        let detect = policy.detect();
        Inspection {
            options: Options { packs: detect.packs, ..self.settings.options },
            terms: self.terms.current(),
            patterns: Arc::clone(&detect.patterns),
            tagger: self.tagger.clone(),
            task_model: self.task_model.clone(),
            task_words: detect.task_words.clone(),
        }
    }

    /// Reads the files of terms again if one of them changed; what is wrong with them changes
    /// nothing.
    pub fn refresh(&self) {
        if let Err(error) = self.terms.refresh() {
            warn!(%error, "the terms stay as they were");
        }
    }

    /// Whether there are files to look after.
    pub const fn has_terms(&self) -> bool {
        !self.settings.terms.is_empty()
    }

    /// Reads a request. Never fails: what could not be read is `Scan::Uninspected`.
    pub async fn read(&self, request: &Arc<Request>, inspection: &Inspection) -> Findings {
        let is_short = request.body().len() <= self.settings.in_place_bytes_max;
        if is_short && inspection.tagger.is_none() {
            return look(request, inspection);
        }
        let (request, inspection) = (Arc::clone(request), inspection.clone());
        let late = async {
            let _seat = self.seats.acquire().await.ok()?;
            tokio::task::spawn_blocking(move || look(&request, &inspection)).await.ok()
        };
        if let Ok(Some(findings)) = tokio::time::timeout(self.settings.deadline, late).await {
            return findings;
        }
        warn!("inspection did not come to its end; the request counts as not inspected");
        Findings::default()
    }
}

/// Reads a file of weights for telling tasks apart.
fn weights(path: &Path) -> Result<Model, TermsError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|source| TermsError::WeightsUnreadable { path: name(), source })?;
    Model::read(&bytes).map_err(|source| TermsError::Weights { path: name(), source })
}

/// Reads a request here and now, without a deadline.
pub fn look(request: &Request, inspection: &Inspection) -> Findings {
    let said = request.conversation();
    let by = |wanted: Role| said.iter().filter(move |(role, _)| *role == Some(wanted));
    let system: Vec<&str> = by(Role::System).map(|(_, text)| text.as_str()).collect();
    let conversation = Conversation {
        system: &system.join("\n"),
        turns: by(Role::User).map(|(_, text)| text.as_str()).collect(),
        has_images: request.has_images(),
        has_tools: request.has_tools,
    };
    let mut findings = inspection.read_with(&request.leaves(), &conversation);
    if request.has_unreadable {
        findings.scan = findings.scan.max(Scan::Partial);
    }
    findings
}
