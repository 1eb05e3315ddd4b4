//! Scores a local model on the held-out rows of the starter's training: exact match per task,
//! ROUGE-L for summaries, and a few answers to read.
//!
//! `cargo run --release --example eval-local -- [--model DIR] [--rows FILE] [--limit N] [--against f32] [--templates]`

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use ambidex::chat::Role;
use ambidex::engine::prompt::{self, Templates};
use ambidex::engine::{BackendChoice, Engine, EngineSettings, Event, Job, ModelSource, Precision};
use ambidex::inspect::Task;
use ambidex::money::Tokens;
use anyhow::Context as _;
use clap::Parser;
use serde::Deserialize;

/// Scores a local model on held-out rows.
#[derive(Parser)]
struct Options {
    /// The model folder.
    #[arg(long, default_value = "models/starter")]
    model: PathBuf,
    /// The rows, one JSON object a line: task, input, output, source.
    #[arg(long, default_value = "examples/train-starter/eval.jsonl")]
    rows: PathBuf,
    /// Only this many rows, from the beginning.
    #[arg(long)]
    limit: Option<usize>,
    /// What computes.
    #[arg(long, value_enum, default_value_t = EngineSettings::default().backend)]
    backend: BackendChoice,
    /// The numbers that the cpu backend keeps its weights in.
    #[arg(long, value_enum, default_value_t = EngineSettings::default().weights)]
    weights: Precision,
    /// Answer again with these weights, and say how much differs.
    #[arg(long, value_enum)]
    against: Option<Precision>,
    /// Put each row as the gateway puts a request of its task, not as it stands.
    #[arg(long)]
    templates: bool,
    /// Threads of the engine.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Which answers are shown.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// One exercise.
#[derive(Deserialize)]
struct Row {
    task: String,
    input: String,
    output: String,
    source: String,
    /// What the system prompt says, for rows that are put as requests.
    #[serde(default)]
    system: Option<String>,
}

impl Row {
    /// What the model is asked.
    fn asked(&self, options: &Options) -> String {
        if !options.templates {
            return self.input.clone();
        }
        let task = match &*self.task {
            "answer" => Task::QaContext,
            other => Task::from_name(other).unwrap_or(Task::Unknown),
        };
        let turns = [(Role::User, &*self.input)];
        prompt::render(self.system.as_deref(), &turns, task, &Templates::default())
    }

    /// How good an answer is, from 0 to 1.
    fn score(&self, answer: &str) -> f64 {
        if self.task == "summarize" {
            rouge_l(answer, &self.output)
        } else {
            f64::from(u8::from(answer == self.output.trim()))
        }
    }
}

/// A sum of scores from 0 to 1.
#[derive(Default)]
struct Score {
    sum: f64,
    count: u32,
}

impl Score {
    fn add(&mut self, score: f64) {
        self.sum += score;
        self.count += 1;
    }

