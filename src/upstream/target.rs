//! A remote target, ready to be called: everything that can be computed before a request is.

use std::fmt;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use reqwest::Url;

use super::provider::Provider;
use crate::chat::Surface;
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
    /// The interfaces that it speaks; `None` is what the provider is known to speak there.
    pub speaks: Option<Vec<Surface>>,
}

impl RemoteSettings {
    /// The interfaces that a target speaks which does not say.
    ///
    /// A model for embeddings has it in its name and does nothing else. At the vendor's own address
    /// everything newer is spoken; servers that imitate it elsewhere know the older interfaces.
    pub fn speaks(&self) -> Vec<Surface> {
        if let Some(said) = &self.speaks {
            return said.clone();
        }
        let own = self.provider.surface();
        if self.provider.also(Surface::OpenAiEmbeddings).is_some()
            && self.model.to_lowercase().contains("embed")
        {
            return vec![Surface::OpenAiEmbeddings];
        }
        let is_vendor = self.base_url.trim_end_matches('/') == self.provider.base_url();
        let other = if is_vendor { Surface::OpenAiResponses } else { Surface::OpenAiCompletions };
        let also = self.provider.also(other).map(|_| other);
        std::iter::once(own).chain(also).collect()
    }

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
    /// The interfaces that it speaks, each with its codec and its address. Parsed once: parsing
    /// takes longer than inspecting a short prompt.
    speakers: Vec<(Surface, &'static dyn Provider, Url)>,
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
    /// The provider has no such interface.
    #[error("the provider does not speak `{0}`")]
    Surface(&'static str),
    /// Nothing could be asked.
    #[error("`speaks` names no interface")]
    Mute,
    /// Characters that a header cannot carry.
    #[error("the key contains characters that an HTTP header cannot carry")]
    Key,
}

impl Remote {
    /// Checks the settings and prepares the headers.
    pub fn new(settings: &RemoteSettings) -> Result<Self, RemoteError> {
        let own = settings.provider.surface();
        let speakers = settings.speaks().into_iter().map(|surface| {
            let also =
                || settings.provider.also(surface).ok_or(RemoteError::Surface(surface.word()));
            let provider = if surface == own { settings.provider } else { also()? };
            Ok((surface, provider, address(&settings.base_url, provider.chat_path())?))
        });
        let speakers = speakers.collect::<Result<Vec<_>, _>>()?;
        if speakers.is_empty() {
            return Err(RemoteError::Mute);
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
            speakers,
            authorization,
            headers: headers.collect(),
        })
    }
}

fn address(base_url: &str, path: &str) -> Result<Url, RemoteError> {
    let url = format!("{}{path}", base_url.trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|_| RemoteError::BaseUrl)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_web { Ok(url) } else { Err(RemoteError::BaseUrl) }
}

impl Remote {
    fn entry(&self, surface: Surface) -> Option<&(Surface, &'static dyn Provider, Url)> {
        let of = |wanted| self.speakers.iter().find(move |(it, ..)| *it == wanted);
        of(surface).or_else(|| of(self.provider.surface())).or_else(|| self.speakers.first())
    }

    /// The interface that a request of this one leaves in.
    pub fn spoken(&self, surface: Surface) -> Surface {
        self.entry(surface).map_or(surface, |(spoken, ..)| *spoken)
    }

    /// Whether requests of this interface can be answered: as they are, or translated.
    pub fn answers(&self, surface: Surface) -> bool {
        let spoken = self.spoken(surface);
        spoken == surface
            || (surface != Surface::OpenAiEmbeddings && spoken == self.provider.surface())
    }

    /// The codec for an interface that it speaks.
    pub fn speaker(&self, spoken: Surface) -> &'static dyn Provider {
        self.entry(spoken).map_or(self.provider, |(_, provider, _)| *provider)
    }

    /// Where requests of an interface that it speaks go.
    pub(super) fn url(&self, spoken: Surface) -> Option<&Url> {
        self.entry(spoken).map(|(.., url)| url)
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
