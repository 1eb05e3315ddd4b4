//! The engine's threads: each takes jobs from the line and moves all of its answers forward by one
//! token in turn, so that a long answer does not keep a short one waiting.
//!
//! Plain threads with a thread pool of one inside each: the numeric library spreads its work over
//! the pool it is called from, so the number of threads is the number set, whatever the
//! environment says. A fault inside a library ends one answer, not the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::backend::{Logits, Need, Progress, Prompt, Row, Session};
use super::core::Core;
use super::detokenize::Detokenizer;
use super::error::{EngineError, LoadError};
use super::job::{Answer, Event, Finish, Summary};
use super::queue::Waiting;
use super::sample::Sampler;
use super::stop::{Said, StopStrings};
use crate::money::Tokens;

/// Starts the threads. They end once the line is closed and empty.
pub(super) fn start(core: &Arc<Core>) -> Result<(), LoadError> {
    for index in 0..core.settings.threads.max(1) {
        let pool = pool_of(1, &format!("engine-{index}"))?;
        let core = Arc::clone(core);
        std::thread::Builder::new()
            .name(format!("engine-{index}-turns"))
            .spawn(move || pool.install(|| serve(&core)))
            .map_err(|source| LoadError::Threads { source: Box::new(source) })?;
    }
    Ok(())
}

/// A pool that bounds what the numeric library uses.
pub(super) fn pool_of(threads: usize, name: &str) -> Result<rayon::ThreadPool, LoadError> {
    let name = name.to_owned();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |index| format!("{name}-{index}"))
        .build()
        .map_err(|source| LoadError::Threads { source: Box::new(source) })
}

/// Until the engine is dropped: admit, give everyone a turn, repeat.
fn serve(core: &Core) {
    let slots = core.settings.batch_max.max(1);
    let Ok(mut session) = Arc::clone(&core.backend).open(slots) else { return };
    let mut free: Vec<usize> = (0..slots).rev().collect();
    let mut logits = Logits::default();
    let mut running: Vec<Run> = Vec::new();
    loop {
        while running.len() < slots {
            let next = if running.is_empty() { core.queue.wait() } else { core.queue.take() };
            match next {
                Some(waiting) => running.extend(admit(core, &mut *session, &mut free, waiting)),
                None if running.is_empty() => return,
                None => break,
            }
        }
        running.retain_mut(|run| {
            let verdict = turn(core, &mut *session, &mut logits, run);
            let goes_on = matches!(verdict, Verdict::Onward);
            if !goes_on {
                session.free(run.slot);
                free.push(run.slot);
                run.end(core, verdict);
            }
            goes_on
        });
    }
}

/// What a turn came to.
enum Verdict {
    Onward,
    Done(Finish),
    Unwanted,
    Failed(EngineError),
}

/// One answer in the making.
struct Run {
    answer: Answer,
    deadline: Option<Instant>,
    slot: usize,
    sampler: Sampler,
    text: Detokenizer,
    stop: StopStrings,
    last_id: u32,
    input: Tokens,
    output: usize,
    output_max: usize,
    engine_time: Duration,
}

