//! `ambidex serve`: run until told to stop, then drain.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

use super::CliError;
use super::arguments::ServeOptions;
use crate::app::App;
use crate::config::Settings;
use crate::gateway::Gateway;
use crate::rollout;
use crate::telemetry::logs;

pub(super) fn run(settings: &Settings, options: &ServeOptions) -> Result<(), CliError> {
    logs::start(&options.log, options.log_format);
    let mut settings = settings.clone();
    settings.listen = options.listen.unwrap_or(settings.listen);
    settings.admin_listen = options.admin_listen.unwrap_or(settings.admin_listen);
    runtime(settings.workers)?.block_on(async {
        let gateway = Gateway::start(&settings).await?;
        // Caught before anybody is told that it runs: an uncaught signal ends a process.
        let stop = told_to_stop()?;
        let hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be caught")?;
        gateway.app.tasks.spawn(reload_on_hangup(Arc::clone(&gateway.app), hangup));
        if options.print_addresses {
            let (data, admin) = (gateway.address, gateway.admin_address);
            let mut out = std::io::stdout().lock();
            writeln!(out, "listening data={data} admin={admin}")?;
            out.flush()?;
        }
        stop.await;
        info!("draining");
        gateway.stop().await;
        Ok(())
    })
}

/// The threads that serve requests.
pub(crate) fn runtime(workers: Option<usize>) -> anyhow::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.enable_all().build().context("the threads could not be started")
}

/// Reads the policy file at every SIGHUP, until the gateway stops.
async fn reload_on_hangup(app: Arc<App>, mut hangup: Signal) {
    let stop = app.shutdown.drain.clone();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            caught = hangup.recv() => if caught.is_none() { return },
        }
        // The outcome is in the log, the metrics and `/readyz`; nobody waits for it here.
        let _told = rollout::reload(&app).await;
    }
}

/// Catches Ctrl-C and SIGTERM from now on; what it returns waits for one of them.
pub(crate) fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be caught")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
