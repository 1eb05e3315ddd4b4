//! The whole engine: a folder in, a stream out, and every way it can end early.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

mod generation;
pub(super) mod mock;
pub(super) mod serving;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/t5").join(name)
}

/// A Hugging Face folder: the tiny model with the real tokenizer.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (from, file) in [
        ("tiny-t5v1_1", "config.json"),
        ("tiny-t5v1_1", "model.safetensors"),
        ("flan-tokenizer", "tokenizer.json"),
    ] {
        std::fs::copy(golden(from).join(file), folder.path().join(file)).unwrap();
    }
    let card = "---\nlicense: apache-2.0\nlanguage:\n- en\n- de\n---\n# tiny\n";
    std::fs::write(folder.path().join("README.md"), card).unwrap();
    folder
}

fn engine(settings: EngineSettings) -> Engine {
    Engine::load(ModelSource::Folder(folder().path().to_path_buf()), settings).unwrap()
}

fn settings() -> EngineSettings {
    EngineSettings {
        new_tokens_max: Tokens(400),
        // What the golden figures were computed in.
        weights: Precision::F32,
        ..EngineSettings::default()
    }
}

const PROMPT: &str = "translate English to German: How old are you?";

/// The pieces of an answer and how it ended.
fn collect(mut generation: Generation) -> (Vec<String>, Option<Event>) {
    let mut pieces = Vec::new();
    while let Some(event) = generation.next_blocking() {
        match event {
            Event::Text(piece) => pieces.push(piece.text),
            Event::Ended { .. } => {}
            end @ (Event::Done(_) | Event::Failed(_)) => {
                assert!(generation.next_blocking().is_none(), "nothing follows the end");
                return (pieces, Some(end));
            }
        }
    }
    (pieces, None)
}

fn done(generation: Generation) -> (String, Summary) {
    match collect(generation) {
        (pieces, Some(Event::Done(summary))) => (pieces.concat(), summary),
        (_, other) => panic!("{other:?}"),
    }
}

/// Waits until the engine is as the test expects; the engine's own threads make it so.
fn eventually(engine: &Engine, expected: impl Fn(Load) -> bool) {
    let begun = Instant::now();
    while !expected(engine.load_now()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", engine.load_now());
        std::thread::yield_now();
    }
}

#[test]
fn the_card_tells_what_was_loaded() {
    let folder = folder();
    let source = ModelSource::Folder(folder.path().to_path_buf());
    let engine = Engine::load(source, EngineSettings::default()).unwrap();
    let card = engine.card();
    assert_eq!(card.name, folder.path().file_name().unwrap().to_str().unwrap());
    assert_eq!(card.parameters, 518_240);
    assert_eq!(card.bytes, 2_078_536);
    assert_eq!(card.digest().len(), 64);
    assert_eq!((&*card.licence, card.vocabulary), ("apache-2.0", 32_100));
    assert_eq!(card.context_tokens, Tokens(512));
    assert_eq!(card.serves.languages, ["en", "de"]);
}

#[test]
fn greedy_text_is_what_transformers_would_say() {
    let engine = engine(settings());
    let (text, summary) = done(engine.generate(Job::greedy(PROMPT, Tokens(8))).unwrap());
    let ids = [23_071, 11_478, 17_236, 451, 26_620, 23_761, 3_852, 16_644];
    assert_eq!(text, engine.handle.core.tokenizer.decode(&ids));
    assert_eq!((summary.finish, summary.output), (Finish::Length, Tokens(8)));
    assert_eq!(summary.input, Tokens(11));
    assert!(summary.engine_time > Duration::ZERO);
    let Certainty { min, p10 } = summary.certainty;
    assert!(min > 0.0 && min <= p10 && p10 < 0.01, "a random model is not sure: {min} {p10}");
}

#[test]
fn seeds_repeat_and_neighbours_do_not_matter() {
    let engine = engine(EngineSettings { threads: 2, ..settings() });
    let job = |seed| Job { temperature: 1.0, top_p: 0.9, seed, ..Job::greedy(PROMPT, Tokens(20)) };
    let alone: Vec<_> = (0..4).map(|seed| done(engine.generate(job(seed)).unwrap()).0).collect();
    assert_ne!(alone[0], alone[1]);
    let together: Vec<_> = (0..4).map(|seed| engine.generate(job(seed)).unwrap()).collect();
    let together: Vec<_> = together.into_iter().map(|generation| done(generation).0).collect();
    assert_eq!(alone, together);
}

#[test]
fn a_stop_string_ends_the_answer_before_itself() {
    let engine = engine(settings());
    let (whole, _) = done(engine.generate(Job::greedy(PROMPT, Tokens(30))).unwrap());
    let middle = whole.char_indices().nth(whole.chars().count() / 2).unwrap().0;
    let stop: String = whole.split_at(middle).1.chars().take(5).collect();
    let job = Job { stop: vec![stop.clone()], ..Job::greedy(PROMPT, Tokens(30)) };
    let (text, summary) = done(engine.generate(job).unwrap());
    assert_eq!(summary.finish, Finish::Stop);
    assert_eq!(text, whole.split_once(&stop).unwrap().0);
}

#[test]
fn dropping_the_answer_frees_its_place() {
    let engine = engine(settings());
    let mut generation = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    assert!(matches!(generation.next_blocking(), Some(Event::Text(_))));
    drop(generation);
    eventually(&engine, |load| load.running == 0 && load.cancelled == 1);
    assert_eq!(engine.load_now().finished, 0);
}

