//! Phone numbers: international with `+` or `00`, the US, British, Chinese and French spellings,
//! and any number that a word such as "phone" or 电话 stands right before.
//!
//! Sources: ITU-T E.164 (length, country codes), the North American Numbering Plan, Ofcom's
//! number ranges, China's numbering plan (mobile 1[3-9], area codes 010, 02x, 0[3-9]xx).

use super::text::{Hit, Text};
use super::{Anchor, Ask, Confidence, Detector, Evidence, Found, Label, Pack, Wake, check};
use smallvec::SmallVec;
use std::ops::Range;

mod names;

use names::NAMES;

pub(super) const DETECTOR: &dyn Detector = &Phone;

struct Phone;

/// How many groups of digits a phone number may have.
const GROUPS_MAX: usize = 8;

impl Detector for Phone {
    fn labels(&self) -> &'static [Label] {
        &[Label::ContactPhoneNumber]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Digits(7)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Digits(groups) = anchor else { return };
        let mut first = 0;
        while first < groups.len() {
            let end = groups.len().min(first + GROUPS_MAX);
            let rest = groups.get(first..end).unwrap_or_default();
            first += look_from(ask, rest, found).unwrap_or(1);
        }
    }
}

/// Reports a number that begins with the first group; says how many groups it took.
/// Reads a number that begins with the first group; says how many groups it took.
fn look_from(ask: &Ask<'_>, groups: &[Range<usize>], found: &mut Found) -> Option<usize> {
    let text = ask.text;
    let start = groups.first()?.start;
    // `call(1234567890)` calls a function.
    let is_argument = text.before(start) == b'('
        && start > 1
        && (!text.opens(start - 1) || text.before(start - 1) == b'_');
    if !text.opens_after(start, ask.class) || is_inside_number(text, start) || is_argument {
        return None;
    }
    let mut number = Number::read(text, groups);
    let plus = plus_start(text, start);
    number.is_bracketed = text.before(plus.unwrap_or(start)) == b'(';
    let (taken, certainty) = international(&number, plus)
        .or_else(|| national(&number))
        .or_else(|| named_only(&number))?;
    let end = groups.get(taken - 1)?.end;
    let is_none = is_made_up(&number, taken)
        || is_fraction(text, groups.get(..taken)?)
        || is_dump(text, start);
    if is_none {
        return Some(taken);
    }
    // `+1 (555) 010-XXXX` is a pattern for numbers.
    let sign = text.run_max(end, 1, |byte| matches!(byte, b'-' | b'.'));
    if matches!(text.part(sign..sign + 2), b"XX" | b"**" | b"##") {
        return None;
    }
    let span = plus.unwrap_or_else(|| opening_bracket(text, start))..end;
    if is_public_line(text, &span) {
        return Some(taken);
    }
    let is_named = ask.named(&span);
    let is_needed = certainty == Certainty::IfNamed
        || (certainty == Certainty::Shaped && text.is_other(&span, ask.class));
    if is_needed && !is_named {
        return None;
    }
    let is_sure = certainty == Certainty::Written || (is_named && certainty == Certainty::Shaped);
    let confidence = if is_sure { Confidence::Certain } else { Confidence::Likely };
    let evidence = if is_named { Evidence::Context } else { Evidence::Structure };
    found.push(Hit { label: Label::ContactPhoneNumber, span, confidence, evidence, is_named });
    Some(taken)
}

/// `+7 (000) 000-00-00`, `010-0000-0000`: zeros where the subscriber's number would be.
fn is_made_up(number: &Number, taken: usize) -> bool {
    let digits = number.first(taken).unwrap_or_default();
    digits.len() >= 7 && digits.iter().rev().take(7).all(|digit| *digit == b'0')
}

/// `7f 45 4c 46 02 01 01 00`: in the middle of bytes in hexadecimal.
fn is_dump(text: &Text<'_>, start: usize) -> bool {
    matches!(text.part(start.saturating_sub(6)..start), [a, b, b' ', c, d, b' ']
        if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()))
}

/// `0.03854395` is a fraction.
fn is_fraction(text: &Text<'_>, groups: &[Range<usize>]) -> bool {
    let [whole, part] = groups else { return false };
    text.part(whole.clone()) == b"0" && part.start == whole.end + 1 && text.at(whole.end) == b'.'
}

