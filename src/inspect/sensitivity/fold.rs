//! Undoes the typography that hides a value from a byte pattern: full-width digits and letters,
//! zero-width characters, odd spaces and dashes, foreign digits, `\uXXXX` escapes.
//!
//! The folded text is only looked at; a map leads every finding back to the bytes that came.
//! Plain ASCII without escapes, and text in which nothing needs folding, is not copied.

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
    /// (place in the copy, place in the original) wherever the distance between both changes.
    steps: Vec<(usize, usize)>,
}

impl std::fmt::Debug for CleanCopy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Copy({} bytes)", self.bytes.len())
    }
}

impl<'a> Folded<'a> {
    /// Folds what has to be folded.
    pub(super) fn new(original: &'a str) -> Self {
        if original.is_ascii() && memchr::memmem::find(original.as_bytes(), b"\\u").is_none() {
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
        let Some(copy) = &self.copy else { return widen(self.original, span.start, span.end) };
        let start = copy.original_place(span.start);
        let last = copy.original_place(span.end.saturating_sub(1).max(span.start));
        // A folded escape is six bytes for one character, so the end is where the next byte of
        // the copy comes from, unless something was dropped in between.
        let next = copy.original_place(span.end);
        let end = if CleanCopy::is_escape(self.original, last) { next } else { last + 1 };
        widen(self.original, start, end)
    }
}

impl CleanCopy {
    fn original_place(&self, place: usize) -> usize {
        let after = self.steps.partition_point(|(folded, _)| *folded <= place);
        let step = after.checked_sub(1).and_then(|index| self.steps.get(index));
        step.map_or(place, |(folded, original)| original + (place - folded))
    }

    fn is_escape(original: &str, place: usize) -> bool {
        original.as_bytes().get(place..).is_some_and(|rest| rest.starts_with(b"\\u"))
    }

    /// Says that the next byte of the copy comes from `original`.
    fn step(&mut self, original: usize) {
        let folded = self.bytes.len();
        match self.steps.last_mut() {
            Some(last) if last.0 == folded => last.1 = original,
            _ => self.steps.push((folded, original)),
        }
    }
}

fn widen(text: &str, start: usize, end: usize) -> Range<usize> {
    text.floor_char_boundary(start)..text.ceil_char_boundary(end.min(text.len()))
}

/// What becomes of one character.
enum Fold {
    Keep,
    Drop,
    To(u8),
}

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
        let Some((size, folded)) = fold_at(original, at) else {
            at += 1;
            continue;
        };
        let out = copy.get_or_insert_with(CleanCopy::default);
        out.bytes.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
        out.step(at);
        match folded {
            Decoded::Nothing => {}
            Decoded::Byte(byte) => out.bytes.push(byte),
            Decoded::Char(letter) => {
                // Every byte of a decoded character but the last stays on the escape.
                for (index, byte) in letter.encode_utf8(&mut [0; 4]).bytes().enumerate() {
                    if index > 0 {
                        out.step(at);
                    }
                    out.bytes.push(byte);
                }
            }
        }
        at += size;
        copied = at;
        out.step(at);
    }
    let mut copy = copy?;
    copy.bytes.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Some(copy)
}

/// Lead bytes that may begin something to fold; everything else is passed over quickly, Chinese
/// above all.
const fn is_suspect(byte: u8) -> bool {
    matches!(byte, b'\\' | 0xC2 | 0xD9 | 0xDB | 0xE0..=0xE3 | 0xEF | 0xF0)
}

enum Decoded {
    Nothing,
    Byte(u8),
    Char(char),
}

/// The size in the original and the result, if something stands here that has to be folded.
fn fold_at(original: &str, at: usize) -> Option<(usize, Decoded)> {
    let rest = original.get(at..)?;
    let (letter, size) = escape(rest)
        .map(|letter| (letter, 6))
        .or_else(|| rest.chars().next().map(|letter| (letter, letter.len_utf8())))?;
    match fold_char(letter) {
        Fold::Drop => Some((size, Decoded::Nothing)),
        Fold::To(byte) => Some((size, Decoded::Byte(byte))),
        Fold::Keep if size == 6 => Some((size, Decoded::Char(letter))),
        Fold::Keep => None,
    }
}

/// Reads `\u4e2d` as one character; pairs of surrogates stay as they are.
fn escape(rest: &str) -> Option<char> {
    let digits = rest.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}

fn fold_char(letter: char) -> Fold {
    let code = u32::from(letter);
    let digit = |zero: u32| {
        u8::try_from(code - zero).map_or(Fold::Keep, |value| Fold::To(b'0' + value % 10))
    };
    match code {
        // zero-width characters, marks of direction, soft hyphen, byte order mark
        0xAD | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0xFEFF => Fold::Drop,
        0xA0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Fold::To(b' '),
        0x2010..=0x2015 | 0x2212 | 0xFE58 | 0xFE63 => Fold::To(b'-'),
        0xFE6B => Fold::To(b'@'),
        0x660..=0x669 => digit(0x660),
        0x6F0..=0x6F9 => digit(0x6F0),
        0x966..=0x96F => digit(0x966),
        0x1D7CE..=0x1D7FF => digit(0x1D7CE),
        0xFF01..=0xFF5E => full_width(code),
        _ => Fold::Keep,
    }
}

/// Full-width letters, digits and the signs that belong to values; full-width commas, colons and
/// brackets are ordinary Chinese punctuation and stay, so that most Chinese text is not copied.
fn full_width(code: u32) -> Fold {
    u8::try_from(code - 0xFF01 + 0x21)
        .ok()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"@.-_+/".contains(byte))
        .map_or(Fold::Keep, Fold::To)
}
