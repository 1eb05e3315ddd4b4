//! A request's parameters as a job of the engine.

use crate::chat::{Request, Sampling, Shape};
use crate::engine::prompt::Templates;
use crate::engine::{Guide, Job, Patience, Search};
use crate::failure::{Code, Failure};
use crate::inspect::Task;
use crate::money::Tokens;
use crate::spread;

/// The job for a request, or why there is none: a parameter that cannot be understood. Whether its
/// values are in range is for the engine to say.
pub(super) fn of(
    request: &Request,
    task: Task,
    decision: &str,
    templates: &Templates,
) -> Result<Job, Failure> {
    let sampling = &request.sampling;
    if let Some((name, right)) = sampling.misread {
        return Err(wrong(format!("`{name}` must be {right}")));
    }
    if sampling.top_logprobs.is_some() && !sampling.logprobs {
        return Err(wrong("`top_logprobs` needs `logprobs: true` beside it".to_owned()));
    }
    let any = Tokens(u32::MAX);
    let most = templates.output_max(task).unwrap_or(any);
    // What an answer must look like says how long it gets.
    let usual = if sampling.shape.is_some() { None } else { templates.output_default(task) };
    let logprobs = sampling.logprobs.then(|| count(sampling.top_logprobs));
    let greedy = Job::greedy(
        super::render(request, task, templates),
        request.output_max.or(request.output_default).or(usual).unwrap_or(any).min(most),
    );
    let choices = usize::try_from(request.choices).unwrap_or(usize::MAX);
    let search = search(request);
    // Small models ramble when sampled: greedy is the default here, 1.0 elsewhere. But several
    // answers that are all alike are not what anybody asks for.
    let by_default = if choices > 1 && search.is_none() { 1.0 } else { 0.0 };
    Ok(Job {
        new_tokens_min: Tokens(whole(sampling.output_min)),
        temperature: sampling.temperature.map_or(by_default, narrow),
        top_k: count(sampling.top_k),
        top_p: sampling.top_p.map_or(1.0, narrow),
        min_p: sampling.min_p.map_or(0.0, narrow),
        // The seed of a request that names none: another for each, and known from its record.
        seed: sampling.seed.unwrap_or_else(|| spread::of_text(decision)),
        repetition_penalty: sampling.repetition_penalty.map_or(1.0, narrow),
        no_repeat_ngram: count(sampling.no_repeat_ngram),
        stop: sampling.stop.clone(),
        guide: guide(sampling),
        choices,
        search,
        logprobs,
        ..greedy
    })
}

fn wrong(sentence: String) -> Failure {
    Failure::client(Code::InvalidRequest, sentence)
}

fn guide(sampling: &Sampling) -> Option<Guide> {
    match sampling.shape.clone()? {
        Shape::Choice(labels) => Some(Guide::Choice(labels)),
        Shape::Regex(pattern) => Some(Guide::Regex(pattern)),
        Shape::Literals(texts) => Some(Guide::Literals(texts)),
        // Targets in this process are not asked for other JSON: they cannot write it.
        Shape::Json => None,
    }
}

/// The search that is asked for: `num_beams` as in transformers; `use_beam_search` with `best_of`,
/// or as many as answers are wanted, as in vLLM.
fn search(request: &Request) -> Option<Search> {
    let sampling = &request.sampling;
    let width = sampling.beams.or_else(|| {
        let width = sampling.best_of.unwrap_or_else(|| u64::from(request.choices));
        sampling.searches.then_some(width)
    })?;
    let patience = if sampling.stops_early { Patience::First } else { Patience::Likely };
    let beams = usize::try_from(width).unwrap_or(usize::MAX);
    // One beam is greedy decoding.
    (beams != 1 || request.choices > 1).then(|| Search {
        beams,
        length_penalty: sampling.length_penalty.map_or(1.0, narrow),
        patience,
    })
}

/// The engine wants 32 bits; the values are small and were written by hand.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "see above")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn whole(number: Option<u64>) -> u32 {
    u32::try_from(number.unwrap_or(0)).unwrap_or(u32::MAX)
}

fn count(number: Option<u64>) -> usize {
    usize::try_from(number.unwrap_or(0)).unwrap_or(usize::MAX)
}
