//! What the engine says, looked at before the caller sees it: a guard for each choice of an answer.

use crate::chat::{Answer, Piece};
use crate::mask::Guard;

/// Takes values out of an answer while it is made; does nothing without a guard.
#[derive(Debug)]
pub(super) struct Guarded {
    fresh: Option<Guard>,
    choices: Vec<Guard>,
}

impl Guarded {
    pub(super) const fn new(guard: Option<Guard>) -> Self {
        Self { fresh: guard, choices: Vec::new() }
    }

    /// What can be shown after this piece. The single tokens would show what is taken out, so
    /// they go where a guard stands.
    pub(super) fn piece(&mut self, piece: Piece) -> Piece {
        let choice = piece.choice;
        let Some(guard) = self.of(choice) else { return piece };
        let text = guard.push(&piece.text);
        Piece { choice, text, tokens: Vec::new() }
    }

    /// What was held back of a choice that has ended, if anything was.
    pub(super) fn ended(&mut self, choice: usize) -> Option<Piece> {
        let text = self.of(choice)?.finish();
        (!text.is_empty()).then(|| Piece { choice, text, tokens: Vec::new() })
    }

    /// The same for an answer that is sent in one piece.
    pub(super) fn whole(&mut self, answer: &mut Answer) {
        for (index, choice) in answer.choices.iter_mut().enumerate() {
            let Some(guard) = self.of(index) else { return };
            let mut text = guard.push(&choice.text);
            text.push_str(&guard.finish());
            choice.text = text;
            choice.tokens.clear();
        }
    }

    fn of(&mut self, choice: usize) -> Option<&mut Guard> {
        let fresh = self.fresh.as_ref()?;
        while self.choices.len() <= choice {
            self.choices.push(fresh.clone());
        }
        self.choices.get_mut(choice)
    }
}
