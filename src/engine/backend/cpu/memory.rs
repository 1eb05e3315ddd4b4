//! What sequences remember: keys and values, layer by layer and head by head, in the order in
//! which attention reads them.

use std::sync::Arc;

use super::kernel::{Element, Heads, Memory, PLACES};

/// Keys and values of some places in every layer.
#[derive(Clone, Debug)]
pub(super) struct Store<E> {
    heads: Heads,
    /// Places that there is room for: whole blocks.
    room: usize,
    keys: Vec<E>,
    values: Vec<E>,
}

impl<E: Element> Store<E> {
    /// Room for this many places in each layer.
    pub(super) fn new(heads: Heads, layers: usize, places: usize) -> Self {
        let room = places.max(1).next_multiple_of(PLACES);
        let numbers = layers * heads.inner() * room;
        Self { heads, room, keys: vec![E::default(); numbers], values: vec![E::default(); numbers] }
    }

    pub(super) const fn heads(&self) -> Heads {
        self.heads
    }

    /// The number of layers that there is room for.
    pub(super) fn layers(&self) -> usize {
        self.keys.len() / (self.heads.inner() * self.room).max(1)
    }

    /// Writes one place of one layer: the keys of all heads side by side, and the values.
    pub(super) fn write(&mut self, layer: usize, place: usize, keys: &[f32], values: &[f32]) {
        let Heads { count, width } = self.heads;
        let size = self.room * width;
        let first = layer * count;
        let (block, lane) = (place / PLACES * PLACES * width, place % PLACES);
        let key_stores = self.keys.chunks_exact_mut(size).skip(first);
        for (store, key) in key_stores.zip(keys.chunks_exact(width)) {
            let columns = store.iter_mut().skip(block + lane).step_by(PLACES);
            for (column, number) in columns.zip(key) {
                *column = E::from_f32(*number);
            }
        }
        let value_stores = self.values.chunks_exact_mut(size).skip(first);
        for (store, value) in value_stores.zip(values.chunks_exact(width)) {
            for (column, number) in store.iter_mut().skip(place * width).zip(value) {
                *column = E::from_f32(*number);
            }
        }
    }

    /// What one head of one layer remembers of the first places.
    pub(super) fn memory(&self, layer: usize, head: usize, places: usize) -> Memory<'_, E> {
        let size = self.room * self.heads.width;
        let from = (layer * self.heads.count + head) * size;
        Memory {
            keys: self.keys.get(from..from + size).unwrap_or_default(),
            values: self.values.get(from..from + size).unwrap_or_default(),
            places,
        }
    }

    /// A copy of the first places.
    fn copy(&self, layers: usize, places: usize) -> Self {
        let mut copy = Self::new(self.heads, layers, self.room);
        let width = self.heads.width;
        let size = self.room * width;
        let used = places.next_multiple_of(PLACES) * width;
        for (from, to) in [(&self.keys, &mut copy.keys), (&self.values, &mut copy.values)] {
            for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
                if let (Some(from), Some(to)) = (from.get(..used), to.get_mut(..used)) {
                    to.copy_from_slice(from);
                }
            }
        }
        copy
    }

    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        (self.keys.len() + self.values.len()) * size_of::<E>()
    }
}

/// A prompt that was read. Copies of a sequence share it.
#[derive(Debug)]
pub(super) struct PromptMemory<E> {
    pub(super) store: Store<E>,
    pub(super) places: usize,
}

/// One sequence.
#[derive(Clone, Debug)]
pub(super) struct Sequence<E> {
    pub(super) prompt: Arc<PromptMemory<E>>,
    pub(super) past: Store<E>,
    /// Tokens that were fed.
    pub(super) seen: usize,
    pub(super) steps_max: usize,
    pub(super) adapter: Option<usize>,
}

impl<E: Element> Sequence<E> {
    /// Another sequence that begins as this one.
    pub(super) fn fork(&self, layers: usize) -> Self {
        Self {
            prompt: Arc::clone(&self.prompt),
            past: self.past.copy(layers, self.seen),
            seen: self.seen,
            steps_max: self.steps_max,
            adapter: self.adapter,
        }
    }
}
