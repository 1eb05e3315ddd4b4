//! `ambidex task`: what a prompt asks for, how often that is right, and weights of one's own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::CliError;
use super::arguments::{Format, HoldingOut, TaskCommand};
use super::inspect::sought;
use crate::inspect::task::{
    Example, Hits, LOCAL, Model, Scored, Scores, TrainError, Training, share, train,
};
use crate::inspect::{Conversation, Inspection, Lang, Task, TaskGuess, size};

/// One JSON object per line.
#[derive(Default, Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    system: String,
    #[serde(default)]
    images: bool,
    #[serde(default)]
    tools: bool,
    task: Option<String>,
    #[serde(default)]
    source: String,
    /// What stays together when sources are held out; the source if absent.
    #[serde(default)]
    group: String,
    #[serde(default)]
    split: String,
}

#[derive(Serialize)]
struct Classified {
    task: &'static str,
    confidence: f32,
    runner_up: &'static str,
}

impl From<TaskGuess> for Classified {
    fn from(guess: TaskGuess) -> Self {
        Self {
            task: guess.task.name(),
            confidence: guess.confidence,
            runner_up: guess.runner_up.name(),
        }
    }
}

/// Runs one of the commands.
pub fn run(
    command: TaskCommand,
    config: Option<&Path>,
    input: impl BufRead,
    out: &mut impl Write,
) -> Result<(), CliError> {
    match command {
        TaskCommand::Classify { jsonl } => {
            let (inspection, _) = sought(config)?;
            if jsonl {
                classify_jsonl(input, &inspection, out)
            } else {
                classify_text(input, &inspection, out)
            }
        }
        TaskCommand::Eval { files, split, holding_out, folds, format, weights } => {
            let model = match &weights {
                Some(path) => Some(read_weights(path)?),
                None => None,
            };
            let (inspection, _) = sought(config)?;
            let model = model.as_ref().unwrap_or_else(|| inspection.task_model());
            let rows = rows(&files, split.as_deref())?;
            let judged = match holding_out {
                Some(HoldingOut::Sources) => unseen(&rows, &by_source(&rows, folds))?,
                Some(HoldingOut::Rows) => unseen(&rows, &by_row(&rows, folds))?,
                None => seen(&rows, model),
            };
            report(&judged, format, out)
        }
        TaskCommand::Train { files, out: path, split, seed } => {
            let examples: Vec<Example> =
                rows(&files, split.as_deref())?.into_iter().map(|row| row.example).collect();
            let training = Training { seed, ..Training::default() };
            let trained = train(&examples, training).map_err(|error| anyhow!(error))?;
            let bytes = trained.model.to_bytes();
            fs::write(&path, &bytes)
                .with_context(|| format!("{} could not be written", path.display()))?;
            writeln!(
                out,
                "{} prompts, {} features, {} bytes in {}",
                examples.len(),
                trained.features,
                bytes.len(),
                path.display()
            )?;
            Ok(())
        }
    }
}

fn read_weights(path: &Path) -> Result<Model, CliError> {
    let wrong = |error: String| CliError::Settings(format!("error: {}: {error}", path.display()));
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    Model::read(&bytes).map_err(|error| wrong(error.to_string()))
}

/// The kind of task of every line.
pub fn classify_jsonl(
    input: impl BufRead,
    inspection: &Inspection,
    out: &mut impl Write,
) -> Result<(), CliError> {
    for (number, line) in (1..).zip(input.lines()) {
        let line = line.context("standard input could not be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line)
            // The parser's own words would repeat the text.
            .map_err(|_| anyhow!("line {number} is not like {{\"text\": \"…\"}}"))?;
        serde_json::to_writer(&mut *out, &Classified::from(guess(&line, inspection)))
            .context("the result could not be written")?;
        writeln!(out)?;
    }
    Ok(())
}

fn classify_text(
    mut input: impl BufRead,
    inspection: &Inspection,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let mut text = String::new();
    input.read_to_string(&mut text).context("standard input could not be read")?;
    let line = Line { text, ..Line::default() };
    let Classified { task, confidence, runner_up } = guess(&line, inspection).into();
    writeln!(out, "{task} (confidence {confidence:.2}; else {runner_up})")?;
    Ok(())
}

fn guess(line: &Line, inspection: &Inspection) -> TaskGuess {
    let conversation = Conversation {
        system: &line.system,
        turns: vec![&line.text],
        has_images: line.images,
        has_tools: line.tools,
    };
    let lang = size::Tally::of(&line.text).lang();
    conversation.guess(inspection.task_model(), &inspection.task_words, lang)
}

/// A labelled line.
struct Row {
    example: Example,
    /// What scores are broken down by.
    source: String,
}

fn rows(files: &[std::path::PathBuf], split: Option<&str>) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    for path in files {
        let file =
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        for (number, line) in (1..).zip(BufReader::new(file.take(1 << 32)).lines()) {
            let place = || format!("{} line {number} is not a labelled prompt", path.display());
            let line = line.with_context(place)?;
            if line.trim().is_empty() {
                continue;
            }
            // Never the text itself in a message.
            let line: Line = serde_json::from_str(&line).map_err(|_| anyhow!(place()))?;
            if split.is_some_and(|split| split != line.split) {
                continue;
            }
            let task = line.task.as_deref().and_then(Task::from_name).with_context(place)?;
            let lang = size::Tally::of(&line.text).lang();
            let source = if line.source.is_empty() { "-".to_owned() } else { line.source };
            rows.push(Row {
                example: Example {
                    system: line.system,
                    text: line.text,
                    lang,
                    has_images: line.images,
                    has_tools: line.tools,
                    task,
                    source: if line.group.is_empty() { source.clone() } else { line.group },
                },
                source,
            });
        }
    }
    if rows.is_empty() {
        return Err(anyhow!("there is no labelled prompt in these files").into());
    }
    Ok(rows)
}

