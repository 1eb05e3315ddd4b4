//! Every word that the scanner knows, in one table: those that wake a detector, and those that name
//! values.

use super::{Classes, Mark, Owner};
use crate::inspect::words::{Within, Words};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words for numbers that are nothing sensitive. Next to one of these, another name further away
/// says nothing.
pub(super) const OTHER_NAMES: &[&str] = &[
    "order",
    "orders",
    "invoice",
    "tracking",
    "ticket",
    "serial",
    "isbn",
    "issn",
    "version",
    "sku",
    "ean",
    "upc",
    "build",
    "commit",
    "revision",
    "release",
    "batch",
    "job",
    "request id",
    "request_id",
    "trace",
    "span_id",
    "session",
    "transaction",
    "reference",
    "ref",
    "po number",
    "booking",
    "flight",
    "meeting id",
    "call id",
    "conference id",
    "webinar id",
    "model no",
    "part no",
    "part number",
    "item",
    "product",
    "quantity",
    "price",
    "total",
    "amount",
    "population",
    "timestamp",
    "ts",
    "docket",
    "case no",
    "doi",
    "rfc",
    "port",
    "pid",
    "bytes",
    "size",
    "width",
    "height",
    "elapsed",
    "duration",
    "zip",
    "zipcode",
    "zip code",
    "postal code",
    "postcode",
    "plz",
    "year",
    "page",
    "chapter",
    "line",
    "row",
    "score",
    "balance",
    "count",
    "shipment",
    "parcel",
    "coupon",
    "voucher",
    "order_id",
    "created_at",
    "updated_at",
    "snowflake",
    "hash",
    "checksum",
    "sha",
    "sha256",
    "md5",
    "uuid",
    "extension",
    "room",
    "订单",
    "订单号",
    "单号",
    "流水号",
    "发票",
    "发票号",
    "快递",
    "运单",
    "编号",
    "版本",
    "构建",
    "会议号",
    "会议",
    "邮编",
    "邮政编码",
    "人口",
    "金额",
    "数量",
    "价格",
    "时间戳",
    "页",
    "bestellnummer",
    "rechnungsnummer",
    "bestellung",
    "rechnung",
    "kundennummer",
    "commande",
    "facture",
    "pedido",
    "factura",
    "ordine",
    "fattura",
    "zamówienie",
    "заказ",
    "注文番号",
    "注文",
    "주문번호",
    "주문",
    "sipariş",
    "طلب",
    "đơn hàng",
    "bestelling",
];

/// What each word means, while the table is made.
pub(super) type Entries = BTreeMap<String, Entry>;

/// What one word means.
#[derive(Clone, Default)]
pub(super) struct Entry {
    classes: Classes,
    owners: SmallVec<[Owner; 1]>,
    /// Whether it also names values as the end of a longer word.
    ends_words: bool,
    /// Whether endings may follow.
    is_stem: bool,
}

/// Adds a naming word, in its small, capitalised and capital forms where ASCII rules do not do.
///
/// With a `~` in front it also counts as the end of a longer word, with one behind it as a stem.
pub(super) fn name(words: &mut Entries, word: &str, classes: Classes) {
    let (word, ends_words) = word.strip_prefix('~').map_or((word, false), |word| (word, true));
    let (word, is_stem) = word.strip_suffix('~').map_or((word, false), |word| (word, true));
    for form in forms(word).into_iter().chain(keys(word)) {
        let entry = words.entry(form).or_default();
        entry.classes = entry.classes.and(classes);
        entry.ends_words |= ends_words;
        entry.is_stem |= is_stem;
    }
}

/// Shortest word of which a form without accents or without blanks is known, too.
const KEY_MIN: usize = 6;

/// Shortest name that is known with its blanks left out.
const JOINED_MIN: usize = 8;

/// What becomes of a name where there are no accents and no blanks: `ngay sinh`, `ngay_sinh` and
/// `ngaySinh` for "ngày sinh". Nothing for scripts that are not Latin.
fn keys(word: &str) -> SmallVec<[String; 3]> {
    let plain: String = word
        .nfd()
        .filter(|letter| !is_combining_mark(*letter))
        .map(|letter| match letter {
            'đ' => 'd',
            'ł' => 'l',
            'ı' => 'i',
            'ø' => 'o',
            other => other,
        })
        .collect();
    let mut keys = SmallVec::new();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == ' ';
    if plain.len() < KEY_MIN || !plain.chars().all(is_name) {
        return keys;
    }
    if plain.contains(' ') {
        keys.push(plain.replace(' ', "_"));
        // A short one may be a word of some other language, as "pass es" would be.
        if plain.len() > JOINED_MIN {
            keys.push(plain.replace(' ', ""));
        }
    }
    if plain != word {
        keys.push(plain);
    }
    keys
}

/// A word in small letters, with a capital in front, with one before each part, and in capitals
/// throughout, where ASCII rules do not do.
fn forms(word: &str) -> SmallVec<[String; 4]> {
    let mut forms: SmallVec<[String; 4]> = SmallVec::from_iter([word.to_owned()]);
    if word.is_ascii() {
        return forms;
    }
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let titled: Option<Vec<String>> = word.split(' ').map(capital).collect();
    forms.extend(capital(word));
    forms.extend(titled.map(|parts| parts.join(" ")));
    forms.push(word.to_uppercase());
    // Turkish capitals, which ASCII rules take for others.
    if word.contains(['ı', 'ş', 'ğ', 'ç', 'ö', 'ü']) {
        forms.push(word.replace('i', "İ").to_uppercase());
    }
    forms.dedup();
    forms
}

