//! A text under inspection, with the questions that every detector asks of it: what stands here,
//! does a value begin or end here, which words name it.

use super::table::Tables;
use crate::inspect::{Confidence, Evidence, Label};
use std::cell::OnceCell;
use std::ops::Range;

/// How far before a value a word may stand that names it, in bytes.
const REACH_BEFORE: usize = 96;
/// How far after it.
const REACH_AFTER: usize = 48;
/// The longest key of a pair such as `key: value`.
const KEY_MAX: usize = 64;

/// A set of kinds of naming words: a bit per detector, and some for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes(pub(super) u64);

impl Classes {
    pub(super) const NONE: Self = Self(0);
    /// Words for numbers that are nothing sensitive: orders, versions, tickets.
    pub(super) const OTHER: Self = Self(1 << 63);
    /// Words of which many stand in a text without naming the next number.
    pub(super) const SOFT: Self = Self(1 << 62);

    /// Words for digits.
    pub(super) const SPELLED: Self = Self(1 << 61);

    /// The class of the detector with this number.
    pub(super) fn of(index: usize) -> Self {
        u32::try_from(index).ok().and_then(|bit| 1_u64.checked_shl(bit)).map_or(Self::NONE, Self)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A word that names values, where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) classes: Classes,
}

/// The folded bytes of one string, where it was found, and the naming words in both.
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    /// The naming words, in the order of the text.
    pub(super) marks: &'a [Mark],
    /// What the path of the string names.
    pub(super) path: Classes,
    pub(super) tables: OnceCell<Tables>,
}

/// What named a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inspect) enum Cue {
    /// The key that the text was found under.
    Path,
    /// A word, a key or the head of a column, at this place.
    Word(Range<usize>),
}

/// What the nearest naming word before a value says.
enum Nearest {
    /// There is none close by.
    Nothing,
    /// It names something else.
    Other,
    /// It names the value.
    OfClass(Mark),
}

