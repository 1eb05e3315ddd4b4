//! A text that has a shape: a guess from the regular expression's own words, which the caller checks.

use std::iter::Peekable;
use std::str::Chars;

/// Texts that probably have this shape, the shortest first.
pub(super) fn samples(shape: &str) -> Vec<String> {
    let bare = shape.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$"));
    let bare = bare.unwrap_or(shape);
    [0, 1, 2].map(|times| Guess { times }.choices(&mut bare.chars().peekable())).into()
}

/// How often what may be left out or repeated stands there.
struct Guess {
    times: usize,
}

impl Guess {
    /// The first of several choices, up to a closing bracket.
    fn choices(&self, rest: &mut Peekable<Chars<'_>>) -> String {
        let (mut first, mut is_first) = (String::new(), true);
        while let Some(next) = rest.next() {
            match next {
                ')' => break,
                '|' => is_first = false,
                '^' | '$' => {}
                other => {
                    let piece = self.piece(other, rest);
                    let times = self.repeats(rest);
                    if is_first {
                        first.push_str(&piece.repeat(times));
                    }
                }
            }
        }
        first
    }

    fn piece(&self, first: char, rest: &mut Peekable<Chars<'_>>) -> String {
        match first {
            '(' => {
                if rest.peek() == Some(&'?') {
                    rest.find(|next| matches!(next, ':' | '>'));
                }
                self.choices(rest)
            }
            '[' => class(rest).to_string(),
            '.' => "a".to_owned(),
            '\\' => match rest.next() {
                Some('d') => "1".to_owned(),
                Some('s') => " ".to_owned(),
                Some('b' | 'B' | 'A' | 'z') | None => String::new(),
                Some('w' | 'D' | 'S') => "a".to_owned(),
                Some('W') => "-".to_owned(),
                Some(other) => other.to_string(),
            },
            other => other.to_string(),
        }
    }

    /// How often the piece before stands there.
    fn repeats(&self, rest: &mut Peekable<Chars<'_>>) -> usize {
        let times = match rest.peek() {
            Some('*' | '?') => self.times,
            Some('+') => self.times.max(1),
            Some('{') => {
                let inside: String =
                    rest.by_ref().skip(1).take_while(|next| *next != '}').collect();
                let least = inside.split(',').next().and_then(|least| least.parse().ok());
                return least.unwrap_or(1_usize).min(64);
            }
            _ => return 1,
        };
        rest.next();
        rest.next_if_eq(&'?');
        times
    }
}

/// A character of a class such as `[a-z]`.
fn class(rest: &mut Peekable<Chars<'_>>) -> char {
    let mut inside: Vec<char> = Vec::new();
    for next in rest.by_ref() {
        if next == ']' && !inside.is_empty() {
            break;
        }
        inside.push(next);
    }
    match inside.as_slice() {
        ['^', taken @ ..] => {
            ('a'..='z').chain('0'..='9').find(|letter| !taken.contains(letter)).unwrap_or('~')
        }
        ['\\', 'd', ..] => '1',
        ['\\', 'w', ..] | [] => 'a',
        [first, ..] => *first,
    }
}
