//! The starter model inside the binary, so that a fresh installation answers without a download.

use super::source::{EmbeddedModel, ModelSource};

/// The model that `engine: starter` in the configuration names.
pub fn starter() -> ModelSource {
    ModelSource::Embedded(EmbeddedModel {
        name: "ambidex-starter",
        licence: "Apache-2.0",
        languages: &["en"],
        config: include_bytes!("../../models/starter/config.json"),
        tokenizer: include_bytes!("../../models/starter/tokenizer.json"),
        weights: include_bytes!("../../models/starter/model.safetensors"),
    })
}
