//! What the tests share: a scripted upstream and a gateway in front of it.

mod hub;
mod postgres;
mod process;
mod proxy;
mod upstream;

pub(crate) use hub::{COMMIT, HubServer, State as HubState, sha256};
pub(crate) use postgres::Postgres;
pub(crate) use process::{Process, client, send};
pub(crate) use proxy::{KEY, Proxy, Reply, UPSTREAM_KEY, chat, settings, streamed};
pub(crate) use upstream::{Say, Seen, Upstream, answer, events};

use std::future::Future;
use std::time::Duration;

/// Polls until something holds; fails loudly when it does not within ten seconds.
pub async fn eventually<F, T>(what: &str, mut check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    for _ in 0..1_000 {
        if let Some(value) = check().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come about");
}
