//! OpenAI, and every server that speaks its chat completions interface (vLLM, llama.cpp, Ollama, …).

use super::Provider;
use super::chat::Vendor;

pub(super) const PROVIDER: &dyn Provider = &Vendor::USUAL;
