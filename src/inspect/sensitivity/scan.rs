//! The one look at a text: finds the anchors, asks the detectors, settles overlaps.

use super::decode::{self, Decoded};
use super::fold::Folded;
use super::shape::{self, Compact, Index, SHAPES_MAX};
use super::text::{Classes, Cue, Hit, Mark, Text};
use super::vocabulary;
use super::{Anchor, Ask, DETECTORS, Detector, Evidence, Found, Label, Pack, PackSet, Wake, Where};
use crate::inspect::{Confidence, CustomPattern, Terms};
use smallvec::SmallVec;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

mod apart;
mod digits;
mod lexicon;
mod spelled;

use lexicon::Lexicon;

/// Encodings inside encodings that are undone.
const DEPTH_MAX: u8 = 2;
/// Most bytes decoded from one string, in all.
const DECODED_MAX: usize = 256 * 1024;
/// Most line ends in the middle of numbers that are taken for accidents.
const BREAKS_MAX: usize = 3;
/// Most hits kept of one string: beyond that, more of them say nothing new.
const HITS_MAX: usize = 20_000;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::inspect) struct Sought<'a> {
    pub(in crate::inspect) packs: PackSet,
    pub(in crate::inspect) terms: Option<&'a Terms>,
    pub(in crate::inspect) patterns: &'a [CustomPattern],
    /// Whether to say which word named each value, which costs time.
    pub(in crate::inspect) explains: bool,
}

/// A recognised value in bytes of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inspect) struct Value {
    pub(in crate::inspect) label: Label,
    pub(in crate::inspect) span: Range<usize>,
    pub(in crate::inspect) confidence: Confidence,
    pub(in crate::inspect) evidence: Evidence,
    /// Whether a word beside it names it.
    pub(in crate::inspect) is_named: bool,
    /// What named it, if that was asked.
    pub(in crate::inspect) cue: Option<Cue>,
}

/// What a look at one string found.
#[derive(Clone, Debug, Default)]
pub(in crate::inspect) struct Scanned {
    /// In the order of the text, without overlaps.
    pub(in crate::inspect) values: Vec<Value>,
    /// Whether a part could not be read.
    pub(in crate::inspect) is_partial: bool,
}

/// A detector with its place in the list.
#[derive(Clone, Copy)]
struct Owner {
    detector: &'static dyn Detector,
    class: Classes,
    pack: Pack,
}

/// One shape of a detector.
struct ShapeRule {
    shape: &'static str,
    owner: Owner,
    place: Where,
}

/// The detectors, arranged by what wakes them. Made once.
pub(in crate::inspect) struct Scanner {
    lexicon: Lexicon,
    digits: Vec<(usize, Owner)>,
    codes: Vec<Owner>,
    names: Vec<Owner>,
    numbers: Vec<Owner>,
    tokens: Vec<Owner>,
    numbers_classes: Classes,
    shapes: Vec<ShapeRule>,
    shape_index: Index,
    digits_min: usize,
}

static SHARED: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(DETECTORS));