/// Guesses beside the truth, with what they are broken down by.
struct Judged {
    source: String,
    lang: Lang,
    scored: Scored,
}

fn judge(row: &Row, model: &Model) -> Judged {
    let guess = model.guess(&row.example.asked());
    Judged {
        source: row.source.clone(),
        lang: row.example.lang,
        scored: Scored { truth: row.example.task, guess },
    }
}

fn seen(rows: &[Row], model: &Model) -> Vec<Judged> {
    rows.iter().map(|row| judge(row, model)).collect()
}

/// Letters and digits alone, without case.
fn bare(text: &str) -> String {
    text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The rows of each source; a source of several groups (scenarios) in parts, each of whole groups.
fn by_source(rows: &[Row], folds: usize) -> Vec<Vec<&Row>> {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<&Row>>> = BTreeMap::new();
    for row in rows {
        let own = groups.entry(&row.source).or_default();
        own.entry(&row.example.source).or_default().push(row);
    }
    let mut held = Vec::new();
    for own in groups.into_values() {
        let parts = if own.len() > 1 { folds.max(2) } else { 1 };
        let of_part = |part: usize| {
            let groups = own.values().enumerate().filter(move |(index, _)| index % parts == part);
            groups.flat_map(|(_, rows)| rows.iter().copied()).collect::<Vec<_>>()
        };
        held.extend((0..parts).map(of_part));
    }
    held
}

/// Each part takes one of so many rows.
fn by_row(rows: &[Row], folds: usize) -> Vec<Vec<&Row>> {
    let parts = folds.max(2);
    (0..parts).map(|part| rows.iter().skip(part).step_by(parts).collect()).collect()
}

/// Trains without each part in turn and guesses that one. What the rest asks in the same words is left
/// out of training, too. All cores take part.
fn unseen(rows: &[Row], held: &[Vec<&Row>]) -> Result<Vec<Judged>, CliError> {
    let judge_part = |part: &Vec<&Row>| -> Result<Vec<Judged>, TrainError> {
        let asked: HashSet<String> = part.iter().map(|row| bare(&row.example.text)).collect();
        let rest = rows.iter().filter(|row| !asked.contains(&bare(&row.example.text)));
        let rest: Vec<Example> = rest.map(|row| row.example.clone()).collect();
        let trained = train(&rest, Training::default())?;
        Ok(part.iter().map(|row| judge(row, &trained.model)).collect())
    };
    let parts: Result<Vec<_>, _> = held.par_iter().map(judge_part).collect();
    Ok(parts.map_err(|error| anyhow!(error))?.into_iter().flatten().collect())
}

#[derive(Serialize)]
struct Report {
    prompts: usize,
    accuracy: f64,
    calibration_error: f64,
    by_language: BTreeMap<&'static str, Part>,
    by_source: BTreeMap<String, Part>,
    by_task: BTreeMap<&'static str, OfTask>,
    local: Vec<Local>,
}

#[derive(Serialize)]
struct Part {
    prompts: usize,
    accuracy: f64,
    calibration_error: f64,
    local_precision: f64,
    local_recall: f64,
}

#[derive(Serialize)]
struct OfTask {
    prompts: usize,
    precision: f64,
    recall: f64,
    /// The other tasks that were guessed, most often first.
    taken_for: Vec<(&'static str, usize)>,
}

#[derive(Serialize)]
struct Local {
    confidence_at_least: f32,
    precision: f64,
    recall: f64,
    share_of_prompts: f64,
}

fn scores<'a>(judged: impl Iterator<Item = &'a Judged>) -> Scores {
    let mut scores = Scores::default();
    judged.for_each(|it| scores.push(it.scored));
    scores
}

fn part(scores: &Scores) -> Part {
    let local = scores.local(0.0);
    Part {
        prompts: scores.count(),
        accuracy: scores.accuracy(),
        calibration_error: scores.calibration_error(),
        local_precision: local.precision(),
        local_recall: local.recall(),
    }
}

fn report(judged: &[Judged], format: Format, out: &mut impl Write) -> Result<(), CliError> {
    let all = scores(judged.iter());
    let names: BTreeSet<&str> = judged.iter().map(|it| it.source.as_str()).collect();
    let langs: BTreeSet<Lang> = judged.iter().map(|it| it.lang).collect();
    let of_source = |name: &&str| {
        let own = scores(judged.iter().filter(|it| it.source == **name));
        ((*name).to_owned(), part(&own))
    };
    let of_lang = |lang: &Lang| {
        let own = scores(judged.iter().filter(|it| it.lang == *lang));
        (lang.name(), part(&own))
    };
    let of_task = |task: &Task| {
        let hits: Hits = all.hits(*task);
        let wrong = all.taken_for(*task).into_iter();
        let it = OfTask {
            prompts: hits.truth,
            precision: hits.precision(),
            recall: hits.recall(),
            taken_for: wrong.map(|(task, count)| (task.name(), count)).collect(),
        };
        (task.name(), it)
    };
    let local = |confidence: f32| {
        let hits = all.local(confidence);
        Local {
            confidence_at_least: confidence,
            precision: hits.precision(),
            recall: hits.recall(),
            share_of_prompts: share(hits.guessed, all.count()),
        }
    };
    let report = Report {
        prompts: all.count(),
        accuracy: all.accuracy(),
        calibration_error: all.calibration_error(),
        by_language: langs.iter().map(of_lang).collect(),
        by_source: names.iter().map(of_source).collect(),
        by_task: Task::ALL.iter().filter(|task| **task != Task::Unknown).map(of_task).collect(),
        local: [0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map(local).into(),
    };
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &report)
                .context("the report could not be written")?;
            writeln!(out)?;
        }
        Format::Text => print(&report, out)?,
    }
    Ok(())
}

