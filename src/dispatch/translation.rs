//! Translates a request into the dialect of the provider that gets it, and looks at the result with
//! the same eyes as before: what shows only in the translation does not leave.

use std::sync::Arc;

use bytes::Bytes;

use super::Masking;
use crate::chat::Request;
use crate::dialect::{self, translate};
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
    /// Whether the provider speaks another interface than the caller.
    pub(super) is_translated: bool,
}

/// Why a request could not be translated. Without any of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TranslateError {
    #[error("the request was not sent, because the target's interface is another: {0}")]
    Untranslatable(#[from] translate::Untranslatable),
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
            TranslateError::Unreadable
            | TranslateError::Revealing
            | TranslateError::Interrupted => Self::ours(Code::TargetsUnavailable, message),
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
    let provider = remote.provider;
    if provider.surface() == Some(request.surface) {
        let body = provider.outgoing(request, &remote.model, output_max)?;
        return Ok(Leaving { body, is_wrapped: false, is_translated: false });
    }
    let inspection = masking.inspection.clone();
    if request.body().len() <= IN_PLACE_BYTES_MAX {
        return translate(&inspection, request, (provider, &remote.model, output_max));
    }
    let (request, model) = (Arc::clone(request), remote.model.clone());
    let work = move || translate(&inspection, &request, (provider, &model, output_max));
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(TranslateError::Interrupted))
}

fn translate(
    inspection: &Inspection,
    request: &Request,
    (provider, model, output_max): (&dyn Provider, &str, Tokens),
) -> Result<Leaving, TranslateError> {
    let talk = dialect::of(request.surface).talk(request.body())?;
    let Written { body, is_wrapped } = provider.write(&talk, model, output_max)?;
    let again =
        translate::reread(&body, request.surface).map_err(|_| TranslateError::Unreadable)?;
    // INVARIANT: the policy decided on what inspection found. The translation may show no more.
    if talk.has_media() && !request.has_unreadable || shows_more(inspection, request, &again) {
        return Err(TranslateError::Revealing);
    }
    Ok(Leaving { body, is_wrapped, is_translated: true })
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
    use crate::chat::Surface;
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
