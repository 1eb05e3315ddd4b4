//! OpenAI, and every server that speaks its chat completions interface (vLLM, llama.cpp, Ollama, …).

use super::chat::Vendor;
use super::{Provider, openai_more};
use crate::chat::Surface;

pub(super) const PROVIDER: &dyn Provider = &Vendor { also, ..Vendor::USUAL };

fn also(surface: Surface) -> Option<&'static dyn Provider> {
    match surface {
        Surface::OpenAiCompletions => Some(&openai_more::COMPLETIONS),
        Surface::OpenAiResponses => Some(&openai_more::RESPONSES),
        Surface::OpenAiEmbeddings => Some(&openai_more::EMBEDDINGS),
        Surface::OpenAiChat | Surface::AnthropicMessages => None,
    }
}
