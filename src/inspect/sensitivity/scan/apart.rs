//! Values and words written apart: `5 3 6 2 2 8 1 4 5`, `S S N`.

use std::ops::Range;

use super::Text;

/// Letters and digits in a row from which on they look like a value written apart.
const SPACED_MIN: usize = 8;
/// Most letters and digits on each side that such a row is widened by.
const WIDER_MAX: usize = 34;
/// Where values and words are written apart, without overlaps.
pub(super) fn rows(text: &Text<'_>, digits: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let is_long = |run: &Range<usize>| {
        let part = text.part(run.clone());
        part.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() >= SPACED_MIN
    };
    let mut rows: Vec<Range<usize>> =
        digits.iter().map(|run| widened(text, run)).filter(is_long).collect();
    rows.extend(apart(text.bytes));
    rows.sort_by_key(|run| run.start);
    rows.dedup_by(|next, run| {
        let is_same = next.start < run.end;
        run.end = if is_same { run.end.max(next.end) } else { run.end };
        is_same
    });
    rows
}

/// Words written letter by letter, `S S N`: single letters with single blanks between them.
fn apart(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while from < bytes.len() {
        let chunk = bytes.get(from..bytes.len().min(from + CHUNK + 2)).unwrap_or_default();
        // Two blanks with one byte between them, sought in many places at once.
        let later = chunk.get(2..).unwrap_or_default();
        let pairs = chunk.iter().zip(later);
        let is_pair = |(one, two): (&u8, &u8)| u8::from(*one == b' ' && *two == b' ');
        if pairs.map(is_pair).fold(0, |found, pair| found | pair) > 0 {
            let done = runs.last().map_or(0, |run| run.end);
            for blank in from.max(done)..from + CHUNK {
                let known = runs.last().map_or(0, |run| run.end);
                runs.extend(word_at(bytes, blank).filter(|run| run.start >= known));
            }
        }
        from += CHUNK;
    }
    runs
}

/// Bytes that are looked at together.
const CHUNK: usize = 64;

/// The word that is written letter by letter whose first blank stands here.
fn word_at(bytes: &[u8], blank: usize) -> Option<Range<usize>> {
    let start = blank.checked_sub(1)?;
    let is_single = |part: &[u8]| {
        matches!(part, [one, b' ', two, b' ', three, ..]
            if [one, two, three].iter().all(|byte| byte.is_ascii_alphabetic()))
    };
    let before = start.checked_sub(1).and_then(|place| bytes.get(place));
    let opens = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if !opens || !is_single(bytes.get(start..)?) {
        return None;
    }
    let mut end = start + 1;
    while matches!(bytes.get(end..end + 2), Some([b' ', letter]) if letter.is_ascii_alphabetic())
        && !bytes.get(end + 2).is_some_and(u8::is_ascii_alphanumeric)
    {
        end += 2;
    }
    (end - start >= 5).then_some(start..end)
}

/// A run of digits written apart, with the single letters and digits before and behind it.
fn widened(text: &Text<'_>, run: &Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (run.start, run.end);
    for _ in 0..WIDER_MAX {
        let gap = text.run_back_max(start, 3, |byte| byte == b' ');
        let is_single = gap < start
            && text.before(gap).is_ascii_alphanumeric()
            && !text.before(gap - 1).is_ascii_alphanumeric();
        if !is_single {
            break;
        }
        start = gap - 1;
    }
    for _ in 0..WIDER_MAX {
        let gap = text.run_max(end, 3, |byte| byte == b' ');
        if gap == end || !text.at(gap).is_ascii_alphanumeric() || !text.closes(gap + 1) {
            break;
        }
        end = gap + 1;
    }
    start..end
}
