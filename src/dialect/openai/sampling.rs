//! How the answer is to be made: OpenAI's parameters and the names that vLLM and transformers gave to
//! what OpenAI's interface lacks.
//!
//! They are understood for targets in this process; upstreams get them as they came. So a value of
//! the wrong type is not refused here: it is noted, and refused by whoever would have to honour it.

use crate::chat::{Sampling, Shape};
use crate::dialect::walk::{Scalar, Step};

const NUMBER: &str = "a number";
const WHOLE: &str = "a whole number, at least 0";
const TRUTH: &str = "`true` or `false`";
const TEXT: &str = "a text";
const TEXTS: &str = "a list of texts";

/// Takes a value of the body, if it is one of these parameters.
pub(in crate::dialect) fn read(sampling: &mut Sampling, path: &[Step<'_>], value: &Scalar<'_>) {
    match path {
        [Step::Key(key)] => top_level(sampling, key, value),
        [list, Step::Index(_)] => match (list.key(), value) {
            ("stop", Scalar::Text(text)) => sampling.stop.push(text.to_string()),
            ("guided_choice", Scalar::Text(text)) => {
                if let Some(Shape::Choice(labels)) = &mut sampling.shape {
                    labels.push(text.to_string());
                }
            }
            ("guided_choice", _) => misread(sampling, "guided_choice", TEXTS),
            ("stop", _) => misread(sampling, "stop", "a text or a list of texts"),
            _ => {}
        },
        [format, Step::Key(key)] if format.key() == "response_format" && key == "type" => {
            if matches!(value, Scalar::Text(kind) if kind != "text") {
                sampling.shape = Some(Shape::Json);
            }
        }
        _ => {}
    }
}

/// A list or an object opens where it may be one of these parameters.
pub(in crate::dialect) fn open(sampling: &mut Sampling, path: &[Step<'_>]) {
    let [Step::Key(key)] = path else { return };
    match key.as_ref() {
        "guided_choice" => shape(sampling, "guided_choice", Shape::Choice(Vec::new())),
        "guided_regex" => misread(sampling, "guided_regex", TEXT),
        "guided_json" => shape(sampling, "guided_json", Shape::Json),
        _ => {}
    }
}

fn top_level(sampling: &mut Sampling, key: &str, value: &Scalar<'_>) {
    if *value == Scalar::Null {
        return;
    }
    let mut wrong = None;
    let mut real = |name, place: &mut Option<f64>| match number(value) {
        Some(number) => *place = Some(number),
        None => wrong = Some((name, NUMBER)),
    };
    match key {
        "temperature" => real("temperature", &mut sampling.temperature),
        "top_p" => real("top_p", &mut sampling.top_p),
        "min_p" => real("min_p", &mut sampling.min_p),
        "repetition_penalty" => real("repetition_penalty", &mut sampling.repetition_penalty),
        "length_penalty" => real("length_penalty", &mut sampling.length_penalty),
        _ => {}
    }
    let mut whole = |name, place: &mut Option<u64>| match value {
        Scalar::Unsigned(number) => *place = Some(*number),
        Scalar::Text(_) | Scalar::Signed(_) | Scalar::Float(_) | Scalar::Bool(_) | Scalar::Null => {
            wrong = Some((name, WHOLE));
        }
    };
    match key {
        // vLLM writes -1 where no token is left out.
        "top_k" if *value == Scalar::Signed(-1) => {}
        "top_k" => whole("top_k", &mut sampling.top_k),
        "seed" => whole("seed", &mut sampling.seed),
        "min_tokens" => whole("min_tokens", &mut sampling.output_min),
        "no_repeat_ngram_size" => whole("no_repeat_ngram_size", &mut sampling.no_repeat_ngram),
        "num_beams" => whole("num_beams", &mut sampling.beams),
        "best_of" => whole("best_of", &mut sampling.best_of),
        "top_logprobs" => whole("top_logprobs", &mut sampling.top_logprobs),
        _ => {}
    }
    let mut truth = |name, place: &mut bool| match value {
        Scalar::Bool(yes) => *place = *yes,
        Scalar::Text(_)
        | Scalar::Unsigned(_)
        | Scalar::Signed(_)
        | Scalar::Float(_)
        | Scalar::Null => wrong = Some((name, TRUTH)),
    };
    match key {
        "use_beam_search" => truth("use_beam_search", &mut sampling.searches),
        "early_stopping" => truth("early_stopping", &mut sampling.stops_early),
        "logprobs" => truth("logprobs", &mut sampling.logprobs),
        _ => {}
    }
    match (key, value) {
        ("stop", Scalar::Text(text)) => sampling.stop.push(text.to_string()),
        ("stop", _) => wrong = Some(("stop", "a text or a list of texts")),
        ("guided_regex", Scalar::Text(pattern)) => {
            shape(sampling, "guided_regex", Shape::Regex(pattern.to_string()));
        }
        ("guided_regex", _) => wrong = Some(("guided_regex", TEXT)),
        ("guided_choice", _) => wrong = Some(("guided_choice", TEXTS)),
        // As a text it may be a schema, too; grammars are for others.
        ("guided_json", _) => shape(sampling, "guided_json", Shape::Json),
        ("guided_grammar", _) => shape(sampling, "guided_grammar", Shape::Json),
        _ => {}
    }
    if let Some((name, right)) = wrong {
        misread(sampling, name, right);
    }
}

fn number(value: &Scalar<'_>) -> Option<f64> {
    match value {
        Scalar::Float(number) => Some(*number),
        Scalar::Unsigned(number) => u32::try_from(*number).ok().map(f64::from),
        Scalar::Signed(number) => i32::try_from(*number).ok().map(f64::from),
        Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null => None,
    }
}

/// An answer has one shape.
fn shape(sampling: &mut Sampling, name: &'static str, shape: Shape) {
    if sampling.shape.is_some() {
        let right = "left out beside another shape of the answer (`guided_choice`, `guided_regex`, \
                     `response_format`)";
        misread(sampling, name, right);
    }
    sampling.shape = Some(shape);
}

/// The first one is told.
fn misread(sampling: &mut Sampling, name: &'static str, right: &'static str) {
    sampling.misread.get_or_insert((name, right));
}
