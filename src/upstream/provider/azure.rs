//! Azure OpenAI. A target's `base_url` is that of the resource (`https://NAME.openai.azure.com`) and its
//! `model` the name of the deployment. Without `api_version` the v1 API is spoken, with one the API of
//! that date, in whose address the deployment stands.

use super::chat::Vendor;
use super::{Place, Provider, in_path};

pub(super) const PROVIDER: &dyn Provider = &Vendor {
    name: "azure",
    book: "azure",
    base_url: "",
    path,
    probe_path: "/openai/v1/models",
    key_header: Some("api-key"),
    ..Vendor::USUAL
};

fn path(place: &Place<'_>) -> String {
    match place.api_version {
        None => "/openai/v1/chat/completions".to_owned(),
        Some(version) => {
            let deployment = in_path(place.model);
            format!("/openai/deployments/{deployment}/chat/completions?api-version={version}")
        }
    }
}
