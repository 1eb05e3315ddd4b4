//! Many at once: who waits for whom, who is refused, and what a fault takes with it.

use std::sync::Arc;
use std::time::Duration;

use super::mock::{Asked, BROKEN, EXPLOSIVE, Mock, UNREADABLE};
use super::*;

/// A model whose backend is without numbers.
pub(in crate::engine) fn mocked_core(mock: Mock, settings: EngineSettings) -> (Core, Arc<Mock>) {
    let folder = folder();
    let source = ModelSource::Folder(folder.path().to_path_buf());
    let mut core = Core::load(&source.into(), settings).unwrap();
    let mock = Arc::new(mock);
    core.backend = Arc::<Mock>::clone(&mock);
    (core, mock)
}

/// An engine over it.
fn mocked(mock: Mock, settings: EngineSettings) -> (Engine, Arc<Mock>) {
    let (core, mock) = mocked_core(mock, settings);
    let core = Arc::new(core);
    worker::start(&core).unwrap();
    (Engine { handle: Arc::new(Handle { core }), adapter: None }, mock)
}

fn paced() -> Mock {
    Mock { pause: Duration::from_micros(300), part: 16, ..Mock::default() }
}

/// A prompt that the backend does something special with.
fn special(engine: &Engine, id: u32) -> String {
    let text = engine.handle.core.tokenizer.decode(&[id]);
    assert!(engine.handle.core.tokenizer.encode(&text).unwrap().ids.contains(&id), "{text}");
    text
}

