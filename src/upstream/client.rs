//! The one HTTP client. Timeouts, limits and the clearance are here, for every provider alike.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use reqwest::Url;

use super::resolve::{NameError, Resolver};
use super::target::Remote;
use crate::budget::Hold;
use crate::chat::{Delivery, Surface};
use crate::policy::Clearance;
use crate::secret::Secret;

/// The client, with its pool of connections.
#[derive(Clone)]
pub struct Client(reqwest::Client);

impl Client {
    /// Builds the client. No redirects (a redirect is a destination that no policy named), no
    /// proxies from the environment, no cookies, no decompression.
    pub fn new(connect_timeout: Duration) -> Result<Self, reqwest::Error> {
        builder(connect_timeout).pool_idle_timeout(Duration::from_secs(50)).build().map(Self)
    }
}

/// The operator's collector of traces.
pub struct Collector {
    url: Url,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Collector")
    }
}

impl Collector {
    /// A collector at an address, such as `http://127.0.0.1:4318/v1/traces`; `None` if that is none.
    pub fn new(endpoint: &str, key: Option<&Secret>) -> Option<Self> {
        let url = Url::parse(endpoint).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let authorization = match key {
            None => None,
            Some(key) => {
                let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose())).ok()?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        is_web.then_some(Self { url, authorization })
    }
}

impl Client {
    /// Hands traces to the operator's collector; tells whether it took them. They are made of names and
    /// numbers by `telemetry::traces`; no client's request comes this way.
    pub async fn export(&self, collector: &Collector, traces: Bytes) -> bool {
        let request = self.0.post(collector.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = match &collector.authorization {
            Some(key) => request.header(AUTHORIZATION, key.clone()),
            None => request,
        };
        let reply = request.timeout(Duration::from_secs(10)).body(traces).send().await;
        reply.is_ok_and(|reply| reply.status().is_success())
    }
}

/// What every connection to a server of others has in common.
pub(super) fn builder(connect_timeout: Duration) -> reqwest::ClientBuilder {
    // The process-wide TLS provider; a second call finds it set, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(connect_timeout)
        .dns_resolver(Arc::new(Resolver))
        .tcp_nodelay(true)
        .user_agent(concat!("ambidex/", env!("CARGO_PKG_VERSION")))
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Client")
    }
}

/// Why a request got no reply. Never shows the address with its query, a key or a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent: the name leads nowhere.
    #[error("its host name cannot be resolved (DNS)")]
    Name,
    /// Nothing was sent: the encrypted connection failed.
    #[error("the encrypted connection fails (TLS)")]
    Certificate,
    /// Nothing was sent: no connection.
    #[error("no connection could be made")]
    Unreachable,
    /// It may have been sent, but no reply came in time.
    #[error("no reply came in time")]
    Timeout,
    /// It may have been sent, but the connection broke.
    #[error("the connection broke before a reply came")]
    Broken,
}

impl SendError {
    /// Whether the upstream can have seen the request, and may bill it.
    pub const fn may_have_arrived(self) -> bool {
        matches!(self, Self::Timeout | Self::Broken)
    }
}

/// A request that got no reply.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: SendError,
    /// The permission to try once more, where the server cannot have seen the request.
    pub clearance: Option<Clearance>,
}

/// A reply whose body has not been read yet.
pub struct Reply {
    inner: reqwest::Response,
    clearance: Clearance,
}

impl Reply {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The reply's headers.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The body, piece by piece; dropping the stream closes the exchange.
    pub fn into_pieces(self) -> impl futures_util::Stream<Item = Result<Bytes, SendError>> + Send {
        use futures_util::StreamExt as _;
        self.inner.bytes_stream().map(|piece| piece.map_err(|_| SendError::Broken))
    }

    /// A refusal's body, at most `bytes_max` of it, and the permission to ask once more. An answer
    /// uses the permission up; a refusal does not.
    pub async fn into_refusal(
        self,
        bytes_max: usize,
        patience: Duration,
    ) -> (Bytes, Option<Clearance>) {
        let Self { inner, clearance } = self;
        let clearance = (!inner.status().is_success()).then_some(clearance);
        let reading = tokio::time::timeout(patience, whole(inner, bytes_max));
        (reading.await.ok().and_then(Result::ok).unwrap_or_default(), clearance)
    }

    /// The whole body, at most `bytes_max` of it.
    pub async fn into_whole(self, bytes_max: usize) -> Result<Bytes, SendError> {
        whole(self.inner, bytes_max).await
    }
}

