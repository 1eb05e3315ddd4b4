//! Payment cards: issuer range, length, Luhn digit; numbers beginning with 62 are `UnionPay`.
//!
//! Sources: ISO/IEC 7812-1 (structure, Luhn formula), the issuer ranges that the networks publish.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use smallvec::SmallVec;
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &CardNumber;

struct CardNumber;

const NAMES: &[&str] = &[
    "card",
    "cards",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "unionpay",
    "maestro",
    "discover",
    "diners",
    "jcb",
    "pan",
    "cc",
    "ccn",
    "cardnumber",
    "银行卡",
    "信用卡",
    "借记卡",
    "储蓄卡",
    "卡号",
    "银联",
    "工资卡",
    "yhk",
    "kahao",
];

impl Detector for CardNumber {
    fn labels(&self) -> &'static [Label] {
        &[Label::FinancialCreditCard, Label::FinancialCnBankCard]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Digits(13)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Digits(groups) = anchor else { return };
        let mut first = 0;
        while let Some(start) = groups.get(first) {
            let rest = groups.get(first..).unwrap_or_default();
            let taken = if may_begin(ask, start) { longest_card(ask, rest, found) } else { 0 };
            first += taken.max(1);
        }
    }
}

/// Not in the middle of a word or of a decimal number.
fn may_begin(ask: &Ask<'_>, start: &Range<usize>) -> bool {
    let text = ask.text;
    let is_decimal = text.before(start.start) == b'.'
        && start.start >= 2
        && text.before(start.start - 1).is_ascii_digit()
        && start.len() > 6;
    // The format letter of a magnetic stripe.
    let is_track = text.part(start.start.saturating_sub(2)..start.start) == b"%B";
    !is_decimal && (is_track || text.opens_after(start.start, ask.class))
}

/// Reports the longest card that begins with these groups; says how many groups it took.
fn longest_card(ask: &Ask<'_>, groups: &[Range<usize>], found: &mut Found) -> usize {
    let text: &Text<'_> = ask.text;
    let mut digits: SmallVec<[u8; 20]> = SmallVec::new();
    let mut best = None;
    for (index, group) in groups.iter().enumerate() {
        if digits.len() + group.len() > 19 {
            break;
        }
        digits.extend_from_slice(text.part(group.clone()));
        let taken = groups.get(..=index).unwrap_or_default();
        if digits.len() >= 13 && text.closes(group.end) && is_card_shape(taken) {
            best = judge(ask, taken, &digits).or(best);
        }
    }
    let Some((taken, hit)) = best else { return 0 };
    found.push(hit);
    taken
}

/// The ways in which people group card numbers.
fn is_card_shape(groups: &[Range<usize>]) -> bool {
    let sizes: SmallVec<[usize; 20]> = groups.iter().map(Range::len).collect();
    match sizes.as_slice() {
        [_] | [4, 6, 5 | 4] | [6, 6, 3..=7] | [6, 7..=13] | [8, 8..=11] | [4, 4, 8] | [4, 12] => {
            true
        }
        [size @ (1 | 2 | 4), middle @ .., last] => {
            middle.iter().all(|other| other == size) && last <= size
                || (*size == 4 && *last == 5 && middle.iter().all(|other| *other == 4))
        }
        _ => false,
    }
}

fn judge(ask: &Ask<'_>, groups: &[Range<usize>], digits: &[u8]) -> Option<(usize, Hit)> {
    let span = groups.first()?.start..groups.last()?.end;
    let network = Network::of(digits)?;
    let is_checked = check::luhn(digits);
    // Only a Chinese bank card may be named with a digit wrong: the length leaves little else.
    if !is_checked && (network != Network::UnionPay || digits.len() < 16 || groups.len() > 5) {
        return None;
    }
    if is_documented(ask.text, &span, digits) {
        return None;
    }
    let is_named = ask.named(&span);
    // 13 and 14 digits in one piece are article numbers and times far more often than cards, and 17 to
    // 19 are constants and identifiers of databases, but for China's cards.
    let is_long = digits.len() > 16 && network != Network::UnionPay;
    let is_odd = (digits.len() < 15 || is_long) && groups.len() == 1;
    if !is_named && (is_odd || !is_checked) {
        return None;
    }
    let label = match network {
        Network::UnionPay => Label::FinancialCnBankCard,
        Network::Other => Label::FinancialCreditCard,
    };
    let hit = match (is_checked, is_named) {
        (true, true) => Hit::by_checksum(label, span).named(),
        // Grouped as on a card, there is little else that it can be.
        (true, false) if (2..=6).contains(&groups.len()) => Hit::by_checksum(label, span),
        (true, false) => Hit::by_checksum(label, span).likely(),
        (false, _) => Hit::by_context(label, span).likely(),
    };
    Some((groups.len(), hit))
}

/// A number that payment services publish for tests, beside a word that says so.
fn is_documented(text: &Text<'_>, span: &Range<usize>, digits: &[u8]) -> bool {
    const NUMBERS: &[&[u8]] = &[
        b"4242424242424242",
        b"4111111111111111",
        b"5555555555554444",
        b"4000056655665556",
        b"5105105105105100",
        b"378282246310005",
        b"371449635398431",
        b"6011111111111117",
        b"30569309025904",
        b"3530111333300000",
    ];
    if !NUMBERS.contains(&digits) {
        return false;
    }
    let near = text.part(span.start.saturating_sub(48)..span.end + 48).to_ascii_lowercase();
    TEST_WORDS.iter().any(|word| memchr::memmem::find(&near, word.as_bytes()).is_some())
}

/// Words beside a number that is only an example.
const TEST_WORDS: &[&str] = &[
    "test card",
    "test number",
    "test visa",
    "test credit",
    "testing",
    "stripe",
    "sandbox",
    "luhn",
    "example",
    "sample",
    "dummy",
    "docs",
    "documentation",
    "fake",
    "e.g.",
    "z. b.",
    "beispiel",
    "testkarte",
    "exemple",
    "ejemplo",
    "esempio",
    "exemplo",
    "пример",
    "тестов",
    "测试",
    "示例",
    "例如",
    "テスト",
    "例えば",
    "테스트",
    "예시",
    "مثال",
    "örnek",
    "उदाहरण",
    "ví dụ",
    "exempel",
    "contoh",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    UnionPay,
    Other,
}

impl Network {
    /// The network by issuer range and length; `None` where no network issues such numbers.
    fn of(digits: &[u8]) -> Option<Self> {
        let head = digits.iter().take(6).fold(0_u32, |sum, digit| sum * 10 + check::value(*digit));
        let size = digits.len();
        let network = match (head, size) {
            (620_000..=629_999 | 810_000..=817_199 | 955_880..=955_889, 16..=19) => Self::UnionPay,
            // Visa, American Express, Mastercard, Diners
            (400_000..=499_999, 13 | 16 | 18 | 19)
            | (340_000..=349_999 | 370_000..=379_999, 15)
            | (510_000..=559_999 | 222_100..=272_099, 16)
            | (
                300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999,
                14..=19,
            )
            // Discover, RuPay, JCB, Mir, Maestro
            | (
                601_100..=601_199
                | 644_000..=659_999
                | 606_985..=608_500
                | 508_500..=508_999
                | 352_800..=358_999
                | 220_000..=220_499
                | 500_000..=505_999
                | 560_000..=589_999
                | 639_000..=639_099
                | 630_400..=630_499
                | 675_900..=676_999
                | 670_000..=670_999,
                16..=19,
            ) => Self::Other,
            _ => return None,
        };
        Some(network)
    }
}