fn print(report: &Report, out: &mut impl Write) -> Result<(), CliError> {
    writeln!(
        out,
        "                     prompts  accuracy  calibration error  local precision  recall"
    )?;
    let all = ("all".to_owned(), report.prompts, report.accuracy, report.calibration_error, None);
    let row = |name: &str, it: &Part| {
        let local = Some((it.local_precision, it.local_recall));
        (name.to_owned(), it.prompts, it.accuracy, it.calibration_error, local)
    };
    let languages = report.by_language.iter().map(|(name, it)| row(name, it));
    let sources = report.by_source.iter().map(|(name, it)| row(name, it));
    for (name, prompts, accuracy, error, local) in [all].into_iter().chain(languages).chain(sources)
    {
        write!(out, "{name:<20} {prompts:>7}     {accuracy:.3}              {error:.3}")?;
        match local {
            Some((precision, recall)) => writeln!(out, "            {precision:.3}   {recall:.3}")?,
            None => writeln!(out)?,
        }
    }
    writeln!(out, "\ntask                 prompts  precision  recall  taken for")?;
    for (name, it) in &report.by_task {
        let wrong = it.taken_for.iter().take(3).map(|(name, count)| format!("{name} {count}"));
        let wrong = wrong.collect::<Vec<_>>().join(", ");
        let (precision, recall) = (it.precision, it.recall);
        let line =
            format!("{name:<20} {:>7}      {precision:.3}   {recall:.3}  {wrong}", it.prompts);
        writeln!(out, "{}", line.trim_end())?;
    }
    let names = LOCAL.map(Task::name).join(", ");
    writeln!(out, "\n\"The local model can do it\" ({names}), believed from a confidence on:")?;
    writeln!(out, "confidence  precision  recall  of all prompts")?;
    for it in &report.local {
        let Local { confidence_at_least: from, precision, recall, share_of_prompts } = it;
        writeln!(
            out,
            "{from:>10.1}      {precision:.3}   {recall:.3}           {share_of_prompts:.3}"
        )?;
    }
    Ok(())
}
