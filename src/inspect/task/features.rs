//! What the classifier looks at: hashes of short runs of words, of the cues and of the shape.
//!
//! Only a bounded part of a prompt is read: the first sentence, where a request usually stands, the
//! last, where it stands otherwise, and the beginning of what is between them. So a prompt of 100 KB
//! costs what one of a few hundred bytes costs, and the words of a passage do not drown the request.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::rules;
use super::{Asked, Task};
use crate::inspect::Lang;

/// Bytes read of the first sentence, …
const FIRST: usize = 208;
/// … of the last, …
const LAST: usize = 192;
/// … and between the two.
const BETWEEN: usize = 192;
/// A sentence shorter than this ("Hi!", "Text:") is read together with the next.
const SENTENCE_MIN: usize = 12;
/// Blanks that are looked through at either end.
const BLANKS: usize = 8192;
/// Bytes in which lines are counted.
const SHAPE: usize = 4096;

/// The parts of a prompt whose words count apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// Words of the first sentence.
    First,
    /// Words of the last sentence.
    Last,
    /// Words of either.
    Anywhere,
    /// Words between the two.
    Between,
    /// Cues and shape.
    Shape,
}

impl Zone {
    /// How many there are.
    pub(super) const COUNT: usize = 5;

    /// Its place in a list of all.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Last => 1,
            Self::Anywhere => 2,
            Self::Between => 3,
            Self::Shape => 4,
        }
    }

    const fn salt(self) -> u32 {
        match self {
            Self::First => 0x85EB_CA6B,
            Self::Last => 0xC2B2_AE35,
            Self::Anywhere => 0x27D4_EB2F,
            Self::Between => 0x9E37_79B9,
            Self::Shape => 0x1656_67B1,
        }
    }
}

/// Calls `found` with every feature of a request, some of them more than once.
pub(super) fn visit(asked: &Asked<'_>, mut found: impl FnMut(Zone, u32)) {
    let text = trimmed(asked.turn);
    let system = trimmed(asked.system);
    let lead = if system.is_empty() { text } else { system };
    let (first, rest) = first_sentence(lead);
    let rest = if system.is_empty() { rest } else { text };
    let (between, last) = last_sentence(rest);
    grams(first, (true, false), |gram| {
        found(Zone::First, mix(gram, Zone::First.salt()));
        found(Zone::Anywhere, mix(gram, Zone::Anywhere.salt()));
    });
    grams(last, (false, true), |gram| {
        found(Zone::Last, mix(gram, Zone::Last.salt()));
        found(Zone::Anywhere, mix(gram, Zone::Anywhere.salt()));
    });
    grams(between, (false, false), |gram| {
        found(Zone::Between, mix(gram, Zone::Between.salt()));
    });
    let mut shape = |kind: u32, value: u32| {
        found(Zone::Shape, mix(kind << 16 | value, Zone::Shape.salt()));
    };
    let numbers = numbers(text);
    shapes(asked, text, (first, last), numbers, &mut shape);
    questions(text, (first, last), numbers, &mut shape);
    cues(text, numbers, &mut shape);
}

/// A text without blanks around it; one that begins or ends with very many is cut where they are still
/// blank, so that reading them does not take long.
pub(super) fn trimmed(text: &str) -> &str {
    let head = text.get(..text.floor_char_boundary(BLANKS)).unwrap_or_default();
    let skipped = head.len() - head.trim_start().len();
    if skipped == head.len() {
        return "";
    }
    let text = text.get(skipped..).unwrap_or_default();
    let from = text.ceil_char_boundary(text.len().saturating_sub(BLANKS));
    let tail = text.get(from..).unwrap_or_default();
    text.get(..from + tail.trim_end().len()).unwrap_or_default()
}

