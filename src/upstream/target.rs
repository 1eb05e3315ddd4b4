//! A remote target, ready to be called: everything that can be computed before a request is.

use std::fmt;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use reqwest::Url;

use super::provider::Provider;
use crate::secret::Secret;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the reply's head arrives; reasoning models think for minutes.
    pub first_byte: Duration,
    /// Between two pieces of the reply.
    pub idle: Duration,
    /// For the whole exchange.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(2),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(10),
        }
    }
}

/// How a remote target is configured.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// The codec.
    pub provider: &'static dyn Provider,
    /// The model's name at the provider.
    pub model: String,
    /// Where the API is, without a closing slash.
    pub base_url: String,
    /// The API key; servers of one's own may need none.
    pub key: Option<Secret>,
    /// How long to wait.
    pub timeouts: Timeouts,
}

impl RemoteSettings {
    /// Whether the server is this very machine.
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(&self.base_url).ok();
        url.as_ref()
            .and_then(Url::host_str)
            .is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
    }
}

/// A remote target.
pub struct Remote {
    /// The codec.
    pub provider: &'static dyn Provider,
    /// The model's name at the provider.
    pub model: String,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// Parsed once: parsing takes longer than inspecting a short prompt.
    pub(super) chat_url: Url,
    pub(super) authorization: Option<(HeaderName, HeaderValue)>,
    /// Headers that the provider wants besides.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Not a web address.
    #[error("`base_url` must start with `https://` or `http://` and name a host")]
    BaseUrl,
    /// Characters that a header cannot carry.
    #[error("the key contains characters that an HTTP header cannot carry")]
    Key,
}

impl Remote {
    /// Checks the settings and prepares the headers.
    pub fn new(settings: &RemoteSettings) -> Result<Self, RemoteError> {
        let base_url = settings.base_url.trim_end_matches('/');
        let chat_url = format!("{base_url}{}", settings.provider.chat_path());
        let chat_url = Url::parse(&chat_url).map_err(|_| RemoteError::BaseUrl)?;
        if !matches!(chat_url.scheme(), "http" | "https") || !chat_url.has_host() {
            return Err(RemoteError::BaseUrl);
        }
        let authorization = settings
            .key
            .as_ref()
            .map(|key| {
                let (name, value) = settings.provider.authorization(key.expose());
                let mut value = HeaderValue::try_from(value).map_err(|_| RemoteError::Key)?;
                value.set_sensitive(true);
                Ok((HeaderName::from_static(name), value))
            })
            .transpose()?;
        let headers =
            settings.provider.headers().iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
        Ok(Self {
            provider: settings.provider,
            model: settings.model.clone(),
            timeouts: settings.timeouts,
            chat_url,
            authorization,
            headers: headers.collect(),
        })
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Remote")
            .field("provider", &self.provider.name())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
