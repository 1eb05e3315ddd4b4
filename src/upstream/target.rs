//! A remote target, ready to be called: everything that can be computed before a request is.

use std::fmt;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use reqwest::Url;

use super::provider::{Place, Provider};
use super::scrub::scrubbed;
use super::sign::{AwsKeys, Signer};
use crate::chat::{Delivery, Surface};
use crate::secret::Secret;

/// Stands for the region in an address.
const REGION: &str = "{region}";

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
    /// The keys that requests are signed with instead.
    pub signing: Option<AwsKeys>,
    /// Where the provider has its machines, for those whose address tells.
    pub region: Option<String>,
    /// The version of the API, for those that want one.
    pub api_version: Option<String>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The interfaces that it speaks; `None` is what the provider is known to speak there.
    pub speaks: Option<Vec<Surface>>,
}

impl RemoteSettings {
    /// The settings of a model at a provider, with everything else as usual.
    pub fn of(provider: &'static dyn Provider, model: &str) -> Self {
        Self {
            provider,
            model: model.to_owned(),
            base_url: provider.base_url().to_owned(),
            key: None,
            signing: None,
            region: None,
            api_version: None,
            timeouts: Timeouts::default(),
            speaks: None,
        }
    }

    /// The interfaces that a target speaks which does not say.
    ///
    /// A model for embeddings has it in its name and does nothing else. At the vendor's own address
    /// everything newer is spoken; servers that imitate it elsewhere know the older interfaces.
    fn speaks(&self) -> Vec<Option<Surface>> {
        if let Some(said) = &self.speaks {
            return said.iter().copied().map(Some).collect();
        }
        let own = self.provider.surface();
        if self.provider.also(Surface::OpenAiEmbeddings).is_some()
            && self.model.to_lowercase().contains("embed")
        {
            return vec![Some(Surface::OpenAiEmbeddings)];
        }
        let is_vendor = self.base_url.trim_end_matches('/') == self.provider.base_url();
        let other = if is_vendor { Surface::OpenAiResponses } else { Surface::OpenAiCompletions };
        let also = self.provider.also(other).map(|_| Some(other));
        std::iter::once(own).chain(also).collect()
    }

    fn speaker(
        &self,
        surface: Option<Surface>,
        provider: &'static dyn Provider,
    ) -> Result<Speaker, RemoteError> {
        let (model, api_version) = (self.model.as_str(), self.api_version.as_deref());
        let url = |delivery| self.url(&provider.path(&Place { model, api_version, delivery }));
        let (whole_url, stream_url) = (url(Delivery::Whole)?, url(Delivery::Stream)?);
        Ok(Speaker { surface, provider, whole_url, stream_url })
    }

    /// An address below the base.
    pub(super) fn url(&self, path: &str) -> Result<Url, RemoteError> {
        let mut base_url = self.base_url.trim_end_matches('/').to_owned();
        if base_url.contains(REGION) {
            let region = self.region.as_deref().ok_or(RemoteError::Region)?;
            base_url = base_url.replace(REGION, region);
        }
        let url = Url::parse(&format!("{base_url}{path}")).map_err(|_| RemoteError::BaseUrl)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        is_web.then_some(url).ok_or(RemoteError::BaseUrl)
    }

    /// What requests are signed with, if they are.
    fn signer(&self) -> Result<Option<Signer>, RemoteError> {
        let Some(keys) = &self.signing else { return Ok(None) };
        let service = self.provider.signs_for().ok_or(RemoteError::Signing)?;
        let region = self.region.clone().ok_or(RemoteError::Region)?;
        Ok(Some(Signer::new(keys.clone(), region, service)))
    }

    /// The header that holds the key, if there is one.
    fn authorization(&self) -> Result<Option<(HeaderName, HeaderValue)>, RemoteError> {
        let Some(key) = &self.key else { return Ok(None) };
        let (name, value) = self.provider.authorization(key.expose());
        let mut value = HeaderValue::try_from(value).map_err(|_| RemoteError::Key)?;
        value.set_sensitive(true);
        Ok(Some((HeaderName::from_static(name), value)))
    }

    /// Whether the server is this very machine.
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(&self.base_url).ok();
        url.as_ref()
            .and_then(Url::host_str)
            .is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
    }
}

/// An interface that a target speaks.
#[derive(Debug)]
pub struct Speaker {
    /// The interface, if callers can speak it, too.
    pub surface: Option<Surface>,
    /// Its codec.
    pub provider: &'static dyn Provider,
    whole_url: Url,
    stream_url: Url,
}

/// A remote target.
pub struct Remote {
    /// The codec.
    pub provider: &'static dyn Provider,
    /// The model's name at the provider.
    pub model: String,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The interfaces that it speaks. Their addresses are parsed once: parsing takes longer than
    /// inspecting a short prompt.
    speakers: Vec<Speaker>,
    pub(super) authorization: Option<(HeaderName, HeaderValue)>,
    /// Signs every request, where a key in a header is not enough.
    pub(super) signer: Option<Signer>,
    /// What must not come back in an upstream's words.
    key: Option<Secret>,
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
    /// The provider has an address in every region, or signs for one.
    #[error("`region` is missing")]
    Region,
    /// The provider does not read signatures.
    #[error("this provider takes a `key`, not `aws` keys")]
    Signing,
}

