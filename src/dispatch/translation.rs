//! Translates a request into the dialect of the provider that gets it, and looks at the result with
//! the same eyes as before: what shows only in the translation does not leave.

use std::sync::Arc;

use super::Masking;
use crate::chat::{Request, Surface};
use crate::dialect::{self, near, translate};
use crate::failure::{Code, Failure};
use crate::inspect::Inspection;

/// Bodies up to this size are translated in place: handing over costs more than translating.
const IN_PLACE_BYTES_MAX: usize = 16 << 10;

/// Why a request could not be translated. Without any of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TranslateError {
    #[error("the request was not sent, because the target speaks another interface: {0}")]
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

/// The request as the provider's dialect says it, read and inspected again. What is in that dialect
/// already stays as it is.
pub(super) async fn translated(
    masking: &Masking,
    request: &Arc<Request>,
    to: Surface,
) -> Result<Arc<Request>, TranslateError> {
    if request.surface == to {
        return Ok(Arc::clone(request));
    }
    if near::is_near(request.surface) {
        let nearer = through(masking, request, Step::Nearer).await?;
        return through(masking, &nearer, Step::To(to)).await;
    }
    through(masking, request, Step::To(to)).await
}

/// One step of a translation.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// To chat completions, from an interface that is near to them.
    Nearer,
    /// To the provider's interface.
    To(Surface),
}

async fn through(
    masking: &Masking,
    request: &Arc<Request>,
    step: Step,
) -> Result<Arc<Request>, TranslateError> {
    if matches!(step, Step::To(to) if to == request.surface) {
        return Ok(Arc::clone(request));
    }
    if request.body().len() <= IN_PLACE_BYTES_MAX {
        return translate(&masking.inspection, request, step);
    }
    let (inspection, request) = (masking.inspection.clone(), Arc::clone(request));
    let work = move || translate(&inspection, &request, step);
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(TranslateError::Interrupted))
}

fn translate(
    inspection: &Inspection,
    request: &Request,
    step: Step,
) -> Result<Arc<Request>, TranslateError> {
    let (body, to) = match step {
        Step::Nearer => (near::request(request)?, near::base(request.surface)),
        Step::To(to) => (translate::request(request, to)?, to),
    };
    let again = dialect::of(to).read(body).map_err(|_| TranslateError::Unreadable)?;
    // INVARIANT: the policy decided on what inspection found. The translation may show no more.
    if shows_more(inspection, request, &again) {
        return Err(TranslateError::Revealing);
    }
    Ok(Arc::new(again))
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
    use bytes::Bytes;
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
