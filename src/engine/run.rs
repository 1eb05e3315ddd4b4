//! One answer in the making: its sequences and the account of it.
//!
//! A run asks for rows of a decode step, takes the logits of its own rows and decides. It changes
//! the arena only to copy a sequence where a search branches and to free one that has ended.

use std::time::Duration;

use tokio::time::Instant;

use super::backend::{Best, Logits, Need, Prompt, Row, Session};
use super::certainty::Account;
use super::core::Core;
use super::error::EngineError;
use super::generate::beam::Hypothesis;
use super::generate::choose::logit_of;
use super::generate::penalty::penalise;
use super::generate::score::{Ranked, likeliest};
use super::generate::{Beams, Chooser, Guided, Recipe};
use super::job::{Answer, Event, Finish, Summary};
use super::queue::Waiting;
use super::voice::{Heard, Voice};
use crate::money::Tokens;

/// The slots of a scheduler: which are free, and what computes the others.
pub(super) struct Arena {
    pub(super) session: Box<dyn Session>,
    pub(super) free: Vec<usize>,
}

impl Arena {
    /// Frees a slot.
    pub(super) fn give_back(&mut self, slot: usize) {
        self.session.free(slot);
        self.free.push(slot);
    }
}

/// The logits of a step, and space that every run uses in turn.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) logits: Logits,
    raw: Vec<f32>,
    marks: Vec<u64>,
    ranked: Vec<Ranked>,
    taken: Vec<usize>,
}

/// Whether an answer goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Onward,
    Done,
}

/// An answer in the making.
pub(super) struct Run {
    answer: Answer,
    recipe: Recipe,
    logprobs: Option<usize>,
    work: Work,
    ids: Vec<u32>,
    adapter: Option<usize>,
    times: Times,
    output: usize,
    finish: Finish,
    account: Account,
}

struct Times {
    since: Instant,
    deadline: Option<Instant>,
    queue: Duration,
    first_text: Option<Duration>,
    engine: Duration,
    steps: u16,
    neighbours: f32,
}

/// What an answer is made as. The prompt is read into the first slot.
enum Work {
    Choices(Vec<Sequence>),
    Search(Box<Searching>),
}

/// One choice, token by token.
struct Sequence {
    slot: usize,
    last_id: u32,
    /// The start token and what was said.
    history: Vec<u32>,
    chooser: Chooser,
    guide: Option<Guided>,
    voice: Voice,
}

/// A beam search; the best of what it finds is said in the end.
struct Searching {
    beams: Beams,
    /// By beam; those that are not used at the moment come last.
    slots: Vec<usize>,
    stop: Vec<String>,
    choices: usize,
}

impl Run {
    /// Begins the work on a job in these slots.
    pub(super) fn new(core: &Core, waiting: Waiting, slots: Vec<usize>) -> Self {
        let job = waiting.job;
        let tokens_max = core.output_max(job.new_tokens_max);
        let recipe = job.recipe(tokens_max, core.config.end_id);
        let start_id = core.config.start_id;
        let guided = || waiting.guide.clone().map(Guided::new);
        let room = slots.len().saturating_mul(tokens_max.saturating_add(1));
        let work = if let Some(search) = job.search {
            let shape = (search.beams, search.length_penalty, search.patience);
            let beams = Beams::new(recipe, shape, (start_id, guided()));
            let (stop, choices) = (job.stop, job.choices);
            Work::Search(Box::new(Searching { beams, slots, stop, choices }))
        } else {
            let sequence = |(choice, slot)| {
                let mut history = Vec::with_capacity(tokens_max.saturating_add(1));
                history.push(start_id);
                Sequence {
                    slot,
                    last_id: start_id,
                    history,
                    chooser: Chooser::new(&recipe, choice),
                    guide: guided(),
                    voice: Voice::new(choice, job.stop.clone()),
                }
            };
            Work::Choices(slots.into_iter().enumerate().map(sequence).collect())
        };
        Self {
            answer: waiting.answer,
            recipe,
            logprobs: job.logprobs,
            work,
            ids: waiting.ids,
            adapter: waiting.adapter,
            times: Times {
                since: waiting.since,
                deadline: job.time_max.and_then(|limit| waiting.since.checked_add(limit)),
                queue: waiting.since.elapsed(),
                first_text: None,
                engine: Duration::ZERO,
                steps: 0,
                neighbours: 0.0,
            },
            output: 0,
            finish: Finish::Length,
            account: Account::of(room),
        }
    }

