//! Values on their way back into a streamed answer, in whichever interface it is told.

use crate::chat::Surface;
use crate::mask::{self, MessageRestorer, ResponseRestorer, Restoration, StreamRestorer};

/// Puts values back into a stream of the caller's dialect.
pub(super) enum Unmask {
    Chat(StreamRestorer),
    Messages(MessageRestorer),
    Responses(ResponseRestorer),
}

impl Unmask {
    pub(super) fn new(restoration: Restoration, surface: Surface) -> Self {
        match surface {
            Surface::OpenAiChat | Surface::OpenAiCompletions | Surface::OpenAiEmbeddings => {
                Self::Chat(StreamRestorer::new(restoration))
            }
            Surface::OpenAiResponses => Self::Responses(ResponseRestorer::new(restoration)),
            Surface::AnthropicMessages => Self::Messages(MessageRestorer::new(restoration)),
        }
    }

    /// The data of what takes an event's place, if anything does.
    pub(super) fn hear(&mut self, data: &[u8]) -> Option<Vec<String>> {
        match self {
            Self::Chat(chat) => match chat.hear(data) {
                mask::Heard::Changed(data) => Some(vec![data]),
                mask::Heard::Unchanged => None,
            },
            Self::Messages(messages) => messages.hear(data),
            Self::Responses(responses) => responses.hear(data),
        }
    }

    pub(super) fn finish(&mut self) -> Vec<String> {
        match self {
            Self::Chat(chat) => chat.finish(),
            Self::Messages(messages) => messages.finish(),
            Self::Responses(responses) => responses.finish(),
        }
    }
}
