//! What of a conversation is read, and how its type sticks.
//!
//! The first request of a conversation usually says what it is about, and what follows ("shorter,
//! please") says little. So the type stays what it was until somebody clearly asks for something
//! that demands more of a model. Clients send the whole conversation each time; nothing is kept.

use super::{Asked, Keywords, Lang, Model, Task, TaskGuess};

/// The user's turns that are read: the last ones.
const TURNS_MAX: usize = 6;
/// How sure one must be that a later turn asks for something more demanding.
const SURE: f32 = 0.6;

/// What is read of a conversation.
#[derive(Clone, Debug, Default)]
pub struct Conversation<'a> {
    /// The system prompt; may be empty.
    pub system: &'a str,
    /// What the user said, in order.
    pub turns: Vec<&'a str>,
    /// Whether pictures are attached.
    pub has_images: bool,
    /// Whether tools are offered.
    pub has_tools: bool,
}

impl Conversation<'_> {
    /// The task of the conversation. The policy's own words for a task, in the last turn, settle it.
    pub fn guess(&self, model: &Model, keywords: &Keywords, lang: Lang) -> TaskGuess {
        let Some(last) = self.turns.last() else { return TaskGuess::NOTHING };
        if let Some(task) = keywords.task_of(last) {
            return TaskGuess { task, confidence: 1.0, runner_up: Task::Unknown };
        }
        let from = self.turns.len().saturating_sub(TURNS_MAX);
        let mut standing: Option<TaskGuess> = None;
        for turn in self.turns.iter().skip(from) {
            let guess = model.guess(&Asked {
                system: self.system,
                turn,
                lang,
                has_images: self.has_images,
                has_tools: self.has_tools,
            });
            standing = Some(match standing {
                Some(before) if !takes_over(before, guess) => before,
                _ => guess,
            });
        }
        standing.unwrap_or(TaskGuess::NOTHING)
    }
}

/// Whether a later turn changes what the conversation is about.
fn takes_over(before: TaskGuess, after: TaskGuess) -> bool {
    if before.task == Task::Unknown || before.task == Task::Chat {
        return after.task != Task::Unknown;
    }
    // "Thanks" is no new request.
    after.task != Task::Chat
        && after.task != Task::Unknown
        && after.confidence >= SURE
        && after.task.demand() > before.task.demand()
}

#[cfg(test)]
mod tests {
    use super::{Conversation, Keywords, Model, takes_over};
    use crate::inspect::{Lang, Task, TaskGuess};

    fn guess(task: Task, confidence: f32) -> TaskGuess {
        TaskGuess { task, confidence, runner_up: Task::Unknown }
    }

    fn of(turns: &[&str]) -> Task {
        let conversation = Conversation { turns: turns.to_vec(), ..Conversation::default() };
        conversation.guess(Model::embedded(), &Keywords::default(), Lang::En).task
    }

    #[test]
    fn a_type_sticks_until_a_more_demanding_one_appears() {
        let summary = guess(Task::Summarize, 0.9);
        assert!(!takes_over(summary, guess(Task::Extract, 0.99)));
        assert!(!takes_over(summary, guess(Task::Code, 0.5)));
        assert!(takes_over(summary, guess(Task::Code, 0.7)));
        assert!(!takes_over(summary, guess(Task::Chat, 0.99)));
        assert!(!takes_over(guess(Task::Code, 0.4), guess(Task::Summarize, 0.99)));
        assert!(takes_over(guess(Task::Chat, 0.9), guess(Task::Summarize, 0.5)));
        assert!(!takes_over(guess(Task::Chat, 0.9), guess(Task::Unknown, 0.1)));
    }

    #[test]
    fn small_words_in_between_change_nothing() {
        let code = "Write a Python function that reverses a linked list.";
        let summary = "Summarize the following article in two sentences:\nThe river rose again.";
        assert_eq!(of(&[summary, "thanks"]), Task::Summarize);
        assert_eq!(of(&[summary, "thanks", code]), Task::Code);
        assert_eq!(of(&[code, "thanks"]), Task::Code);
        assert_eq!(of(&["hello", summary]), Task::Summarize);
        assert_eq!(of(&[]), Task::Unknown);
    }
}
