//! Asking a server whether it is there and takes our key. There is no prompt here to send: a probe is a
//! `GET` of the list of models, made from the configuration alone.

use std::error::Error;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::HeaderMap;

use super::client::builder;
use super::{Remote, RemoteSettings};

/// Why a server could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The configuration is at fault.
    #[error("`base_url` or the key cannot be used")]
    Settings,
    /// The name leads nowhere.
    #[error("its host name cannot be resolved (DNS)")]
    Name,
    /// Nobody listens, or something in between drops the connection.
    #[error("no connection can be made")]
    Connection,
    /// The encrypted connection failed.
    #[error("the encrypted connection fails (TLS): its certificate is not one we trust")]
    Certificate,
    /// It took too long.
    #[error("no reply came in time")]
    Timeout,
}

/// The status that the list of models is answered with.
pub async fn probe(remote: &RemoteSettings, patience: Duration) -> Result<StatusCode, ProbeError> {
    let Remote { authorization, headers, .. } =
        Remote::new(remote).map_err(|_| ProbeError::Settings)?;
    let url = remote.url(remote.provider.models_path()).map_err(|_| ProbeError::Settings)?;
    let (host, port) =
        url.host_str().zip(url.port_or_known_default()).ok_or(ProbeError::Settings)?;
    let host = host.trim_matches(['[', ']']);
    if tokio::net::lookup_host((host, port)).await.is_err() {
        return Err(ProbeError::Name);
    }
    let client = builder(patience).timeout(patience).build().map_err(|_| ProbeError::Settings)?;
    let headers: HeaderMap = headers.into_iter().chain(authorization).collect();
    match client.get(url).headers(headers).send().await {
        Ok(reply) => Ok(reply.status()),
        Err(error) if is_certificate(&error) => Err(ProbeError::Certificate),
        Err(error) if error.is_timeout() => Err(ProbeError::Timeout),
        Err(_) => Err(ProbeError::Connection),
    }
}

/// Whether TLS is somewhere among the causes.
fn is_certificate(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(found) = cause {
        let inner = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if found.is::<rustls::Error>()
            || inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
        {
            return true;
        }
        cause = found.source();
    }
    false
}