/// Whether this is the toll-free number of a company or an office, and said to be one: nobody's own.
fn is_public_line(text: &Text<'_>, span: &Range<usize>) -> bool {
    const WORDS: &[&str] = &[
        "hotline",
        "helpline",
        "help line",
        "help desk",
        "helpdesk",
        "customer service",
        "customer support",
        "customer care",
        "toll-free",
        "toll free",
        "freephone",
        "support line",
        "crisis",
        "lifeline",
        "热线",
        "客服",
        "服务电话",
        "全国统一",
        "フリーダイヤル",
        "お客様",
        "고객센터",
        "kundenservice",
        "service-hotline",
        "servicehotline",
        "numéro vert",
        "service client",
        "atención al cliente",
        "atencion al cliente",
        "servizio clienti",
        "numero verde",
        "linha de apoio",
        "sac ",
        "klantenservice",
        "infolinia",
        "горячая линия",
        "горячей линии",
        "müşteri hizmetleri",
        "خدمة العملاء",
        "कस्टमर केयर",
        "tổng đài",
        "kundtjänst",
        "layanan pelanggan",
    ];
    let number: SmallVec<[u8; 16]> =
        text.part(span.clone()).iter().copied().filter(u8::is_ascii_digit).collect();
    let national = number.strip_prefix(b"1").unwrap_or(&number);
    let is_free = [
        &b"400"[..],
        b"800",
        b"888",
        b"877",
        b"866",
        b"855",
        b"844",
        b"833",
        b"0800",
        b"00800",
        b"0120",
        b"1800",
    ];
    if !is_free.iter().any(|head| national.starts_with(head) || number.starts_with(head)) {
        return false;
    }
    let near = text.part(span.start.saturating_sub(48)..span.end + 24).to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&near, word.as_bytes()).is_some())
}

/// How much the spelling alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    /// With `+` and a country code.
    Written,
    /// In a shape that few other numbers have.
    Shaped,
    /// Only a phone number if a word says so.
    IfNamed,
}

/// The digits of some groups, with the number of digits after each group.
struct Number {
    digits: SmallVec<[u8; 20]>,
    sizes: SmallVec<[usize; GROUPS_MAX]>,
    is_closed: SmallVec<[bool; GROUPS_MAX]>,
    /// Whether an opening bracket stands before it.
    is_bracketed: bool,
}

impl Number {
    /// Reads on while the separators are those of phone numbers.
    fn read(text: &Text<'_>, groups: &[Range<usize>]) -> Self {
        let mut number = Self {
            digits: SmallVec::new(),
            sizes: SmallVec::new(),
            is_closed: SmallVec::new(),
            is_bracketed: false,
        };
        let mut last_end = None;
        for group in groups {
            // A slash parts two numbers, but also a German area code from the rest.
            let is_area = matches!(number.sizes.as_slice(), [3..=5]);
            let parts = |gap: &[u8]| gap.contains(&b'\n') || (!is_area && gap.contains(&b'/'));
            let is_joined = last_end.is_none_or(|end| !parts(text.part(end..group.start)));
            if !is_joined || number.digits.len() + group.len() > 19 {
                break;
            }
            number.digits.extend_from_slice(text.part(group.clone()));
            number.sizes.push(group.len());
            number.is_closed.push(text.closes(group.end));
            last_end = Some(group.end);
        }
        number
    }

    /// The digits of the first groups, if the number may end there.
    fn first(&self, groups: usize) -> Option<&[u8]> {
        let is_closed = groups.checked_sub(1).and_then(|last| self.is_closed.get(last));
        let size = self.sizes.get(..groups)?.iter().sum();
        self.digits.get(..size).filter(|_| is_closed == Some(&true))
    }
}

/// Whether the place lies behind `digit.` or `digit-`, in the middle of a longer number.
fn is_inside_number(text: &Text<'_>, start: usize) -> bool {
    matches!(text.before(start), b'.' | b'/')
        && start > 1
        && text.before(start - 1).is_ascii_digit()
}