/// How a word names a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    No,
    Yes,
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

    /// Like [`Self::run`], but no further than `max` bytes.
    pub(super) fn run_max(&self, start: usize, max: usize, accept: impl Fn(u8) -> bool) -> usize {
        let rest = self.part(start..start.saturating_add(max));
        start + rest.iter().position(|byte| !accept(*byte)).unwrap_or(rest.len())
    }

    /// Where the run of bytes that satisfy `accept` begins, ending before `end`.
    pub(super) fn run_back(&self, end: usize, accept: impl Fn(u8) -> bool) -> usize {
        let head = self.part(0..end);
        head.iter().rposition(|byte| !accept(*byte)).map_or(0, |place| place + 1)
    }

    /// Like [`Self::run_back`], but no further than `max` bytes.
    pub(super) fn run_back_max(
        &self,
        end: usize,
        max: usize,
        accept: impl Fn(u8) -> bool,
    ) -> usize {
        let from = end.saturating_sub(max);
        let head = self.part(from..end);
        from + head.iter().rposition(|byte| !accept(*byte)).map_or(0, |place| place + 1)
    }

    /// Whether a value may begin here: not in the middle of a word. Chinese neighbours, an
    /// underscore and a JSON escape such as `\n` are no part of a word.
    pub(super) fn opens(&self, place: usize) -> bool {
        let previous = self.before(place);
        !previous.is_ascii_alphanumeric()
            || (matches!(previous, b'n' | b'r' | b't') && self.before(place - 1) == b'\\')
    }

    /// Like [`Self::opens`], or a naming word may be glued to the value, as in `tel1380…`.
    pub(super) fn opens_after(&self, place: usize, class: Classes) -> bool {
        self.opens(place)
            || self
                .marks_before(place)
                .first()
                .is_some_and(|mark| mark.end == place && mark.classes.meets(class))
    }

    /// The place behind the letter of a JSON escape such as `\n`, if a run of letters begins there.
    pub(super) fn skip_escape(&self, start: usize) -> usize {
        let is_escape = self.before(start) == b'\\' && matches!(self.at(start), b'n' | b'r' | b't');
        start + usize::from(is_escape)
    }

    /// Whether a value may end before this place.
    pub(super) fn closes(&self, place: usize) -> bool {
        !self.at(place).is_ascii_alphanumeric()
    }

    /// Whether a value begins with one of its names.
    pub(super) fn begins_with_name(&self, span: &Range<usize>, class: Classes) -> bool {
        let from = self.marks.partition_point(|mark| mark.start < span.start);
        let mut marks = self.marks.get(from..).unwrap_or_default().iter();
        marks.next().is_some_and(|mark| {
            let size = mark.end - mark.start;
            mark.start == span.start && size > 2 && mark.classes.meets(class)
        })
    }

    /// Where a naming word ends inside these places.
    pub(super) fn mark_end_in(&self, places: Range<usize>) -> Option<usize> {
        let marks = self.marks_before(places.end);
        marks.iter().map(|mark| mark.end).find(|end| places.contains(end))
    }

    /// The last marks that end before a place, nearest first; at most a handful.
    fn marks_before(&self, place: usize) -> smallvec::SmallVec<[Mark; 8]> {
        let until = self.marks.partition_point(|mark| mark.start < place);
        let marks = self.marks.get(..until).unwrap_or_default().iter().rev();
        marks.filter(|mark| mark.end <= place).take(8).copied().collect()
    }

    /// Whether a word of the class names the value: the path, a column's head, the key right before
    /// it, the nearest naming word before it, or else the first one after it.
    pub(super) fn named(&self, span: &Range<usize>, class: Classes) -> Named {
        if self.cue(span, class).is_some() { Named::Yes } else { Named::No }
    }

    /// What names the value, if anything does.
    pub(super) fn cue(&self, span: &Range<usize>, class: Classes) -> Option<Cue> {
        if self.path.meets(class) {
            return Some(Cue::Path);
        }
        if self.marks.is_empty() {
            return None;
        }
        let key = self.key(span.start);
        let word = match key {
            Some(key) => match self.mark_in(&key, class) {
                Some(mark) => Some(mark),
                // An exact key that names something else settles it, unless the key beside it says
                // of which type the value is, or a table's head knows more.
                None if self.is_exact(&key) => self.typed(&key, class),
                None => self.in_sentence(span, class),
            },
            None => self.in_sentence(span, class),
        };
        let word = word.or_else(|| self.in_column(span.start, class));
        word.map(|mark| Cue::Word(mark.start..mark.end))
    }

    /// The nearest naming word before the value, or else the first one behind it.
    fn in_sentence(&self, span: &Range<usize>, class: Classes) -> Option<Mark> {
        match self.nearest_before(span.start, class) {
            Nearest::OfClass(mark) => Some(mark),
            Nearest::Other => None,
            Nearest::Nothing => self.first_after(span.end, class),
        }
    }

    /// The type that the pair before this key states: `"idType": "SSN", "idValue": …`.
    fn typed(&self, key: &Range<usize>, class: Classes) -> Option<Mark> {
        const KEYS: [&[u8]; 7] =
            [b"type", b"kind", b"label", b"scheme", b"system", b"name", b"category"];
        let mark = *self.marks_before(key.start).first()?;
        let gap = self.part(mark.end..key.start);
        let is_beside = gap.len() <= 12
            && !gap.iter().any(|byte| byte.is_ascii_alphanumeric() || b"{}[]".contains(byte));
        if !is_beside || !mark.classes.meets(class) {
            return None;
        }
        let type_key = self.key(mark.start)?;
        let type_key = self.part(type_key).trim_ascii().to_ascii_lowercase();
        KEYS.iter().any(|known| type_key.ends_with(known)).then_some(mark)
    }

    /// The word of a class next to a value, for values that their names led to.
    pub(super) fn nearest(&self, span: &Range<usize>, class: Classes) -> Option<Range<usize>> {
        let before = self.marks_before(span.start);
        let before = before.iter().find(|mark| mark.classes.meets(class));
        let before = before.filter(|mark| span.start - mark.end <= 2 * REACH_BEFORE);
        let from = self.marks.partition_point(|mark| mark.start < span.end);
        let mut after = self.marks.get(from..).unwrap_or_default().iter();
        let after = || after.find(|mark| mark.classes.meets(class));
        let mark = before.or_else(after)?;
        Some(mark.start..mark.end)
    }

    /// Whether the value is named as something else, right before it.
    pub(super) fn is_other(&self, span: &Range<usize>, class: Classes) -> bool {
        let marks = self.marks_before(span.start);
        let hard = marks.iter().find(|mark| !mark.classes.meets(Classes::SOFT));
        hard.is_some_and(|mark| span.start - mark.end <= 32)
            && matches!(self.nearest_before(span.start, class), Nearest::Other)
    }

    /// The first mark of the class in this part of the text.
    fn mark_in(&self, part: &Range<usize>, class: Classes) -> Option<Mark> {
        let from = self.marks.partition_point(|mark| mark.start < part.start);
        let rest = self.marks.get(from..).unwrap_or_default().iter();
        rest.take_while(|mark| mark.start < part.end)
            .find(|mark| mark.end <= part.end && mark.classes.meets(class))
            .copied()
    }

    /// What is named right before a place.
    pub(super) fn around(&self, place: usize) -> Classes {
        let near = |mark: &Mark| place - mark.end <= REACH_BEFORE;
        let marks = self.marks_before(place);
        marks
            .iter()
            .filter(|mark| near(mark))
            .fold(Classes::NONE, |all, mark| all.and(mark.classes))
    }

    fn in_column(&self, place: usize, class: Classes) -> Option<Mark> {
        let tables = self.tables.get_or_init(|| Tables::read(self.bytes));
        tables.head(self.bytes, place).and_then(|head| self.mark_in(&head, class))
    }

    /// The key that stands right before a value: `key: value`, `"key": "value"`, `key=value`,
    /// `<key>value`.
    fn key(&self, value: usize) -> Option<Range<usize>> {
        let is_gap =
            |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\' | b'*' | b'(' | b'[');
        let end = self.run_back_max(value, 12, is_gap);
        let sign = self.before(end);
        let is_wide = self.part(end.saturating_sub(3)..end) == "：".as_bytes();
        if !is_wide && !matches!(sign, b':' | b'=' | b'>') {
            return None;
        }
        let end = if is_wide {
            end - 3
        } else {
            self.run_back_max(end, 3, |byte| matches!(byte, b':' | b'=' | b'>'))
        };
        let end = self.run_back_max(end, 6, is_gap);
        let start = self.run_back_max(end, KEY_MAX, |byte| {
            !matches!(
                byte,
                b'\n' | b',' | b';' | b'{' | b'<' | b'&' | b'?' | b'|' | b'\t' | b'"' | b'\''
            )
        });
        let is_frame = sign == b'>' && is_one_of_frames(self.part(start..end));
        (start < end && !is_frame).then_some(start..end)
    }

    /// Whether a key is written like one, in one word, and so means what it says.
    fn is_exact(&self, key: &Range<usize>) -> bool {
        const VAGUE: &[&[u8]] = &[
            b"value", b"number", b"no", b"text", b"content", b"data", b"v", b"result", b"is",
            b"id", b"val", b"num", b"no.", b"nr", b"input", b"answer", b"field", b"body", b"q",
            b"query", b"message",
        ];
        let key = self.part(key.clone()).trim_ascii();
        let is_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        key.iter().all(is_word)
            && key.iter().any(u8::is_ascii_alphabetic)
            && !VAGUE.iter().any(|vague| key.eq_ignore_ascii_case(vague))
    }

    /// What the nearest naming word before the value says.
    fn nearest_before(&self, value: usize, class: Classes) -> Nearest {
        let mut cluster: Option<usize> = None;
        // Where a word for something else ends that stands nearest.
        let mut last = None;
        for mark in self.marks_before(value) {
            if value - mark.end > REACH_BEFORE || self.is_parted(mark.end, value) {
                break;
            }
            // Words that overlap or touch, such as "ID card number", speak together; but an "order" that
            // stands apart has the last word, as in "my number of the order".
            let is_near = cluster.is_none_or(|start| mark.end + 1 >= start);
            let is_overruled = last
                .is_some_and(|last| mark.end < last && self.part(mark.start..last).contains(&b' '));
            if !is_near || is_overruled {
                break;
            }
            if mark.classes.meets(class) {
                return Nearest::OfClass(mark);
            }
            if !mark.classes.meets(Classes::SOFT) {
                if cluster.is_none() && mark.classes.meets(Classes::OTHER) {
                    last = Some(mark.end);
                }
                cluster = Some(cluster.map_or(mark.start, |start| start.min(mark.start)));
            }
        }
        if cluster.is_some() { Nearest::Other } else { Nearest::Nothing }
    }

    fn first_after(&self, value: usize, class: Classes) -> Option<Mark> {
        let from = self.marks.partition_point(|mark| mark.start < value);
        let mut rest = self.marks.get(from..).unwrap_or_default().iter();
        let near = |mark: &&Mark| {
            mark.start - value <= REACH_AFTER && !self.is_parted_after(value, mark.start)
        };
        let first = rest.next().filter(near)?;
        if first.classes.meets(class) {
            return Some(*first);
        }
        rest.take_while(|mark| mark.start <= first.end + 1)
            .find(|mark| mark.classes.meets(class))
            .copied()
    }

    /// Whether a sentence ends, or too many lines, between a word and the value after it.
    fn is_parted(&self, word: usize, value: usize) -> bool {
        let gap = self.part(word..value);
        if gap.len() <= 3 || (gap.contains(&b'<') && is_markup(gap)) {
            return false;
        }
        let lines = memchr::memchr_iter(b'\n', gap).count();
        let is_stop = |pair: &[u8]| matches!(pair, [b'.' | b'!', b' ' | b'\n']);
        let has_stop = gap.windows(2).any(is_stop) && gap.len() > 8;
        let has_wide_stop = memchr::memmem::find(gap, "。".as_bytes()).is_some();
        let is_block = gap.contains(&b'{') || gap.contains(&b'}') || gap.contains(&b'<');
        has_stop || has_wide_stop || is_block || lines > 2 || (lines > 0 && gap.len() > 40)
    }

    /// The same for a word after the value, where a line or another number ends it, too.
    fn is_parted_after(&self, value: usize, word: usize) -> bool {
        let gap = self.part(value..word);
        let ends = |byte: &u8| {
            matches!(byte, b'\n' | b';' | b'{' | b'}' | b'|' | b'"' | b'<' | b'&' | b'\t')
        };
        if is_pointing(gap) {
            return false;
        }
        let has_stop = gap.windows(2).any(|pair| matches!(pair, [b'.' | b'!' | b',', b' ']));
        gap.iter().any(ends)
            || has_stop
            || memchr::memmem::find(gap, "。".as_bytes()).is_some()
            || memchr::memmem::find(gap, "，".as_bytes()).is_some()
            || gap.iter().filter(|byte| byte.is_ascii_digit()).count() > 3
    }
}

/// Whether the next sentence points back at the value: `…. That is my `.
fn is_pointing(gap: &[u8]) -> bool {
    const POINTERS: [&[u8]; 10] = [
        b"that is ",
        b"that's ",
        b"this is ",
        b"it is ",
        b"it's ",
        b"which is ",
        b"das ist ",
        b"c'est ",
        b"es mi ",
        b"these are ",
    ];
    let start = gap.iter().position(u8::is_ascii_alphabetic).unwrap_or(gap.len());
    let head = gap.get(start..gap.len().min(start + 12)).unwrap_or_default().to_ascii_lowercase();
    start <= 4 && gap.len() <= 28 && POINTERS.iter().any(|pointer| head.starts_with(pointer))
}

/// Whether an element only frames a value and says nothing of it.
fn is_one_of_frames(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 26] = [
        b"td", b"th", b"dd", b"dt", b"li", b"p", b"b", b"i", b"em", b"strong", b"span", b"div",
        b"code", b"pre", b"br", b"string", b"integer", b"cell", b"label", b"u", b"tt", b"kbd",
        b"a", b"v", b"h3", b"h4",
    ];
    // Attributes may stand behind the name; the end of another element may lie before.
    let name = name.trim_ascii();
    let name = name.strip_prefix(b"/").unwrap_or(name);
    let word = name.split(|byte| *byte == b' ').next().unwrap_or_default();
    NAMES.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether only tags stand here, none of which begins another row: `</td><td>`, `</label><input value="`.
fn is_markup(gap: &[u8]) -> bool {
    let mut rest = gap;
    while let Some(open) = memchr::memchr(b'<', rest) {
        let (before, tag) = rest.split_at_checked(open).unwrap_or_default();
        let is_row = tag.starts_with(b"<tr") || tag.starts_with(b"</tr");
        if is_row || before.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80) {
            return false;
        }
        let Some(close) = memchr::memchr(b'>', tag) else {
            return tag.ends_with(b"=\"") || tag.ends_with(b"='");
        };
        rest = tag.get(close + 1..).unwrap_or_default();
    }
    !rest.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
}

