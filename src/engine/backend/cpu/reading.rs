//! Prompts on their way through the encoder, a layer at a time.
//!
//! The texts of a reading lie one behind the other; every operation but attention goes over all of
//! their places alike, in chunks whose numbers stay in the cache.

use std::ops::Range;
use std::sync::Arc;

use super::kernel::{Cell, Team, attend_texts, norm, take};
use super::memory::{PromptMemory, Sequence, Store};
use super::model::{EncoderLayer, Model};
use super::session::{Side, Target, Workspace, reach};
use crate::engine::backend::{Progress, Prompt};
use crate::engine::error::EngineError;

/// Places that are worked on at a time.
const CHUNK: usize = 128;

/// Places whose queries, keys and values stand side by side at a time: whole texts, at least one. A
/// hundred texts take no more memory than four, and what attention reads is still in the cache.
const GROUP: usize = 512;

/// Prompts that are being read.
#[derive(Debug)]
pub(super) struct Reading<E> {
    prompts: Vec<Pending<E>>,
    texts: Vec<Range<usize>>,
    /// The texts that attention looks at in one go.
    groups: Vec<Group>,
    /// The residual stream of all places.
    x: Vec<f32>,
    /// The adapter of each place.
    adapters: Vec<Option<usize>>,
    /// For each head, the bias by distance for the longest text.
    diagonals: Vec<Vec<f32>>,
    longest: usize,
    /// Layers done: first the encoder's, then the memories of the decoder's.
    done: usize,
}

/// Whole texts that lie one behind the other.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    places: Range<usize>,
    /// Each text's places, counted from the first of the group.
    texts: Vec<Range<usize>>,
}

#[derive(Debug)]
struct Pending<E> {
    /// `None` once nobody wants it.
    slot: Option<usize>,
    steps_max: usize,
    adapter: Option<usize>,
    memory: Store<E>,
    places: usize,
}