fn plus_start(text: &Text<'_>, start: usize) -> Option<usize> {
    let place = start.checked_sub(1).filter(|place| text.at(*place) == b'+')?;
    (!text.before(place).is_ascii_digit()).then_some(place)
}

fn opening_bracket(text: &Text<'_>, start: usize) -> usize {
    if text.before(start) == b'(' { start - 1 } else { start }
}

/// The longest beginning that is a valid international number.
fn international(number: &Number, plus: Option<usize>) -> Option<(usize, Certainty)> {
    let has_plus = plus.is_some();
    for groups in (1..=number.sizes.len()).rev() {
        let Some(digits) = number.first(groups) else { continue };
        if has_plus && is_international(digits) {
            return Some((groups, Certainty::Written));
        }
        let is_long_form = digits.strip_prefix(b"00").is_some_and(is_international_likely);
        if !has_plus && is_long_form {
            return Some((groups, Certainty::Shaped));
        }
        if !has_plus && digits.strip_prefix(b"86").is_some_and(is_cn_mobile) {
            return Some((groups, Certainty::Shaped));
        }
    }
    None
}

fn is_international(digits: &[u8]) -> bool {
    match digits {
        [b'1', national @ ..] => is_us(national),
        [b'8', b'6', national @ ..] => {
            is_cn_mobile(national) || (9..=11).contains(&national.len()) && is_cn_area(national)
        }
        [b'4', b'4', b'0', national @ ..] | [b'4', b'4', national @ ..] => {
            (9..=10).contains(&national.len())
        }
        [b'2'..=b'9', ..] => (8..=15).contains(&digits.len()),
        _ => false,
    }
}

/// Without a `+`, only countries whose numbers can be checked.
fn is_international_likely(digits: &[u8]) -> bool {
    let is_checkable = matches!(digits, [b'1', ..] | [b'8', b'6', ..] | [b'4', b'4', ..]);
    (is_checkable && is_international(digits))
        || (matches!(digits, [b'3' | b'4' | b'6' | b'8' | b'9', ..])
            && (11..=13).contains(&digits.len()))
}

/// The North American plan: area and exchange begin with 2 to 9.
fn is_us(digits: &[u8]) -> bool {
    matches!(digits, [b'2'..=b'9', b'0'..=b'8', _, b'2'..=b'9', ..] if digits.len() == 10)
}

fn is_cn_mobile(digits: &[u8]) -> bool {
    matches!(digits, [b'1', b'3'..=b'9', ..] if digits.len() == 11)
}

/// An area code without its leading zero, and a subscriber number.
fn is_cn_area(digits: &[u8]) -> bool {
    match digits {
        [b'1', b'0', b'2'..=b'8', ..] | [b'2', b'0'..=b'9', b'2'..=b'8', ..] => digits.len() == 10,
        [b'3'..=b'9', _, _, b'2'..=b'8', ..] => matches!(digits.len(), 10 | 11),
        _ => false,
    }
}

/// The longest beginning that has the shape of a national number.
fn national(number: &Number) -> Option<(usize, Certainty)> {
    for groups in (1..=number.sizes.len().min(5)).rev() {
        let Some(digits) = number.first(groups) else { continue };
        let sizes = number.sizes.get(..groups).unwrap_or_default();
        let shape = national_shape(digits, sizes).or_else(|| elsewhere(number, digits, sizes));
        if let Some(certainty) = shape {
            return Some((groups, certainty));
        }
    }
    None
}