#[test]
fn a_full_line_refuses_and_the_departed_make_room() {
    let engine = engine(EngineSettings { batch_max: 1, queue_max: 2, ..settings() });
    let long = || engine.generate(Job::greedy(PROMPT, Tokens(400)));
    let running = long().unwrap();
    eventually(&engine, |load| load.running == 1 && load.queued == 0);
    let (first, second) = (long().unwrap(), long().unwrap());
    assert!(matches!(long(), Err(EngineError::Overloaded { queue: 2, .. })));
    drop(first);
    let third = long().unwrap();
    drop((running, second, third));
    eventually(&engine, |load| (load.queued, load.running) == (0, 0));
}

#[test]
fn answers_take_turns() {
    let engine = engine(settings());
    let long = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    eventually(&engine, |load| load.running == 1);
    let (_, summary) = done(engine.generate(Job::greedy(PROMPT, Tokens(2))).unwrap());
    assert_eq!(summary.output, Tokens(2));
    assert_eq!(engine.load_now().running, 1, "the long one is still at it");
    drop(long);
}

#[test]
fn what_does_not_fit_is_refused_with_its_size() {
    let engine = engine(settings());
    let long = "word ".repeat(600);
    let fit = engine.measure(&long).unwrap();
    assert_eq!(fit.refusal, Some(Unfit::TooLong { tokens: fit.tokens, max: Tokens(512) }));
    let refused = engine.generate(Job::greedy(&*long, Tokens(4)));
    assert!(matches!(refused, Err(EngineError::TooLong { max: Tokens(512), .. })));
    let refused = engine.generate(Job::greedy("把这份报告翻译成英文", Tokens(4)));
    let Err(error @ EngineError::Unrepresentable { .. }) = refused else { panic!("accepted") };
    assert_eq!(
        error.to_string(),
        "the local model cannot represent 100% of this text; use a model for this language or format"
    );
    assert_eq!(engine.measure(PROMPT).unwrap().refusal, None);
    let hot = Job { temperature: 3.0, ..Job::greedy(PROMPT, Tokens(4)) };
    let refused = engine.generate(hot).unwrap_err();
    assert_eq!(refused.to_string(), "`temperature` must be between 0 and 2");
}

#[test]
fn time_runs_out_and_engines_stop() {
    let engine = engine(settings());
    let hasty = Job { time_max: Some(Duration::ZERO), ..Job::greedy(PROMPT, Tokens(400)) };
    let (_, end) = collect(engine.generate(hasty).unwrap());
    assert!(matches!(end, Some(Event::Failed(EngineError::TimedOut))));
    let mut generation = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    assert!(matches!(generation.next_blocking(), Some(Event::Text(_))));
    engine.stop();
    assert!(matches!(collect(generation).1, Some(Event::Failed(EngineError::Stopped))));
    let refused = engine.generate(Job::greedy(PROMPT, Tokens(1)));
    assert!(matches!(refused, Err(EngineError::Stopped)));
}

#[test]
fn the_last_handle_lets_answers_finish() {
    let engine = engine(settings());
    let generation = engine.generate(Job::greedy(PROMPT, Tokens(40))).unwrap();
    drop(engine);
    assert_eq!(done(generation).1.output, Tokens(40));
}

#[tokio::test]
async fn an_answer_is_a_stream_and_never_shows_in_logs() {
    use futures_util::StreamExt as _;
    let engine = engine(settings());
    let job = Job::greedy(PROMPT, Tokens(5));
    assert_eq!(format!("{job:?}"), "Job(45 bytes, at most 5 tokens)");
    let events: Vec<Event> = engine.generate(job).unwrap().collect().await;
    assert!(matches!(events.last(), Some(Event::Done(_))));
    let Some(Event::Text(piece)) = events.first() else { panic!("no text") };
    assert!(!format!("{:?}", events[0]).contains(&*piece.text));
}

#[test]
fn incomplete_folders_say_what_is_missing() {
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = folder();
        std::fs::remove_file(folder.path().join(file)).unwrap();
        let source = ModelSource::Folder(folder.path().to_path_buf());
        let error = Engine::load(source, settings()).unwrap_err().to_string();
        assert!(error.contains(&format!("has no `{file}`")), "{error}");
    }
    let folder = folder();
    std::fs::write(folder.path().join("config.json"), r#"{"model_type": "llama"}"#).unwrap();
    let source = ModelSource::Folder(folder.path().to_path_buf());
    let error = Engine::load(source, settings()).unwrap_err().to_string();
    assert!(error.ends_with("`model_type` is `llama`; `t5` is supported"), "{error}");
}

#[test]
fn forced_steps_show_the_largest_logits() {
    let engine = engine(settings());
    let ids = [13_959, 1_566, 12, 2_968, 10, 571, 625, 33, 25, 58, 1];
    let steps = engine.forced(&ids, &[0, 23_071]).unwrap();
    assert_eq!(steps[0].top_ids, [23_071, 26_083, 12_325, 24_637]);
    assert_eq!(steps[1].top_ids[0], 11_478);
    assert!((steps[0].top_logits[0] - 3.36651).abs() < 2e-3);
    assert!((steps[0].logsumexp - 10.87186).abs() < 2e-3);
    let work = probe::Workload { batch: 3, prompt: 16, steps: 4, repeats: 1 };
    let speed = engine.speed(work).unwrap();
    assert!(speed.encoder > Duration::ZERO && speed.tokens_per_second > 0.0);
}