fn failed(generation: Generation) -> EngineError {
    match collect(generation) {
        (_, Some(Event::Failed(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// How many steps of an answer were made while so many parts of a long prompt were read.
fn read_beside_an_answer() -> (usize, usize) {
    let (engine, mock) = mocked(paced(), settings());
    let mut running = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    assert!(matches!(running.next_blocking(), Some(Event::Text(_))));
    mock.asked.lock().unwrap().clear();
    let long = engine.generate(Job::greedy("word ".repeat(400), Tokens(2))).unwrap();
    done(long);
    let asked = mock.asked.lock().unwrap().clone();
    let parts: Vec<usize> = (0..asked.len()).filter(|at| asked[*at] == Asked::ReadOn).collect();
    assert_eq!(parts.len(), 401_usize.div_ceil(16));
    let between = &asked[parts[0]..parts[parts.len() - 1]];
    let steps = between.iter().filter(|asked| matches!(asked, Asked::Step(_))).count();
    drop(running);
    (steps, parts.len())
}

#[test]
fn a_long_prompt_is_read_between_the_steps_of_others() {
    // Reading takes its turns by the clock, and a busy machine stops it: then it is tried again.
    let all: Vec<(usize, usize)> = (0..5).map(|_| read_beside_an_answer()).collect();
    assert!(all.iter().any(|(steps, parts)| *steps >= parts / 3), "steps, parts: {all:?}");
}

#[test]
fn answers_move_forward_together() {
    let (engine, mock) = mocked(paced(), settings());
    let jobs: Vec<_> =
        (0..5).map(|_| engine.generate(Job::greedy(PROMPT, Tokens(50))).unwrap()).collect();
    for job in jobs {
        let (text, summary) = done(job);
        assert_eq!(text.split_whitespace().count(), 50);
        assert!(summary.batch > 2.0 && summary.batch <= 5.0, "{}", summary.batch);
        assert!(summary.first_text >= summary.queue_time);
    }
    let asked = mock.asked.lock().unwrap().clone();
    let steps = asked.iter().filter(|asked| matches!(asked, Asked::Step(_))).count();
    assert!(steps < 150, "{steps} steps for 5 answers of 50 tokens");
    assert!(asked.contains(&Asked::Step(5)));
}

#[test]
fn whoever_leaves_makes_room_at_once() {
    let one_at_a_time = EngineSettings { batch_max: 1, ..settings() };
    let (engine, _) = mocked(paced(), one_at_a_time);
    let first = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    let second = engine.generate(Job::greedy(PROMPT, Tokens(3))).unwrap();
    let third = engine.generate(Job::greedy(PROMPT, Tokens(3))).unwrap();
    drop(first);
    drop(second);
    assert_eq!(done(third).1.output, Tokens(3));
    assert_eq!((engine.load_now().cancelled, engine.load_now().finished), (2, 1));
}

#[test]
fn whoever_waits_for_too_long_is_told_when_to_come_again() {
    let settings =
        EngineSettings { batch_max: 1, queue_time_max: Duration::from_millis(30), ..settings() };
    let (engine, _) = mocked(paced(), settings);
    let first = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    let second = engine.generate(Job::greedy(PROMPT, Tokens(1))).unwrap();
    let error = failed(second);
    let EngineError::Overloaded { retry_after, .. } = error else { panic!("{error:?}") };
    assert!(retry_after >= Duration::from_secs(1));
    drop(first);
}

#[test]
fn a_panic_in_a_step_ends_the_answers_in_it_and_nothing_else() {
    let (engine, _) = mocked(paced(), settings());
    let explosive = special(&engine, EXPLOSIVE);
    let neighbour = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    let culprit = engine.generate(Job::greedy(explosive, Tokens(4))).unwrap();
    assert!(matches!(failed(culprit), EngineError::Computation { .. }));
    assert!(matches!(failed(neighbour), EngineError::Computation { .. }));
    let (_, summary) = done(engine.generate(Job::greedy(PROMPT, Tokens(4))).unwrap());
    assert_eq!((summary.output, engine.load_now().running), (Tokens(4), 0));
}

#[test]
fn a_prompt_that_cannot_be_read_fails_alone() {
    let (engine, _) = mocked(paced(), settings());
    let unreadable = special(&engine, UNREADABLE);
    let mut neighbour = engine.generate(Job::greedy(PROMPT, Tokens(100))).unwrap();
    assert!(matches!(neighbour.next_blocking(), Some(Event::Text(_))));
    let culprit = engine.generate(Job::greedy(unreadable, Tokens(4))).unwrap();
    assert!(matches!(failed(culprit), EngineError::Computation { .. }));
    assert_eq!(done(neighbour).1.output, Tokens(100));
    let (_, summary) = done(engine.generate(Job::greedy(PROMPT, Tokens(4))).unwrap());
    assert_eq!(summary.output, Tokens(4));
}

#[test]
fn broken_numbers_end_only_the_answer_that_they_belong_to() {
    let (engine, _) = mocked(paced(), settings());
    let broken = special(&engine, BROKEN);
    let neighbour = engine.generate(Job::greedy(PROMPT, Tokens(60))).unwrap();
    let culprit = engine.generate(Job::greedy(broken, Tokens(4))).unwrap();
    assert!(matches!(failed(culprit), EngineError::Computation { .. }));
    assert_eq!(done(neighbour).1.output, Tokens(60));
}

#[test]
fn more_sequences_than_slots_are_refused_and_exactly_as_many_are_not() {
    let (engine, mock) = mocked(paced(), EngineSettings { batch_max: 4, ..settings() });
    let many = |choices| Job { choices, ..Job::greedy(PROMPT, Tokens(3)) };
    let refused = engine.generate(many(5)).unwrap_err().to_string();
    assert_eq!(refused, "`n` must be between 1 and 4 for the local model");
    let other = engine.generate(many(2)).unwrap();
    let all = engine.generate(many(4)).unwrap();
    assert_eq!(done(other).1.output, Tokens(6));
    assert_eq!(done(all).1.output, Tokens(12));
    assert!(mock.asked.lock().unwrap().contains(&Asked::Step(4)));
}

#[test]
fn the_arena_is_as_large_as_who_is_in_it() {
    let (engine, _) = mocked(paced(), EngineSettings { batch_max: 4, ..settings() });
    let reaches = |bytes| {
        let begun = Instant::now();
        while engine.load_now().arena_bytes != bytes && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(engine.load_now().arena_bytes, bytes);
    };
    assert_eq!(engine.load_now().weights_bytes, 1_000);
    let long = |choices| Job { choices, ..Job::greedy(PROMPT, Tokens(400)) };
    let one = engine.generate(long(1)).unwrap();
    reaches(10);
    let three = engine.generate(long(3)).unwrap();
    reaches(40);
    drop(three);
    reaches(10);
    drop(one);
    reaches(0);
    done(engine.generate(Job::greedy(PROMPT, Tokens(3))).unwrap());
    reaches(0);
}

#[tokio::test]
async fn texts_are_embedded_while_answers_are_made() {
    let (engine, _) = mocked(paced(), settings());
    let running = engine.generate(Job::greedy(PROMPT, Tokens(400))).unwrap();
    let long = "word ".repeat(300);
    let vectors = engine.embed(&["one", &long, &long, "two"]).await.unwrap().vectors;
    assert_eq!(vectors.len(), 4);
    assert!(vectors.iter().all(|vector| (vector[0] - 0.353_553).abs() < 1e-5 && vector.len() == 8));
    assert!(engine.embed(&[]).await.unwrap().vectors.is_empty());
    assert!(matches!(
        engine.embed(&["把这份报告"]).await,
        Err(EngineError::Unrepresentable { .. })
    ));
    drop(running);
    engine.stop();
    assert!(matches!(engine.embed(&["one"]).await, Err(EngineError::Stopped)));
}