fn national_shape(digits: &[u8], sizes: &[usize]) -> Option<Certainty> {
    use Certainty::{IfNamed, Shaped};
    match sizes {
        [3, 3, 4] if is_us(digits) => Some(Shaped),
        [1, 3, 3, 4] if digits.first() == Some(&b'1') && is_us(digits.get(1..)?) => Some(Shaped),
        [3, 4, 3] if matches!(digits, [b'4' | b'8', b'0', b'0', ..]) => Some(Shaped),
        [11] | [3, 4, 4] | [4, 4, 3] | [4, 3, 4] | [5, 6] | [3, 8] | [3, 3, 5] | [7, 4]
            if is_cn_mobile(digits) =>
        {
            Some(Shaped)
        }
        [3, 8] | [4, 7 | 8] | [3 | 4, 4, 4] | [4, 3, 4] | [3, 8, 3..=5] | [4, 7 | 8, 3..=5]
            if is_cn_landline(digits, sizes) =>
        {
            Some(Shaped)
        }
        [5, 5 | 6] | [3, 4, 4] | [4, 3, 4 | 3] | [5, 3, 3] | [4, 4, 3] if is_british(digits) => {
            Some(Shaped)
        }
        [2, 2, 2, 2, 2] if matches!(digits, [b'0', b'1'..=b'9', ..]) => Some(Shaped),
        [4, 6..=8] if matches!(digits, [b'0', b'1', b'5'..=b'7', ..]) => Some(Shaped),
        // 0171 / 48 29 379
        [4 | 5, .., _, _] if sizes.len() >= 3 && is_german_mobile(digits) => Some(Shaped),
        [11] if matches!(digits, [b'0', b'7', b'1'..=b'9', ..]) => Some(Shaped),
        [10] if is_us(digits) => Some(IfNamed),
        // 555-01xx is kept free for novels.
        [3, 4] if digits.starts_with(b"55501") => None,
        [3, 4] if matches!(digits, [b'2'..=b'9', ..]) => Some(IfNamed),
        _ => None,
    }
}

fn is_cn_landline(digits: &[u8], sizes: &[usize]) -> bool {
    let extension = match sizes {
        [_, 7 | 8, extension @ 3..=5] => *extension,
        _ => 0,
    };
    let digits = digits.get(..digits.len() - extension).unwrap_or_default();
    let area = sizes.first().copied().unwrap_or(0);
    let area_fits = match digits {
        [b'0', b'1' | b'2', ..] => area == 3,
        [b'0', b'3'..=b'9', ..] => area == 4,
        _ => false,
    };
    area_fits && digits.strip_prefix(b"0").is_some_and(is_cn_area)
}

fn is_german_mobile(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1', b'5'..=b'7', ..]) && (11..=12).contains(&digits.len())
}

fn is_british(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1' | b'2' | b'3' | b'7' | b'8', ..])
        && (10..=11).contains(&digits.len())
}

/// Spellings of other countries that few other numbers have.
fn elsewhere(number: &Number, digits: &[u8], sizes: &[usize]) -> Option<Certainty> {
    let fits = match (sizes, digits) {
        // Japan and Korea: 090-1234-5678, 010-1234-5678
        ([3, 4, 4], [b'0', b'1' | b'5' | b'7' | b'8' | b'9', b'0', ..])
        // and their capitals: 03-1234-5678, 02-1234-5678
        | ([2, 4, 4], [b'0', b'2' | b'3' | b'6', ..])
        // Russia: 8 (916) 835-29-29
        | ([1, 3, 3, 2, 2], [b'7' | b'8', b'3' | b'4' | b'8' | b'9', ..])
        // Turkey: 0538 615 29 46; Sweden: 070-522 67 61; Netherlands: 06-12345678
        | ([4, 3, 2, 2], [b'0', b'5', ..])
        | ([3, 3, 2, 2], [b'0', b'7', ..])
        | ([2, 8], [b'0', b'6', ..])
        // Australia: 0412 345 678
        | ([4, 3, 3], [b'0', b'4', ..]) => true,
        // Brazil: (11) 98765-4321
        ([2, 5, 4], [_, _, b'9', ..]) => number.is_bracketed,
        _ => false,
    };
    fits.then_some(Certainty::Shaped)
}

/// Any number of 7 to 15 digits, if a word says so.
fn named_only(number: &Number) -> Option<(usize, Certainty)> {
    let is_date = matches!(number.sizes.as_slice(), [5, 3]) // Brazil's postcodes
        || matches!(number.sizes.as_slice(), [4, 2, 2, ..] | [2, 2, 4, ..] | [4, 1 | 2, 1 | 2]);
    let taken = (1..=number.sizes.len().min(7)).rev().find(|groups| {
        number.first(*groups).is_some_and(|digits| {
            (7..=15).contains(&digits.len())
                && !is_date
                && check::distinct(digits) > 1
                && !(number.sizes.starts_with(&[3, 4]) && digits.starts_with(b"55501"))
        })
    });
    taken.map(|groups| (groups, Certainty::IfNamed))
}
