//! An arena over the candle graph: sequences side by side, computed one after the other.

use std::sync::Arc;

use super::{Decoding, Reading, T5};
use crate::engine::backend::{
    Backend, Logits, Need, Progress, Prompt, Row, Session as Sequences, best_of,
};
use crate::engine::error::EngineError;

impl Backend for T5 {
    fn open(self: Arc<Self>, slots: usize) -> Result<Box<dyn Sequences>, EngineError> {
        let slots = std::iter::repeat_with(|| None).take(slots).collect();
        Ok(Box::new(Session { model: self, slots, unread: Vec::new() }))
    }

    fn bytes(&self) -> usize {
        self.parameters.saturating_mul(4)
    }

    fn describe(&self) -> String {
        self.name.clone()
    }
}

/// A prompt that waits to be read, or is between two layers.
struct Unread {
    slot: usize,
    ids: Vec<u32>,
    steps_max: usize,
    adapter: Option<usize>,
    begun: Option<Reading>,
}

struct Session {
    model: Arc<T5>,
    slots: Vec<Option<Decoding>>,
    unread: Vec<Unread>,
}

impl Session {
    fn place(&mut self, slot: usize) -> Result<&mut Option<Decoding>, EngineError> {
        self.slots.get_mut(slot).ok_or_else(|| EngineError::computation("no such slot"))
    }
}

impl Sequences for Session {
    fn read(&mut self, prompts: &[Prompt<'_>]) -> Result<(), EngineError> {
        for prompt in prompts.iter().rev() {
            *self.place(prompt.slot)? = None;
            let Prompt { slot, ids, steps_max, adapter } = *prompt;
            self.unread.push(Unread { slot, ids: ids.to_vec(), steps_max, adapter, begun: None });
        }
        Ok(())
    }

    /// Takes one prompt through one layer.
    fn read_on(&mut self) -> Result<Progress, EngineError> {
        if let Some(mut next) = self.unread.pop() {
            let mut reading = match next.begun.take() {
                Some(reading) => reading,
                None => self.model.look(&next.ids, next.adapter)?,
            };
            if self.model.read_layer(&mut reading)? {
                let decoding =
                    self.model.begin_adapted(&reading.x, next.steps_max, next.adapter)?;
                *self.place(next.slot)? = Some(decoding);
            } else {
                next.begun = Some(reading);
                self.unread.push(next);
            }
        }
        Ok(if self.unread.is_empty() { Progress::Done } else { Progress::Onward })
    }

    fn step(&mut self, rows: &[Row], logits: &mut Logits) -> Result<(), EngineError> {
        let vocabulary = self.model.vocabulary();
        logits.resize(rows.len(), vocabulary);
        let (numbers, best) = logits.parts();
        let places = numbers.chunks_exact_mut(vocabulary.max(1)).zip(best);
        for (row, (numbers, best)) in rows.iter().zip(places) {
            let Some(Some(decoding)) = self.slots.get_mut(row.slot) else {
                return Err(EngineError::computation("a step in an empty slot"));
            };
            let computed = self.model.step(decoding, row.id)?.to_vec1::<f32>()?;
            *best = best_of(&computed);
            if row.need == Need::All {
                numbers.copy_from_slice(computed.get(..vocabulary).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn fork(&mut self, from: usize, to: usize) -> Result<(), EngineError> {
        let copy = self.place(from)?.as_ref().map(Decoding::fork).transpose()?;
        *self.place(to)? = copy;
        Ok(())
    }

    fn free(&mut self, slot: usize) {
        self.unread.retain(|unread| unread.slot != slot);
        if let Some(place) = self.slots.get_mut(slot) {
            *place = None;
        }
    }

    fn encode(&mut self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, EngineError> {
        let hidden = |ids: &&[u32]| Ok(self.model.encode(ids)?.flatten_all()?.to_vec1::<f32>()?);
        texts.iter().map(hidden).collect()
    }

    fn bytes(&self) -> usize {
        self.slots.iter().flatten().map(Decoding::bytes).sum()
    }
}
