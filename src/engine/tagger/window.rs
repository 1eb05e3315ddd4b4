//! How a long text is read in windows, and how words become finds.

use std::ops::Range;

/// One look at some tokens, and those of them that it decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) tokens: Range<usize>,
    pub(super) decided: Range<usize>,
}

/// Windows that overlap by a quarter; each token is decided once, in the window in which it stands
/// furthest from an edge.
pub(super) fn windows(count: usize, size: usize) -> Vec<Window> {
    let margin = size / 8;
    let step = (size - 2 * margin).max(1);
    let mut all = Vec::new();
    let mut start = 0;
    while start < count {
        let end = count.min(start + size);
        let is_last = end == count;
        let from = if start == 0 { 0 } else { start + margin };
        let to = if is_last { count } else { end - margin };
        all.push(Window { tokens: start..end, decided: from..to });
        if is_last {
            break;
        }
        start += step;
    }
    all
}

/// A text in parts of at most so many bytes, cut at the last end of a line or word that fits.
pub(super) fn parts(text: &str, size: usize) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let most = text.floor_char_boundary(start + size);
        let head = text.get(start..most).unwrap_or_default();
        let end = if most >= text.len() {
            text.len()
        } else {
            let line = head.rfind('\n').filter(|at| *at > head.len() / 2);
            let word = || head.rfind(char::is_whitespace).filter(|at| *at > 0);
            start + line.or_else(word).unwrap_or(head.len())
        };
        all.push(start..end);
        start = end;
    }
    all
}

/// What the model says of a word.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    /// The number of its kind; `None` for ordinary words.
    pub(super) kind: Option<usize>,
    /// Whether it begins another find of its kind.
    pub(super) begins: bool,
    pub(super) score: f32,
    pub(super) span: Range<usize>,
}

/// Neighbouring words of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entity {
    pub(super) kind: usize,
    /// The mean probability of its words.
    pub(super) score: f32,
    pub(super) span: Range<usize>,
}

/// Joins neighbouring words of one kind.
pub(super) fn entities(words: Vec<Word>) -> Vec<Entity> {
    let mut all: Vec<(Entity, f32)> = Vec::new();
    let mut last = None;
    for word in words {
        let is_same = word.kind.is_some() && word.kind == last && !word.begins;
        last = word.kind;
        let Some(kind) = word.kind else { continue };
        match all.last_mut().filter(|_| is_same) {
            Some((entity, count)) => {
                entity.span.end = word.span.end;
                entity.score = (entity.score * *count + word.score) / (*count + 1.0);
                *count += 1.0;
            }
            None => all.push((Entity { kind, score: word.score, span: word.span }, 1.0)),
        }
    }
    all.into_iter().map(|(entity, _)| entity).collect()
}

#[cfg(test)]
mod tests {
    use super::{parts, windows};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_token_is_decided_once_inside_its_window(count in 0_usize..900, size in 8_usize..260) {
            let all = windows(count, size);
            let decided: Vec<usize> = all.iter().flat_map(|it| it.decided.clone()).collect();
            prop_assert_eq!(decided, (0..count).collect::<Vec<_>>());
            for window in &all {
                prop_assert!(window.tokens.len() <= size);
                prop_assert!(window.tokens.start <= window.decided.start && window.decided.end <= window.tokens.end);
            }
        }

        #[test]
        fn parts_are_the_whole_text(text in "[a-z中 \n]{0,200}", size in 4_usize..40) {
            let all = parts(&text, size);
            let joined: String = all.iter().map(|it| text.get(it.clone()).unwrap()).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(all.iter().all(|it| it.len() <= size && !it.is_empty()));
        }
    }
}
