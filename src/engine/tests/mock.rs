//! A backend without numbers, that does as it is told and writes down what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::engine::backend::{Backend, Best, Logits, Progress, Prompt, Row, Session as Sequences};
use crate::engine::error::EngineError;

/// What a backend was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Asked {
    /// To read this many prompts.
    Read(usize),
    /// To go on reading.
    ReadOn,
    /// To take a step with this many rows.
    Step(usize),
}

/// The prompt token that makes reading panic.
pub(in crate::engine) const UNREADABLE: u32 = 31_000;
/// The prompt token that makes every step panic.
pub(in crate::engine) const EXPLOSIVE: u32 = 31_001;
/// The prompt token that makes a sequence's logits not a number.
pub(in crate::engine) const BROKEN: u32 = 31_002;
/// What is said, over and over.
const SAYS: u32 = 1_150;
const VOCABULARY: usize = 32_128;

#[derive(Debug, Default)]
pub(in crate::engine) struct Mock {
    pub(in crate::engine) asked: Mutex<Vec<Asked>>,
    /// How long a step or a part of reading takes.
    pub(in crate::engine) pause: Duration,
    /// Tokens that are read at a time.
    pub(in crate::engine) part: usize,
}

impl Mock {
    fn note(&self, asked: Asked) {
        self.asked.lock().unwrap().push(asked);
    }
}

impl Backend for Mock {
    fn open(self: Arc<Self>, slots: usize) -> Result<Box<dyn Sequences>, EngineError> {
        Ok(Box::new(Session { mock: self, slots: vec![None; slots], unread: Vec::new(), left: 0 }))
    }

    fn bytes(&self) -> usize {
        1_000
    }

    fn describe(&self) -> String {
        "mock".to_owned()
    }
}

struct Session {
    mock: Arc<Mock>,
    /// The prompt's last token but one.
    slots: Vec<Option<u32>>,
    unread: Vec<(usize, u32)>,
    left: usize,
}

impl Sequences for Session {
    fn read(&mut self, prompts: &[Prompt<'_>]) -> Result<(), EngineError> {
        self.mock.note(Asked::Read(prompts.len()));
        self.left = prompts.iter().map(|prompt| prompt.ids.len()).sum();
        self.unread = prompts
            .iter()
            .map(|prompt| {
                assert!(self.slots[prompt.slot].is_none(), "read into a slot in use");
                let special = [UNREADABLE, EXPLOSIVE, BROKEN];
                let found = prompt.ids.iter().find(|id| special.contains(id));
                (prompt.slot, found.copied().unwrap_or(0))
            })
            .collect();
        Ok(())
    }

    fn read_on(&mut self) -> Result<Progress, EngineError> {
        self.mock.note(Asked::ReadOn);
        std::thread::sleep(self.mock.pause);
        assert!(self.unread.iter().all(|(_, kind)| *kind != UNREADABLE), "as it was told");
        self.left = self.left.saturating_sub(self.mock.part.max(1));
        if self.left > 0 && self.mock.part > 0 {
            return Ok(Progress::Onward);
        }
        for (slot, kind) in self.unread.drain(..) {
            self.slots[slot] = Some(kind);
        }
        Ok(Progress::Done)
    }

    fn step(&mut self, rows: &[Row], logits: &mut Logits) -> Result<(), EngineError> {
        self.mock.note(Asked::Step(rows.len()));
        std::thread::sleep(self.mock.pause);
        logits.resize(rows.len(), VOCABULARY);
        let (numbers, best) = logits.parts();
        for ((row, numbers), best) in
            rows.iter().zip(numbers.chunks_exact_mut(VOCABULARY)).zip(best)
        {
            let kind = self.slots[row.slot].expect("a step in an empty slot");
            assert!(kind != EXPLOSIVE, "as it was told");
            numbers.fill(0.0);
            numbers[1_150] = 10.0;
            let log_sum_exp = if kind == BROKEN { f32::NAN } else { 11.0 };
            *best = Best { id: SAYS, logit: 10.0, log_sum_exp };
        }
        Ok(())
    }

    fn fork(&mut self, from: usize, to: usize) -> Result<(), EngineError> {
        assert!(self.slots[to].is_none(), "a copy over a sequence");
        self.slots[to] = self.slots[from];
        Ok(())
    }

    fn free(&mut self, slot: usize) {
        self.unread.retain(|(other, _)| *other != slot);
        self.slots[slot] = None;
    }

    fn encode(&mut self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, EngineError> {
        Ok(texts.iter().map(|ids| vec![1.0; ids.len() * 8]).collect())
    }

    fn bytes(&self) -> usize {
        self.slots.iter().flatten().count() * 10
    }
}
