//! The scheduler: one thread per engine, which moves all answers forward by one token at a time.
//!
//! Answers join and leave at every step. Prompts are read in groups of like length, and in small
//! parts: as long as answers are being made, reading takes about as much time as decoding, so a
//! long prompt does not make them stall and they do not keep it waiting. A client that has left
//! frees its place before the next step. What goes wrong inside the numbers ends the answers that
//! were in that step, not the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::backend::{Progress, Row, Session};
use super::core::Core;
use super::embed::Reader;
use super::error::{EngineError, LoadError};
use super::job::Event;
use super::queue::{Room, Waiting};
use super::run::{Arena, Desk, Run, Verdict};

/// Tokens of prompts that are read together. More would make the first of them wait for the last.
const READ_TOKENS_MAX: usize = 512;

/// Starts the thread. It ends once the line is closed and empty.
pub(super) fn start(core: &Arc<Core>) -> Result<(), EngineError> {
    let pool = pool_of(core.settings.threads.max(1), "engine")?;
    let slots = core.settings.batch_max.max(1);
    let session = Arc::clone(&core.backend).open(slots)?;
    let core = Arc::clone(core);
    let scheduler = move || {
        let mut scheduler = Scheduler::new(&core, session);
        while scheduler.turn() {}
    };
    std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || pool.install(scheduler))
        .map_err(|source| LoadError::Threads { source: Box::new(source) })?;
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

struct Scheduler<'c> {
    core: &'c Core,
    arena: Arena,
    /// Whose prompts are being read, together.
    reading: Vec<Run>,
    /// Whether the arena is reading; it goes on to the end even if everybody has left.
    is_reading: bool,
    running: Vec<Run>,
    rows: Vec<Row>,
    desk: Desk,
    texts: Reader,
    last_step: Duration,
    /// Whether something went wrong inside the arena: it is made anew as soon as it is empty.
    is_suspect: bool,
}

impl<'c> Scheduler<'c> {
    fn new(core: &'c Core, session: Box<dyn Session>) -> Self {
        let slots = core.settings.batch_max.max(1);
        Self {
            core,
            arena: Arena { session, free: (0..slots).rev().collect() },
            reading: Vec::new(),
            is_reading: false,
            running: Vec::with_capacity(slots),
            rows: Vec::with_capacity(slots),
            desk: Desk::default(),
            texts: Reader::default(),
            last_step: Duration::ZERO,
            is_suspect: false,
        }
    }

    /// Everybody's turn; false when there is nothing left to do, ever.
    fn turn(&mut self) -> bool {
        self.dismiss();
        self.weigh();
        self.admit();
        if self.is_idle() && !self.core.queue.wait() {
            return false;
        }
        self.read();
        if !self.is_reading {
            self.texts.turn(self.core, &mut *self.arena.session);
        }
        self.step();
        self.weigh();
        true
    }

    /// Tells what the arena takes now.
    fn weigh(&self) {
        self.core.pulse.arena.store(self.arena.session.bytes(), Ordering::Relaxed);
    }

    fn is_idle(&self) -> bool {
        !self.is_reading && self.running.is_empty() && self.texts.is_idle()
    }

    /// Lets go of those whom nobody waits for any more, or whose time is over.
    fn dismiss(&mut self) {
        let (now, core) = (Instant::now(), self.core);
        let is_stopped = core.is_stopped();
        let verdict = |run: &Run| {
            if is_stopped {
                Some(EngineError::Stopped)
            } else {
                run.is_late(now).then_some(EngineError::TimedOut)
            }
        };
        for runs in [&mut self.running, &mut self.reading] {
            let leaves = |run: &mut Run| run.is_unwanted() || verdict(run).is_some();
            for run in runs.extract_if(.., leaves) {
                run.release(&mut self.arena);
                core.pulse.running.fetch_sub(1, Ordering::Relaxed);
                if run.is_unwanted() {
                    core.pulse.cancelled.fetch_add(1, Ordering::Relaxed);
                } else if let Some(error) = verdict(&run) {
                    run.fail(error);
                }
            }
        }
        let patience = core.settings.queue_time_max;
        let is_over = |waiting: &Waiting| {
            let age = waiting.age();
            is_stopped
                || waiting.answer.is_unwanted()
                || age > patience
                || waiting.job.time_max.is_some_and(|limit| age > limit)
        };
        for waiting in core.queue.expired(is_over) {
            let age = waiting.age();
            if waiting.answer.is_unwanted() {
                core.pulse.cancelled.fetch_add(1, Ordering::Relaxed);
            } else if is_stopped {
                waiting.answer.send(Event::Failed(EngineError::Stopped));
            } else if waiting.job.time_max.is_some_and(|limit| age > limit) {
                waiting.answer.send(Event::Failed(EngineError::TimedOut));
            } else {
                waiting.answer.send(Event::Failed(core.overloaded()));
            }
        }
    }

