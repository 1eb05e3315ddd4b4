//! Postal addresses: a house number with a word for a street, in the order and spelling of a dozen
//! countries, or anything with a number behind a word such as "address" or 地址.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use std::ops::Range;

mod east;
mod west;

pub(super) const DETECTOR: &dyn Detector = &PostalAddress;

struct PostalAddress;

const NAMES: &[&str] = &[
    "address",
    "addresses",
    "home address",
    "street address",
    "shipping address",
    "billing address",
    "mailing address",
    "delivery address",
    "shipping_address",
    "billing_address",
    "street_address",
    "home_address",
    "address_line",
    "address1",
    "addr",
    "street",
    "ship to",
    "deliver to",
    "residence",
    "lives at",
    "live at",
    "living at",
    "resides at",
    "located at",
    "地址",
    "住址",
    "家庭住址",
    "收货地址",
    "通讯地址",
    "联系地址",
    "户籍地址",
    "居住地址",
    "办公地址",
    "寄到",
    "寄往",
    "住在",
    "送到",
    "dizhi",
    "zhuzhi",
    "anschrift",
    "adresse",
    "wohnhaft",
    "lieferadresse",
    "rechnungsadresse",
    "straße",
    "domicile",
    "adresse postale",
    "adresse de livraison",
    "habite",
    "dirección",
    "domicilio",
    "indirizzo",
    "residente in",
    "residenza",
    "endereço",
    "morada",
    "adres",
    "woonadres",
    "adres zamieszkania",
    "zamieszkały",
    "адрес",
    "проживает",
    "住所",
    "届け先",
    "お届け先",
    "주소",
    "배송지",
    "العنوان",
    "adresi",
    "पता",
    "địa chỉ",
    "adress",
    "bostadsadress",
    "residing at",
    "residence address",
    "postal address",
    "home addr",
    "lives in",
    "located in",
    "residential address",
    "收件地址",
    "邮寄地址",
    "现住址",
    "住所地",
    "家住",
    "居住在",
    "wohne in",
    "wohnt in",
    "j'habite",
    "vivo en",
    "abito in",
    "moro na",
    "woon op",
    "mieszkam",
    "живу",
    "adresim",
    "alamat",
    "адресу",
];

impl Detector for PostalAddress {
    fn labels(&self) -> &'static [Label] {
        &[Label::ContactAddress]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Digits(1), Wake::Names, Wake::Words(east::WORDS), Wake::Words(west::WORDS)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        let known = found.len();
        let label = Label::ContactAddress;
        match anchor {
            Anchor::Digits(groups) => {
                let code = groups.iter().find_map(|group| west::at_pin_code(text, group));
                found.extend(code.map(|span| Hit::by_shape(label, span).likely()));
                for group in groups.iter().filter(|group| group.len() <= 5) {
                    let hit =
                        west::at_number(ask, group).or_else(|| west::at_postcode(text, group));
                    found.extend(hit.map(|span| Hit::by_shape(label, span).likely()));
                }
            }
            Anchor::Name(word) => {
                found.extend(behind_name(text, word).map(|span| Hit::by_context(label, span)));
            }
            Anchor::Word(word) => {
                let is_east =
                    east::WORDS.iter().any(|known| known.as_bytes() == text.part(word.clone()));
                let span =
                    if is_east { east::at_word(text, word) } else { west::at_word(text, word) };
                found.extend(span.map(|span| Hit::by_shape(label, span).likely()));
            }
            Anchor::Token(_) | Anchor::Code(_) | Anchor::Shape(..) | Anchor::Number(..) => {}
        }
        if found.len() > known {
            let new = found.split_off(known);
            let is_real = |hit: &Hit| !is_made_up(text.part(hit.span.clone()));
            found.extend(new.into_iter().filter(is_real));
        }
    }
}

/// `Musterstraße 1`, `ul. Przykładowa 1`, `東京都千代田区○○1-2-3`: what forms show as an example.
fn is_made_up(address: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "Musterstraße",
        "Musterstadt",
        "Musterort",
        "Musterhausen",
        "Contoh",
        "Примерн",
        "Przykład",
        "○○",
        "〇〇",
        "Voorbeeld",
        "Örnek",
        "Ejemplo",
        "Exemplo",
    ];
    WORDS.iter().any(|word| memchr::memmem::find(address, word.as_bytes()).is_some())
}

/// Before the next pair of settings on a line of a log, and before the next clause in Chinese.
fn cut(text: &Text<'_>, span: Range<usize>) -> usize {
    let value = text.part(span.clone());
    let clause = ["，", "。", "；"]
        .iter()
        .filter_map(|sign| memchr::memmem::find(value, sign.as_bytes()))
        .min();
    let pair = memchr::memchr(b'=', value)
        .and_then(|sign| value.get(..sign)?.iter().rposition(|byte| *byte == b' '));
    span.start + clause.into_iter().chain(pair).min().unwrap_or(value.len())
}

