//! Undoes the typography that hides a value from a byte pattern: full-width and circled digits,
//! zero-width characters, odd spaces and dashes, foreign digits, letters of another alphabet that
//! look the same, and the escapes of JSON, HTML, URLs and C.
//!
//! The folded text is only looked at; a map leads every finding back to the bytes that came.
//! Plain ASCII without escapes, and text in which nothing needs folding, is not copied.

mod escape;
mod glyph;

use smallvec::SmallVec;
use std::ops::Range;

/// A text as the detectors see it, with the way back to the original.
#[derive(Debug)]
pub(super) struct Folded<'a> {
    original: &'a str,
    /// The folded copy; `None` when the original needed no change.
    copy: Option<CleanCopy>,
}

#[derive(Default)]
struct CleanCopy {
    bytes: Vec<u8>,
    /// Where each stretch of the copy comes from.
    parts: Vec<Part>,
}

/// A stretch of the copy, up to the next one.
#[derive(Clone, Copy)]
struct Part {
    folded: usize,
    original: usize,
    /// Bytes of the original that became this stretch as a whole; `None` if copied byte by byte.
    unit: Option<usize>,
}

impl std::fmt::Debug for CleanCopy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Copy({} bytes)", self.bytes.len())
    }
}

impl<'a> Folded<'a> {
    /// Folds what has to be folded.
    pub(super) fn new(original: &'a str) -> Self {
        let bytes = original.as_bytes();
        if original.is_ascii() && memchr::memchr3(b'\\', b'%', b'&', bytes).is_none() {
            return Self { original, copy: None };
        }
        Self { original, copy: fold(original) }
    }

    /// The bytes to look at. Mostly UTF-8; only ASCII patterns and whole words may be sought.
    pub(super) fn bytes(&self) -> &[u8] {
        self.copy.as_ref().map_or(self.original.as_bytes(), |copy| &copy.bytes)
    }

    /// The bytes of the original that a span of [`Self::bytes`] came from, widened to whole
    /// characters.
    pub(super) fn original_span(&self, span: &Range<usize>) -> Range<usize> {
        let last = span.end.saturating_sub(1).max(span.start);
        match &self.copy {
            None => widen(self.original, span.start, span.end),
            Some(copy) => {
                widen(self.original, copy.source(span.start).start, copy.source(last).end)
            }
        }
    }
}

impl CleanCopy {
    /// The bytes of the original that one byte of the copy came from.
    fn source(&self, place: usize) -> Range<usize> {
        let after = self.parts.partition_point(|part| part.folded <= place);
        let part = after.checked_sub(1).and_then(|index| self.parts.get(index));
        match part {
            None => place..place + 1,
            Some(Part { original, unit: Some(size), .. }) => *original..original + size,
            Some(Part { original, folded, unit: None }) => {
                let start = original + (place - folded);
                start..start + 1
            }
        }
    }

    /// Says where the next bytes of the copy come from.
    fn part(&mut self, original: usize, unit: Option<usize>) {
        let part = Part { folded: self.bytes.len(), original, unit };
        match self.parts.last_mut() {
            Some(last) if last.folded == part.folded => *last = part,
            _ => self.parts.push(part),
        }
    }
}

fn widen(text: &str, start: usize, end: usize) -> Range<usize> {
    text.floor_char_boundary(start)..text.ceil_char_boundary(end.min(text.len()))
}

/// What becomes of a stretch of the original.
type Bytes = SmallVec<[u8; 16]>;

fn fold(original: &str) -> Option<CleanCopy> {
    let bytes = original.as_bytes();
    let mut copy: Option<CleanCopy> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(&lead) = bytes.get(at) {
        if !is_suspect(lead) {
            at += 1;
            continue;
        }
        if let Some(size) = ordinary(bytes, at) {
            at += size;
            continue;
        }
        let (size, folded) = match fold_at(original, at) {
            Step::Keep(size) => {
                at += size;
                continue;
            }
            Step::Change(size, folded) => (size, folded),
        };
        let out = copy.get_or_insert_with(CleanCopy::default);
        out.bytes.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
        if !folded.is_empty() {
            out.part(at, Some(size));
            out.bytes.extend_from_slice(&folded);
        }
        at += size;
        copied = at;
        out.part(at, None);
    }
    let mut copy = copy?;
    copy.bytes.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Some(copy)
}

/// Bytes that may begin something to fold; everything else is passed over quickly, Chinese above
/// all.
const fn is_suspect(byte: u8) -> bool {
    matches!(
        byte,
        b'\\' | b'%' | b'&' | 0xC2 | 0xCC..=0xD1 | 0xD8 | 0xD9 | 0xDB | 0xDF | 0xE0..=0xE3 | 0xEF | 0xF0 | 0xF3
    )
}

/// The size of a letter that stands for itself and has the lead of some that do not, in scripts
/// that are written with such letters throughout: Arabic, Indic, Thai, Japanese.
fn ordinary(bytes: &[u8], at: usize) -> Option<usize> {
    let next = |place: usize| bytes.get(at + place).copied().unwrap_or(0);
    match next(0) {
        // Arabic digits and the mark of direction.
        0xD8 => (next(1) != 0x9C).then_some(2),
        0xD9 => (next(1) < 0xA0).then_some(2),
        0xDB => (next(1) < 0xB0).then_some(2),
        // The digits of a script stand at the same places of its block.
        0xE0 => (!matches!(next(2), 0x90..=0x99 | 0xA0..=0xAF)).then_some(3),
        // The wide space.
        0xE3 => (next(1) != 0x80 || next(2) != 0x80).then_some(3),
        _ => None,
    }
}