/// The whole body of a reply, if it is not longer than that.
pub(super) async fn whole(
    mut reply: reqwest::Response,
    bytes_max: usize,
) -> Result<Bytes, SendError> {
    let Some(first) = reply.chunk().await.map_err(|_| SendError::Broken)? else {
        return Ok(Bytes::new());
    };
    let mut rest: Option<Vec<u8>> = None;
    while let Some(chunk) = reply.chunk().await.map_err(|_| SendError::Broken)? {
        let whole = rest.get_or_insert_with(|| first.to_vec());
        if whole.len().saturating_add(chunk.len()) > bytes_max {
            return Err(SendError::Broken);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(rest.map_or(first, Bytes::from))
}

impl fmt::Debug for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Reply({})", self.status())
    }
}

/// What is sent.
#[derive(Clone)]
pub struct Outgoing {
    /// The body in the interface of the server.
    pub body: Bytes,
    /// The interface that the request came in through.
    pub asked: Surface,
    /// How the answer is wanted.
    pub delivery: Delivery,
    /// Now: signatures are dated.
    pub at: Timestamp,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Outgoing({} bytes)", self.body.len())
    }
}

/// Sends one request to one remote server. Consumes the policy's permission to do so, and wants to
/// see the money that was set aside for it. Only who was refused, or never heard, gets the permission
/// back ([`Reply::into_refusal`], [`Failed`]).
///
/// A clearance sends one request, not two:
///
/// ```compile_fail,E0382
/// # use ambidex::{budget::Hold, policy::Clearance};
/// # use ambidex::upstream::{Client, Outgoing, Remote, send};
/// async fn twice(client: &Client, to: &Remote, permit: Clearance, hold: &Hold, body: Outgoing) {
///     let first = send(client, to, permit, hold, body.clone()).await;
///     let second = send(client, to, permit, hold, body).await;
/// }
/// ```
///
/// Without money set aside nothing is sent:
///
/// ```compile_fail,E0061
/// # use ambidex::policy::Clearance;
/// # use ambidex::upstream::{Client, Outgoing, Remote, send};
/// async fn unpaid(client: &Client, to: &Remote, permit: Clearance, body: Outgoing) {
///     let reply = send(client, to, permit, body).await;
/// }
/// ```
pub async fn send(
    client: &Client,
    to: &Remote,
    clearance: Clearance,
    _held: &Hold,
    outgoing: Outgoing,
) -> Result<Reply, Failed> {
    match exchanged(client, to, outgoing).await {
        Ok(inner) => Ok(Reply { inner, clearance }),
        Err(error) => {
            let clearance = (!error.may_have_arrived()).then_some(clearance);
            Err(Failed { error, clearance })
        }
    }
}

async fn exchanged(
    client: &Client,
    to: &Remote,
    outgoing: Outgoing,
) -> Result<reqwest::Response, SendError> {
    let Outgoing { body, asked, delivery, at } = outgoing;
    let url = to.speaker(asked).ok_or(SendError::Unreachable)?.url(delivery);
    let mut request = client
        .0
        .post(url.clone())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        // We pass bytes on as they come, so they must not be compressed.
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in to.headers.iter().chain(&to.authorization) {
        request = request.header(name, value);
    }
    if let Some(signer) = &to.signer {
        let signature = signer
            .sign(&Method::POST, url.as_str(), &body, at)
            .map_err(|_| SendError::Unreachable)?;
        for (name, value) in signature {
            request = request.header(name, value);
        }
    }
    let sending = request.body(body).send();
    match tokio::time::timeout(to.timeouts.first_byte, sending).await {
        Ok(Ok(inner)) => Ok(inner),
        Ok(Err(error)) if is_name(&error) => Err(SendError::Name),
        Ok(Err(error)) if is_certificate(&error) => Err(SendError::Certificate),
        Ok(Err(error)) if error.is_connect() => Err(SendError::Unreachable),
        Ok(Err(error)) if error.is_timeout() => Err(SendError::Timeout),
        Ok(Err(_)) => Err(SendError::Broken),
        Err(_) => Err(SendError::Timeout),
    }
}

/// Whether an error is among the causes of another, or hides inside one.
fn has_cause<T: Error + 'static>(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(found) = cause {
        if found.is::<T>() {
            return true;
        }
        // What an I/O error holds is not among its causes, and may be an I/O error itself.
        let inner = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = inner.map_or_else(|| found.source(), |inner| Some(inner));
    }
    false
}

/// Whether the name leads nowhere.
pub(super) fn is_name(error: &reqwest::Error) -> bool {
    has_cause::<NameError>(error)
}

/// Whether the encrypted connection failed.
pub(super) fn is_certificate(error: &reqwest::Error) -> bool {
    has_cause::<rustls::Error>(error)
}
