//! The sequences of one scheduler, and the decode step that moves any of them forward.

use std::sync::Arc;

use super::adapt::{self, Low};
use super::kernel::{
    Acts, Asking, Cell, Memory, Mode, Scratch, Screen, Summary, Team, attend_rows, attend_written,
    gate, head, linear, norm, summaries,
};
use super::memory::Sequence;
use super::model::{FeedForward, Matrix, Model, Output};
use super::reading::Reading;
use crate::engine::backend::{Best, Logits, Need, Progress, Prompt, Row, Session as Sequences};
use crate::engine::error::EngineError;

/// An arena. `E` is what keys and values are kept in.
#[derive(Debug)]
pub(super) struct Session<E> {
    pub(super) model: Arc<Model>,
    pub(super) team: Team,
    slots: Vec<Option<Sequence<E>>>,
    reading: Option<Reading<E>>,
    /// The residual stream of a step.
    x: Vec<f32>,
    pub(super) work: Workspace,
    /// For each head, the bias of a last place towards what came before, farthest first.
    back: Vec<Vec<f32>>,
}

/// Memory that operations use and leave: allocated once for the largest, reused ever after.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Rows as wide as the model, as wide as all heads, and as wide as the feed-forward part.
    pub(super) wide: Acts,
    pub(super) inner: Acts,
    pub(super) hidden: Acts,
    /// Queries, keys and values side by side.
    pub(super) joined: Vec<f32>,
    /// What attention found.
    pub(super) found: Vec<f32>,
    /// The feed-forward part before its gate.
    pub(super) open: Vec<f32>,
    pub(super) scratch: Scratch,
    /// The adapter of each row.
    pub(super) adapters: Vec<Option<usize>>,
    pub(super) low: Low,
    screen: Screen,
    pieces: Vec<Summary>,
    summaries: Vec<Summary>,
}

/// Makes a vector at least this long.
pub(super) fn reach(numbers: &mut Vec<f32>, length: usize) {
    if numbers.len() < length {
        numbers.resize(length, 0.0);
    }
}

impl<E: Cell> Session<E> {
    /// An arena of this many slots.
    pub(super) fn open(
        model: Arc<Model>,
        threads: usize,
        slots: usize,
    ) -> Result<Self, EngineError> {
        let team = Team::new(threads, "engine-team")
            .map_err(|source| EngineError::Computation { source: Box::new(source) })?;
        let work = Workspace::new(&model);
        Ok(Self {
            model,
            team,
            slots: std::iter::repeat_with(|| None).take(slots).collect(),
            reading: None,
            x: Vec::new(),
            work,
            back: Vec::new(),
        })
    }

    fn place(&mut self, slot: usize) -> Result<&mut Option<Sequence<E>>, EngineError> {
        self.slots.get_mut(slot).ok_or_else(|| EngineError::computation("no such slot"))
    }

    /// The bias towards this many places back is known from here on.
    fn look_back(&mut self, places: usize) {
        if self.back.first().is_none_or(|head| head.len() < places) {
            self.back = self.model.decoder_bias.looking_back(places).collect();
        }
    }

    /// Embeds the tokens of a step and checks that each may be fed.
    fn embed(&mut self, rows: &[Row]) -> Result<(), EngineError> {
        let width = self.model.width;
        reach(&mut self.x, rows.len().saturating_mul(width));
        self.work.adapters.clear();
        for (row, x) in rows.iter().zip(self.x.chunks_exact_mut(width.max(1))) {
            let Some(Some(sequence)) = self.slots.get(row.slot) else {
                return Err(EngineError::computation("a step in an empty slot"));
            };
            if sequence.seen >= sequence.steps_max || !self.model.embed(row.id, x) {
                return Err(EngineError::computation("a step beyond the end of the answer"));
            }
            self.work.adapters.push(sequence.adapter);
        }
        Ok(())
    }

