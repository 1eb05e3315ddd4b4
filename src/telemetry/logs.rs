//! Logs on standard error: fields, never content.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// What is logged at a level: `error`, `warn`, `info`, `debug`, `trace` or tracing directives.
///
/// Only our own modules can be made to speak below `info`: at `trace`, HTTP libraries would print
/// headers and bodies.
pub fn filter(level: &str) -> EnvFilter {
    let directives = format!("{level},hyper=info,hyper_util=info,reqwest=info,h2=info,rustls=info");
    EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Starts logging at a level, see [`filter`].
pub fn start(level: &str, format: Format) {
    let registry = tracing_subscriber::registry().with(filter(level));
    let started = match format {
        Format::Text => registry.with(fmt::layer().with_writer(io::stderr)).try_init(),
        Format::Json => registry.with(fmt::layer().json().with_writer(io::stderr)).try_init(),
    };
    // A second call (in tests) keeps the first one's settings.
    drop(started);
}
