//! How far two answers to the same question agree, from 0 to 1.
//!
//! A label or an extracted value is right or wrong, so the two must be the same but for case, signs and
//! articles. An answer from a passage or from memory may say more or less: the F-measure of its words, as
//! benchmarks of reading count it. Everything else is compared in order: ROUGE-L, the F-measure of the longest common
//! subsequence. A Chinese character is a word.

use std::collections::BTreeMap;

use crate::inspect::Task;

/// Words of an answer that are looked at; the work grows with their square.
const WORDS_MAX: usize = 1_000;
/// Words that say nothing in a label or a value.
const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// How far two answers to a task agree.
pub fn agreement(task: Task, one: &str, other: &str) -> f64 {
    match task {
        Task::Classify | Task::Extract => {
            let bare = |text: &str| -> Vec<String> {
                words(text).into_iter().filter(|word| !ARTICLES.contains(&&**word)).collect()
            };
            f64::from(u8::from(bare(one) == bare(other)))
        }
        Task::QaContext | Task::QaOpen => token_f1(one, other),
        Task::Summarize
        | Task::Translate
        | Task::Rewrite
        | Task::Code
        | Task::Reasoning
        | Task::Creative
        | Task::Brainstorm
        | Task::Chat
        | Task::Unknown => rouge_l(one, other),
    }
}

/// F-measure of the words that two texts have in common, each as often as both have it.
fn token_f1(one: &str, other: &str) -> f64 {
    let (one, other) = (words(one), words(other));
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for word in &other {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0;
    for word in &one {
        if let Some(count) = left.get_mut(&**word).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    f_measure(common, one.len(), other.len())
}

/// F-measure of the longest common subsequence of words (Lin 2004, ROUGE-L).
fn rouge_l(one: &str, other: &str) -> f64 {
    let (one, other) = (words(one), words(other));
    let mut row = vec![0_usize; other.len() + 1];
    for word in &one {
        let (mut diagonal, mut left) = (0, 0);
        for (cell, second) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            *cell = if word == second { diagonal + 1 } else { above.max(left) };
            (diagonal, left) = (above, *cell);
        }
    }
    f_measure(row.last().copied().unwrap_or_default(), one.len(), other.len())
}

/// Two empty texts say the same.
fn f_measure(common: usize, one: usize, other: usize) -> f64 {
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if one + other == 0 { 1.0 } else { 2.0 * count(common) / count(one + other) }
}

/// The first words in small letters without signs. What stands in a number belongs to it.
fn words(text: &str) -> Vec<String> {
    let is_chinese = |letter: char| ('\u{3400}'..='\u{9FFF}').contains(&letter);
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().flat_map(char::to_lowercase).peekable();
    while let Some(letter) = letters.next() {
        if words.len() == WORDS_MAX {
            return words;
        }
        let is_point = matches!(letter, '.' | ',')
            && word.ends_with(|before: char| before.is_ascii_digit())
            && letters.peek().is_some_and(char::is_ascii_digit);
        if (letter.is_alphanumeric() && !is_chinese(letter)) || is_point {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_chinese(letter) {
            words.push(letter.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words.truncate(WORDS_MAX);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(task: Task, one: &str, other: &str, expected: f64) {
        for (one, other) in [(one, other), (other, one)] {
            let found = agreement(task, one, other);
            assert!((found - expected).abs() < 1e-9, "{found}: {one:?} and {other:?}");
        }
    }

    #[test]
    fn a_label_or_a_value_is_the_same_or_another() {
        check(Task::Classify, "technical", "The Technical.", 1.0);
        check(Task::Classify, "technical", "technical issue", 0.0);
        check(Task::Extract, "$4,334.97", "4,334.97", 1.0);
        check(Task::Extract, "$4,334.97", "$433,497", 0.0);
        check(Task::Extract, "INV-2024-0917", "inv 2024 0917", 1.0);
        check(Task::Classify, "正面", "正面。", 1.0);
        check(Task::Classify, "正面", "负面", 0.0);
    }

    #[test]
    fn an_answer_may_say_more() {
        check(Task::QaContext, "Ana Silva", "Ana Silva", 1.0);
        check(Task::QaContext, "Ana Silva", "It was Ana Silva", 2.0 / 3.0);
        check(Task::QaContext, "Silva Ana", "Ana Silva", 1.0);
        check(Task::QaContext, "Ana Ana", "Ana Silva", 0.5);
        check(Task::QaContext, "Lisbon", "Rome", 0.0);
    }

    #[test]
    fn a_summary_is_compared_in_order() {
        check(Task::Summarize, "a b c d", "a c d e", 0.75);
        check(Task::Summarize, "d c b a", "a b c d", 0.25);
        check(Task::Summarize, "项目延期到五月", "项目推迟到五月", 5.0 / 7.0);
        check(Task::Summarize, "", "", 1.0);
        check(Task::Summarize, "", "a", 0.0);
    }

    #[test]
    fn however_long_they_are_the_work_is_bounded() {
        let long = "word ".repeat(WORDS_MAX * 40);
        assert_eq!(words(&long).len(), WORDS_MAX);
        check(Task::Summarize, &long, &"word ".repeat(WORDS_MAX), 1.0);
    }
}
