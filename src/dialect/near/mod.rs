//! Interfaces that are near to chat completions: the older completions and the newer responses. Where
//! the server does not speak them, they are said as chat completions, and from there as whatever else;
//! the answer comes back the same way. The local engine's answers do, too, so that it sounds like a
//! provider.

mod completions;
mod responses_reply;
mod responses_request;
mod scribe;
mod to_responses;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::translate::{About, MALFORMED, Translator, Untranslatable, no};
use crate::chat::{Request, Surface, Usage};

pub(super) use scribe::scribe;

/// Whether an interface is one of these.
pub const fn is_near(surface: Surface) -> bool {
    matches!(surface, Surface::OpenAiCompletions | Surface::OpenAiResponses)
}

/// The interface that answers of others are told in before they are told in this one.
pub const fn base(surface: Surface) -> Surface {
    if is_near(surface) { Surface::OpenAiChat } else { surface }
}

/// The body that asks the same as a chat completion.
///
/// # Errors
/// A field that chat completions cannot say.
pub fn request(request: &Request) -> Result<Bytes, Untranslatable> {
    let body: Map<String, Value> =
        serde_json::from_slice(request.body()).map_err(|_| no("body", MALFORMED))?;
    let body = match request.surface {
        Surface::OpenAiCompletions => completions::translate(body)?,
        Surface::OpenAiResponses => responses_request::translate(body)?,
        Surface::OpenAiChat | Surface::AnthropicMessages | Surface::OpenAiEmbeddings => {
            return Ok(request.body().clone());
        }
    };
    Ok(Value::Object(body).to_string().into())
}

/// A whole chat completion as the interface has it; `None` if it is not one.
pub fn reply(chat: &[u8], to: Surface, about: &About, used: &Usage) -> Option<Vec<u8>> {
    let chat: Value = serde_json::from_slice(chat).ok()?;
    let new = match to {
        Surface::OpenAiCompletions => completions::answer(&chat, about, used)?,
        Surface::OpenAiResponses => responses_reply::response(&chat, about, used)?,
        Surface::OpenAiChat | Surface::AnthropicMessages | Surface::OpenAiEmbeddings => chat,
    };
    Some(new.to_string().into_bytes())
}

/// The translator of the chunks of a chat completion; `None` for every other interface.
pub fn stream(to: Surface, about: About) -> Option<Box<dyn Translator>> {
    match to {
        Surface::OpenAiCompletions => Some(Box::new(completions::ToCompletions::new(about))),
        Surface::OpenAiResponses => Some(Box::new(to_responses::ToResponses::new(about))),
        Surface::OpenAiChat | Surface::AnthropicMessages | Surface::OpenAiEmbeddings => None,
    }
}

/// The model that an answer names, or ours.
fn model(body: &Value, about: &About) -> Value {
    let named = body.get("model").filter(|it| it.is_string());
    named.cloned().unwrap_or_else(|| about.model.clone().into())
}

#[cfg(test)]
mod tests;
