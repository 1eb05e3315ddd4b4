//! A text under inspection, with the questions that every detector asks of it: what stands here,
//! does a value begin or end here, which words name it.

use super::Found;
use crate::inspect::{Confidence, Evidence, Label};
use std::ops::Range;

/// How far before a value a word may stand that names it, in bytes.
const REACH_BEFORE: usize = 56;
/// How far after it.
const REACH_AFTER: usize = 28;

/// The folded bytes of one string and the path it was found at.
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) path: &'a str,
}

impl Text<'_> {
    /// The byte at a place; zero beyond the end.
    pub(super) fn at(&self, place: usize) -> u8 {
        self.bytes.get(place).copied().unwrap_or(0)
    }

    /// The byte before a place; zero at the beginning.
    pub(super) fn before(&self, place: usize) -> u8 {
        place.checked_sub(1).map_or(0, |place| self.at(place))
    }

    /// A part of the text, cut to what exists.
    pub(super) fn part(&self, span: Range<usize>) -> &[u8] {
        let end = span.end.min(self.bytes.len());
        self.bytes.get(span.start..end).unwrap_or_default()
    }

    /// Where the run of bytes that satisfy `accept` ends, beginning at `start`.
    pub(super) fn run(&self, start: usize, accept: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        start + rest.iter().position(|byte| !accept(*byte)).unwrap_or(rest.len())
    }

    /// Where the run of bytes that satisfy `accept` begins, ending before `end`.
    pub(super) fn run_back(&self, end: usize, accept: impl Fn(u8) -> bool) -> usize {
        let head = self.part(0..end);
        head.iter().rposition(|byte| !accept(*byte)).map_or(0, |place| place + 1)
    }

    /// Whether a value may begin here: not in the middle of a word. Chinese neighbours, an
    /// underscore and a JSON escape such as `\n` are no part of a word.
    pub(super) fn opens(&self, place: usize) -> bool {
        let previous = self.before(place);
        !previous.is_ascii_alphanumeric()
            || (matches!(previous, b'n' | b'r' | b't') && self.before(place - 1) == b'\\')
    }

    /// The place behind the letter of a JSON escape such as `\n`, if a run of letters begins there.
    pub(super) fn skip_escape(&self, start: usize) -> usize {
        let is_escape = self.before(start) == b'\\' && matches!(self.at(start), b'n' | b'r' | b't');
        start + usize::from(is_escape)
    }

    /// Like [`Self::opens`], but a word of `names` may be glued to the value, as in `tel1380…`.
    pub(super) fn opens_after(&self, place: usize, names: &[&str]) -> bool {
        if self.opens(place) {
            return true;
        }
        let start = self.run_back(place, |byte| byte.is_ascii_alphabetic());
        let word = self.part(start..place);
        self.opens(start) && names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether a value may end before this place.
    pub(super) fn closes(&self, place: usize) -> bool {
        !self.at(place).is_ascii_alphanumeric()
    }

    /// Whether one of the words (lower case) stands close to the value or in the path of its
    /// field, as a whole word.
    pub(super) fn named(&self, span: &Range<usize>, names: &[&str]) -> bool {
        self.named_before(span.start, REACH_BEFORE, names)
            || holds(self.part(span.end..span.end + REACH_AFTER), names)
            || holds(self.path.as_bytes(), names)
    }

    /// Whether one of the words stands in the `reach` bytes before the place.
    pub(super) fn named_before(&self, place: usize, reach: usize, names: &[&str]) -> bool {
        holds(self.part(place.saturating_sub(reach)..place), names)
    }

    /// Whether the value is a part of a UUID.
    pub(super) fn in_uuid(&self, place: usize) -> bool {
        let part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        let from = place.saturating_sub(36);
        let start = from
            + self.part(from..place).iter().rposition(|byte| !part(*byte)).map_or(0, |at| at + 1);
        let token = self.part(start..place + 37);
        let token = token.split(|byte| !part(*byte)).next().unwrap_or_default();
        token.len() == 36
            && token
                .iter()
                .enumerate()
                .all(|(index, byte)| (*byte == b'-') == matches!(index, 8 | 13 | 18 | 23))
    }
}

/// Whether the window holds one of the words. ASCII words must be whole (`_`, `-` and a change
/// from small to capital letters end a word); Chinese is written without gaps, so there any
/// occurrence counts.
fn holds(window: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| holds_word(window, name.as_bytes()))
}

fn holds_word(window: &[u8], name: &[u8]) -> bool {
    let Some(&first) = name.first() else { return false };
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(first, upper, window).any(|start| {
        let end = start + name.len();
        let Some(found) = window.get(start..end) else { return false };
        if !found.eq_ignore_ascii_case(name) {
            return false;
        }
        if !first.is_ascii() {
            return true;
        }
        let before = start.checked_sub(1).and_then(|place| window.get(place)).copied().unwrap_or(0);
        let after = window.get(end).copied().unwrap_or(0);
        is_edge(before, first_of(found)) && is_edge(last_of(found), after)
    })
}

fn first_of(word: &[u8]) -> u8 {
    word.first().copied().unwrap_or(0)
}

fn last_of(word: &[u8]) -> u8 {
    word.last().copied().unwrap_or(0)
}

/// Whether a word may end between these two bytes.
fn is_edge(left: u8, right: u8) -> bool {
    !left.is_ascii_alphabetic()
        || !right.is_ascii_alphabetic()
        || (left.is_ascii_lowercase() && right.is_ascii_uppercase())
}

/// A value that a detector recognised, in places of the folded text.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) label: Label,
    pub(super) span: Range<usize>,
    pub(super) confidence: Confidence,
    pub(super) evidence: Evidence,
}

impl Hit {
    /// Which of two overlapping hits to believe: the surer one, then the longer one.
    pub(super) fn rank(&self) -> (Confidence, u8, usize) {
        let evidence = match self.evidence {
            Evidence::Checksum => 2,
            Evidence::Context => 1,
            Evidence::Structure => 0,
        };
        (self.confidence, evidence, self.span.len())
    }
}

/// Adds a hit that a structure or checksum made likely and a word nearby makes certain.
pub(super) fn push_named(found: &mut Found, hit: Hit, is_named: Named) {
    let confidence = match is_named {
        Named::Yes => Confidence::Certain,
        Named::No => hit.confidence,
    };
    found.push(Hit { confidence, ..hit });
}

/// Whether a word beside a value names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Yes,
    No,
}

impl From<bool> for Named {
    fn from(named: bool) -> Self {
        if named { Self::Yes } else { Self::No }
    }
}
