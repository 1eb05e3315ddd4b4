//! `ambidex models list|pull|probe|bench`: what a local model is, where it comes from, whether its
//! numbers are right, and how fast it is on this machine.

mod list;
pub mod pull;

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use self::list::{Listed, list};
use crate::engine::probe::Workload;
use crate::engine::{Engine, EngineSettings, ModelSource};

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// One line of the probe's input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeLine {
    input_ids: Vec<u32>,
    decoder_input_ids: Vec<u32>,
}

#[derive(Serialize)]
struct ProbeReply {
    steps: Vec<ProbeStep>,
}

#[derive(Serialize)]
struct ProbeStep {
    top_ids: Vec<u32>,
    top_logits: Vec<f32>,
    logsumexp: f32,
}

/// Forced decoding, line by line: `{"input_ids", "decoder_input_ids"}` in, `{"steps"}` out.
pub fn probe(
    source: ModelSource,
    settings: EngineSettings,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let engine = Engine::load(source, settings)?;
    for (number, line) in (1..).zip(input.lines()) {
        let line = line.context("the input could not be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let asked: ProbeLine = serde_json::from_str(&line)
            .with_context(|| format!("line {number} is not `input_ids` and `decoder_input_ids`"))?;
        let steps = engine
            .forced(&asked.input_ids, &asked.decoder_input_ids)
            .with_context(|| format!("line {number} could not be decoded"))?;
        let steps = steps.into_iter().map(|step| ProbeStep {
            top_ids: step.top_ids,
            top_logits: step.top_logits,
            logsumexp: step.logsumexp,
        });
        serde_json::to_writer(&mut *out, &ProbeReply { steps: steps.collect() })?;
        writeln!(out)?;
    }
    Ok(())
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// Sequences per step, one after the other.
    pub batch: Vec<usize>,
    /// Tokens of each prompt.
    pub prompt: usize,
    /// Tokens to generate for each.
    pub new: usize,
    /// The best of this many runs counts.
    pub repeats: usize,
    /// What computes, in which numbers, on how many threads.
    pub engine: EngineSettings,
}

impl Default for BenchOptions {
    fn default() -> Self {
        let engine = EngineSettings::default();
        Self { batch: vec![1], prompt: 128, new: 64, repeats: 5, engine }
    }
}

#[derive(Serialize)]
struct BenchView<'a> {
    model: &'a str,
    backend: &'a str,
    batch: usize,
    threads: usize,
    prompt_tokens: usize,
    new_tokens: usize,
    encoder_ms: f64,
    step_ms: f64,
    tokens_per_second: f64,
    load_ms: f64,
    /// `null` where the system does not tell.
    resident_bytes: Option<u64>,
}

/// Measures one model, batch after batch.
pub fn bench(
    source: ModelSource,
    options: &BenchOptions,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let engine = Engine::load(source, options.engine.clone())?;
    let load_ms = begun.elapsed().as_secs_f64() * 1e3;
    // Hashing goes on beside the first answers; what is timed here has the processor to itself.
    engine.card().digest();
    let backend = engine.backend();
    let mut views = Vec::new();
    for batch in &options.batch {
        let (prompt, steps, repeats) = (options.prompt, options.new, options.repeats);
        let speed = engine.speed(Workload { batch: *batch, prompt, steps, repeats })?;
        views.push(BenchView {
            model: &engine.card().name,
            backend: &backend,
            batch: *batch,
            threads: options.engine.threads,
            prompt_tokens: prompt,
            new_tokens: steps,
            encoder_ms: speed.encoder.as_secs_f64() * 1e3,
            step_ms: speed.step.as_secs_f64() * 1e3,
            tokens_per_second: speed.tokens_per_second,
            load_ms,
            resident_bytes: resident_bytes(),
        });
    }
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut *out, &views)?;
        writeln!(out)?;
        return Ok(());
    }
    for view in views {
        let resident = view
            .resident_bytes
            .map_or_else(|| "unknown".to_owned(), |bytes| format!("{:.1} MB", millions(bytes)));
        let BenchView { model, backend, batch, prompt_tokens, new_tokens, .. } = view;
        writeln!(
            out,
            "{model} on {backend}: batch {batch}, prompt {prompt_tokens} tokens, {new_tokens} new"
        )?;
        writeln!(out, "  encoder      {:>9.2} ms", view.encoder_ms)?;
        writeln!(out, "  decode step  {:>9.2} ms", view.step_ms)?;
        writeln!(out, "  throughput   {:>9.1} tokens/s", view.tokens_per_second)?;
        writeln!(out, "  load         {:>9.1} ms", view.load_ms)?;
        writeln!(out, "  resident     {resident:>12}")?;
    }
    Ok(())
}

/// The memory of this process that is in RAM, where the system tells (Linux).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string(PathBuf::from("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a display value")]
fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}

#[cfg(test)]
mod tests;
