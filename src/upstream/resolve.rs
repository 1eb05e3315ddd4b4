//! Host names → addresses, within a time: the client's own resolver knows no limit, and does not say
//! that it was the name that failed.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name leads nowhere, as far as is known within this time: less than is waited for a connection,
/// so that it is told what failed.
const PATIENCE: Duration = Duration::from_secs(4);

/// The host name cannot be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host name cannot be resolved")]
pub(super) struct NameError;

/// Asks the system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let looking = tokio::net::lookup_host((name.as_str(), 0));
            let found: Vec<SocketAddr> = match tokio::time::timeout(PATIENCE, looking).await {
                Ok(Ok(found)) => found.collect(),
                Ok(Err(_)) | Err(_) => Vec::new(),
            };
            if found.is_empty() {
                return Err(NameError.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
