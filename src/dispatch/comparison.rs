//! Whether the local model says what another would have said: a share of the accepted answers is also
//! asked of the next target of the same decision, after the client has its answer.
//!
//! That is an attempt like any other: with the clearance of the decision, masked, with money set aside
//! and on disk before anything is sent, booked and recorded in the request's row, which is written when
//! the comparison is over. Where the decision left no other target, nothing is compared. The queue is
//! bounded: what finds no room is not compared, and counted.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::settlement::{Case, Settlement};
use super::{Content, Leaving, Masking, Miss, Wanted, attempt, funded};
use crate::app::App;
use crate::chat::Request;
use crate::chat::talk::Said;
use crate::inspect::Task;
use crate::mask::Restoration;
use crate::money::NanoUsd;
use crate::policy::{self, Clearance, Estimate};
use crate::record::SettledRow;
use crate::route::retry::Others;
use crate::telemetry::Outcome;

/// Answers that wait or are being compared.
const WAITING_MAX: usize = 64;
/// Answers that are compared at the same time.
const AT_ONCE: usize = 4;
/// Bytes of another answer that are looked at.
const HEARD_BYTES_MAX: usize = 64 << 10;

/// The queue of one gateway.
#[derive(Debug)]
pub struct Comparisons {
    room: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Comparisons {
    fn default() -> Self {
        let (room, turns) = (Semaphore::new(WAITING_MAX), Semaphore::new(AT_ONCE));
        Self { room: Arc::new(room), turns: Arc::new(turns) }
    }
}

impl Comparisons {
    /// A place in the queue, if there is one.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }
}

/// What is known of an accepted answer that is to be compared, and the permission to do so.
pub(super) struct Sample {
    clearance: Clearance,
    estimates: Vec<Estimate>,
    request: Arc<Request>,
    task: Task,
    masking: Masking,
    said: String,
    _place: OwnedSemaphorePermit,
}

impl Sample {
    /// An answer to compare; `None` where the queue is full, which is counted.
    pub(super) fn of(
        settlement: &Settlement,
        said: String,
        (clearance, estimates): (Clearance, &[Estimate]),
        Wanted { request, task, masking }: Wanted<'_>,
    ) -> Option<Self> {
        let app = settlement.app();
        let Some(place) = app.comparisons.place() else {
            app.metrics.drawn(&settlement.case().route, "no_room");
            return None;
        };
        Some(Self {
            clearance,
            estimates: estimates.to_vec(),
            request: Arc::clone(request),
            task,
            masking: masking.clone(),
            said,
            _place: place,
        })
    }
}

/// Sizes only: an answer is content.
impl fmt::Debug for Sample {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sample({} bytes)", self.said.len())
    }
}

/// An answer that the client has, and what another target says to the same.
pub(super) struct Comparison {
    /// What was asked for.
    pub(super) task: Task,
    said: String,
    heard: String,
    restoration: Option<Restoration>,
    /// Whether the other answer comes as the arguments of a tool that we added.
    is_wrapped: bool,
    row: SettledRow,
}

impl Comparison {
    /// How the other answer comes back: by the request as it leaves, and with these values to put back.
    pub(super) fn comes_back(&mut self, leaves: &Leaving, restoration: Option<&Restoration>) {
        self.is_wrapped = leaves.is_wrapped;
        self.restoration = restoration.cloned();
    }

    /// Listens to a piece of the other answer.
    pub(super) fn hear(&mut self, text: &str) {
        if self.heard.len() < HEARD_BYTES_MAX {
            self.heard.push_str(text);
        }
    }

    /// The same for what a server says.
    pub(super) fn hear_said(&mut self, said: &[Said<'_>]) {
        for said in said {
            match said {
                Said::Text(text) => self.hear(text),
                Said::Arguments { more, .. } if self.is_wrapped => self.hear(more),
                Said::Arguments { .. }
                | Said::Start(_)
                | Said::Thought(_)
                | Said::Call { .. }
                | Said::Finish(_)
                | Said::Failed(_) => {}
            }
        }
    }

    /// How far both answers agree; `None` if the other one says nothing.
    pub(super) fn agreement(&self) -> Option<f64> {
        let heard = match &self.restoration {
            Some(restoration) => restoration.restored(&self.heard),
            None => self.heard.clone(),
        };
        let is_said = heard.contains(char::is_alphanumeric);
        is_said.then(|| policy::agreement(self.task, &self.said, &heard))
    }

    /// The end of the request, to be written.
    pub(super) fn into_row(self) -> SettledRow {
        self.row
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Comparison({} bytes, {} bytes)", self.said.len(), self.heard.len())
    }
}

/// An end that has not been written. Dropping it writes it.
struct Unwritten {
    app: Arc<App>,
    row: Option<SettledRow>,
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        if let Some(row) = self.row.take() {
            self.app.record_ending(row);
        }
    }
}

/// Compares an answer in the background; its row is written afterwards. Nobody waits for it but
/// shutdown, as long as for open requests.
pub(super) fn begin(app: &Arc<App>, case: &Case, sample: Sample, row: SettledRow) {
    let case = Arc::new(case.aside());
    let unwritten = Unwritten { app: Arc::clone(app), row: Some(row) };
    let app = Arc::clone(app);
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let shutdown = app.shutdown.clone();
        let too_late = async {
            shutdown.drain.cancelled().await;
            tokio::time::sleep(app.limits.grace).await;
        };
        tokio::select! {
            () = shutdown.abort.cancelled() => {}
            () = too_late => {}
            () = compared(&app, &case, sample, unwritten) => {}
        }
    });
}

async fn compared(app: &Arc<App>, case: &Arc<Case>, sample: Sample, mut unwritten: Unwritten) {
    let Ok(_turn) = app.comparisons.turns.acquire().await else { return };
    let Sample { clearance, estimates, request, task, masking, said, _place } = sample;
    let target = clearance.target();
    let Some(destination) = app.destination(target) else { return };
    // Clients come first: only a seat that is free is taken.
    let seat = destination.health.admits().then(|| destination.seat(case.tokens).ok()).flatten();
    let Some(seat) = seat else {
        app.metrics.drawn(&case.route, "busy");
        return;
    };
    let spent = unwritten.row.as_ref().map_or(NanoUsd::ZERO, |row| row.cost);
    let Ok(hold) = funded(app, case, (target, &estimates), (None, spent)).await else {
        app.metrics.drawn(&case.route, "no_budget");
        return;
    };
    let mut settlement = Settlement::open(Arc::clone(app), Arc::clone(case), target, hold, seat);
    let Some(row) = unwritten.row.take() else { return };
    let (heard, restoration) = (String::new(), None);
    settlement.compares(Comparison { task, said, heard, restoration, is_wrapped: false, row });
    let wanted = Wanted { request: &request, task, masking: &masking };
    match attempt((destination, Others::Some), clearance, settlement, (wanted, None)).await {
        // The settlement ends with the last of it.
        Ok(Content::Events { mut pieces, .. }) => while pieces.next().await.is_some() {},
        Ok(Content::Whole { .. } | Content::Refusal { .. }) => {}
        Err(miss) => {
            let Miss { settlement, bill, .. } = *miss;
            settlement.finish(Outcome::TargetFailed, bill);
        }
    }
}
