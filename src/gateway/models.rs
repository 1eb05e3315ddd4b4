//! The local models of a configuration: each is loaded once, however many targets it serves.

use crate::config::Settings;
use crate::config::settings::ModelChoice;
use crate::engine::{self, Engine, EngineError, EngineSettings, LocalModel, ModelSource};

/// Loads models as targets ask for them.
#[derive(Debug)]
pub struct LocalModels<'a> {
    settings: &'a Settings,
    loaded: Vec<(ModelChoice, EngineSettings, Engine)>,
}

impl<'a> LocalModels<'a> {
    /// Nothing is loaded yet.
    pub const fn new(settings: &'a Settings) -> Self {
        Self { settings, loaded: Vec::new() }
    }

    /// A handle on a model that answers with this adapter, if any.
    pub fn engine(
        &mut self,
        choice: &ModelChoice,
        engine: &EngineSettings,
        adapter: Option<&str>,
    ) -> Result<Engine, EngineError> {
        let known = self.loaded.iter().find(|(it, with, _)| it == choice && with == engine);
        let model = if let Some((.., model)) = known {
            model.clone()
        } else {
            let model = Engine::load(self.model(choice), engine.clone())?;
            self.loaded.push((choice.clone(), engine.clone(), model.clone()));
            model
        };
        match adapter {
            None => Ok(model),
            // The configuration was checked: the model has it.
            Some(name) => model.adapted(name).ok_or_else(|| EngineError::no_adapter(name)),
        }
    }

    /// Where a configured model is, and what is demanded of it.
    fn model(&self, choice: &ModelChoice) -> LocalModel {
        let licences_allowed = self.settings.licences_allowed.clone();
        let plain = |source: ModelSource| LocalModel { licences_allowed, ..source.into() };
        match choice {
            ModelChoice::Starter => plain(engine::starter()),
            ModelChoice::Folder(path) => plain(ModelSource::Folder(path.clone())),
            ModelChoice::Named(name) => {
                let known = self.settings.local_models.iter().find(|it| it.name == *name);
                let Some(known) = known else {
                    return plain(ModelSource::Folder(name.into()));
                };
                LocalModel {
                    name: Some(known.name.clone()),
                    licence: known.licence.clone(),
                    sha256: known.sha256.clone(),
                    tokenizer_sha256: known.tokenizer_sha256.clone(),
                    adapters: known.adapters.clone(),
                    ..plain(ModelSource::Folder(known.path.clone()))
                }
            }
        }
    }
}
