//! The vocabulary as bytes, in the order of a dictionary, so that all pieces that a machine can read
//! from some state are found without trying each: where a beginning fails, everything with that
//! beginning is skipped.

use super::machine::{DEAD, FirstSpace, Machine};
use crate::engine::tokenizer::Tokenizer;

/// One byte on the way to a piece; its children follow it.
#[derive(Clone, Copy, Debug)]
struct Node {
    byte: u8,
    depth: usize,
    /// The number of the node after its last descendant.
    end: usize,
    /// The range of its tokens in `ids`.
    tokens: (usize, usize),
}

/// What every token writes.
pub(in crate::engine) struct Pieces {
    nodes: Vec<Node>,
    ids: Vec<u32>,
    depth_max: usize,
    /// By token; empty for those that write nothing or must not be said.
    bytes: Vec<Box<[u8]>>,
    first_space: FirstSpace,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Pieces({} tokens)", self.ids.len())
    }
}

impl Pieces {
    pub(super) fn new(tokenizer: &Tokenizer) -> Self {
        let count = u32::try_from(tokenizer.vocabulary()).unwrap_or(u32::MAX);
        let first_space =
            if tokenizer.strips_first_space() { FirstSpace::Stripped } else { FirstSpace::Kept };
        let bytes: Vec<Box<[u8]>> =
            (0..count).map(|id| plain(tokenizer, first_space, id).into()).collect();
        let mut sorted: Vec<(&[u8], u32)> = (0..)
            .zip(&bytes)
            .filter(|(_, bytes)| !bytes.is_empty())
            .map(|(id, bytes)| (&**bytes, id))
            .collect();
        sorted.sort_unstable();
        let (mut nodes, mut ids) = (Vec::<Node>::new(), Vec::new());
        // The nodes on the way to the last piece.
        let mut open: Vec<usize> = Vec::new();
        let mut last: &[u8] = &[];
        for (piece, id) in sorted {
            let shared = piece.iter().zip(last).take_while(|(a, b)| a == b).count();
            while open.len() > shared {
                let end = nodes.len();
                if let Some(node) = open.pop().and_then(|at| nodes.get_mut(at)) {
                    node.end = end;
                }
            }
            for byte in piece.get(shared..).unwrap_or_default() {
                open.push(nodes.len());
                let tokens = (ids.len(), ids.len());
                nodes.push(Node { byte: *byte, depth: open.len(), end: 0, tokens });
            }
            ids.push(id);
            if let Some(node) = open.last().and_then(|at| nodes.get_mut(*at)) {
                node.tokens.1 = ids.len();
            }
            last = piece;
        }
        let end = nodes.len();
        for at in open {
            if let Some(node) = nodes.get_mut(at) {
                node.end = end;
            }
        }
        let depth_max = nodes.iter().map(|node| node.depth).max().unwrap_or(0);
        Self { nodes, ids, depth_max, bytes, first_space }
    }

    /// What becomes of the space that an answer begins with.
    pub(super) const fn first_space(&self) -> FirstSpace {
        self.first_space
    }

    /// What a token writes.
    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(super::index(id)).map(|bytes| &**bytes).unwrap_or_default()
    }

    /// The words of a mask with a bit for every token.
    pub(super) fn mask_words(&self) -> usize {
        self.bytes.len().div_ceil(64)
    }

    /// Visits the tokens that a machine can read from a state, with the state that they lead to.
    /// Returns how many nodes were looked at.
    pub(super) fn walk(
        &self,
        machine: &Machine,
        from: u32,
        visit: &mut dyn FnMut(&[u32], u32),
    ) -> usize {
        let mut states = vec![DEAD; self.depth_max.saturating_add(1)];
        if let Some(first) = states.first_mut() {
            *first = from;
        }
        let (mut at, mut looked) = (0, 0);
        while let Some(node) = self.nodes.get(at) {
            looked += 1;
            let before = states.get(node.depth.saturating_sub(1)).copied().unwrap_or(DEAD);
            let to = machine.next(before, node.byte);
            if to == DEAD {
                at = node.end;
                continue;
            }
            if let Some(state) = states.get_mut(node.depth) {
                *state = to;
            }
            if node.tokens.0 < node.tokens.1 {
                visit(self.ids.get(node.tokens.0..node.tokens.1).unwrap_or_default(), to);
            }
            at += 1;
        }
        looked
    }

    /// Tells the length of every piece that a text begins with.
    pub(super) fn beginnings_of(&self, text: &[u8], tell: &mut dyn FnMut(usize)) {
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            if text.get(node.depth.saturating_sub(1)) != Some(&node.byte) {
                at = node.end;
                continue;
            }
            if node.tokens.0 < node.tokens.1 {
                tell(node.depth);
            }
            at += 1;
        }
    }
}

/// What a token writes, if it writes the same wherever it stands, but for the first space of all:
/// decoders also drop other spaces of a first token. Nothing for the others; they are hardly missed.
fn plain(tokenizer: &Tokenizer, first_space: FirstSpace, id: u32) -> Vec<u8> {
    let Some(written) = tokenizer.written(id) else { return Vec::new() };
    // A part of a character shows only together with the others.
    let Ok(text) = std::str::from_utf8(&written) else { return written };
    let expected = match first_space {
        FirstSpace::Stripped => text.strip_prefix(' ').unwrap_or(text),
        FirstSpace::Kept => text,
    };
    if tokenizer.decode(&[id]) == expected { written } else { Vec::new() }
}
