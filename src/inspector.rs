//! Runs [`inspect`](crate::inspect): short texts in place, long ones on a thread of their own, and
//! never without a deadline. What is late counts as not seen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::warn;

use crate::chat::Request;
use crate::inspect::{self, Findings, Options, Scan};

/// Limits of inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectionSettings {
    /// Longest time for one request.
    pub deadline: Duration,
    /// Bodies up to this size are inspected in place: handing over costs more than reading.
    pub in_place_bytes_max: usize,
    /// Most texts inspected at a time on threads of their own.
    pub threads_max: usize,
    /// What the detectors look at.
    pub options: Options,
}

impl Default for InspectionSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(2),
            in_place_bytes_max: 16 << 10,
            threads_max: 4,
            options: Options::default(),
        }
    }
}

/// The inspector of one gateway.
#[derive(Debug)]
pub struct Inspector {
    settings: InspectionSettings,
    seats: Semaphore,
}

impl Inspector {
    /// An inspector with these limits.
    pub fn new(settings: InspectionSettings) -> Self {
        Self { settings, seats: Semaphore::new(settings.threads_max) }
    }

    /// Reads a request. Never fails: what could not be read is `Scan::Uninspected`.
    pub async fn read(&self, request: &Arc<Request>) -> Findings {
        if request.body().len() <= self.settings.in_place_bytes_max {
            return look(request, self.settings.options);
        }
        let options = self.settings.options;
        let request = Arc::clone(request);
        let late = async {
            let _seat = self.seats.acquire().await.ok()?;
            tokio::task::spawn_blocking(move || look(&request, options)).await.ok()
        };
        if let Ok(Some(findings)) = tokio::time::timeout(self.settings.deadline, late).await {
            return findings;
        }
        warn!("inspection did not come to its end; the request counts as not inspected");
        Findings::default()
    }
}

fn look(request: &Request, options: Options) -> Findings {
    let mut findings = inspect::read(&request.leaves(), &options);
    if request.has_unreadable {
        findings.scan = findings.scan.max(Scan::Partial);
    }
    findings
}