    /// Moves the rows through one decoder layer.
    fn layer(&mut self, index: usize, rows: &[Row]) {
        let Self { model, team, slots, x, work, back, .. } = self;
        let Some(layer) = model.decoder.get(index) else { return };
        let (with, heads, count) = ((model.level, &*team), model.heads, rows.len());
        let inner = heads.inner();

        norm(with, x, (&layer.norm, model.epsilon), &mut work.wide);
        reach(&mut work.joined, count * 3 * inner);
        work.apply((model, team), &layer.joined, Side::Wide, Target::Joined(3 * inner));
        let slot_of = |row: usize| rows.get(row).map_or(usize::MAX, |row| row.slot);
        let joined = &work.joined[..];
        let write = |row: usize, slot: &mut Option<Sequence<E>>| {
            let memory = joined.get(row * 3 * inner + inner..(row + 1) * 3 * inner);
            if let (Some(sequence), Some(memory)) = (slot, memory) {
                let (keys, values) = memory.split_at(inner);
                sequence.past.write(index, sequence.seen, keys, values);
            }
        };
        let asking = Asking {
            queries: joined,
            stride: 3 * inner,
            heads,
            scratch: &mut work.scratch,
            found: &mut work.found,
            acts: &mut work.inner,
        };
        let bias = |places: usize, head: usize| {
            let head = back.get(head).map(Vec::as_slice).unwrap_or_default();
            head.get(head.len().saturating_sub(places)..).unwrap_or_default()
        };
        attend_written(
            with,
            asking,
            (slots, slot_of),
            write,
            |slot, head| past(slot.as_ref(), index, head),
            bias,
        );
        work.apply((model, team), &layer.output, Side::Inner, Target::Add(x));

        norm(with, x, (&layer.cross_norm, model.epsilon), &mut work.wide);
        work.apply((model, team), &layer.query, Side::Wide, Target::Joined(inner));
        let prompt = |row: usize, head: usize| {
            let sequence = rows.get(row).and_then(|row| slots.get(row.slot)?.as_ref());
            let memory = sequence
                .map(|sequence| sequence.prompt.store.memory(index, head, sequence.prompt.places));
            (memory.unwrap_or_default(), &[][..])
        };
        let asking = Asking {
            queries: &work.joined,
            stride: inner,
            heads,
            scratch: &mut work.scratch,
            found: &mut work.found,
            acts: &mut work.inner,
        };
        attend_rows(with, asking, prompt);
        work.apply((model, team), &layer.cross_output, Side::Inner, Target::Add(x));

        work.feed_forward(model, team, &layer.feed_forward, x);
    }

    /// From the last hidden states to logits and their summaries.
    fn finish(&mut self, rows: &[Row], logits: &mut Logits) {
        let Self { model, team, x, work, .. } = self;
        let with = (model.level, &*team);
        norm(with, x, (&model.decoder_norm, model.epsilon), &mut work.wide);
        logits.resize(rows.len(), model.vocabulary);
        let (numbers, bests) = logits.parts();
        match &model.output {
            Output::Planes(planes) => {
                let exact = |row: usize| rows.get(row).is_some_and(|row| row.need == Need::All);
                head(with, planes, &work.wide, (numbers, &mut work.screen), &exact);
            }
            Output::Plain(weight) => {
                linear(with, weight, &work.wide, (numbers, model.vocabulary), Mode::Store);
            }
        }
        work.summaries.clear();
        work.summaries.resize(rows.len(), Summary::default());
        summaries(with, numbers, model.vocabulary, &mut work.pieces, &mut work.summaries);
        for (found, best) in work.summaries.iter().zip(bests) {
            let id = u32::try_from(found.place).unwrap_or_default();
            *best = Best { id, logit: found.largest, log_sum_exp: found.log_sum_exp };
        }
    }
}

/// What a row's query looks at in the answer so far, its own place included.
fn past<E: Cell>(sequence: Option<&Sequence<E>>, layer: usize, head: usize) -> Memory<'_, E> {
    let memory = sequence.map(|it| it.past.memory(layer, head, it.seen + 1));
    memory.unwrap_or_default()
}

/// Which rows go into a matrix.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Wide,
    Inner,
    Hidden,
}

