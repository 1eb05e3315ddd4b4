//! Phone numbers: international with `+` or `00`, the US, British, Chinese and French spellings,
//! and any number that a word such as "phone" or 电话 stands right before.
//!
//! Sources: ITU-T E.164 (length, country codes), the North American Numbering Plan, Ofcom's
//! number ranges, China's numbering plan (mobile 1[3-9], area codes 010, 02x, 0[3-9]xx).

use super::text::{Hit, Named, Text, push_named};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};
use smallvec::SmallVec;
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &Phone;

struct Phone;

const NAMES: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "call",
    "dial",
    "fax",
    "whatsapp",
    "sms",
    "hotline",
    "contact",
    "reach",
    "mob",
    "ph",
    "手机",
    "电话",
    "联系方式",
    "联系",
    "致电",
    "拨打",
    "传真",
    "座机",
    "热线",
    "来电",
    "sjh",
    "shouji",
    "dianhua",
];
/// Words that may stand before a number of any shape.
const STRONG_NAMES: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "whatsapp",
    "hotline",
    "手机",
    "电话",
    "传真",
    "座机",
    "热线",
    "sjh",
    "dianhua",
];
/// Words that say that a number is something else.
const OTHER_NAMES: &[&str] = &[
    "order", "invoice", "tracking", "ticket", "serial", "isbn", "version", "account", "sku",
    "订单", "单号", "流水", "编号", "账号", "发票", "qq",
];

/// How many groups of digits a phone number may have.
const GROUPS_MAX: usize = 8;

impl Detector for Phone {
    fn labels(&self) -> &'static [Label] {
        &[Label::ContactPhoneNumber]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Digits(7)
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Digits(groups) = anchor else { return };
        let mut first = 0;
        while first < groups.len() {
            let end = groups.len().min(first + GROUPS_MAX);
            let rest = groups.get(first..end).unwrap_or_default();
            first += look_from(text, rest, found).unwrap_or(1);
        }
    }
}

/// Reports a number that begins with the first group; says how many groups it took.
fn look_from(text: &Text<'_>, groups: &[Range<usize>], found: &mut Found) -> Option<usize> {
    let start = groups.first()?.start;
    if !text.opens_after(start, NAMES) || is_inside_number(text, start) {
        return None;
    }
    let number = Number::read(text, groups);
    let plus = plus_start(text, start);
    let (taken, certainty) = international(&number, plus)
        .or_else(|| national(&number))
        .or_else(|| named_only(text, start, &number))?;
    let end = groups.get(taken - 1)?.end;
    let span = plus.unwrap_or_else(|| opening_bracket(text, start))..end;
    let named = Named::from(text.named(&span, NAMES));
    let is_other = named == Named::No
        && certainty != Certainty::Written
        && text.named_before(span.start, 24, OTHER_NAMES);
    if is_other || (named == Named::No && certainty == Certainty::IfNamed) {
        return None;
    }
    let confidence =
        if certainty == Certainty::Written { Confidence::Certain } else { Confidence::Likely };
    let evidence = match certainty {
        Certainty::IfNamed => Evidence::Context,
        Certainty::Written | Certainty::Shaped => Evidence::Structure,
    };
    push_named(found, Hit { label: Label::ContactPhoneNumber, span, confidence, evidence }, named);
    Some(taken)
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
}

impl Number {
    /// Reads on while the separators are those of phone numbers.
    fn read(text: &Text<'_>, groups: &[Range<usize>]) -> Self {
        let mut number =
            Self { digits: SmallVec::new(), sizes: SmallVec::new(), is_closed: SmallVec::new() };
        let mut last_end = None;
        for group in groups {
            let is_joined = last_end.is_none_or(|end| !text.part(end..group.start).contains(&b'/'));
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
        if let Some(certainty) = national_shape(digits, sizes) {
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
        [11] if matches!(digits, [b'0', b'7', b'1'..=b'9', ..]) => Some(Shaped),
        [10] if is_us(digits) => Some(IfNamed),
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

fn is_british(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1' | b'2' | b'3' | b'7' | b'8', ..])
        && (10..=11).contains(&digits.len())
}

/// Any number of 7 to 15 digits right behind a word for phone numbers.
fn named_only(text: &Text<'_>, start: usize, number: &Number) -> Option<(usize, Certainty)> {
    let groups = number.sizes.len();
    let digits = number.first(groups)?;
    let is_date = matches!(number.sizes.as_slice(), [4, 2, 2, ..] | [2, 2, 4, ..]);
    let is_phone = (7..=15).contains(&digits.len())
        && groups <= 6
        && !is_date
        && text.named_before(start, 24, STRONG_NAMES)
        && !text.named_before(start, 16, OTHER_NAMES);
    is_phone.then_some((groups, Certainty::IfNamed))
}