/// Adds a word that wakes a detector in capital letters of any script, too.
pub(super) fn mark(words: &mut Entries, word: &str, owner: Owner) {
    for form in forms(word) {
        words.entry(form).or_default().owners.push(owner);
    }
}

/// Adds a word that wakes a detector.
pub(super) fn trigger(words: &mut Entries, word: &str, owner: Owner) {
    words.entry(word.to_owned()).or_default().owners.push(owner);
}

/// The table.
pub(super) struct Lexicon {
    words: Words,
    entries: Vec<Entry>,
}

impl Lexicon {
    pub(super) fn empty() -> Self {
        Self::new(Entries::new())
    }

    pub(super) fn new(words: Entries) -> Self {
        let (words, mut entries): (Vec<String>, Vec<Entry>) = words.into_iter().unzip();
        for entry in &mut entries {
            // What names other things does so, whoever else uses the word.
            if entry.classes.meets(Classes::OTHER) {
                entry.classes = entry.classes.without(Classes::SOFT);
            }
        }
        let within = |entry: &Entry| {
            let is_word = entry.owners.is_empty() && !entry.ends_words;
            if is_word { Within::Word } else { Within::Anything }
        };
        let words = Words::new(words.iter().zip(entries.iter().map(within)));
        Self { words, entries }
    }

    /// The detectors that a word wakes.
    pub(super) fn owners(&self, word: usize) -> &[Owner] {
        self.entries.get(word).map(|entry| entry.owners.as_slice()).unwrap_or_default()
    }

    /// Calls `wake` at each word that wakes a detector and `mark` at each whole word that names
    /// values.
    pub(super) fn visit(
        &self,
        bytes: &[u8],
        mut wake: impl FnMut(usize, Range<usize>),
        mut mark: impl FnMut(Mark),
    ) {
        self.words.visit(bytes, |word, place| {
            let Some(entry) = self.entries.get(word) else { return };
            let end = if entry.is_stem { ending(bytes, place.end) } else { Some(place.end) };
            let end = end.filter(|end| *end > place.end || ends(bytes, &place));
            let opens = || entry.ends_words || begins(bytes, &place);
            if entry.classes != Classes::NONE
                && let Some(end) = end.filter(|_| opens())
            {
                mark(Mark { start: place.start, end, classes: entry.classes });
            }
            if !entry.owners.is_empty() {
                wake(word, place);
            }
        });
    }
}

/// Whether a word begins here: `_`, `-`, digits and a change from small to capital letters part words.
fn begins(bytes: &[u8], place: &Range<usize>) -> bool {
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let before = place.start.checked_sub(1).map_or(0, at);
    let first = at(place.start);
    // `https://dl.acm.org`: a part of a host's name.
    let is_host = before == b'/' && at(place.end) == b'.';
    is_edge(before, first)
        && !is_host
        && !(before >= 0x80 && !(0xE3..=0xED).contains(&first) && is_latin(bytes, place.start))
}

/// Where a word ends of which this is the stem; `None` if more follows than an ending.
fn ending(bytes: &[u8], stem: usize) -> Option<usize> {
    let rest = bytes.get(stem..bytes.len().min(stem + ENDING_MAX + 1)).unwrap_or_default();
    let is_letter = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, 0x80..=0xD7);
    let size = rest.iter().position(|byte| !is_letter(byte)).unwrap_or(rest.len());
    (size <= ENDING_MAX).then_some(stem + size)
}

/// Longest ending of an inflected word, in bytes.
const ENDING_MAX: usize = 10;

/// Whether a word ends here; a plural does, too. Letters beyond ASCII are not looked at: Chinese and
/// Japanese have no gaps, and inflected languages change the end of the word.
fn ends(bytes: &[u8], place: &Range<usize>) -> bool {
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let (last, after) = (at(place.end.saturating_sub(1)), at(place.end));
    is_edge(last, after) || (after | 0x20 == b's' && is_edge(after, at(place.end + 1)))
}

/// Whether a letter beyond ASCII stands right before, of a script that parts its words.
fn is_latin(bytes: &[u8], start: usize) -> bool {
    let head = bytes.get(start.saturating_sub(4)..start).unwrap_or_default();
    let from = head.iter().rposition(|byte| *byte >= 0xC0);
    let letter = from.and_then(|from| std::str::from_utf8(head.get(from..)?).ok()?.chars().next());
    // Chinese, Japanese, Korean and Thai have no gaps.
    letter.is_some_and(|letter| {
        letter.is_alphabetic() && !matches!(letter, '\u{E00}'..='\u{E7F}' | '\u{2E80}'..)
    })
}

/// Whether a word may end between these two bytes.
fn is_edge(left: u8, right: u8) -> bool {
    !left.is_ascii_alphabetic()
        || !right.is_ascii_alphabetic()
        || (left.is_ascii_lowercase() && right.is_ascii_uppercase())
}
