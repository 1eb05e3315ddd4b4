//! Finds many words in a text in one pass, in capital or small ASCII letters and overlapping: some
//! of them anywhere, even inside other words, the others only where a word begins.
//!
//! Nearly every place of a text begins none of the words, so the pass only has to say "no" fast:
//! three bytes are hashed into a bit set of 8 KiB. That takes a third of the time of an
//! Aho-Corasick automaton, whose every step waits for the step before. Of scripts whose letters have
//! two or three bytes, six are hashed: three say little more than that it is this script.

use std::ops::Range;

/// Words of 64 bits in the bit set.
const CELLS: usize = 1024;
/// Lists of words: eight for each of those, so that a list is short.
const BUCKETS: usize = 8 * CELLS;

/// Where a word is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Within {
    /// Everywhere.
    Anything,
    /// Where a word begins: behind anything but a letter, at a capital behind a small letter, at
    /// any character beyond ASCII.
    Word,
}

/// A set of words, arranged for searching.
pub(super) struct Words {
    anywhere: Table,
    at_starts: Table,
    /// Words of six bytes or more that begin beyond ASCII, by the hash of the first six.
    beyond: Table,
    /// Words of one byte, looked for everywhere.
    singles: Vec<Entry>,
    /// Words of two bytes, looked for where a word begins and ends.
    pairs: Table,
}

/// Words by the hash of their first bytes: two, three or six.
struct Table {
    filter: Box<[u64; CELLS]>,
    /// Where the words of each bucket begin in `entries`, and where the last of them end.
    starts: Vec<usize>,
    entries: Vec<Entry>,
}

/// A word with its number and its first eight bytes: nearly all others are told from it by these.
struct Entry {
    head: u64,
    mask: u64,
    number: usize,
    word: Box<[u8]>,
}

