//! What sequences remember: keys and values, layer by layer and head by head, in the order in
//! which attention reads them.

use std::sync::Arc;

use super::kernel::{Cell, Heads, Memory, PLACES};

/// Keys and values of some places in every layer.
#[derive(Clone, Debug)]
pub(super) struct Store<E> {
    heads: Heads,
    /// Places that there is room for: whole blocks.
    room: usize,
    keys: Vec<E>,
    values: Vec<E>,
}

impl<E: Cell> Store<E> {
    /// Room for this many places in each layer.
    pub(super) fn new(heads: Heads, layers: usize, places: usize) -> Self {
        let room = places.max(1).next_multiple_of(PLACES);
        let (keys, values) = Self::sizes(heads, room);
        let count = layers * heads.count;
        Self {
            heads,
            room,
            keys: vec![E::default(); count * keys],
            values: vec![E::default(); count * values],
        }
    }

    /// The cells of one head's keys and values over some whole blocks.
    fn sizes(heads: Heads, places: usize) -> (usize, usize) {
        (places / PLACES * E::key_block(heads.width), E::values(places, heads.width))
    }

    pub(super) const fn heads(&self) -> Heads {
        self.heads
    }

    /// The number of layers that there is room for.
    pub(super) fn layers(&self) -> usize {
        self.keys.len() / (self.heads.count * Self::sizes(self.heads, self.room).0).max(1)
    }

    /// Writes one place of one layer: the keys of all heads side by side, and the values.
    pub(super) fn write(&mut self, layer: usize, place: usize, keys: &[f32], values: &[f32]) {
        let Heads { count, width } = self.heads;
        let (key_size, value_size) = Self::sizes(self.heads, self.room);
        let key_stores = self.keys.chunks_exact_mut(key_size).skip(layer * count);
        for (store, key) in key_stores.zip(keys.chunks_exact(width)) {
            E::write_key(store, place, key);
        }
        let value_stores = self.values.chunks_exact_mut(value_size).skip(layer * count);
        for (store, value) in value_stores.zip(values.chunks_exact(width)) {
            E::write_value(store, place, value);
        }
    }

    /// What one head of one layer remembers of the first places.
    pub(super) fn memory(&self, layer: usize, head: usize, places: usize) -> Memory<'_, E> {
        let (keys, values) = Self::sizes(self.heads, self.room);
        let index = layer * self.heads.count + head;
        Memory {
            keys: self.keys.get(index * keys..(index + 1) * keys).unwrap_or_default(),
            values: self.values.get(index * values..(index + 1) * values).unwrap_or_default(),
            places,
        }
    }

    /// A copy of the first places.
    fn copy(&self, layers: usize, places: usize) -> Self {
        let mut copy = Self::new(self.heads, layers, self.room);
        let (key_size, value_size) = Self::sizes(self.heads, self.room);
        let (keys, values) = Self::sizes(self.heads, places.next_multiple_of(PLACES));
        let parts = [
            (&self.keys, &mut copy.keys, key_size, keys),
            (&self.values, &mut copy.values, value_size, values),
        ];
        for (from, to, size, used) in parts {
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

impl<E: Cell> Sequence<E> {
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

    /// The memory that it takes; a shared prompt counts for each that shares it.
    pub(super) fn bytes(&self) -> usize {
        self.past.bytes() + self.prompt.store.bytes()
    }
}