impl Scanner {
    /// The scanner with every detector of this build.
    pub(in crate::inspect) fn shared() -> &'static Self {
        &SHARED
    }

    fn new(detectors: &[&'static dyn Detector]) -> Self {
        let mut words = BTreeMap::new();
        let mut scanner = Self {
            lexicon: Lexicon::empty(),
            digits: Vec::new(),
            codes: Vec::new(),
            names: Vec::new(),
            numbers: Vec::new(),
            tokens: Vec::new(),
            numbers_classes: Classes::NONE,
            shapes: Vec::new(),
            shape_index: Index::new([]),
            digits_min: 0,
        };
        for (index, detector) in detectors.iter().enumerate() {
            let owner =
                Owner { detector: *detector, class: Classes::of(index), pack: detector.pack() };
            let soft = if detector.has_soft_names() { Classes::SOFT } else { Classes::NONE };
            for name in detector.names() {
                lexicon::name(&mut words, name, owner.class.and(soft));
            }
            for name in vocabulary::of(detector.labels()) {
                // A short word means something else in some other language.
                let is_short = name.len() <= vocabulary::SHORT_MAX && name.is_ascii();
                let soft = if is_short { Classes::SOFT } else { soft };
                lexicon::name(&mut words, name, owner.class.and(soft));
            }
            scanner.arrange(owner, &mut words);
        }
        for name in spelled::SIGNS {
            lexicon::name(&mut words, name, Classes::SPELLED.and(Classes::SOFT));
        }
        for name in lexicon::OTHER_NAMES.iter().copied().chain(vocabulary::others()) {
            lexicon::name(&mut words, name, Classes::OTHER);
        }
        scanner.digits_min = scanner.digits.iter().map(|(least, _)| *least).min().unwrap_or(0);
        scanner.shapes.truncate(SHAPES_MAX);
        scanner.shape_index = Index::new(scanner.shapes.iter().map(|rule| rule.shape));
        scanner.lexicon = Lexicon::new(words);
        scanner
    }

    fn arrange(&mut self, owner: Owner, words: &mut lexicon::Entries) {
        for wake in owner.detector.wakes_on() {
            match wake {
                Wake::Digits(least) => self.digits.push((least, owner)),
                Wake::LettersThenDigits => self.codes.push(owner),
                Wake::Words(list) => {
                    for word in list {
                        lexicon::trigger(words, word, owner);
                    }
                }
                Wake::Marks(list) => {
                    for word in list {
                        lexicon::mark(words, word, owner);
                    }
                }
                Wake::Names => self.names.push(owner),
                Wake::Tokens => self.tokens.push(owner),
                Wake::Numbers => {
                    self.numbers.push(owner);
                    self.numbers_classes = self.numbers_classes.and(owner.class);
                }
                Wake::Shapes(shapes, place) => {
                    let rules = shapes.iter().map(|shape| ShapeRule { shape, owner, place });
                    self.shapes.extend(rules);
                }
            }
        }
    }

    /// Everything recognised in one string.
    pub(in crate::inspect) fn scan(
        &self,
        original: &str,
        path: &str,
        sought: &Sought<'_>,
    ) -> Scanned {
        let mut marks = Vec::new();
        self.lexicon.visit(last_key(path).as_bytes(), |_, _| {}, |mark| marks.push(mark));
        let path = marks.iter().fold(Classes::NONE, |all, mark| all.and(mark.classes));
        let mut scanned = self.scan_at(original, path, sought, 0);
        if scanned.values.len() > 1 {
            scanned.values.sort_by_key(|value| value.span.start);
        }
        scanned
    }

    fn scan_at(&self, original: &str, path: Classes, sought: &Sought<'_>, depth: u8) -> Scanned {
        let folded = Folded::new(original);
        let mut scanned = self.look(folded.bytes(), path, sought, depth);
        for value in &mut scanned.values {
            value.span = folded.original_span(&value.span);
            if let Some(Cue::Word(word)) = &mut value.cue {
                *word = folded.original_span(word);
            }
        }
        scanned
    }

    /// Looks at folded bytes; spans are places in them.
    fn look(&self, bytes: &[u8], path: Classes, sought: &Sought<'_>, depth: u8) -> Scanned {
        let mut marks = Vec::new();
        let mut triggers: SmallVec<[(usize, Range<usize>); 16]> = SmallVec::new();
        self.lexicon.visit(
            bytes,
            |word, place| triggers.push((word, place)),
            |mark| marks.push(mark),
        );
        marks.sort_by_key(|mark: &Mark| (mark.start, mark.end));
        let about = marks.iter().fold(path, |all, mark| all.and(mark.classes));
        let text = Text { bytes, marks: &marks, path, tables: OnceCell::new() };
        let mut pass = Pass { scanner: self, text: &text, about, sought, found: Found::new() };
        for (word, place) in triggers {
            for owner in self.lexicon.owners(word) {
                pass.ask(*owner, &Anchor::Word(place.clone()));
            }
        }
        for owner in self.names.iter().filter(|owner| about.meets(owner.class)) {
            for mark in marks.iter().filter(|mark| mark.classes.meets(owner.class)) {
                pass.ask(*owner, &Anchor::Name(mark.start..mark.end));
            }
        }
        pass.custom();
        let spaced = apart::rows(&text, digits::walk(&mut pass));
        let mut is_partial = pass.tokens(depth);
        if !spaced.is_empty() && depth < DEPTH_MAX {
            is_partial |= pass.closed_up(&spaced, depth);
        }
        if about.meets(Classes::SPELLED) && depth < DEPTH_MAX && is_spelled(&text) {
            is_partial |= pass.spelled(depth);
        }
        if depth < DEPTH_MAX {
            is_partial |= pass.unbroken(depth);
        }
        let values = settle(pass.found).into_iter().map(|hit| Value {
            cue: if sought.explains { cue(&text, &hit, sought) } else { None },
            label: hit.label,
            span: hit.span,
            confidence: hit.confidence,
            evidence: hit.evidence,
            is_named: hit.is_named,
        });
        Scanned { values: values.collect(), is_partial }
    }
}