impl<E: Cell> Reading<E> {
    /// Embeds the prompts.
    pub(super) fn begin(model: &Model, prompts: &[Prompt<'_>]) -> Result<Self, EngineError> {
        let total: usize = prompts.iter().map(|prompt| prompt.ids.len()).sum();
        let (mut x, mut texts) = (vec![0.0; total * model.width], Vec::new());
        let (mut adapters, mut pending, mut longest) = (Vec::with_capacity(total), Vec::new(), 0);
        let mut rows = x.chunks_exact_mut(model.width.max(1));
        for prompt in prompts {
            let places = prompt.ids.len();
            let known =
                prompt.ids.iter().all(|id| rows.next().is_some_and(|row| model.embed(*id, row)));
            if places == 0 || !known {
                return Err(EngineError::computation("a prompt token is outside the vocabulary"));
            }
            texts.push(adapters.len()..adapters.len() + places);
            adapters.extend(std::iter::repeat_n(prompt.adapter, places));
            longest = longest.max(places);
            pending.push(Pending {
                slot: Some(prompt.slot),
                steps_max: prompt.steps_max.max(1),
                adapter: prompt.adapter,
                memory: Store::new(model.heads, model.decoder.len(), places),
                places,
            });
        }
        let diagonals = model.encoder_bias.diagonals(longest.max(1)).collect();
        let groups = groups(&texts);
        Ok(Self { prompts: pending, texts, groups, x, adapters, diagonals, longest, done: 0 })
    }

    /// Does one layer; says whether all are done.
    pub(super) fn advance(&mut self, model: &Model, team: &Team, work: &mut Workspace) -> Progress {
        let layers = model.encoder.len();
        if let Some(layer) = model.encoder.get(self.done) {
            self.layer(model, team, layer, work);
        } else {
            self.remember(model, team, self.done - layers, work);
        }
        self.done += 1;
        if self.done < layers + model.decoder.len() { Progress::Onward } else { Progress::Done }
    }

    /// The sequences, ready to decode.
    pub(super) fn finish(self) -> impl Iterator<Item = (usize, Sequence<E>)> {
        self.prompts.into_iter().filter_map(|pending| {
            let heads = pending.memory.heads();
            let layers = pending.memory.layers();
            let sequence = Sequence {
                prompt: Arc::new(PromptMemory { store: pending.memory, places: pending.places }),
                past: Store::new(heads, layers, pending.steps_max),
                seen: 0,
                steps_max: pending.steps_max,
                adapter: pending.adapter,
            };
            Some((pending.slot?, sequence))
        })
    }

    /// Nobody wants this prompt any more. It is read to the end with its neighbours.
    pub(super) fn forget(&mut self, slot: usize) {
        for pending in &mut self.prompts {
            pending.slot = pending.slot.filter(|other| *other != slot);
        }
    }

    /// The encoder alone: for each text its hidden states.
    pub(super) fn hidden(
        &mut self,
        model: &Model,
        team: &Team,
        work: &mut Workspace,
    ) -> Vec<Vec<f32>> {
        for layer in &model.encoder {
            self.layer(model, team, layer, work);
        }
        let mut out = vec![Vec::new(); self.texts.len()];
        for (text, out) in self.texts.iter().zip(&mut out) {
            for place in text.clone() {
                work.wide.resize(1, model.width);
                let row = self.x.get(place * model.width..).unwrap_or_default();
                let with = (model.level, team);
                norm(with, row, (&model.encoder_norm, model.epsilon), &mut work.wide);
                out.extend_from_slice(work.wide.row(0));
            }
        }
        out
    }

    /// The chunks of some places.
    fn chunks(places: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let end = places.end;
        places.step_by(CHUNK).map(move |from| from..end.min(from + CHUNK))
    }

    fn layer(&mut self, model: &Model, team: &Team, layer: &EncoderLayer, work: &mut Workspace) {
        let here = (model.level, team);
        let (width, inner) = (model.width, model.heads.inner());
        for group in &self.groups {
            let (start, places) = (group.places.start, &group.places);
            let mut joined = std::mem::take(&mut work.joined);
            reach(&mut joined, places.len() * 3 * inner);
            for chunk in Self::chunks(places.clone()) {
                self.enter(&chunk, model, work);
                let x = self.x.get(chunk.start * width..).unwrap_or_default();
                norm(here, x, (&layer.norm, model.epsilon), &mut work.wide);
                let part = joined.get_mut((chunk.start - start) * 3 * inner..).unwrap_or_default();
                work.apply((model, team), &layer.joined, Side::Wide, Target::Into(part, 3 * inner));
            }
            let mut found = std::mem::take(&mut work.found);
            reach(&mut found, places.len() * inner);
            attend_texts(
                here,
                &joined,
                model.heads,
                &group.texts,
                (&self.diagonals[..], self.longest - 1),
                &mut work.scratch,
                (&mut found, model.rounding()),
            );
            work.joined = joined;
            for chunk in Self::chunks(places.clone()) {
                self.enter(&chunk, model, work);
                let part = found.get((chunk.start - start) * inner..).unwrap_or_default();
                take(here, part, &mut work.inner);
                let x = self.x.get_mut(chunk.start * width..).unwrap_or_default();
                work.apply((model, team), &layer.output, Side::Inner, Target::Add(x));
                work.feed_forward(model, team, &layer.feed_forward, x);
            }
            work.found = found;
        }
    }

    /// What one decoder layer remembers of the prompts.
    fn remember(&mut self, model: &Model, team: &Team, index: usize, work: &mut Workspace) {
        let Some(layer) = model.decoder.get(index) else { return };
        let (total, inner) = (self.adapters.len(), model.heads.inner());
        for chunk in Self::chunks(0..total) {
            self.enter(&chunk, model, work);
            let x = self.x.get(chunk.start * model.width..).unwrap_or_default();
            let scale = (&model.encoder_norm[..], model.epsilon);
            norm((model.level, team), x, scale, &mut work.wide);
            reach(&mut work.joined, chunk.len() * 2 * inner);
            work.apply((model, team), &layer.memory, Side::Wide, Target::Joined(2 * inner));
            for (place, row) in chunk.zip(work.joined.chunks_exact(2 * inner)) {
                let (keys, values) = row.split_at(inner);
                let texts = self.texts.iter().zip(&mut self.prompts);
                for (text, prompt) in texts.filter(|(text, _)| text.contains(&place)) {
                    prompt.memory.write(index, place - text.start, keys, values);
                }
            }
        }
    }

    /// Prepares the workspace for the rows of a chunk.
    fn enter(&self, chunk: &Range<usize>, model: &Model, work: &mut Workspace) {
        work.rows(model, chunk.len());
        work.adapters.clear();
        work.adapters.extend_from_slice(self.adapters.get(chunk.clone()).unwrap_or_default());
    }
}

/// Cuts texts into groups of at most [`GROUP`] places, or of one text.
fn groups(texts: &[Range<usize>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for text in texts {
        let fits = |group: &Group| text.end - group.places.start <= GROUP;
        if !groups.last().is_some_and(fits) {
            groups.push(Group { places: text.clone(), texts: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            let start = group.places.start;
            group.places.end = text.end;
            group.texts.push(text.start - start..text.end - start);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_whole_texts_and_no_more_than_fit() {
        let found = groups(&[0..300, 300..500, 500..512, 512..513, 513..1_600, 1_600..1_601]);
        let places: Vec<_> = found.iter().map(|group| group.places.clone()).collect();
        assert_eq!(places, [0..512, 512..513, 513..1_600, 1_600..1_601]);
        assert_eq!(found[0].texts, [0..300, 300..500, 500..512]);
        assert!(found[2].texts.iter().eq([&(0..1_087)]));
        assert!(groups(&[]).is_empty());
    }
}
