//! A deterministic machine over bytes: labels as a tree of their letters, or a regular expression.

use std::collections::BTreeMap;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Anchored, MatchKind};

/// From here nothing is legal.
pub(super) const DEAD: u32 = 0;

const LABELS_MAX: usize = 1_024;
const LABEL_BYTES_MAX: usize = 64 << 10;
const PATTERN_BYTES_MAX: usize = 4 << 10;
/// States of a machine.
const STATES_MAX: usize = 20_000;
/// Memory for building one, in bytes.
const MEMORY_MAX: usize = 8 << 20;

/// What becomes of the space that an answer may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstSpace {
    /// It is part of the text.
    Kept,
    /// It is not: one more space may stand in front of any text.
    Stripped,
}

/// A machine. States are numbered from 1; 0 is [`DEAD`].
#[derive(Debug)]
pub(super) struct Machine {
    /// Bytes that no state tells apart share a class.
    classes: Box<[u8; 256]>,
    width: usize,
    /// One row of classes per state.
    next: Vec<u32>,
    accepting: Vec<bool>,
    start: u32,
}

impl Machine {
    /// Reads any of these labels.
    pub(super) fn of_labels(labels: &[String], first: FirstSpace) -> Result<Self, String> {
        let bytes: usize = labels.iter().map(String::len).sum();
        if labels.is_empty() || labels.iter().any(String::is_empty) {
            return Err("must be a list of labels, none of them empty".to_owned());
        }
        if labels.len() > LABELS_MAX || bytes > LABEL_BYTES_MAX {
            return Err(format!(
                "must have at most {LABELS_MAX} labels and {LABEL_BYTES_MAX} bytes"
            ));
        }
        let mut classes = Box::new([0_u8; 256]);
        let mut width = 1_u8;
        // Letters that occur get a class each, so that rows are short.
        for byte in labels.iter().flat_map(|label| label.bytes()).chain([b' ']) {
            if let Some(class) = classes.get_mut(usize::from(byte))
                && *class == 0
            {
                *class = width;
                // Text in UTF-8 has fewer than 255 different bytes.
                width = width.saturating_add(1);
            }
        }
        let mut machine = Self::empty(classes, usize::from(width));
        let root = machine.add();
        for label in labels {
            let mut at = root;
            for byte in label.bytes() {
                let mut to = machine.next(at, byte);
                if to == DEAD {
                    to = machine.add();
                    machine.set(at, byte, to);
                }
                at = to;
            }
            machine.accept(at);
        }
        machine.begin(root, first);
        Ok(machine)
    }

