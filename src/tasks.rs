//! Background tasks that shutdown waits for.

use std::future::Future;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// The set of running background tasks of one gateway.
#[derive(Clone, Debug, Default)]
pub struct Tasks(TaskTracker);

impl Tasks {
    /// Runs a future in the background.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Outside a runtime (a value dropped after it ended) nothing can run any more.
        if let Ok(runtime) = Handle::try_current() {
            drop(self.0.spawn_on(task, &runtime));
        }
    }

    /// Waits until every task has ended.
    pub async fn drained(&self) {
        self.0.close();
        self.0.wait().await;
    }
}
