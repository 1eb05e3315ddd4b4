//! Signatures of whole requests, as Amazon's services want them (Signature Version 4). Time is an
//! argument: a signature is dated, and tests date it themselves.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::secret::Secret;

/// The keys that requests are signed with.
#[derive(Clone, Debug)]
pub struct AwsKeys {
    /// Names the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// What temporary keys come with.
    pub session_token: Option<Secret>,
}

/// Signs the requests of one target.
pub(super) struct Signer {
    keys: AwsKeys,
    region: String,
    service: &'static str,
}

/// A request that cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request could not be signed")]
pub(super) struct Unsigned;

impl Signer {
    pub(super) const fn new(keys: AwsKeys, region: String, service: &'static str) -> Self {
        Self { keys, region, service }
    }

    /// What must not come back in an upstream's words.
    pub(super) fn exposed(&self) -> impl Iterator<Item = &str> {
        let AwsKeys { access_key_id, secret_access_key, session_token } = &self.keys;
        [access_key_id, secret_access_key].into_iter().chain(session_token).map(Secret::expose)
    }

    /// The headers that sign a request of this body.
    pub(super) fn sign(
        &self,
        method: &Method,
        url: &str,
        body: &[u8],
        at: Timestamp,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Unsigned> {
        let token = self.keys.session_token.as_ref().map(|it| it.expose().to_owned());
        let AwsKeys { access_key_id: id, secret_access_key: key, .. } = &self.keys;
        let identity = Credentials::new(id.expose(), key.expose(), token, None, "settings").into();
        let seconds = u64::try_from(at.as_second()).map_err(|_| Unsigned)?;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| Unsigned)?
            .into();
        let request = SignableRequest::new(
            method.as_str(),
            url,
            std::iter::empty(),
            SignableBody::Bytes(body),
        )
        .map_err(|_| Unsigned)?;
        let (signed, _) = sign(request, &params).map_err(|_| Unsigned)?.into_parts();
        let headers = signed.headers().map(|(name, value)| {
            let name = HeaderName::try_from(name).map_err(|_| Unsigned)?;
            let mut value = HeaderValue::try_from(value).map_err(|_| Unsigned)?;
            value.set_sensitive(true);
            Ok((name, value))
        });
        headers.collect()
    }
}

/// Nothing of a key.
impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signer({}, {})", self.region, self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `post-vanilla`, `post-sts-header-before` and `get-vanilla` of the test suite that Amazon publishes.
    #[test]
    fn the_published_vectors_are_signed_as_published() {
        let keys = |token: Option<&str>| AwsKeys {
            access_key_id: Secret::new("AKIDEXAMPLE".to_owned()),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: token.map(|it| Secret::new(it.to_owned())),
        };
        let at: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
        let signed = |method: Method, token| {
            let signer = Signer::new(keys(token), "us-east-1".to_owned(), "service");
            let headers = signer.sign(&method, "https://example.amazonaws.com/", b"", at).unwrap();
            let text = |(name, value): (HeaderName, HeaderValue)| {
                format!("{name}: {}", value.to_str().unwrap())
            };
            headers.into_iter().map(text).collect::<Vec<_>>()
        };
        let credential =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        let signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
        let authorization = format!(
            "authorization: {credential}, SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        let plain = signed(Method::POST, None);
        assert!(plain.contains(&authorization), "{plain:?}");
        assert!(plain.contains(&"x-amz-date: 20150830T123600Z".to_owned()), "{plain:?}");
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        let with_token = signed(Method::POST, Some(token));
        assert!(with_token.contains(&format!("x-amz-security-token: {token}")), "{with_token:?}");
        let signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
        let ends =
            format!("SignedHeaders=host;x-amz-date;x-amz-security-token, Signature={signature}");
        assert!(with_token.iter().any(|it| it.ends_with(&ends)), "{with_token:?}");
        let signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let asked = signed(Method::GET, None);
        assert!(asked.iter().any(|it| it.ends_with(signature)), "{asked:?}");
    }
}