    /// What is to be read before the first step.
    pub(super) fn prompt(&self) -> Prompt<'_> {
        let slot = self.slots().next().unwrap_or_default();
        // The start token and every token but the last are fed.
        let steps_max = self.recipe.tokens_max;
        Prompt { slot, ids: &self.ids, steps_max, adapter: self.adapter }
    }

    /// The slots that it holds.
    fn slots(&self) -> impl Iterator<Item = usize> {
        let (sequences, slots): (&[Sequence], &[usize]) = match &self.work {
            Work::Choices(sequences) => (sequences, &[]),
            Work::Search(search) => (&[], &search.slots),
        };
        sequences.iter().map(|sequence| sequence.slot).chain(slots.iter().copied())
    }

    /// Whether nobody wants it any more.
    pub(super) fn is_unwanted(&self) -> bool {
        self.answer.is_unwanted()
    }

    /// Whether the time allowed for it has passed.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.times.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Adds to the time that the engine spent on it.
    pub(super) fn spent(&mut self, share: Duration) {
        self.times.engine += share;
    }

    /// The engine's time so far.
    pub(super) const fn engine_time(&self) -> Duration {
        self.times.engine
    }

    /// Prompt tokens, for shares of the time that reading takes.
    pub(super) fn prompt_tokens(&self) -> usize {
        self.ids.len()
    }

    /// The prompt is read: all choices begin from it.
    pub(super) fn begin(&mut self, arena: &mut Arena) -> Result<(), EngineError> {
        if let Work::Choices(sequences) = &self.work
            && let Some((first, others)) = sequences.split_first()
        {
            for other in others {
                arena.session.fork(first.slot, other.slot)?;
            }
        }
        Ok(())
    }

    /// How many rows of a step are its own.
    pub(super) fn row_count(&self) -> usize {
        match &self.work {
            Work::Choices(sequences) => sequences.len(),
            Work::Search(search) => search.beams.moves().len(),
        }
    }

    /// Adds its rows to a step.
    pub(super) fn rows(&self, rows: &mut Vec<Row>) {
        match &self.work {
            Work::Choices(sequences) => rows.extend(sequences.iter().map(|sequence| {
                let said = sequence.history.len().saturating_sub(1);
                let is_plain = self.recipe.is_plain(said)
                    && self.logprobs.is_none()
                    && sequence.guide.is_none();
                let need = if is_plain { Need::Best } else { Need::All };
                Row { slot: sequence.slot, id: sequence.last_id, need }
            })),
            Work::Search(search) => {
                let moves = search.beams.moves().iter().zip(&search.slots);
                rows.extend(moves.map(|(step, slot)| Row {
                    slot: *slot,
                    id: step.id,
                    need: Need::All,
                }));
            }
        }
    }

    /// Takes the logits of its rows, which begin at `row`, of a step of `rows` in all.
    pub(super) fn advance(
        &mut self,
        core: &Core,
        arena: &mut Arena,
        (desk, row, rows): (&mut Desk, usize, u16),
    ) -> Result<Verdict, EngineError> {
        self.times.steps = self.times.steps.saturating_add(1);
        self.times.neighbours += f32::from(rows);
        match &mut self.work {
            Work::Choices(_) => self.advance_choices(core, arena, (desk, row)),
            Work::Search(search) => {
                if search.advance(arena, (desk, row))? == Verdict::Onward {
                    return Ok(Verdict::Onward);
                }
                self.tell_findings(core)
            }
        }
    }

    fn advance_choices(
        &mut self,
        core: &Core,
        arena: &mut Arena,
        (desk, first_row): (&mut Desk, usize),
    ) -> Result<Verdict, EngineError> {
        let Work::Choices(sequences) = &mut self.work else { return Ok(Verdict::Done) };
        let (mut row, mut at) = (first_row, 0);
        while let Some(sequence) = sequences.get_mut(at) {
            let (id, probability) =
                sequence.choose(core, (&self.recipe, self.logprobs), (desk, row))?;
            row += 1;
            self.account.note(probability);
            if id != self.recipe.end_id {
                self.output += 1;
            }
            let finish = sequence.take(core, id, (&self.recipe, &self.answer));
            if sequence.voice.has_spoken() && self.times.first_text.is_none() {
                self.times.first_text = Some(self.times.since.elapsed());
            }
            let Some(finish) = finish else {
                at += 1;
                continue;
            };
            let choice = sequence.voice.choice();
            self.answer.send(Event::Ended { choice, finish });
            if choice == 0 {
                self.finish = finish;
            }
            arena.give_back(sequence.slot);
            sequences.remove(at);
        }
        Ok(if sequences.is_empty() { Verdict::Done } else { Verdict::Onward })
    }

    /// A search is over: says the best that it found.
    fn tell_findings(&mut self, core: &Core) -> Result<Verdict, EngineError> {
        let Work::Search(search) = &mut self.work else { return Ok(Verdict::Done) };
        let (choices, findings) = (search.choices, std::mem::take(search.beams.finished()));
        if findings.len() < choices {
            return Err(EngineError::computation("the search found too few answers"));
        }
        for (choice, Hypothesis { ids, probabilities, has_ended, .. }) in
            findings.into_iter().take(choices).enumerate()
        {
            let mut voice = Voice::new(choice, search.stop.clone());
            let ends = [Finish::Length, Finish::Stop];
            let mut finish = ends.get(usize::from(has_ended)).copied().unwrap_or(Finish::Stop);
            for id in &ids {
                if voice.say(&core.tokenizer, *id, &self.answer) == Heard::Stopped {
                    finish = Finish::Stop;
                    break;
                }
            }
            if voice.close(&core.tokenizer, &self.answer) == Heard::Stopped {
                finish = Finish::Stop;
            }
            self.answer.send(Event::Ended { choice, finish });
            self.output += ids.len();
            if choice == 0 {
                self.finish = finish;
                for probability in probabilities {
                    self.account.note(probability);
                }
            }
        }
        Ok(Verdict::Done)
    }

    /// Frees what it holds.
    pub(super) fn release(&self, arena: &mut Arena) {
        self.slots().for_each(|slot| arena.give_back(slot));
    }

    /// There will be no more of it.
    pub(super) fn fail(self, error: EngineError) {
        self.answer.send(Event::Failed(error));
    }

    /// The last word: the account.
    pub(super) fn finish(mut self) {
        let times = &self.times;
        self.answer.send(Event::Done(Summary {
            finish: self.finish,
            input: Tokens::of(self.ids.len()),
            output: Tokens::of(self.output),
            engine_time: times.engine,
            queue_time: times.queue,
            first_text: times.first_text.unwrap_or_else(|| times.since.elapsed()),
            batch: times.neighbours / f32::from(times.steps.max(1)),
            certainty: self.account.certainty(),
        }));
    }
}