    /// Reads what a regular expression matches as a whole.
    pub(super) fn of_pattern(pattern: &str, first: FirstSpace) -> Result<Self, String> {
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("must have between 1 and {PATTERN_BYTES_MAX} bytes"));
        }
        let dfa = build(pattern)?;
        let start = dfa
            .universal_start_state(Anchored::Yes)
            .or_else(|| {
                let input = regex_automata::Input::new("").anchored(Anchored::Yes);
                dfa.start_state_forward(&input).ok()
            })
            .ok_or_else(|| "cannot be used here".to_owned())?;
        let mut classes = Box::new([0_u8; 256]);
        let mut width = 0;
        for byte in 0..=u8::MAX {
            let class = dfa.byte_classes().get(byte);
            width = width.max(usize::from(class) + 1);
            if let Some(place) = classes.get_mut(usize::from(byte)) {
                *place = class;
            }
        }
        // A space is told apart even if the pattern does not care: the start may pass over it.
        let space = usize::from(b' ');
        let of_space = classes.get(space).copied();
        let is_shared = classes
            .iter()
            .enumerate()
            .any(|(byte, class)| byte != space && Some(*class) == of_space);
        if let (true, Some(class), Ok(own)) =
            (is_shared, classes.get_mut(space), u8::try_from(width))
        {
            *class = own;
            width += 1;
        }
        let mut machine = Self::empty(classes, width);
        let mut known = BTreeMap::new();
        let mut todo = vec![start];
        let root = machine.add();
        known.insert(start, root);
        while let Some(state) = todo.pop() {
            let Some(from) = known.get(&state).copied() else { continue };
            if dfa.is_match_state(dfa.next_eoi_state(state)) {
                machine.accept(from);
            }
            for byte in 0..=u8::MAX {
                let to = dfa.next_state(state, byte);
                if dfa.is_dead_state(to) || dfa.is_quit_state(to) {
                    continue;
                }
                let number = *known.entry(to).or_insert_with(|| {
                    todo.push(to);
                    machine.add()
                });
                machine.set(from, byte, number);
            }
            if known.len() > STATES_MAX {
                return Err("is too complex for the local model; make it shorter".to_owned());
            }
        }
        machine.begin(root, first);
        Ok(machine)
    }

    fn empty(classes: Box<[u8; 256]>, width: usize) -> Self {
        // The dead state has a row, too.
        Self { classes, width, next: vec![DEAD; width], accepting: vec![false], start: DEAD }
    }

    fn add(&mut self) -> u32 {
        self.next.resize(self.next.len().saturating_add(self.width), DEAD);
        self.accepting.push(false);
        u32::try_from(self.accepting.len().saturating_sub(1)).unwrap_or(DEAD)
    }

    fn place(&self, state: u32, byte: u8) -> usize {
        let class = self.classes.get(usize::from(byte)).copied().map_or(0, usize::from);
        super::index(state).saturating_mul(self.width).saturating_add(class)
    }

    fn set(&mut self, from: u32, byte: u8, to: u32) {
        let place = self.place(from, byte);
        if let Some(next) = self.next.get_mut(place) {
            *next = to;
        }
    }

    fn accept(&mut self, state: u32) {
        if let Some(accepting) = self.accepting.get_mut(super::index(state)) {
            *accepting = true;
        }
    }

    /// Sets the start. If an answer's first space is not part of its text, the start is a state of
    /// its own, in front of the first: it does what the first does, and passes over a space.
    fn begin(&mut self, root: u32, first: FirstSpace) {
        self.start = root;
        if first == FirstSpace::Stripped {
            let start = self.add();
            for byte in 0..=u8::MAX {
                let to = self.next(root, byte);
                self.set(start, byte, to);
            }
            if self.accepts(root) {
                self.accept(start);
            }
            self.set(start, b' ', root);
            self.start = start;
        }
    }

    /// The state that an answer begins in.
    pub(super) const fn start(&self) -> u32 {
        self.start
    }

    /// How many states there are, the dead one included.
    pub(super) fn states(&self) -> usize {
        self.accepting.len()
    }

    /// Where a byte leads.
    pub(super) fn next(&self, state: u32, byte: u8) -> u32 {
        self.next.get(self.place(state, byte)).copied().unwrap_or(DEAD)
    }

    /// Whether what was read is legal as a whole.
    pub(super) fn accepts(&self, state: u32) -> bool {
        self.accepting.get(super::index(state)) == Some(&true)
    }
}

/// The automaton of a regular expression, within bounds. It knows all matches, not only the first
/// that a search would find: any of them may become the answer.
fn build(pattern: &str) -> Result<dense::DFA<Vec<u32>>, String> {
    let thompson = thompson::Config::new()
        .nfa_size_limit(Some(MEMORY_MAX))
        .which_captures(thompson::WhichCaptures::None);
    let dense = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Anchored)
        .accelerate(false)
        .dfa_size_limit(Some(MEMORY_MAX))
        .determinize_size_limit(Some(MEMORY_MAX));
    dense::Builder::new()
        .syntax(syntax::Config::new().nest_limit(64))
        .thompson(thompson)
        .configure(dense)
        .build(pattern)
        .map_err(|error| unbuildable(&error))
}

/// The builder's complaint in our words: a part of the pattern may be private.
fn unbuildable(error: &dense::BuildError) -> String {
    if error.is_size_limit_exceeded() {
        "is too complex for the local model; make it shorter".to_owned()
    } else {
        "is not a regular expression that can be used here: it is malformed, or asks for word \
         borders, look-around or back-references"
            .to_owned()
    }
}