/// Reads the prompt of a job that reached the head of the line; `None` if it was over before.
fn admit(
    core: &Core,
    session: &mut dyn Session,
    free: &mut Vec<usize>,
    waiting: Waiting,
) -> Option<Run> {
    let age = waiting.age();
    if waiting.answer.is_unwanted() {
        core.pulse.cancelled.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    let refusal = if core.is_stopped() {
        Some(EngineError::Stopped)
    } else if waiting.job.time_max.is_some_and(|limit| age > limit) {
        Some(EngineError::TimedOut)
    } else if age > core.settings.queue_time_max {
        Some(EngineError::Overloaded { queue: core.queue.length() })
    } else {
        None
    };
    if let Some(error) = refusal {
        waiting.answer.send(Event::Failed(error));
        return None;
    }
    let begun = Instant::now();
    let output_max = core.output_max(waiting.job.new_tokens_max);
    let slot = free.pop()?;
    let prompt =
        Prompt { slot, ids: &waiting.ids, steps_max: output_max, adapter: waiting.adapter };
    let read = guarded(|| {
        session.read(&[prompt])?;
        while session.read_on()? == Progress::Onward {}
        Ok(())
    });
    match read {
        Ok(()) => {
            core.pulse.running.fetch_add(1, Ordering::Relaxed);
            Some(Run::new(core, waiting, slot, begun.elapsed()))
        }
        Err(error) => {
            session.free(slot);
            free.push(slot);
            waiting.answer.send(Event::Failed(error));
            None
        }
    }
}

impl Run {
    fn new(core: &Core, waiting: Waiting, slot: usize, engine_time: Duration) -> Self {
        let job = waiting.job;
        Self {
            deadline: job.time_max.and_then(|limit| waiting.since.checked_add(limit)),
            slot,
            sampler: Sampler::new(job.seed, job.temperature, job.top_p),
            text: Detokenizer::default(),
            stop: StopStrings::new(job.stop),
            last_id: core.config.start_id,
            input: Tokens::of(waiting.ids.len()),
            output: 0,
            output_max: core.output_max(job.new_tokens_max),
            engine_time,
            answer: waiting.answer,
        }
    }

    /// Says what is certain; whether a stop string was reached.
    fn say(&mut self, text: &str) -> Verdict {
        let (said, verdict) = match self.stop.push(text) {
            Said::Onward(said) => (said, Verdict::Onward),
            Said::Stopped(said) => (said, Verdict::Done(Finish::Stop)),
        };
        if !said.is_empty() {
            self.answer.send(Event::Text(said));
        }
        verdict
    }

    /// The last words and the account, exactly once.
    fn end(&mut self, core: &Core, verdict: Verdict) {
        core.pulse.running.fetch_sub(1, Ordering::Relaxed);
        match verdict {
            Verdict::Onward => {}
            Verdict::Unwanted => {
                core.pulse.cancelled.fetch_add(1, Ordering::Relaxed);
            }
            Verdict::Failed(error) => self.answer.send(Event::Failed(error)),
            Verdict::Done(finish) => {
                core.pulse.finished(self.engine_time);
                self.answer.send(Event::Done(Summary {
                    finish,
                    input: self.input,
                    output: Tokens::of(self.output),
                    engine_time: self.engine_time,
                    certainty: self.sampler.certainty(),
                }));
            }
        }
    }
}

/// Moves one answer forward by one token.
fn turn(core: &Core, session: &mut dyn Session, logits: &mut Logits, run: &mut Run) -> Verdict {
    if run.answer.is_unwanted() {
        return Verdict::Unwanted;
    }
    if core.is_stopped() {
        return Verdict::Failed(EngineError::Stopped);
    }
    let begun = Instant::now();
    if run.deadline.is_some_and(|deadline| begun > deadline) {
        return Verdict::Failed(EngineError::TimedOut);
    }
    let chosen = guarded(|| {
        let row = Row { slot: run.slot, id: run.last_id, need: Need::All };
        session.step(&[row], logits)?;
        run.sampler.choose(logits.row(0))
    });
    run.engine_time += begun.elapsed();
    let id = match chosen {
        Ok(id) => id,
        Err(error) => return Verdict::Failed(error),
    };
    run.last_id = id;
    let finish = if id == core.config.end_id {
        Some(Finish::Stop)
    } else {
        run.output += 1;
        let text = run.text.push(&core.tokenizer, id);
        if let Verdict::Done(finish) = run.say(&text) {
            return Verdict::Done(finish);
        }
        (run.output >= run.output_max).then_some(Finish::Length)
    };
    let Some(finish) = finish else { return Verdict::Onward };
    let text = run.text.finish(&core.tokenizer);
    if let Verdict::Done(stopped) = run.say(&text) {
        return Verdict::Done(stopped);
    }
    let held = run.stop.finish();
    if !held.is_empty() {
        run.answer.send(Event::Text(held));
    }
    Verdict::Done(finish)
}

/// Runs numeric code so that a panic inside it is an error of this answer.
fn guarded<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(EngineError::computation("the numeric library panicked")))
}