impl Sequence {
    /// Chooses the next token, and says how likely it was.
    fn choose(
        &mut self,
        core: &Core,
        (recipe, logprobs): (&Recipe, Option<usize>),
        (desk, row): (&mut Desk, usize),
    ) -> Result<(u32, f32), EngineError> {
        let Best { id, logit, log_sum_exp } = desk.logits.best(row);
        let broken = || EngineError::computation("the logits are not finite");
        if !log_sum_exp.is_finite() {
            return Err(broken());
        }
        let said = self.history.len().saturating_sub(1);
        if recipe.is_plain(said) && logprobs.is_none() && self.guide.is_none() {
            return Ok((id, (logit - log_sum_exp).exp()));
        }
        let numbers = desk.logits.row_mut(row);
        likeliest(numbers, log_sum_exp, logprobs.unwrap_or(0), &mut desk.ranked);
        desk.raw.clear();
        if recipe.repeats_cost() {
            desk.raw.extend_from_slice(numbers);
        }
        penalise(recipe, &self.history, numbers, &mut desk.marks);
        if let Some(guide) = &self.guide {
            guide.mask(numbers, recipe.tokens_max.saturating_sub(said), recipe.end_id);
        }
        let id = self.chooser.choose(numbers, said).ok_or_else(broken)?;
        let raw = if recipe.repeats_cost() { &desk.raw } else { &*numbers };
        let logprob = logit_of(raw, id) - log_sum_exp;
        if logprobs.is_some() && id != recipe.end_id {
            self.voice.score(&core.tokenizer, Ranked { id, logprob }, &desk.ranked);
        }
        Ok((id, logprob.exp()))
    }

