//! Puts values back into a text that arrives in pieces.
//!
//! Only what may still become a known placeholder is held back: the end of a piece that is the
//! beginning of one. Everything else passes at once. Models change placeholders a little: they drop
//! the brackets, change the case, escape the underscore, break it over lines; all of that is
//! understood. What is left of a placeholder that never comes to its end is not shown.

use std::sync::Arc;

use super::placeholder::{Begins, DIGEST_SIZE, Placeholders};

/// How a value is written where it is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As it is.
    Plain,
    /// As part of a string of a JSON text.
    Json,
}

/// Restores one text.
#[derive(Clone, Debug)]
pub(super) struct Restorer {
    known: Arc<Placeholders>,
    escape: Escape,
    held: Held,
}

/// Text that is not passed on yet.
#[derive(Clone, Default)]
struct Held(String);

impl std::fmt::Debug for Held {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Held({} bytes)", self.0.len())
    }
}

/// What stands at a place.
enum Match<'a> {
    /// No placeholder.
    No,
    /// The beginning of one, up to the end of the text; how many letters of the digest there are,
    /// and its kind.
    Partial(usize, &'a str),
    /// A whole one.
    Whole(Found<'a>),
}

/// A placeholder in a text.
#[derive(Clone, Copy)]
struct Found<'a> {
    /// Bytes that it takes.
    size: usize,
    /// How many of them, in front, are not its own: backslashes that no model put there.
    kept: usize,
    /// What it stands for.
    value: &'a str,
}

impl Restorer {
    pub(super) fn new(known: Arc<Placeholders>, escape: Escape) -> Self {
        Self { known, escape, held: Held::default() }
    }

    /// Takes the next piece and gives back what can be passed on.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let mut text = std::mem::take(&mut self.held.0);
        text.push_str(piece);
        let mut out = String::with_capacity(text.len());
        self.held.0 = self.restore(&text, &mut out).to_owned();
        out
    }

    /// The rest, when nothing more comes. What remains of a placeholder is named by its kind only.
    pub(super) fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held.0);
        let mut out = String::new();
        let mut text = rest.as_str();
        while !text.is_empty() {
            match find(&self.known, text, End::Final) {
                Match::Whole(found) => text = self.write(found, text, &mut out),
                Match::Partial(letters, kind) if letters > 0 => {
                    out.extend(["[", kind, "]"]);
                    break;
                }
                Match::Partial(..) | Match::No => text = pass_one(text, &mut out),
            }
        }
        out
    }

    /// Restores as far as it is clear; returns what has to wait.
    fn restore<'t>(&self, text: &'t str, out: &mut String) -> &'t str {
        let mut rest = text;
        let mut before = ' ';
        while let Some(letter) = rest.chars().next() {
            let may_begin = letter == '['
                || letter == '\\'
                || letter.is_ascii_alphabetic() && !before.is_ascii_alphanumeric();
            let found = if may_begin { find(&self.known, rest, End::Open) } else { Match::No };
            match found {
                Match::Whole(found) => {
                    rest = self.write(found, rest, out);
                    before = ' ';
                }
                Match::Partial(..) => return rest,
                Match::No => {
                    rest = pass_one(rest, out);
                    before = letter;
                }
            }
        }
        rest
    }

    /// Writes what a placeholder stands for; returns the text behind it.
    fn write<'t>(&self, found: Found<'_>, text: &'t str, out: &mut String) -> &'t str {
        let Found { size, kept, value } = found;
        out.push_str(text.get(..kept).unwrap_or_default());
        match self.escape {
            Escape::Plain => out.push_str(value),
            Escape::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            }
        }
        text.get(size..).unwrap_or_default()
    }
}

fn pass_one<'t>(text: &'t str, out: &mut String) -> &'t str {
    let size = text.chars().next().map_or(text.len(), char::len_utf8);
    let (letter, rest) = text.split_at(size);
    out.push_str(letter);
    rest
}

/// Whether more text may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Final,
}

