//! The configuration file: read once, checked whole, typed ever after.
//!
//! Nothing later asks whether something is set: [`read`] returns [`Settings`] that are complete, or
//! every problem of the file at once.

mod decode;
pub mod settings;

use std::path::Path;

pub use crate::record::{Durability, StoreSettings};
pub use decode::read;
pub use settings::{PolicySource, Settings, TargetKind, TargetSettings};

use crate::secret::Secret;
use crate::yaml::{Problem, Problems};
use settings::Power;

/// Found in the working folder when no file is named.
pub const FILE: &str = "ambidex.yaml";
/// Turns the default commercial target on.
const DEFAULT_KEY: &str = "OPENAI_API_KEY";

/// Loads the named file, else `ambidex.yaml` in the working folder, else the defaults.
pub fn load(file: Option<&Path>) -> Result<Settings, Problems> {
    let environment = |name: &str| std::env::var(name).ok();
    let found = Path::new(FILE);
    let Some(path) = file.or_else(|| found.exists().then_some(found)) else {
        return Ok(defaults(&environment));
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mut problem = Problem::error(format!("`{name}` could not be read: {}", error.kind()));
        problem.file.clone_from(&name);
        Problems::from(problem)
    })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    read(&name, &text, folder, &environment)
}

/// The settings of a gateway that nobody configured.
fn defaults(environment: decode::Environment<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(key) = environment(DEFAULT_KEY) else { return settings };
    for target in &mut settings.targets {
        if let TargetKind::Remote(remote) = &mut target.kind {
            remote.key = Some(Secret::new(key.clone()));
            target.power = Power::On;
        }
    }
    settings
}