/// The first sentence, as far as it is read, and what comes behind it.
fn first_sentence(text: &str) -> (&str, &str) {
    let head = text.get(..text.floor_char_boundary(FIRST)).unwrap_or_default();
    let mut letters = head.char_indices().peekable();
    let mut end = head.len();
    while let Some((place, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        if place >= SENTENCE_MIN && ends_sentence(letter, next) {
            end = place + letter.len_utf8();
            break;
        }
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The beginning of a text, and its last sentence, as far as that is read.
fn last_sentence(text: &str) -> (&str, &str) {
    let text = trimmed(text);
    let from = text.ceil_char_boundary(text.len().saturating_sub(LAST));
    let tail = text.get(from..).unwrap_or_default();
    let mut start = 0;
    let mut next = None;
    for (place, letter) in tail.char_indices().rev() {
        let behind = place + letter.len_utf8();
        if tail.len() - behind >= SENTENCE_MIN && ends_sentence(letter, next) {
            start = behind;
            break;
        }
        next = Some(letter);
    }
    let (before, last) = text.split_at_checked(from + start).unwrap_or(("", text));
    (before.get(..before.floor_char_boundary(BETWEEN)).unwrap_or_default(), last)
}

/// Whether a sentence ends with this letter if that one follows.
fn ends_sentence(letter: char, next: Option<char>) -> bool {
    match letter {
        '\n' | '。' | '？' | '！' | '：' => true,
        '.' | '?' | '!' | ':' => next.is_none_or(char::is_whitespace),
        _ => false,
    }
}

const fn mix(hash: u32, other: u32) -> u32 {
    let mixed = (hash ^ other.rotate_left(13)).wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA77);
    mixed ^ (mixed >> 13)
}

/// The words that stand for a beginning, an end and a line break.
const BEGIN: u32 = 0x0000_0001;
const END: u32 = 0x0000_0002;
const LINE: u32 = 0x0000_0003;

/// Runs of one, two and three words; a Chinese character is a word.
fn grams(text: &str, (begins, ends): (bool, bool), mut found: impl FnMut(u32)) {
    if text.is_empty() {
        return;
    }
    let mut before = [0_u32; 2];
    let mut feed = |word: u32| {
        let [older, old] = before;
        found(word);
        if old != 0 {
            found(mix(old, word));
            if older != 0 {
                found(mix(mix(older, old), word.rotate_left(7)));
            }
        }
        before = [old, word];
    };
    if begins {
        feed(BEGIN);
    }
    words(text, &mut feed);
    if ends {
        feed(END);
    }
}

/// Cuts a text into words, each as a hash of its small letters.
fn words(text: &str, feed: &mut impl FnMut(u32)) {
    let mut run = Run::default();
    for letter in text.chars() {
        let code = u32::from(letter);
        match letter {
            'a'..='z' | 'A'..='Z' | '\'' => run.letter(code | 0x20, feed),
            '0'..='9' => run.digit(feed),
            ' ' | '\t' | '\r' => run.end(feed),
            '\n' => run.sign(LINE, feed),
            // Letters of other alphabets go into words; everything later is a word of its own.
            '\u{80}'..='\u{1FFF}' => run.letter(code, feed),
            _ => run.sign(folded(code) | SIGN, feed),
        }
    }
    run.end(feed);
}

/// Marks words that are one character, so that none is a small number.
const SIGN: u32 = 0x4000_0000;
/// Numbers by their length.
const NUMBER: u32 = 0x0000_0010;

/// The word that is being read.
#[derive(Default)]
struct Run {
    word: u32,
    digits: u32,
    sign: u32,
}

impl Run {
    fn letter(&mut self, code: u32, feed: &mut impl FnMut(u32)) {
        if self.digits > 0 {
            self.end(feed);
        }
        self.sign = 0;
        let word = if self.word == 0 { 0x811C_9DC5 } else { self.word };
        self.word = (word ^ code).wrapping_mul(0x0100_0193);
    }

    fn digit(&mut self, feed: &mut impl FnMut(u32)) {
        if self.word != 0 {
            self.end(feed);
        }
        self.sign = 0;
        self.digits += 1;
    }

    /// A run of one sign is one word, but a Chinese character may follow itself.
    fn sign(&mut self, sign: u32, feed: &mut impl FnMut(u32)) {
        const CHINESE: u32 = 0x3400 | SIGN;
        let is_repeat = sign == self.sign && sign < CHINESE;
        self.end(feed);
        if !is_repeat {
            feed(sign);
        }
        self.sign = sign;
    }

    fn end(&mut self, feed: &mut impl FnMut(u32)) {
        if self.word != 0 {
            feed(self.word);
        }
        if self.digits > 0 {
            feed(NUMBER + self.digits.min(5));
        }
        *self = Self::default();
    }
}

/// Full-width signs become those of ASCII.
const fn folded(code: u32) -> u32 {
    match code {
        0xFF01..=0xFF5E => code - 0xFEE0,
        0x3002 => 0x2E,
        0x201C | 0x201D | 0x300C | 0x300D => 0x22,
        _ => code,
    }
}

/// What length, lines, question marks, numbers and code say.
fn shapes(
    asked: &Asked<'_>,
    text: &str,
    (first, last): (&str, &str),
    numbers: u32,
    shape: &mut impl FnMut(u32, u32),
) {
    let bytes = text.as_bytes();
    let part = bytes.get(..SHAPE.min(bytes.len())).unwrap_or_default();
    let lines = memchr::memchr_iter(b'\n', part).count();
    let length = magnitude(text.chars().take(SHAPE).count());
    let asks = |part: &str| part.contains(['?', '？']);
    let ends_asking = text.ends_with(['?', '？']);
    let questions =
        u32::from(ends_asking) | u32::from(asks(first)) << 1 | u32::from(asks(last)) << 2;
    let digits = first.bytes().filter(u8::is_ascii_digit).count();
    let lang = match asked.lang {
        Lang::En => 0,
        Lang::Zh => 1,
        Lang::Other => 2,
    };
    let line_class = magnitude(lines).min(4);
    shape(1, length);
    shape(2, line_class);
    shape(3, questions);
    shape(4, magnitude(digits).min(5));
    shape(5, lang);
    shape(6, length << 4 | questions << 1 | u32::from(lines > 0));
    shape(7, magnitude(first.len()).min(9) << 4 | magnitude(last.len()).min(9));
    shape(8, u32::from(first.ends_with([':', '：'])) << 1 | u32::from(last.ends_with([':', '：'])));
    if memchr::memmem::find(part, b"```").is_some() {
        shape(9, 1);
    }
    let is_code =
        |line: &[u8]| line.ends_with(b";") || line.ends_with(b"{") || line.ends_with(b"):");
    let code_lines = part.split(|byte| *byte == b'\n').filter(|line| is_code(line.trim_ascii()));
    shape(10, magnitude(code_lines.count()).min(3));
    let is_item =
        |line: &[u8]| matches!(line, [b'-' | b'*', b' ', ..] | [b'0'..=b'9', b'.' | b')', ..]);
    let items = part.split(|byte| *byte == b'\n').filter(|line| is_item(line.trim_ascii()));
    shape(11, magnitude(items.count()).min(3));
    shape(12, u32::from(asked.has_images) << 1 | u32::from(asked.has_tools));
    shape(13, u32::from(!asked.system.is_empty()));
    shape(14, lang << 4 | length);
    // A story with numbers and a question at its end is a sum.
    shape(15, numbers);
    shape(16, numbers << 4 | u32::from(lines > 0) << 1 | u32::from(ends_asking));
    let choices = memchr::memmem::find(part, b"(A)").is_some()
        || memchr::memmem::find(part, b"\nA.").is_some()
        || memchr::memmem::find(part, b"A)").is_some();
    shape(17, u32::from(choices) << 3 | u32::from(lines > 0) << 2 | numbers.min(3));
}

/// Words that ask for a number.
const QUANTITIES: [&str; 16] = [
    "how many",
    "how much",
    "how long",
    "how far",
    "how old",
    "how fast",
    "how often",
    "how tall",
    "how high",
    "total",
    "percent",
    "what time",
    "calculate",
    "多少",
    "几",
    "计算",
];

static COUNTING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = AhoCorasick::builder().ascii_case_insensitive(true).build(QUANTITIES);
    words.ok()
});

