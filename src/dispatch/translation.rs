//! Translates a request into the dialect of the provider that gets it, and looks at the result with
//! the same eyes as before: what shows only in the translation does not leave.

use std::sync::Arc;

use bytes::Bytes;

use super::Masking;
use crate::chat::{Request, Surface};
use crate::dialect::{self, near, translate};
use crate::failure::{Code, Failure};
use crate::inspect::Inspection;
use crate::money::Tokens;
use crate::upstream::Remote;
use crate::upstream::provider::{Provider, Written};

/// Bodies up to this size are translated in place: handing over costs more than translating.
const IN_PLACE_BYTES_MAX: usize = 16 << 10;

/// A request on its way out.
pub(super) struct Leaving {
    /// Its bytes, in the interface of the provider.
    pub(super) body: Bytes,
    /// Whether the answer comes as the arguments of a tool that the caller does not know.
    pub(super) is_wrapped: bool,
    /// The interface that it is in, if callers can speak it, too.
    pub(super) spoken: Option<Surface>,
}

/// Why a request could not be translated. Without any of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TranslateError {
    #[error("the request was not sent, because the target's interface is another: {0}")]
    Untranslatable(#[from] translate::Untranslatable),
    #[error("the request was not sent: the target speaks no interface")]
    Unspoken,
    #[error("the request was not sent: its translation cannot be read")]
    Unreadable,
    #[error("the request was not sent: its translation shows values that it did not show before")]
    Revealing,
    #[error("the request was not sent: its translation was interrupted")]
    Interrupted,
}

impl From<TranslateError> for Failure {
    fn from(error: TranslateError) -> Self {
        let message = error.to_string();
        match error {
            TranslateError::Untranslatable(_) => Self::client(Code::InvalidRequest, message),
            TranslateError::Revealing => Self::client(Code::PolicyRefused, message),
            TranslateError::Unspoken | TranslateError::Unreadable | TranslateError::Interrupted => {
                Self::ours(Code::TargetsUnavailable, message)
            }
        }
    }
}

/// The request as it leaves for a target. What is in the provider's interface already passes as it
/// is, but for a few edits; everything else is translated, read again and inspected again.
pub(super) async fn written(
    masking: &Masking,
    request: &Arc<Request>,
    remote: &Remote,
    output_max: Tokens,
) -> Result<Leaving, TranslateError> {
    let speaker = remote.speaker(request.surface).ok_or(TranslateError::Unspoken)?;
    let (spoken, provider) = (speaker.surface, speaker.provider);
    let passed = |request: &Request| -> Result<Leaving, TranslateError> {
        let body = provider.outgoing(request, &remote.model, output_max)?;
        Ok(Leaving { body, is_wrapped: false, spoken })
    };
    if spoken == Some(request.surface) {
        return passed(request);
    }
    let nearer = if near::is_near(request.surface) {
        let through = |inspection: &Inspection, request: &Request| nearer(inspection, request);
        Arc::new(elsewhere(masking, request, through).await?)
    } else {
        Arc::clone(request)
    };
    if spoken == Some(nearer.surface) {
        return passed(&nearer);
    }
    let model = remote.model.clone();
    elsewhere(masking, &nearer, move |inspection, request| {
        let Written { body, is_wrapped } =
            translated(inspection, request, (provider, &model, output_max))?;
        Ok(Leaving { body, is_wrapped, spoken })
    })
    .await
}

/// Works on long requests where waiting does not hold up others.
async fn elsewhere<T: Send + 'static>(
    masking: &Masking,
    request: &Arc<Request>,
    work: impl FnOnce(&Inspection, &Request) -> Result<T, TranslateError> + Send + 'static,
) -> Result<T, TranslateError> {
    if request.body().len() <= IN_PLACE_BYTES_MAX {
        return work(&masking.inspection, request);
    }
    let (inspection, request) = (masking.inspection.clone(), Arc::clone(request));
    let work = move || work(&inspection, &request);
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(TranslateError::Interrupted))
}

/// As a chat completion, from an interface that is near to them.
fn nearer(inspection: &Inspection, request: &Request) -> Result<Request, TranslateError> {
    let body = near::request(request)?;
    let dialect = dialect::of(near::base(request.surface));
    let again = dialect.read(body).map_err(|_| TranslateError::Unreadable)?;
    if shows_more(inspection, request, &again) {
        return Err(TranslateError::Revealing);
    }
    Ok(again)
}

/// As the provider says it.
fn translated(
    inspection: &Inspection,
    request: &Request,
    (provider, model, output_max): (&dyn Provider, &str, Tokens),
) -> Result<Written, TranslateError> {
    let talk = dialect::of(request.surface).talk(request.body())?;
    let written = provider.write(&talk, model, output_max)?;
    let again = translate::reread(&written.body, request.surface)
        .map_err(|_| TranslateError::Unreadable)?;
    // INVARIANT: the policy decided on what inspection found. The translation may show no more.
    if talk.has_media() && !request.has_unreadable || shows_more(inspection, request, &again) {
        return Err(TranslateError::Revealing);
    }
    Ok(written)
}

/// Whether inspection finds more in the second request than in the first, or can read less of it.
fn shows_more(inspection: &Inspection, first: &Request, second: &Request) -> bool {
    let (before, after) = (inspection.read(&first.leaves()), inspection.read(&second.leaves()));
    let is_new = after.labels.iter().any(|label| !before.labels.contains(label));
    is_new || after.scan > before.scan || second.has_unreadable && !first.has_unreadable
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn message(content: Value) -> Request {
        let body = json!({ "model": "auto", "messages": [{ "role": "user", "content": content }] });
        dialect::of(Surface::OpenAiChat).read(Bytes::from(body.to_string())).unwrap()
    }

    #[test]
    fn what_shows_only_in_a_translation_does_not_leave() {
        let inspection = Inspection::default();
        let plain = message("Hello".into());
        let email = message("Write to jane@contoso.org.".into());
        let image = message(json!([
            { "type": "text", "text": "Hello" },
            { "type": "image_url", "image_url": { "url": "https://contoso.org/a.png" } },
        ]));
        assert!(shows_more(&inspection, &plain, &email), "a value that was not there");
        assert!(shows_more(&inspection, &plain, &image), "a part that nobody can read");
        for same in [&plain, &email, &image] {
            assert!(!shows_more(&inspection, same, same));
        }
        assert!(!shows_more(&inspection, &email, &plain), "less may show");
    }
}
