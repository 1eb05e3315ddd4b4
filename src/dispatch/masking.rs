//! Masks a request before it goes to somebody else, and looks at the result with the same eyes as
//! before: what still holds a value that had to be masked does not leave.

use std::sync::Arc;

use crate::chat::Request;
use crate::dialect;
use crate::failure::{Code, Failure};
use crate::inspect::{Inspection, LabelSet, Scan};
use crate::mask::{self, Conversation, Format, Guard, Key, MaskPlan, Placeholders, Restoration};

/// Bodies up to this size are masked in place: handing over costs more than masking.
const IN_PLACE_BYTES_MAX: usize = 16 << 10;

/// How requests of this decision are masked.
#[derive(Clone, Debug)]
pub struct Masking {
    /// What has to be masked.
    pub plan: MaskPlan,
    /// What it is looked for with.
    pub inspection: Inspection,
    /// What is taken out of answers.
    pub answers: LabelSet,
}

impl Masking {
    /// Whether neither requests nor answers are changed.
    pub(super) fn is_idle(&self) -> bool {
        self.plan.is_empty() && self.answers.is_empty()
    }

    /// What a local answer is looked at with; `None` if nothing is taken out.
    pub(super) fn guard(&self) -> Option<Guard> {
        (!self.answers.is_empty()).then(|| Guard::new(self.inspection.clone(), self.answers))
    }

    fn restoration(&self, placeholders: Arc<Placeholders>, format: Format) -> Restoration {
        let guard = (!self.answers.is_empty()).then(|| (self.answers, self.inspection.clone()));
        Restoration { placeholders, format, guard }
    }
}

/// Why a request could not be masked. Without any of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MaskError {
    #[error("the request was not sent: masking has no key: the system gave no random bytes")]
    NoKey,
    #[error("the request was not sent: {0}")]
    Unmaskable(#[from] mask::Unmaskable),
    #[error(
        "the request was not sent: values were left that had to be masked, such as one split over two messages; take them out"
    )]
    Residual,
    #[error("the request was not sent: masking was interrupted")]
    Interrupted,
}

impl From<MaskError> for Failure {
    fn from(error: MaskError) -> Self {
        let message = error.to_string();
        match error {
            // The same request would fail again: clients must not repeat it.
            MaskError::Unmaskable(_) | MaskError::Residual => {
                Self::client(Code::PolicyRefused, message)
            }
            MaskError::NoKey | MaskError::Interrupted => {
                Self::ours(Code::TargetsUnavailable, message)
            }
        }
    }
}

/// The request with its values replaced, read and inspected again.
pub(super) async fn masked(
    masking: &Masking,
    key: Option<&Key>,
    caller: &str,
    request: &Arc<Request>,
) -> Result<(Arc<Request>, Restoration), MaskError> {
    if masking.plan.is_empty() {
        let restoration = masking.restoration(Arc::default(), format(request));
        return Ok((Arc::clone(request), restoration));
    }
    let key = key.ok_or(MaskError::NoKey)?;
    let conversation = conversation(key, caller, request);
    if request.body().len() <= IN_PLACE_BYTES_MAX && masking.inspection.tagger.is_none() {
        return replace(masking, &conversation, request);
    }
    let (masking, request) = (masking.clone(), Arc::clone(request));
    let work = move || replace(&masking, &conversation, &request);
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(MaskError::Interrupted))
}

fn replace(
    masking: &Masking,
    conversation: &Conversation,
    request: &Request,
) -> Result<(Arc<Request>, Restoration), MaskError> {
    let masked = mask::mask(request.body(), masking.plan, conversation, &masking.inspection)?;
    let again =
        dialect::of(request.surface).read(masked.body).map_err(|_| mask::Unmaskable::Malformed)?;
    let left = masking.inspection.read(&again.leaves());
    let is_left =
        left.items.iter().any(|item| masking.plan.mode_of(item.label, item.confidence).is_some());
    let is_clean = left.scan == Scan::Complete && !is_left;
    if !is_clean {
        return Err(MaskError::Residual);
    }
    let restoration = masking.restoration(masked.placeholders, format(request));
    Ok((Arc::new(again), restoration))
}

/// What the answer's content will be.
fn format(request: &Request) -> Format {
    let is_json = |leaf: &crate::inspect::Leaf<'_>| {
        matches!(leaf.path, "response_format.type" | "output_config.format.type")
            && leaf.text.starts_with("json")
    };
    if request.leaves().iter().any(is_json) { Format::Json } else { Format::Text }
}

/// A conversation is known by its caller and its first words, which every later turn repeats.
fn conversation(key: &Key, caller: &str, request: &Request) -> Conversation {
    Conversation::new(key, caller, request.beginning())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Surface;
    use crate::mask::Mode;
    use bytes::Bytes;
    use serde_json::{Value, json};

    const ANSWER: &str = "Noted.";

    /// The texts that leave when a caller sends these turns.
    fn sent(caller: &str, turns: &[&str]) -> Vec<String> {
        let messages: Vec<Value> = turns
            .iter()
            .map(|text| json!({ "role": if *text == ANSWER { "assistant" } else { "user" }, "content": text }))
            .collect();
        let body = Bytes::from(json!({ "model": "auto", "messages": messages }).to_string());
        let request = dialect::of(Surface::OpenAiChat).read(body).unwrap();
        let labels = LabelSet::ALL;
        let masking = Masking {
            plan: MaskPlan::of(labels, Mode::Reversible),
            inspection: Inspection::default(),
            answers: LabelSet::EMPTY,
        };
        let key = Key::new([3; 32]);
        let conversation = conversation(&key, caller, &request);
        let (masked, _) = replace(&masking, &conversation, &request).unwrap();
        let body: Value = serde_json::from_slice(masked.body()).unwrap();
        let messages = body.get("messages").unwrap().as_array().unwrap();
        messages.iter().map(|it| it.get("content").unwrap().as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_value_keeps_its_placeholder_over_the_turns_of_a_conversation() {
        let (first, later) = ("Write to jane@contoso.org.", "Is jane@contoso.org right?");
        let one = sent("team-a", &[first]);
        let two = sent("team-a", &[first, ANSWER, later]);
        let three = sent("team-a", &[first, ANSWER, later, ANSWER, "And joe@contoso.org?"]);
        assert_eq!(two.get(..1), Some(&*one), "the turns before are sent as they were");
        assert_eq!(three.get(..3), Some(&*two));
        let placeholder =
            one.first().unwrap().trim_start_matches("Write to ").trim_end_matches('.');
        assert!(placeholder.starts_with("[EMAIL_"), "{placeholder}");
        assert_eq!(two.get(2), Some(&format!("Is {placeholder} right?")));
        let other = three.get(4).map(String::as_str).unwrap_or_default();
        assert!(other.contains("[EMAIL_") && !other.contains(placeholder), "{other}");
    }

    #[test]
    fn callers_and_conversations_share_no_placeholder() {
        let text = "Write to jane@contoso.org.";
        let mine = sent("team-a", &[text]);
        assert_ne!(mine, sent("team-b", &[text]));
        let other = sent("team-a", &["Hello", ANSWER, text]);
        assert_ne!(mine.first(), other.last());
    }
}