impl Remote {
    /// Checks the settings and prepares the headers.
    pub fn new(settings: &RemoteSettings) -> Result<Self, RemoteError> {
        let own = settings.provider.surface();
        let speakers = settings.speaks().into_iter().map(|surface| {
            let also = || {
                let other = surface.and_then(|it| settings.provider.also(it));
                other.ok_or(RemoteError::Surface(surface.map_or("it", Surface::word)))
            };
            let provider = if surface == own { settings.provider } else { also()? };
            settings.speaker(surface, provider)
        });
        let speakers = speakers.collect::<Result<Vec<_>, _>>()?;
        if speakers.is_empty() {
            return Err(RemoteError::Mute);
        }
        let signer = settings.signer()?;
        let authorization = if signer.is_some() { None } else { settings.authorization()? };
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
            signer,
            key: settings.key.clone(),
            headers: headers.collect(),
        })
    }

    /// Words of the upstream's without our key, whole or as vendors shorten it (`sk-ab***yz`).
    pub fn scrubbed(&self, words: &str) -> String {
        let keys = self.key.iter().map(Secret::expose);
        let keys = keys.chain(self.signer.iter().flat_map(Signer::exposed));
        keys.fold(words.to_owned(), |words, key| scrubbed(&words, key))
    }
}

impl Remote {
    /// Who takes requests of an interface: who speaks it, else who speaks the provider's own.
    pub fn speaker(&self, surface: Surface) -> Option<&Speaker> {
        let of = |wanted| self.speakers.iter().find(move |it| it.surface == wanted);
        of(Some(surface)).or_else(|| of(self.provider.surface())).or_else(|| self.speakers.first())
    }

    /// Whether requests of this interface can be answered: as they are, or translated.
    pub fn answers(&self, surface: Surface) -> bool {
        let Some(speaker) = self.speaker(surface) else { return false };
        let is_own = speaker.surface == self.provider.surface();
        speaker.surface == Some(surface) || (surface != Surface::OpenAiEmbeddings && is_own)
    }
}

impl Speaker {
    /// Where requests go.
    pub(super) const fn url(&self, delivery: Delivery) -> &Url {
        if delivery.is_stream() { &self.stream_url } else { &self.whole_url }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::provider;

    #[test]
    fn every_provider_has_its_address_and_its_place_for_the_key() {
        let at = |name: &str, change: fn(&mut RemoteSettings)| {
            let mut settings = RemoteSettings::of(provider::named(name).unwrap(), "model-x");
            settings.key = Some(Secret::new("key-1234567890".to_owned()));
            change(&mut settings);
            let remote = Remote::new(&settings).unwrap();
            let (name, value) = remote.authorization.clone().unwrap();
            let header = format!("{name}: {}", value.to_str().unwrap());
            let speaker = remote.speakers.first().unwrap();
            (speaker.whole_url.to_string(), speaker.stream_url.to_string(), header)
        };
        let bearer = "authorization: Bearer key-1234567890";
        for (name, url) in [
            ("openai", "https://api.openai.com/v1/chat/completions"),
            ("mistral", "https://api.mistral.ai/v1/chat/completions"),
            ("deepseek", "https://api.deepseek.com/chat/completions"),
            ("zhipu", "https://open.bigmodel.cn/api/paas/v4/chat/completions"),
            ("minimax", "https://api.minimax.io/v1/chat/completions"),
            ("openrouter", "https://openrouter.ai/api/v1/chat/completions"),
        ] {
            assert_eq!(at(name, |_| ()), (url.to_owned(), url.to_owned(), bearer.to_owned()));
        }
        let (url, _, header) = at("anthropic", |_| ());
        assert_eq!(url, "https://api.anthropic.com/v1/messages");
        assert_eq!(header, "x-api-key: key-1234567890");
        let azure =
            |it: &mut RemoteSettings| "https://n.openai.azure.com/".clone_into(&mut it.base_url);
        let (url, _, header) = at("azure", azure);
        assert_eq!(url, "https://n.openai.azure.com/openai/v1/chat/completions");
        assert_eq!(header, "api-key: key-1234567890");
        let (url, ..) = at("azure", |it| {
            "https://n.openai.azure.com".clone_into(&mut it.base_url);
            it.api_version = Some("2024-10-21".to_owned());
        });
        assert_eq!(
            url,
            "https://n.openai.azure.com/openai/deployments/model-x/chat/completions?api-version=2024-10-21"
        );
        let azure = RemoteSettings::of(provider::named("azure").unwrap(), "m");
        assert!(matches!(Remote::new(&azure), Err(RemoteError::BaseUrl)), "it has no address");
    }
}
