//! The first stage: a connection's bytes → an endpoint, credentials and a whole body.
//!
//! Strict where HTTP implementations differ (repeated framing headers, a missing `Host`): a request
//! that two servers could cut differently is refused before anyone reads it.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Method, Request};

use crate::chat::Surface;
use crate::failure::{Code, Failure};
use crate::secret::Secret;
use crate::server::{Limits, Misframed};

/// Where Anthropic's clients put the key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What every client of Anthropic's sends along. Any version is taken.
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A question to a model.
    Chat(Surface),
    /// How long a question is.
    CountTokens(Surface),
    /// The list of models.
    Models,
    /// Whether the process lives.
    Health,
    /// Whether it can serve.
    Ready,
}

/// Finds what a path stands for.
pub fn endpoint(method: &Method, path: &str) -> Result<Endpoint, Failure> {
    let (endpoint, allowed) = match path {
        "/v1/chat/completions" => (Endpoint::Chat(Surface::OpenAiChat), Method::POST),
        "/v1/messages" => (Endpoint::Chat(Surface::AnthropicMessages), Method::POST),
        "/v1/messages/count_tokens" => {
            (Endpoint::CountTokens(Surface::AnthropicMessages), Method::POST)
        }
        "/v1/completions" => (Endpoint::Chat(Surface::OpenAiCompletions), Method::POST),
        "/v1/responses" => (Endpoint::Chat(Surface::OpenAiResponses), Method::POST),
        "/v1/embeddings" => (Endpoint::Chat(Surface::OpenAiEmbeddings), Method::POST),
        "/v1/models" => (Endpoint::Models, Method::GET),
        "/healthz" => (Endpoint::Health, Method::GET),
        "/readyz" => (Endpoint::Ready, Method::GET),
        _ if path.starts_with("/v1/responses/") => {
            let message = "answers are not kept here, so none can be looked up, cancelled or deleted; \
                           POST /v1/responses makes one, and says all of it";
            return Err(Failure::client(Code::NotFound, message));
        }
        _ => {
            let message = "there is nothing at this path; the interfaces are \
                           /v1/chat/completions, /v1/completions, /v1/responses, /v1/embeddings, \
                           /v1/messages, /v1/messages/count_tokens and /v1/models";
            return Err(Failure::client(Code::NotFound, message));
        }
    };
    if *method != allowed {
        let message = format!("this path takes {allowed} requests only");
        return Err(Failure::client(Code::MethodNotAllowed, message));
    }
    Ok(endpoint)
}

/// Whose words a caller understands: Anthropic's clients name the version of their interface.
pub fn spoken(path: &str, headers: &HeaderMap) -> Surface {
    if path.starts_with("/v1/messages") || headers.contains_key(ANTHROPIC_VERSION) {
        Surface::AnthropicMessages
    } else {
        Surface::OpenAiChat
    }
}

/// Refuses requests whose framing other HTTP implementations read differently.
pub fn check_framing<B>(request: &Request<B>) -> Result<(), Failure> {
    let headers = request.headers();
    let count = |name: &HeaderName| headers.get_all(name).iter().count();
    let problem = if let Some(problem) = request.extensions().get::<Misframed>() {
        match problem {
            Misframed::LengthRepeated => "the body's length is stated more than once",
            Misframed::TabBeforeLength => "a tab stands before the body's length",
            Misframed::BareLineFeed => "a header line ends without a carriage return",
        }
    } else if count(&HOST) != 1 {
        "exactly one `Host` header is needed"
    } else if names_another_host(request) {
        "the address of the request and its `Host` header differ"
    } else if count(&CONTENT_LENGTH) > 1 || count(&TRANSFER_ENCODING) > 1 {
        "the body's length is stated more than once"
    } else if count(&CONTENT_LENGTH) == 1 && count(&TRANSFER_ENCODING) == 1 {
        "`Content-Length` and `Transfer-Encoding` exclude each other"
    } else if headers
        .get(TRANSFER_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        "the only transfer encoding is `chunked`"
    } else if count(&UPGRADE) > 0 {
        "connections cannot be upgraded"
    } else if headers
        .get(EXPECT)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        "the only expectation is `100-continue`"
    } else if headers.get_all(CONNECTION).iter().any(names_framing) {
        "`Connection` may not name headers that frame the request"
    } else {
        return Ok(());
    };
    Err(Failure::client(Code::InvalidRequest, problem))
}

/// Whether the request line has an address of its own that leads elsewhere.
fn names_another_host<B>(request: &Request<B>) -> bool {
    let Some(authority) = request.uri().authority() else { return false };
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    host.is_none_or(|host| !host.eq_ignore_ascii_case(authority.as_str().as_bytes()))
}

/// Whether a hop between us and the client would be told to drop what frames the request.
fn names_framing(value: &HeaderValue) -> bool {
    let framing = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, AUTHORIZATION];
    let mut words = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    words.any(|word| framing.iter().any(|it| word.eq_ignore_ascii_case(it.as_str().as_bytes())))
}

/// The key that the caller presents, if any.
pub fn credentials(headers: &HeaderMap) -> Option<Secret> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let plain = || headers.get(X_API_KEY).and_then(|value| value.to_str().ok());
    bearer.or_else(plain).map(|key| Secret::new(key.to_owned()))
}

/// Collects the body, within the limits on size and time. A body in one piece is not copied.
pub async fn body(request: Request<Incoming>, limits: &Limits) -> Result<Bytes, Failure> {
    let body = request.into_body();
    let too_large = || {
        let message = format!("the body is larger than {} bytes", limits.body_bytes_max);
        Failure::client(Code::BodyTooLarge, message)
    };
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |bytes| bytes > limits.body_bytes_max) {
        return Err(too_large());
    }
    let read = async {
        let mut body = body;
        let mut first = Bytes::new();
        let mut all: Option<BytesMut> = None;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                let message = "the body ended before its announced length";
                return Err(Failure::client(Code::InvalidRequest, message));
            };
            let Ok(data) = frame.into_data() else { continue };
            let held = all.as_ref().map_or(first.len(), BytesMut::len);
            if held.saturating_add(data.len()) > limits.body_bytes_max {
                return Err(too_large());
            }
            match &mut all {
                Some(all) => all.extend_from_slice(&data),
                None if first.is_empty() => first = data,
                None => {
                    let mut joined = BytesMut::with_capacity(first.len() + data.len());
                    joined.extend_from_slice(&first);
                    joined.extend_from_slice(&data);
                    all = Some(joined);
                }
            }
        }
        Ok(all.map_or(first, BytesMut::freeze))
    };
    tokio::time::timeout(limits.body_timeout, read).await.unwrap_or_else(|_| {
        let seconds = limits.body_timeout.as_secs();
        let message = format!("the body did not arrive within {seconds} seconds");
        Err(Failure::client(Code::RequestTimeout, message))
    })
}
