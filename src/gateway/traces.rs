//! Hands traces to the operator's collector, many at a time. Nobody waits for it: what it does not take
//! is counted and gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::app::App;
use crate::config::settings::TracesSettings;
use crate::telemetry::traces::{Trace, encoded};
use crate::upstream::Collector;

/// Traces that may wait.
const QUEUE: usize = 2_048;
/// Most traces in one message.
const BATCH: usize = 256;
/// How long a message waits for more.
const PAUSE: Duration = Duration::from_millis(500);

/// A queue and what empties it.
#[derive(Debug)]
pub(super) struct Exporter {
    collector: Collector,
    queue: Receiver<Trace>,
    /// Whether the collector took what it was sent last.
    is_well: bool,
}

impl Exporter {
    /// An exporter for these settings, and the way to it; nothing without settings.
    pub(super) fn new(settings: Option<&TracesSettings>) -> Option<(Sender<Trace>, Self)> {
        let settings = settings?;
        let collector = Collector::new(&settings.endpoint, settings.key.as_ref())?;
        let (sender, queue) = mpsc::channel(QUEUE);
        Some((sender, Self { collector, queue, is_well: true }))
    }

    /// Sends until `over`, then what is left.
    pub(super) async fn run(mut self, app: Arc<App>, over: CancellationToken) {
        loop {
            tokio::select! {
                () = over.cancelled() => break,
                () = tokio::time::sleep(PAUSE) => {}
            }
            self.send_waiting(&app).await;
        }
        self.send_waiting(&app).await;
    }

    /// Sends what waits. Only a change is worth a line in the log.
    async fn send_waiting(&mut self, app: &App) {
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH {
                let Ok(trace) = self.queue.try_recv() else { break };
                batch.push(trace);
            }
            if batch.is_empty() {
                return;
            }
            let was_well = self.is_well;
            self.is_well =
                app.client.export(&self.collector, encoded(&batch).to_string().into()).await;
            if !self.is_well {
                let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                app.metrics.dropped_traces.with_label_values::<&str>(&[]).inc_by(count);
                if was_well {
                    warn!("the collector of traces does not take them");
                }
                return;
            }
        }
    }
}
