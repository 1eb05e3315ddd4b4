//! Asking a server whether it is there and takes our key. There is no prompt here to send: a probe is a
//! `GET` of what costs nothing, the list of models mostly, made from the configuration alone.

use std::time::Duration;

use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};
use jiff::Timestamp;

use super::client::{builder, is_certificate, is_name, whole};
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

/// What a server answered to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It takes the key.
    Taken,
    /// It knows the key, which may not ask this. What it may ask cannot be found out for nothing.
    Limited,
    /// It refuses the key.
    Refused,
    /// It has nothing there.
    Nothing,
    /// Something else.
    Status(StatusCode),
}

/// The longest body of an error that is read.
const BODY_READ: usize = 16 << 10;

/// Asks for what costs nothing, at the time `now`: signatures are dated.
///
/// # Errors
/// No reply came.
pub async fn probe(
    settings: &RemoteSettings,
    patience: Duration,
    now: Timestamp,
) -> Result<Probed, ProbeError> {
    let remote = Remote::new(settings).map_err(|_| ProbeError::Settings)?;
    let Remote { authorization, headers, signer, .. } = remote;
    let url = settings.url(settings.provider.probe_path()).map_err(|_| ProbeError::Settings)?;
    let client = builder(patience).timeout(patience).build().map_err(|_| ProbeError::Settings)?;
    let mut all: HeaderMap = headers.into_iter().chain(authorization).collect();
    if let Some(signer) = signer {
        let signature = signer.sign(&Method::GET, url.as_str(), b"", now);
        all.extend(signature.map_err(|_| ProbeError::Settings)?);
    }
    let reply = match client.get(url).headers(all).send().await {
        Ok(reply) => reply,
        Err(error) if is_name(&error) => return Err(ProbeError::Name),
        Err(error) if is_certificate(&error) => return Err(ProbeError::Certificate),
        Err(error) if error.is_timeout() => return Err(ProbeError::Timeout),
        Err(_) => return Err(ProbeError::Connection),
    };
    Ok(match reply.status() {
        status if status.is_success() => Probed::Taken,
        StatusCode::UNAUTHORIZED => Probed::Refused,
        StatusCode::FORBIDDEN => {
            let body = whole(reply, BODY_READ).await.unwrap_or_default();
            let is_known = settings.provider.knows_key(&body);
            if is_known { Probed::Limited } else { Probed::Refused }
        }
        StatusCode::NOT_FOUND => Probed::Nothing,
        status => Probed::Status(status),
    })
}
