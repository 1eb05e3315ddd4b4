//! The walk over the runs of digits of a text: which detectors are asked at each.

use super::{Anchor, Compact, Owner, Pass, ShapeRule, Where, shape};
use crate::inspect::sensitivity::text::Text;
use smallvec::SmallVec;
use std::ops::Range;

/// More separating characters than this between two groups of digits, and they are two numbers.
const GAP_MAX: usize = 3;
/// A token from this length on is a digest or data; no identifier is that long.
const TOKEN_MAX: usize = 36;
/// Single digits in a row from which on they may be part of a value written apart.
const SPACED_MIN: usize = 4;
/// Most groups that one detector is shown at a time: bounds the work on endless rows of numbers.
const GROUPS_MAX: usize = 64;

/// The groups of digits seen so far that stand close together.
#[derive(Default)]
struct Row {
    groups: SmallVec<[Range<usize>; 16]>,
    total: usize,
}

/// Asks every detector that wants digits; returns the rows that are written digit by digit.
pub(super) fn walk(pass: &mut Pass<'_>) -> Vec<Range<usize>> {
    let text = pass.text;
    let mut row = Row::default();
    let mut spaced = Vec::new();
    let mut number_end = 0;
    let mut place = 0;
    loop {
        let start = text.run(place, |byte| !byte.is_ascii_digit());
        if start >= text.bytes.len() {
            break;
        }
        let end = text.run(start, |byte| byte.is_ascii_digit());
        place = end;
        if let Some(token_end) = skipped(text, start, end) {
            finish(pass, &mut row, &mut spaced);
            place = token_end;
            continue;
        }
        let is_close = row.groups.last().is_some_and(|last| is_gap(text, last.end, start));
        if !is_close || row.groups.len() >= GROUPS_MAX {
            finish(pass, &mut row, &mut spaced);
        }
        row.total += end - start;
        row.groups.push(start..end);
        let lead = start - text.run_back_max(start, 9, |byte| byte.is_ascii_alphabetic());
        let is_glued = lead == 6 && text.part(start - 6..start - 2).eq_ignore_ascii_case(b"iban");
        if end - start >= 2 && (lead >= 2 && text.opens(start - 2) || is_glued) {
            ask_codes(pass, start - 2);
        }
        ask_shapes(pass, start..end, lead);
        if start >= number_end && pass.about.meets(pass.scanner.numbers_classes) {
            number_end = ask_numbers(pass, start, end);
        }
    }
    finish(pass, &mut row, &mut spaced);
    spaced
}

/// Where a UUID, a digest or another long token ends, if the run of digits is part of one.
fn skipped(text: &Text<'_>, start: usize, end: usize) -> Option<usize> {
    let touches = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !touches(text.at(end)) && !touches(text.before(start)) {
        return (end - start > TOKEN_MAX).then_some(end);
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric();
    let token_start = text.run_back_max(start, TOKEN_MAX, is_token);
    let token_end = text.run_max(end, 4096, is_token);
    if token_end - token_start >= TOKEN_MAX {
        return Some(token_end);
    }
    let is_uuid_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let from = text.run_back_max(start, 36, is_uuid_part);
    let to = text.run_max(start, 37, is_uuid_part);
    let is_uuid = to - from == 36
        && text
            .part(from..to)
            .iter()
            .enumerate()
            .all(|(index, byte)| (*byte == b'-') == matches!(index, 8 | 13 | 18 | 23));
    is_uuid.then_some(to)
}

fn finish(pass: &mut Pass<'_>, row: &mut Row, spaced: &mut Vec<Range<usize>>) {
    let Row { groups, total } = std::mem::take(row);
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return };
    if groups.len() >= SPACED_MIN && groups.len() == total {
        spaced.push(first.start..last.end);
    }
    let scanner = pass.scanner;
    if total < scanner.digits_min {
        return;
    }
    for (least, owner) in &scanner.digits {
        if total >= *least {
            pass.ask(*owner, &Anchor::Digits(&groups));
        }
    }
}

/// Whether only separators stand between two groups of digits.
fn is_gap(text: &Text<'_>, from: usize, to: usize) -> bool {
    let is_separator =
        |byte: &u8| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b'_' | b'\n');
    // In the query of a URL, a plus stands for a space.
    let gap = text.part(from..to);
    gap == b"+" || (gap.len() <= GAP_MAX && gap.iter().all(is_separator))
}