enum Step {
    /// So many bytes stay as they are.
    Keep(usize),
    /// So many bytes become these.
    Change(usize, Bytes),
}

fn fold_at(original: &str, at: usize) -> Step {
    let Some(rest) = original.get(at..) else { return Step::Keep(1) };
    let Some(letter) = rest.chars().next() else { return Step::Keep(1) };
    if letter.is_ascii() {
        return match escape::read(rest) {
            Some((size, letter)) => Step::Change(size, folded(letter)),
            None => Step::Keep(1),
        };
    }
    if glyph::is_foreign(letter) {
        return foreign_run(original, at);
    }
    match glyph::fold(letter) {
        glyph::Fold::Keep => match glyph::wide_sign(letter) {
            Some(byte) if is_among_wide(original, at) => {
                Step::Change(3, Bytes::from_slice(&[byte]))
            }
            _ => Step::Keep(letter.len_utf8()),
        },
        glyph::Fold::Drop => Step::Change(letter.len_utf8(), Bytes::new()),
        glyph::Fold::To(byte) => Step::Change(letter.len_utf8(), Bytes::from_slice(&[byte])),
        glyph::Fold::Number(number) => {
            Step::Change(letter.len_utf8(), Bytes::from_slice(number.to_string().as_bytes()))
        }
    }
}

/// Whether the sign at a place stands before another full-width one, as in `ｆｔｐ：／／`.
fn is_among_wide(original: &str, at: usize) -> bool {
    let mut rest = original.get(at..).unwrap_or_default().chars().skip(1);
    rest.next().is_some_and(|next| matches!(next, '\u{FF0F}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}'))
}

/// A decoded character, folded in its turn.
fn folded(letter: char) -> Bytes {
    match glyph::fold(letter) {
        glyph::Fold::Drop => Bytes::new(),
        glyph::Fold::To(byte) => Bytes::from_slice(&[byte]),
        glyph::Fold::Number(number) => Bytes::from_slice(number.to_string().as_bytes()),
        glyph::Fold::Keep => match glyph::lookalike(letter) {
            Some(byte) => Bytes::from_slice(&[byte]),
            None => Bytes::from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        },
    }
}

/// Greek and Cyrillic letters stay, unless they stand in a word of Latin letters or digits and all
/// look like Latin ones: then they are there to deceive.
fn foreign_run(original: &str, at: usize) -> Step {
    let rest = original.get(at..).unwrap_or_default();
    // Nearly all of them have these leads.
    let leads = rest.bytes().step_by(2).take_while(|lead| matches!(lead, 0xCE..=0xD1));
    let known = 2 * leads.count();
    let tail = rest.get(known..).unwrap_or_default();
    let more = tail.find(|letter| !glyph::is_foreign(letter)).unwrap_or(tail.len());
    let size = known + more;
    let run = rest.get(..size).unwrap_or_default();
    let touches = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_'))
    };
    let bytes = original.as_bytes();
    let is_inside = touches(at.checked_sub(1).and_then(|place| bytes.get(place)))
        || touches(bytes.get(at + size))
        || is_hyphenated(bytes.get(at + size..).unwrap_or_default());
    if !is_inside && !is_grouped(original, at, run) {
        return Step::Keep(size);
    }
    match run.chars().map(glyph::lookalike).collect::<Option<Bytes>>() {
        Some(folded) => Step::Change(size, folded),
        None => Step::Keep(size),
    }
}

/// Whether one to three capitals stand by themselves before or behind digits: `АВ 12 34 56 С`.
fn is_grouped(original: &str, at: usize, run: &str) -> bool {
    let bytes = original.as_bytes();
    let behind = bytes.get(at + run.len()..).unwrap_or_default();
    let before = bytes.get(..at).unwrap_or_default();
    let leads = matches!(behind, [b' ', digit, ..] if digit.is_ascii_digit());
    let follows = matches!(before, [.., digit, b' '] if digit.is_ascii_digit());
    (leads || follows) && run.chars().take(4).count() <= 3 && run.chars().all(char::is_uppercase)
}

/// Whether a hyphen or dot leads on to Latin letters or digits.
fn is_hyphenated(rest: &[u8]) -> bool {
    matches!(rest, [b'-' | b'.', next, ..] if next.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{glyph, is_suspect, ordinary};

    #[test]
    fn letters_that_are_passed_over_stand_for_themselves() {
        for letter in (0x80..=0x10_FFFF).filter_map(char::from_u32) {
            let text = letter.to_string();
            let bytes = text.as_bytes();
            let is_passed = !is_suspect(bytes[0]) || ordinary(bytes, 0).is_some();
            if is_passed {
                assert_eq!(glyph::fold(letter), glyph::Fold::Keep, "{letter:?}");
                assert!(!('\u{370}'..='\u{47F}').contains(&letter), "{letter:?}");
            }
            assert!(ordinary(bytes, 0).is_none_or(|size| size == bytes.len()), "{letter:?}");
        }
    }
}
