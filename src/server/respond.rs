//! The one place where a [`Failure`] becomes an HTTP reply.

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::dialect::{Complaint, Dialect};
use crate::failure::{Code, Failure, Retry};
use crate::server::Body;

/// Tells official clients not to try again on their own.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The status of a failure.
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::PolicyRefused | Code::ModelNotAllowed => StatusCode::FORBIDDEN,
        Code::BudgetExceeded => StatusCode::PAYMENT_REQUIRED,
        Code::RequestTooLong | Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::TargetsUnavailable | Code::LedgerUnavailable | Code::ShuttingDown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::RateLimited | Code::LocalOverloaded => StatusCode::TOO_MANY_REQUESTS,
        Code::InvalidApiKey => StatusCode::UNAUTHORIZED,
        Code::InvalidRequest => StatusCode::BAD_REQUEST,
        Code::IdempotencyConflict => StatusCode::CONFLICT,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        Code::UpstreamUnreachable | Code::UpstreamError | Code::UpstreamTruncated => {
            StatusCode::BAD_GATEWAY
        }
        Code::LocalFailed | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The reply for a failure, in the words of the dialect that was called.
pub fn failure(failure: &Failure, dialect: &dyn Dialect, decision: Option<&str>) -> Response<Body> {
    let status = status(failure.code);
    let body = dialect.complaint(&Complaint {
        status: status.as_u16(),
        code: failure.code.name(),
        message: &failure.message,
        decision,
    });
    let mut reply = json(status, body);
    let headers = reply.headers_mut();
    match failure.retry {
        Retry::Never => {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        Retry::After(pause) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        }
    }
    reply
}

/// A JSON reply.
pub fn json(status: StatusCode, body: impl Into<bytes::Bytes>) -> Response<Body> {
    typed(status, "application/json", body)
}

/// A reply of this media type.
pub fn typed(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<bytes::Bytes>,
) -> Response<Body> {
    let mut reply = Response::new(Body::whole(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

/// A stream of server-sent events; proxies must neither store nor collect it.
pub fn events(pieces: crate::server::body::Pieces) -> Response<Body> {
    streamed(Body::Stream(pieces))
}

/// The same, all of whose events are there already.
pub fn all_events(events: bytes::Bytes) -> Response<Body> {
    streamed(Body::whole(events))
}

fn streamed(body: Body) -> Response<Body> {
    let mut reply = Response::new(body);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    reply
}
