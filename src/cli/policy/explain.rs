//! `ambidex policy explain`: where a request goes, with every step of the way, from a prompt, a
//! request, facts, or the record of a decision.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;

use super::Read;
use super::arguments::ExplainArguments;
use crate::chat::{Request, Surface};
use crate::cli::CliError;
use crate::cli::arguments::Format;
use crate::clock;
use crate::config::{Settings, TargetKind};
use crate::dialect;
use crate::gateway;
use crate::inspect::size;
use crate::money::{NanoUsd, Tokens};
use crate::policy::{self, Estimate, Explanation, Policy, Scenario, TargetFacts, TargetId};
use crate::record::{Reader, trace};

/// Explains one decision.
pub fn explain(
    arguments: &ExplainArguments,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    if let Some(id) = &arguments.decision {
        return recorded(id, settings, arguments.format(), out);
    }
    let read = Read::new(arguments.file.as_deref(), settings, &arguments.targets)?;
    // A request that breaks a promise is shown by the policy that breaks it.
    let policy = read.compile_unproved()?;
    let mut scenario = Scenario::ordinary(&policy);
    match source(arguments)? {
        Source::Facts => {}
        Source::Prompt(text) => {
            scenario.inspect(&policy, &text);
            let input = size::upper_bound(text.len());
            estimate(&mut scenario, settings, &read, (input, None));
        }
        Source::Request(body) => asked(&mut scenario, &policy, (settings, &read), body)?,
    }
    let lines = given_lines(&arguments.given)?;
    if !lines.is_empty() {
        scenario.give(read.file(), &read.world, ("--given", &lines))?;
    }
    let decision = policy::evaluate(&policy, &scenario.facts());
    print(&Explanation::of(&policy, &decision), arguments.format(), out)
}

/// What there is to explain.
enum Source {
    Facts,
    Prompt(String),
    Request(Vec<u8>),
}

fn source(arguments: &ExplainArguments) -> Result<Source, CliError> {
    if let Some(prompt) = &arguments.prompt {
        return Ok(Source::Prompt(prompt.clone()));
    }
    if let Some(path) = &arguments.request {
        let body = if path == Path::new("-") {
            let mut body = Vec::new();
            io::stdin().lock().read_to_end(&mut body)?;
            body
        } else {
            let name = path.display();
            std::fs::read(path).with_context(|| format!("`{name}` could not be read"))?
        };
        return Ok(Source::Request(body));
    }
    if !arguments.given.is_empty() {
        return Ok(Source::Facts);
    }
    Ok(Source::Prompt(io::read_to_string(io::stdin().lock())?))
}

/// `fact=value` as a line of YAML each, so that values are read as in a policy's tests.
fn given_lines(given: &[String]) -> Result<String, CliError> {
    let mut lines = String::new();
    for fact in given {
        let Some((name, value)) = fact.split_once('=') else {
            let text = format!("error: `{fact}` is not like `fact=value`, such as `lang=zh`");
            return Err(CliError::Settings(text));
        };
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}: {}", name.trim(), value.trim());
    }
    Ok(lines)
}

/// Reads a chat request as the gateway would.
fn asked(
    scenario: &mut Scenario,
    policy: &Policy,
    (settings, read): (&Settings, &Read),
    body: Vec<u8>,
) -> Result<(), CliError> {
    let request = dialect::of(Surface::OpenAiChat)
        .read(Bytes::from(body))
        .map_err(|error| anyhow!("the request cannot be read: {error}"))?;
    let inspection = crate::gateway::inspector(settings)?.inspection(policy);
    let findings = crate::inspector::look(&request, &inspection);
    scenario.asked(&request);
    scenario.found(policy, &findings);
    estimate(scenario, settings, read, (size::upper_bound(request.body().len()), Some(&request)));
    for (index, target) in settings.targets.iter().enumerate() {
        if let Some(unable) = target.serves.unable(&request, &findings)
            && is_same_target(settings, read, index)
        {
            scenario.set_unable(TargetId(index), unable);
        }
    }
    Ok(())
}

/// Whether a target of the policy is that of the configuration, and not only assumed.
fn is_same_target(settings: &Settings, read: &Read, index: usize) -> bool {
    let configured = settings.targets.get(index).map(|target| target.name.as_str());
    configured == read.world.targets.get(index).map(|target| target.name.as_str())
}

/// What the price book says that a request of this size can cost at the configured targets.
fn estimate(
    scenario: &mut Scenario,
    settings: &Settings,
    read: &Read,
    (input, request): (Tokens, Option<&Request>),
) {
    for (index, target) in settings.targets.iter().enumerate() {
        if !is_same_target(settings, read, index) {
            continue;
        }
        let cost_estimate = match &target.kind {
            TargetKind::Engine(..) => Estimate::Known(NanoUsd::ZERO),
            TargetKind::Remote(_) => {
                let listing = gateway::listing(target);
                listing.map_or(Estimate::Unpriced, |listing| {
                    let price = listing.at(clock::now());
                    let output = target.serves.output_tokens_max;
                    let bound = || Estimate::Known(price.upper_bound(input, output));
                    request.map_or_else(bound, |it| target.serves.bound(price, it, input))
                })
            }
        };
        scenario.set_target(TargetId(index), TargetFacts { cost_estimate, unable: None });
    }
}

/// Explains a decision that was made, in the words that were recorded when it was made.
fn recorded(
    id: &str,
    settings: &Settings,
    format: Format,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let row = Reader::open(&settings.store)
        .and_then(|reader| reader.row(id))
        .map_err(anyhow::Error::from)?;
    let row = row.ok_or_else(|| {
        anyhow!("the ledger `{}` has no decision `{id}`; check the id and `store:`", settings.store)
    })?;
    let explanation = trace::read(&row.decided.trace_json).ok_or_else(|| {
        anyhow!("decision `{id}` was recorded by an earlier version, which kept no full trace")
    })?;
    if format == Format::Text {
        let decided = &row.decided;
        writeln!(out, "decision {id} at {}, caller {}", decided.at, decided.caller)?;
    }
    print(&explanation, format, out)
}

fn print(
    explanation: &Explanation<'_>,
    format: Format,
    out: &mut impl Write,
) -> Result<(), CliError> {
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut *out, explanation).context("it could not be written")?;
        writeln!(out)?;
    } else {
        write!(out, "{explanation}")?;
    }
    Ok(())
}
