//! `ambidex models list`: every local model of the configuration, and what it is for.

use std::io::Write;

use serde::Serialize;

use super::{Format, millions};
use crate::config::settings::{ModelChoice, TargetKind};
use crate::config::{Settings, TargetSettings};
use crate::engine::{Engine, EngineError, ModelCard};
use crate::gateway::LocalModels;

/// A loaded model and the targets that it serves.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The model.
    pub engine: Engine,
    /// The names of its targets; with a slash and the adapter's name where they have one.
    pub targets: Vec<String>,
}

impl Listed {
    /// Loads every model of a configuration, in the order of the targets; those without a target
    /// come last.
    pub fn all(settings: &Settings) -> Result<Vec<Self>, EngineError> {
        let mut models = LocalModels::new(settings);
        let mut listed: Vec<Self> = Vec::new();
        for TargetSettings { name, kind, adapter, .. } in &settings.targets {
            let TargetKind::Engine(choice, engine) = kind else { continue };
            let engine = models.engine(choice, engine, adapter.as_deref())?;
            let target = match adapter {
                Some(adapter) => format!("{name}/{adapter}"),
                None => name.clone(),
            };
            match listed.iter_mut().find(|it| it.engine.shares(&engine)) {
                Some(known) => known.targets.push(target),
                None => listed.push(Self { engine, targets: vec![target] }),
            }
        }
        for model in &settings.local_models {
            let choice = ModelChoice::Named(model.name.clone());
            let engine = models.engine(&choice, &model.engine, None)?;
            if !listed.iter().any(|it| it.engine.shares(&engine)) {
                listed.push(Self { engine, targets: Vec::new() });
            }
        }
        Ok(listed)
    }
}

/// The outside shape of a model.
#[derive(Serialize)]
struct View<'a> {
    name: &'a str,
    parameters: u64,
    bytes: u64,
    sha256: &'a str,
    licence: &'a str,
    backend: &'a str,
    context_tokens: u32,
    output_tokens_max: u32,
    vocabulary: usize,
    languages: &'a [String],
    adapters: &'a [String],
    targets: &'a [String],
}

impl<'a> From<&'a Listed> for View<'a> {
    fn from(listed: &'a Listed) -> Self {
        let card: &ModelCard = listed.engine.card();
        Self {
            name: &card.name,
            parameters: card.parameters,
            bytes: card.bytes,
            sha256: card.digest(),
            licence: &card.licence,
            backend: &card.backend,
            context_tokens: card.context_tokens.0,
            output_tokens_max: card.serves.output_tokens_max.0,
            vocabulary: card.vocabulary,
            languages: &card.serves.languages,
            adapters: &card.adapters,
            targets: &listed.targets,
        }
    }
}

const HEAD: [&str; 10] = [
    "MODEL",
    "PARAMETERS",
    "SIZE",
    "CONTEXT",
    "LANGUAGES",
    "LICENCE",
    "SHA-256",
    "BACKEND",
    "ADAPTERS",
    "TARGETS",
];

/// Lists models, one a line, or as a JSON array.
pub fn list(models: &[Listed], format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let views: Vec<View<'_>> = models.iter().map(View::from).collect();
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut *out, &views)?;
        writeln!(out)?;
        return Ok(());
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(views.iter().map(|view| {
        [
            view.name.to_owned(),
            format!("{:.1} M", millions(view.parameters)),
            format!("{:.1} MB", millions(view.bytes)),
            view.context_tokens.to_string(),
            listed_or_none(view.languages),
            view.licence.to_owned(),
            view.sha256.get(..12).unwrap_or(view.sha256).to_owned(),
            view.backend.to_owned(),
            listed_or_none(view.adapters),
            listed_or_none(view.targets),
        ]
    }));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn listed_or_none(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(",") }
}