/// Words beside "address" with which it is none of the post's, before or behind it.
const OTHER_KINDS: &[&str] = &[
    "mac",
    "ip",
    "ipv4",
    "ipv6",
    "email",
    "e-mail",
    "mail",
    "web",
    "wallet",
    "btc",
    "bitcoin",
    "eth",
    "ethereum",
    "crypto",
    "usdt",
    "contract",
    "memory",
    "url",
    "hardware",
    "bluetooth",
    "multicast",
    "unicast",
    "network",
    "base",
    "payout",
    "deposit",
    "node",
    "bus",
    "virtual",
    "server",
    "website",
    "correo",
    "courriel",
    "posta",
    "internet",
    "ethernet",
    "wifi",
    "wi-fi",
    "gateway",
    "loopback",
    "broadcast",
    "physical",
    "hex",
    "public",
    "i2c",
    "return-path",
    "reply-to",
    "smtp",
    "port",
];
/// The same in scripts without gaps between words, or with endings.
const OTHER_PARTS: &[&str] = &[
    "почт",
    "кошел",
    "сайт",
    "邮箱",
    "邮件",
    "电子",
    "钱包",
    "网络",
    "物理",
    "收币",
    "比特币",
    "メール",
    "ウォレット",
    "메일",
    "지갑",
    "البريد",
    "محفظة",
    "ईमेल",
    "वॉलेट",
    "邮",
    "網",
];

/// Whether the word speaks of an address of another kind: `MAC address`, `adresse IP`, `адрес почты`.
fn is_of_another_kind(text: &Text<'_>, word: &Range<usize>) -> bool {
    let head = text.part(text.run_back_max(word.start, 20, |byte| byte != b'\n')..word.start);
    let end = text.run_max(word.end, 24, |byte| !matches!(byte, b':' | b'=' | b'\n' | b'"'));
    let tail = text.part(word.end..end);
    let is_word = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'-' || *byte >= 0x80);
    let is_kind = |part: &[u8]| {
        let part = part.strip_suffix(b"-").unwrap_or(part);
        OTHER_KINDS.iter().any(|kind| part.eq_ignore_ascii_case(kind.as_bytes()))
    };
    let last = head.split(is_word).rev().filter(|part| !part.is_empty()).take(2);
    let first = tail.split(is_word).filter(|part| !part.is_empty()).take(3);
    let has_part = |near: &[u8]| {
        OTHER_PARTS.iter().any(|part| memchr::memmem::find(near, part.as_bytes()).is_some())
    };
    last.chain(first).any(is_kind) || has_part(head) || has_part(tail)
}

/// What stands behind `Address:` up to the end of the line: words with a number among them.
fn behind_name(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let is_gap = |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'\\' | b'`' | b'*' | b'_');
    let mut at = text.run_max(word.end, 6, is_gap);
    let mut has_sign = false;
    for sign in [":", "：", "=", "=>", ">"] {
        if text.part(at..at + sign.len()) == sign.as_bytes() {
            at += sign.len();
            has_sign = true;
        }
    }
    let start = text.run_max(at, 8, |byte| is_gap(byte) || byte == b'\n');
    // Scripts other than Latin hardly write "address" but before one.
    let is_foreign = text.before(word.end) >= 0x80 && start > word.end;
    if !(has_sign || is_foreign) || is_of_another_kind(text, word) {
        return None;
    }
    let ends = |byte: u8| {
        matches!(
            byte,
            b'\n'
                | b'"'
                | b'<'
                | b'{'
                | b'}'
                | b';'
                | b'|'
                | b'\t'
                | b'&'
                | b'['
                | b'`'
                | b'\\'
                | b'\''
        )
    };
    let end = text.run_max(start, 160, |byte| !ends(byte));
    let end = cut(text, start..end);
    let end = text.run_back(end, |byte| matches!(byte, b' ' | b',' | b'.' | b'\r')).max(start);
    let value = text.part(start..end);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    let has_gap = value.contains(&b' ')
        || value.contains(&b'+')
        || value.iter().filter(|byte| **byte >= 0x80).count() >= 9;
    let is_other = value.contains(&b'@')
        || check::count(value, b':') >= 3
        || [&b"://"[..], b"->", b"::", b"const ", b"mut ", b"address"]
            .iter()
            .any(|sign| memchr::memmem::find(value, sign).is_some())
        || value.windows(2).any(|pair| pair == b". ") && value.len() > 80
        || value.iter().any(|byte| matches!(byte, b'(' | b'=' | b'$' | b'%'));
    let is_listed = value.contains(&b',') || memchr::memmem::find(value, "،".as_bytes()).is_some();
    let is_address = (has_sign || is_listed)
        && (10..=160).contains(&value.len())
        && (1..=16).contains(&digits)
        && letters >= 5
        && letters > digits
        && has_gap
        && !is_other;
    is_address.then_some(start..end)
}
