//! The one look at a text: finds the anchors, asks the detectors, settles overlaps.

use super::fold::Folded;
use super::text::{Hit, Text};
use super::{Anchor, DETECTORS, Detector, Evidence, Found, Label, Wake};
use crate::inspect::Confidence;
use crate::inspect::words::Words;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::LazyLock;

/// More separating characters than this between two groups of digits, and they are two numbers.
const GAP_MAX: usize = 3;

/// A recognised value in bytes of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inspect) struct Value {
    pub(in crate::inspect) label: Label,
    pub(in crate::inspect) span: Range<usize>,
    pub(in crate::inspect) confidence: Confidence,
    pub(in crate::inspect) evidence: Evidence,
}

/// The detectors, arranged by what wakes them. Made once.
pub(in crate::inspect) struct Scanner {
    words: Words,
    /// The detector of each word.
    word_owners: Vec<&'static dyn Detector>,
    digits: Vec<(usize, &'static dyn Detector)>,
    codes: Vec<&'static dyn Detector>,
    digits_min: usize,
}

static SHARED: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(DETECTORS));

impl Scanner {
    /// The scanner with every detector of this build.
    pub(in crate::inspect) fn shared() -> &'static Self {
        &SHARED
    }

    fn new(detectors: &[&'static dyn Detector]) -> Self {
        let (mut words, mut word_owners) = (Vec::new(), Vec::new());
        let (mut digits, mut codes) = (Vec::new(), Vec::new());
        for detector in detectors {
            match detector.wakes_on() {
                Wake::Digits(digits_min) => digits.push((digits_min, *detector)),
                Wake::LettersThenDigits => codes.push(*detector),
                Wake::Words(list) => {
                    words.extend_from_slice(list);
                    word_owners.extend(list.iter().map(|_| *detector));
                }
            }
        }
        let digits_min = digits.iter().map(|(digits_min, _)| *digits_min).min().unwrap_or(0);
        Self { words: Words::new(words), word_owners, digits, codes, digits_min }
    }

    /// Everything recognised in one string, in the order of the text, without overlaps.
    pub(in crate::inspect) fn scan(&self, original: &str, path: &str) -> Vec<Value> {
        let folded = Folded::new(original);
        let text = Text { bytes: folded.bytes(), path };
        let mut found = Found::new();
        self.ask_at_words(&text, &mut found);
        self.ask_at_digits(&text, &mut found);
        if found.is_empty() {
            return Vec::new();
        }
        settle(found)
            .into_iter()
            .map(|hit| Value {
                label: hit.label,
                span: folded.original_span(&hit.span),
                confidence: hit.confidence,
                evidence: hit.evidence,
            })
            .collect()
    }

    fn ask_at_words(&self, text: &Text<'_>, found: &mut Found) {
        self.words.visit(text.bytes, |word, place| {
            if let Some(detector) = self.word_owners.get(word) {
                detector.look(text, &Anchor::Word(place), found);
            }
        });
    }

    /// Walks over the runs of digits and collects those that stand close together.
    fn ask_at_digits(&self, text: &Text<'_>, found: &mut Found) {
        let mut groups: SmallVec<[Range<usize>; 16]> = SmallVec::new();
        let mut total = 0;
        let mut place = 0;
        loop {
            let start = text.run(place, |byte| !byte.is_ascii_digit());
            if start >= text.bytes.len() {
                break;
            }
            let end = text.run(start, |byte| byte.is_ascii_digit());
            if end - start >= 2 {
                self.ask_at_code(text, start, found);
            }
            let is_close = groups.last().is_some_and(|last| is_gap(text, last.end, start));
            if !is_close {
                self.ask_at_groups(text, &groups, total, found);
                groups.clear();
                total = 0;
            }
            total += end - start;
            groups.push(start..end);
            place = end;
        }
        self.ask_at_groups(text, &groups, total, found);
    }

    fn ask_at_groups(
        &self,
        text: &Text<'_>,
        groups: &[Range<usize>],
        total: usize,
        found: &mut Found,
    ) {
        let Some(first) = groups.first() else { return };
        if total < self.digits_min || text.in_uuid(first.start) {
            return;
        }
        for (_, detector) in self.digits.iter().filter(|(digits_min, _)| total >= *digits_min) {
            detector.look(text, &Anchor::Digits(groups), found);
        }
    }

    fn ask_at_code(&self, text: &Text<'_>, digits: usize, found: &mut Found) {
        let Some(start) = digits.checked_sub(2) else { return };
        let is_code = text.part(start..digits).iter().all(u8::is_ascii_alphabetic);
        if is_code && text.opens(start) {
            for detector in &self.codes {
                detector.look(text, &Anchor::Code(start), found);
            }
        }
    }
}

/// Whether only separators stand between two groups of digits.
fn is_gap(text: &Text<'_>, from: usize, to: usize) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/');
    to - from <= GAP_MAX && text.part(from..to).iter().all(is_separator)
}

/// Overlapping hits of one label become one; of different labels the surer one stays.
fn settle(mut found: Found) -> Found {
    if found.len() == 1 {
        return found;
    }
    found.sort_by_key(|hit| (hit.span.start, hit.span.end));
    let mut kept: Found = Vec::with_capacity(found.len());
    for mut hit in found {
        let mut is_beaten = false;
        while let Some(last) = kept.last_mut() {
            if last.span.end <= hit.span.start {
                break;
            }
            if last.label == hit.label {
                hit = union(last, &hit);
                kept.pop();
            } else if last.rank() >= hit.rank() {
                is_beaten = true;
                break;
            } else {
                kept.pop();
            }
        }
        if !is_beaten {
            kept.push(hit);
        }
    }
    kept
}

fn union(one: &Hit, other: &Hit) -> Hit {
    let surer = if one.rank() >= other.rank() { one } else { other };
    let span = one.span.start.min(other.span.start)..one.span.end.max(other.span.end);
    Hit { span, ..surer.clone() }
}
