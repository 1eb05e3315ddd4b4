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

#[cfg(test)]
mod tests {
    use super::Guarded;
    use crate::chat::{Answer, Choice, Piece, Scored, Usage, UsageSource};
    use crate::inspect::{Inspection, Label};
    use crate::mask::Guard;

    fn guarded() -> Guarded {
        let labels = [Label::IdentityUsSsn].into_iter().collect();
        Guarded::new(Some(Guard::new(Inspection::default(), labels)))
    }

    fn piece(choice: usize, text: &str) -> Piece {
        Piece { choice, text: text.to_owned(), tokens: Vec::<Scored>::new() }
    }

    #[test]
    fn each_choice_of_a_stream_has_its_own_guard() {
        let mut guarded = guarded();
        let mut shown = [String::new(), String::new()];
        for part in ["the ssn ", "is 536-2", "2-8145"] {
            for (choice, shown) in shown.iter_mut().enumerate() {
                shown.push_str(&guarded.piece(piece(choice, part)).text);
            }
        }
        for (choice, shown) in shown.iter_mut().enumerate() {
            shown.push_str(&guarded.ended(choice).unwrap().text);
            assert_eq!(shown, "the ssn is [IDENTITY]");
        }
    }

    #[test]
    fn whole_answers_are_guarded_too() {
        let mut answer = Answer {
            id: String::new(),
            created: 0,
            model: String::new(),
            choices: vec![Choice::empty(); 2],
            has_logprobs: false,
            usage: Usage::none(UsageSource::Counted),
        };
        for choice in &mut answer.choices {
            choice.text = "ssn 536-22-8145.".to_owned();
        }
        guarded().whole(&mut answer);
        for choice in &answer.choices {
            assert_eq!(choice.text, "ssn [IDENTITY].");
        }
    }

    #[test]
    fn without_a_guard_nothing_changes() {
        let mut guarded = Guarded::new(None);
        assert_eq!(guarded.piece(piece(0, "ssn 536-22-8145")).text, "ssn 536-22-8145");
        assert!(guarded.ended(0).is_none());
    }
}
