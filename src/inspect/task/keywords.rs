//! The policy's own words for tasks: what a company calls its work, whatever the classifier thinks.

use std::sync::Arc;

use super::Task;
use crate::inspect::words::{Within, Words};

/// Words and the task that each means.
#[derive(Clone, Default)]
pub struct Keywords(Option<Arc<Found>>);

struct Found {
    words: Words,
    tasks: Vec<Task>,
}

impl Keywords {
    /// Most words of one policy, and the most bytes of one.
    pub const MAX: (usize, usize) = (500, 200);

    /// Arranges words for searching.
    pub fn new(words: &[(String, Task)]) -> Self {
        if words.is_empty() {
            return Self::default();
        }
        let tasks = words.iter().map(|(_, task)| *task).collect();
        let words = Words::new(words.iter().map(|(word, _)| (word, Within::Word)));
        Self(Some(Arc::new(Found { words, tasks })))
    }

    /// The task of the first of the words, in the policy's order, that stands in the text. Only the
    /// beginning and the end of a long text are read, as by the classifier.
    pub fn task_of(&self, text: &str) -> Option<Task> {
        const PART: usize = 2048;
        let Found { words, tasks } = self.0.as_deref()?;
        let bytes = text.as_bytes();
        let (head, rest) = bytes.split_at(PART.min(bytes.len()));
        let tail = rest.get(rest.len().saturating_sub(PART)..).unwrap_or_default();
        let mut first: Option<usize> = None;
        for part in [head, tail] {
            words.visit(part, |number, _| {
                first = Some(first.map_or(number, |first| first.min(number)));
            });
        }
        tasks.get(first?).copied()
    }
}

/// How many, not which.
impl std::fmt::Debug for Keywords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Keywords({})", self.0.as_ref().map_or(0, |found| found.tasks.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Keywords, Task};

    #[test]
    fn the_first_word_of_the_policy_that_is_there_wins() {
        let words =
            [("abap", Task::Code), ("weekly digest", Task::Summarize), ("周报", Task::Creative)];
        let words = Keywords::new(&words.map(|(word, task)| (word.to_owned(), task)));
        assert_eq!(words.task_of("The Weekly Digest of our ABAP team"), Some(Task::Code));
        assert_eq!(words.task_of("the weekly digest, please"), Some(Task::Summarize));
        assert_eq!(words.task_of("帮我写周报"), Some(Task::Creative));
        assert_eq!(words.task_of("nothing of the kind"), None);
        assert_eq!(Keywords::default().task_of("abap"), None);
    }
}