/// Words that a question begins with, also one without its mark.
const ASKING: [&str; 17] = [
    "what", "who", "when", "where", "which", "why", "how", "whose", "whom", "is", "are", "was",
    "were", "did", "does", "do", "in",
];

/// Whether a question stands in a line of its own before or behind a text, and whether a number is asked for
/// where numbers are given.
fn questions(
    text: &str,
    (first, last): (&str, &str),
    numbers: u32,
    shape: &mut impl FnMut(u32, u32),
) {
    let head = text.get(..text.floor_char_boundary(FIRST)).unwrap_or_default();
    let from = text.ceil_char_boundary(text.len().saturating_sub(LAST));
    let tail = text.get(from..).unwrap_or_default();
    let (head, more) = head.split_once('\n').unwrap_or((head, ""));
    let tail = tail.rsplit_once('\n').map_or("", |(_, tail)| tail);
    let rest = magnitude(text.len() - head.len()).min(12) / 2;
    let lines =
        u32::from(asks(head)) | u32::from(asks(tail)) << 1 | u32::from(more.is_empty()) << 2;
    shape(18, lines << 4 | rest);
    let counts = |part: &str| u32::from(COUNTING.as_ref().is_some_and(|it| it.is_match(part)));
    let has_lines =
        memchr::memchr(b'\n', text.as_bytes().get(..SHAPE.min(text.len())).unwrap_or_default());
    let wanted = counts(last) << 1 | counts(first);
    shape(19, wanted << 4 | u32::from(has_lines.is_some()) << 3 | numbers.min(3));
}