/// Whether words for digits stand close together, or two characters such as 一三 that begin a number.
fn is_spelled(text: &Text<'_>) -> bool {
    let mut signs =
        text.marks.iter().filter(|mark| mark.classes.meets(Classes::SPELLED)).peekable();
    while let Some(mark) = signs.next() {
        let is_telling = matches!(text.at(mark.start), 0xE3..=0xEC) && mark.end - mark.start >= 6;
        let next = signs.peek();
        if is_telling || next.is_some_and(|next| next.start <= mark.end + spelled::SIGNS_REACH) {
            return true;
        }
    }
    false
}

/// What named a value that rests on a name.
fn cue(text: &Text<'_>, hit: &Hit, sought: &Sought<'_>) -> Option<Cue> {
    if !hit.is_named && hit.evidence != Evidence::Context {
        return None;
    }
    let mut own = sought.patterns.iter().filter(|pattern| pattern.label() == hit.label);
    let own = own.find_map(|pattern| pattern.cue(text.bytes, &hit.span));
    let owners = DETECTORS.iter().enumerate();
    let class = owners
        .filter(|(_, detector)| detector.labels().contains(&hit.label))
        .fold(Classes::NONE, |all, (index, _)| all.and(Classes::of(index)));
    let nearest = || text.nearest(&hit.span, class).map(Cue::Word);
    own.map(Cue::Word).or_else(|| text.cue(&hit.span, class)).or_else(nearest)
}

/// The last key of a path, which says what the string is; with the one before it if that says
/// little.
fn last_key(path: &str) -> &str {
    const VAGUE: &[&str] = &["value", "text", "content", "number", "id", "data", "no"];
    let path = path
        .trim_end_matches(|letter: char| letter == ']' || letter == '[' || letter.is_ascii_digit());
    let start = path.rfind('.').map_or(0, |dot| dot + 1);
    let last = path.get(start..).unwrap_or_default();
    if !VAGUE.contains(&last) {
        return last;
    }
    let head = path.get(..start.saturating_sub(1)).unwrap_or_default();
    let start = head.rfind('.').map_or(0, |dot| dot + 1);
    path.get(start..).unwrap_or_default()
}

/// One look at one text.
struct Pass<'a> {
    scanner: &'a Scanner,
    text: &'a Text<'a>,
    /// Everything that is named anywhere in the text or its path.
    about: Classes,
    sought: &'a Sought<'a>,
    found: Found,
}