    fn percent(&self) -> f64 {
        100.0 * self.sum / f64::from(self.count.max(1))
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let text = std::fs::read_to_string(&options.rows)
        .with_context(|| format!("`{}` could not be read", options.rows.display()))?;
    let rows: Vec<Row> = text
        .lines()
        .take(options.limit.unwrap_or(usize::MAX))
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("a row is not {task, input, output, source}")?;
    let mut out = std::io::stdout().lock();
    let answers = answers(&options, options.weights, &rows, &mut out)?;
    let scores = scores(&rows, &answers);
    for (name, score) in &scores {
        let measure = if name.starts_with("summarize") { "ROUGE-L" } else { "exact" };
        writeln!(out, "{name:<28} {measure:<8} {:>6.1} %  of {}", score.percent(), score.count)?;
    }
    if let Some(other) = options.against {
        let others = self::answers(&options, other, &rows, &mut out)?;
        let pairs: Vec<_> = rows.iter().zip(answers.iter().zip(&others)).collect();
        for (name, score) in self::scores(&rows, &others) {
            let ours = scores.get(&name).map_or(f64::NAN, Score::percent);
            let difference = ours - score.percent();
            // A difference of a few rows says little while as many were won as lost.
            let named = pairs.iter().filter(|(row, _)| row.task == name);
            let (won, lost) = named.fold((0, 0), |(won, lost), (row, (answer, other))| {
                let (answer, other) = (row.score(answer), row.score(other));
                (won + u32::from(answer > other), lost + u32::from(answer < other))
            });
            let rows = if won + lost == 0 {
                String::new()
            } else {
                format!(", {won} better, {lost} worse")
            };
            writeln!(
                out,
                "{name:<28} {:>15.1} %  difference {difference:+.1}{rows}",
                score.percent()
            )?;
        }
        let alike = answers.iter().zip(&others).filter(|(one, other)| one == other).count();
        writeln!(out, "{alike} of {} answers are the same", rows.len())?;
    }
    let all: Vec<_> = rows.iter().zip(&answers).collect();
    let (summaries, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(row, _)| row.task == "summarize");
    for (kind, pairs) in [("summaries", summaries), ("other answers", others)] {
        writeln!(out, "\nFive {kind} (seed {}):", options.seed)?;
        for index in chosen(options.seed, pairs.len(), 5) {
            let Some((row, answer)) = pairs.get(index) else { continue };
            writeln!(
                out,
                "\n[{}] {}\n  wanted  {}\n  given   {answer}",
                row.task, row.input, row.output
            )?;
        }
    }
    Ok(())
}

/// Every row's answer.
fn answers(
    options: &Options,
    weights: Precision,
    rows: &[Row],
    out: &mut impl std::io::Write,
) -> anyhow::Result<Vec<String>> {
    // Rows are held-out exercises, not traffic: nothing is refused for what it contains.
    let settings = EngineSettings {
        backend: options.backend,
        weights,
        threads: options.threads,
        queue_max: rows.len(),
        queue_time_max: std::time::Duration::MAX,
        unk_ratio_max: 1.0,
        ..EngineSettings::default()
    };
    let engine = Engine::load(ModelSource::Folder(options.model.clone()), settings)?;
    let card = engine.card();
    let (name, backend) = (&card.name, &card.backend);
    writeln!(out, "{name} on {backend} · {} parameters · {} rows", card.parameters, rows.len())?;
    let asked: Vec<_> = rows
        .iter()
        .map(|row| row.asked(options))
        .map(|asked| engine.generate(Job::greedy(asked, Tokens(64))))
        .collect();
    let mut answers = Vec::with_capacity(rows.len());
    for (number, generation) in (1..).zip(asked) {
        let answer = generation.map_or_else(|error| Ok(format!("({error})")), whole)?;
        answers.push(answer.trim().to_owned());
        progress(number, rows.len());
    }
    Ok(answers)
}

/// The scores of each task, all together and by source.
fn scores(rows: &[Row], answers: &[String]) -> BTreeMap<String, Score> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for (row, answer) in rows.iter().zip(answers) {
        let score = row.score(answer);
        scores.entry(row.task.clone()).or_default().add(score);
        scores.entry(format!("{}/{}", row.task, row.source)).or_default().add(score);
    }
    scores
}

/// The whole text of an answer.
fn whole(mut generation: ambidex::engine::Generation) -> anyhow::Result<String> {
    let mut text = String::new();
    while let Some(event) = generation.next_blocking() {
        match event {
            Event::Text(piece) => text.push_str(&piece.text),
            Event::Ended { .. } | Event::Done(_) => {}
            Event::Failed(error) => return Err(error.into()),
        }
    }
    Ok(text)
}

/// One line that is written over, where somebody is looking.
fn progress(done: usize, of: usize) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let end = if done == of { "\n" } else { "" };
        // A progress line that cannot be written is no reason to stop.
        let _ = write!(out, "\r{done} of {of} rows{end}");
        let _ = out.flush();
    }
}

/// F-measure of the longest common subsequence of lower-case words (Lin 2004, ROUGE-L).
fn rouge_l(answer: &str, reference: &str) -> f64 {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase().split_whitespace().map(str::to_owned).collect()
    };
    let (answer, reference) = (words(answer), words(reference));
    let mut row = vec![0_u32; reference.len() + 1];
    for word in &answer {
        let mut diagonal = 0;
        let mut left = 0;
        for (cell, other) in row.iter_mut().skip(1).zip(&reference) {
            let above = *cell;
            *cell = if word == other { diagonal + 1 } else { above.max(left) };
            (diagonal, left) = (above, *cell);
        }
    }
    let common = row.last().copied().unwrap_or_default();
    let length = u32::try_from(answer.len() + reference.len()).unwrap_or(u32::MAX);
    if length == 0 { 0.0 } else { 2.0 * f64::from(common) / f64::from(length) }
}

/// Row numbers drawn by a linear congruential generator (Knuth's MMIX constants).
fn chosen(seed: u64, rows: usize, count: usize) -> Vec<usize> {
    let mut state = seed;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0).checked_rem(rows).unwrap_or(0)
    };
    (0..count).map(|_| draw()).collect()
}