/// A value that a detector recognised, in places of the folded text.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) label: Label,
    pub(super) span: Range<usize>,
    pub(super) confidence: Confidence,
    pub(super) evidence: Evidence,
    /// Whether a word beside it names it.
    pub(super) is_named: bool,
}

impl Hit {
    /// Sure because of a word beside it.
    pub(super) const fn by_context(label: Label, span: Range<usize>) -> Self {
        Self {
            label,
            span,
            confidence: Confidence::Certain,
            evidence: Evidence::Context,
            is_named: true,
        }
    }

    /// Sure because of a check digit.
    pub(super) const fn by_checksum(label: Label, span: Range<usize>) -> Self {
        Self {
            label,
            span,
            confidence: Confidence::Certain,
            evidence: Evidence::Checksum,
            is_named: false,
        }
    }

    /// Sure because of a shape that nothing else has.
    pub(super) const fn by_shape(label: Label, span: Range<usize>) -> Self {
        Self {
            label,
            span,
            confidence: Confidence::Certain,
            evidence: Evidence::Structure,
            is_named: false,
        }
    }

    /// Of a shape that other things have, too.
    pub(super) const fn likely(self) -> Self {
        Self { confidence: Confidence::Likely, ..self }
    }

    /// Named by a word beside it, too.
    pub(super) const fn named(self) -> Self {
        Self { is_named: true, ..self }
    }

    /// Which of two overlapping hits to believe: the proven one, the surer one, the more sensitive
    /// one, the named one, then the longer one.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let evidence = match self.evidence {
            Evidence::Checksum => 2,
            Evidence::Context => 1,
            Evidence::Structure | Evidence::Model => 0,
        };
        let is_proven =
            self.evidence == Evidence::Checksum && self.confidence == Confidence::Certain;
        let level = self.label.default_level();
        (is_proven, self.confidence, level, self.is_named, evidence, self.span.len())
    }
}