/// Where a product goes.
pub(super) enum Target<'a> {
    /// To `joined`, with rows of this length.
    Joined(usize),
    /// To these rows of this length.
    Into(&'a mut [f32], usize),
    /// To `open`.
    Open,
    /// It is added to the residual stream.
    Add(&'a mut [f32]),
}

impl Workspace {
    fn new(model: &Model) -> Self {
        Self {
            wide: Acts::new(model.form()),
            inner: Acts::new(model.form()),
            hidden: Acts::new(model.form()),
            joined: Vec::new(),
            found: Vec::new(),
            open: Vec::new(),
            scratch: Scratch::default(),
            adapters: Vec::new(),
            low: Low::new(),
            screen: Screen::default(),
            pieces: Vec::new(),
            summaries: Vec::new(),
        }
    }

    /// Makes room for operations on this many rows.
    pub(super) fn rows(&mut self, model: &Model, rows: usize) {
        self.wide.resize(rows, model.width);
        self.inner.resize(rows, model.heads.inner());
        self.hidden.resize(rows, model.hidden);
        reach(&mut self.found, rows * model.heads.inner());
        reach(&mut self.open, rows * model.hidden * model.gate.inputs());
    }

    /// Multiplies rows by a matrix, and adds what their adapters add.
    pub(super) fn apply(
        &mut self,
        (model, team): (&Model, &Team),
        matrix: &Matrix,
        side: Side,
        target: Target<'_>,
    ) {
        let acts = match side {
            Side::Wide => &self.wide,
            Side::Inner => &self.inner,
            Side::Hidden => &self.hidden,
        };
        let (out, stride, mode) = match target {
            Target::Joined(stride) => (&mut self.joined[..], stride, Mode::Store),
            Target::Into(out, stride) => (out, stride, Mode::Store),
            Target::Open => (&mut self.open[..], model.hidden * model.gate.inputs(), Mode::Store),
            Target::Add(x) => (x, model.width, Mode::Add),
        };
        linear((model.level, team), &matrix.weight, acts, (out, stride), mode);
        if self.adapters.iter().any(Option::is_some) {
            adapt::add(model, matrix, (acts, &self.adapters), &mut self.low, (out, stride));
        }
    }

    /// The feed-forward part, added to the residual stream.
    pub(super) fn feed_forward(
        &mut self,
        model: &Model,
        team: &Team,
        part: &FeedForward,
        x: &mut [f32],
    ) {
        let with = (model.level, team);
        norm(with, x, (&part.norm, model.epsilon), &mut self.wide);
        self.apply((model, team), &part.input, Side::Wide, Target::Open);
        gate(with, &self.open, model.gate, &mut self.hidden);
        self.apply((model, team), &part.output, Side::Hidden, Target::Add(x));
    }
}

impl<E: Cell> Sequences for Session<E> {
    fn read(&mut self, prompts: &[Prompt<'_>]) -> Result<(), EngineError> {
        if self.reading.is_some() {
            return Err(EngineError::computation("prompts are being read already"));
        }
        let (mut room, mut steps) = (0, 0);
        for prompt in prompts {
            *self.place(prompt.slot)? = None;
            room = room.max(prompt.ids.len());
            steps = steps.max(prompt.steps_max);
        }
        self.look_back(steps);
        self.work.scratch.reserve(&self.team, room.max(steps).next_multiple_of(32));
        self.reading = Some(Reading::begin(&self.model, prompts)?);
        Ok(())
    }

    fn read_on(&mut self) -> Result<Progress, EngineError> {
        let Some(reading) = &mut self.reading else { return Ok(Progress::Done) };
        if reading.advance(&self.model, &self.team, &mut self.work) == Progress::Onward {
            return Ok(Progress::Onward);
        }
        for (slot, sequence) in self.reading.take().into_iter().flat_map(Reading::finish) {
            *self.place(slot)? = Some(sequence);
        }
        Ok(Progress::Done)
    }

    fn step(&mut self, rows: &[Row], logits: &mut Logits) -> Result<(), EngineError> {
        if rows.is_empty() {
            logits.resize(0, self.model.vocabulary);
            return Ok(());
        }
        self.embed(rows)?;
        self.work.rows(&self.model, rows.len());
        for index in 0..self.model.decoder.len() {
            self.layer(index, rows);
        }
        self.finish(rows, logits);
        for row in rows {
            if let Some(Some(sequence)) = self.slots.get_mut(row.slot) {
                sequence.seen += 1;
            }
        }
        Ok(())
    }

    fn fork(&mut self, from: usize, to: usize) -> Result<(), EngineError> {
        let layers = self.model.decoder.len();
        let Some(copy) = self.place(from)?.as_ref().map(|sequence| sequence.fork(layers)) else {
            return Err(EngineError::computation("a copy of an empty slot"));
        };
        *self.place(to)? = Some(copy);
        Ok(())
    }

    fn free(&mut self, slot: usize) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = None;
        }
        if let Some(reading) = &mut self.reading {
            reading.forget(slot);
        }
    }

    fn encode(&mut self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, EngineError> {
        let prompts: Vec<Prompt<'_>> =
            texts.iter().map(|ids| Prompt { slot: 0, ids, steps_max: 1, adapter: None }).collect();
        let mut reading = Reading::<E>::begin(&self.model, &prompts)?;
        Ok(reading.hidden(&self.model, &self.team, &mut self.work))
    }

    fn bytes(&self) -> usize {
        self.slots.iter().flatten().map(Sequence::bytes).sum()
    }
}