    /// Takes the next group out of line, if nothing is being read and there are slots.
    fn admit(&mut self) {
        if self.is_reading || (self.is_suspect && !self.renew()) {
            return;
        }
        let room = Room { slots: self.arena.free.len(), tokens: READ_TOKENS_MAX };
        let mut group = Vec::new();
        self.core.queue.group(room, &mut group);
        for waiting in group {
            let rest = self.arena.free.len().saturating_sub(waiting.job.slots());
            let slots = self.arena.free.split_off(rest);
            self.core.pulse.running.fetch_add(1, Ordering::Relaxed);
            self.reading.push(Run::new(self.core, waiting, slots));
        }
        if self.reading.is_empty() {
            return;
        }
        let prompts: Vec<_> = self.reading.iter().map(Run::prompt).collect();
        match guarded(|| self.arena.session.read(&prompts)) {
            Ok(()) => self.is_reading = true,
            Err(error) => self.drop_group(error),
        }
    }

    /// Reads a part of the prompts: as long as the last step took, if there was one.
    fn read(&mut self) {
        let mut spent = Duration::ZERO;
        while self.is_reading {
            let begun = Instant::now();
            let progress = guarded(|| self.arena.session.read_on());
            let took = begun.elapsed();
            spent += took;
            share(took, &mut self.reading);
            match progress {
                Err(error) => return self.drop_group(error),
                Ok(Progress::Onward) => {}
                Ok(Progress::Done) => {
                    self.is_reading = false;
                    return self.begin();
                }
            }
            if self.running.is_empty() || spent >= self.last_step {
                return;
            }
        }
    }

    /// The group is read: its answers begin.
    fn begin(&mut self) {
        let mut fault = None;
        for run in &mut self.reading {
            fault = fault.or(guarded(|| run.begin(&mut self.arena)).err());
        }
        if let Some(error) = fault {
            return self.drop_group(error);
        }
        self.running.append(&mut self.reading);
    }

    /// Moves every answer forward by one token.
    fn step(&mut self) {
        if self.running.is_empty() {
            return;
        }
        self.rows.clear();
        for run in &self.running {
            run.rows(&mut self.rows);
        }
        let begun = Instant::now();
        let (rows, logits) = (&self.rows, &mut self.desk.logits);
        if let Err(error) = guarded(|| self.arena.session.step(rows, logits)) {
            self.is_suspect = true;
            return self.fail(error);
        }
        let took = begun.elapsed();
        let (core, count) = (self.core, u16::try_from(self.rows.len()).unwrap_or(u16::MAX));
        let (mut row, mut at) = (0, 0);
        while let Some(run) = self.running.get_mut(at) {
            let (first, own) = (row, run.row_count());
            row += own;
            run.spent(part(took, own, self.rows.len()));
            let (arena, desk) = (&mut self.arena, &mut self.desk);
            match guarded(|| run.advance(core, arena, (desk, first, count))) {
                Ok(Verdict::Onward) => at += 1,
                Ok(Verdict::Done) => {
                    let run = self.running.remove(at);
                    run.release(&mut self.arena);
                    core.pulse.running.fetch_sub(1, Ordering::Relaxed);
                    core.pulse.finished(run.engine_time());
                    run.finish();
                }
                Err(error) => {
                    let run = self.running.remove(at);
                    run.release(&mut self.arena);
                    core.pulse.running.fetch_sub(1, Ordering::Relaxed);
                    run.fail(error);
                }
            }
        }
        self.last_step = begun.elapsed();
    }