fn ask_codes(pass: &mut Pass<'_>, start: usize) {
    let scanner = pass.scanner;
    for owner in &scanner.codes {
        pass.ask(*owner, &Anchor::Code(start));
    }
}

/// Tries the shapes that may begin here: with the letters right before the digits, and with those
/// before a separator.
fn ask_shapes(pass: &mut Pass<'_>, run: Range<usize>, lead: usize) {
    let scanner = pass.scanner;
    let before = run.start - lead;
    let behind = pass.text.at(run.end);
    let mut set = scanner.shape_index.at(lead, run.len(), behind);
    // A name may be glued to the value: `IMEI35…`, `Medicare ID8EQ5…`.
    if lead > 0
        && let Some(name) = pass.text.mark_end_in(before + 1..run.start + 1)
    {
        set |= scanner.shape_index.at(run.start - name, run.len(), behind);
    }
    if lead == 0 && matches!(pass.text.before(before), b' ' | b'-' | b'.' | b'(') {
        let word = before - 1;
        let letters = word - pass.text.run_back_max(word, 9, |byte| byte.is_ascii_alphabetic());
        if letters > 0 {
            set |= scanner.shape_index.at(letters, run.len(), behind);
        }
    }
    let mut compact = Compact::new();
    while set != 0 {
        let number = set.trailing_zeros();
        set &= set - 1;
        let Some(rule) = usize::try_from(number).ok().and_then(|index| scanner.shapes.get(index))
        else {
            return;
        };
        if rule.place == Where::Everywhere || pass.about.meets(rule.owner.class) {
            ask_shape(pass, rule, run.start, &mut compact);
        }
    }
}

fn ask_shape(pass: &mut Pass<'_>, rule: &ShapeRule, digit: usize, compact: &mut Compact) {
    let text = pass.text;
    let Some(start) = shape::start(text, rule.shape, digit) else { return };
    let Some(end) = shape::read(text, rule.shape, start, compact) else { return };
    if text.closes(end) {
        pass.ask(rule.owner, &Anchor::Shape(start..end, compact));
    }
}

/// The token that a run of digits belongs to, for detectors that go by the words around.
fn ask_numbers(pass: &mut Pass<'_>, start: usize, end: usize) -> usize {
    let text = pass.text;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let token_start = text.run_back_max(start, 24, is_token);
    let token_start = text.run(token_start, |byte| byte == b'-').min(start);
    let token_start = after_name(text, token_start);
    let mut token_end = text.run_max(end, 40, is_token);
    // Groups of digits may have single spaces between them.
    while text.at(token_end) == b' ' && text.before(token_end).is_ascii_digit() {
        let next = text.run_max(token_end + 1, 20, |byte| byte.is_ascii_digit());
        let is_group = next - token_end > 2 && text.closes(next);
        if !is_group {
            break;
        }
        token_end = next;
    }
    while text.before(token_end) == b'-' {
        token_end -= 1;
    }
    let span = token_start..token_end;
    if is_date(text.part(span.clone())) {
        return token_end;
    }
    let compact: Compact = text
        .part(span.clone())
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_uppercase)
        .collect();
    let digits = compact.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_capital = !text.part(span.clone()).iter().any(u8::is_ascii_lowercase);
    let is_number = digits >= 4 || (is_capital && compact.len() >= 8);
    if is_number && compact.len() <= 34 && text.opens(span.start) {
        let scanner = pass.scanner;
        let owners: SmallVec<[Owner; 8]> =
            scanner.numbers.iter().filter(|owner| pass.about.meets(owner.class)).copied().collect();
        for owner in owners {
            pass.ask(owner, &Anchor::Number(span.clone(), &compact));
        }
    }
    token_end
}

/// A JSON escape glued to the token is no part of it.
fn after_name(text: &Text<'_>, start: usize) -> usize {
    text.skip_escape(start)
}

/// `2024-05-01`, `01-05-2024` and the beginning of a timestamp.
fn is_date(token: &[u8]) -> bool {
    let mut sizes = token.split(|byte| *byte == b'-').map(|part| {
        let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (digits, part.len())
    });
    let head = [sizes.next(), sizes.next(), sizes.next()];
    matches!(
        head,
        [Some((4, 4)), Some((1 | 2, 1 | 2)), Some((1 | 2, _))]
            | [Some((1 | 2, 1 | 2)), Some((1 | 2, 1 | 2)), Some((4, _))]
    )
}
