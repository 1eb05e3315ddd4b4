//! `ambidex policy new`: the library of policies, carried in the binary.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::arguments::NewArguments;
use crate::cli::CliError;
use crate::yaml::suggest;

/// A policy of the library.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// The policy.
    pub policy: &'static str,
    /// Its tests.
    pub tests: &'static str,
}

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        /// Every policy of the library.
        pub const TEMPLATES: &[Template] = &[$(Template {
            name: $name,
            policy: include_str!(concat!("../../../policies/", $name, ".yaml")),
            tests: include_str!(concat!("../../../policies/", $name, "_test.yaml")),
        }),*];
    };
}

templates![
    "default",
    "core-business-stays-open",
    "cost-saver",
    "gdpr-eu",
    "pipl-cross-border",
    "finance",
    "healthcare",
    "air-gapped",
];

impl Template {
    /// Its first line: the question that it answers.
    pub fn about(&self) -> &'static str {
        let first = self.policy.lines().next().unwrap_or_default();
        first.trim_start_matches(['#', ' '])
    }
}

/// Writes a template and its tests, or lists all.
pub fn new(arguments: &NewArguments, out: &mut impl Write) -> Result<(), CliError> {
    let Some(name) = arguments.template.as_deref().filter(|_| !arguments.list) else {
        for template in TEMPLATES {
            writeln!(out, "{:<26} {}", template.name, template.about())?;
        }
        return Ok(());
    };
    let Some(template) = TEMPLATES.iter().find(|template| template.name == name) else {
        let names = || TEMPLATES.iter().map(|template| template.name);
        let help = suggest(name, names()).map_or_else(
            || format!("known: {}", names().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(CliError::Settings(format!("error: unknown template `{name}`\nhelp: {help}")));
    };
    let policy = arguments.to.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.yaml")));
    let stem = policy.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
    let tests = policy.with_file_name(format!("{stem}_test.yaml"));
    if tests.exists() {
        return Err(occupied(&tests));
    }
    write(&policy, template.policy)?;
    write(&tests, &template.tests.replace(&format!("policy: {name}.yaml"), &policy_line(&policy)))?;
    let (policy, tests) = (policy.display(), tests.display());
    writeln!(out, "wrote {policy} and {tests}")?;
    writeln!(out, "next: ambidex policy test {policy}")?;
    Ok(())
}

fn policy_line(policy: &Path) -> String {
    let name = policy.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    format!("policy: {name}")
}

/// Writes a new file; one that exists is somebody's work.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => Ok(file.write_all(text.as_bytes())?),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(occupied(path)),
        Err(error) => Err(anyhow!("`{}` could not be made: {error}", path.display()).into()),
    }
}

fn occupied(path: &Path) -> CliError {
    let path = path.display();
    CliError::Settings(format!("error: `{path}` exists; choose another name with `--to`"))
}
