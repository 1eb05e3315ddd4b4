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
    let is_single = |part: &[u8]| matches!(part, [one, b' ', two, b' ', three, ..] if one.is_ascii_alphabetic() && two.is_ascii_alphabetic() && three.is_ascii_alphabetic());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b' ', bytes.get(at..).unwrap_or_default()) {
        let blank = at + found;
        at = blank + 1;
        let start = blank.saturating_sub(1);
        let before = start.checked_sub(1).and_then(|place| bytes.get(place));
        let opens = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if !opens || !is_single(bytes.get(start..).unwrap_or_default()) {
            continue;
        }
        let mut end = start + 1;
        while matches!(bytes.get(end..end + 2), Some([b' ', letter]) if letter.is_ascii_alphabetic())
            && !bytes.get(end + 2).is_some_and(u8::is_ascii_alphanumeric)
        {
            end += 2;
        }
        if end - start >= 5 {
            runs.push(start..end);
        }
        at = at.max(end);
    }
    runs
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
