//! Shapes of written values, such as `@@ ## ## ## @` for a British insurance number, and a table
//! that tells in one look which of them may begin at a run of digits.
//!
//! `@` is a letter, `#` a digit, `?` either; a space is a separator that may be missing (space,
//! hyphen or dot), `-` a hyphen that must be there; anything else stands for itself. Every shape has
//! a digit among its first eight characters; that digit's run is where it is looked for.

use super::text::Text;
use smallvec::SmallVec;
use std::ops::Range;

/// Most letters before the first digit.
const LEAD_MAX: usize = 8;
/// Longer runs of digits are told apart no further.
const RUN_MAX: usize = 24;
/// Most shapes in all.
pub(super) const SHAPES_MAX: usize = 128;

/// The letters and digits of a value, in capitals.
pub(super) type Compact = SmallVec<[u8; 32]>;

/// What stands right behind a run of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Letter,
    Separator,
    Other,
}

impl Next {
    const ALL: [Self; 3] = [Self::Letter, Self::Separator, Self::Other];

    const fn of(byte: u8) -> Self {
        if byte.is_ascii_alphanumeric() {
            Self::Letter
        } else if is_separator(byte) {
            Self::Separator
        } else {
            Self::Other
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Letter => 0,
            Self::Separator => 1,
            Self::Other => 2,
        }
    }
}

/// Which shapes may begin at a run, by the letters before it, its length and what follows.
pub(super) struct Index {
    cells: Vec<u128>,
}

impl Index {
    /// Arranges the shapes; they are numbered in the order given.
    pub(super) fn new<'a>(shapes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut cells = vec![0; (LEAD_MAX + 1) * (RUN_MAX + 1) * Next::ALL.len()];
        for (number, shape) in shapes.into_iter().take(SHAPES_MAX).enumerate() {
            let lead = lead_of(shape);
            for (run, next) in runs_of(shape) {
                if let Some(cell) = cells.get_mut(cell(lead, run, next)) {
                    *cell |= 1 << number;
                }
            }
        }
        Self { cells }
    }

    /// The shapes that may begin with so many letters before a run of so many digits, and this byte
    /// behind it.
    pub(super) fn at(&self, lead: usize, run: usize, behind: u8) -> u128 {
        let place = cell(lead.min(LEAD_MAX), run.min(RUN_MAX), Next::of(behind));
        self.cells.get(place).copied().unwrap_or(0)
    }
}

const fn cell(lead: usize, run: usize, next: Next) -> usize {
    (lead * (RUN_MAX + 1) + run) * 3 + next.index()
}

/// Letters before the first digit of a shape.
fn lead_of(shape: &str) -> usize {
    let is_letter = |sign: &char| *sign == '@' || *sign == '?' || sign.is_ascii_alphabetic();
    shape
        .chars()
        .take_while(|sign| *sign != '#' && !sign.is_ascii_digit())
        .filter(is_letter)
        .count()
}

/// The lengths that the first run of digits can have, with what may follow each.
fn runs_of(shape: &str) -> Vec<(usize, Next)> {
    let signs: Vec<u8> = shape.bytes().collect();
    let first = signs.iter().position(|sign| *sign == b'#' || sign.is_ascii_digit());
    let mut runs = Vec::new();
    // (place in the shape, digits so far): every way to go on counting digits.
    let mut open = vec![(first.unwrap_or(signs.len()), 0)];
    while let Some((place, run)) = open.pop() {
        match signs.get(place) {
            Some(b'#' | b'0'..=b'9') => open.push((place + 1, run + 1)),
            // A letter ends the run, a digit goes on with it.
            Some(b'?') => {
                runs.push((run, Next::Letter));
                open.push((place + 1, run + 1));
            }
            // The separator ends the run; without it, what follows decides.
            Some(b' ') => {
                runs.push((run, Next::Separator));
                open.push((place + 1, run));
            }
            Some(b'-') => runs.push((run, Next::Separator)),
            Some(sign) if sign.is_ascii_alphabetic() || *sign == b'@' => {
                runs.push((run, Next::Letter));
            }
            Some(_) | None => runs.extend(Next::ALL.map(|next| (run, next))),
        }
    }
    runs.retain(|(run, _)| *run > 0);
    runs.iter().map(|(run, next)| ((*run).min(RUN_MAX), *next)).collect()
}

/// Where a value of the shape begins whose first digit stands at `digit`: before the letters that
/// lead it, across one separator if the shape has one there.
pub(super) fn start(text: &Text<'_>, shape: &str, digit: usize) -> Option<usize> {
    let head: SmallVec<[u8; 12]> =
        shape.bytes().take_while(|sign| *sign != b'#' && !sign.is_ascii_digit()).collect();
    let mut at = digit;
    for sign in head.iter().rev() {
        match sign {
            b' ' if is_separator(text.before(at)) => at = at.checked_sub(1)?,
            b' ' => {}
            _ => at = at.checked_sub(1)?,
        }
    }
    Some(at)
}

/// Reads a value of this shape that begins at `start`; says where it ends.
pub(super) fn read(
    text: &Text<'_>,
    shape: &str,
    start: usize,
    compact: &mut Compact,
) -> Option<usize> {
    compact.clear();
    let mut at = start;
    for sign in shape.bytes() {
        let byte = text.at(at);
        let fits = match sign {
            b' ' => {
                at = separator_end(text, at, start);
                continue;
            }
            b'#' => byte.is_ascii_digit(),
            b'@' => byte.is_ascii_alphabetic(),
            b'?' => byte.is_ascii_alphanumeric(),
            _ => byte.eq_ignore_ascii_case(&sign),
        };
        if !fits {
            return None;
        }
        if byte.is_ascii_alphanumeric() {
            compact.push(byte.to_ascii_uppercase());
        }
        at += 1;
    }
    Some(at)
}

/// Where a separator ends that may stand here: one sign, or a hyphen between spaces.
fn separator_end(text: &Text<'_>, at: usize, start: usize) -> usize {
    match [text.at(at), text.at(at + 1), text.at(at + 2)] {
        _ if at == start => at,
        [b' ', b'-', b' '] => at + 3,
        [byte, ..] => at + usize::from(is_separator(byte)),
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'+' | b'_' | b'/')
}

/// Whether a value is part of a longer chain of numbers such as `1-123-45-6789-0` or `1.2.3`.
pub(super) fn is_chained(text: &Text<'_>, span: &Range<usize>) -> bool {
    let joins = |byte: u8| matches!(byte, b'-' | b'.' | b'/' | b'_' | b':');
    let before = joins(text.before(span.start))
        && span.start > 1
        && text.before(span.start - 1).is_ascii_digit();
    let after = joins(text.at(span.end)) && text.at(span.end + 1).is_ascii_digit();
    before || after
}