/// The best match of all known placeholders.
fn find<'a>(known: &'a Placeholders, text: &str, end: End) -> Match<'a> {
    let mut best = Match::No;
    for kind in known.kinds() {
        match Attempt::at(text, kind, known, end) {
            Outcome::Whole(found) => return Match::Whole(found),
            Outcome::Partial(count) => {
                let more = match best {
                    Match::Partial(known, _) => count > known,
                    Match::No | Match::Whole(..) => true,
                };
                if more {
                    best = Match::Partial(count, kind);
                }
            }
            Outcome::No => {}
        }
    }
    best
}

enum Outcome<'a> {
    No,
    Partial(usize),
    Whole(Found<'a>),
}

/// Reads one placeholder, however it is spelled.
struct Attempt<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Attempt<'t> {
    fn at<'a>(text: &'t str, kind: &str, known: &'a Placeholders, end: End) -> Outcome<'a> {
        let mut attempt = Self { text, at: 0 };
        let kept = attempt.skip(|byte| byte == b'\\', 2);
        let is_bracketed = attempt.skip(|byte| byte == b'[', 1) > 0;
        attempt.skip(|byte| matches!(byte, b' ' | b'*' | b'`'), if is_bracketed { 2 } else { 0 });
        if attempt.ended() {
            return if is_bracketed || attempt.at > 0 { Outcome::Partial(0) } else { Outcome::No };
        }
        for expected in kind.bytes() {
            match attempt.next() {
                None => return Outcome::Partial(0),
                Some(byte) if byte.eq_ignore_ascii_case(&expected) => {}
                Some(_) => return Outcome::No,
            }
        }
        // The underscore, perhaps escaped, or what became of it.
        let joined = attempt.at;
        attempt
            .skip(|byte| matches!(byte, b'_' | b'\\' | b'-') || (is_bracketed && byte == b' '), 3);
        if attempt.ended() {
            return Outcome::Partial(0);
        }
        if attempt.at == joined {
            return Outcome::No;
        }
        let is_filler = |byte: u8| {
            matches!(byte, b'-' | b'\\' | b'_')
                || (is_bracketed && matches!(byte, b' ' | b'\n' | b'\r'))
        };
        let mut letters = String::with_capacity(DIGEST_SIZE);
        let value = loop {
            // A line break, a hyphen or an invisible character may have been put in between.
            if !letters.is_empty() {
                attempt.skip(is_filler, 3);
                attempt.skip_invisible();
            }
            let Some(byte) = attempt.next() else { return Outcome::Partial(letters.len()) };
            letters.push(char::from(byte.to_ascii_lowercase()));
            match known.begins(kind, &letters) {
                Begins::Nothing => return Outcome::No,
                Begins::Whole(value) => break value,
                Begins::Part => {}
            }
        };
        let found = Found { size: attempt.at, kept, value };
        if is_bracketed { attempt.close(end, found) } else { Outcome::Whole(found) }
    }

    /// The bracket behind it, if it has one in front. A model that escapes brackets escapes both: a
    /// backslash in front of the first alone belongs to the text.
    fn close(mut self, end: End, found: Found<'_>) -> Outcome<'_> {
        let inner = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.skip(|byte| matches!(byte, b'\\' | b' ' | b'*' | b'`'), 2);
        let is_escaped = inner.iter().take_while(|byte| **byte != b']').any(|byte| *byte == b'\\');
        match self.next() {
            Some(b']') if is_escaped => Outcome::Whole(Found { size: self.at, kept: 0, ..found }),
            Some(b']') => Outcome::Whole(Found { size: self.at, ..found }),
            None if end == End::Open => Outcome::Partial(DIGEST_SIZE),
            Some(_) | None => Outcome::Whole(found),
        }
    }

    fn ended(&self) -> bool {
        self.at >= self.text.len()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.as_bytes().get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, accept: impl Fn(u8) -> bool, most: usize) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take(most).take_while(|byte| accept(**byte)).count();
        self.at += count;
        count
    }

    fn skip_invisible(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_invisible = |letter: char| {
            matches!(letter, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}')
        };
        if let Some(letter) = rest.chars().next().filter(|letter| is_invisible(*letter)) {
            self.at += letter.len_utf8();
        }
    }
}