/// Whether a line is a question.
fn asks(line: &str) -> bool {
    let line = line.trim();
    let word = line.split([' ', ',']).next().unwrap_or_default();
    line.ends_with(['?', '？']) || ASKING.iter().any(|it| word.eq_ignore_ascii_case(it))
}

/// How many numbers stand in the beginning, as a magnitude.
fn numbers(text: &str) -> u32 {
    let head = text.as_bytes().get(..512.min(text.len())).unwrap_or_default();
    let starts = head
        .iter()
        .zip(head.iter().skip(1))
        .filter(|(before, byte)| byte.is_ascii_digit() && !before.is_ascii_digit())
        .count();
    magnitude(starts + usize::from(head.first().is_some_and(u8::is_ascii_digit))).min(5)
}

/// The cues: which task they speak for, how strongly, and what comes second.
fn cues(text: &str, numbers: u32, shape: &mut impl FnMut(u32, u32)) {
    let points = rules::points(text);
    let mut best = (0_u32, 0_i32);
    let mut second = 0_i32;
    for (index, points) in (0_u32..).zip(points) {
        if points > best.1 {
            second = best.1;
            best = (index, points);
        } else if points > second {
            second = points;
        }
        let strength = u32::try_from(points.clamp(0, 31) / 4).unwrap_or(0);
        if points > 0 {
            shape(20, index << 8 | strength);
        }
    }
    let lead = u32::try_from((best.1 - second).clamp(0, 15) / 3).unwrap_or(0);
    let task = if best.1 > 0 { best.0 } else { u32::try_from(Task::ALL.len()).unwrap_or(0) };
    shape(21, task << 8 | lead);
    shape(22, task << 8 | numbers);
}

/// The number of binary digits: 0, 1, 2–3, 4–7, …
fn magnitude(count: usize) -> u32 {
    usize::BITS - count.leading_zeros()
}