impl Pass<'_> {
    fn ask(&mut self, owner: Owner, anchor: &Anchor<'_>) {
        if self.sought.packs.contains(owner.pack) && self.found.len() < HITS_MAX {
            let ask = Ask { text: self.text, class: owner.class, about: self.about };
            owner.detector.look(&ask, anchor, &mut self.found);
        }
    }

    /// Looks for the installation's own terms and patterns.
    fn custom(&mut self) {
        let terms = self.sought.terms.map(|terms| terms.find(self.text.bytes)).unwrap_or_default();
        self.found.extend(terms.into_iter().map(|(label, span)| Hit::by_shape(label, span)));
        for pattern in self.sought.patterns {
            let spans = pattern.find(self.text.bytes).into_iter();
            self.found.extend(spans.map(|span| own(pattern, span)));
        }
    }

    /// Asks at long tokens and looks into those that hide text. Says whether something stayed
    /// unread.
    fn tokens(&mut self, depth: u8) -> bool {
        let mut tokens: SmallVec<[Range<usize>; 8]> = SmallVec::new();
        decode::tokens(self.text.bytes, |token| tokens.push(token));
        let mut budget = DECODED_MAX;
        let mut is_partial = false;
        for token in tokens {
            for owner in &self.scanner.tokens {
                self.ask(*owner, &Anchor::Token(token.clone()));
            }
            if depth >= DEPTH_MAX {
                continue;
            }
            match decode::decode(self.text, &token) {
                Decoded::Nothing => {}
                Decoded::Opaque => is_partial = true,
                Decoded::Text(_) if budget == 0 => is_partial = true,
                Decoded::Text(hidden) => {
                    budget = budget.saturating_sub(hidden.len());
                    is_partial |= token.len() > decode::TOKEN_MAX;
                    is_partial |= self.hidden(&hidden, &token, depth);
                }
            }
        }
        is_partial
    }

    /// Looks at what a token hides; what is found there is reported at the token.
    fn hidden(&mut self, hidden: &str, token: &Range<usize>, depth: u8) -> bool {
        let path = self.text.path.and(self.text.around(token.start));
        let scanned = self.scanner.scan_at(hidden, path, self.sought, depth + 1);
        self.found.extend(scanned.values.into_iter().map(|value| Hit {
            label: value.label,
            span: token.clone(),
            confidence: value.confidence,
            evidence: value.evidence,
            is_named: true,
        }));
        scanned.is_partial
    }

    /// Looks again with digits closed up that were written apart: `5 3 6 2 2 8 1 4 5`. Single letters
    /// before and behind them belong to them, and hyphens where blanks part the digits.
    fn closed_up(&mut self, spaced: &[Range<usize>], depth: u8) -> bool {
        let text = self.text;
        let mut bytes = Vec::with_capacity(text.bytes.len());
        let mut origin = Vec::with_capacity(text.bytes.len());
        let mut runs = spaced.iter().peekable();
        for (place, byte) in text.bytes.iter().enumerate() {
            while runs.next_if(|run| run.end <= place).is_some() {}
            let run = runs.peek().filter(|run| run.contains(&place));
            let is_kept = run.is_none_or(|run| {
                let has_blanks = text.part((*run).clone()).contains(&b' ');
                byte.is_ascii_alphanumeric() || (has_blanks && matches!(byte, b'-' | b'.' | b'/'))
            });
            if is_kept {
                bytes.push(*byte);
                origin.push(place);
            }
        }
        self.again((&bytes, &origin), depth, |value, is_changed| is_changed || value.is_named)
    }

    /// Looks again without line ends in the middle of numbers, if there are few of them: a list of
    /// numbers is not one long number.
    fn unbroken(&mut self, depth: u8) -> bool {
        let text = self.text;
        let is_inside = |place: &usize| match (text.before(*place), text.at(place + 1)) {
            (b'0'..=b'9', b'-') => text.at(place + 2).is_ascii_digit(),
            (b'0'..=b'9' | b'-', b'0'..=b'9') => true,
            _ => false,
        };
        let lines = memchr::memchr_iter(b'\n', text.bytes).filter(is_inside);
        let lines: SmallVec<[usize; 4]> = lines.take(BREAKS_MAX + 1).collect();
        if lines.is_empty() || lines.len() > BREAKS_MAX {
            return false;
        }
        let origin: Vec<usize> = (0..text.bytes.len()).filter(|at| !lines.contains(at)).collect();
        let bytes: Vec<u8> = origin.iter().map(|at| text.at(*at)).collect();
        self.again((&bytes, &origin), depth, |value, is_changed| {
            is_changed && (value.is_named || value.evidence == Evidence::Checksum)
        })
    }

    /// Looks again with digits for their words.
    fn spelled(&mut self, depth: u8) -> bool {
        spelled::read(self.text.bytes).is_some_and(|(bytes, origin)| {
            self.again((&bytes, &origin), depth, |_, is_changed| is_changed)
        })
    }

    /// Looks at a changed copy of the text. Only what lies in changed parts is new: everything else
    /// was found before.
    fn again(
        &mut self,
        (bytes, origin): (&[u8], &[usize]),
        depth: u8,
        is_believed: impl Fn(&Value, bool) -> bool,
    ) -> bool {
        let scanned = self.scanner.look(bytes, self.text.path, self.sought, depth + 1);
        for value in scanned.values {
            let Value { label, ref span, confidence, evidence, .. } = value;
            let size = span.len();
            let last = span.end.saturating_sub(1).max(span.start);
            let place = |at: usize| origin.get(at).copied();
            let (Some(start), Some(end)) = (place(span.start), place(last)) else {
                continue;
            };
            // The last digit's word goes on to where the next byte comes from.
            let end = place(last + 1).unwrap_or(self.text.bytes.len()).min(end + 15).max(end + 1);
            let end = self.text.run_back(end, |byte| byte == b' ' || byte == b',').max(start + 1);
            if is_believed(&value, end - start > size) {
                self.found.push(Hit {
                    label,
                    span: start..end,
                    confidence,
                    evidence,
                    is_named: false,
                });
            }
        }
        scanned.is_partial
    }
}

/// What a pattern of the policy's own found: as sure as what it was checked with.
fn own(pattern: &CustomPattern, span: Range<usize>) -> Hit {
    let label = pattern.label();
    match (pattern.is_checked(), pattern.is_context_bound()) {
        (true, true) => Hit::by_checksum(label, span).named(),
        (true, false) => Hit::by_checksum(label, span),
        (false, true) => Hit::by_context(label, span),
        (false, false) => Hit::by_shape(label, span),
    }
}

/// Overlapping hits of one label become one; of different labels the surer one stays.
fn settle(mut found: Found) -> Found {
    if found.len() <= 1 {
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
