//! Listeners: accept, one task per connection, limits in plain sight, and a shutdown that drains.
//!
//! The server does not know what a request means: the handler is an argument.

pub mod body;
mod framing;
mod limits;
pub mod respond;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

pub use body::Body;
pub use framing::Misframed;
pub use limits::Limits;

use self::framing::{Followed, Verdict};
use crate::tasks::Tasks;

/// When to stop: `drain` asks for it, `abort` ends what is still running after the grace period.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Stop accepting; let what runs come to its end.
    pub drain: CancellationToken,
    /// End what still runs with an in-band error.
    pub abort: CancellationToken,
}

/// Serves connections until `shutdown.drain`, then waits for the open ones, at most `limits.grace`.
pub async fn serve<H, F>(listener: TcpListener, limits: Limits, shutdown: Shutdown, handler: H)
where
    H: Fn(hyper::Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = hyper::Response<Body>> + Send + 'static,
{
    let open = GracefulShutdown::new();
    let tasks = Tasks::default();
    let seats = Arc::new(Semaphore::new(limits.connections_max));
    loop {
        let accepted = tokio::select! {
            () = shutdown.drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end.
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(limits.accept_pause).await;
                continue;
            }
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            debug!(limit = limits.connections_max, "too many connections; one was closed");
            continue;
        };
        let connection = connection(stream, limits, handler.clone());
        let watched = open.watch(connection);
        tasks.spawn(async move {
            if let Err(error) = watched.await {
                debug!(%error, "a connection ended early");
            }
            drop(seat);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.grace, open.shutdown()).await.is_err() {
        warn!("requests still ran after the grace period and were ended");
        shutdown.abort.cancel();
        let _ = tokio::time::timeout(limits.abort_grace, tasks.drained()).await;
    }
}

fn connection<H, F>(
    stream: TcpStream,
    limits: Limits,
    handler: H,
) -> http1::Connection<
    TokioIo<Followed<TcpStream>>,
    impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send>,
>
where
    H: Fn(hyper::Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = hyper::Response<Body>> + Send + 'static,
{
    // Without it, the last small piece of every stream waits for the peer's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "TCP_NODELAY could not be set");
    }
    let verdict = Verdict::default();
    let stream = Followed::new(stream, verdict.clone());
    let service = service_fn(move |mut request| {
        let problem = verdict.get();
        // Whoever reads the request may want to refuse it in its own words.
        problem.map(|problem| request.extensions_mut().insert(problem));
        let reply = handler(request);
        async move {
            let mut reply = reply.await;
            if problem.is_some() {
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(reply)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.header_bytes_max)
        .serve_connection(TokioIo::new(stream), service)
}
