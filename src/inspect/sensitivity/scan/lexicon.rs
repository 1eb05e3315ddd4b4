//! Every word that the scanner knows, in one table: those that wake a detector, and those that name
//! values.

use super::{Classes, Mark, Owner};
use crate::inspect::words::{Within, Words};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;

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
}

/// Adds a naming word, in its small, capitalised and capital forms where ASCII rules do not do.
pub(super) fn name(words: &mut Entries, word: &str, classes: Classes) {
    let mut forms: SmallVec<[String; 3]> = SmallVec::from_iter([word.to_owned()]);
    if !word.is_ascii() {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            forms.push(first.to_uppercase().chain(letters).collect());
        }
        forms.push(word.to_uppercase());
        forms.dedup();
    }
    for form in forms {
        let entry = words.entry(form).or_default();
        entry.classes = entry.classes.and(classes);
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
        let (words, entries): (Vec<String>, Vec<Entry>) = words.into_iter().unzip();
        let within =
            |entry: &Entry| if entry.owners.is_empty() { Within::Word } else { Within::Anything };
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
            if entry.classes != Classes::NONE && is_whole(bytes, &place) {
                mark(Mark { start: place.start, end: place.end, classes: entry.classes });
            }
            if !entry.owners.is_empty() {
                wake(word, place);
            }
        });
    }
}

/// Whether a word stands by itself: `_`, `-`, digits and a change from small to capital letters
/// end a word, and so does a plural. Letters beyond ASCII are not looked at: Chinese and Japanese
/// have no gaps, and inflected languages change the end of the word.
fn is_whole(bytes: &[u8], place: &Range<usize>) -> bool {
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let before = place.start.checked_sub(1).map_or(0, at);
    let (first, last) = (at(place.start), at(place.end.saturating_sub(1)));
    let opens = is_edge(before, first)
        && !(before >= 0x80 && !(0xE3..=0xED).contains(&first) && is_latin(bytes, place.start));
    let after = at(place.end);
    let is_plural = after | 0x20 == b's' && is_edge(after, at(place.end + 1));
    opens && (is_edge(last, after) || is_plural)
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