impl Words {
    /// Arranges the words; they are numbered in the order given. Empty words are never found.
    pub(super) fn new<W: AsRef<str>>(words: impl IntoIterator<Item = (W, Within)>) -> Self {
        let (mut anywhere, mut at_starts, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
        let (mut singles, mut pairs) = (Vec::new(), Vec::new());
        for (number, (word, within)) in words.into_iter().enumerate() {
            let entry = Entry::new(number, word.as_ref());
            let is_beyond = entry.word.first().is_some_and(|first| *first >= 0xC0);
            match (entry.word.len(), within) {
                (0, _) => {}
                (1, _) => singles.push(entry),
                (2, _) => pairs.push(entry),
                (BEYOND.., _) if is_beyond => beyond.push(entry),
                (_, Within::Anything) => anywhere.push(entry),
                (_, Within::Word) => at_starts.push(entry),
            }
        }
        Self {
            anywhere: Table::new(anywhere, 3),
            at_starts: Table::new(at_starts, 3),
            beyond: Table::new(beyond, BEYOND),
            singles,
            pairs: Table::new(pairs, 2),
        }
    }

    /// Calls `found` with the number and the place of every occurrence.
    pub(super) fn visit(&self, text: &[u8], mut found: impl FnMut(usize, Range<usize>)) {
        for single in &self.singles {
            let letter = single.word.first().copied().unwrap_or(0);
            let (small, capital) = (letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
            for place in memchr::memchr2_iter(small, capital, text) {
                found(single.number, place..place + 1);
            }
        }
        let mut before = b' ';
        for (start, part) in text.windows(3).enumerate() {
            let [one, two, three] = *part else { continue };
            self.look(text, (start, before), [one, two, three], &mut found);
            before = one;
        }
        // Words of two bytes may end the text.
        if let [.., one, two] = *text {
            let before = text.len().checked_sub(3).and_then(|place| text.get(place));
            let place = (text.len() - 2, before.copied().unwrap_or(b' '));
            self.look(text, place, [one, two, 0], &mut found);
        }
    }

    #[inline]
    fn look(
        &self,
        text: &[u8],
        (start, before): (usize, u8),
        [one, two, three]: [u8; 3],
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        // No word begins in the middle of a character.
        if one & 0xC0 == 0x80 {
            return;
        }
        if one >= 0xC0
            && let Some(&[one, two, three, four, five, six]) = text.get(start..start + BEYOND)
        {
            let window = u64::from_be_bytes([0, 0, one, two, three, four, five, six]) | FOLD;
            self.beyond.verify(hash(window), text, start, found);
        }
        let window = u64::from_be_bytes([0, 0, 0, 0, 0, one, two, three]) | FOLD_3;
        let hashed = hash(window);
        self.anywhere.verify(hashed, text, start, found);
        if self.at_starts.may_have(hashed) && is_start(before, one) {
            self.at_starts.report(hashed, text, start, found);
        }
        if !three.is_ascii_alphabetic() && is_start(before, one) {
            self.pairs.verify(hash(window >> 8), text, start, found);
        }
    }
}

impl Entry {
    fn new(number: usize, word: &str) -> Self {
        let word: Box<[u8]> = word.as_bytes().to_ascii_lowercase().into();
        let bits = u32::try_from(8 * word.len()).unwrap_or(u32::MAX);
        let mask = !u64::MAX.checked_shr(bits).unwrap_or(0);
        Self { head: head(&word, 0) & mask, mask, number, word }
    }
}

impl Table {
    /// Arranges words by their first `size` bytes.
    fn new(words: Vec<Entry>, size: usize) -> Self {
        let key = |entry: &Entry| {
            entry.word.iter().take(size).fold(0, |key, byte| key << 8 | fold(*byte))
        };
        let mut filter = Box::new([0; CELLS]);
        let mut sorted: Vec<(usize, Entry)> = Vec::with_capacity(words.len());
        for entry in words {
            let hashed = hash(key(&entry));
            if let Some(cell) = filter.get_mut(cell_of(hashed)) {
                *cell |= bit_of(hashed);
            }
            sorted.push((bucket_of(hashed), entry));
        }
        sorted.sort_by_key(|(bucket, _)| *bucket);
        let starts = (0..=BUCKETS).map(|bucket| sorted.partition_point(|(of, _)| *of < bucket));
        Self {
            filter,
            starts: starts.collect(),
            entries: sorted.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// Whether any word may begin with bytes of this hash.
    #[inline]
    fn may_have(&self, hashed: u64) -> bool {
        self.filter.get(cell_of(hashed)).is_some_and(|cell| cell & bit_of(hashed) != 0)
    }

    /// Reports the words that stand at a place, if any may.
    #[inline]
    fn verify(
        &self,
        hashed: u64,
        text: &[u8],
        start: usize,
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        if self.may_have(hashed) {
            self.report(hashed, text, start, found);
        }
    }

    /// Reports the words that really stand at a place.
    #[inline(never)]
    fn report(
        &self,
        hashed: u64,
        text: &[u8],
        start: usize,
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        let bucket = bucket_of(hashed);
        let Some(&[from, to]) = self.starts.get(bucket..bucket + 2) else { return };
        let here = head(text, start);
        for entry in self.entries.get(from..to).unwrap_or_default() {
            let end = start + entry.word.len();
            if here & entry.mask == entry.head
                && text.get(start..end).is_some_and(|part| is_same(part, &entry.word))
            {
                found(entry.number, start..end);
            }
        }
    }
}

/// Whether a word may begin between these two bytes.
#[inline]
const fn is_start(before: u8, first: u8) -> bool {
    if first >= 0x80 {
        return first >= 0xC0;
    }
    !before.is_ascii_alphabetic()
        || before.is_ascii_lowercase() && first.is_ascii_uppercase()
        || !first.is_ascii_alphabetic()
}

/// Bytes that are hashed of words beyond ASCII.
const BEYOND: usize = 6;
/// Makes one of capital and small letters in six bytes at once.
const FOLD: u64 = 0x2020_2020_2020;
/// The same for three.
const FOLD_3: u64 = 0x20_2020;

/// The eight bytes from a place on, letters of both cases as one, zeros beyond the end.
#[inline]
fn head(text: &[u8], start: usize) -> u64 {
    let mut bytes = [0; 8];
    if let Some(whole) = text.get(start..).and_then(<[u8]>::first_chunk) {
        bytes = *whole;
    } else {
        let rest = text.get(start..).unwrap_or_default();
        bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    }
    u64::from_be_bytes(bytes) | 0x2020_2020_2020_2020
}

fn is_same(part: &[u8], word: &[u8]) -> bool {
    part.iter().zip(word).all(|(byte, small)| byte.to_ascii_lowercase() == *small)
}

/// Letters of both cases become one byte; that other bytes fall together, too, does no harm.
fn fold(byte: u8) -> u64 {
    u64::from(byte | 0x20)
}

#[inline]
const fn hash(window: u64) -> u64 {
    window.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The upper ten bits choose the cell …
#[inline]
fn cell_of(hashed: u64) -> usize {
    usize::try_from(hashed >> 54).unwrap_or(0)
}

/// … the next six the bit …
#[inline]
const fn bit_of(hashed: u64) -> u64 {
    1 << (hashed >> 48 & 63)
}

/// … and three of these, with the ten, the list of words.
#[inline]
fn bucket_of(hashed: u64) -> usize {
    usize::try_from(hashed >> 51).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Within, Words};
    use proptest::prelude::*;

    const ANYWHERE: &[&str] = &["@", "sk-", "ABC", "abcd", "bcd", "密码", "://", "d", ""];
    const AT_STARTS: &[&str] = &["abcs", "sk", "码密", "密"];

    fn visited(text: &str) -> Vec<(usize, usize)> {
        let mut seen = Vec::new();
        let words = ANYWHERE.iter().map(|word| (word, Within::Anything));
        Words::new(words.chain(AT_STARTS.iter().map(|word| (word, Within::Word))))
            .visit(text.as_bytes(), |word, place| seen.push((place.start, word)));
        seen.sort_unstable();
        seen
    }

    /// The same by trying every word at every place.
    fn expected(text: &str) -> Vec<(usize, usize)> {
        let mut seen = Vec::new();
        let bytes = text.as_bytes();
        for start in 0..text.len() {
            for (number, word) in ANYWHERE.iter().chain(AT_STARTS).enumerate() {
                let end = start + word.len();
                let is_here = !word.is_empty()
                    && bytes
                        .get(start..end)
                        .is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()));
                let before = start.checked_sub(1).map_or(b' ', |place| bytes[place]);
                let begins = !before.is_ascii_alphabetic()
                    || before.is_ascii_lowercase() && bytes[start].is_ascii_uppercase()
                    || !bytes[start].is_ascii();
                let ends = word.len() != 2 || !bytes.get(end).is_some_and(u8::is_ascii_alphabetic);
                if is_here && (number < ANYWHERE.len() || begins && ends) {
                    seen.push((start, number));
                }
            }
        }
        seen
    }

    #[test]
    fn overlapping_words_are_all_found() {
        assert_eq!(visited("xABCd"), [(1, 2), (1, 3), (2, 4), (4, 7)]);
        assert_eq!(visited("SK"), [(0, 10)]);
        assert_eq!(visited("@"), [(0, 0)]);
        assert_eq!(visited(""), []);
    }

    proptest! {
        #[test]
        fn nothing_is_missed(text in "[a-dA-DsSkK@:/\\-密码]{0,24}") {
            prop_assert_eq!(visited(&text), expected(&text));
        }
    }
}