    /// The numbers of a step went wrong: everybody in it gets an error.
    fn fail(&mut self, error: EngineError) {
        let mut error = Some(error);
        for run in self.running.drain(..) {
            run.release(&mut self.arena);
            self.core.pulse.running.fetch_sub(1, Ordering::Relaxed);
            let others = || EngineError::computation("a step with this answer in it failed");
            run.fail(error.take().unwrap_or_else(others));
        }
    }

    /// The prompts of a group could not be read: its answers get an error, the others go on.
    fn drop_group(&mut self, error: EngineError) {
        (self.is_reading, self.is_suspect) = (false, true);
        let mut error = Some(error);
        for run in self.reading.drain(..) {
            run.release(&mut self.arena);
            self.core.pulse.running.fetch_sub(1, Ordering::Relaxed);
            let others = || EngineError::computation("a prompt that was read with this one failed");
            run.fail(error.take().unwrap_or_else(others));
        }
    }

    /// Makes a new arena if nobody is left in the old one; whether it is new.
    fn renew(&mut self) -> bool {
        if !self.running.is_empty() {
            return false;
        }
        let slots = self.core.settings.batch_max.max(1);
        let Ok(session) = Arc::clone(&self.core.backend).open(slots) else {
            // Whoever asks from now on is told that the engine has stopped.
            self.core.stop();
            return false;
        };
        self.arena = Arena { session, free: (0..slots).rev().collect() };
        self.is_suspect = false;
        true
    }
}

/// Shares the time of reading among those who were read, by their length.
fn share(took: Duration, runs: &mut [Run]) {
    let all: usize = runs.iter().map(Run::prompt_tokens).sum();
    for run in runs {
        let own = run.prompt_tokens();
        run.spent(part(took, own, all));
    }
}

fn part(whole: Duration, own: usize, all: usize) -> Duration {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    whole.saturating_mul(number(own)) / number(all).max(1)
}

/// Runs numeric code so that a panic inside it is an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(EngineError::computation("the numeric library panicked")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::mock::Mock;
    use crate::engine::tests::serving::mocked_core;
    use crate::engine::{Engine, EngineSettings, Handle, Job};
    use crate::money::Tokens;

    /// What goes to clients is new text, a few hundred bytes a token with what the tokenizer
    /// needs for it. A single row of logits would be 128 kilobytes.
    #[test]
    fn a_step_allocates_nothing_but_text() {
        let settings = EngineSettings { new_tokens_max: Tokens(400), ..EngineSettings::default() };
        let (core, _) = mocked_core(Mock::default(), settings);
        let engine = Engine { handle: Arc::new(Handle { core: Arc::new(core) }), adapter: None };
        let core = &engine.handle.core;
        let plain = || Job::greedy("How old are you?", Tokens(400));
        let drawn = Job { temperature: 0.1, top_p: 0.9, repetition_penalty: 1.1, ..plain() };
        let jobs = [plain(), plain(), Job { choices: 2, ..plain() }, drawn];
        let kept: Vec<_> = jobs.into_iter().map(|job| engine.generate(job).unwrap()).collect();
        let session = Arc::clone(&core.backend).open(core.settings.batch_max).unwrap();
        let mut scheduler = Scheduler::new(core, session);
        (0..20).for_each(|_| assert!(scheduler.turn()));
        assert_eq!((scheduler.running.len(), scheduler.rows.len()), (4, 5));
        let counted = allocation_counter::measure(|| {
            (0..50).for_each(|_| assert!(scheduler.turn()));
        });
        let bytes = counted.bytes_total / (50 * 5);
        assert!(bytes < 4_096, "{bytes} bytes a token");
        assert_eq!(scheduler.running.len(), kept.len());
    }
}