    /// Goes on by a token; whether and why the choice is then whole.
    fn take(
        &mut self,
        core: &Core,
        id: u32,
        (recipe, answer): (&Recipe, &Answer),
    ) -> Option<Finish> {
        self.last_id = id;
        let mut finish = None;
        if id == recipe.end_id {
            finish = Some(Finish::Stop);
        } else {
            self.history.push(id);
            if self.voice.say(&core.tokenizer, id, answer) == Heard::Stopped {
                finish = Some(Finish::Stop);
            } else if self.history.len() > recipe.tokens_max {
                finish = Some(Finish::Length);
            }
            if let Some(guide) = &mut self.guide {
                guide.take(id);
                let is_over = finish.is_some() && guide.is_legal();
                if is_over || guide.is_complete() {
                    finish = Some(Finish::Stop);
                }
            }
        }
        let finish = finish?;
        let heard = self.voice.close(&core.tokenizer, answer);
        Some(if heard == Heard::Stopped { Finish::Stop } else { finish })
    }
}

impl Searching {
    /// Weighs all beams, moves to the best continuations and copies the caches that branch.
    fn advance(
        &mut self,
        arena: &mut Arena,
        (desk, first_row): (&mut Desk, usize),
    ) -> Result<Verdict, EngineError> {
        for beam in 0..self.beams.moves().len() {
            let row = first_row.saturating_add(beam);
            let log_sum_exp = desk.logits.best(row).log_sum_exp;
            if !log_sum_exp.is_finite() {
                return Err(EngineError::computation("the logits are not finite"));
            }
            self.beams.weigh(beam, desk.logits.row_mut(row), log_sum_exp);
        }
        if self.beams.advance() {
            return Ok(Verdict::Done);
        }
        // The first that goes on from a beam keeps its slot, the others get copies.
        let taken = &mut desk.taken;
        taken.clear();
        let moves = self.beams.moves();
        for (index, step) in moves.iter().enumerate() {
            let is_first = !moves.iter().take(index).any(|other| other.parent == step.parent);
            let slot = self.slots.get(step.parent).copied().unwrap_or_default();
            taken.push(if is_first { slot } else { usize::MAX });
        }
        let used = taken.len();
        for slot in &self.slots {
            if !taken.iter().take(used).any(|other| other == slot) {
                taken.push(*slot);
            }
        }
        for (index, step) in moves.iter().enumerate() {
            if taken.get(index) != Some(&usize::MAX) {
                continue;
            }
            let from = self.slots.get(step.parent).copied();
            let (Some(from), Some(to)) = (from, taken.pop()) else { continue };
            arena.session.free(to);
            arena.session.fork(from, to)?;
            if let Some(place) = taken.get_mut(index) {
                *place = to;
            }
        }
        self.slots.clone_from(taken);
        Ok(Verdict::Onward)
    }
}
